"""The verdict in a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from stillwatch.report import sentences

HIGH = {"scale": 0.9, "deception": 0.1, "intent": 0.9, "permit": "", "permit_excess": ""}


@pytest.mark.parametrize(
    ("change", "told", "not_told"),
    [
        ({"verdict": "unlicensed"}, "no permit covers it", "beyond its permit"),
        (
            {"verdict": "unlicensed", "permit": "licence", "permit_excess": "much"},
            "goes clearly beyond its permit",
            "no permit",
        ),
        ({"verdict": "authorised", "permit": "licence"}, "a permit covers it.", "in part"),
        (
            {"verdict": "authorised", "permit": "licence", "permit_excess": "a little"},
            "a permit covers it, in part.",
            "no permit",
        ),
        ({"verdict": "benign"}, "one verified organisation", "act as one"),
        ({"verdict": "benign", "intent": 0.1}, "act as one", "verified organisation"),
    ],
)
def test_a_verdict_says_what_owner_and_permit_account_for(
    change: dict[str, Any], told: str, not_told: str
) -> None:
    said = sentences.verdict(HIGH | change, 0.5)
    assert told in said
    assert not_told not in said
