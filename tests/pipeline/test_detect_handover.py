"""A campaign that passes its conversations from account to account, and replays saved reasoning signatures,
through the whole of `detect`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
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


@pytest.fixture(scope="module")
def handed(village_file: Path) -> Ran:
    """The village, its campaign's exchanges in the order of their times made one conversation after the
    other.
    """
    world = village_file.with_name("handed")
    make(Order(str(village_file), world, scale=1.0, seed=SEED, format="openai_jsonl"))
    guilty = {
        row["account_id"]
        for row in pq.read_table(world / "truth.parquet").to_pylist()
        if row["kind"] == "campaign"
    }
    assert guilty
    for path in sorted((world / "logs").iterdir()):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        answered = [row for row in rows if row["account_id"] in guilty and row["response"].get("choices")]
        passed_on(sorted(answered, key=lambda row: str(row["time"])))
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return Ran(run_here(Inputs((world / "logs",), **beside(world)), world.with_name("handed-run")), world)


def test_both_are_told_of_the_campaign_and_of_nobody_else(handed: Ran) -> None:
    worst = next(row for row in handed.rows("campaigns") if row["campaign"] == "C001")
    scores = {row["signal"]: row for row in handed.rows("scores") if row["group"] == worst["group"]}
    assert scores["handed_over"]["score"] > 0.9
    assert scores["signature_replay"]["score"] > 0.9
    assert scores["handed_over"]["peers"] == 0.0
    assert "handover" in worst["held_out"]
    assert {"handover", "signature"} <= {
        row["facet"] for row in handed.rows("evidence") if row["group"] == worst["group"]
    }
    carriers = {row["account"] for row in handed.rows("traces") if row["facet"] in ("handover", "signature")}
    guilty = {
        row["account_id"]
        for row in pq.read_table(handed.world / "truth.parquet").to_pylist()
        if row["kind"] == "campaign"
    }
    names = {row["account"]: row["account_id"] for row in handed.rows("accounts")}
    assert {names[account] for account in carriers} <= guilty
