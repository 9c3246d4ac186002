"""Facets on cases small enough to be checked by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from time import process_time
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_world import few

from stillwatch.engine import DuckDBEngine
from stillwatch.facets import Tables, prepare
from stillwatch.facets.pivot import SLOTS
from stillwatch.facets.succession import WAVE
from stillwatch.facets.token_shape import show
from stillwatch.facets.upgrade import BUCKET, DAY
from stillwatch.registry import FACETS
from stillwatch.schema.stored import ACCOUNTS, EXCHANGES
from stillwatch.schema.table import schema_of, values

ZERO = 1_772_409_600
HOUR = 3600


def at(hours: float) -> datetime:
    return datetime.fromtimestamp(ZERO + hours * HOUR, UTC)


def tables_of(
    engine: DuckDBEngine,
    exchanges: list[dict[str, Any]],
    accounts: list[dict[str, Any]],
    releases: list[tuple[str, float]],
) -> Tables:
    released = [{"model": model, "second": ZERO + int(hours * HOUR)} for model, hours in releases]
    new = engine.load(
        "releases", pa.Table.from_pylist(released, schema=schema_of(model=pa.string(), second=pa.int64()))
    )
    return prepare(
        engine,
        engine.load("exchanges", few(exchanges, EXCHANGES)),
        engine.load("accounts", few(accounts, ACCOUNTS)),
        new,
    )


def marks_of(engine: DuckDBEngine, name: str, tables: Tables) -> dict[int, list[int]]:
    rows = engine.collect(FACETS.all()[name].query(tables))
    found: dict[int, list[int]] = {}
    for account, value in sorted(zip(values(rows, "account"), values(rows, "value"), strict=True)):
        found.setdefault(account, []).append(value)
    return found


def test_pivot_wants_work_before_and_half_of_it_on_the_new_model_after(duck: DuckDBEngine) -> None:
    work = {
        1: [(90, "old"), (101, "new"), (102, "new"), (103, "old")],
        2: [(90, "old"), (107, "new")],
        3: [(101, "new"), (102, "new")],
        4: [(90, "old"), (101, "new"), (102, "old"), (103, "old")],
        5: [(90, "old"), (149, "new")],
        6: [(40, "old"), (101, "new")],
        7: [(199, "old"), (200, "newer")],
    }
    rows = [
        {"account": account, "time": at(hours), "model": model}
        for account, uses in work.items()
        for hours, model in uses
    ]
    tables = tables_of(duck, rows, [], [("newer", 200), ("new", 100)])
    assert marks_of(duck, "pivot", tables) == {1: [0], 2: [1], 7: [SLOTS]}


def test_succession_joins_the_banned_of_one_hour_with_those_who_begin_within_a_day(
    duck: DuckDBEngine,
) -> None:
    banned = [{"account": n, "banned": at(10 + n / 10)} for n in range(WAVE)]
    banned += [{"account": 100 + n, "banned": at(40 + n / 10)} for n in range(WAVE - 1)]
    begin = {200: 10.5, 201: 33.5, 202: 34.5, 203: 9.5, 204: 41.0}
    rows = [{"account": account, "time": at(hours)} for account, hours in begin.items()] + [
        {"account": 203, "time": at(12)}
    ]
    wave = ZERO // HOUR + 10
    expected = {account: [wave] for account in [*range(WAVE), 200, 201]}
    assert marks_of(duck, "succession", tables_of(duck, rows, banned, [])) == expected


def test_onset_is_an_active_hour_after_an_idle_one(duck: DuckDBEngine) -> None:
    rows = [{"account": 1, "time": at(hours)} for hours in (1.1, 1.9, 2.5, 5.25, 5.3)]
    begun = {(ZERO + int(hours * HOUR)) // 60 for hours in (1.1, 5.25)}
    found = marks_of(duck, "onset", tables_of(duck, rows, [], []))[1]
    assert {value & (2**40 - 1) for value in found if value >> 40 == 60} == begun


def test_active_hours_takes_the_earlier_of_two_equal_parts(duck: DuckDBEngine) -> None:
    rows = [{"account": 1, "time": at(hours)} for hours in (1, 2, 9, 10, 13)]
    assert marks_of(duck, "active_hours", tables_of(duck, rows, [], [])) == {1: [0 * 7 + 3]}


def test_mail_domain_leaves_out_domains_open_to_anyone(duck: DuckDBEngine) -> None:
    accounts = [
        {"account": 1, "email_domain": 5, "email_public": True},
        {"account": 2, "email_domain": 6},
        {"account": 3},
    ]
    assert marks_of(duck, "mail_domain", tables_of(duck, [], accounts, [])) == {2: [6]}


def test_mail_root_tells_only_what_the_domain_does_not(duck: DuckDBEngine) -> None:
    accounts = [
        {"account": 1, "email_domain": 5, "mail_root": 50},
        {"account": 2, "email_domain": 6, "mail_root": 50},
        {"account": 3, "email_domain": 7, "mail_root": 70},
        {"account": 4, "email_domain": 7, "mail_root": 70},
        {"account": 5, "email_domain": 8},
    ]
    assert marks_of(duck, "mail_root", tables_of(duck, [], accounts, [])) == {1: [50], 2: [50]}


def test_an_account_with_many_end_users_leaves_no_mark_of_them(duck: DuckDBEngine) -> None:
    rows = [{"account": 1, "time": at(n), "end_user": n} for n in range(101)]
    rows += [{"account": 2, "time": at(n), "end_user": n % 3} for n in range(200)]
    rows += [{"account": 3, "time": at(1)}]
    found = marks_of(duck, "end_user", tables_of(duck, rows, [], []))
    assert {account: set(users) for account, users in found.items()} == {2: {0, 1, 2}}


def moves(start: int, count: int, apart: float, first: float = 20.0) -> list[dict[str, Any]]:
    """Accounts that change from client 1 to client 2, the next one `apart` hours after the last."""
    return [
        {"account": start + n, "time": at(hours), "client": client, "address": n}
        for n in range(count)
        for client, begin in ((1, first - 10), (2, first + n * apart))
        for hours in (begin, begin + 0.01, begin + 0.02)
    ]


def test_upgrade_sees_lockstep_and_not_a_wave_of_automatic_updates(duck: DuckDBEngine) -> None:
    lockstep = marks_of(duck, "upgrade", tables_of(duck, moves(0, 12, 0.01), [], []))
    assert set(lockstep) == set(range(12))
    assert len({value for (value,) in lockstep.values()}) == 1
    wave = tables_of(duck, moves(0, 300, 1 / 30), [], [])
    assert marks_of(duck, "upgrade", wave) == {}
    both = tables_of(duck, moves(0, 300, 1 / 30) + moves(1_000, 60, 0.002, first=25.01), [], [])
    assert {account for account in marks_of(duck, "upgrade", both) if account >= 1_000} == set(
        range(1_000, 1_060)
    )


def test_upgrade_leaves_out_who_goes_back_and_forth_or_only_tried(duck: DuckDBEngine) -> None:
    back = moves(0, 12, 0.01)
    back += [{"account": n, "time": at(40), "client": 1, "address": n} for n in range(12)]
    assert marks_of(duck, "upgrade", tables_of(duck, back, [], [])) == {}
    tried = [row for row in moves(0, 12, 0.01) if row["client"] == 1]
    tried += [{"account": n, "time": at(20), "client": 2, "address": n} for n in range(12)]
    assert marks_of(duck, "upgrade", tables_of(duck, tried, [], [])) == {}


def test_upgrade_takes_work_in_proportion_to_the_moves(duck: DuckDBEngine) -> None:
    def seconds(n: int) -> float:
        account = np.repeat(np.arange(n), 2)
        client = np.tile([1, 2], n)
        # Each account moves in a quarter of an hour of its own: every pair of them was looked at.
        second = ZERO + account * BUCKET + np.where(client == 1, -DAY, 0)
        columns = {
            "account": account,
            "client": client,
            "second": second,
            "last": second,
            "n": second * 0 + 3,
        }
        empty = tables_of(duck, [], [], [])
        tables = replace(empty, visits=duck.load("visits_of_moves", pa.table(columns)))
        began = process_time()
        assert marks_of(duck, "upgrade", tables) == {}
        return process_time() - began

    seconds(2_000)
    few = seconds(10_000)
    assert seconds(60_000) < 15 * few


def test_a_device_that_everybody_has_and_one_that_few_have(duck: DuckDBEngine) -> None:
    rows = [{"account": n, "time": at(n / 10), "device": 7 if n > 2 else 8} for n in range(40)]
    rows += [{"account": 50, "time": at(1)}]
    found = marks_of(duck, "device", tables_of(duck, rows, [], []))
    assert (found[0], found[2], found[3], 50 in found) == ([8], [8], [7], False)
    assert not FACETS.all()["device"].anchor, "a mark that is cheap to imitate never names anyone alone"
    assert not FACETS.all()["end_user"].anchor


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(read=st.integers(1, 20), written=st.integers(1, 20), requests=st.integers(10, 13))
def test_token_shape_steps_up_exactly_at_powers_of_two(
    duck: DuckDBEngine, read: int, written: int, requests: int
) -> None:
    rows = [
        {"account": 1, "time": at(n), "input_tokens": 2**read - 1, "output_tokens": 2**written - 1}
        for n in range(requests)
    ]
    below = [row | {"account": 2, "input_tokens": 2**read - 2} for row in rows] if read > 1 else []
    found = marks_of(
        duck,
        "token_shape",
        tables_of(duck, rows + below + [row | {"account": 3} for row in rows[:9]], [], []),
    )
    assert found.pop(1) == [2 * read * 4096 + 2 * written * 64]
    assert (
        show(2 * read * 4096 + 2 * written * 64)
        == f"about {2**read:,} tokens in (give or take 0), {2**written:,} out"
    )
    assert all(value[0] < 2 * read * 4096 for value in found.values())
    assert 3 not in found
