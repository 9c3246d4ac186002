"""The guard's own log of exchanges: all that detection needs from a gateway that keeps no log itself."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from stillwatch.guard.ports import Served
from stillwatch.guard.records import clean
from stillwatch.guard.segments import Segments

MARK = "exchange/1"
"""What field `stillwatch` of a line says."""
KEPT_HEADERS = ("user-agent", "anthropic-version", "anthropic-beta")
"""Headers that a line keeps; besides these, x-stainless-*."""
WORDS = frozenset(
    {
        *("messages", "system", "input", "prompt", "instructions", "contents", "tools", "functions"),
        *("suffix", "prediction", "stop", "stop_sequences", "response_format", "text", "output_format"),
        *("output_config", "guided_json", "guided_regex", "guided_choice", "guided_grammar", "metadata"),
    }
)
"""Fields of a request that hold words; kept only if the log is to keep them."""
LONGEST_VALUE = 200
"""Characters of a value of another field; longer ones are words whatever the field is called."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its response, as the gateway saw it."""

    request_id: str
    """The gateway's id of the request."""
    account: str
    """The account's id as the gateway has it."""
    time: float
    """When the request began; POSIX seconds."""
    path: str
    """The path that was called, as /v1/messages: it tells the dialect."""
    status: int
    """HTTP status of the answer."""
    duration_ms: int = 0
    """From the request to the end of the answer."""
    address: str = ""
    """The client's address."""
    ja4: str = ""
    """JA4 TLS client fingerprint, as the edge computed it."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The request's headers, names in lower case; only the client's kind is kept of them."""
    request: Mapping[str, Any] = field(default_factory=dict)
    """The request's body. Its words are kept only if the log keeps words."""
    response: Mapping[str, Any] = field(default_factory=dict)
    """The response's body: `usage`, and, if the log keeps words, the answer."""
    decision: str = ""
    """Id of the guard's decision."""


class ExchangeLog:
    """Exchanges as JSON lines, turned over and packed. Words are left out unless it was told to keep them."""

    def __init__(
        self,
        folder: Path,
        name_of: Callable[[str], str],
        *,
        words: bool = False,
        served: Served | None = None,
        **options: Any,
    ) -> None:
        """words: whether prompts and answers are kept. served: told of each line. options: of Segments."""
        self._segments = Segments(folder, "exchanges", **options)
        self._name_of, self._words, self._served = name_of, words, served

    @property
    def segments(self) -> Segments:
        """The files, for metrics."""
        return self._segments

    def write(self, exchange: Exchange) -> None:
        """Write an exchange within moments."""
        document = self._document(exchange)
        try:
            line = orjson.dumps(document, default=str) + b"\n"
        except TypeError:  # a whole number without an end, or a depth: no field may hide an exchange
            document |= {name: _storable(document[name]) for name in ("request", "response")}
            line = orjson.dumps(document) + b"\n"
        self._segments.soon(line)
        if self._served is not None:
            self._served.committed(line)

    def close(self) -> None:
        """Write what waits, and end."""
        self._segments.close()

    def _document(self, exchange: Exchange) -> dict[str, Any]:
        headers = {
            clean(name): clean(value)
            for name, value in exchange.headers.items()
            if name in KEPT_HEADERS or name.startswith("x-stainless-")
        }
        return {
            "stillwatch": MARK,
            "time": datetime.fromtimestamp(exchange.time, UTC).isoformat(timespec="microseconds"),
            "request_id": clean(exchange.request_id),
            "account_id": clean(self._name_of(exchange.account)),
            "client_ip": clean(exchange.address),
            "ja4": clean(exchange.ja4),
            "headers": headers,
            "path": clean(exchange.path),
            "status_code": exchange.status,
            "duration_ms": exchange.duration_ms,
            "request": dict(exchange.request) if self._words else without_words(exchange.request),
            "response": dict(exchange.response) if self._words else _usage(exchange.response),
            "decision": exchange.decision,
        }


def without_words(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a request that hold no words: model, limits, sampling, the end user's id."""
    kept = {name: value for name, value in body.items() if name not in WORDS and _bare(value)}
    metadata = body.get("metadata")
    end_user = metadata.get("user_id") if isinstance(metadata, Mapping) else None
    if isinstance(end_user, str) and len(end_user) <= LONGEST_VALUE:
        kept["metadata"] = {"user_id": end_user}
    return kept


def _bare(value: Any) -> bool:
    if isinstance(value, int):
        return -(2**63) <= value < 2**63  # no column holds a larger one, and orjson would raise
    if value is None or isinstance(value, float):
        return True
    if isinstance(value, str):
        return len(value) <= LONGEST_VALUE and not any(char.isspace() for char in value)
    return isinstance(value, Mapping) and all(
        isinstance(inner, int | float | str) and _bare(inner) for inner in value.values()
    )


def _storable(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that can be written."""
    kept: dict[str, Any] = {}
    for name, value in body.items():
        with contextlib.suppress(TypeError):
            kept[name] = orjson.loads(orjson.dumps(value, default=str))
    return kept


def _usage(response: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: response[name] for name in ("usage", "id", "type", "object", "model") if name in response}
    return {name: value for name, value in kept.items() if isinstance(value, Mapping) or _bare(value)}
