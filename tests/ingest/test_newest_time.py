"""Which times are believed: the clock decides, and the log itself where it runs ahead of the clock as a
whole.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from ingest_bench import Bench
from village import ALONE, small_row

from stillwatch.errors import TooManyBadRows
from stillwatch.ingest import newest_allowed, newest_seen
from stillwatch.pipeline import Inputs, detect
from stillwatch.schema.keyed import HashKey
from stillwatch.settings import IngestSettings

SETTINGS = IngestSettings(max_future_hours=24)
FAR = datetime(2099, 1, 1, tzinfo=UTC)
NOW = datetime.now(UTC)


def silent(_step: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def hour(time: datetime) -> int:
    return int(time.timestamp()) // 3_600


def test_the_clock_alone_takes_a_time_up_to_a_day_ahead() -> None:
    assert newest_allowed(NOW, SETTINGS) == NOW + timedelta(hours=24)


@pytest.mark.parametrize("many", [1, 40, 499, 500])
def test_some_rows_dated_far_ahead_move_nothing(many: int) -> None:
    assert newest_seen({hour(FAR): many}, 1_000, SETTINGS) is None


def test_a_log_that_runs_ahead_as_a_whole_sets_its_own_limit_whatever_one_row_says() -> None:
    ahead = {hour(FAR) + number: 100 for number in range(48)}
    limit = newest_seen(ahead, 4_800, SETTINGS)
    assert limit == FAR + timedelta(hours=48 + 24)
    wild = {**ahead, hour(datetime(9998, 1, 1, tzinfo=UTC)): 1}
    assert newest_seen(wild, 4_801, SETTINGS) == limit
    assert newest_seen({hour(FAR): 1}, 1, SETTINGS) is None, "a single row is no log"


def test_a_limit_never_leaves_the_calendar() -> None:
    last = hour(datetime(9999, 12, 31, 23, tzinfo=UTC))
    assert newest_seen({last: 10}, 10, SETTINGS) == datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


def test_rows_kept_out_are_counted_by_hour(bench: Bench) -> None:
    bench.ingest_context = type(bench.ingest_context)(bench.settings, newest=NOW)
    times = ("2099-01-01T00:10:00Z", "2099-01-01T00:50:00Z", "2099-01-01T01:00:00Z", "2026-02-01T00:00:00Z")
    rows = [{"request_id": str(i), "account_id": "a", "time": time} for i, time in enumerate(times)]
    assert len(bench.read(bench.lines("log.jsonl", rows))) == 1
    assert bench.quarantine.late == {hour(FAR): 2, hour(FAR) + 1: 1}


def log(folder: Path, starts: list[datetime]) -> Path:
    """A log with a row a minute from each of the times, and its mark of change at the beginning of 1970."""
    path = folder / "log.jsonl"
    rows = [small_row(i, time=time.isoformat()) for i, time in enumerate(starts)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    os.utime(path, (0, 0))
    return path


def found(folder: Path, starts: list[datetime]) -> list[datetime]:
    """The times of the exchanges in the run."""
    given = Inputs((log(folder, starts),), key=HashKey.public())
    run = detect(given, folder / "run", ALONE, silent)
    files = sorted(run.rglob("exchanges.parquet"))
    times: list[datetime] = []
    for path in files:
        times += pq.ParquetFile(path).read()["time"].to_pylist()  # type: ignore[arg-type]
    return times


def test_an_archive_whose_files_bear_an_early_date_is_read(tmp_path: Path) -> None:
    times = [datetime(2026, 2, 1, tzinfo=UTC) + timedelta(minutes=i) for i in range(60)]
    assert found(tmp_path, times) == times


def test_one_row_dated_far_ahead_is_kept_out_and_takes_nobody_with_it(tmp_path: Path) -> None:
    times = [datetime(2026, 2, 1, tzinfo=UTC) + timedelta(minutes=i) for i in range(60)]
    assert found(tmp_path, [*times, FAR]) == times


def test_a_world_later_than_the_clock_is_read_whole_but_for_one_row_later_still(tmp_path: Path) -> None:
    ahead = NOW.replace(microsecond=0) + timedelta(days=700)
    times = [ahead + timedelta(hours=i) for i in range(60)]
    assert found(tmp_path, [*times, FAR]) == times


def test_a_log_of_which_too_much_lies_ahead_is_refused_and_says_so(tmp_path: Path) -> None:
    times = [datetime(2026, 2, 1, tzinfo=UTC) + timedelta(minutes=i) for i in range(60)]
    with pytest.raises(TooManyBadRows, match="time in the future"):
        found(tmp_path, times + [FAR] * 30)
