"""Sentences that were wrong where a run has another shape than most: each with the case that showed it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from report_world import make_run, rewrite
from rich.console import Console

from stillwatch import report
from stillwatch.report import formatting, sentences
from stillwatch.report.account import membership_of
from stillwatch.report.sentences import lineage
from stillwatch.report.sentences.crosswalk import NOT_ASSESSED, NOT_SEEN, SEEN, crosswalk, shut
from stillwatch.report.view_models import campaign_view
from stillwatch.run.reading import Run
from stillwatch.schema import found, stored
from stillwatch.schema.values import records


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A small run of its own, to be changed."""
    return make_run(tmp_path / "run", members=12)


def printed(shown: Any) -> str:
    """What a terminal shows, as one line."""
    console = Console(width=300, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(shown)
    return " ".join(captured.get().split())


def part(page: str, begin: str, end: str) -> str:
    """A part of the page as text."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page[page.index(begin) : page.index(end)])).split())


def test_accounts_that_no_marks_link_are_not_said_to_have_evidence_of_both_kinds(run: Path) -> None:
    page = report.write(run).read_text(encoding="utf-8")
    licensee = part(page, 'id="C004-accounts"', 'id="unlisted"')
    both = "evidence of its own of both kinds"
    assert both in part(page, 'id="C001-accounts"', 'id="C002"')
    assert both not in licensee
    assert "Looked at: " in licensee
    assert "Named: " not in licensee
    assert both not in printed(report.explain(run, "C004"))
    account = next(row for row in Run(run).rows("members") if row["group"] == 4)["account_id"]
    assert printed(report.explain(run, account)).startswith(account)
    assert "named in C004" not in printed(report.explain(run, account))
    assert "looked at in C004" in printed(report.explain(run, account))


def test_an_accounts_card_begins_with_the_marks_that_count_most(run: Path) -> None:
    view = campaign_view(Run(run), Run(run).rows("campaigns")[0])
    place = membership_of(Run(run), view, view.members[0])
    shown = [link["facet"] for link in place.telling]
    assert len(shown) == len(set(shown)) == len({link["facet"] for link in place.links}) > 1
    nats = [view.nats[view.members[0]["account"]].get(facet, 0.0) for facet in shown]
    assert nats == sorted(nats, reverse=True)


def test_no_count_of_the_named_stands_where_nobody_could_be(run: Path) -> None:
    rewrite(run, found.CAMPAIGNS, {"named": 0, "at_least": 0, "present": 9})
    listed = printed(report.summary(run))
    assert "0 of 0" not in listed
    assert "0 of " not in listed
    page = report.write(run).read_text(encoding="utf-8")
    row = re.search(r'<th scope="row"><a href="#C004">C004</a>.*?</tr>', page, flags=re.S)
    assert row
    assert row.group().count(f'<td class="n">{formatting.DASH}</td>') == 3


def test_a_coordinated_group_is_not_unlisted_for_its_low_intent(run: Path) -> None:
    campaign = Run(run).rows("campaigns")[0] | {"verdict": "coordinated", "intent": 0.0, "listed": False}
    campaign |= {"log_e_value": 1.0, "intent_why": []}
    said = sentences.reason_unlisted(campaign, 0.5, {})
    assert said.startswith("It does not pass the held-out test")
    assert "low" not in said


def test_a_coordinated_group_is_not_said_to_hide_what_it_was_never_asked(run: Path) -> None:
    campaign = Run(run).rows("campaigns")[0] | {"verdict": "coordinated", "intent": 0.1}
    said = sentences.verdict(campaign, 0.5)
    assert "does not say who is behind it" in said
    assert "hides" not in said
    assert "hides who is behind it" in sentences.verdict(Run(run).rows("campaigns")[0], 0.5)


def test_what_would_decide_does_not_ask_for_prompts_that_the_log_has(run: Path) -> None:
    campaign = Run(run).rows("campaigns")[0] | {"verdict": "coordinated", "role": "unknown"}
    seen = sentences.advice(campaign | {"extracting": []}).decides
    blind = sentences.advice(campaign | {"extracting": None}).decides
    assert blind[0].startswith("Prompts: ")
    assert seen[0].startswith("A look at some accounts' prompts")
    assert seen[1:] == blind[1:]


def behaviour(run: Path, begins: str) -> tuple[str, str]:
    opened = Run(run)
    lines = crosswalk(campaign_view(opened, opened.rows("campaigns")[0]), shut(opened))
    line = next(one for one in lines if one.behaviour.startswith(begins))
    return line.state, line.evidence


def test_what_the_log_would_have_shown_is_not_called_not_assessed(run: Path) -> None:
    failover = "failover between pathways"
    rows = [row for row in Run(run).rows("scores") if row["signal"] not in ("replacement", "failover")]
    pq.write_table(pa.Table.from_pylist(rows, schema=found.SCORES.arrow), run / "scores.parquet")
    blind: list[dict[str, Any]] = []

    def lack(*names: str) -> None:
        blind[:] = [
            {"kind": "signal", "name": n, "reason": "no accounts.banned", "share": 1.0} for n in names
        ]
        pq.write_table(pa.Table.from_pylist(blind, schema=stored.BLINDNESS.arrow), run / "blindness.parquet")

    lack("release_pivot", "replacement", "failover")
    assert behaviour(run, failover) == (NOT_ASSESSED, "The log holds nothing that would show it.")
    told = {"signal": "replacement", "axis": "deception", "score": 0.9, "peers": None}
    other = rows[0] | told | {"group": 2, "signal": "failover", "score": 0.0, "values": []}
    lack("release_pivot")
    assert behaviour(run, failover)[0] == NOT_ASSESSED, "no group of the run has them"
    pq.write_table(pa.Table.from_pylist([*rows, other], schema=found.SCORES.arrow), run / "scores.parquet")
    assert behaviour(run, failover) == (NOT_SEEN, "Nothing of the kind happened.")
    row = rows[0] | told | {"values": records({"banned": 3, "began": 4})}
    pq.write_table(pa.Table.from_pylist([*rows, row], schema=found.SCORES.arrow), run / "scores.parquet")
    assert behaviour(run, failover)[0] == SEEN


def test_releases_before_the_log_are_no_lines_in_the_timeline(run: Path) -> None:
    rewrite(run, found.MARKS, {"kind": "release", "time": datetime(2024, 1, 1, tzinfo=UTC), "group": None})
    page = report.write(run).read_text(encoding="utf-8")
    assert "The lines are" not in page


def test_campaigns_that_are_all_new_are_told_in_one(run: Path) -> None:
    opened = Run(run)
    opened.about["previous"] = {"why": "replaced", "last": None, "keys": "compared"}
    rows: list[dict[str, Any]] = [{"campaign": f"C00{n}"} for n in range(1, 5)]
    assert (
        lineage.compared(opened, rows)
        == "Against the run that it replaced: C001, C002, C003 and C004 are new."
    )
    assert lineage.compared(opened, rows[:1]) == "Against the run that it replaced: C001 is new."


def test_a_family_of_campaigns_says_that_a_link_is_no_evidence(run: Path) -> None:
    opened = Run(run)
    rows = [row | {"family": "one"} for row in opened.rows("campaigns")[:2]]
    said = lineage.families(opened, rows)
    assert said
    assert lineage.families(opened, opened.rows("campaigns")[:2]) == []
    rewrite(run, found.CAMPAIGNS, {"family": "one"})
    page = report.write(run).read_text(encoding="utf-8")
    assert lineage.MEANS in part(page, 'id="overview"', 'id="C001"')
