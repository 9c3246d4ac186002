"""The messages of an overlap: a line that names the form, a header, and elements of the curve."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.errors import IntelError
from stillwatch.intel.private.overlap.agreement import MOST_ANSWERED, MOST_ASKED, Agreement

ELEMENT = 33
"""Bytes of an element: a point of P-256, compressed."""
FIRST_CLASS = 64
"""Sizes are padded to 64, 128, 256, …: who sees a message learns the class only."""
LARGEST_HEADER = 8_192
REQUEST, ANSWER = "request", "answer"
HEAD = b"stillwatch-overlap 1 "


@dataclass(frozen=True)
class Message:
    """One message."""

    form: str
    """request or answer."""
    agreement: Agreement
    """What both agreed on, as the sender holds it."""
    run: str
    """The number of the request, made at random; its answer repeats it."""
    parts: tuple[tuple[bytes, ...], ...]
    """Elements: of a request one list; of an answer the set-up and the response."""

    def packed(self) -> bytes:
        """It as bytes."""
        header = {
            "agreement": self.agreement.document(),
            "run": self.run,
            "sizes": [len(part) for part in self.parts],
        }
        told = json.dumps(header, sort_keys=True).encode()
        body = b"".join(element for part in self.parts for element in part)
        return HEAD + self.form.encode() + b"\n" + len(told).to_bytes(4, "big") + told + body


def size_class(count: int) -> int:
    """The class that a number of tokens is padded to."""
    return max(FIRST_CLASS, 1 << (count - 1).bit_length()) if count > 0 else FIRST_CLASS


def largest_message(form: str) -> int:
    """Bytes of the largest message of a form."""
    elements = MOST_ASKED if form == REQUEST else MOST_ANSWERED + MOST_ASKED
    return 2 * LARGEST_HEADER + ELEMENT * elements


def read_message(data: bytes, form: str) -> Message:
    """Read a message of a form. Raises IntelError for what is none, with the reason."""
    first, line, rest = data[:64].partition(b"\n")
    if not first.startswith(HEAD[:-2]):
        raise _none(form, "it does not begin as a message of an overlap does")
    if first != HEAD + form.encode() or not line:
        told = first.decode("ascii", "replace")[:40]
        raise _none(form, f"it is another message, or of another version: {told!r}")
    at = len(first) + 1
    length = int.from_bytes(data[at : at + 4], "big")
    if len(rest) < 4 or length > LARGEST_HEADER or at + 4 + length > len(data):
        raise _none(form, "its header is cut off or too long")
    try:
        header = json.loads(data[at + 4 : at + 4 + length])
        agreement, run, sizes = Agreement.of(header["agreement"]), header["run"], header["sizes"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _none(form, "its header is none") from None
    if not isinstance(run, str) or not (run.isascii() and run.isalnum()) or len(run) > 64:
        raise _none(form, "its number is none")
    body = memoryview(data)[at + 4 + length :]
    return Message(form, agreement, run, _parts(body, sizes, form))


def _parts(body: memoryview, sizes: object, form: str) -> tuple[tuple[bytes, ...], ...]:
    limits = [MOST_ASKED] if form == REQUEST else [MOST_ANSWERED, MOST_ASKED]
    if (
        not isinstance(sizes, list)
        or len(sizes) != len(limits)
        or not all(type(size) is int and 0 <= size <= most for size, most in zip(sizes, limits, strict=True))
    ):
        raise _none(form, "its sizes are out of range")
    if len(body) != sum(sizes) * ELEMENT:
        raise _none(form, "it is cut off, or has more than its header says")
    found: list[tuple[bytes, ...]] = []
    at = 0
    for size in sizes:
        found.append(_split(body[at : at + size * ELEMENT]))
        at += size * ELEMENT
    return tuple(found)


def _split(body: memoryview) -> tuple[bytes, ...]:
    return tuple(bytes(body[at : at + ELEMENT]) for at in range(0, len(body), ELEMENT))


def all_distinct(elements: Sequence[bytes]) -> bool:
    """Return whether no element is there twice."""
    return len(set(elements)) == len(elements)


def _none(form: str, why: str) -> IntelError:
    return IntelError(
        f"the {form} of an overlap cannot be read: {why}", do="ask the other provider for it again"
    )
