"""A campaign whose requests try every way to drop out of the analysis is found as if they had not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from village import ALONE, Ran, beside, run_here

from stillwatch.pipeline import Inputs
from stillwatch.settings import IngestSettings
from stillwatch.simulate.dropout import MAX_ROW_BYTES, TRICKS, campaign_accounts, drop_out

SMALL_ROWS = replace(ALONE, ingest=IngestSettings(workers=1, max_row_bytes=MAX_ROW_BYTES))


def adversarial(ran: Ran) -> set[str]:
    """Accounts of the campaigns that a run calls adversarial."""
    names = [
        row["campaign"] for row in ran.rows("campaigns") if row["verdict"] == "adversarial" and row["listed"]
    ]
    return set().union(*map(ran.members, names))


@pytest.mark.parametrize(
    "tricks",
    [tuple(TRICKS)[:1], pytest.param(tuple(TRICKS)[1:], marks=pytest.mark.thorough)],
    ids=["one id for all", "the others"],
)
def test_the_campaign_is_found_with_its_members(
    village: Path, village_run: Ran, tmp_path: Path, tricks: tuple[str, ...]
) -> None:
    sent = drop_out(village, tmp_path / "logs", tricks)
    run = run_here(Inputs((tmp_path / "logs",), **beside(village)), tmp_path / "run", SMALL_ROWS)
    ran = Ran(run, village)
    accounts = campaign_accounts(village)
    kept = [
        row
        for path in sorted(run.rglob("day=*/*.parquet"))
        for row in pq.read_table(path, columns=["account"]).to_pylist()
    ]
    assert len(kept) == village_run.about()["exchanges"]
    assert (ran.about()["quarantined"], ran.about()["merged"]) == (0, 0)
    assert sent > 0
    # What was cut is evidence less: a member may be told only by its others, but nobody else is accused.
    found, plain = adversarial(ran), adversarial(village_run)
    assert found <= accounts
    assert len(plain - found) <= 0.1 * len(plain), sorted(plain - found)
    if tricks == ("one id for all",):
        assert found == plain, "ids are no evidence"
