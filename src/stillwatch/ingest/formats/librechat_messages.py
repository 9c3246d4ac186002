"""LibreChat's messages: MongoDB's collection, or a conversation exported as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from stillwatch.ingest.conversation import Messages
from stillwatch.ingest.gateway import account_of
from stillwatch.ingest.held import Held
from stillwatch.ingest.parts import text_of
from stillwatch.ingest.request import Context, Numbered, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, first_text, inner, text, whole
from stillwatch.registry import FORMATS, Format

ASKED, TURNS = "the user's message", "the turns before it"
"""Fields of a gathered row, which no export has."""
MOST_TURNS = 200
"""Turns before a message that are kept."""
KEPT = 20_000
"""Messages whose words are kept for those that follow them."""


def detect(sample: Sample) -> float:
    """A message's id, its conversation, and who wrote it."""
    if sample.has("messageId", "conversationId") and sample.columns & {"isCreatedByUser", "sender"}:
        return 0.95
    listed = [row.get("messages") for row in sample.rows]
    nested = listed and all(isinstance(m, list) and m and isinstance(m[0], dict) for m in listed)
    return 0.95 if nested and all("messageId" in m[0] for m in listed if m) else 0.0


def gather(rows: Numbered) -> Numbered:
    """Put each answer to the user's message before it (parentMessageId), with the turns before both."""
    asked: Held[tuple[int, Row]] = Held()
    said: Held[tuple[str, str, str]] = Held(KEPT)
    answered: Held[bool] = Held()
    for number, row in rows:
        if not isinstance(row, dict):
            yield number, row
            continue
        for message in _messages(row):
            key, parent = _name(message, "messageId"), _name(message, "parentMessageId")
            words = _words(message)
            said.put(key, ("user" if _by_user(message) else "assistant", words, parent), 200 + len(words))
            if _by_user(message):
                asked.put(key, (number, {**message, TURNS: _turns(said, key)}), 400 + len(words))
            elif (question := asked.get(parent)) is not None:
                answered.put(parent, True, 100)
                yield number, {**message, ASKED: question[1]}
            else:
                yield number, SteppedOver("answers whose question is not in the file")
        for _ in said.overdue(), answered.overdue():
            list(_)
        for begun, question_row in asked.overdue():
            if answered.pop(_name(question_row, "messageId")) is None:
                yield begun, {ASKED: question_row}
    for begun, question_row in asked.rest():
        if answered.pop(_name(question_row, "messageId")) is None:
            yield begun, {ASKED: question_row}


def read(row: Row, context: Context) -> Iterator[Request]:
    """Read one question with its answer, if there is one."""
    question: Row = row.get(ASKED) or row
    answer: Row = row if "messageId" in row else {}
    failed = answer.get("error") is True or question.get("error") is True
    yield Request(
        request_id=text(answer.get("messageId")) or text(question.get("messageId")),
        account_id=account_of(question, context, "user", "userId", "user_id"),
        time=context.moment(question.get("createdAt"), "createdAt"),
        model=first_text({**question, **answer}, "model", "endpoint"),
        status=500 if failed else 200 if answer else None,
        output_tokens=whole(answer.get("tokenCount")),
        duration_ms=context.span_ms(question.get("createdAt"), answer.get("createdAt")) if answer else None,
        conversation=text(question.get("conversationId")),
        messages=question.get(TURNS) or ([("user", words)] if (words := _words(question)) else None),
        answer=None if failed else _words(answer) or None,
    )


def _messages(row: Row) -> Iterator[Row]:
    """Find the messages of a row: itself, or those of an exported conversation, with their children."""
    nested = inner(row.get("messages"))
    if "messageId" in row:
        yield row
        nested = inner(row.get("children"))
    waiting = list(reversed(nested)) if isinstance(nested, list) else []
    while waiting:
        message = waiting.pop()
        if isinstance(message, dict) and "messageId" in message:
            yield {"conversationId": row.get("conversationId"), "user": row.get("user"), **message}
            children = message.get("children")
            waiting.extend(reversed(children) if isinstance(children, list) else ())


def _by_user(message: Row) -> bool:
    by = message.get("isCreatedByUser")
    return by is True or str(by).lower() in ("true", "1") or (by is None and message.get("sender") == "User")


def _name(message: Row, name: str) -> str:
    """Return a message's id within its conversation: ids of strangers may be alike."""
    return f"{message.get('user')}\x1f{message.get('conversationId')}\x1f{message.get(name)}"


def _words(message: Row) -> str:
    plain: Any = message.get("text")
    return plain if isinstance(plain, str) and plain else text_of(inner(message.get("content")))


def _turns(said: Held[tuple[str, str, str]], key: str) -> Messages:
    found: Messages = []
    for _ in range(MOST_TURNS):  # a client chooses the ids, and may close a circle
        if (message := said.get(key)) is None:
            break
        role, words, key = message
        if words:
            found.append((role, words))
    return found[::-1]


SAMPLE = [
    {
        "_id": {"$oid": "65"},
        "messageId": "m1",
        "conversationId": "c1",
        "parentMessageId": "00000000-0000-0000-0000-000000000000",
        "user": "ada",
        "sender": "User",
        "isCreatedByUser": True,
        "text": "what is a reef",
        "createdAt": {"$date": "2026-02-01T12:00:00Z"},
    },
    {
        "_id": {"$oid": "66"},
        "messageId": "m2",
        "conversationId": "c1",
        "parentMessageId": "m1",
        "user": "ada",
        "sender": "Heron",
        "isCreatedByUser": False,
        "text": "coral",
        "model": "heron",
        "tokenCount": 4,
        "createdAt": {"$date": "2026-02-01T12:00:01Z"},
    },
]
FORMATS.add(
    "librechat_messages",
    Format(
        name="librechat_messages",
        title="LibreChat: mongoexport of the collection messages, or conversations exported as JSON",
        source="LibreChat, packages/data-schemas, type IMessage",
        suffixes=(".json", ".jsonl"),
        detect=detect,
        read=read,
        gather=gather,
        blind_spots="No client address, no user agent, no parameters and no system prompt; input tokens are "
        "not counted. An export of single conversations names no user. Messages must be in the order of "
        "their time, as MongoDB keeps them",
        sample="\n".join(map(json.dumps, SAMPLE)) + "\n",
        gives=(
            {
                "request_id": "m2",
                "account_id": "ada",
                "model": "heron",
                "status": 200,
                "output_tokens": 4,
                "duration_ms": 1000,
                "conversation": "c1",
                "messages": [{"role": "user", "text": "what is a reef"}],
                "answer": "coral",
            },
        ),
    ),
)
