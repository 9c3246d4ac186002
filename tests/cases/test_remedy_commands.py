"""Plans, letters and appeals as a person calls them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from case_runs import Group, Sealed, sealed
from click.testing import CliRunner
from remedy_stores import SMALL

from stillwatch.cli import program
from stillwatch.errors import EXIT_USER, StillwatchError
from stillwatch.guard.publish import publish

BY = ("--by", "Anna", "--reason", "so")
OTHER = ("--by", "Chi", "--reason", "looked again")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a case that may be acted on, a state and settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STILLWATCH_STATE", "state")
    run = sealed(tmp_path / "run", Sealed("run-1", [SMALL]))
    publish(run, tmp_path / "state")
    (tmp_path / "s.toml").write_text('[cases]\nappeal_url = "https://example.org/a/"\n', encoding="utf-8")
    case("sync", "run")
    case("move", 1, "investigating", *BY)
    case("move", 1, "acting", *BY)
    return tmp_path


def case(*words: object, code: int = 0) -> str:
    done = CliRunner().invoke(program, ["case", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.stdout


def documents(*words: object, code: int = 0) -> Any:
    return json.loads(case(*words, "--json", code=code).splitlines()[-1])


@pytest.mark.usefixtures("here")
def test_from_plan_to_restoration_by_command() -> None:
    assert "1.s1  slow   restrict slow: planned" in case("plan", 1, *BY)
    dry = case("carry-out", 1, "--through", "block", "--dry-run", *BY)
    assert "it would write 3 entries of the journal, 1 messages, 3 drafts, and touch 5 accounts" in dry
    assert documents("plan-show", 1)[0]["state"] == "planned"
    assert "restrict slow: done until" in case("carry-out", 1, "--through", "slow", *BY)
    assert documents("carry-out", 1, "--through", "block", "--dry-run", *BY)["entries"] == 2
    (draft,) = documents("letters", 1)
    assert "[[appeal-link]]" in case("letter", "show", draft["id"])
    case("letter", "approve", draft["id"], *OTHER)
    assert documents("letter", "send", draft["id"], *OTHER, "--settings", "s.toml")["queued"] == 5
    notice = documents("letter", "show", draft["id"])["notices"][0]
    link = case("letter", "link", notice["id"], "--settings", "s.toml").strip()
    assert link.startswith("https://example.org/a/")
    Path("words").write_text("We are a class.", encoding="utf-8")
    opened = documents("appeal", "open", link.rpartition("/")[2], "words")
    assert opened["due"].endswith("Z")
    assert [one["id"] for one in documents("appeals", "--open")] == [opened["id"]]
    assert case("appeal", "text", opened["id"], *OTHER).strip() == "We are a class."
    assert "decided by Anna" in case("appeal", "show", opened["id"])
    assert documents("pending")["appeals"] == [opened["id"]]
    assert "restoration done" in case(
        "appeal", "answer", opened["id"], "overturn", "--compensation", "a month", *OTHER
    )
    assert "compensation: a month" in case("appeal", "show", opened["id"])
    assert "all: 1 of 5 wrong, 20.0% (0.5% to 71.6%)" in case("report", "wrongful")
    assert documents("report", "wrongful")["accounts"][0]["stage"] == "slow"
    assert "erased" in case("appeal", "erase", opened["id"], *OTHER)
    assert case("resume").strip() == "nothing was left half-done"
    assert "undone" in case("undo", 1, *OTHER)
    assert documents("audit", "verify")["holds"] is True


@pytest.mark.usefixtures("here")
def test_what_was_taken_and_what_comes_back(tmp_path: Path) -> None:
    case("plan", 1, *BY)
    assert "500 exchanges" in case("taint", 1)
    assert len(documents("taint", 1)["takers"]) == 5
    case("carry-out", 1, "--through", "slow", *BY)
    assert "share, done" in case("share", 1, *BY)
    later = sealed(tmp_path / "later", Sealed("run-9", [Group("camp-new", 3, keys=(12,))], day=900))
    assert "1 of 2 marks came back" in case("measure", 1, later, *BY)


@pytest.mark.usefixtures("here")
def test_a_dismissal_says_what_to_run() -> None:
    case("plan", 1, *BY)
    case("carry-out", 1, "--through", "slow", *BY)
    done = CliRunner().invoke(program, ["case", "close", "1", "not distillation", *BY])
    assert "stillwatch case plan 1" in done.stderr
    assert documents("pending")["restore"] == [1]
    case("plan", 1, *BY)
    assert "take back : done" in case("carry-out", 1, *BY)


def test_mistakes_are_told(here: Path) -> None:
    def refused(*words: object) -> StillwatchError:
        with pytest.raises(StillwatchError) as caught:
            case(*words)
        assert caught.value.do
        return caught.value

    assert "has no plan" in refused("plan-show", 1).what
    assert "no such letter" in refused("letter", "show", "9.l9").what
    assert "no such appeal" in refused("appeal", "show", "9.a9").what
    assert "not known" in refused("appeal", "open", "x", here / "s.toml").what
    case("plan", 1, *BY)
    assert "no such step" not in case("plan-show", 1, "--all")
    assert refused("carry-out", 1, "--version", 1, *BY).exit_code == 6
    (here / "letters").mkdir()
    (here / "letters" / "restricted.txt").write_text("no subject", encoding="utf-8")
    (here / "s.toml").write_text(f'[cases]\nletters = "{here / "letters"}"\n', encoding="utf-8")
    out = case("carry-out", 1, "--through", "slow", *BY, "--settings", "s.toml", code=EXIT_USER)
    assert "stopped: a letter begins with" in out
