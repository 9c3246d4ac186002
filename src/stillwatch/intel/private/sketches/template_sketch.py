"""A sketch: the smallest keyed hashes of what a template consists of, and how alike two are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.errors import IntelError
from stillwatch.intel.private.epoch import Epoch
from stillwatch.intel.private.sketches.group_key import SketchKey
from stillwatch.schema.keyed import mix

Hashes = npt.NDArray[np.uint64]
SCHEME = "minhash-128x16-blake2b"
"""How sketches are made."""
PLACES = 128
"""Smallest hashes of a sketch: the error of a likeness of one half is 0.044."""
KEPT_BITS = 16
"""Bits of each that are kept (b-bit minwise hashing, Li and König 2010): two that differ agree by chance once
in 65,536 times.
"""
FEWEST = 8
"""Elements that a template must have: what has fewer is a phrase, and is guessed too easily."""
PATTERN = re.compile(
    r"sketch:v1:([0-9W-]{8,10}):([0-9a-f]{8}):([a-z]{1,16}(?:-[0-9a-z]{1,32})*):([0-9a-f]{512})"
)


@dataclass(frozen=True)
class TemplateSketch:
    """The sketch of one template."""

    epoch: str
    """Name of the epoch of its key."""
    key_name: str
    """Name of its key: sketches under two keys agree by chance only."""
    basis: str
    """What it was made from: `words`, or `fingerprints-VERSION-KEY` of a run with that hash key."""
    values: bytes
    """PLACES numbers of KEPT_BITS bits, big-endian."""

    @property
    def pattern(self) -> str:
        """It as the pattern of an indicator of pattern type `stillwatch-sketch`."""
        return f"sketch:v1:{self.epoch}:{self.key_name}:{self.basis}:{self.values.hex()}"

    @staticmethod
    def parse(pattern: str) -> TemplateSketch:
        """The sketch of a pattern. Raises IntelError for another text."""
        found = PATTERN.fullmatch(pattern)
        if found is None:
            raise IntelError(
                "a sketch cannot be read",
                where=repr(pattern[:60]),
                do="a sketch is sketch:v1:EPOCH:KEY:BASIS:512 hexadecimal digits",
            )
        return TemplateSketch(Epoch.named(found[1]).name, found[2], found[3], bytes.fromhex(found[4]))


def sketch_of(elements: Collection[bytes], basis: str, key: SketchKey) -> TemplateSketch:
    """Sketch a set of elements. Raises IntelError for fewer than FEWEST."""
    distinct = set(elements)
    if len(distinct) < FEWEST:
        raise IntelError(
            f"a template of {len(distinct)} elements is too short for a sketch",
            do=f"a sketch takes {FEWEST} elements or more: of fewer, who guesses the words confirms them",
        )
    hashes = np.array([_keyed(element, basis, key.key) for element in sorted(distinct)], dtype=np.uint64)
    places = np.arange(1, PLACES + 1, dtype=np.uint64)
    least = np.array([mix(hashes, np.full_like(hashes, place)).min() for place in places], dtype=np.uint64)
    kept = (least & np.uint64((1 << KEPT_BITS) - 1)).astype(">u2")
    return TemplateSketch(key.epoch, key.name, basis, kept.tobytes())


def likeness(one: TemplateSketch, other: TemplateSketch) -> float:
    """How alike two templates are: the share of elements that both have among all of both (Jaccard), within
    0.09 in 95 of 100 cases. Raises IntelError for sketches that cannot be compared.
    """
    for what, here, there in (
        ("epoch", one.epoch, other.epoch),
        ("key", one.key_name, other.key_name),
        ("basis", one.basis, other.basis),
    ):
        if here != there:
            raise IntelError(
                f"two sketches of different {what} cannot be compared",
                where=f"{here}, {there}",
                do="make both in one epoch, with the group's key, from words; from fingerprints only where "
                "both runs have one hash key",
            )
    values = [np.frombuffer(sketch.values, dtype=">u2") for sketch in (one, other)]
    chance = 2.0**-KEPT_BITS
    return max(0.0, (float(np.mean(values[0] == values[1])) - chance) / (1.0 - chance))


def _keyed(element: bytes, basis: str, key: bytes) -> int:
    person = basis.partition("-")[0].encode()[:16]
    return int.from_bytes(hashlib.blake2b(element, key=key, digest_size=8, person=person).digest(), "big")
