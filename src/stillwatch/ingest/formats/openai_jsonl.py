"""OpenAI-style request and response lines: chat completions, completions, responses and batch files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stillwatch.ingest.conversation import Messages, answer_of, messages_of
from stillwatch.ingest.envelope import Envelope, bodies_of, opened, request_of
from stillwatch.ingest.formats.anthropic_messages_jsonl import is_anthropic
from stillwatch.ingest.request import Context, Request
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.thoughts import with_thoughts
from stillwatch.ingest.values import Row, first, inner, mapping_of, text, whole
from stillwatch.registry import FORMATS, Format
from stillwatch.schema.parameters import SAMPLING

SAID = ("messages", "input", "contents")
"""Where a request has its messages: chat completions, responses, Gemini's own API."""


def detect(sample: Sample) -> float:
    """Accept rows with a body that holds messages, input or a prompt; less surely if the row is the body."""
    found = bodies_of(sample)
    if (
        not found
        or sample.has("startTime", "metadata")
        or not all(_speaks(envelope) for envelope in found)
        or all(map(is_anthropic, found))
    ):
        return 0.0
    if all(envelope.body is not envelope.row or envelope.headers for envelope in found):
        return 0.8
    # Without a body of its own, a row needs more of this API than the words to be preferred to the generic
    # reader.
    return 0.75 if sample.columns & {*SAMPLING, "response", "usage", "choices"} else 0.55


def _speaks(envelope: Envelope) -> bool:
    if any(name in envelope.body for name in (*SAID, "prompt")):
        return True
    answer = mapping_of(envelope.answer)
    return "choices" in answer or answer.get("object") in ("response", "chat.completion")


def read(row: Row, context: Context) -> Iterator[Request]:
    """Read one line as a request."""
    envelope = opened(row)
    yield filled(request_of(envelope, context), envelope)


def filled(request: Request, envelope: Envelope) -> Request:
    """Add to the request its words, its tokens and its end user."""
    row, body, answer = envelope.row, envelope.body, envelope.answer
    usage = mapping_of(first({"a": answer, "r": row}, "a.usage", "r.usage"))
    details = mapping_of(usage.get("completion_tokens_details") or usage.get("output_tokens_details"))
    request.input_tokens = whole(first(usage, "prompt_tokens", "input_tokens"))
    request.output_tokens = whole(first(usage, "completion_tokens", "output_tokens"))
    request.reasoning_tokens = whole(details.get("reasoning_tokens"))
    request.end_user = (
        text(body.get("safety_identifier"))
        or text(envelope.headers.get("openai-safety-identifier"))
        or text(body.get("user"))
    )
    request.messages = said(body)
    request.answer = _answer(answer)
    return with_thoughts(request, answer, *(body.get(name) for name in SAID))


def said(body: Row) -> Messages | None:
    """Return the messages of a chat completion, a response, a Gemini request or an old completion."""
    system = (
        body.get("instructions")
        or body.get("system")
        or mapping_of(first(body, "systemInstruction", "system_instruction")).get("parts")
    )
    messages = next((found for found in (inner(body.get(name)) for name in SAID) if found is not None), None)
    return messages_of(body.get("prompt") if messages is None else messages, system)


def _answer(answer: Any) -> str | None:
    if isinstance(answer, list) and all(isinstance(chunk, dict) and "choices" in chunk for chunk in answer):
        return "".join(answer_of(chunk) or "" for chunk in answer) or None
    return answer_of(answer)


FORMATS.add(
    "openai_jsonl",
    Format(
        name="openai_jsonl",
        title="OpenAI-style requests and responses, one a line (chat completions, completions, responses, "
        "batch files)",
        source="OpenAI API reference: chat/create, responses/create, batch",
        suffixes=(".jsonl", ".ndjson", ".json", ".parquet"),
        detect=detect,
        read=read,
        blind_spots="What stands around the body differs from operator to operator; a name that is not "
        "known (docs/formats.md) is not seen. Batch results carry no account.",
    ),
)
