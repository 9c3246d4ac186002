"""Search everything that a run left behind for a text, however it may be written."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_plus

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

Views = list[tuple[str, bytes]]
WORD = 8
"""Bytes that are compared at once."""


def views(folder: Path) -> Views:
    """Each file below a folder as the bytes it holds, and as what a reader makes of them: Parquet decoded,
    pages and links unescaped.
    """
    return [
        (f"{path.relative_to(folder)}{how}", data)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for how, data in _views_of(path)
    ]


def _views_of(path: Path) -> Iterator[tuple[str, bytes]]:
    raw = path.read_bytes()
    yield "", raw
    yield " (its name)", path.name.encode()
    if path.suffix == ".parquet" or raw[:4] == b"PAR1":
        yield " decoded", decoded(path)
    elif path.suffix in (".html", ".json", ".part"):
        yield " unescaped", unescaped(raw)


def unescaped(raw: bytes) -> bytes:
    """HTML entities, percent signs and JSON escapes undone."""
    text = unquote_plus(html.unescape(raw.decode("utf-8", "replace")))
    return (
        text.encode("utf-8", "replace")
        + b"\n"
        + text.encode("ascii", "backslashreplace").replace(b"\\u", b"\\u")
    )


def decoded(path: Path) -> bytes:
    """Every value of a Parquet file and its own metadata, as text."""
    file = pq.ParquetFile(path)
    found = [
        b"\n".join([*(file.schema_arrow.metadata or {}).keys(), *(file.schema_arrow.metadata or {}).values()])
    ]
    found += [
        "\n".join(sorted(set(_flat(column.to_pylist())))).encode("utf-8", "replace")
        for column in file.read().columns
    ]
    return b"\n".join(found)


def _flat(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, list | tuple | set):
            yield from _flat(value)
        elif isinstance(value, dict):
            yield from _flat(value.values())
        elif isinstance(value, bytes):
            yield value.decode("latin-1")
        else:
            yield str(value)


@lru_cache(100_000)
def spellings(secret: str) -> set[bytes]:
    """How a text may stand in a file: several encodings; Base64 at each of its three offsets, without the
    characters that depend on what stands around.
    """
    plain = secret.encode()
    found = {
        plain,
        secret.encode("utf-16-le"),
        secret.encode("utf-16-be"),
        plain.hex().encode(),
        quote(secret).encode(),
        html.escape(secret).encode(),
    }
    found |= {json.dumps(secret)[1:-1].encode(), plain[::-1]}
    for data in (plain, secret.encode("utf-16-le")):
        for offset in range(3):
            coded = base64.b64encode(b"\0" * offset + data)
            found.add(coded[4 if offset else 0 : len(coded) - 4])
    return {spelling for spelling in found if len(spelling) >= 6}


def hits(found: Views, secrets: Iterable[str]) -> list[tuple[str, str]]:
    """(where, secret) for each secret that stands anywhere; whatever its case, but for Base64."""
    exact, caseless = _Needles(), _Needles()
    for secret in secrets:
        exact.add(secret, spellings(secret))
        caseless.add(secret, {spelling.lower() for spelling in _caseless(secret)})
    told = {
        (name, secret): None
        for name, data in found
        for secret in (*exact.inside(data), *caseless.inside(data.lower()))
    }
    return list(told)


def _caseless(secret: str) -> set[bytes]:
    return {
        secret.encode(),
        secret.casefold().encode(),
        secret.encode("utf-16-le"),
        secret.encode("utf-16-be"),
        secret.encode().hex().encode(),
        quote(secret).encode(),
    }


class _Needles:
    """Many texts to be searched for at once, by their first eight bytes."""

    def __init__(self) -> None:
        self._by_start: dict[int, list[tuple[bytes, str]]] = {}
        self._short: list[tuple[bytes, str]] = []
        self._sorted: npt.NDArray[np.uint64] | None = None

    def add(self, secret: str, written: set[bytes]) -> None:
        """Search for a secret in these spellings."""
        for spelling in written:
            if len(spelling) < WORD:
                self._short.append((spelling, secret))
            else:
                self._by_start.setdefault(int.from_bytes(spelling[:WORD], "little"), []).append(
                    (spelling, secret)
                )

    def _starts(self) -> npt.NDArray[np.uint64]:
        if self._sorted is None:
            self._sorted = np.array(sorted(self._by_start), np.uint64)
        return self._sorted

    def inside(self, data: bytes) -> Iterator[str]:
        """The secrets that stand in the data."""
        yield from (secret for spelling, secret in self._short if spelling in data)
        starts = self._starts()
        for shift in range(WORD if len(starts) else 0):
            words = np.frombuffer(data[shift:], "<u8", max(0, len(data) - shift) // WORD)
            near = starts[np.minimum(np.searchsorted(starts, words), len(starts) - 1)]
            for place in np.flatnonzero(near == words).tolist():
                at = place * WORD + shift
                yield from (
                    secret
                    for spelling, secret in self._by_start[int(words[place])]
                    if data.startswith(spelling, at)
                )


def numbers(folder: Path) -> set[int]:
    """Every whole number of every table below a folder, lists taken apart."""
    found: set[int] = set()
    for path in folder.rglob("*.parquet"):
        for column in pq.ParquetFile(path).read().columns:
            flat: Any = column.combine_chunks()
            while pa.types.is_list(flat.type):
                flat = flat.flatten()
            if pa.types.is_integer(flat.type):
                found |= set(flat.unique().to_pylist())
    return found
