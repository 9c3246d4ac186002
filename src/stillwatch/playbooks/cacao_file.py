"""A CACAO file, read: bounded, validated, and turned into steps. Nothing in it is ever executed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from stillwatch.cases.event import canonical
from stillwatch.cases.words import storable
from stillwatch.errors import PlaybookError
from stillwatch.plain import plain
from stillwatch.playbooks.cacao_schemas import complaints
from stillwatch.playbooks.extension import binding_of
from stillwatch.playbooks.playbook import PASSED, Playbook, Step, StepKind
from stillwatch.playbooks.shape import in_order
from stillwatch.small_file import read_small

LARGEST = 1 << 20
"""Bytes of a file."""
MOST_STEPS = 200
"""Steps of a file. Who walks through it takes three calls for each, and Python allows a thousand in all."""
DEEPEST = 40
"""Lists and objects within each other."""
LONGEST = 8_000
"""Characters of one text."""
MEND = "see `stillwatch playbook validate FILE`, and CACAO Security Playbooks Version 2.0"


def read_playbook(path: Path) -> Playbook:
    """Read and check a file. Raises PlaybookError for what is no valid playbook."""
    data = read_small(path, LARGEST, what="playbook", error=PlaybookError, do="check the path")
    # A file never has the short name of one that is shipped.
    return playbook_of(data, f"{path.name.removesuffix('.json')}.json", str(path))


def playbook_of(data: bytes, title: str, where: str) -> Playbook:
    """Return the playbook that a document is. where: for messages. Raises PlaybookError."""
    document = _document(data, where)
    found = complaints(document)
    if found:
        told = "\n".join(f"{plain(one.where)}: {plain(one.what)}" for one in found)
        raise PlaybookError(
            "this is no valid playbook of CACAO 2.0", where=f"{where}\n{told}", do=f"mend it; {MEND}"
        )
    if len(document["workflow"]) > MOST_STEPS:
        raise PlaybookError(
            f"the playbook has {len(document['workflow']):,} steps, and may have {MOST_STEPS}",
            where=where,
            do="divide it",
        )
    steps = {name: _step(name, step, document) for name, step in document["workflow"].items()}
    content = canonical(document)
    return Playbook(
        id=document["id"],
        name=plain(document["name"]),
        title=plain(title),
        description=plain(document.get("description", "")),
        modified=document["modified"],
        start=document["workflow_start"],
        steps=in_order(document["workflow_start"], steps, where),
        references=tuple(
            (plain(one["name"]), plain(one.get("url") or one.get("source") or ""))
            for one in document.get("external_references", ())
        ),
        content=content,
        sha256=hashlib.sha256(content.encode("ascii")).hexdigest(),
    )


def _document(data: bytes, where: str) -> dict[str, Any]:
    try:
        if len(data) > LARGEST:
            raise ValueError(f"it is larger than {LARGEST:,} bytes")
        found = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
        _must_be_bounded(found)
        if not isinstance(found, dict):
            raise ValueError("it is no object")
    except (ValueError, RecursionError) as error:
        said = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise PlaybookError(
            f"the playbook cannot be read: {plain(said[:200])}", where=where, do="give a CACAO 2.0 JSON file"
        ) from error
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; where a name stands twice, two readers would see two playbooks."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


def _must_be_bounded(document: Any) -> None:
    waiting = [(document, 1)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, str) and (len(value) > LONGEST or not storable(value)):
            raise ValueError(f"a text has more than {LONGEST:,} characters, or some that nobody can keep")
        if isinstance(value, float) and abs(value) == float("inf"):
            raise ValueError("a number is too large")
        if depth > DEEPEST:
            raise ValueError("it is nested too deep")
        if isinstance(value, dict):
            waiting += [(one, depth + 1) for pair in value.items() for one in pair]
        elif isinstance(value, list):
            waiting += [(one, depth + 1) for one in value]


def _step(name: str, step: dict[str, Any], document: dict[str, Any]) -> Step:
    kind = StepKind(step["type"])
    return Step(
        id=name,
        kind=kind,
        name=plain(step.get("name") or ("" if kind in PASSED else name)),
        description=plain(step.get("description", "")),
        commands=tuple(_command(one) for one in step.get("commands", ())),
        next=step.get("on_completion") or step.get("on_success") or "",
        on_failure=step.get("on_failure") or "",
        condition=plain(step.get("condition") or step.get("switch") or ""),
        branches=_branches(kind, step),
        binding=binding_of(step, document),
    )


def _branches(kind: StepKind, step: dict[str, Any]) -> dict[str, str]:
    if kind is StepKind.PARALLEL:
        return {str(number): one for number, one in enumerate(step["next_steps"], 1)}
    if kind is StepKind.SWITCH:
        return dict(step["cases"])
    wanted = {"true": "on_true", "false": "on_false"}
    return {word: step[name] for word, name in wanted.items() if step.get(name)}


def _command(command: dict[str, Any]) -> str:
    """A command as a line for a person; what is in base64 is not shown, since nobody would read it."""
    text = command.get("command") or command.get("description") or ""
    kind = command["type"]
    return plain(text if kind == "manual" and text else f"[{kind}] {text}".rstrip())
