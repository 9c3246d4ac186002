"""Small CACAO documents for the tests of playbooks."""

from __future__ import annotations

import json
import uuid
from typing import Any

from stillwatch.playbooks.cacao_file import playbook_of
from stillwatch.playbooks.extension import EXTENSION
from stillwatch.playbooks.playbook import Playbook

Document = dict[str, Any]
SPACE = uuid.UUID(int=7)


def name(kind: str, word: str) -> str:
    """The id of an object of a test's playbook."""
    return f"{kind}--{uuid.uuid5(SPACE, word)}"


START, END, AGENT = name("start", "start"), name("end", "end"), name("group", "agent")


def action(word: str, to: str = END, *, check: str = "", do: str = "", **more: Any) -> tuple[str, Document]:
    """An action step, bound to a check and an action."""
    bound = {key: value for key, value in (("check", check), ("action", do)) if value}
    step: Document = {
        "type": "action",
        "name": word,
        "commands": [{"type": "manual", "command": f"do {word}"}],
        "agent": AGENT,
        **({"step_extensions": {EXTENSION: bound}} if bound else {}),
        **more,
    }
    if "on_success" not in step:
        step["on_completion"] = to
    return name("action", word), step


def condition(word: str, true: str, to: str, *, false: str = "", check: str = "") -> tuple[str, Document]:
    """An if-condition step."""
    step: Document = {
        "type": "if-condition",
        "name": word,
        "condition": "__a__:value = 'true'",
        "on_true": true,
        "on_completion": to,
        **({"on_false": false} if false else {}),
        **({"step_extensions": {EXTENSION: {"check": check}}} if check else {}),
    }
    return name("if-condition", word), step


def parallel(word: str, branches: list[str], to: str) -> tuple[str, Document]:
    """A parallel step."""
    step = {"type": "parallel", "name": word, "next_steps": branches, "on_completion": to}
    return name("parallel", word), step


def document(first: str, *steps: tuple[str, Document], word: str = "test", title: str = "A test") -> Document:
    """A playbook of steps, of which `first` comes first."""
    return {
        "type": "playbook",
        "spec_version": "cacao-2.0",
        "id": name("playbook", word),
        "name": title,
        "created_by": name("identity", "test"),
        "created": "2026-11-30T00:00:00.000Z",
        "modified": "2026-11-30T00:00:00.000Z",
        "workflow_start": START,
        "workflow": {
            START: {"type": "start", "on_completion": first},
            **dict(steps),
            END: {"type": "end"},
        },
        "agent_definitions": {AGENT: {"type": "group", "name": "Analysts"}},
        "extension_definitions": {
            EXTENSION: {
                "type": "extension-definition",
                "name": "Stillwatch binding",
                "created_by": name("identity", "test"),
                "schema": "said in words",
                "version": "1.0.0",
            }
        },
    }


def made(first: str, *steps: tuple[str, Document], **more: Any) -> Playbook:
    """The playbook of such a document."""
    return read(document(first, *steps, **more))


def read(told: Any) -> Playbook:
    """The playbook that a document is, read as a file is."""
    return playbook_of(json.dumps(told).encode(), "test.json", "test.json")


def chain(*words: str, **checks: str) -> Playbook:
    """Actions one after the other; those named in `checks` are bound to one."""
    ids = [name("action", word) for word in words]
    steps = [
        action(word, to, check=checks.get(word, "")) for word, to in zip(words, [*ids[1:], END], strict=True)
    ]
    return made(ids[0], *steps)
