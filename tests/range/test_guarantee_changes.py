"""Each change that the study of a wrong baseline makes does change a world, and only the later part of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from guarantee_study.changes import BROUGHT, CHANGES, OPENED, SHOWN, holiday_days, release_day
from guarantee_study.worlds import BENIGN, Task, scenario_of
from stillwatch.run.layout import stored_days
from stillwatch.simulate.accounts import DAY
from stillwatch.simulate.world import World, make_world

START = 1_770_595_200_000_000
"""2026-02-09 in microseconds since 1970."""
ACCOUNTS, EACH = 200, 12


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of one week: every account EACH times a day, half of them on a plan for work; those with an even
    number send a system prompt.
    """
    account = np.arange(ACCOUNTS)
    plans = ["team" if number % 4 < 2 else "free" for number in account]
    pq.write_table(pa.table({"account": account, "plan": plans}), tmp_path / "accounts.parquet")
    for day in range(7):
        who = np.tile(account, EACH)
        moment = START + day * DAY + np.arange(len(who)) * (DAY // len(who))
        shown = {name: pa.array(who + 1) for name in SHOWN}
        own = {name: pa.array(who + 1, mask=who % 2 == 1) for name in BROUGHT if name not in SHOWN}
        folder = tmp_path / "exchanges" / f"day=2026-02-{9 + day:02}"
        folder.mkdir(parents=True)
        table = pa.table(
            {"account": who, "time": pa.array(moment, pa.timestamp("us", "UTC")), **shown, **own}
        )
        pq.write_table(table, folder / "exchanges.parquet")
    return tmp_path


def days(run: Path) -> list[pa.Table]:
    return [pq.ParquetFile(path).read() for path in stored_days(run)]


@pytest.mark.parametrize("change", ["client release", "agent release"])
def test_a_release_reaches_two_fifths_of_a_week(run: Path, change: str) -> None:
    before = days(run)
    make = CHANGES[change].tables
    assert make is not None
    make(run, 1)
    after = days(run)
    first = release_day(7)
    assert all(old.equals(new) for old, new in zip(before[:first], after[:first], strict=True))
    last_before, last = before[-1], after[-1]
    columns = BROUGHT if change == "agent release" else SHOWN
    moved = last["ja4"].to_numpy() != last_before["ja4"].to_numpy()
    assert 0.3 < len(np.unique(last["account"].to_numpy()[moved])) / ACCOUNTS < 0.5
    for name in BROUGHT:
        old, new = last_before[name].combine_chunks(), last[name].combine_chunks()
        assert new.is_valid().equals(old.is_valid()), "who sent no system prompt does not begin to"
        here = old.is_valid().to_numpy(zero_copy_only=False) & moved
        assert len(pa.compute.unique(new.filter(pa.array(here)))) == (
            1 if name in columns else len(pa.compute.unique(old.filter(pa.array(here))))
        )


def test_a_holiday_takes_work_away_for_some_days_of_a_week(run: Path) -> None:
    before = days(run)
    make = CHANGES["holiday"].tables
    assert make is not None
    make(run, 1)
    closed = holiday_days(7)
    assert list(closed) == [3, 4]
    for number, (old, new) in enumerate(zip(before, days(run), strict=True)):
        if number not in closed:
            assert old.equals(new)
            continue
        working = new["account"].to_numpy() % 4 < 2
        assert 0.2 < int(working.sum()) / (old.num_rows / 2) < 0.3
        assert 0.6 < int((~working).sum()) / (old.num_rows / 2) < 0.74


def test_windows_of_four_weeks() -> None:
    assert (release_day(28), list(holiday_days(28))) == (12, list(range(14, 21)))


def world_of(change: str) -> tuple[World, World]:
    """A small benign world before and after a change that is made before its first exchange."""
    scenario = CHANGES[change].scenario(scenario_of(Task(BENIGN, "benign", 0.001, 1, 3_000.0, 0, 365.0)))
    world = make_world(scenario, 0.001, 1)
    # The change writes into the accounts, so a copy of what it writes is kept.
    kept = replace(
        world.accounts,
        **{
            name: getattr(world.accounts, name).copy()
            for name in ("late_profile", "late_from", "first", "created")
        },
    )
    return replace(world, accounts=kept), CHANGES[change].world(world)


def test_drift_gives_ordinary_accounts_other_jobs_from_the_middle_on() -> None:
    before, after = world_of("drift")
    moved = after.accounts.late_profile != before.accounts.late_profile
    ordinary = after.accounts.kind == after.kinds.index("ordinary")
    assert (moved & ordinary).sum() == ordinary.sum() > 100
    middle = after.setting.start + after.setting.days * DAY // 2
    assert (after.accounts.late_from[moved] >= middle).all()
    assert (after.accounts.late_from[moved] <= middle + 5 * DAY).all()


def test_a_region_opens_in_the_middle() -> None:
    before, after = world_of("new region")
    assert after.setting.places.regions[-1].name == OPENED.name
    new = after.accounts.region == len(after.setting.places.regions) - 1
    assert 0.08 < new.mean() < 0.3
    middle = after.setting.start + after.setting.days * DAY // 2
    assert (before.accounts.first[new] < middle).any(), "else the test shows nothing"
    assert (after.accounts.first[new] >= middle).all()
