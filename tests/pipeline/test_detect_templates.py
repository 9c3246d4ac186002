"""Templates in a run of the real command's search: frames with their words, and nothing that too few accounts
wrote.
"""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console
from village import ALONE, SEED, VILLAGE, Ran, beside, everything, run_here

from stillwatch import report
from stillwatch.engine import Engine
from stillwatch.errors import OutOfRoom
from stillwatch.pipeline import Inputs
from stillwatch.pipeline.stages import templates
from stillwatch.schema.keyed import HashKey
from stillwatch.settings import SketchSettings
from stillwatch.simulate.make import Order, make

FEW, LEAST = 19, 20
"""Accounts of the campaign that write one canary, and accounts that must share words."""
OF_FEW, OF_ONE = "zzcanaryfew goes the long way round", "zzcanaryone goes there every single day"
PATTERN = "zzcanary"


def altered(prompt: str, few: bool, one: bool) -> str:
    """The prompt with canaries at both ends and in the middle, inside the slot and outside."""
    words = prompt.split(" ")
    for there, canary in ((few, OF_FEW), (one, OF_ONE)):
        if there:
            words = [canary, *words[: len(words) // 2], canary, *words[len(words) // 2 :], canary]
    return " ".join(words)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A smaller village, whose campaign writes canaries: one account in all its prompts, and one account
    fewer than it takes in all of theirs.
    """
    folder = tmp_path_factory.mktemp("templates")
    (folder / "village.toml").write_text(
        VILLAGE.replace("accounts = 1_800", "accounts = 700"), encoding="utf-8"
    )
    world = folder / "world"
    make(Order(str(folder / "village.toml"), world, scale=1.0, seed=SEED, format="openai_jsonl"))
    operator = sorted(
        row["account_id"] for row in pq.read_table(world / "truth.parquet").to_pylist() if row["campaign"]
    )
    few = set(operator[:FEW])
    for path in sorted((world / "logs").iterdir()):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for row in rows:
            message = row["request"]["messages"][-1]
            message["content"] = altered(
                message["content"], row["account_id"] in few, row["account_id"] == operator[-1]
            )
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    settings = replace(ALONE, sketch=SketchSettings(template_text=True, template_accounts=LEAST))
    run = run_here(Inputs((world / "logs",), key=HashKey.public(), **beside(world)), folder / "run", settings)
    return Ran(run, world)


def test_the_campaigns_frames_are_recovered_with_their_words(ran: Ran) -> None:
    group = next(row["group"] for row in ran.rows("campaigns") if row["campaign"] == "C001")
    frames = [row for row in ran.rows("templates") if row["group"] == group and row["part"] == "frame"]
    shown = [row for row in frames if row["words"]]
    assert len(shown) >= 3
    assert sum(row["share"] for row in frames) > 0.6
    assert any(
        row["length"] > 15 and "{1}" in row["words"] and row["accounts"] + row["accounts_elsewhere"] >= LEAST
        for row in shown
    )
    assert {row["template"] for row in ran.rows("template_keys") if row["group"] == group} == {
        row["key"] for row in frames
    }


def test_without_room_for_them_the_verdicts_stand_and_the_report_says_what_is_missing(
    ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = "the query engine ran out of room: no space left"

    def without_room(engine: Engine, exchanges: object, found: object) -> None:
        raise OutOfRoom(reason)

    monkeypatch.setattr(templates, "uses_of", without_room)
    inputs = Inputs((ran.world / "logs",), key=HashKey.public(), **beside(ran.world))
    bare = Ran(run_here(inputs, tmp_path / "run", ALONE), ran.world)
    assert bare.rows("campaigns") == ran.rows("campaigns")
    assert bare.rows("members") == ran.rows("members")
    assert bare.rows("template_keys") == []
    parts = {row["part"] for row in bare.rows("templates")}
    assert parts
    assert parts <= {"head", "tail"}
    assert max(row["share"] for row in bare.rows("templates")) <= max(
        row["share"] for row in ran.rows("templates")
    )
    assert {"kind": "stage", "name": "templates", "reason": reason, "share": 1.0} in bare.rows("blindness")
    console = Console(width=500, record=True, file=StringIO())
    console.print(report.summary(bare.folder))
    assert f"templates ({reason})" in console.export_text()
    assert f'<td>stage</td><td class="why">{reason}</td>' in (bare.folder / "report.html").read_text(
        encoding="utf-8"
    )


def test_what_too_few_accounts_wrote_is_nowhere(ran: Ran) -> None:
    log = "".join(path.read_text(encoding="utf-8") for path in (ran.world / "logs").iterdir())
    assert log.count(OF_FEW) > 1_000
    assert log.count(OF_ONE) > 50
    assert [
        name
        for name, text in everything(ran.folder)
        if PATTERN in text or "the long way round" in text or "every single day" in text
    ] == []


def test_every_shown_run_of_words_was_written_by_enough_accounts(ran: Ran) -> None:
    said: dict[tuple[str, ...], set[str]] = {}
    for path in (ran.world / "logs").iterdir():
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            words = "".join(
                c if c.isalpha() else " " for c in row["request"]["messages"][-1]["content"].casefold()
            ).split()
            for i in range(len(words) - 3):
                said.setdefault(tuple(words[i : i + 4]), set()).add(row["account_id"])
    checked = 0
    for label in (row["label"] for row in ran.rows("labels") if row["kind"] in ("frame", "head")):
        run: list[str] = []
        for word in label.split():
            run = [*run, word.casefold()] if word.isalpha() else []
            if len(run) >= 4:
                assert len(said[tuple(run[-4:])]) >= LEAST
                checked += 1
    assert checked > 50


def test_the_report_and_the_terminal_say_the_sentence(ran: Ran) -> None:
    document = report.explain_document(ran.folder, "C001")
    first = next(row for row in document["templates"] if row["words"])
    assert first["sentence"].startswith(f"{first['length']}-word frame with ")
    assert "of the group's prompts" in first["sentence"]
    assert f"<strong>{first['length']}-word frame with " in (ran.folder / "report.html").read_text(
        encoding="utf-8"
    )
