"""The commands of `stillwatch guard` that publish, decide and show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from guard_runs import Found, Licence, Member, World, made_run
from guard_states import rewritten
from small_runs import small_logs

from stillwatch.cli import program
from stillwatch.errors import EXIT_CHANGED, StillwatchError
from stillwatch.guard.publish import publish
from stillwatch.guard.published import PublishedState
from stillwatch.response.ladder import Permission

BY = ("--by", "Ann", "--reason", "we looked")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    world = World(["a", "b"], [Found("camp-a", [Member("a"), Member("b")])], [Licence("licence", ["b"])])
    made_run(tmp_path / "run", world)
    told = asked("publish", tmp_path / "run", "--to", tmp_path / "state")
    assert (told["version"], told["counts"]["named"], told["carried"]) == (1, 2, False)
    return tmp_path / "state"


def asked(*words: object, code: int = 0) -> Any:
    """Call the command with --json; returns the document."""
    done = CliRunner().invoke(program, ["-q", "guard", *map(str, words), "--json"])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def refused(*words: object) -> str:
    done = CliRunner().invoke(program, ["guard", *map(str, words)])
    assert isinstance(done.exception, StillwatchError), done.output
    return str(done.exception)


def known(state: Path, account: str) -> Any:
    import time

    opened = PublishedState(state, watch=False)
    found = opened.known(account, "m", time.time())
    opened.close()
    assert found is not None
    return found


def test_each_decision_is_written_down_with_who_and_why_and_works(state: Path) -> None:
    to = ("--state", state, *BY)
    entry = asked("exempt", "a", "--as", "evaluator", "--until", "2999-01-01", *to)
    assert (entry["kind"], entry["data"], entry["actor"], entry["reason"]) == (
        "exempt", {"as": "evaluator"}, "Ann", "we looked",
    )  # fmt: skip
    assert entry["expires"] == "2999-01-02T00:00:00Z", "with the end of that day"
    assert known(state, "a").account.exempt
    asked("end", entry["seq"], *to)
    assert not known(state, "a").account.exempt
    asked("hold", "camp-a", *to)
    assert known(state, "b").account.held
    asked("appeal", "uphold", "a", "--decision", "0" * 32, *to)
    assert known(state, "a").account.exempt
    asked("permit", "issue", "pilot", "--account", "a", "--account", "new", "--until", "2999-01-01", *to)
    assert known(state, "new").permission is Permission.COVERS
    assert known(state, "new").permit == "pilot"
    asked("permit", "revoke", "pilot", *to)
    assert known(state, "new").permission is Permission.REVOKED
    asked("undo", "0" * 32, "--account", "b", *to)
    asked("undo", "camp-a", *to)
    told = asked("journal", state)
    assert [row["kind"] for row in told] == [
        "exempt", "end", "hold", "appeal", "permit", "revoke", "undo", "undo",
    ]  # fmt: skip
    checked = asked("journal", state, "--verify", "--head", told[3]["hash"])
    assert (checked["entries"], checked["holds"]) == (8, True)
    found = asked("status", state)
    assert (found["fresh"], found["version"], found["entries"], found["problems"]) == (True, 1, 8, {})
    assert found["in force"]["campaigns cleared"] == 1


def test_a_journal_that_was_changed_has_an_exit_code_of_its_own(state: Path) -> None:
    asked("exempt", "a", "--state", state, *BY)
    rewritten(state / "journal.db", "UPDATE entries SET actor = 'Bob'")
    checked = asked("journal", state, "--verify", code=EXIT_CHANGED)
    assert (checked["entries"], checked["fault"]) == (0, "entry 1 was changed")
    assert asked("status", state)["fresh"] is False


def test_a_head_that_is_not_there_tells_that_entries_are_missing(state: Path) -> None:
    checked = asked("journal", state, "--head", "f" * 64, code=EXIT_CHANGED)
    assert "no entry has the hash" in checked["fault"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("undo", "camp-x"), "did you mean camp-a"),
        (("hold", "camp-x"), "no campaign camp-x"),
        (("permit", "revoke", "licenze"), "did you mean licence"),
        (("permit", "issue", "x", "--account", "a"), "a permit names accounts or an organisation, and ends"),
        (("permit", "issue", "x", "--until", "2999-01-01"), "a permit names accounts"),
        (("undo", "0" * 32), "do not tell whom the decision was about"),
        (("exempt", "a", "--until", "2020-01-01"), "the end has passed already"),
        (("exempt", " "), "no name"),
        (("end", "7"), "no entry of that number"),
    ],
)
def test_a_mistake_is_said_and_nothing_is_written(state: Path, words: tuple[str, ...], says: str) -> None:
    assert says in refused(*words, "--state", state, *BY)
    assert asked("journal", state) == []


def test_what_is_not_known_can_be_written_down_all_the_same(state: Path) -> None:
    asked("undo", "camp-x", "--force", "--state", state, *BY)
    asked("permit", "revoke", "later", "--force", "--state", state, *BY)
    assert len(asked("journal", state)) == 2


def test_lines_for_people(state: Path, tmp_path: Path) -> None:
    run = CliRunner()
    said = run.invoke(program, ["guard", "exempt", "stranger", "--state", str(state), *BY])
    assert "does not have 1 of the accounts, as stranger" in said.stderr
    assert said.stdout.startswith("entry 1: exempt account:")
    lines = run.invoke(program, ["guard", "journal", str(state)]).stdout
    assert "Ann: we looked" in lines
    lines = run.invoke(program, ["guard", "status", str(state)]).stdout
    assert "version    1" in lines
    lines = run.invoke(program, ["guard", "publish", str(tmp_path / "run"), "--to", str(state)]).stdout
    assert lines.startswith(
        "published as version 2: 2 accounts, 2 named in 1 campaign, 1 permit; stale from "
    )


def test_no_state_and_no_run_are_said(tmp_path: Path) -> None:
    assert "there is no such state" in refused("status", tmp_path / "none")
    assert "there is no such state" in refused("exempt", "a", "--state", tmp_path / "none", *BY)
    assert "no such run folder" in refused("publish", tmp_path / "none", "--to", tmp_path / "state")
    assert not (tmp_path / "state").exists()
    made_run(tmp_path / "run", World(["a"]))
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(StillwatchError, match="a file stands where the state"):
        publish(tmp_path / "run", tmp_path / "file")
    assert "no usable number of hours" in refused(
        "publish", tmp_path / "run", "--to", tmp_path / "state", "--expires", "0"
    )


def test_detect_and_watch_publish_the_run_that_they_wrote(tmp_path: Path) -> None:
    logs, run, state = small_logs(tmp_path / "logs"), tmp_path / "run", tmp_path / "state"
    call = CliRunner().invoke
    words = ["-q", "detect", str(logs), "--out", str(run), "--public-key", "--publish", str(state), "--json"]
    done = call(program, words)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)["published"]
    about = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert (told["version"], told["run"], told["run_digest"]) == (1, about["id"], about["digest"])
    assert told["counts"]["accounts"] == about["accounts"]
    done = call(program, ["-q", "watch", str(run), "--publish", str(state), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["published"]["version"] == 2
    done = call(program, ["-q", "watch", str(run), "--publish", str(state)])
    assert "published as version 3" in done.stdout
