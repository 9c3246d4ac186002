"""What the guard reads of a request's body: a few small fields. Messages and tools are stepped over."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

from stillwatch.errors import MissingExtra
from stillwatch.response.inputs import RequestFacts

try:
    import msgspec as msgspec
    from msgspec import Raw as Raw  # the other files of the guard take it from here
except ImportError as error:
    raise MissingExtra("the guard needs msgspec", do="pip install 'stillwatch[guard]'") from error

LONGEST_MODEL = 256
"""Characters kept of a model's name; no real name is longer, and a record keeps it."""
MOST = 2**31 - 1
"""What a larger count is taken as."""
SMALL = 4_096
"""Bytes of a field that is looked into; a larger one counts as asked for, whatever it holds."""
MOST_BESIDE = 1 << 18
"""Bytes beside the known large fields in a body that is handed on rewritten. What is beyond would be parsed
field by field, and a million fields would fill the memory.
"""
LONGEST_COUNT = 40
NUMBER = re.compile(rb'"?\s*([+-]?\d{1,18})(?:\.0{1,18})?\s*"?')
"""A count as JSON, or as a text of it: servers that check types loosely take both."""
NOTHING = frozenset((b"", b"null", b"false", b"0", b'""', b"[]", b"{}", b'"none"', b'"false"', b'"0"'))
"""Values by which nothing is asked for."""
NO_LOGPROBS = (b"null", b"false", b'"false"')
NONE = Raw(b"")


class Fields(msgspec.Struct, gc=False):
    """The fields of a request that are known, of any dialect; each as it was sent.

    None has a type, since a field of a wrong type must not hide the others: the server behind may be lax.
    """

    model: Raw = NONE
    stream: Raw = NONE
    max_tokens: Raw = NONE
    max_completion_tokens: Raw = NONE
    max_output_tokens: Raw = NONE
    max_tokens_to_sample: Raw = NONE
    n: Raw = NONE
    best_of: Raw = NONE
    logprobs: Raw = NONE
    top_logprobs: Raw = NONE
    prompt_logprobs: Raw = NONE
    include: Raw = NONE
    reasoning: Raw = NONE
    reasoning_effort: Raw = NONE
    include_reasoning: Raw = NONE
    thinking: Raw = NONE
    output_config: Raw = NONE
    tools: Raw = NONE
    functions: Raw = NONE
    messages: Raw = NONE
    system: Raw = NONE
    input: Raw = NONE
    instructions: Raw = NONE
    prompt: Raw = NONE
    suffix: Raw = NONE
    response_format: Raw = NONE
    text: Raw = NONE
    prediction: Raw = NONE
    documents: Raw = NONE
    guided_json: Raw = NONE
    structured_outputs: Raw = NONE
    mcp_servers: Raw = NONE


