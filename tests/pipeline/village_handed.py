"""The village's campaign made to pass its conversations from account to account, and to replay signatures."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
from village import SEED, Ran, Row, beside, run_here

from stillwatch.pipeline import Inputs
from stillwatch.simulate.make import Order, make

TURNS = 4
"""Exchanges of one conversation, each under whichever account's turn it is."""


def signature(row: Row) -> str:
    """What the API would have signed an answer's reasoning with."""
    return f"signed reasoning of {row['request_id']}".replace(" ", "+")


def passed_on(rows: list[Row]) -> None:
    """Make the rows conversations of TURNS exchanges; then send each signature back once more, in a session
    of its own, from another account.
    """
    for place, row in enumerate(rows):
        message = row["response"]["choices"][0]["message"]
        message["thinking_blocks"] = [{"type": "thinking", "thinking": "hm", "signature": signature(row)}]
        if place % TURNS:
            before = rows[place - 1]
            row["request"]["messages"] = [
                *before["request"]["messages"],
                before["response"]["choices"][0]["message"],
                row["request"]["messages"][-1],
            ]
    for before, row in zip(rows, rows[TURNS::TURNS], strict=False):
        saved = {
            "role": "assistant",
            "content": "as said",
            "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": signature(before)}],
        }
        row["request"]["messages"] = [
            {"role": "user", "content": "hello"},
            saved,
            row["request"]["messages"][-1],
        ]


def guilty_of(world: Path) -> set[str]:
    """Account ids of the campaign."""
    rows = pq.read_table(world / "truth.parquet").to_pylist()
    return {row["account_id"] for row in rows if row["kind"] == "campaign"}


def handed_world(scenario: Path, world: Path) -> Ran:
    """Run a village, its campaign's exchanges in the order of their times made one conversation after the
    other.
    """
    make(Order(str(scenario), world, scale=1.0, seed=SEED, format="openai_jsonl"))
    guilty = guilty_of(world)
    assert guilty
    for path in sorted((world / "logs").iterdir()):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        answered = [row for row in rows if row["account_id"] in guilty and row["response"].get("choices")]
        passed_on(sorted(answered, key=lambda row: str(row["time"])))
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return Ran(
        run_here(Inputs((world / "logs",), **beside(world)), world.with_name(f"{world.name}-run")), world
    )
