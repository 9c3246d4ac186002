"""Bytes of a file, decompressed and as UTF-8, piece by piece."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from stillwatch.ingest.files.compression import compression_in, unpacked
from stillwatch.ingest.files.place import Place
from stillwatch.ingest.quarantine import BadRow

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
HEAD = 1 << 16


def magic_of(path: Place) -> bytes:
    """Return the first bytes of a file."""
    with path.open("rb") as file:
        return file.read(8)


def compression_of(path: Place) -> str:
    """Return the compression that the first bytes name; the suffix is not trusted."""
    return compression_in(magic_of(path))


def head_of(path: Place, compression: str, size: int = HEAD, *, accept_cut: bool = False) -> bytes:
    """Return the first unpacked bytes. Raises InputError as `unpacked` does."""
    head = b""
    try:
        for piece in unpacked(path, compression, accept_cut=accept_cut):
            head += piece
            if len(head) >= size:
                break
    except BadRow:
        pass
    return head[:size]


def utf8(path: Place, compression: str, *, accept_cut: bool = False) -> Iterator[bytes]:
    """Return pieces of the text as UTF-8 without a byte order mark.

    Raises InputError, or with accept_cut BadRow, at the place where a compressed file breaks off.
    """
    pieces = _recoded(unpacked(path, compression, accept_cut=accept_cut))
    head = next(pieces, b"")
    yield head.removeprefix(codecs.BOM_UTF8)
    yield from pieces


def _recoded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    head = b""
    broken: BadRow | None = None
    try:
        while len(head) < 4 and (piece := next(pieces, None)) is not None:
            head += piece
    except BadRow as bad:  # so near to the beginning that it has to wait for the bytes before it
        broken = bad
    encoding = encoding_in(head)
    if not encoding:
        yield head
        if broken is not None:
            raise broken
        yield from pieces
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    yield decoder.decode(head).encode("utf-8", "replace")
    if broken is not None:
        raise broken
    for piece in pieces:
        yield decoder.decode(piece).encode("utf-8", "replace")
    yield decoder.decode(b"", True).encode("utf-8", "replace")


def encoding_in(head: bytes) -> str:
    """Return utf-32 or utf-16 where a byte order mark, or JSON's first sign, shows it; else nothing."""
    if head.startswith(UTF32):
        return "utf-32"
    if head.startswith(UTF16):
        return "utf-16"
    if head[:1] in (b"{", b"[") and head[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if head[:1] == b"\0" and head[1:2] in (b"{", b"[") else ""
