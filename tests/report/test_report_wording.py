"""What the report must not say: sentences that were once false, each with the case that showed it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from report_world import make_run, rewrite
from report_world_sides import why
from rich.console import Console

from stillwatch import report
from stillwatch.report import formatting, sentences
from stillwatch.report.account import account_view
from stillwatch.report.sentences import blindness
from stillwatch.report.sentences.crosswalk import NOT_ASSESSED, SEEN, crosswalk
from stillwatch.report.view_models import campaign_view
from stillwatch.run.reading import Run
from stillwatch.schema import found, stored
from stillwatch.schema.values import records

DAY = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A small run of its own, to be changed."""
    return make_run(tmp_path / "run", members=12)


def told(run: Path, name: str) -> str:
    """An explanation as one line."""
    console = Console(width=300, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(report.explain(run, name))
    return " ".join(captured.get().split())


def with_nats(run: Path, facets: dict[str, float], content: float) -> str:
    """Give the first member of C001 these nats by facet, and content; what would clear it, as one text."""
    member = pq.read_table(run / "members.parquet").to_pylist()[0]
    place = {"group": member["group"], "account": member["account"]}
    rows = [place | {"facet": facet, "nats": nats} for facet, nats in facets.items()]
    pq.write_table(
        pa.Table.from_pylist(rows, schema=found.MEMBER_EVIDENCE.arrow), run / "member_evidence.parquet"
    )
    keys = [place | {"kind": "keys", "family": "content", "nats": content}]
    pq.write_table(
        pa.Table.from_pylist(keys, schema=found.MEMBER_ADJUSTMENTS.arrow), run / "member_adjustments.parquet"
    )
    view = account_view(Run(run), member["account_id"])
    assert view is not None
    return " ".join(view.memberships[0].exonerates)


def test_content_that_is_most_of_it_is_said_to_be_most_of_it(run: Path) -> None:
    facets = {"address": 8.5, "payment": 8.5, "client": 8.5}
    even = with_nats(run, facets, 3.0)
    assert "No single family carries it" in even
    heavy = with_nats(run, facets, 40.0)
    assert "No single family carries it" not in heavy
    assert "Most of its evidence is content: 40.0 of 65.5 nats." in heavy


def test_an_account_in_no_group_is_not_said_to_share_nothing_more_than_its_peers(run: Path) -> None:
    members = [row["account"] for row in pq.read_table(run / "members.parquet").to_pylist()]
    trace = {"key": 4711, "facet": "ja4", "value": 1, "first": DAY, "last": DAY, "n": 3}
    common = trace | {"key": 12, "facet": "client"}
    rows = [trace | {"account": account} for account in (77, *members[:9])]
    rows += [common | {"account": account} for account in (77, members[0], *range(1000, 1030))]
    pq.write_table(pa.Table.from_pylist(rows, schema=stored.TRACES.arrow), run / "traces.parquet")
    text = told(run, "acct-alone")
    assert "shares no more" not in text
    assert "It is in no group" in text
    assert "is carried by 9 other accounts, 9 of them in C001." in text
    assert text.count("is carried by") == 1
    assert report.explain_document(run, "acct-alone")["marks"][0].startswith("Its ja4 ")


@pytest.mark.parametrize(("exchanges", "industrial"), [(856, False), (1_000, True)])
def test_only_much_use_is_called_industrial(run: Path, exchanges: int, *, industrial: bool) -> None:
    rewrite(run, found.CAMPAIGNS, {"exchanges": exchanges})
    campaign = Run(run).rows("campaigns")[0]
    least = sentences.industrial(Run(run))
    assert least == 1_000
    said = sentences.verdict(campaign, 0.5, least)
    assert ("industrial scale" in said) is industrial
    assert ("industrial scale" in told(run, "C001")) is industrial


def test_an_absent_column_an_answer_and_an_unknown_value_are_three_things(run: Path) -> None:
    lacks = [
        ("facet", "upgrade", "no accounts.banned", 1.0, "absent: no row has it"),
        (
            "signal",
            "replacement",
            "no accounts.banned",
            0.9981,
            "no lack: filled in 0.2% of rows; empty means",
        ),
        ("facet", "ja4", "no exchanges.ja4", 0.9981, "not known in >99% of rows"),
        ("facet", "mail", "no exchanges.ja4, accounts.banned", 0.5, "not known in 50% of rows"),
    ]
    rows = [dict(zip(stored.BLINDNESS.names(), lack, strict=False)) for lack in lacks]
    for row, lack in zip(rows, lacks, strict=True):
        assert blindness.state(row).startswith(lack[4])
    assert blindness.state(rows[1]).endswith(
        "nobody knows when (of accounts in the accounts file; else not known)"
    )
    pq.write_table(pa.Table.from_pylist(rows, schema=stored.BLINDNESS.arrow), run / "blindness.parquet")
    page = report.write(run).read_text(encoding="utf-8")
    part = page[page.index('id="blindness"') : page.index('id="quarantine"')]
    for lack in lacks:
        assert formatting.cut(lack[4], 60).replace(">", "&gt;") in part
    assert "replacement" not in sentences.not_seen(Run(run))
    assert "100%" not in part


def test_a_signal_whose_peers_score_the_same_is_no_finding(run: Path) -> None:
    values = records({"ratio": 2.0, "ratio_peers": 2.0})
    same = {"signal": "output_heavy", "axis": "intent", "score": 0.6, "peers": 0.6, "values": values}
    rewrite(run, found.SCORES, same)
    rewrite(run, found.CAMPAIGNS, {"intent_why": [why("output_heavy", 0.3, 0.6)]})
    text = told(run, "C001")
    assert "Counted, but no more than its peers show: output heavy." in text
    assert "No more than its peers: its typical account gets" in text
    rewrite(run, found.SCORES, {"peers": 0.1})
    text = told(run, "C001")
    assert "no more than its peers" not in text.lower()
    assert "Its typical account gets 2.0 output tokens" in text


@pytest.mark.parametrize("signal", ["volume", "undeclared_linkage"])
def test_what_a_group_does_as_a_whole_is_not_set_beside_a_pool_of_strangers(signal: str) -> None:
    assert sentences.stands_out({"signal": signal, "score": 0.9, "peers": 1.0})
    assert not sentences.stands_out({"signal": "even_load", "score": 0.9, "peers": 1.0})


def test_without_prompts_intent_is_not_assessable_and_the_shape_is_told(run: Path) -> None:
    rewrite(run, found.CAMPAIGNS, {"extracting": None, "verdict": "coordinated", "role": "unknown"})
    rewrite(run, found.CAMPAIGNS, {"role_why": []})
    rewrite(run, found.EVIDENCE, {"facet": "token_shape", "top_accounts": 11, "top_elsewhere": 3})
    text = told(run, "C001")
    assert "Not assessable: the log holds no prompts." in text
    assert "asks for what looks like training data" not in text
    assert "a shape of token counts (11 of them, 3 other accounts)" in text
    assert "The model that 12 of 12 accounts ask most is large-4.6." in text
    assert "read 310 tokens and were given 1.24k on average" in text
    assert "What would decide it" in text
    rewrite(run, found.CAMPAIGNS, {"input_tokens": 0, "output_tokens": 0})
    assert "exchanges, whose tokens the log does not count" in told(run, "C001")
    page = report.write(run).read_text(encoding="utf-8")
    assert "tokens not counted in the log" in page
    assert "0 tokens read" not in page
    lines = {
        line.behaviour[:7]: line
        for line in crosswalk(campaign_view(Run(run), Run(run).rows("campaigns")[0]), [])
    }
    assert lines["(B)(iv)"].state == NOT_ASSESSED


def test_every_line_of_the_crosswalk_has_evidence_or_says_that_there_is_none(run: Path) -> None:
    view = campaign_view(Run(run), Run(run).rows("campaigns")[0])
    lines = crosswalk(view, [])
    assert [line.behaviour[:8] for line in lines if "8283" in line.source] == [
        "(B)(i) v",
        "(B)(ii) ",
        "(B)(iii)",
        "(B)(iv) ",
    ]
    assert all(line.evidence.endswith(".") for line in lines)
    by = {line.behaviour: line for line in lines}
    assert by["accounts with similar registration details and payment"].state == SEEN
    assert "payment (11 of 12)" in by["accounts with similar registration details and payment"].evidence
    assert lines[-1].state == NOT_ASSESSED
    assert lines[-1].evidence.startswith("A log shows")
    page = report.write(run).read_text(encoding="utf-8")
    # Each listed campaign has the table.
    assert page.count("(B)(iv) correlation with another model") == 4


def test_bans_close_to_each_other_are_one_wave() -> None:
    from stillwatch.report.bans import gathered

    marks: list[dict[str, Any]] = [
        {"time": DAY + timedelta(hours=h), "kind": "ban", "label": "1 banned", "group": 1, "accounts": 1}
        for h in (*range(10), 300, 301)
    ]
    marks.append({"time": DAY, "kind": "release", "label": "m", "group": None, "accounts": None})
    told = gathered(marks, timedelta(days=28))
    assert [(row["kind"], row["accounts"]) for row in told] == [("ban", 10), ("release", None), ("ban", 2)]
    assert told[0]["label"].startswith("10 banned")
    assert sum(row["accounts"] or 0 for row in told) == 12
