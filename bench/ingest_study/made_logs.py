"""Lines of logs with made-up content, the same in each format."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

Row = dict[str, Any]
ACCOUNTS, WORDS = 4_000, 400
SEED = 1


class Maker:
    """Makes rows of each format with the same content."""

    def __init__(self) -> None:
        """Words of nobody."""
        self.rng = random.Random(SEED)
        self.words = ["".join(self.rng.choices("etaoinshrdlucm", k=3 + i % 8)) for i in range(4_000)]
        self.text = " ".join(self.rng.choices(self.words, k=200_000))

    def said(self, size: int = WORDS) -> str:
        """Running text."""
        at = self.rng.randrange(len(self.text) - size)
        return self.text[at : at + size]

    def line(self, i: int, *, anthropic: bool = False) -> Row:
        """A request with its response, as a gateway writes them."""
        rng, account = self.rng, self.rng.randrange(ACCOUNTS)
        given, made = rng.randrange(20, 900), rng.randrange(20, 900)
        if anthropic:
            usage: Row = {
                "input_tokens": given,
                "output_tokens": made,
                "cache_read_input_tokens": rng.choice([0, 128]),
            }
            answer: Row = {"id": f"msg_{rng.getrandbits(120):030x}", "type": "message", "role": "assistant"}
            answer |= {"model": "heron-4", "content": [{"type": "text", "text": self.said()}], "usage": usage}
        else:
            usage = {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}
            usage["completion_tokens_details"] = {"reasoning_tokens": rng.choice([0, 64])}
            message = {"role": "assistant", "content": self.said()}
            answer = {
                "id": f"chatcmpl-{rng.getrandbits(120):030x}",
                "object": "chat.completion",
                "model": "heron-4",
            }
            answer |= {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}
        system = {"role": "system", "content": "You are a helpful assistant that answers briefly."}
        messages = [*([] if anthropic else [system]), {"role": "user", "content": self.said()}]
        return {
            "request_id": f"req_{rng.getrandbits(60):020x}",
            "account_id": f"acct_{account:06d}",
            "timestamp": f"2026-02-{1 + i // 86_400 % 27:02d}T{i // 3600 % 24:02d}:{i // 60 % 60:02d}:{i % 60:02d}.{rng.randrange(10**6):06d}Z",
            "client_ip": f"203.{account // 250}.113.{account % 250}",
            "headers": {"user-agent": f"SDK/1.{rng.randrange(40)}", "x-stainless-lang": "python"},
            "status_code": 200,
            "latency_ms": rng.randrange(100, 9_000),
            "request": {"model": "heron-4", "max_tokens": 1_024, "temperature": 0.7, "messages": messages},
            "response": answer,
        }

    def spend(self, i: int, *, texts: bool = True) -> Row:
        """A row of LiteLLM's SpendLogs; texts: JSON columns are texts."""
        row = self.line(i)
        usage = row["response"]["usage"]
        meta = {
            "user_agent": row["headers"]["user-agent"],
            "usage_object": usage,
            "overhead_ms": self.rng.random(),
        }
        told = (lambda value: orjson.dumps(value).decode()) if texts else (lambda value: value)
        return {
            "request_id": row["response"]["id"],
            "call_type": "acompletion",
            "api_key": f"{int(row['account_id'][5:]):064x}",
            "spend": self.rng.random(),
            "prompt_tokens": usage["prompt_tokens"],
            "completion_tokens": usage["completion_tokens"],
            "startTime": row["timestamp"],
            "endTime": row["timestamp"],
            "model": "heron-4",
            "user": row["account_id"],
            "status": "success",
            "metadata": told(meta),
            "messages": told(row["request"]["messages"]),
            "response": told(row["response"]),
            "requester_ip_address": row["client_ip"],
        }

    def payload(self, i: int) -> Row:
        """A StandardLoggingPayload."""
        row = self.spend(i, texts=False)
        meta = {"user_api_key_user_id": row.pop("user"), "user_api_key_hash": row.pop("api_key")}
        more = {"id": row.pop("request_id"), "trace_id": "t", "model_parameters": {"temperature": 0.7}}
        return {**row, **more, "metadata": meta, "response_cost": self.rng.random()}

    def spans(self, i: int) -> Row:
        """An export of OpenTelemetry with four spans."""
        return {
            "resourceSpans": [
                {
                    "resource": {"attributes": []},
                    "scopeSpans": [{"spans": [self._span(4 * i + n) for n in range(4)]}],
                }
            ]
        }

    def _span(self, i: int) -> Row:
        row = self.line(i)
        start = 1_770_000_000 * 10**9 + i * 10**8
        told: dict[str, Any] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "heron-4",
            "gen_ai.response.id": row["response"]["id"],
            "user.id": row["account_id"],
            "gen_ai.input.messages": orjson.dumps(
                [{"role": "user", "parts": [{"type": "text", "content": self.said()}]}]
            ).decode(),
            "gen_ai.output.messages": orjson.dumps(
                [{"role": "assistant", "parts": [{"type": "text", "content": self.said()}]}]
            ).decode(),
        }
        attributes: list[Row] = [{"key": key, "value": {"stringValue": value}} for key, value in told.items()]
        attributes.append({"key": "gen_ai.usage.input_tokens", "value": {"intValue": "120"}})
        return {
            "traceId": f"{i:032x}",
            "spanId": f"{i:016x}",
            "name": "chat heron-4",
            "startTimeUnixNano": str(start),
            "endTimeUnixNano": str(start + 10**9),
            "attributes": attributes,
        }


