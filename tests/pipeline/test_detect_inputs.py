"""What becomes of bad rows, duplicates, an edge log that contradicts, missing prompts and missing papers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from village import ALONE, SEED, Ran, Row, beside, run_here, small_row

from stillwatch import report
from stillwatch.pipeline import Inputs, detect
from stillwatch.registry import FACETS, SIGNALS
from stillwatch.settings import SketchSettings
from stillwatch.simulate.make import Order, make

AGENT = "Edge/1.0"


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Two small files: bad rows, a request told twice, the first time without words, and one in both files;
    an edge log for a part of it.
    """
    folder = tmp_path_factory.mktemp("mixed")
    mute = {"request": {"model": "wren-1"}, "response": {"status_code": 200}}
    first = [*(small_row(i) for i in range(10)), small_row(10, **mute), small_row(10), {"time": "never"}]
    second = [
        small_row(3),
        small_row(20, time="2026-03-03T23:59:59.999999Z"),
        small_row(21, time="2031-01-01T00:00:00Z"),
    ]
    for name, rows in (("one.jsonl", first), ("two.jsonl", second)):
        (folder / name).write_text("\n".join(json.dumps(row) for row in rows) + "\n{cut", encoding="utf-8")
    edge = [
        {"request_id": f"q{i}", "client_ip": "203.0.113.9", "user_agent": AGENT} for i in (*range(5), 20)
    ] + [{"request_id": "elsewhere"}]
    edge.append({"request_id": "q4", "region": "north"})
    (folder / "edge.jsonl").write_text("\n".join(json.dumps(row) for row in edge), encoding="utf-8")
    (folder / "accounts.csv").write_text(
        "account_id,created,plan\nsmall-0,2026-01-01,api\nsleeping,soon,free\n", encoding="utf-8"
    )
    given = Inputs(
        (folder / "one.jsonl", folder / "two.jsonl"),
        "openai_jsonl",
        edge=folder / "edge.jsonl",
        accounts=folder / "accounts.csv",
    )
    return Ran(run_here(given, folder / "run"), folder)


def exchanges(ran: Ran) -> dict[str, Row]:
    rows = [
        row
        for path in sorted(ran.folder.rglob("day=*/*.parquet"))
        for row in pq.ParquetFile(path).read().to_pylist()
    ]
    assert len({row["request_id"] for row in rows}) == len(rows)
    return {row["request_id"]: row for row in rows}


def test_each_request_is_kept_once_and_the_telling_with_words_wins(mixed: Ran) -> None:
    found = exchanges(mixed)
    assert set(found) == {f"q{i}" for i in range(11)} | {"q20"}
    assert found["q10"]["has_text"]


def test_the_quarantine_names_file_row_and_reason(mixed: Ran) -> None:
    kept = {(row["file"], row["row"], row["column"]) for row in mixed.rows("quarantine")}
    assert kept == {
        ("one.jsonl", 13, "time"),
        ("one.jsonl", 14, ""),
        ("two.jsonl", 3, "time"),
        ("two.jsonl", 4, ""),
    }
    assert all(row["reason"] for row in mixed.rows("quarantine"))
    about = mixed.about()
    assert (about["exchanges"], about["quarantined"], about["merged"]) == (12, 4, 2)
    assert {"column": "created", "reason": "no time that can be read: left out", "count": 1} in about[
        "mended"
    ]


def test_days_part_at_midnight_of_the_last_microsecond(mixed: Ran) -> None:
    assert sorted(path.name for path in (mixed.folder / "exchanges").iterdir()) == [
        "day=2026-03-02",
        "day=2026-03-03",
    ]


def test_the_edge_speaks_first_and_only_of_what_it_saw(mixed: Ran) -> None:
    found = exchanges(mixed)
    seen = [found[f"q{i}"] for i in (*range(5), 20)]
    assert len({row["address"] for row in seen}) == 1
    assert all(row["address"] is not None and row["client"] is not None for row in seen)
    assert all(found[f"q{i}"]["address"] is None for i in range(5, 11))
    assert {row["label"] for row in mixed.rows("labels") if row["kind"] == "client"} == {AGENT}


def test_two_lines_of_the_edge_on_one_request_are_put_together(mixed: Ran) -> None:
    assert {request for request, row in exchanges(mixed).items() if row["region"] == "north"} == {"q4"}
    assert exchanges(mixed)["q4"]["client"] is not None


