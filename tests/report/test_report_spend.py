"""Spend of accounts and campaigns: nothing, not known and not in the log are three things."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from report_world import make_run, rewrite

from stillwatch.engine import DuckDBEngine
from stillwatch.report import explain_document, formatting
from stillwatch.report.account_facts import NOT_KNOWN, NOT_LOGGED, AccountBook
from stillwatch.report.export import accounts_csv
from stillwatch.report.sentences import spend
from stillwatch.report.view_models import CampaignView, campaign_view
from stillwatch.report_tables.account_use import account_use_table
from stillwatch.run.reading import Run
from stillwatch.schema import use
from stillwatch.schema.found import ACCOUNT_USE
from stillwatch.settings import EngineSettings


@pytest.fixture
def world(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run")


def view_of(folder: Path) -> tuple[CampaignView, AccountBook]:
    run = Run(folder)
    view = campaign_view(run, run.rows("campaigns")[0])
    return view, AccountBook(run, [row["account"] for row in view.everyone])


def test_accounts_sum_what_the_log_prices(tmp_path: Path) -> None:
    """An account without a price has none, and one that paid nothing has paid nothing."""
    rows = [(1, 1_500), (1, None), (1, 2_500), (2, None), (3, 0), (3, 0), (4, 9)]
    exchanges = pa.table(
        {
            "account": pa.array([account for account, _ in rows], pa.int64()),
            "second": pa.array(range(len(rows)), pa.int64()),
            "model": ["m"] * len(rows),
            "input_tokens": pa.array([1] * len(rows), pa.int32()),
            "output_tokens": pa.array([1] * len(rows), pa.int32()),
            "spend": pa.array([amount for _, amount in rows], pa.int64()),
        }
    )
    members = pa.table({"account": pa.array([1, 2, 3], pa.int64())})
    with DuckDBEngine(EngineSettings(), tmp_path) as engine:
        found = account_use_table(engine, engine.load("seen", exchanges), members)
    told = [(row["account"], row["spend"], row["priced"], row["exchanges"]) for row in found.to_pylist()]
    assert told == [(1, 4_000, 2, 3), (2, None, 0, 1), (3, 0, 2, 2)]


def test_three_ways_to_have_no_figure(world: Path) -> None:
    view, book = view_of(world)
    accounts = {int(row["account_id"][-5:]): row["account"] for row in view.members}
    exchanges = book.of(accounts[3]).exchanges
    assert book.spend(accounts[8]) == NOT_KNOWN
    assert book.spend(accounts[3]).endswith(f" for {exchanges - 5:,} of {exchanges:,} exchanges")
    assert book.spend(accounts[0]) == formatting.dollars(book.of(accounts[0]).exchanges * 4_100)
    rewrite(world, ACCOUNT_USE, {"spend": 0})
    assert view_of(world)[1].spend(accounts[0]) == "$0.00"
    rewrite(world, ACCOUNT_USE, {"spend": None, "priced": 0})
    assert view_of(world)[1].spend(accounts[0]) == NOT_LOGGED


def test_a_campaign_sums_its_named_accounts(world: Path) -> None:
    view, book = view_of(world)
    known = [book.of(row["account"]).spend for row in view.members]
    paid = [amount for amount in known if amount is not None]
    assert len(paid) < len(known) == 120
    found = spend.spend_of(view, book)
    assert (found.accounts, found.of) == (len(paid), 120)
    assert (found.total, found.median) == (sum(paid), round(median(paid)))
    told = spend.sentence(view, book)
    assert told.startswith(f"Spent by {len(paid)} of the 120 named accounts: ")
    middle = formatting.dollars(round(median(paid)))
    assert f"{formatting.dollars(sum(paid))}, the median account {middle}. " in told
    assert told.endswith(f"The log prices {found.priced:,} of {found.exchanges:,} exchanges.")


def test_the_log_prices_others_only(world: Path) -> None:
    """The account of use knows that the column is there, whoever of it is shown."""
    rewrite(world, ACCOUNT_USE, {"spend": None, "priced": 0})
    assert spend.sentence(*view_of(world)) == spend.NOT_LOGGED
    row = {"input": "logs", "file": None, "what": use.FILLED, "name": "spend", "detail": None, "count": 3}
    pq.write_table(pa.Table.from_pylist([row | {"of": 9}], schema=use.USE.arrow), world / "use.parquet")
    assert spend.sentence(*view_of(world)) == spend.NOT_KNOWN
    assert view_of(world)[1].log_prices


def test_the_download_keeps_them_apart(world: Path) -> None:
    rows = {row["account_id"]: row for row in csv.DictReader(io.StringIO(accounts_csv(*view_of(world))))}
    told = {name: (rows[name]["spend_usd"], rows[name]["priced"]) for name in rows}
    exchanges = int(rows["acct-01-00000"]["exchanges"])
    assert told["acct-01-00000"] == (f"{exchanges * 0.0041:.6f}", str(exchanges))
    assert told["acct-01-00008"] == ("", "0")
    rewrite(world, ACCOUNT_USE, {"spend": None, "priced": 0})
    again: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(accounts_csv(*view_of(world)))))
    assert {(row["spend_usd"], row["priced"]) for row in again} == {("", "")}


def test_a_document_has_the_figures(world: Path) -> None:
    found = json.loads(json.dumps(explain_document(world, "C001")))
    view, book = view_of(world)
    assert found["spend"] == spend.document(view, book)
    assert found["members"][0]["facts"]["spend"] == book.of(view.members[0]["account"]).spend
    assert found["members"][0]["facts"]["text"]["spend"] == book.spend(view.members[0]["account"])


@pytest.mark.parametrize(
    ("micro", "shown"),
    [(0, "$0.00"), (1, "<$0.01"), (9_999, "<$0.01"), (10_000, "$0.01"), (1_234_567_890, "$1,234.57")],
)
def test_dollars(micro: int, shown: str) -> None:
    assert formatting.dollars(micro) == shown
