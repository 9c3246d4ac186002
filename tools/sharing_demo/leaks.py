"""The search for values of customers in what passed and in what a hub keeps, in every form they may have."""

from __future__ import annotations

import base64
import hashlib
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HASHES = ("md5", "sha1", "sha256", "sha512", "blake2b", "sha3_256")
HEAD = 8
"""Bytes by which a form is looked for first; shorter forms are not looked for, since they are found by chance."""
AT_ONCE = 1 << 20
CHUNKED = re.compile(rb"\r\n[0-9a-fA-F]{1,8}\r\n")


@dataclass(frozen=True)
class Leak:
    """A value that was found."""

    value: str
    """The value."""
    form: str
    """How it was written."""
    where: str
    """Where."""


class Forms:
    """Every form of some values, to be looked for in one pass."""

    def __init__(self, values: Iterable[str]) -> None:
        by_head: dict[bytes, list[tuple[bytes, str, str]]] = {}
        self.values = 0
        for value in values:
            self.values += 1
            for form, written in forms_of(value):
                if len(written) >= HEAD:
                    by_head.setdefault(written[:HEAD], []).append((written, form, value))
        self.count = sum(map(len, by_head.values()))
        self._by_head = by_head
        self._heads = np.sort(np.frombuffer(b"".join(by_head), "<u8"))

    def found_in(self, data: bytes, where: str) -> Iterator[Leak]:
        """Every form that stands in some bytes."""
        if len(data) < HEAD:
            return
        windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(data, np.uint8), HEAD)
        for start in range(0, len(windows), AT_ONCE):
            part = np.ascontiguousarray(windows[start : start + AT_ONCE]).view("<u8").ravel()
            near = np.minimum(np.searchsorted(self._heads, part), len(self._heads) - 1)
            for place in (start + np.flatnonzero(self._heads[near] == part)).tolist():
                for written, form, value in self._by_head.get(data[place : place + HEAD], ()):
                    if data.startswith(written, place):
                        yield Leak(value, form, where)


def forms_of(value: str) -> Iterator[tuple[str, bytes]]:
    """A value as it is, in other letters, in hexadecimal digits, in base 64, and its common hashes."""
    texts = {value, value.lower(), value.upper()}
    for text in sorted(texts):
        raw = text.encode()
        yield "as it is", raw
        yield "reversed", raw[::-1]
        yield from _written("", raw)
        for name in HASHES:
            digest = hashlib.new(name, raw).digest()
            yield name, digest
            yield from _written(f"{name}, ", digest)


def _written(what: str, raw: bytes) -> Iterator[tuple[str, bytes]]:
    yield f"{what}hexadecimal", raw.hex().encode()
    yield f"{what}hexadecimal", raw.hex().upper().encode()
    for shift in range(3):
        padded = b"\0" * shift + raw
        whole = base64.b64encode(padded).rstrip(b"=")
        # The first and last digits also hold bits of what stands beside it.
        inside = whole[(0, 2, 3)[shift] : (len(padded) * 8) // 6]
        yield f"{what}base 64", inside
        yield f"{what}base 64", inside.translate(bytes.maketrans(b"+/", b"-_"))


def readable(data: bytes) -> list[bytes]:
    """What passed, as it is, without the marks between chunks, and what was compressed in it."""
    found = [data, CHUNKED.sub(b"", data)]
    for start in (match.start() for match in re.finditer(rb"\x1f\x8b\x08", data)):
        try:
            found.append(zlib.decompressobj(31).decompress(data[start:], 1 << 26))
        except zlib.error:
            continue
    return found


def cells_of(database: Path) -> Iterator[tuple[str, bytes]]:
    """Every cell of a SQLite file as bytes, with its table and column."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as opened:
        tables = [row[0] for row in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            answer = opened.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in answer.description]
            for row in answer:
                for name, cell in zip(names, row, strict=True):
                    if isinstance(cell, str | bytes):
                        yield f"{table}.{name}", cell.encode() if isinstance(cell, str) else cell
