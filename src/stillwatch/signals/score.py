"""Run every signal and keep what it found: scores and the values behind them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from stillwatch.engine import Engine
from stillwatch.registry import SIGNALS, Signal
from stillwatch.schema.found import SCORES
from stillwatch.schema.values import records
from stillwatch.signals.inputs import PEERS, SignalInputs

Progress = Callable[[str], None]


def score_groups(
    engine: Engine, inputs: SignalInputs, missing: dict[str, float], progress: Progress
) -> tuple[pa.Table, list[tuple[str, str, float]]]:
    """Table scores over all signals and groups, and the signals that were blind as (name, reason, share
    missing).
    """
    rows: list[dict[str, Any]] = []
    blind: list[tuple[str, str, float]] = []
    for name, signal in SIGNALS.all().items():
        lacks = {need: missing.get(need, 0.0) for need in signal.needs}
        worst = max(lacks.values(), default=0.0)
        if worst > 0.0:
            blind.append(
                (name, "no " + ", ".join(need for need, share in lacks.items() if share > 0.0), worst)
            )
        if worst < 1.0:
            progress(f"signal {name}")
            with SIGNALS.blaming(name):
                rows += scored(signal, engine.collect(signal.query(inputs)).to_pylist())
    ordered = sorted(rows, key=lambda row: (row["group"], row["signal"]))
    return pa.Table.from_pylist(ordered, schema=SCORES.arrow), blind


def scored(signal: Signal, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of table scores from a signal's rows; the peers' own score goes to each."""
    peers = next(
        (float(row["score"]) for row in found if row["group"] == PEERS and row["score"] is not None), None
    )
    return [
        {
            "group": int(row["group"]),
            "signal": signal.name,
            "axis": signal.axis,
            "score": _steady(row["score"]),
            "peers": None if peers is None else _steady(peers),
            "values": records({name: item for name, item in row.items() if name not in ("group", "score")}),
        }
        for row in found
        if row["group"] != PEERS and row["score"] is not None
    ]


def _steady(score: float) -> float:
    """A score cut to nine places: sums of floats in another order must give the same bytes."""
    return 0.0 if math.isnan(score) else round(min(max(float(score), 0.0), 1.0), 9)
