"""What others reported raises a group to review, and no verdict and no named account depends on it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ibis import _
from village import Ran

from stillwatch.engine import DuckDBEngine
from stillwatch.engine.sorted_file import counts_of
from stillwatch.errors import InputError
from stillwatch.pipeline import Stored, search
from stillwatch.pipeline.rates import shipped_rates
from stillwatch.pipeline.shared_given import must_be_keyed, read_shared
from stillwatch.pipeline.stages.shared import REVIEW
from stillwatch.pipeline.store import permits_of, releases_of
from stillwatch.report.sentences import shared as sentences
from stillwatch.run.layout import stored_days
from stillwatch.run.sketched import Sketched
from stillwatch.schema.keyed import HashKey
from stillwatch.schema.shared import SHARED_REPORTS
from stillwatch.settings import EngineSettings, Settings

Row = dict[str, Any]
UNTIL = datetime(2030, 1, 1, tzinfo=UTC)
JUDGED = ("campaigns", "groups", "members", "bystanders", "evidence", "member_evidence", "intents", "links")
LATER = ("identity", "family")
"""Columns that are named after the search."""


def row(column: str, value: int, reporter: str, kind: str, **more: Any) -> Row:
    """One reported value."""
    made = {
        "kind": kind,
        "column": column,
        "value": value,
        "report": f"indicator--{reporter}-{column}-{value}",
        "reporter": reporter,
        "origin": reporter,
        "confidence": 0.8,
        "weight": 0.6,
        "confirmed": 3,
        "false_positives": 1,
        "disputed": False,
        "valid_until": UNTIL,
        "tlp": "TLP:AMBER",
        "epoch": None,
    }
    return made | more


def table_of(rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SHARED_REPORTS.arrow)


@pytest.fixture(scope="module")
def found(village_run: Ran) -> Mapping[str, pa.Table]:
    """The village searched again, with what two honest reporters and one that floods reported."""
    run = village_run.folder
    with DuckDBEngine(EngineSettings(), run) as engine:
        exchanges = engine.read("exchanges", stored_days(run))
        accounts = village_run.table("accounts")
        given = table_of(_reported(engine, exchanges, village_run))
        stored = Stored(
            exchanges,
            engine.load("accounts", accounts),
            engine.load("releases", releases_of(village_run.table("releases"))),
            village_run.table("labels"),
            permits_of(village_run.table("permits")),
            rates=shipped_rates(),
            counts=counts_of(stored_days(run)),
            shared=given,
        )
        return search(engine, stored, Settings(), lambda _step: None).tables


def _numbers(column: Any) -> list[int]:
    return sorted(column.to_pylist())


def _reported(engine: DuckDBEngine, exchanges: ibis.Table, ran: Ran) -> list[Row]:
    members = engine.load("named", pa.table({"account": _members(ran)}))
    inside = engine.collect(
        exchanges.semi_join(members, "account").filter(_.subnet.notnull()).select("subnet").distinct()
    )
    outside = engine.collect(
        exchanges.anti_join(members, "account").filter(_.subnet.notnull()).select("subnet").distinct()
    )
    own = sorted(set(_numbers(inside["subnet"])) - set(_numbers(outside["subnet"])))
    networks = engine.collect(exchanges.filter(_.asn.notnull()).select("asn").distinct())
    rows = [row("subnet", value, "heron", "network_prefix") for value in own]
    rows += [row("subnet", own[0], "ibis", "network_prefix", disputed=True, tlp="TLP:GREEN")]
    rows += [row("asn", value, "flood", "asn", weight=1.0) for value in _numbers(networks["asn"])]
    rows += [row("subnet", own[1], "late", "network_prefix", valid_until=datetime(2001, 1, 1, tzinfo=UTC))]
    return rows


def _members(ran: Ran) -> list[int]:
    group = next(one["group"] for one in ran.rows("campaigns") if one["verdict"] == "adversarial")
    return [one["account"] for one in ran.rows("members") if one["group"] == group]


@pytest.mark.parametrize("name", JUDGED)
def test_nothing_that_is_judged_depends_on_what_others_say(
    found: Mapping[str, pa.Table], village_run: Ran, name: str
) -> None:
    without = village_run.table(name)
    kept = [column for column in without.column_names if column not in LATER]
    assert found[name].select(kept).to_pylist() == without.select(kept).to_pylist()
    assert without.num_rows


def test_the_group_that_matches_is_for_review_with_who_said_what(
    found: Mapping[str, pa.Table], village_run: Ran
) -> None:
    campaign = next(one for one in village_run.rows("campaigns") if one["verdict"] == "adversarial")
    rows = [one for one in found["shared_groups"].to_pylist() if one["review"]]
    assert {one["group"] for one in rows} == {campaign["group"]}
    heron = next(one for one in rows if one["reporter"] == "heron")
    assert heron["accounts"] == heron["carriers"], "nobody else has these networks"
    assert heron["strength"] == pytest.approx(0.6 * math.sqrt(heron["accounts"] / heron["of"]), abs=1e-5)
    said = sentences.review(campaign, rows)
    for words in (
        "For review: C001",
        "heron reported",
        "network prefixs",
        "confidence 80 of 100",
        "3 proved right",
    ):
        assert words.replace("prefixs", "prefix") in said
    assert "1 of them disputed" in said
    assert "Nothing in a verdict rests on it" in said


def test_the_signal_weighs_nothing(found: Mapping[str, pa.Table]) -> None:
    scores = [one for one in found["scores"].to_pylist() if one["signal"] == "shared_report"]
    joint = {one["group"]: one["joint"] for one in found["shared_groups"].to_pylist()}
    assert {one["group"]: one["score"] for one in scores} == pytest.approx(joint, abs=1e-6)
    assert {one["axis"] for one in scores} == {"context"}
    for campaign in found["campaigns"].to_pylist():
        for axis in ("scale_why", "deception_why", "intent_why"):
            assert "shared_report" not in [why["signal"] for why in campaign[axis]]


def test_what_many_strangers_share_raises_nobody_and_lists_no_account(
    found: Mapping[str, pa.Table], village_run: Ran
) -> None:
    flood = [one for one in found["shared_groups"].to_pylist() if one["reporter"] == "flood"]
    assert flood
    alone = {
        group: max(one["strength"] for one in flood if one["group"] == group)
        for group in {one["group"] for one in flood}
    }
    others = {group: strength for group, strength in alone.items() if group != 1}
    assert all(strength < REVIEW for strength in others.values()), others
    listed = [one for one in found["shared"].to_pylist() if one["reporter"] == "flood"]
    everyone = village_run.table("accounts").num_rows
    assert max(one["carriers"] for one in listed) <= max(50, everyone / 100)


def test_what_ended_before_the_log_matches_nothing(found: Mapping[str, pa.Table]) -> None:
    assert "late" not in found["shared_reports"]["reporter"].to_pylist()


def test_one_reporter_raises_few_groups_however_much_it_reports() -> None:
    """The squared overlaps of one set with groups that share no account add up to one at most."""
    for size, inside in ((1, 1), (4, 1), (100, 3)):
        groups = 400
        carriers = groups * inside
        overlap = inside / math.sqrt(size * carriers)
        assert groups * overlap**2 <= 1.0 + 1e-9
    assert round(1 / REVIEW**2) == 25


def small_file(path: Path, rows: list[Row], key: HashKey) -> Path:
    marked = Sketched.by(key).marked(SHARED_REPORTS.arrow)
    pq.write_table(table_of(rows).replace_schema_metadata(marked.metadata), path)
    return path


def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    good = [row("asn", 64500, "heron", "asn")]
    key = HashKey.public()
    path = small_file(tmp_path / "good.parquet", good, key)
    read = read_shared(path)
    assert read is not None
    assert read.to_pylist() == table_of(good).to_pylist()
    must_be_keyed(path, key.name)
    with pytest.raises(InputError, match="keyed with"):
        must_be_keyed(path, "00000000")
    for name, changes, words in (
        ("weight", {"weight": 1.5}, "outside 0 to 1"),
        ("column", {"column": "prompt"}, "no column of a run"),
        ("long", {"reporter": "x" * 300}, "more than 200"),
        ("nan", {"confidence": math.nan}, "outside 0 to 1"),
    ):
        bad = small_file(tmp_path / f"{name}.parquet", [good[0] | changes], key)
        with pytest.raises(InputError, match=words):
            read_shared(bad)
    plain = tmp_path / "plain.parquet"
    pq.write_table(table_of(good), plain)
    with pytest.raises(InputError, match="which key"):
        read_shared(plain)
    text = tmp_path / "text.parquet"
    text.write_text("no parquet", encoding="utf-8")
    with pytest.raises(InputError, match="no Parquet"):
        read_shared(text)
    with pytest.raises(InputError, match="no such file"):
        read_shared(tmp_path / "none.parquet")