WORDS = ("messages", "system", "input", "instructions", "prompt", "suffix")
"""Fields whose bytes are the input."""
LARGE = (
    *("tools", "functions", "response_format", "text", "prediction", "documents"),
    *("guided_json", "structured_outputs", "mcp_servers"),
)
"""Other fields that may have any size."""
_words, _beside = attrgetter(*WORDS), attrgetter(*LARGE)
_limits = attrgetter("max_tokens", "max_completion_tokens", "max_output_tokens", "max_tokens_to_sample")


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body, as far as it is read before the decision."""

    data: bytes
    """As it was sent."""
    facts: RequestFacts
    """What it asks for. Where it is not readable, only its size is known."""
    readable: bool
    """Whether it is one JSON object (RFC 8259)."""
    beside: int
    """Bytes that are in none of the large fields."""


@cache
def _fields() -> msgspec.json.Decoder[Fields]:
    return msgspec.json.Decoder(Fields)


@cache
def _members() -> msgspec.json.Decoder[dict[str, Raw]]:
    return msgspec.json.Decoder(dict[str, Raw])


def read(data: bytes) -> Body:
    """Read a body. Never raises for what it holds.

    What this cannot read, the server behind may: NaN, UTF-16, a byte order mark. Such a request is decided
    on the state of its account, with facts unknown.
    """
    try:
        fields = _fields().decode(data)
    except (msgspec.MsgspecError, RecursionError, ValueError, MemoryError):
        return Body(data, RequestFacts(input_bytes=len(data)), False, len(data))
    words = sum(map(len, _words(fields)))
    return Body(data, _facts(fields, words), True, len(data) - words - sum(map(len, _beside(fields))))


def _facts(fields: Fields, words: int) -> RequestFacts:
    return RequestFacts(
        model=text(fields.model, LONGEST_MODEL),
        stream=_given(fields.stream),
        input_bytes=words,
        max_tokens=max(count(limit) or 0 for limit in _limits(fields)),
        n=max(count(fields.n) or 1, count(fields.best_of) or 1),
        logprobs=asks_logprobs(fields),
        reasoning=_asks_reasoning(fields),
        tools=_given(fields.tools) or _given(fields.functions),
    )


def count(raw: Raw) -> int | None:
    """A count from a number or a text of one, from 0 to MOST; None where it is none of both."""
    size = len(raw)
    if not size:
        return None
    if size > LONGEST_COUNT:
        return MOST if bytes(raw).strip(b'"0123456789.eE+') == b"" else None
    found = NUMBER.fullmatch(bytes(raw))
    if found:
        return min(max(int(found[1]), 0), MOST)
    try:
        value = float(bytes(raw).strip(b'" '))
    except ValueError:
        return 1 if bytes(raw) == b"true" else None
    return MOST if value >= MOST else max(int(value), 0) if value == value else None


def text(raw: Raw, most: int) -> str:
    """A text, cut; empty where it is none."""
    if not len(raw) or len(raw) > 6 * most + 2:  # the longest escape of a character has six bytes
        return ""
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError):
        return ""
    return value[:most] if isinstance(value, str) else ""


def small(raw: Raw) -> Any:
    """The value of a field that is small; None where it is not, or cannot be read."""
    if not len(raw) or len(raw) > SMALL:
        return None
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None


def asks_logprobs(fields: Fields) -> bool:
    """Whether log probabilities are asked for, in any dialect. 0 asks for those of the chosen tokens."""
    if _given(fields.top_logprobs) or _given(fields.prompt_logprobs):
        return True
    if len(fields.logprobs) and bytes(fields.logprobs) not in NO_LOGPROBS:
        return True
    return _names(fields.include, b"logprobs")


def _names(raw: Raw, part: bytes) -> bool:
    return bool(len(raw)) and part in bytes(raw)


def _given(raw: Raw) -> bool:
    if not len(raw):
        return False
    return len(raw) > SMALL or bytes(raw) not in NOTHING


def _asks_reasoning(fields: Fields) -> bool:
    return (
        _given(fields.reasoning_effort)
        or _given(fields.include_reasoning)
        or _effort(fields.reasoning)
        or _effort(fields.thinking)
        or _names(fields.include, b"reasoning")
    )


def _effort(raw: Raw) -> bool:
    """Whether an object asks for reasoning, as `reasoning` and `thinking` are."""
    if not _given(raw):
        return False
    value = small(raw)
    if not isinstance(value, dict):
        return True
    return (
        value.get("type") != "disabled"
        and value.get("effort") != "none"
        and value.get("enabled") is not False
    )


def members(body: Body) -> dict[str, Raw] | None:
    """The fields of a body in their order, each as it was sent, the last of each name.

    None where it is not readable, or would take too much memory.
    """
    return fields_of(body.data) if body.readable and body.beside <= MOST_BESIDE else None


def fields_of(data: bytes) -> dict[str, Raw] | None:
    """The fields of a JSON object of moderate size; None where it is none."""
    try:
        return _members().decode(data)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None


def written(found: dict[str, Raw]) -> bytes:
    """A body of these fields. Each stands as it was sent: numbers, order and inner spaces too."""
    return msgspec.json.encode(found)


def clear(data: bytes, found: dict[str, Raw]) -> bool:
    """Whether every reader must find these fields in a body: each name stands once, and without escapes.

    Of a name that stands twice one server takes the first, another one the last.
    """
    if written(found) == data:
        return True
    place = _after_space(data, 0)
    before = b"{"
    for name, raw in found.items():
        key = msgspec.json.encode(name)
        for part in (before, key, b":", raw):
            if not data.startswith(part, place):
                return False
            place = _after_space(data, place + len(part))
        before = b","
    return data[place:].strip() == b"}"


SPACE = re.compile(rb"[ \t\r\n]*")


def _after_space(data: bytes, place: int) -> int:
    found = SPACE.match(data, place)
    return found.end() if found else place
