"""What the command says: whole help, suggestions, the log, progress on a pipe, sections, JSON and its
times.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from village import ALONE, Ran

from stillwatch import report
from stillwatch.cli import program
from stillwatch.cli._progress import progress
from stillwatch.cli._voice import Voice, Written
from stillwatch.cli.explain import command as explain_command
from stillwatch.iso_time import iso
from stillwatch.pipeline import Inputs, detect
from stillwatch.pipeline.logged import Logged
from stillwatch.schema.keyed import HashKey
from stillwatch.schema.sections import SECTIONS, SHORT
from stillwatch.simulate.scenario import backdrops, shipped_names

HEAVY = ("duckdb", "ibis", "jinja2", "numba", "numpy", "orjson", "pandas", "pyarrow", "rich", "scipy")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")
LOOKS_LIKE_A_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*")


def said(*words: object, expect: int = 0, width: int = 100) -> str:
    done = CliRunner(env={"COLUMNS": str(width)}).invoke(program, [str(word) for word in words])
    assert done.exit_code == expect, done.output
    return done.output if expect else done.stdout


@pytest.mark.parametrize("words", ["--help", "range --help", "intent --help", "run --help", "--version"])
def test_help_imports_nothing_heavy(words: str) -> None:
    script = (
        "import sys; from stillwatch.cli import program;"
        f"program({words.split()!r}, standalone_mode=False);"
        f"sys.exit(' '.join(sorted(set({HEAVY!r}) & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
    assert done.stdout


@pytest.mark.parametrize("width", [60, 100])
@pytest.mark.parametrize("words", [[], ["range"], ["intent"], ["run"]], ids=str)
def test_the_list_of_commands_has_whole_sentences(words: list[str], width: int) -> None:
    shown = said(*words, "--help", width=width)
    listed = shown.partition("Commands:")[2]
    assert "..." not in listed
    names = re.findall(r"^  (\w+)  ", listed, re.MULTILINE)
    ends = re.split(r"^  \w+  ", listed, flags=re.MULTILINE)[1:]
    assert len(names) == len(ends) > 1
    assert all(text.rstrip().endswith(".") for text in ends)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["detct"], "did you mean detect?"),
        (["telegraph"], "known: case, console, detect, explain"),
        (["range", "mak"], "did you mean make?"),
        (["range", "lst"], "did you mean list?"),
        (["detect", "log", "--sttings", "x"], "Did you mean"),
        (["--log-levl", "info"], "Did you mean"),
        (["-v", "-q", "range", "list"], "exclude each other"),
    ],
)
def test_a_mistyped_word_gets_a_suggestion(words: list[str], says: str) -> None:
    assert says in said(*words, expect=2)


def test_scenarios_and_backdrops_are_listed_with_a_sentence() -> None:
    document = json.loads(said("range", "list", "--json"))
    assert [row["name"] for row in document["scenarios"]] == shipped_names()
    assert [row["name"] for row in document["backdrops"]] == backdrops()
    text = " ".join(said("range", "list", width=400).split())
    for row in [*document["scenarios"], *document["backdrops"]]:
        assert row["sentence"].endswith(".")
        assert 20 < len(row["sentence"]) < 250
        assert f"{row['name']} {row['sentence']}" in text


TITLES: dict[str, str | tuple[str, ...]] = {
    "who": ("Who it is", "Its accounts"),
    "do": "What to do",
    "extracting": "What was being extracted",
    "bound": "How many accounts",
    "test": "How sure",
    "permit": "Permit",
    "identity": "Identity",
    "facts": "Who it says it is",
    "volume": "Volume",
    "evidence": ("Evidence:", "Nats by facet"),
    "keys": ("Strongest shared keys", "Shared keys"),
    "signals": "Signals",
    "intents": "What the prompts ask for",
    "templates": "Templates",
    "accounts": "Accounts",
    "crosswalk": "In the words of others",
    "against": ("What speaks against", "What would exonerate"),
    "blind-spots": "Blind spots",
}
"""How the title of a section begins; the axes have none."""


def titles(text: str) -> set[str]:
    """Sections whose title is a line of a text."""
    found = set()
    for line in text.splitlines():
        for name, begin in TITLES.items():
            if line.startswith(begin) and not line.startswith("Evidence against"):
                found.add(name)
    return found


def test_explain_shows_the_sections_asked_for(village_run: Ran) -> None:
    whole = said("explain", village_run.folder, "C001")
    assert titles(whole) >= {"bound", "test", "evidence", "keys", "signals", "accounts", "blind-spots"}
    short = said("explain", village_run.folder, "C001", "--short")
    assert titles(short) == set(SHORT) - {"axes", "facts"}
    assert "deception" in short
    assert "C001" in short
    assert "adversarial" in short
    two = said("explain", village_run.folder, "C001", "--section", "keys", "--section", "accounts")
    assert titles(two) == {"keys", "accounts"}
    assert "deception" not in two.partition("accounts")[2].partition("Strongest")[0]
    assert len(short) + len(two) < len(whole)


def test_explain_shows_the_sections_of_an_account_too(village_run: Ran) -> None:
    account = min(village_run.members("C001"))
    one = said("explain", village_run.folder, account, "--section", "against")
    assert titles(one) == {"against"}
    assert account in one
    assert "exclude" not in one
    assert said("explain", village_run.folder, account, "--short", "--json", expect=2)


def test_the_sections_of_the_option_are_those_of_the_terminal() -> None:
    (option,) = [one for one in explain_command.params if one.name == "sections"]
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == SECTIONS
    assert set(SHORT) <= set(SECTIONS)
    assert {"axes", *TITLES} == set(SECTIONS)


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def test_every_time_of_every_document_has_one_form(village_run: Ran, tmp_path: Path) -> None:
    account = min(village_run.members("C001"))
    documents = [
        village_run.stdout,
        said("explain", village_run.folder, "C001", "--json"),
        said("explain", village_run.folder, account, "--json"),
        (village_run.folder / "run.json").read_text(encoding="utf-8"),
    ]
    found = [
        value
        for text in documents
        for value in leaves(json.loads(text))
        if isinstance(value, str) and LOOKS_LIKE_A_TIME.fullmatch(value)
    ]
    assert len(found) > 10
    assert [time for time in found if not TIME.fullmatch(time)] == []


def test_a_time_is_told_in_utc_with_a_z() -> None:
    east = timezone(timedelta(hours=2))
    assert (
        iso(datetime(2026, 2, 1, 12, tzinfo=east)) == iso(datetime(2026, 2, 1, 10)) == "2026-02-01T10:00:00Z"
    )
    assert iso(datetime(2026, 2, 1, 10, 0, 0, 5, tzinfo=UTC)) == "2026-02-01T10:00:00.000005Z"


def test_the_counts_of_the_document_are_those_of_its_lists_and_of_the_terminal(village_run: Ran) -> None:
    document = json.loads(village_run.stdout)
    campaigns = document["campaigns"]
    listed = [row["campaign"] for row in campaigns if row["listed"]]
    assert document["counts"] == {
        "campaigns": len(campaigns),
        "listed": len(listed),
        "not_listed": len(campaigns) - len(listed),
    }
    console = io.StringIO()
    from rich.console import Console

    Console(file=console, width=200).print(report.summary(village_run.folder))
    shown = console.getvalue()
    assert re.findall(r"^(C\d+)", shown, re.MULTILINE) == listed
    assert re.search(
        rf"\b{len(campaigns) - len(listed)} more groups? (was|were) looked at and (is|are) not "
        r"listed",
        shown,
    )
    members = json.loads(said("explain", village_run.folder, "C001", "--json"))["members"]
    first = next(row for row in campaigns if row["campaign"] == "C001")
    assert len(members) == first["accounts"]


def log_of(*words: str, log: Path) -> list[str]:
    """Lines on stderr of a detection with global options."""
    out = log.parent / "out"
    done = subprocess.run(
        [sys.executable, "-m", "stillwatch", *words, "detect", str(log), "--out", str(out), "--force"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()


def test_the_log_tells_each_stage_with_counts_and_seconds(small_log: Path) -> None:
    rows = [json.loads(line) for line in log_of("-v", "--log-format", "json", log=small_log)]
    assert all(TIME.fullmatch(row["time"].replace(".", ".000")) for row in rows)
    assert {row["logger"].partition(".")[0] for row in rows} == {"stillwatch"}
    assert {row["level"] for row in rows} <= {"info", "warning"}
    stages = {row["stage"]: row for row in rows if "stage" in row}
    assert stages["reading logs"]["count"] == 1
    assert all(row["seconds"] >= 0 for row in stages.values())
    read = next(row for row in rows if row["message"] == "logs read")
    assert (read["files"], read["rows"], read["bad_rows"], read["accounts"]) == (1, 12, 0, 3)
    told = log_of(log=small_log)
    # A slow machine tells its progress; a record begins with its time instead.
    assert [line for line in told if not line.startswith("stillwatch: ")] == [], "quiet by default"


def test_a_record_as_text_is_one_line_with_its_counts() -> None:
    record = logging.makeLogRecord(
        {
            "name": "stillwatch.detect",
            "levelname": "INFO",
            "msg": "logs read",
            "created": 0.0,
            "msecs": 0.0,
            "rows": 12,
        }
    )
    assert (
        Written("text").format(record)
        == "1970-01-01T00:00:00.000Z info    stillwatch.detect: logs read rows=12"
    )


def test_a_library_is_quiet_unless_somebody_listens(
    small_log: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    detect(Inputs((small_log,), key=HashKey.public()), small_log.parent / "run", ALONE, lambda *_: None)
    assert capfd.readouterr() == ("", "")


def test_stages_begin_and_end_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    moves: list[tuple[str, int, int]] = []
    with caplog.at_level(logging.DEBUG, "stillwatch"), Logged(lambda *move: moves.append(move)) as move:
        move("one", 0, 2)
        move("one", 2, 2)
        move("two", 0, 0)
    told = [(record.message, vars(record)["stage"], vars(record).get("count")) for record in caplog.records]
    assert told == [("begun", "one", None), ("done", "one", 2), ("begun", "two", None), ("done", "two", 0)]
    assert moves == [("one", 0, 2), ("one", 2, 2), ("two", 0, 0)]
    caplog.clear()

    def fail(_step: str, _done: int, _total: int) -> None:
        raise ValueError("dear diary")

    with caplog.at_level(logging.INFO, "stillwatch"), pytest.raises(ValueError), Logged(fail) as move:
        move("three", 0, 0)
    (record,) = caplog.records
    assert (vars(record)["stage"], vars(record)["error"]) == ("three", "ValueError")
    assert "diary" not in Written("json").format(record)


def test_an_exception_in_the_log_is_named_and_not_quoted() -> None:
    try:
        raise KeyError("dear diary")
    except KeyError:
        record = logging.LogRecord("stillwatch.x", logging.ERROR, "", 0, "failed", (), sys.exc_info())
    for form in ("text", "json"):
        line = Written(form).format(record)
        assert "KeyError" in line
        assert "diary" not in line
        assert "\n" not in line


@pytest.mark.parametrize(("quiet", "lines"), [(False, 2), (True, 0)])
def test_a_pipe_gets_a_line_of_progress_every_few_seconds(
    monkeypatch: pytest.MonkeyPatch, quiet: bool, lines: int
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    heard = io.StringIO()
    with redirect_stderr(heard), click.Context(program, obj=Voice(quiet=quiet)), progress() as move:
        for second in range(12):
            now[0] = 100.0 + second
            move("reading\x1b[31m logs", second, 30)
    told = heard.getvalue().splitlines()
    assert len(told) == lines
    if told:
        assert told[0] == "stillwatch: reading·[31m logs, 5 of 30"


def test_quiet_leaves_notes_out(small_log: Path) -> None:
    words = ("detect", small_log, "--public-key", "--force", "--out", small_log.parent / "run")
    for options, heard in (([], True), (["-q"], False)):
        done = CliRunner().invoke(program, [*options, *map(str, words)])
        assert done.exit_code == 0
        assert ("protects nobody" in done.stderr) == heard


def test_watch_counts_alarms_and_not_their_rows(village_run: Ran, tmp_path: Path) -> None:
    run = shutil.copytree(village_run.folder, tmp_path / "run")
    document = json.loads(said("watch", run, "--every", "3", "--json"))
    assert document["counts"]["alarms"] == len({row["alarm"] for row in document["alarms"]})
    assert document["counts"]["searches"] == len(document["days"])
    assert all(TIME.fullmatch(row["until"]) for row in document["days"])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_verbs_and_options(shell: str) -> None:
    def completed(*words: str, asked: str) -> str:
        variables = {"_STILLWATCH_COMPLETE": f"{shell}_{asked}", "COMP_WORDS": " ".join(words)}
        more = {"COMP_CWORD": words[-1] if shell == "fish" else str(len(words) - 1)} if words else {}
        done = subprocess.run(
            [sys.executable, "-m", "stillwatch"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **variables, **more},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "_STILLWATCH_COMPLETE" in completed(asked="source")
    assert "explain" in completed("stillwatch", "ex", asked="complete")
    assert "--section" in completed("stillwatch", "explain", "--se", asked="complete")
