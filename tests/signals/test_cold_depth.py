"""Cold turns after another account: what is counted, and the work on one conversation sent very often."""

from __future__ import annotations

from collections import Counter
from random import Random
from time import process_time
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.engine import DuckDBEngine
from stillwatch.settings import EngineSettings
from stillwatch.signals import SIGNAL_EXCHANGES
from stillwatch.signals.cold_depth import COLD, DEEP, LIFE, _deep

Row = dict[str, Any]


def found(rows: list[Row]) -> Counter[tuple[Any, ...]]:
    full = [{"has_text": False, **row} for row in rows]
    with DuckDBEngine(EngineSettings(memory="1GB")) as engine:
        table = engine.load("rows", pa.Table.from_pylist(full, schema=SIGNAL_EXCHANGES))
        out = engine.collect(_deep(table)).to_pylist()
    return Counter((r["group"], r["client"], r["cold"], r["stayed"], r["switched"]) for r in out)


def by_pairs(rows: list[Row]) -> Counter[tuple[Any, ...]]:
    """The same by looking at each pair of a turn and what it may follow."""
    told: Counter[tuple[Any, ...]] = Counter()
    for turn in rows:
        if turn["continues"] is None or turn["cached_tokens"] is None or turn["input_tokens"] < DEEP:
            continue
        own = other = same = False
        for left in rows:
            gap = turn["second"] - left["second"]
            key = (left["group"], left["leaves"]) == (turn["group"], turn["continues"])
            if not key or not 0 <= gap <= LIFE:
                continue
            one = left["account"] == turn["account"]
            kin = not one and left["owner"] is not None and left["owner"] == turn["owner"]
            own, same, other = own or one, same or kin, other or not (one or kin)
        cold = int(turn["cached_tokens"] <= COLD * turn["input_tokens"])
        told[turn["group"], turn["client"], cold, own, other and not own and not same] += 1
    return told


@pytest.mark.parametrize("seed", range(6))
def test_turns_are_told_as_by_looking_at_each_pair(seed: int) -> None:
    draw = Random(seed)
    rows: list[Row] = []
    for _ in range(200):
        account = draw.randrange(6)
        key = draw.randrange(8)
        rows.append(
            {
                "group": draw.randrange(3),
                "account": account,
                "owner": (None, None, 1, 1, 2, 3)[account],
                "second": draw.randrange(0, 1_500, 50),
                "client": draw.choice((None, 1, 2)),
                "input_tokens": draw.choice((100, 9_000)),
                "cached_tokens": draw.choice((None, 0, 8_000)),
                "continues": draw.choice((None, key)),
                "leaves": draw.choice((None, key, key + 1)),
            }
        )
    told = found(rows)
    assert told == by_pairs(rows)
    assert any(stayed for *_, stayed, _ in told)
    assert any(switched for *_, switched in told)


def test_one_conversation_sent_very_often_takes_work_in_proportion() -> None:
    def seconds(n: int) -> float:
        rows = [
            {"group": 1, "account": i % 4, "second": i // 200, "client": 1, "continues": 7, "leaves": 7}
            | {"input_tokens": 9_000, "cached_tokens": 0}
            for i in range(n)
        ]
        began = process_time()
        assert sum(found(rows).values()) == n
        return process_time() - began

    few = seconds(10_000)
    # 60,000 turns that all follow one another would be 3.6 billion pairs.
    assert seconds(60_000) < 12 * few
