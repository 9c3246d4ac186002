"""`stillwatch watch`: alarms of a run's days, the promise behind them, and what a day may know."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
import pytest
from village import Ran, Row, command_here

from stillwatch.errors import RunError, SettingError
from stillwatch.pipeline.alarm_ledger import Ledger
from stillwatch.pipeline.forget import SOURCES
from stillwatch.pipeline.watch import known_at, level_of, searches_of, watch
from stillwatch.run.layout import TABLES
from stillwatch.schema.stored import ACCOUNTS
from stillwatch.schema.table import values
from stillwatch.schema.watched import ALARM_MEMBERS, ALARMS, WATCHED
from stillwatch.simulate.score_alarms import score_alarms
from stillwatch.watch_settings import WatchSettings

pc: Any = pyarrow.compute
FIRST = datetime(2026, 3, 2, tzinfo=UTC)
CAMPAIGN = {
    "campaign": "C001",
    "kind": "linked",
    "verdict": "adversarial",
    "accounts": 3,
    "named": 3,
    "present": 1,
    "near": 0,
    "at_least": 2,
    "log_e_value": 9.0,
    "exchanges": 5,
}


def silent(step: str, done: int, total: int) -> None:
    """Progress that nobody sees."""


def day(number: int) -> datetime:
    return FIRST + timedelta(days=number)


def copied(ran: Ran, folder: Path) -> Path:
    """A copy of the run that is searched in one thread, as the other tests' runs must stay what they are."""
    shutil.copytree(ran.folder, folder)
    about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    about["settings"]["engine"]["threads"] = 1
    (folder / "run.json").write_text(json.dumps(about), encoding="utf-8")
    return folder


def empty_the_morning(run: Path, number: int) -> None:
    """Take away what a day holds before noon."""
    path = run / "exchanges" / f"day={day(number):%Y-%m-%d}" / "exchanges.parquet"
    table = pq.ParquetFile(path).read()
    noon = pa.scalar(day(number) + timedelta(hours=12), table.schema.field("time").type)
    pq.write_table(table.filter(pc.greater_equal(table["time"], noon)), path)


