"""The schemas are OASIS's, byte by byte; the playbooks that ship are valid, bound, and come to an end."""

from __future__ import annotations

import copy
import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from playbook_files import END, action, document, name, read

import make_playbooks
from stillwatch.cli import program
from stillwatch.errors import PlaybookError
from stillwatch.playbooks.actions import ACTIONS
from stillwatch.playbooks.cacao_schemas import FOLDER, complaints, vendored
from stillwatch.playbooks.check import CHECKS
from stillwatch.playbooks.playbook import PASSED, StepKind
from stillwatch.playbooks.readiness import POINTS
from stillwatch.playbooks.shipped import FOLDER as PLAYBOOKS
from stillwatch.playbooks.shipped import NAMES, shipped

MANIFEST = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))


def test_the_vendored_files_are_those_of_the_manifest() -> None:
    there = {
        path.relative_to(FOLDER).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in FOLDER.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert there == MANIFEST["files"]
    assert "Apache License" in (FOLDER / "LICENSE.txt").read_text(encoding="utf-8")
    assert len(vendored()) == len(there) - 1


def test_no_schema_is_looked_up_over_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("somebody asks the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert complaints(document(END, *())) == []
    assert complaints({"type": "playbook"})
    assert {ref for schema in vendored().values() for ref in _refs(schema) if "://" in ref} == set()


def _refs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            if key == "$ref":
                yield one
            else:
                yield from _refs(one)
    elif isinstance(value, list):
        for one in value:
            yield from _refs(one)


@pytest.mark.parametrize("title", NAMES)
def test_a_shipped_playbook_is_what_its_source_makes_and_is_valid(title: str) -> None:
    path = PLAYBOOKS / f"{title}.json"
    text = path.read_text(encoding="utf-8")
    assert text == make_playbooks.text(title), "run tools/make_playbooks.py"
    assert complaints(json.loads(text)) == []


@pytest.mark.parametrize("title", NAMES)
def test_a_shipped_playbook_can_be_gone_through(title: str) -> None:
    playbook = shipped(title)
    source = json.loads(playbook.content)["workflow"]
    assert playbook.steps.keys() == source.keys(), "every step is reached"
    for step in playbook.steps.values():
        assert step.binding.unknown == ()
        assert (step.kind is StepKind.END) == (not step.next)
        if step.kind not in PASSED:
            assert step.name
            assert step.description.endswith((".", ":", "?"))
        if step.kind is StepKind.IF:
            assert CHECKS.all()[step.binding.check]
        if step.kind is StepKind.ACTION:
            assert step.commands
    assert all(where for _, where in playbook.references)
    assert playbook.id.startswith("playbook--")


def test_the_playbooks_have_ids_and_names_of_their_own() -> None:
    found = [shipped(title) for title in NAMES]
    assert len({one.id for one in found}) == len({one.name for one in found}) == len(NAMES) == 7
    ids = [step for one in found for step in one.steps]
    assert len(ids) == len(set(ids))


def test_every_binding_is_used_and_every_command_that_is_named_exists() -> None:
    steps = [step for title in NAMES for step in shipped(title).steps.values()]
    points = {check for point in POINTS for check in point.checks}
    assert {step.binding.check for step in steps if step.binding.check} | points == CHECKS.all().keys()
    assert {point.playbook for point in POINTS} <= set(NAMES)
    shown = {action.command for action in ACTIONS.values()}
    shown |= {words for step in steps for words in step.commands if words.startswith("stillwatch ")}
    shown |= {
        words
        for check in CHECKS.all().values()
        for words in check.do.split("`")
        if words.startswith("stillwatch ")
    }
    missing = {" ".join(words.split()[1:3]) for words in shown if not _exists(words.split()[1:])}
    assert missing == set()


def _exists(words: list[str]) -> bool:
    """Whether a command with its options is there."""
    command: click.Command = program
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words.pop(0)) if words else None
        if found is None:
            return False
        command = found
    known = {option for one in command.params for option in one.opts}
    return {word for word in words if word.startswith("--")} <= known


def test_each_check_says_what_is_so_and_what_to_do() -> None:
    for check in CHECKS.all().values():
        assert check.says.endswith("."), check.name
        assert check.do, check.name
        assert check.of_case == (check.subject == "this_case"), check.name


def changed(path: str, value: Any) -> dict[str, Any]:
    """A valid document in which one value is another; None takes it out."""
    found = copy.deepcopy(document(name("action", "a"), action("a")))
    place: Any = found
    *way, last = path.replace("STEP", name("action", "a")).split("/")
    for part in way:
        place = place[int(part) if part.isdigit() else part]
    if value is None:
        del place[last]
    else:
        place[int(last) if last.isdigit() else last] = value
    return found


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("spec_version", "1.1", "spec_version"),
        ("created_by", None, "created_by"),
        ("id", "playbook--1", "id"),
        ("colour", "red", "colour"),
        ("workflow/STEP/colour", "red", "colour"),
        ("workflow/STEP/agent", None, "agent"),
        ("workflow/STEP/commands", [], "commands"),
        ("workflow/STEP/commands/0/colour", "red", "colour"),
        ("workflow/STEP/commands/0", {"type": "sigma"}, "command_b64"),
        ("workflow/STEP/type", "start", "type"),
        ("workflow/nonsense", {"type": "action"}, "nonsense"),
        ("modified", "yesterday", "modified"),
    ],
)
def test_what_the_standard_does_not_allow_is_refused_and_named(path: str, value: Any, told: str) -> None:
    with pytest.raises(PlaybookError, match="no valid playbook") as caught:
        read(changed(path, value))
    assert told in caught.value.where


@pytest.mark.parametrize("kind", ["bash", "ssh", "powershell", "manual"])
def test_commands_of_others_are_valid_and_shown_and_nothing_more(kind: str) -> None:
    found = read(changed("workflow/STEP/commands", [{"type": kind, "command": "touch /tmp/gone"}]))
    step = found.steps[name("action", "a")]
    assert step.commands == ("touch /tmp/gone" if kind == "manual" else f"[{kind}] touch /tmp/gone",)


def test_unknown_bindings_are_a_persons_and_are_told() -> None:
    found = read(document(name("action", "a"), action("a", check="run_recent", do="launch_missiles")))
    binding = found.steps[name("action", "a")].binding
    assert (binding.check, binding.action, binding.unknown) == ("run_recent", "", ("launch_missiles",))


def test_an_extension_that_the_playbook_does_not_define_binds_nothing() -> None:
    told = document(name("action", "a"), action("a", check="run_recent"))
    del told["extension_definitions"]
    assert read(told).steps[name("action", "a")].binding.check == ""


def test_the_page_tells_of_every_check_playbook_and_point() -> None:
    page = (Path(__file__).parents[2] / "docs" / "playbooks.md").read_text(encoding="utf-8")
    for title in NAMES:
        assert f"| `{title}` |" in page
        assert f"| {len(shipped(title).numbered())} |" in page
    for check in CHECKS.all().values():
        assert f"| `{check.name}` | {check.says} |" in page
    for point in POINTS:
        assert f"| {point.number} | {point.title} | {point.source} |" in page
