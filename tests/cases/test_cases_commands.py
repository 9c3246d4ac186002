"""`stillwatch case` as a person calls it."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from case_runs import Group, Sealed, sealed
from click.testing import CliRunner

from stillwatch.cli import program
from stillwatch.errors import EXIT_CHANGED, EXIT_MISSING_EXTRA, CaseError, StillwatchError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a run in it, in which commands are called."""
    monkeypatch.chdir(tmp_path)
    sealed(tmp_path / "run", Sealed("run-1", [Group("camp-a"), Group("camp-b", 30)]))
    return tmp_path


def case(*words: object, code: int = 0) -> str:
    done = CliRunner().invoke(program, ["case", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def refused(*words: object) -> StillwatchError:
    with pytest.raises(StillwatchError) as caught:
        CliRunner().invoke(program, ["case", *map(str, words)], catch_exceptions=False)
    assert caught.value.do
    return caught.value


def documents(*words: object, code: int = 0) -> Any:
    return json.loads(case(*words, "--json", code=code).splitlines()[-1])


BY = ("--by", "Anna", "--reason", "so")


@pytest.mark.usefixtures("here")
def test_a_case_by_command_from_run_to_labels() -> None:
    assert "case 1: opened" in case("sync", "run")
    assert "case 1: unchanged" in case("sync", "run")
    assert [row["id"] for row in documents("list")] == [1, 2]
    case("assign", 1, "Anna", "--by", "Anna")
    case("note", 1, "first look", "--by", "Anna")
    case("tag", 1, "relay", "vip", "--by", "Anna")
    case("tag", 1, "--remove", "vip", "--by", "Anna")
    case("deadline", 1, "2026-01-01", "--by", "Anna")
    case("link", 1, "related", 2, "--by", "Anna")
    case("move", 2, "investigating", *BY)
    case("move", 2, "awaiting-second-review", *BY)
    case("review", 2, "--agree", "--by", "Bela", "--reason", "yes")
    case("snooze", 1, "--until", "2100-01-01", *BY)
    assert [row["id"] for row in documents("list")] == [2]
    assert [row["id"] for row in documents("list", "--all")] == [1, 2]
    assert [row["id"] for row in documents("list", "--all", "--tag", "relay", "--overdue")] == [1]
    assert [row["id"] for row in documents("list", "--all", "--assignee", "ANNA")] == [1]
    assert [row["id"] for row in documents("list", "--state", "acting")] == [2]
    assert documents("list", "--kind", "victim") == []
    case("snooze", 1, "--wake", *BY)
    case("decide", 2, Group("camp-b", 30).accounts()[0], "permit found", "--permit", "licence-1", *BY)
    case("close", 1, "not distillation", *BY)
    told = documents("labels", "--out", "labels.toml")
    assert [len(told[name]) for name in ("campaign", "account", "permit")] == [1, 1, 1]
    assert Path("labels.toml").read_text(encoding="utf-8").startswith("version = 1\n")
    assert "1 of 1 overturned" in case("report", "precision")
    shown = case("show", 1, "--events", "--evidence", "kept")
    assert "closed as not distillation" in shown
    assert "first look" in shown
    assert Path("kept/run.json").exists()
    assert documents("show", 2)["approved_by"] == "Bela"


@pytest.mark.usefixtures("here")
def test_csv_is_safe_for_spreadsheets() -> None:
    case("sync", "run")
    case("assign", 1, "=HYPERLINK(1)", "--by", "Anna")
    rows = list(csv.DictReader(io.StringIO(case("list", "--csv"))))
    assert rows[0]["assignee"] == "'=HYPERLINK(1)"
    assert rows[1]["accounts"] == "30"


@pytest.mark.usefixtures("here")
def test_the_audit_by_command() -> None:
    case("sync", "run")
    assert documents("audit", "checkpoint", "--out", "kept.json")["seq"] == 2
    assert documents("audit", "verify", "--checkpoint", "kept.json")["holds"] is True
    assert Path("CASES.db.key").stat().st_mode & 0o777 == 0o600
    with sqlite3.connect("CASES.db") as database:
        database.execute("UPDATE cases SET assignee = 'Mallory' WHERE id = 2")
    database.close()
    assert "case 2: edited without an event: assignee is Mallory" in case(
        "audit", "verify", code=EXIT_CHANGED
    )
    assert len(documents("audit", "rebuild", "--check", code=EXIT_CHANGED)["left"]) == 1
    assert "mended" in case("audit", "rebuild")
    assert documents("audit", "verify")["faults"] == []


@pytest.mark.usefixtures("here")
def test_a_store_is_copied_and_upgraded_by_command() -> None:
    case("sync", "run")
    assert documents("backup", "copy.db")["bytes"] > 0
    assert "already" in case("upgrade")
    assert documents("list", "--db", "copy.db") == documents("list")


@pytest.mark.usefixtures("here")
def test_mistakes_are_told_and_conflicts_have_a_code_of_their_own() -> None:
    assert "no cases here" in refused("list").what
    case("sync", "run")
    case("assign", 1, "Anna", "--by", "Anna")
    assert refused("assign", 1, "Bela", "--by", "Bela").exit_code == 6
    assert refused("move", 1, "triage", "--version", 1, *BY).exit_code == 6
    assert isinstance(refused("show", 99), CaseError)
    assert "did you mean" in refused("move", 1, "triag", *BY).do
    assert refused("list", "--db", "postgresql://me:secret@127.0.0.1:1/none").where.count("secret") == 0
    done = CliRunner().invoke(program, ["case", "move", "1", "triage", "--by", "Anna"])
    assert done.exit_code == 2
    assert "--reason" in done.output


@pytest.mark.parametrize("name", ["sqlalchemy", "alembic", "cryptography"])
def test_a_part_that_is_not_installed_is_told(name: str) -> None:
    call = f"import sys; sys.modules[{name!r}] = None; sys.argv = ['stillwatch', 'case', 'list']; "
    done = subprocess.run(
        [sys.executable, "-c", call + "from stillwatch.cli import main; main()"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == EXIT_MISSING_EXTRA, done.stderr
    assert "pip install 'stillwatch[cases]'" in done.stderr