@dataclass(frozen=True)
class Kind:
    """A kind of line."""

    name: str
    """What the bench calls it."""
    format: str
    """Format that reads it."""
    make: Callable[[int], Row]
    """Makes the line of a number."""
    columns: tuple[str, ...]
    """Top-level names that the format reads."""
    requests: int = 1
    """Requests in a line."""


SPENT: tuple[str, ...] = (
    "request_id",
    "user",
    "api_key",
    "startTime",
    "endTime",
    "model",
    "prompt_tokens",
    "completion_tokens",
)
SPENT += ("spend", "requester_ip_address", "status", "call_type", "metadata", "messages", "response")
LINE: tuple[str, ...] = (
    "request_id",
    "account_id",
    "timestamp",
    "client_ip",
    "headers",
    "status_code",
    "latency_ms",
)
LINE += ("request", "response")
PAYLOAD: tuple[str, ...] = (
    "id",
    "startTime",
    "endTime",
    "model",
    "prompt_tokens",
    "completion_tokens",
    "status",
)
PAYLOAD += (
    "response_cost",
    "call_type",
    "requester_ip_address",
    "metadata",
    "model_parameters",
    "messages",
    "response",
)


def kinds(maker: Maker) -> Iterator[Kind]:
    """Every kind of line, with what of it is read."""
    yield Kind("spend logs, JSON as text", "litellm_spend_logs", maker.spend, SPENT)
    yield Kind(
        "spend logs, JSON as objects", "litellm_spend_logs", lambda i: maker.spend(i, texts=False), SPENT
    )
    yield Kind("OpenAI lines", "openai_jsonl", maker.line, LINE)
    yield Kind("Anthropic lines", "anthropic_messages_jsonl", lambda i: maker.line(i, anthropic=True), LINE)
    yield Kind("standard payloads", "litellm_standard_payload", maker.payload, PAYLOAD)
    yield Kind("OpenTelemetry exports", "otel_genai", maker.spans, ("resourceSpans",), 4)


def write(path: Path, kind: Kind, rows: int) -> None:
    """Write the lines of so many requests."""
    with path.open("wb") as file:
        for i in range(rows // kind.requests):
            file.write(orjson.dumps(kind.make(i)) + b"\n")
