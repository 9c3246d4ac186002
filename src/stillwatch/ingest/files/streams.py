"""Bytes of a file, decompressed and as UTF-8, piece by piece."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterator
from pathlib import Path

import zstandard

from stillwatch.ingest.quarantine import BadRow

CHUNK = 1 << 20
ZSTD_STEP = 1 << 12
"""A zstd block of a few bytes may decompress to 128 KiB; small steps keep a bomb from filling the memory."""
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


def magic_of(path: Path) -> bytes:
    """Return the first bytes of a file."""
    with path.open("rb") as file:
        return file.read(8)


def compression_of(path: Path) -> str:
    """Return gzip, zstd or nothing, from the first bytes; the suffix is not trusted."""
    magic = magic_of(path)
    return (
        "gzip" if magic.startswith(b"\x1f\x8b") else "zstd" if magic.startswith(b"\x28\xb5\x2f\xfd") else ""
    )


def utf8(path: Path, compression: str) -> Iterator[bytes]:
    """Return pieces of the text as UTF-8 without a byte order mark.

    Raises BadRow at the place where a compressed file breaks off.
    """
    pieces = _recoded(unpacked(path, compression))
    head = next(pieces, b"")
    yield head.removeprefix(codecs.BOM_UTF8)
    yield from pieces


def _recoded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    head = next(pieces, b"")
    encoding = "utf-32" if head.startswith(UTF32) else "utf-16" if head.startswith(UTF16) else ""
    if not encoding:
        yield head
        yield from pieces
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    yield decoder.decode(head).encode("utf-8", "replace")
    for piece in pieces:
        yield decoder.decode(piece).encode("utf-8", "replace")
    yield decoder.decode(b"", True).encode("utf-8", "replace")


def unpacked(path: Path, compression: str) -> Iterator[bytes]:
    """Return the file's bytes, decompressed.

    Raises BadRow at the place where the file breaks off, after all bytes before it.
    """
    if compression == "gzip":
        return _gzip(path)
    return _zstd(path) if compression == "zstd" else _raw(path, CHUNK)


def _raw(path: Path, step: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(step):
            yield piece


def _gzip(path: Path) -> Iterator[bytes]:
    engine = zlib.decompressobj(31)
    for piece in _raw(path, CHUNK):
        while piece:
            if engine.eof:
                if not piece.strip(b"\0"):
                    return
                engine = zlib.decompressobj(31)
            try:
                yield engine.decompress(piece, CHUNK)
            except zlib.error:
                raise BadRow("", "gzip data is damaged from here on") from None
            piece = engine.unused_data if engine.eof else engine.unconsumed_tail
    yield from _rest(engine)
    if not engine.eof:
        raise BadRow("", "gzip file breaks off here")


def _rest(engine: zlib._Decompress) -> Iterator[bytes]:
    while not engine.eof and (piece := engine.decompress(engine.unconsumed_tail, CHUNK)):
        yield piece


def _zstd(path: Path) -> Iterator[bytes]:
    engine = zstandard.ZstdDecompressor().decompressobj()
    for piece in _raw(path, ZSTD_STEP):
        while piece:
            if engine.eof:
                engine = zstandard.ZstdDecompressor().decompressobj()
            try:
                yield engine.decompress(piece)
            except zstandard.ZstdError:
                raise BadRow("", "zstd data is damaged from here on") from None
            piece = engine.unused_data if engine.eof else b""
    if not engine.eof:
        raise BadRow("", "zstd file breaks off here")
