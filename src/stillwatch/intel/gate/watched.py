"""What must not leave: the values that a run holds of its accounts, looked for in every usual disguise.

The forms of the gate let none of them through. This is a second lock, of another make.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from stillwatch.run.layout import TABLES
from stillwatch.run.reading import LARGE, NEEDED, Run

SHORTEST = 4
"""Characters of a text that is looked for; shorter ones stand in every text."""
DIGITS = 7
"""Digits of a number that is looked for."""
MOST = 200_000
"""Texts that are looked for."""
CODES = frozenset(
    (
        "axis",
        "facet",
        "family",
        "kind",
        "label_kind",
        "link",
        "named",
        "reason",
        "role",
        "signal",
        "tier",
        "verdict",
        "scope",
        "code",
        "direction",
    )
)
"""Columns that hold words of our own."""
HEX = re.compile(rb"[0-9a-fA-F]{32,}")
BY_CHANCE = re.compile(r"[0-9a-f-]{1,15}\Z")
"""A text that an id of random digits may hold by chance: it counts only where it stands alone."""
LEAST_BASE64 = 6
"""Characters of a piece of base64 that is looked for; a shorter one comes by chance."""
HASHES: tuple[Callable[[bytes], str], ...] = (
    lambda value: hashlib.md5(value, usedforsecurity=False).hexdigest(),
    lambda value: hashlib.sha1(value, usedforsecurity=False).hexdigest(),
    lambda value: hashlib.sha256(value).hexdigest(),
    lambda value: hashlib.sha512(value).hexdigest(),
    lambda value: hashlib.blake2b(value).hexdigest(),
    lambda value: hmac.new(b"", value, hashlib.sha256).hexdigest(),
)
LENGTHS = (32, 40, 64, 128)


@dataclass(frozen=True)
class Watched:
    """Texts that must not leave."""

    values: frozenset[str] = frozenset()
    """The texts."""
    public: bytes = field(default=b"", repr=False)
    """What is public anyhow: a text that stands in it tells nothing."""

    def found_in(self, data: bytes) -> bool:
        """Return whether one of them stands in some bytes: in clear in any case, as hexadecimal digits, as
        base64, in a URL, or as a usual hash without a key.
        """
        low, digests = data.lower(), set(_digests(data))
        for value in self.values:
            raw = value.encode("utf-8", "surrogatepass")
            if raw.lower() in self.public:
                continue
            if _stands(raw.lower(), low) or _stands(quote(value).lower().encode(), low):
                return True
            if binascii.hexlify(raw) in low:
                return True
            if any(shape in data for shape in _base64(raw)):
                return True
            if digests and any(
                make(one) in digests for make in HASHES for one in {raw, raw.lower(), raw.strip().lower()}
            ):
                return True
        return False


def watched_of(run: Run, group: int, public: bytes = b"") -> Watched:
    """Return the texts that a run holds of a campaign: ids, owners, keys as shown, names of files. public:
    what is public anyhow.
    """
    return Watched(frozenset(_texts(run, group)), public.lower())


def worth(value: str) -> bool:
    """Return whether a text is long enough to be looked for."""
    text = value.strip()
    return len(text) >= (DIGITS if text.isdigit() else SHORTEST)


def _texts(run: Run, group: int) -> Iterator[str]:
    seen = 0
    for table in _tables(run, group):
        for column in table.column_names:
            if column in CODES:
                continue
            for value in _strings(table.column(column)):
                if worth(value):
                    yield value
                    seen += 1
                    if seen >= MOST:
                        return


def _tables(run: Run, group: int) -> Iterator[pa.Table]:
    for name in sorted({"members", "bystanders", "evidence", "links", "templates", "template_keys", *NEEDED}):
        if name in TABLES and name not in LARGE and "group" in TABLES[name].names():
            rows = run.rows(name, group)
            if rows:
                yield pa.Table.from_pylist(rows, schema=TABLES[name].arrow)


def _strings(column: Any) -> Iterable[str]:
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return {one for one in column.to_pylist() if one}
    return ()


def _stands(value: bytes, low: bytes) -> bool:
    """Whether a text stands in another, both in lower case."""
    if value not in low:
        return False
    if not BY_CHANCE.match(value.decode("utf-8", "replace")):
        return True
    return re.search(rb"(?<![0-9a-f-])" + re.escape(value) + rb"(?![0-9a-f-])", low) is not None


def _digests(data: bytes) -> Iterator[str]:
    for found in HEX.findall(data):
        text = found.decode().lower()
        for length in LENGTHS:
            yield from (text[at : at + length] for at in range(min(len(text) - length + 1, 256)))


def _base64(raw: bytes) -> list[bytes]:
    """The parts of a value's base64 that do not depend on what stands around it."""
    made: list[Any] = []
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * shift + raw)
            start = (0, 2, 3)[shift]
            inner = text[start : len(text) - (3 if text.endswith(b"=") else 0)]
            if len(inner) >= LEAST_BASE64:
                made.append(inner)
    return made
