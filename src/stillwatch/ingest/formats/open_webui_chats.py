"""Open WebUI's chats: its export as JSON, or its table `chat`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from stillwatch.ingest.conversation import ROLES, Messages
from stillwatch.ingest.gateway import account_of
from stillwatch.ingest.parameters import parameters_of
from stillwatch.ingest.parts import text_of
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.usage import add_counts
from stillwatch.ingest.values import Row, first, first_text, inner, mapping_of, text
from stillwatch.registry import FORMATS, Format

THOUGHT = re.compile(r'<details type="reasoning".*?(?:</details>\s*|\Z)', re.DOTALL)
"""The reasoning that the program keeps inside the answer."""
MOST_TURNS = 200
"""Turns before an answer that are kept."""


def detect(sample: Sample) -> float:
    """A chat with its history, alone or inside a row of the table."""
    chats = [_chat(row) for row in sample.rows]
    return 0.95 if chats and all("history" in chat or _listed(chat) for chat in chats) else 0.0


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read one chat: each answer in it is a request, with the turns before it."""
    chat = _chat(row)
    history = mapping_of(mapping_of(chat.get("history")).get("messages"))
    said = {str(key): message for key, message in history.items() if isinstance(message, dict)}
    if not said:
        said = _chained(chat)
    answers = [(key, message) for key, message in said.items() if _role(message) == "assistant"]
    if not answers:
        yield SteppedOver("chats without an answer")
    words = {key: _words(message) for key, message in said.items()} if answers else {}
    for key, message in answers:
        asked = mapping_of(said.get(str(message.get("parentId"))))
        usage = mapping_of(first(message, "usage", "info.usage", "info"))
        time = first({"m": message, "a": asked}, "a.timestamp", "m.timestamp")
        request = Request(
            request_id=key,
            account_id=account_of(row, context, "user_id", "userId", "chat.user_id"),
            time=context.moment(first({"t": time, **row}, "t", "created_at", "updated_at"), "timestamp"),
            model=first_text(message, "model", "modelName") or _first_model(chat, asked),
            status=500 if message.get("error") else 200,
            conversation=first_text(row, "id") or first_text(chat, "id"),
            parameters=parameters_of(mapping_of(chat.get("params"))),
            messages=_turns(chat, said, words, message) or None,
            answer=words[key] or None,
        )
        yield add_counts(request, usage)


def _chat(row: Row) -> Row:
    inside = mapping_of(row.get("chat"))
    return inside or (row if "history" in row else {})


def _listed(chat: Row) -> bool:
    return isinstance(chat.get("messages"), list) and bool(chat.keys() & {"models", "params", "timestamp"})


def _chained(chat: Row) -> dict[str, Row]:
    """Return a plain list of messages as a history, each after the one before it."""
    listed = chat.get("messages")
    found: dict[str, Row] = {}
    before = None
    for place, message in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(message, dict):
            key = text(message.get("id")) or f"{text(chat.get('id')) or 'chat'}-{place}"
            found[key] = {"parentId": before, **message}
            before = key
    return found


def _role(message: Row) -> str:
    return ROLES.get(str(message.get("role")).lower(), "user")


def _turns(chat: Row, said: dict[str, Row], words: dict[str, str], answer: Row) -> Messages:
    found: Messages = []
    key, seen = str(answer.get("parentId")), set[str]()
    while key in said and key not in seen and len(found) < MOST_TURNS:
        seen.add(key)
        message = said[key]
        if words[key]:
            found.append((_role(message), words[key]))
        key = str(message.get("parentId"))
    system = first(mapping_of(chat.get("params")), "system") or chat.get("system")
    if isinstance(system, str) and system:
        found.append(("system", system))
    return found[::-1]


def _words(message: Row) -> str:
    """Return what a message says, an answer without the reasoning kept in it. A person may write the same."""
    whole = text_of(inner(message.get("content")))
    return THOUGHT.sub("", whole) if _role(message) == "assistant" else whole


def _first_model(chat: Row, asked: Row) -> str | None:
    for holder in (asked, chat):
        models = holder.get("models")
        if isinstance(models, list) and models and (found := text(models[0])):
            return found
    return None


SAMPLE = [
    {
        "id": "c1",
        "user_id": "ada",
        "title": "Reefs",
        "chat": {
            "models": ["heron"],
            "history": {
                "currentId": "m2",
                "messages": {
                    "m1": {
                        "id": "m1",
                        "parentId": None,
                        "childrenIds": ["m2"],
                        "role": "user",
                        "content": "what is a reef",
                        "timestamp": 1769947200,
                    },
                    "m2": {
                        "id": "m2",
                        "parentId": "m1",
                        "childrenIds": [],
                        "role": "assistant",
                        "content": "coral",
                        "model": "heron",
                        "usage": {"prompt_tokens": 9, "completion_tokens": 4},
                        "timestamp": 1769947201,
                    },
                },
            },
        },
        "created_at": 1769947200,
        "updated_at": 1769947201,
    }
]
FORMATS.add(
    "open_webui_chats",
    Format(
        name="open_webui_chats",
        title="Open WebUI: chats exported as JSON, or rows of its table chat",
        source="Open WebUI, backend/open_webui/models/chats.py, class Chat",
        suffixes=(".json", ".jsonl", ".csv"),
        detect=detect,
        read=read,
        blind_spots="No client address, no user agent, no tools. Deleted chats and temporary ones are not in "
        "it; edited messages show their last text",
        sample=json.dumps(SAMPLE) + "\n",
        gives=(
            {
                "request_id": "m2",
                "account_id": "ada",
                "model": "heron",
                "status": 200,
                "input_tokens": 9,
                "output_tokens": 4,
                "conversation": "c1",
                "messages": [{"role": "user", "text": "what is a reef"}],
                "answer": "coral",
            },
        ),
    ),
)
