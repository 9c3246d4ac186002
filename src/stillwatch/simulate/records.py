"""Exchanges one by one, for nested formats: one record each, with the request body that its client sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from stillwatch.simulate.clients import Client
from stillwatch.simulate.compose import take
from stillwatch.simulate.day import Rows
from stillwatch.simulate.writers import account_ids, model_names


@dataclass(frozen=True)
class Record:
    """One exchange as plain values."""

    request_id: str
    """The provider's request id."""
    account: str
    """The provider's account id."""
    address: str
    """The client's address, as the gateway saw it."""
    start: int
    """Microseconds since 1970."""
    duration: int
    """Milliseconds."""
    model: str
    """The model."""
    status: int
    """HTTP status."""
    input_tokens: int
    """Tokens read."""
    output_tokens: int
    """Tokens written, reasoning included."""
    reasoning_tokens: int
    """Tokens of reasoning."""
    cached_tokens: int
    """Tokens of those read that came from the cache."""
    client: Client
    """Client software."""
    parameters: dict[str, Any]
    """Sampling parameters."""
    tools: list[dict[str, Any]]
    """Tool definitions, empty where none."""
    output_format: dict[str, Any]
    """Output format asked for, empty where none."""
    end_user: str | None
    """The customer's id of its end user."""
    conversation: str | None
    """Session id."""
    messages: list[dict[str, Any]] | None
    """Chat messages; None where the log holds no text.

    Those of the assistant may hold thinking_blocks, as LiteLLM sends them.
    """
    answer: str | None
    """The answer's text; None where there is none or the log holds no text."""
    thinking: list[dict[str, str]]
    """The answer's signed blocks of reasoning."""

    @property
    def end(self) -> int:
        """Time at which the answer was complete, in microseconds since 1970."""
        return self.start + self.duration * 1000

    @property
    def good(self) -> bool:
        """Whether an answer was given."""
        return self.status == 200

    def body(self) -> dict[str, Any]:
        """The request body in OpenAI's chat format."""
        found: dict[str, Any] = {"model": self.model, **self.parameters}
        if self.messages is not None:
            found["messages"] = self.messages
        if self.tools:
            found["tools"] = self.tools
        if self.output_format:
            found["response_format"] = self.output_format
        if self.end_user:
            found["safety_identifier"] = self.end_user
        return found

    def completion(self) -> dict[str, Any]:
        """The answer in OpenAI's chat format."""
        if not self.good:
            return {"error": {"code": str(self.status), "message": "request failed"}}
        usage: dict[str, Any] = {"prompt_tokens": self.input_tokens, "completion_tokens": self.output_tokens}
        usage |= {
            "total_tokens": self.input_tokens + self.output_tokens,
            "completion_tokens_details": {"reasoning_tokens": self.reasoning_tokens},
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens},
        }
        found = {
            "id": self.request_id,
            "object": "chat.completion",
            "model": self.model,
            "created": self.start // 1_000_000,
            "usage": usage,
        }
        if self.messages is not None:
            signed = {"thinking_blocks": self.thinking} if self.thinking else {}
            found["choices"] = [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": self.answer, **signed},
                }
            ]
        return found


def iso(micros: int) -> str:
    """A time as ISO 8601 in UTC."""
    return datetime.fromtimestamp(micros / 1e6, UTC).isoformat(timespec="microseconds")


def records(rows: Rows) -> Iterator[Record]:
    """Return the rows as records."""
    setting = rows.world.setting
    tools = [orjson.loads(text) if text else [] for text in setting.jobs.toolsets]
    formats = [orjson.loads(text) if text else {} for text in setting.jobs.formats]
    texts = zip(_texts(rows.messages, len(rows)), _texts(rows.response, len(rows)), strict=True)
    plain: Any = zip(
        rows.request_id.to_pylist(),
        account_ids(rows).to_pylist(),
        model_names(rows).to_pylist(),
        rows.end_user.to_pylist(),
        rows.conversation.to_pylist(),
        take(rows.world.addresses, rows.address).to_pylist(),
        strict=True,
    )
    numbers = zip(*(getattr(rows, name).tolist() for name in NUMBERS), strict=True)
    for (request, account, model, end_user, conversation, address), number, (messages, response) in zip(
        plain, numbers, texts, strict=True
    ):
        said = orjson.loads(response)["choices"][0]["message"] if response else {}
        (
            start,
            duration,
            status,
            read,
            written,
            reasoned,
            cached,
            client,
            parameters,
            toolset,
            output_format,
        ) = number
        yield Record(
            request_id=request,
            account=account,
            address=address,
            start=start,
            duration=duration,
            model=model,
            status=status,
            input_tokens=read,
            output_tokens=written,
            reasoning_tokens=reasoned,
            cached_tokens=cached,
            client=setting.clients.builds[client],
            parameters=setting.clients.parameters[parameters],
            tools=tools[toolset],
            output_format=formats[output_format],
            end_user=end_user,
            conversation=conversation,
            messages=orjson.loads(messages) if messages else None,
            answer=said.get("content"),
            thinking=said.get("thinking_blocks", []),
        )


NUMBERS = (
    "time",
    "duration",
    "status",
    "input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cached_tokens",
    "client",
    "parameters",
    "tools",
    "output_format",
)


def _texts(column: Any, n: int) -> Iterable[str | None]:
    return [None] * n if column is None else column.to_pylist()


def jsonl(shape: Callable[[Record], dict[str, Any]]) -> Callable[[Rows, Path], None]:
    """Make a writer of one JSON object per line."""

    def write(rows: Rows, path: Path) -> None:
        with path.open("wb") as file:
            for record in records(rows):
                file.write(orjson.dumps(shape(record), option=orjson.OPT_APPEND_NEWLINE))

    return write
