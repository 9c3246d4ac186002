"""Session files of Claude Code: what one client kept of its own conversations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from stillwatch.ingest.dialects import fill
from stillwatch.ingest.gateway import account_of
from stillwatch.ingest.held import Held
from stillwatch.ingest.quarantine import Missing
from stillwatch.ingest.request import Context, Numbered, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, first_text, mapping_of, text, whole
from stillwatch.registry import FORMATS, Format

ACCOUNTS = (
    "account_id",
    "account",
    "accountUuid",
    "account_uuid",
    "userID",
    "userId",
    "user_id",
    "userEmail",
)
PARTS, SAID, ASKED = "the answer's lines", "the turns before it", "the line before it"
"""Fields of a gathered row, which no session has."""
MOST_TURNS = 200
"""Turns before an answer that are kept."""
NO_ACCOUNT = (
    "a session file of Claude Code names no account: add one to each line (account_id), or name a field with "
    "ingest.account_field"
)


@dataclass
class _Session:
    """One conversation while its file is read."""

    said: list[Row] = field(default_factory=list)
    """Turns so far."""
    asked: Row = field(default_factory=dict)
    """The last line of the user or of a tool."""
    parts: list[Row] = field(default_factory=list)
    """Lines of the answer that is being read."""
    begun: int = 0
    """Number of the first of them."""

    def closed(self) -> Iterator[tuple[int, Row]]:
        """Take the answer that was being read, and keep it as a turn."""
        if self.parts:
            yield (
                self.begun,
                {**self.parts[0], PARTS: self.parts, SAID: self.said[-MOST_TURNS:], ASKED: self.asked},
            )
            self.said = [*self.said[-MOST_TURNS:], {"role": "assistant", "content": _content(self.parts)}]
            self.parts = []


def detect(sample: Sample) -> float:
    """Lines of a user or an assistant inside a session, or the lines that surround them."""
    rows = [row for row in sample.rows if row.get("type") in ("user", "assistant")]
    marked = [
        row for row in rows if "sessionId" in row and "uuid" in row and isinstance(row.get("message"), dict)
    ]
    if rows and len(marked) == len(rows):
        return 0.97
    return 0.6 if sample.has("type", "sessionId", "uuid") or sample.has("type", "leafUuid") else 0.0


def gather(rows: Numbered) -> Numbered:
    """Join the lines of each answer, which has one line for each part, and put the turns before it to it."""
    held: Held[_Session] = Held(2_000)
    for number, row in rows:
        if not isinstance(row, dict):
            yield number, row
            continue
        message, kind = mapping_of(row.get("message")), row.get("type")
        if kind not in ("user", "assistant") or not message:
            yield number, SteppedOver("lines about the session")
            continue
        name = f"{row.get('sessionId')}\x1f{row.get('agentId') or row.get('isSidechain')}"
        session = held.get(name) or _Session()
        if kind == "user" or (session.parts and _of(row) != _of(session.parts[0])):
            yield from session.closed()
        if kind == "user":
            session.said.append({"role": "user", "content": message.get("content")})
            session.asked = row
        else:
            session.begun = session.begun if session.parts else number
            session.parts.append(row)
        held.put(name, session, 400 + _size(message.get("content")))
        for old in held.overdue():
            yield from old.closed()
    for old in held.rest():
        yield from old.closed()


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read one answer with the turns before it as a request. Raises BadRow without an account."""
    parts, asked = row.get(PARTS) or [row], mapping_of(row.get(ASKED))
    message = mapping_of(row.get("message"))
    if row.get("isApiErrorMessage") or message.get("model") == "<synthetic>":
        yield SteppedOver("messages that the client wrote itself")
        return
    account = account_of(row, context, *ACCOUNTS)
    if account is None:
        raise Missing("account_id", NO_ACCOUNT)
    start, end = asked.get("timestamp") or row.get("timestamp"), parts[-1].get("timestamp")
    request = Request(
        request_id=first_text(row, "requestId", "message.id", "uuid"),
        account_id=account,
        time=context.moment(start, "timestamp"),
        model=text(message.get("model")),
        status=200,
        duration_ms=context.span_ms(start, end),
        conversation=text(row.get("sessionId")),
    )
    answer = {**message, "type": "message", "content": _content(parts), "usage": _usage(parts)}
    yield fill(request, {"anthropic_version": "", "messages": row.get(SAID) or []}, answer)


def _of(row: Row) -> tuple[Any, Any]:
    """Return which answer a line belongs to."""
    return mapping_of(row.get("message")).get("id") or row.get("uuid"), row.get("requestId")


def _content(parts: list[Row]) -> list[Any]:
    content: list[Any] = []
    for part in parts:
        given = mapping_of(part.get("message")).get("content")
        content.extend(
            given if isinstance(given, list) else [{"type": "text", "text": given}] if given else []
        )
    return content


def _size(content: Any) -> int:
    """Return the characters of a message's texts, without looking deep into what somebody sent."""
    if isinstance(content, list):
        parts = [value for part in content if isinstance(part, dict) for value in part.values()]
        return 100 * len(parts) + sum(len(value) for value in parts if isinstance(value, str))
    return len(content) if isinstance(content, str) else 1000


def _usage(parts: list[Row]) -> Row:
    """Return the usage with the most output: lines written while the answer still ran have less."""
    found = [mapping_of(mapping_of(part.get("message")).get("usage")) for part in parts]
    return max(found, key=lambda usage: whole(usage.get("output_tokens")) or 0, default={})


SAMPLE = [
    {
        "type": "user",
        "uuid": "u1",
        "parentUuid": None,
        "sessionId": "s1",
        "account_id": "ada",
        "timestamp": "2026-02-01T12:00:00Z",
        "message": {"role": "user", "content": "what is a reef"},
    },
    {
        "type": "assistant",
        "uuid": "a1",
        "parentUuid": "u1",
        "sessionId": "s1",
        "account_id": "ada",
        "timestamp": "2026-02-01T12:00:01Z",
        "requestId": "q1",
        "message": {
            "id": "msg1",
            "type": "message",
            "role": "assistant",
            "model": "heron",
            "content": [{"type": "text", "text": "coral"}],
            "usage": {"input_tokens": 2, "cache_read_input_tokens": 50, "output_tokens": 5},
        },
    },
]
FORMATS.add(
    "claude_code_sessions",
    Format(
        name="claude_code_sessions",
        title="Claude Code session files (~/.claude/projects/**/*.jsonl)",
        source="Claude Code documentation: sessions; the files themselves",
        suffixes=(".jsonl", ".json"),
        detect=detect,
        read=read,
        gather=gather,
        blind_spots="No gateway's log: a client wrote it, and whoever has the file can change it. It names "
        "no account, so a field must (account_id on each line, or ingest.account_field). No address, no "
        "parameters, no system prompt and no definitions of tools",
        sample="\n".join(map(json.dumps, SAMPLE)) + "\n",
        gives=(
            {
                "request_id": "q1",
                "account_id": "ada",
                "model": "heron",
                "status": 200,
                "input_tokens": 52,
                "cached_tokens": 50,
                "output_tokens": 5,
                "duration_ms": 1000,
                "conversation": "s1",
                "messages": [{"role": "user", "text": "what is a reef"}],
                "answer": "coral",
            },
        ),
    ),
)
