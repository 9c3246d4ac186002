"""Two loud accounts do not speak for a group, and one account alone is heard in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.engine import DuckDBEngine
from stillwatch.registry import SIGNALS
from stillwatch.settings import EngineSettings
from stillwatch.signals import SIGNAL_EXCHANGES, prepare
from stillwatch.signals.account_weights import account_weights, account_weights_table
from stillwatch.signals.score import scored

GENERATION = 8
PLAIN, HARVESTED = (
    {"flags": 0, "input_tokens": 100, "output_tokens": 100},
    {"flags": GENERATION, "input_tokens": 100, "output_tokens": 900},
)


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine(EngineSettings(memory="1GB")) as opened:
        yield opened


def exchanges(group: int, account: int, count: int, asked: dict[str, Any]) -> list[dict[str, Any]]:
    row = {
        "group": group,
        "account": account,
        "has_text": True,
        "head": 7,
        "model": "m",
        "status": 200,
    } | asked
    return [
        row | {"second": i, "prompt": account * 10_000 + i, "tail": account * 10_000 + i}
        for i in range(count)
    ]


def scores(engine: DuckDBEngine, rows: list[dict[str, Any]]) -> dict[tuple[int, str], float]:
    inputs = prepare(
        engine,
        engine.load("rows", pa.Table.from_pylist(rows, schema=SIGNAL_EXCHANGES)),
        engine.load("releases", pa.table({"model": ["m"], "second": [0]})),
    )
    names = ("evaluation_like", "instruction_generation", "everyday_work", "output_heavy", "inline_reasoning")
    signals = [SIGNALS.all()[name] for name in names]
    return {
        (row["group"], row["signal"]): row["score"]
        for s in signals
        for row in scored(s, engine.collect(s.query(inputs)).to_pylist())
    }


def test_no_account_counts_for_more_than_the_median_one() -> None:
    sizes, group = np.array([10.0, 1_000.0, 10.0, 5.0, 4.0, 8.0, 77.0]), np.array([0, 0, 0, 0, 1, 1, 3])
    assert account_weights(sizes, group, 4).tolist() == [1.0, 0.01, 1.0, 1.0, 1.0, 0.75, 1.0]
    assert account_weights(np.zeros(0), np.zeros(0, np.int64), 0).tolist() == []


def test_the_table_keeps_its_rows_in_their_order() -> None:
    members = pa.table({"group": pa.array([5, 2, 5], pa.int32()), "account": [1, 2, 3], "n": [30, 9, 10]})
    assert account_weights_table(members).to_pylist() == [
        {"group": 5, "account": 1, "account_weight": pytest.approx(2 / 3)},
        {"group": 2, "account": 2, "account_weight": 1.0},
        {"group": 5, "account": 3, "account_weight": 1.0},
    ]


def test_what_two_loud_accounts_ask_is_not_what_their_group_asks(engine: DuckDBEngine) -> None:
    peers = [row for account in range(100, 110) for row in exchanges(0, account, 10, PLAIN)]
    freelancers = [row for account in range(30) for row in exchanges(1, account, 40, PLAIN)]
    loud = [row for account in (30, 31) for row in exchanges(1, account, 1_200, HARVESTED)]
    crew = [row for account in range(50, 82) for row in exchanges(2, account, 80, HARVESTED)]
    found = scores(engine, peers + freelancers + loud + crew)
    assert found[1, "instruction_generation"] < 0.1
    assert found[1, "everyday_work"] > 0.9
    assert 0.0 < found[1, "output_heavy"] < 0.5
    assert found[2, "instruction_generation"] == 1.0
    assert found[2, "everyday_work"] == 0.0
    assert found[2, "output_heavy"] == 1.0


def test_an_account_alone_is_heard_in_full(engine: DuckDBEngine) -> None:
    found = scores(engine, exchanges(0, 9, 10, PLAIN) + exchanges(1, 1, 500, HARVESTED))
    assert (found[1, "instruction_generation"], found[1, "everyday_work"]) == (1.0, 0.0)


def test_what_is_not_shown_to_be_asked_does_not_speak_against_plain_work(engine: DuckDBEngine) -> None:
    plain = [row for account in range(12) for row in exchanges(1, account, 40, PLAIN)]
    odd = [row | {"flags": GENERATION if row["account"] == 0 and row["second"] < 30 else 0} for row in plain]
    found = scores(engine, exchanges(0, 99, 10, PLAIN) + odd)
    assert found[1, "everyday_work"] > 0.9


@pytest.mark.parametrize(("tagged", "least", "most"), [(0, 0.9, 1.0), (4, 0.5, 0.7), (12, 0.0, 0.0)])
def test_answers_that_are_reasoning_show_what_no_flag_saw(
    engine: DuckDBEngine, tagged: int, least: float, most: float
) -> None:
    plain = {"refused": False, "reasoning_share": 0.0} | PLAIN
    work = [row for account in range(12) for row in exchanges(1, account, 40, plain)]
    told = [row | {"reasoning_share": 0.8 if row["second"] < tagged else 0.0} for row in work]
    found = scores(engine, exchanges(0, 99, 40, plain) + told)
    assert least <= found[1, "everyday_work"] <= most


def test_the_peers_tagged_reasoning_is_no_ones_harvest(engine: DuckDBEngine) -> None:
    raw = {"refused": False, "reasoning_share": 0.8} | PLAIN
    found = scores(engine, exchanges(0, 99, 40, raw) + exchanges(1, 1, 40, raw))
    assert found[1, "everyday_work"] > 0.9


def test_what_the_peers_ask_again_too_is_no_suite(engine: DuckDBEngine) -> None:
    def asked(group: int) -> list[dict[str, Any]]:
        rows = exchanges(group, group * 100, 600, PLAIN)
        return [
            row
            | {
                "prompt": row["second"] % 230 if row["second"] < 460 else row["prompt"],
                "second": row["second"] * 900,
            }
            for row in rows
        ]

    suite = [row | {"prompt": row["second"] // 900 % 30} for row in asked(2)]
    alone = scores(engine, exchanges(0, 9, 600, PLAIN) + asked(1) + suite)
    beside = scores(engine, asked(0) + asked(1) + suite)
    assert alone[1, "evaluation_like"] > 0.5
    assert beside[1, "evaluation_like"] < 0.1
    assert beside[2, "evaluation_like"] == 1.0


def test_popular_prompts_of_any_number_of_people_are_no_suite(engine: DuckDBEngine) -> None:
    def people(group: int, asks: int) -> list[dict[str, Any]]:
        prompts = np.random.default_rng(group).zipf(1.2, asks) % 2**62
        rows = [
            row
            for account in range(asks // 100)
            for row in exchanges(group, 1_000 * group + account, 100, PLAIN)
        ]
        return [
            row | {"prompt": int(prompt), "second": row["second"] * 9_000}
            for row, prompt in zip(rows, prompts, strict=True)
        ]

    few, many = people(1, 600), people(2, 20_000)
    uses = [Counter(row["prompt"] for row in rows) for rows in (few, many)]
    again = [sum(n for n in counted.values() if n > 1) / counted.total() for counted in uses]
    assert again[0] + 0.05 < again[1], (
        "in the larger group more of the uses are of prompts that were asked before"
    )
    found = scores(engine, exchanges(0, 9, 600, PLAIN) + few + many)
    assert found[1, "evaluation_like"] < 0.05
    assert found[2, "evaluation_like"] < 0.05
