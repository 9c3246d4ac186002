"""A campaign that passes its conversations from account to account, and replays saved reasoning signatures,
through the whole of `detect`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from village import Ran
from village_handed import guilty_of, handed_world


@pytest.fixture(scope="module")
def handed(village_file: Path) -> Ran:
    """The village whose campaign hands its conversations on."""
    return handed_world(village_file, village_file.with_name("handed"))


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
    guilty = guilty_of(handed.world)
    names = {row["account"]: row["account_id"] for row in handed.rows("accounts")}
    assert {names[account] for account in carriers} <= guilty
