"""`stillwatch detect` from a world's logs to campaigns, and what the run folder holds."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from village import Ran, command_here

from stillwatch.registry import FACETS, SIGNALS
from stillwatch.schema import found as found_tables
from stillwatch.schema import lineage as lineage_tables
from stillwatch.schema import stored as stored_tables
from stillwatch.schema import templates as template_tables
from stillwatch.schema.keyed import HashKey
from stillwatch.schema.requests import QUARANTINE
from stillwatch.schema.stored import SKETCH_VERSION
from stillwatch.schema.table import Contract
from stillwatch.schema.use import USE
from stillwatch.sketch import load_intent

TABLES = {
    table.name: table
    for module in (found_tables, template_tables, lineage_tables, stored_tables)
    for table in vars(module).values()
    if isinstance(table, Contract) and table.name != "exchanges"
} | {"quarantine": QUARANTINE, "use": USE}


def test_the_campaign_is_found_and_the_licensee_left_in_peace(village_run: Ran) -> None:
    document = json.loads(village_run.stdout)
    listed = [row for row in document["campaigns"] if row["listed"]]
    assert [(row["campaign"], row["verdict"]) for row in listed] == [
        ("C001", "adversarial"),
        ("C002", "authorised"),
    ]
    worst, licensed = listed
    assert 0 < worst["at_least"] <= worst["accounts"]
    assert worst["log_e_value"] > 5
    assert worst["held_out"]
    assert all(worst["why"].values())
    assert all(worst["text"].values())
    assert (licensed["permit"], licensed["permit_excess"], licensed["accounts"]) == ("licence-1", [], 3)
    assert document["run"]["exchanges"] == sum(
        pq.read_metadata(path).num_rows for path in (village_run.world / "logs").glob("*.parquet")
    )


def test_the_score_has_the_promised_shape(village_run: Ran) -> None:
    document = json.loads(
        command_here("range", "score", village_run.folder, village_run.world, "--json").stdout
    )
    assert set(document) >= {"campaigns", "pooled", "false_campaigns", "authorised"}
    (row,) = document["campaigns"]
    assert set(row) >= {"name", "found", "verdict", "account_precision", "account_recall"}
    assert (row["name"], row["found"], row["verdict"]) == ("thistle", True, "adversarial")
    assert row["account_precision"] == 1.0
    assert row["account_recall"] >= 0.8
    assert set(document["pooled"]) == {"account_precision", "account_recall"}
    assert document["false_campaigns"] == {}
    assert document["authorised"] == ["Kestrel Learning"]


@pytest.mark.parametrize("name", sorted(TABLES))
def test_each_table_keeps_its_contract(village_run: Ran, name: str) -> None:
    table = village_run.table(name)
    assert table.schema.equals(TABLES[name].arrow), table.schema
    table.validate(full=True)
    assert [
        column.name for column in TABLES[name].columns if column.required and table[column.name].null_count
    ] == []


def test_the_exchanges_keep_their_contract_and_their_day(village_run: Ran) -> None:
    paths = sorted((village_run.folder / "exchanges").rglob("*.parquet"))
    assert [path.parent.name for path in paths] == [f"day=2026-03-{day:02d}" for day in range(2, 8)]
    for path in paths:
        table = pq.ParquetFile(path).read()
        assert table.schema.equals(stored_tables.EXCHANGES.arrow)
        assert {f"day={time:%Y-%m-%d}" for time in table["time"].to_pylist()} == {path.parent.name}
        assert table.equals(table.sort_by([("time", "ascending"), ("request", "ascending")]))


def test_nothing_else_is_in_the_folder(village_run: Ran) -> None:
    names = {path.name for path in village_run.folder.iterdir()}
    assert names == {f"{name}.parquet" for name in TABLES} | {"exchanges", "run.json", "report.html"}


def test_the_tables_speak_of_the_same_things(village_run: Ran) -> None:
    accounts = {row["account"]: row["account_id"] for row in village_run.rows("accounts")}
    assert len(accounts) == village_run.table("accounts").num_rows
    members = village_run.rows("members")
    assert all(accounts[row["account"]] == row["account_id"] for row in members)
    for campaign in village_run.rows("campaigns"):
        mine = [row for row in members if row["group"] == campaign["group"]]
        assert len(mine) == campaign["accounts"]
        assert sum(row["exchanges"] for row in mine) == campaign["exchanges"]
        hours = [row for row in village_run.rows("timeline") if row["group"] == campaign["group"]]
        assert sum(row["exchanges"] for row in hours) == campaign["exchanges"]
    assert {row["facet"] for row in village_run.rows("traces")} <= set(FACETS.all())
    assert {row["signal"] for row in village_run.rows("scores")} <= set(SIGNALS.all())
    evidence = village_run.rows("evidence")
    assert all((row["role"] == "held-out") == (row["family"] == "content") for row in evidence)
    assert {row["facet"] for row in evidence} <= {*FACETS.all(), "semantic"}


def test_the_edge_log_is_joined(village_run: Ran) -> None:
    edge = pq.read_table(village_run.world / "edge.parquet", columns=["request_id", "asn", "network_class"])
    rows = pa.concat_tables(
        [
            pq.ParquetFile(path).read(["request_id", "asn", "network_class"])
            for path in village_run.folder.rglob("day=*/*.parquet")
        ]
    )
    assert rows.sort_by("request_id").to_pylist() == edge.sort_by("request_id").cast(rows.schema).to_pylist()
    shown = {row["label"] for row in village_run.rows("labels") if row["kind"] == "ja4"}
    assert shown == set(
        pq.read_table(village_run.world / "edge.parquet", columns=["ja4"])["ja4"].to_pylist()
    ) - {None}


def test_the_page_needs_no_network(village_run: Ran) -> None:
    page = (village_run.folder / "report.html").read_text(encoding="utf-8")
    assert "C001" in page
    assert re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?(?:https?:)?//", page) == []


def test_machines_get_only_json_and_people_the_progress_elsewhere(village_run: Ran) -> None:
    assert village_run.stdout.count("\n") == 1
    assert "Traceback" not in village_run.stderr


def test_marks_stand_on_the_time_axis(village_run: Ran) -> None:
    marks = village_run.rows("marks")
    assert {row["label"] for row in marks if row["kind"] == "release"} == {"wren-1", "wren-2"}
    banned = sum(int(row["label"].split()[0]) for row in marks if row["kind"] == "ban")
    mine = village_run.members("C001")
    expected = [row for row in village_run.rows("accounts") if row["account_id"] in mine and row["banned"]]
    assert banned == len(expected) > 0


def test_the_run_says_what_it_was_made_from(village_run: Ran, village: Path) -> None:
    about = village_run.about()
    assert {item["file"] for item in about["inputs"]} == {path.name for path in (village / "logs").iterdir()}
    assert {item["format"] for item in about["inputs"]} == {"litellm_spend_logs"}
    assert about["settings"]["ingest"]["workers"] == 2
    assert about["key"] == "private"
    assert about["intent"] == load_intent().document()
    assert about["sketch"] == {
        "version": SKETCH_VERSION,
        "key": HashKey.from_file(Path(os.environ["STILLWATCH_KEY_FILE"])).name,
    }
    assert about["has_text"] == 1.0
    assert (
        about["given"]
        | {"edge": True, "accounts": True, "permits": True, "releases": True, "key_file": False}
        == about["given"]
    )
    assert about["packages"]["duckdb"]
