"""A bundle from outside, as objects: read within limits, whatever the bytes are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.errors import IntelError
from stillwatch.intel.stix.checking import Checked, checked
from stillwatch.intel.stix.limits import DEFAULT, Limits

BUNDLE = re.compile(r"bundle--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
LONGEST_NUMBER = 32
"""Digits of a number; a longer one takes long to read and has no meaning here."""
STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]')
DO = "ask its sender for a bundle of STIX 2.1 within the limits, or split it"


@dataclass(frozen=True)
class Bundle:
    """A bundle, read."""

    id: str
    """Its id; empty where it has none."""
    objects: Checked
    """Its objects, checked."""


def read_bundle(data: bytes, limits: Limits = DEFAULT, where: str = "the bundle") -> Bundle:
    """Return a bundle's objects, checked. Raises IntelError for what is no bundle within the limits: too
    many bytes (nothing of it is read then), nested too deep, no UTF-8, no JSON (RFC 8259: neither NaN nor
    keys that stand twice), no list of objects.
    """
    document = read_json(data, limits, where)
    if not isinstance(document, Mapping) or document.get("type") != "bundle":
        raise _wrong("it is no STIX bundle", where)
    name = document.get("id")
    if not isinstance(name, str) or not BUNDLE.match(name):
        raise _wrong("its bundle has no id of the form bundle--UUID", where)
    objects = document.get("objects", [])
    if not isinstance(objects, list):
        raise _wrong("its objects are no list", where)
    if len(objects) > limits.objects:
        raise _wrong(f"it has {len(objects):,} objects, and {limits.objects:,} are the most", where)
    return Bundle(name, checked(objects, limits))


def read_json(data: bytes, limits: Limits = DEFAULT, where: str = "the document") -> Any:
    """Return a JSON document from outside. Raises IntelError as `read_bundle` does."""
    if len(data) > limits.bundle_bytes:
        raise _wrong(f"it has {len(data):,} bytes, and {limits.bundle_bytes:,} are the most", where)
    deepest = limits.depth + 3
    if _depth(data, deepest) > deepest:
        raise _wrong(f"it is nested deeper than {deepest} levels", where)
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_pairs,
            parse_constant=_constant,
            parse_int=_number(int),
            parse_float=_number(float),
        )
    except UnicodeDecodeError as error:
        raise _wrong(f"byte {error.start:,} of it is no UTF-8", where) from None
    except _Hostile as error:
        raise _wrong(str(error), where) from None
    except (ValueError, RecursionError):
        raise _wrong("it is no JSON", where) from None


class _Hostile(ValueError):
    """What JSON forbids, or what no honest sender writes."""


def _depth(data: bytes, most: int) -> int:
    """How deep it nests, counted without reading it; stops above `most`."""
    depth = deepest = 0
    for found in STRUCTURE.finditer(data):
        mark = found[0]
        if mark in (b"[", b"{"):
            depth += 1
            deepest = max(deepest, depth)
            if deepest > most:
                return deepest
        elif mark in (b"]", b"}"):
            depth -= 1
    return deepest


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Hostile("a key stands twice in one object: readers would see different things")
    return made


def _constant(_: str) -> Any:
    raise _Hostile("it holds NaN or Infinity, which JSON does not have")


def _number(make: Callable[[str], Any]) -> Callable[[str], Any]:
    def made(text: str) -> Any:
        if len(text) > LONGEST_NUMBER:
            raise _Hostile(f"it holds a number of {len(text):,} characters")
        return make(text)

    return made


def _wrong(what: str, where: str) -> IntelError:
    return IntelError(f"the bundle cannot be used: {what}; nothing of it was taken", where=where, do=DO)
