"""Compressed bytes, unpacked piece by piece; what is cut or damaged is said with the byte where it is."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import lz4.frame
import zstandard

from stillwatch.errors import InputError
from stillwatch.ingest.files.place import Place, Stretch
from stillwatch.ingest.quarantine import BadRow

CHUNK = 1 << 20
STEP = 1 << 15
"""Bytes fed to a decompressor at once, and so how exactly a damaged place is told."""
ZSTD_STEP = 1 << 12
"""A zstd block of a few bytes may decompress to 128 KiB; small steps keep a bomb from filling the memory."""
XZ_MEMORY = 1 << 28
MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x04\x22\x4d\x18": "lz4",
}
"""First bytes to the compression; a suffix is not trusted."""
SKIPPABLE = b"\x2a\x4d\x18"
"""Bytes 2 to 4 of a frame that zstd's parallel and seekable writers put first."""
FAULTS = (zlib.error, zstandard.ZstdError, lzma.LZMAError, OSError, EOFError, RuntimeError, ValueError)
Pieces = Iterator[bytes]


def compression_in(head: bytes) -> str:
    """Return the compression that the first bytes name; empty for none."""
    if len(head) > 4 and head[1:4] == SKIPPABLE and 0x50 <= head[0] <= 0x5F:
        return "zstd"
    found = next((name for magic, name in MAGIC.items() if head.startswith(magic)), "")
    # A file that breaks off within its first bytes is still one.
    return found or next((name for magic, name in MAGIC.items() if head and magic.startswith(head)), "")


class _Tap:
    """Pieces of a file, counted as they are taken."""

    def __init__(self, place: Place, step: int) -> None:
        self._place, self._step, self.before, self.passed = place, step, 0, 0

    def __iter__(self) -> Pieces:
        with self._place.open("rb") as file:
            while piece := file.read(self._step):
                self.before, self.passed = self.passed, self.passed + len(piece)
                yield piece


class _Broken(Exception):
    """The stream is damaged, cut, or cannot be unpacked here; its text says which."""


def unpacked(place: Place, compression: str, *, accept_cut: bool = False) -> Pieces:
    """Return the bytes, unpacked. compression: names in the order of unpacking, divided by commas.

    Raises InputError where the file is cut or damaged; with accept_cut BadRow, after all bytes before it.
    """
    pieces: Pieces
    if not compression:
        pieces = iter(_Tap(place, CHUNK))
        if isinstance(place, Stretch) and place.crc is not None:
            pieces = _stored(pieces, place, accept_cut=accept_cut)
        yield from pieces
        return
    tap = _Tap(place, ZSTD_STEP if "zstd" in compression else STEP)
    pieces = iter(tap)
    names = compression.split(",")
    crc = place.crc if isinstance(place, Stretch) and names[0] == "deflate" else None
    for name in names:
        pieces = STREAMS[name](pieces)
        if crc is not None:
            pieces, crc = _checked(pieces, crc), None
    try:
        yield from pieces
    except (_Broken, *FAULTS) as error:
        reason = f"the {names[-1]} data {error if isinstance(error, _Broken) else 'is damaged'}"
        at = f"{tap.passed:,}" if "breaks off" in reason else f"{tap.before:,} to {tap.passed:,}"
        if accept_cut:
            raise BadRow("", f"{reason} from here on (byte {at} of the file)") from None
        raise InputError(
            f"{reason} at byte {at}; what follows is lost",
            where=str(place),
            do="copy the file again, or set ingest.accept_cut_files = true in the settings file to read what "
            "is before that place",
        ) from error


def _stored(pieces: Pieces, place: Stretch, *, accept_cut: bool) -> Pieces:
    assert place.crc is not None
    try:
        yield from _checked(pieces, place.crc)
    except _Broken as error:
        if accept_cut:
            raise BadRow("", f"the zip member {error}") from None
        raise InputError(f"the zip member {error}", where=str(place), do="copy the file again") from error


def _gzip(pieces: Pieces) -> Pieces:
    return _zlib(pieces, 31)


def _deflate(pieces: Pieces) -> Pieces:
    return _zlib(pieces, -15)


def _zlib(pieces: Pieces, form: int) -> Pieces:
    engine = zlib.decompressobj(form)
    for piece in pieces:
        while piece:
            if engine.eof:
                piece = piece.lstrip(b"\0")  # padding of tapes and disk images
                if not piece:
                    break
                engine = zlib.decompressobj(form)
            yield engine.decompress(piece, CHUNK)
            piece = engine.unused_data if engine.eof else engine.unconsumed_tail
    while not engine.eof and (piece := engine.decompress(engine.unconsumed_tail, CHUNK)):
        yield piece
    if not engine.eof:
        raise _Broken("breaks off")


def _zstd(pieces: Pieces) -> Pieces:
    engine = zstandard.ZstdDecompressor().decompressobj()
    for piece in pieces:
        while piece:
            if engine.eof:
                engine = zstandard.ZstdDecompressor().decompressobj()
            try:
                yield engine.decompress(piece)
            except zstandard.ZstdError as error:
                if "memory" in str(error):
                    raise _Broken("needs a window of over 128 MiB (zstd --long): unpack it first") from error
                raise
            piece = engine.unused_data if engine.eof else b""
    if not engine.eof:
        raise _Broken("breaks off")


def _streams(make: Callable[[], Any]) -> Callable[[Pieces], Pieces]:
    """Return the way to unpack with a decompressor of the form that bz2, lzma and lz4 share."""

    def stream(pieces: Pieces) -> Pieces:
        engine = make()
        for piece in pieces:
            while piece:
                if engine.eof:
                    piece = piece.lstrip(b"\0")
                    if not piece:
                        break
                    engine = make()
                yield engine.decompress(piece, CHUNK)
                while not engine.eof and not engine.needs_input:
                    yield engine.decompress(b"", CHUNK)
                piece = (engine.unused_data or b"") if engine.eof else b""
        if not engine.eof:
            raise _Broken("breaks off")

    return stream


def _checked(pieces: Pieces, crc: int) -> Pieces:
    found = 0
    for piece in pieces:
        found = zlib.crc32(piece, found)
        yield piece
    if found != crc:
        raise _Broken("has another checksum than the archive tells: it is damaged")


STREAMS: dict[str, Callable[[Pieces], Pieces]] = {
    "gzip": _gzip,
    "deflate": _deflate,
    "zstd": _zstd,
    "bzip2": _streams(bz2.BZ2Decompressor),
    "xz": _streams(lambda: lzma.LZMADecompressor(memlimit=XZ_MEMORY)),
    "lz4": _streams(lz4.frame.LZ4FrameDecompressor),
}