def test_accounts_of_the_file_and_of_the_log_are_known(mixed: Ran) -> None:
    known = {row["account_id"]: row for row in mixed.rows("accounts")}
    assert set(known) == {"small-0", "small-1", "small-2", "sleeping"}
    assert known["small-0"]["plan"] == "api"
    assert known["small-1"]["plan"] is None


def test_what_is_missing_is_told_as_blindness(mixed: Ran) -> None:
    blind = {(row["kind"], row["name"]): row["share"] for row in mixed.rows("blindness")}
    assert blind["facet", "ja4"] == blind["facet", "payment"] == blind["signal", "shared_payment"] == 1.0
    assert 0.0 < blind["facet", "address"] < 1.0
    assert ("stage", "alike") not in blind
    assert mixed.rows("campaigns") == []
    page = (mixed.folder / "report.html").read_text(encoding="utf-8")
    assert "payment" in page


def test_a_log_of_one_quarter_of_a_day_has_nothing_to_test_content_groups_on(tmp_path: Path) -> None:
    rows = [small_row(i, time=f"2026-03-03T07:{i:02}:00Z") for i in range(10)]
    log = tmp_path / "one.jsonl"
    log.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    short = Ran(run_here(Inputs((log,), "openai_jsonl"), tmp_path / "run"), tmp_path)
    (told,) = (row for row in short.rows("blindness") if row["name"] == "alike")
    assert (told["reason"], told["share"]) == ("less than two quarters of a day", 1.0)


@pytest.fixture(scope="module")
def mute(village_file: Path) -> Ran:
    """The village without prompts."""
    world = village_file.with_name("mute")
    make(Order(str(village_file), world, scale=1.0, seed=SEED, prompts=False))
    return Ran(run_here(Inputs((world / "logs",), **beside(world)), world.with_name("mute-run")), world)


def test_without_prompts_the_content_facets_and_signals_say_that_they_are_blind(mute: Ran) -> None:
    blind = {(row["kind"], row["name"]) for row in mute.rows("blindness") if row["share"] == 1.0}
    needs_text = {
        "exchanges.flags",
        "exchanges.prompt",
        "exchanges.head",
        "exchanges.tail",
        "exchanges.system",
        "exchanges.shingles",
        "exchanges.prefix",
    }
    for kind, things in (("facet", FACETS.all()), ("signal", SIGNALS.all())):
        for name, thing in things.items():
            if needs_text & set(thing.needs):
                assert (kind, name) in blind
    assert ("stage", "alike") in blind, "content forms no groups, and this is said"
    assert mute.about()["has_text"] == 0.0
    scored = {row["signal"] for row in mute.rows("scores")}
    assert scored & {name for kind, name in blind if kind == "signal"} == set()


def test_without_prompts_the_page_and_the_document_say_so(mute: Ran) -> None:
    page = (mute.folder / "report.html").read_text(encoding="utf-8")
    for name in ("head", "shingle", "instruction_generation"):
        assert name in page or name.replace("_", " ") in page
    campaigns = report.summary_document(mute.folder)["campaigns"]
    assert all(row["extracting"] is None for row in campaigns)
    assert {row["text"]["extracting"] for row in campaigns} <= {"Not known: the log holds no prompts."}
    assert mute.rows("templates") == []
    assert [row["words"] for row in mute.rows("templates")] == []


def test_without_prompts_the_licensee_is_still_authorised(mute: Ran) -> None:
    verdicts = {row["verdict"]: row for row in mute.rows("campaigns") if row["listed"]}
    assert verdicts["authorised"]["permit"] == "licence-1"


@pytest.mark.parametrize("again", [False, True])
def test_staged_rows_make_room_before_the_search_unless_they_are_looked_up_again(
    mixed: Ran, tmp_path: Path, again: bool
) -> None:
    found: set[str] = set()

    def look(step: str, _done: int, _total: int) -> None:
        if step.startswith("searching"):
            found.update(path.name for path in tmp_path.rglob("stage/*.parquet"))

    given = Inputs((mixed.world / "one.jsonl",), "openai_jsonl", edge=mixed.world / "edge.jsonl")
    detect(given, tmp_path / "run", replace(ALONE, sketch=SketchSettings(template_text=again)), look)
    assert found == ({"exchanges-000000-00000.parquet", "rekeyed.parquet"} if again else set())
