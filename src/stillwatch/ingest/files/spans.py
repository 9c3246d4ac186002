"""One large file of JSON lines, cut at line ends, so that several processes read it."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stillwatch.ingest.files.place import Place
from stillwatch.ingest.files.streams import UTF16, UTF32

CHUNK = 1 << 20


@dataclass(frozen=True)
class Span:
    """Whole lines of a file."""

    start: int
    """Byte of the first line."""
    end: int
    """Byte after the last line."""
    before: int
    """Lines before the first."""


def _silent(_bytes: int) -> None:
    """Nothing is said."""


def spans(path: Place, size: int, told: Callable[[int], None] = _silent) -> list[Span]:
    """Cut a file into spans of about `size` bytes; each but the last ends with a line end. The file is read
    once, to count its lines. told: told after each piece how many bytes have been read.
    """
    found: list[Span] = []
    start = at = lines = before = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            cut = -1
            if at + len(chunk) - start >= size:
                cut = chunk.rfind(b"\n") + 1
            if cut > 0:
                whole = chunk.count(b"\n")  # the cut is after the last of them
                found.append(Span(start, at + cut, before))
                start, lines = at + cut, lines + whole
                before = lines
            else:
                lines += chunk.count(b"\n")
            at += len(chunk)
            told(at)
    if start < at or not found:
        found.append(Span(start, at, before))
    return found


def span_bytes(path: Place, span: Span) -> Iterator[bytes]:
    """Return the bytes of a span, piece by piece, without a byte order mark."""
    with path.open("rb") as file:
        file.seek(span.start)
        left = span.end - span.start
        first = span.start == 0
        while left > 0 and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk.removeprefix(codecs.BOM_UTF8) if first else chunk
            first = False


def may_be_cut(head: bytes) -> bool:
    """Whether a line end of a file that begins so is the byte of a line feed: not in UTF-16 and UTF-32."""
    return not head.startswith((*UTF16, *UTF32))
