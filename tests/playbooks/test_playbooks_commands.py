"""`stillwatch playbook` and `stillwatch readiness` as a person calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from case_runs import Group, Sealed, sealed
from click.testing import CliRunner
from playbook_files import action, document, name

from stillwatch.cases import Cases
from stillwatch.cli import program
from stillwatch.errors import EXIT_MISSING, CaseError, PlaybookError, StillwatchError
from stillwatch.playbooks import Playbooks
from stillwatch.playbooks.readiness import NOT_READ, POINTS
from stillwatch.playbooks.shipped import NAMES

RUN = ("--run", "run")
BY = ("--by", "Anna")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a run and its cases in it, in which commands are called."""
    monkeypatch.chdir(tmp_path)
    run = sealed(tmp_path / "run", Sealed("run-1", [Group("camp-a"), Group("camp-b", 30)]))
    with Cases("CASES.db", create=True) as cases:
        cases.sync(run)
    return tmp_path


def called(*words: object, code: int = 0) -> str:
    done = CliRunner().invoke(program, [*map(str, words)], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def told(*words: object, code: int = 0) -> Any:
    return json.loads(called(*words, "--json", code=code).splitlines()[-1])


def refused(*words: object) -> StillwatchError:
    with pytest.raises(StillwatchError) as caught:
        CliRunner().invoke(program, [*map(str, words)], catch_exceptions=False)
    assert caught.value.do
    return caught.value


def own(**more: Any) -> Path:
    """A file of an operator's own."""
    steps = action("a", name("action", "b"), check="case_taken"), action("b", do="unheard_of")
    Path("own.json").write_text(json.dumps(document(name("action", "a"), *steps) | more), encoding="utf-8")
    return Path("own.json")


def test_playbooks_are_listed_and_shown() -> None:
    assert [one["playbook"] for one in told("playbook", "list")] == list(NAMES)
    assert "Mitigate a distillation campaign" in called("playbook", "list")
    for title in NAMES:
        shown = told("playbook", "show", title)
        assert [step["number"] for step in shown["steps"]] == list(range(1, len(shown["steps"]) + 1))
        text = called("playbook", "show", title)
        assert all(f"{step['number']:>3}  {step['name']}" in text for step in shown["steps"])
    assert "no playbook 'mitigat'" in refused("playbook", "show", "mitigat").what
    assert "one playbook must be named" in refused("playbook", "show").what


def test_a_file_of_ones_own_is_validated() -> None:
    path = own()
    assert told("playbook", "validate", path)["unknown"] == ["unheard_of"]
    assert "a person does that step" in called("playbook", "validate", path)
    assert called("playbook", "show", "--file", path).startswith("A test")
    assert "spec_version" in refused("playbook", "validate", own(spec_version="1.0")).where


def test_a_playbook_by_command_from_begin_to_end() -> None:
    begun = told("playbook", "run", "--file", own(), "--case", 1, *RUN, *BY)
    assert (begun["playbook"], begun["number"], begun["missing"], begun["next"]) == ("own.json", 1, [1], [1])
    assert told("playbook", "run", "--file", own(), "--case", 1, *BY)["number"] == 1
    text = called("playbook", "status", 1, *RUN, code=EXIT_MISSING)
    assert "missing since" in text
    assert "case assign CASE NAME" in text
    assert "comes later" in refused("playbook", "step", 1, 2, "done", "--reason", "so", *BY).what
    called("case", "assign", 1, "Anna", *BY)
    called("playbook", "status", 1)
    done = told("playbook", "step", 1, 2, "done", "--reason", "done by hand", *BY)
    assert done["state"] == "done"
    assert done["steps"][1]["unknown"] == ["unheard_of"]
    assert done["steps"][1]["mark"]["by"] == "Anna"
    assert told("playbook", "status", 1)[0]["state"] == "done"
    assert "by Anna: done by hand" in called("playbook", "status", 1)
    called("playbook", "run", "identify", "--case", 1, "--reason", "an alarm rang", *RUN, *BY)
    ended = told("playbook", "end", 1, "--reason", "another way", *BY)
    assert (ended["number"], ended["state"]) == (2, "ended")
    called("case", "audit", "verify")
    called("case", "audit", "rebuild", "--check")
    with Cases("CASES.db") as cases:
        topics = [one.topic for one in cases.outbox.deliveries()]
    assert [topics.count(f"playbook.{word}") for word in ("begun", "done")] == [2, 1]


def test_nothing_begun_is_told() -> None:
    assert "no playbook was begun" in called("playbook", "status", 1)
    assert "no playbook was begun" in refused("playbook", "end", 1, "--reason", "so", *BY).what
    assert isinstance(refused("playbook", "status", 9), CaseError)
    assert isinstance(refused("playbook", "status", 1, "--run-number", 3), PlaybookError)


def test_no_command_of_a_playbook_is_ever_run(monkeypatch: pytest.MonkeyPatch) -> None:
    mark = Path("executed").resolve()
    told_one, step = action("a", commands=[{"type": "bash", "command": f"touch {mark}"}])
    path = Path("evil.json")
    path.write_text(json.dumps(document(told_one, (told_one, step))), encoding="utf-8")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something is run")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr("os.system", refuse)
    called("playbook", "run", "--file", path, "--case", 1, *BY)
    called("playbook", "step", 1, 1, "done", "--reason", "so", *BY)
    assert not mark.exists()


def test_export_gives_back_what_was_read() -> None:
    called("playbook", "export", "share", "--out", "share.json")
    ours = told("playbook", "show", "share")
    assert told("playbook", "validate", "share.json")["sha256"] == ours["sha256"]
    called("playbook", "run", "share", "--case", 1, *BY)
    called("playbook", "export", "--case", 1, "--out", "frozen.json")
    assert Path("frozen.json").read_bytes() == Path("share.json").read_bytes()


def test_readiness_says_what_is_here_and_what_is_not() -> None:
    found = told("readiness", *RUN, "--db", "CASES.db", code=EXIT_MISSING)
    assert [point["number"] for point in found["points"]] == list(range(1, 13)) == [p.number for p in POINTS]
    assert (found["ready"], found["note"]) == (False, NOT_READ)
    assert sum(found["counts"].values()) == 12
    one = found["points"][2]
    assert one["holds"] == "missing"
    assert one["missing_since"]
    again = told("readiness", *RUN, "--db", "CASES.db", code=EXIT_MISSING)
    assert again["points"][2]["missing_since"] == one["missing_since"]
    text = called("readiness", *RUN, "--db", "CASES.db", code=EXIT_MISSING)
    assert " ".join(NOT_READ.split()) in " ".join(text.split())
    assert "was not read" in called("readiness", "--help").replace("\n", " ")


def test_readiness_without_cases_keeps_nothing() -> None:
    found = told("readiness", *RUN, code=EXIT_MISSING)
    assert {point["missing_since"] for point in found["points"]} == {None}
    assert found["points"][8]["holds"] == "cannot tell"


def test_readiness_is_zero_where_all_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    from stillwatch.playbooks import readiness

    monkeypatch.setattr(readiness, "POINTS", tuple(point for point in POINTS if point.number == 12))
    Path("settings.toml").write_text('[playbooks]\nrestrictions_statement = "terms, 4"\n', encoding="utf-8")
    assert told("readiness", "--settings", "settings.toml")["ready"] is True
    assert told("readiness", code=EXIT_MISSING)["ready"] is False


def test_readiness_may_be_a_little_old(here: Path) -> None:
    with Cases(here / "CASES.db") as cases:
        playbooks = Playbooks(cases, run=here / "run")
        first = playbooks.readiness()
        assert playbooks.readiness(within=60.0) is first
        assert playbooks.readiness() is not first


def test_without_the_extra_the_command_says_what_to_install() -> None:
    code = (
        "import sys\n"
        "from importlib import util\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'jsonschema' else found(name, *rest)\n"
        "import importlib.util\n"
        "sys.argv = ['stillwatch', 'playbook', 'list']\n"
        "from stillwatch.cli import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "stillwatch[playbooks]" in done.stderr
