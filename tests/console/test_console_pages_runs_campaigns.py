"""Campaigns and one campaign: what is shown, filtered, paged and linked, and that texts of strangers stay texts."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from case_runs import Group, Sealed, Tie
from console_parts import Console
from marked_runs import marked_run, seal
from test_console_content import HOSTILE, dangers

from stillwatch.cases import Cases
from stillwatch.console.access import users
from stillwatch.console.large.people import Wanted, accounts_of
from stillwatch.console.large.shared_marks import MOST_CLUSTERS, MOST_KEYS, shared_marks
from stillwatch.console.large.summed_view import summed_view
from stillwatch.console.role import Role
from stillwatch.report.view_models import campaign_view
from stillwatch.run.reading import Run

FIRST = Group("camp-first", 5, ties=(Tie("same", "camp-first"),))
LARGE = Group("camp-large", 60, verdict="coordinated", role="provider")
HIDDEN = Group("camp-hidden", 4, listed=False, verdict="benign", role="")


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Console]:
    """A console with two runs and no case."""
    marked_run(tmp_path / "runs" / "older", Sealed("run-1", (FIRST,)))
    marked_run(tmp_path / "runs" / "newer", Sealed("run-2", (LARGE, FIRST, HIDDEN), day=1))
    with Cases(tmp_path / "CASES.db", create=True) as cases:
        with cases.database.writing() as session:
            for role in Role:
                users.add(session, role.word, role, "test")
        yield Console(cases, runs=(tmp_path / "runs",))


def test_the_newest_run_is_shown_and_another_may_be_chosen(shown: Console) -> None:
    browser = shown.browser(Role.VIEWER)
    newest = browser.get("/campaigns?format=json").json()
    assert [row["identity"] for row in newest["tables"]["campaigns"]["rows"]] == ["camp-first", "camp-large"]
    assert newest["values"]["run"]["id"] == "run-2"
    older = browser.get("/campaigns?run=run-1&format=json").json()
    assert [row["identity"] for row in older["tables"]["campaigns"]["rows"]] == ["camp-first"]
    assert browser.get("/campaigns?run=nothing").status_code == 404


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("verdict=coordinated", ["camp-large"]),
        ("role=operator", ["camp-first"]),
        ("show=not listed", ["camp-hidden"]),
        ("show=all&kind=linked", ["camp-first", "camp-large", "camp-hidden"]),
        ("kind=single", []),
    ],
)
def test_filters_of_the_list(shown: Console, query: str, wanted: list[str]) -> None:
    answer = shown.browser(Role.VIEWER).get(f"/campaigns?{query}&format=json").json()
    assert [row["identity"] for row in answer["tables"]["campaigns"]["rows"]] == wanted


def test_a_group_that_is_not_listed_says_why(shown: Console) -> None:
    answer = shown.browser(Role.VIEWER).get("/campaigns?show=not listed&format=json").json()
    assert answer["tables"]["campaigns"]["rows"][0]["why_not"]


def test_cases_are_opened_by_analysts_and_linked(shown: Console) -> None:
    viewer, analyst = shown.browser(Role.VIEWER), shown.browser(Role.ANALYST)
    assert "Open cases" not in viewer.get("/campaigns").text
    assert viewer.post("/campaigns/open-cases", {"run": "run-2"}).status_code == 403
    assert "/campaigns/open-cases" in analyst.get("/campaigns/camp-first").text
    done = analyst.post("/campaigns/open-cases", {"run": "run-2", "campaign": "camp-first"})
    case = next(case for case in shown.cases.all() if case.identity == "camp-first")
    assert done.headers["location"] == f"/cases/{case.id}"
    assert len(shown.cases.all()) == 2
    assert f'href="/cases/{case.id}"' in analyst.get("/campaigns/C002").text
    again = analyst.post("/campaigns/open-cases", {"run": "run-2"})
    assert again.headers["location"] == "/campaigns?run=run-2"
    assert len(shown.cases.all()) == 2


def test_a_campaign_goes_by_its_name_and_by_its_identity(shown: Console) -> None:
    browser = shown.browser(Role.VIEWER)
    for name in ("C002", "c002", "camp-first"):
        assert (
            browser.get(f"/campaigns/{name}?format=json").json()["values"]["campaign"]["identity"]
            == "camp-first"
        )
    assert browser.get("/campaigns/C999").status_code == 404


def test_accounts_come_a_page_at_a_time_and_whole_as_csv(shown: Console) -> None:
    browser = shown.browser(Role.VIEWER)
    first = browser.get("/campaigns/C001?format=json").json()["tables"]["accounts"]
    assert (len(first["rows"]), first["total"]) == (25, 60)
    seen = [row["account_id"] for row in first["rows"]]
    path = first["next"].partition("#")[0]
    while path:
        page = browser.get(path).json()["tables"]["accounts"]
        seen += [row["account_id"] for row in page["rows"]]
        path = page.get("next", "").partition("#")[0]
    assert sorted(seen) == sorted(LARGE.accounts())
    text = browser.get("/campaigns/C001?format=csv&table=accounts").text
    assert sorted(row["account_id"] for row in csv.DictReader(io.StringIO(text))) == sorted(LARGE.accounts())


def test_accounts_are_found_by_tier_reason_and_words(shown: Console) -> None:
    browser = shown.browser(Role.VIEWER)
    one = LARGE.accounts()[7]
    for query, total in (
        (f"account={one[-4:]}", 1),
        ("tier=named", 60),
        ("tier=near", 0),
        ("reason=both", 60),
    ):
        assert (
            browser.get(f"/campaigns/C001?{query}&format=json").json()["tables"]["accounts"]["total"] == total
        )
    text = browser.get(f"/campaigns/C001?account={one}").text
    assert f"/accounts/{one}?run=run-2" in text


def test_every_table_of_a_campaign_is_there_as_csv(shown: Console) -> None:
    browser = shown.browser(Role.VIEWER)
    text = browser.get("/campaigns/C001").text
    links = set(re.findall(r"table=(\w+)", text))
    assert links >= {
        "accounts",
        "evidence",
        "scores",
        "templates",
        "timeline",
        "clusters",
        "keys",
        "crosswalk",
    }
    for name in links:
        answer = browser.get(f"/campaigns/C001?format=csv&table={name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/csv")


def test_a_link_leads_to_the_earlier_run(shown: Console, tmp_path: Path) -> None:
    older = json.loads((tmp_path / "runs" / "older" / "run.json").read_text("utf-8"))
    newer = tmp_path / "runs" / "newer"
    table = pq.read_table(newer / "campaign_links.parquet")
    rows = [row | {"earlier_digest": older["digest"]} for row in table.to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), newer / "campaign_links.parquet")
    seal(newer)
    links = shown.browser(Role.VIEWER).get("/campaigns/C002?format=json").json()["values"]["links"]
    assert [one["see"] for one in links] == ["/campaigns/C001?run=run-1"]


def test_no_word_of_a_prompt_is_shown(shown: Console) -> None:
    browser = shown.browser(Role.ADMIN)
    one = FIRST.accounts()[4]
    for path in ("/campaigns/C002", "/campaigns/C002?format=json", f"/accounts/{one}?run=run-1"):
        text = browser.get(path).text
        assert "words that a customer wrote" not in text
        assert "secret words of a prompt" not in text


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_of_strangers_stay_texts(tmp_path: Path, text: str) -> None:
    ids = [text, f"{text}/../2"]
    marked_run(tmp_path / "runs" / "one", Sealed("run-1", (FIRST,)), ids, text)
    with Cases(tmp_path / "CASES.db", create=True) as cases:
        with cases.database.writing() as session:
            users.add(session, "viewer", Role.VIEWER, "test")
        browser = Console(cases, runs=(tmp_path / "runs",)).browser(Role.VIEWER)
        for path in ("/campaigns", "/campaigns/C001", "/permits", "/runs", "/runs/run-1", "/runs/compare"):
            answer = browser.get(path)
            assert answer.status_code == 200
            assert not dangers(answer.text)
        whole = browser.client.get("/accounts", params={"id": text})
        assert whole.status_code == 200
        assert not dangers(whole.text)
        link = re.search(r'href="(/accounts/[^"]+)"', browser.get("/campaigns/C001").text)
        assert link is not None
        assert browser.get(link[1].replace("&amp;", "&")).status_code == 200
        rows = list(csv.reader(io.StringIO(browser.get("/campaigns/C001?format=csv&table=accounts").text)))
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]


def test_sums_in_columns_are_those_of_the_report(shown: Console, tmp_path: Path) -> None:
    run = Run(tmp_path / "runs" / "newer")
    for campaign in run.rows("campaigns"):
        ours, theirs = summed_view(run, campaign), campaign_view(run, campaign)
        assert ours.counts == theirs.counts
        assert ours.tiers == theirs.tiers
        for one, other in zip(ours.waterfall, theirs.waterfall, strict=True):
            assert {**one, "nats": 0} == {**other, "nats": 0}
            assert one["nats"] == pytest.approx(other["nats"])
        assert ours.signals == theirs.signals
        assert ours.facets == theirs.facets


def test_the_graph_is_small_and_loses_nobody(tmp_path: Path) -> None:
    run = Run(marked_run(tmp_path / "run", Sealed("run-1", (Group("camp-wide", 3_000),))))
    shared = shared_marks(run, 1)
    assert shared.accounts == sum(one.accounts for one in shared.clusters) == 3_000
    assert len(shared.keys) <= MOST_KEYS
    assert len(shared.clusters) <= MOST_CLUSTERS + 4
    for place, key in enumerate(shared.keys):
        assert sum(one.carried[place] for one in shared.clusters) == key.accounts
    assert [one.accounts for one in shared.clusters] == [1_500, 1_500], "two addresses part them"


def test_a_page_of_accounts_is_by_tier_then_by_evidence(tmp_path: Path) -> None:
    run = Run(marked_run(tmp_path / "run", Sealed("run-1", (FIRST,), bystanders=("acct-1", "acct-2"))))
    found = accounts_of(run, 1, Wanted(), 0, 100)
    assert [row["tier"] for row in found.rows] == ["named"] * 5 + ["near"] * 2
    assert accounts_of(run, 1, Wanted(tier="near"), 1, 1).rows[0]["account_id"] == "acct-2"
    assert not accounts_of(run, 1, Wanted(text="(.*"), 0, 9).rows, "what is searched is text, no pattern"
