"""The sentences that tell of a campaign's identity and links."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from report_world import make_run
from rich.console import Console

from stillwatch import report
from stillwatch.registry import FACETS
from stillwatch.report.sentences import lineage
from stillwatch.run.reading import Run
from stillwatch.schema.lineage import CAMPAIGN_LINKS

ROW: dict[str, Any] = {
    "group": 1,
    "campaign": "C001",
    "identity": "camp-0000000000000001",
    "link": "related",
    "other_identity": "camp-0000000000000002",
    "other_campaign": "C002",
    "earlier_digest": None,
    "earlier_last": None,
    "accounts": 0,
    "accounts_share": 0.0,
    "more": 34,
    "fewer": 51,
    "keys": 17,
    "key_share": 0.97,
    "key_nats": 20.9,
    "facets": ["head", "tools", "system"],
    "facet_keys": [14, 2, 1],
}
EARLIER = {
    "earlier_digest": "0199",
    "earlier_last": datetime(2026, 3, 1, 23, tzinfo=UTC),
    "other_campaign": "C004",
}
THERE = "C004 of the earlier run (its log ends on 1 Mar 2026)"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"link": "same", "accounts": 34, "more": 0, "fewer": 0} | EARLIER,
            f"It is {THERE}: 34 accounts are named in both, and no other.",
        ),
        (
            {"link": "same", "accounts": 31, "more": 0, "fewer": 2} | EARLIER,
            f"It is {THERE}: 31 accounts are named in both, 0 only now, 2 only then.",
        ),
        (
            {"link": "grew", "accounts": 60, "more": 45, "fewer": 5} | EARLIER,
            f"It is {THERE}, grown by 40 accounts: 60 accounts are named in both, 45 only now, 5 only then.",
        ),
        (
            {"link": "split", "accounts": 12, "more": 2, "fewer": 30} | EARLIER,
            f"It split from {THERE}: 12 of its 14 accounts were named there.",
        ),
        (
            {"link": "merged", "accounts": 10, "more": 40, "fewer": 2} | EARLIER,
            f"It took in {THERE}: 10 of the 12 accounts there are named here now.",
        ),
        (
            {"link": "successor"} | EARLIER,
            f"It follows {THERE}: no account is named in both; both use 1 system prompt, 14 beginnings of "
            "prompts "
            "and 2 tool sets, which hardly anyone else uses.",
        ),
        (
            {"accounts": 1},
            "It is related to C002: 1 account is named in both; both use 1 system prompt, 14 beginnings of "
            "prompts "
            "and 2 tool sets, which hardly anyone else uses.",
        ),
    ],
)
def test_each_link_is_one_sentence(change: dict[str, Any], said: str) -> None:
    assert lineage.sentence(ROW | change) == said


def test_a_link_of_alarms_is_a_sentence() -> None:
    row = ROW | {
        "alarm": "A002",
        "other_alarm": "A001",
        "link": "successor",
        "facets": ["tools", "system"],
        "facet_keys": [1, 1],
    }
    said = "A002 follows A001: both use 1 system prompt and 1 tool set, which hardly anyone else uses."
    assert lineage.alarm(row) == said
    assert lineage.alarm(row | {"link": "related"}) == said.replace("follows", "is related to")


def test_every_content_facet_has_its_noun() -> None:
    content = {name for name, facet in FACETS.all().items() if facet.family == "content"}
    assert content == set(lineage.NOUNS)
    assert lineage.keys(ROW | {"facets": ["new_facet"], "facet_keys": [2]}) == "2 keys of new facet"


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """Two campaigns of the made-up run are related, and of one family."""
    folder = make_run(tmp_path / "run")
    other = {"group": 2, "campaign": "C002", "other_campaign": "C001"}
    pq.write_table(
        pa.Table.from_pylist([ROW, ROW | other], schema=CAMPAIGN_LINKS.arrow),
        folder / "campaign_links.parquet",
    )
    table = pq.read_table(folder / "campaigns.parquet")
    families = table["family"].to_pylist()
    column = pa.array([families[0], families[0], *families[2:]])
    place = table.schema.get_field_index("family")
    pq.write_table(table.set_column(place, table.schema.field(place), column), folder / "campaigns.parquet")
    return folder


def shown(renderable: object) -> str:
    console = Console(width=100)
    with console.capture() as captured:
        console.print(renderable)
    return " ".join(captured.get().split())


def test_a_family_is_said_on_the_terminal_and_on_the_page(linked: Path) -> None:
    said = (
        "C001 and C002 are one family: both use 1 system prompt, 14 beginnings of prompts and 2 tool sets, "
        "which "
        "hardly anyone else uses."
    )
    assert said in shown(report.summary(linked))
    page = report.write(linked).read_text(encoding="utf-8")
    assert page.count(said) == 1
    assert page.count("It is related to C002:") == page.count("It is related to C001:") == 1
    assert "camp-0000000000000001" in page
    explained = shown(report.explain(linked, "C002"))
    assert "camp-0000000000000002" in explained
    assert lineage.MEANS in explained


def test_without_links_nothing_is_said(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    assert "family" not in shown(report.summary(folder))
    assert lineage.MEANS not in report.write(folder).read_text(encoding="utf-8")
    assert lineage.compared(Run(folder), []) == ""


def test_families_of_three_and_families_from_an_earlier_digest(linked: Path) -> None:
    run = Run(linked)
    rows: list[dict[str, Any]] = [
        {"campaign": name, "family": family}
        for name, family in (("C001", "a"), ("C002", "a"), ("C003", "a"), ("C004", "b"))
    ]
    assert lineage.families(run, rows) == [
        "C001, C002 and C003 are one family: they share keys that hardly anyone else uses (C001 and C002: 1 "
        "system "
        "prompt, 14 beginnings of prompts and 2 tool sets)."
    ]
    assert lineage.families(run, [rows[2], rows[3] | {"family": "a"}]) == [
        "C003 and C004 are one family: they come from one campaign of an earlier run."
    ]


def test_what_became_of_an_earlier_digest_is_said_in_a_line(linked: Path) -> None:
    rows = [ROW | {"link": "grew", "accounts": 60, "more": 41, "fewer": 1} | EARLIER]
    pq.write_table(pa.Table.from_pylist(rows, schema=CAMPAIGN_LINKS.arrow), linked / "campaign_links.parquet")
    run = Run(linked)
    run.about["previous"] = {"why": "given", "last": "2026-03-01T23:00:00+00:00", "keys": "compared"}
    campaigns: list[dict[str, Any]] = [{"campaign": "C001"}, {"campaign": "C002"}]
    assert lineage.compared(run, campaigns) == (
        "Against the earlier run (its log ends on 1 Mar 2026): C001 is C004 there grown by 40 accounts; "
        "C002 is new."
    )
    run.about["previous"]["keys"] = "not compared: it was sketched under another key"
    assert lineage.compared(run, campaigns).endswith(
        "Keys were not compared: it was sketched under another key; accounts were matched by their ids."
    )
