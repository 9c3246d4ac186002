"""The three axes, the four verdicts, and what a group is said to have extracted."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.campaigns.verdict import LABELS, Axis, Standing, axis, extracting, verdict
from stillwatch.registry import SIGNALS
from stillwatch.schema.codes import Direction
from stillwatch.schema.flags import Flag
from stillwatch.settings import CampaignSettings

INTENT = [name for name, signal in SIGNALS.all().items() if signal.axis == "intent"]
CONTEXT = [name for name, signal in SIGNALS.all().items() if signal.axis == "context" and signal.weight < 0]
SETTINGS = CampaignSettings()


def weight(name: str) -> float:
    return SIGNALS.all()[name].weight


def test_an_axis_is_a_noisy_or_of_its_own_signals() -> None:
    found = {"grading": 0.5, "instruction_generation": 1.0, "volume": 1.0, "undeclared_linkage": 1.0}
    expected = 1 - (1 - weight("grading") * 0.5) * (1 - weight("instruction_generation"))
    assert axis("intent", found).score == pytest.approx(expected, abs=1e-6)
    assert axis("deception", found).score == pytest.approx(weight("undeclared_linkage"), abs=1e-6)
    assert axis("scale", {}) == Axis(0.0)


def test_an_axis_is_argued_by_its_strongest_signals_first() -> None:
    found = {
        "grading": 1.0,
        "instruction_generation": 1.0,
        "release_pivot": 0.1,
        "output_heavy": 0.5,
        "volume": 1.0,
    }
    why = axis("intent", found).why
    assert [reason.signal for reason in why] == [
        "instruction_generation",
        "grading",
        "output_heavy",
        "release_pivot",
    ]
    for reason in why:
        assert (reason.direction, reason.weight, reason.score) == (
            Direction.FOR,
            weight(reason.signal),
            found[reason.signal],
        )
        assert reason.strength == pytest.approx(reason.weight * reason.score)
    assert axis("intent", {"grading": 0.0}).why == ()


@given(st.dictionaries(st.sampled_from(INTENT + CONTEXT), st.floats(0, 1)))
def test_an_axis_can_be_made_again_from_its_reasons(scores: dict[str, float]) -> None:
    found = axis("intent", scores)
    doubt, kept = (
        math.prod(1 - reason.strength for reason in found.why if reason.direction == direction)
        for direction in Direction
    )
    assert (1 - doubt) * kept == pytest.approx(found.score, abs=1e-5)


def test_context_lessens_intent_and_nothing_else() -> None:
    found = {"reasoning_elicitation": 1.0, "undeclared_linkage": 1.0, "volume": 1.0}
    excused = found | {"evaluation_like": 0.5}
    assert axis("intent", excused).score == pytest.approx(
        axis("intent", found).score * (1 + weight("evaluation_like") * 0.5), abs=1e-6
    )
    (reason,) = (r for r in axis("intent", excused).why if r.direction == Direction.AGAINST)
    assert reason.signal == "evaluation_like"
    assert reason.strength == pytest.approx(-weight("evaluation_like") / 2)
    for other in ("scale", "deception"):
        assert axis(other, excused) == axis(other, found)


@given(
    st.dictionaries(st.sampled_from(INTENT + CONTEXT), st.floats(0, 1)),
    st.sampled_from(INTENT),
    st.sampled_from(CONTEXT),
    st.floats(0, 1),
)
def test_intent_grows_with_its_signals_shrinks_with_context_and_stays_between_0_and_1(
    scores: dict[str, float], more: str, excuse: str, score: float
) -> None:
    least = {name: value for name, value in scores.items() if name not in (more, excuse)}
    plain = axis("intent", least).score
    assert 0.0 <= plain <= 1.0
    assert axis("intent", least | {more: score}).score >= plain
    assert axis("intent", least | {excuse: score}).score <= plain


@pytest.mark.parametrize(
    ("scale", "deception", "intent", "standing", "expected"),
    [
        (0.9, 0.9, 0.9, Standing(), "adversarial"),
        (0.5, 0.5, 0.5, Standing(), "adversarial"),
        (0.9, 0.49, 0.9, Standing(), "unlicensed"),
        (0.9, 0.9, 0.49, Standing(), "coordinated"),
        (0.9, 0.9, 0.49, Standing(together=True), "benign"),
        (0.9, 0.9, 0.9, Standing(assessable=False), "coordinated"),
        (0.9, 0.4, 0.9, Standing(assessable=False), "benign"),
        (0.49, 0.9, 0.49, Standing(), "benign"),
        (0.49, 0.9, 0.9, Standing(), "benign"),
        (0.0, 0.0, 0.0, Standing(), "benign"),
        (0.9, 0.9, 0.9, Standing(permit=True), "authorised"),
        (0.0, 0.0, 0.0, Standing(permit=True), "authorised"),
        (0.9, 0.9, 0.9, Standing(permit=True, exceeded=True), "unlicensed"),
        (0.9, 0.0, 0.49, Standing(permit=True, exceeded=True), "authorised"),
        (0.49, 0.0, 0.9, Standing(permit=True, exceeded=True), "authorised"),
        (0.9, 0.0, 0.9, Standing(permit=True, exceeded=True, known=True), "unlicensed"),
        (0.9, 0.0, 0.9, Standing(known=True), "benign"),
        (0.9, 0.9, 0.9, Standing(known=True), "adversarial"),
    ],
)
def test_the_verdicts(
    scale: float, deception: float, intent: float, standing: Standing, expected: str
) -> None:
    axes = [Axis(score) for score in (scale, deception, intent)]
    assert verdict(axes[0], axes[1], axes[2], standing, SETTINGS) == expected


def asked(label: str, share: float, low: float, high: float) -> dict[str, Any]:
    return {
        "label": label,
        "texts": 200,
        "flagged": 1,
        "share": share,
        "low": low,
        "high": high,
        "corrected": True,
    }


def test_what_was_extracted_is_told_largest_first_and_with_its_interval() -> None:
    told = extracting(
        [
            asked("grading", 0.25, 0.222, 0.28),
            asked("reasoning", 0.6, 0.55, 0.648),
            asked("agentic", 0.015, 0.01, 0.02),
        ]
    )
    assert told == [
        {"label": "reasoning", "share": 0.6, "low": 0.55, "high": 0.648},
        {"label": "grading", "share": 0.25, "low": 0.222, "high": 0.28},
    ]
    assert extracting([]) is None, "the log holds no prompts"
    assert extracting([asked("reasoning", 0.01, 0.005, 0.02)]) == []
    assert extracting([asked("evaluation", 0.9, 0.8, 1.0)]) == [], "a test question is nothing to train on"


def test_what_may_be_chance_is_not_told() -> None:
    assert extracting([asked("grading", 0.2, 0.0, 0.5)]) == []


def test_every_flag_but_that_of_tests_is_told() -> None:
    assert set(LABELS) == {(flag.name or "").lower() for flag in Flag} - {"evaluation"}