@pytest.fixture(scope="module")
def watched(village_run: Ran, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The village's run, watched on every second day."""
    run = copied(village_run, tmp_path_factory.mktemp("watched") / "run")
    watch(run, {"every": 2}, silent)
    return run


def rows(run: Path, name: str) -> list[Row]:
    found: list[Row] = pq.read_table(run / f"{name}.parquet").to_pylist()
    return found


def test_a_campaign_is_an_alarm_while_it_lasts(watched: Path, village: Path) -> None:
    (alarm,) = [row for row in rows(watched, "alarms") if row["new"]]
    assert (alarm["alarm"], alarm["verdict"], alarm["kind"]) == ("A001", "adversarial", "linked")
    assert 0 < alarm["at_least"] <= alarm["accounts"]
    document = score_alarms(watched, village)
    (thistle,) = document["campaigns"]
    assert (thistle["name"], thistle["alarm"]) == ("thistle", "A001")
    assert 1 <= thistle["delay_days"] <= 5
    assert 0.0 < thistle["gone"] <= 1.0
    assert document["false_alarms"] == {"adversarial": {}, "unlicensed": {}}
    assert document["false_days"] == []


def test_the_days_searched_say_what_an_alarm_needed(watched: Path) -> None:
    days = rows(watched, "watched")
    assert [row["day"] for row in days] == [day(1), day(3), day(5)]
    assert {row["level"] for row in days} == {level_of(WatchSettings(every=2))}
    assert all(
        row["log_e_value"] >= next(d["needed"] for d in days if d["day"] == row["day"])
        for row in rows(watched, "alarms")
    )
    assert sum(row["alarms"] for row in days) == len(rows(watched, "alarms"))
    assert days[-1]["exchanges"] == sum(
        pq.read_metadata(path).num_rows for path in (watched / "exchanges").rglob("*.parquet")
    )


def test_exchanges_so_far_are_those_of_the_named_accounts(watched: Path) -> None:
    last = rows(watched, "alarms")[-1]
    named = {row["account"] for row in rows(watched, "alarm_members")}
    counted = [
        a
        for path in (watched / "exchanges").rglob("*.parquet")
        for a in values(pq.ParquetFile(path).read(["account"]), "account")
    ]
    assert last["exchanges"] <= last["exchanges_so_far"] <= sum(account in named for account in counted)


@pytest.mark.parametrize("table", [WATCHED, ALARMS, ALARM_MEMBERS], ids=lambda table: table.name)
def test_each_table_keeps_its_contract(watched: Path, table: object) -> None:
    assert isinstance(table, type(WATCHED))
    assert pq.read_table(watched / f"{table.name}.parquet").schema.equals(table.arrow)


def test_a_day_knows_nothing_of_the_days_after_it(watched: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(watched, run)
    for late in (4, 5):
        shutil.rmtree(run / "exchanges" / f"day={day(late):%Y-%m-%d}")
    watch(run, {"every": 4}, silent)
    (alone,) = rows(run, "watched")
    same = ("day", "exchanges", "accounts", "tested")
    assert [alone[name] for name in same] == [rows(watched, "watched")[1][name] for name in same]


@pytest.mark.thorough
def test_a_day_searched_twice_is_searched_at_noon_on_what_there_was_then(
    village_run: Ran, watched: Path, tmp_path: Path
) -> None:
    """The run is cut to three days, the last of which begins after noon and holds nothing before."""
    run = copied(village_run, tmp_path / "run")
    for number in (0, 1, 2):
        shutil.rmtree(run / "exchanges" / f"day={day(number):%Y-%m-%d}")
    empty_the_morning(run, 5)
    watch(run, {"searches_a_day": 2}, silent)
    searches = rows(run, "watched")
    assert [row["until"] for row in searches] == [day(3) + timedelta(hours=12 * half) for half in range(1, 7)]
    assert [row["day"] for row in searches] == [day(number) for number in (3, 3, 4, 4, 5, 5)]
    assert {row["level"] for row in searches} == {level_of(WatchSettings(searches_a_day=2))}
    assert (
        searches[0]["exchanges"]
        < searches[1]["exchanges"]
        < searches[2]["exchanges"]
        < searches[3]["exchanges"]
    )
    same = ("exchanges", "accounts", "tested")
    assert [searches[4][name] for name in same] == [searches[3][name] for name in same], (
        "the morning brought nothing"
    )
    for alarm in rows(run, "alarms"):
        assert (
            alarm["exchanges"]
            <= alarm["exchanges_so_far"]
            <= next(row["exchanges"] for row in searches if row["until"] == alarm["until"])
        )
    first = {row["alarm"]: row["until"] for row in rows(run, "alarms") if row["new"]}
    assert all(row["since"] >= first[row["alarm"]] for row in rows(run, "alarm_members"))


def test_a_search_before_the_first_exchange_is_quiet(village_run: Ran, tmp_path: Path) -> None:
    run = copied(village_run, tmp_path / "run")
    for number in range(1, 6):
        shutil.rmtree(run / "exchanges" / f"day={day(number):%Y-%m-%d}")
    empty_the_morning(run, 0)
    done = command_here("watch", run, "--searches-a-day", 2, "--json")
    early, late = json.loads(done.stdout)["days"]
    assert (early["exchanges"], early["accounts"], early["tested"], early["alarms"]) == (0, 0, 0, 0)
    assert late["exchanges"] > 0
    shown = command_here("watch", run, "--searches-a-day", 2).stdout
    assert "1 day was searched, 2 times in all" in shown


def test_a_watch_ends_where_enough_was_seen(watched: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(watched, run)
    watch(run, {"every": 2}, silent, lambda so_far: so_far.alarms.num_rows > 0)
    alarmed = [row["day"] for row in rows(watched, "alarms")]
    assert [row["day"] for row in rows(run, "watched")] == [
        row["day"] for row in rows(watched, "watched") if row["day"] <= alarmed[0]
    ]
    assert rows(run, "alarms") == [row for row in rows(watched, "alarms") if row["day"] == alarmed[0]]


def test_without_the_campaign_there_is_no_alarm(village_run: Ran, tmp_path: Path) -> None:
    """The run's exchanges without those of the campaign; a class and a licensee are left."""
    run = copied(village_run, tmp_path / "run")
    guilty = {row["account_id"] for row in rows(village_run.world, "truth") if row["campaign"]}
    keys = pa.array(
        [row["account"] for row in rows(run, "accounts") if row["account_id"] in guilty], pa.int64()
    )
    for path in (run / "exchanges").rglob("*.parquet"):
        table = pq.ParquetFile(path).read()
        pq.write_table(table.filter(pc.invert(pc.is_in(table["account"], value_set=keys))), path)
    done = command_here("watch", run, "--every", 6, "--average-run-length", 30, "--json")
    assert json.loads(done.stdout)["alarms"] == []
    document = json.loads(command_here("range", "score", run, village_run.world, "--json").stdout)["watch"]
    assert (document["alarms"], document["searched"]) == (0, 1)
    assert [row["alarm"] for row in document["campaigns"]] == [None]


@pytest.mark.parametrize(
    ("length", "every", "times"),
    [(365.0, 1, 1), (30.0, 1, 1), (90.0, 7, 1), (0.4, 1, 1), (365.0, 1, 4), (10.0, 1, 24)],
)
def test_the_run_length_is_kept_by_whatever_dependence_is_worst(
    length: float, every: int, times: int
) -> None:
    """P(T > n) is at least 1 - n a; nothing less can be, so the sum of these is the least mean."""
    level = level_of(WatchSettings(average_run_length=length, every=every, searches_a_day=times))
    searches = sum(max(0.0, 1.0 - n * level) for n in range(int(1.0 / level) + 2))
    assert (searches - 1.0) * every / times >= length * (1.0 - 1e-9)


def test_an_alarm_goes_on_where_accounts_are_shared_and_two_at_once_are_one() -> None:
    ledger = Ledger(0.5)
    ledger.enter(day(0), day(1), CAMPAIGN | {"exchanges_so_far": 5}, {1: "a", 2: "b", 3: "c", 4: "d"})
    ledger.enter(day(0), day(1), CAMPAIGN | {"exchanges_so_far": 5}, {7: "g", 8: "h"})
    ledger.enter(day(1), day(2), CAMPAIGN | {"exchanges_so_far": 9}, {3: "c", 4: "d", 5: "e", 6: "f"})
    ledger.enter(day(2), day(3), CAMPAIGN | {"exchanges_so_far": 9}, {8: "h", 9: "i", 10: "j"})
    ledger.enter(day(3), day(4), CAMPAIGN | {"exchanges_so_far": 9}, {5: "e", 6: "f", 8: "h"})
    alarms, members = ledger.tables()
    assert [(row["alarm"], row["new"]) for row in alarms.to_pylist()] == [
        ("A001", True),
        ("A002", True),
        ("A001", False),
        ("A002", False),
        ("A001", False),
    ]
    since = {(row["alarm"], row["account"]): row["since"] for row in members.to_pylist()}
    assert since["A001", 3] == day(1)
    assert since["A001", 5] == day(2)
    assert since["A001", 8] == day(4)


def test_an_account_is_known_when_it_was_registered_or_seen_and_a_ban_when_it_happened() -> None:
    blank = dict.fromkeys(ACCOUNTS.names())
    people = [
        blank | {"account": 1, "account_id": "a", "created": day(0), "banned": day(1)},
        blank | {"account": 2, "account_id": "b", "created": day(0), "banned": day(3)},
        blank | {"account": 3, "account_id": "c", "created": day(3)},
        blank | {"account": 4, "account_id": "d", "created": day(3)},
        blank | {"account": 5, "account_id": "e"},
    ]
    known = known_at(pa.Table.from_pylist(people, schema=ACCOUNTS.arrow), pa.array([4], pa.int64()), day(2))
    assert [(row["account"], row["banned"]) for row in known.to_pylist()] == [
        (1, day(1)),
        (2, None),
        (4, None),
        (5, None),
    ]
    assert known.schema.equals(ACCOUNTS.arrow)


def test_windows_count_days_not_files(tmp_path: Path) -> None:
    for number in (0, 1, 4, 5):
        path = tmp_path / "exchanges" / f"day={day(number):%Y-%m-%d}" / "exchanges.parquet"
        path.parent.mkdir(parents=True)
        path.touch()
    days = list(searches_of(tmp_path, WatchSettings(window=2, every=1)))
    assert [(d.day, len(d.window), len(d.before)) for d in days] == [
        (day(0), 1, 1),
        (day(1), 2, 2),
        (day(4), 1, 3),
        (day(5), 2, 4),
    ]
    assert [d.day for d in searches_of(tmp_path, WatchSettings(every=4))] == [day(1), day(5)]
    with pytest.raises(RunError, match="no exchanges"):
        list(searches_of(tmp_path / "exchanges", WatchSettings()))


@pytest.mark.parametrize(
    "chosen",
    [
        {"average_run_length": 0.0},
        {"window": 0},
        {"every": 0},
        {"overlap": 0.0},
        {"searches_a_day": 0},
        {"searches_a_day": 5},
        {"searches_a_day": 48},
        {"searches_a_day": 2, "every": 2},
    ],
    ids=str,
)
def test_a_promise_that_cannot_be_given_is_refused(village_run: Ran, chosen: dict[str, float]) -> None:
    with pytest.raises(SettingError, match=f"watch.{next(iter(chosen))}"):
        watch(village_run.folder, chosen, silent)
    assert not (village_run.folder / "alarms.parquet").exists()


def test_forgetting_does_not_trip_over_alarms_and_does_not_keep_them() -> None:
    """What `forget` knows as a run's own file and does not write anew is gone afterwards."""
    assert {table.name for table in (WATCHED, ALARMS, ALARM_MEMBERS)} <= TABLES.keys()
    assert not {table.name for table in (WATCHED, ALARMS, ALARM_MEMBERS)} & {table.name for table in SOURCES}
