"""Codes and values as sentences."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from string import Formatter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_world_sides import why

from stillwatch.campaigns.verdict import LABELS
from stillwatch.registry import SIGNALS
from stillwatch.report import sentences
from stillwatch.report.sentences import hypotheses, permits, prompts
from stillwatch.report.sentences.clauses import clause
from stillwatch.report.view_models import ADJUSTED
from stillwatch.schema.codes import Adjustment, Excess, Null
from stillwatch.schema.values import VALUES, Item, items, record, records

END, LATE = datetime(2026, 6, 29, 22, tzinfo=UTC), datetime(2026, 7, 3, tzinfo=UTC)
MUCH = [{"code": "exchanges", "values": records({"used": 2, "allowed": 1})}]
HIGH: dict[str, Any] = {
    "kind": "declared",
    "scale": 0.9,
    "deception": 0.1,
    "intent": 0.9,
    "permit": "",
    "permit_excess": [],
    "extracting": [],
    "exchanges": 2_000,
    "named": 12,
    "present": 0,
    "role": "operator",
}


@pytest.mark.parametrize(
    ("change", "told", "not_told"),
    [
        ({"verdict": "unlicensed"}, "no permit covers it", "beyond its permit"),
        (
            {"verdict": "unlicensed", "permit": "licence", "permit_excess": MUCH},
            "Its use goes clearly beyond its permit.",
            "no permit",
        ),
        ({"verdict": "authorised", "permit": "licence"}, "a permit covers the group.", "beyond it"),
        (
            {"verdict": "authorised", "permit": "licence", "permit_excess": MUCH},
            "though its use goes somewhat beyond it.",
            "no permit",
        ),
        (
            {"verdict": "benign"},
            "It works at industrial scale and asks for what looks like training data, but openly",
            "not",
        ),
        (
            {"verdict": "benign", "intent": 0.1},
            "have one owner. Scale is high, but intent is not.",
            "organisation",
        ),
        (
            {"verdict": "benign", "scale": 0.1, "intent": 0.1, "kind": "single"},
            "one account. No axis",
            "high",
        ),
        (
            {"verdict": "benign", "scale": 0.1, "deception": 0.9, "intent": 0.1, "kind": "linked"},
            "act as one. Deception is high, but scale and intent are not.",
            "No axis",
        ),
        (
            {"verdict": "adversarial", "deception": 0.9, "role": "victim"},
            "with stolen or leaked keys. The customers are the victims. That use works at industrial scale,",
            "the group",
        ),
        ({"verdict": "adversarial", "deception": 0.9}, "scale, hides who is behind it and asks", "permit"),
    ],
)
def test_a_verdict_says_what_owner_and_permit_account_for(
    change: dict[str, Any], told: str, not_told: str
) -> None:
    said = sentences.verdict(HIGH | change, 0.5)
    assert told in said
    assert not_told not in said


def test_every_code_has_its_sentence() -> None:
    assert set(hypotheses.NULLS) == set(Null)
    assert set(permits.EXCESS) == set(Excess)
    assert set(prompts.ASKS) == set(LABELS)
    assert set(ADJUSTED) == set(Adjustment)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            {"code": "models", "values": [record("model", "large"), record("model", "huge")]},
            "They used large and huge, which the permit does not name.",
        ),
        (
            {"code": "exchanges", "values": records({"used": 1001, "allowed": 1})},
            "They had 1,001 exchanges; the permit allows 1.",
        ),
        (
            {"code": "output-tokens", "values": records({"used": 1, "allowed": 0})},
            "They were given 1 output token; the permit allows 0.",
        ),
        (
            {"code": "after-its-end", "values": records({"last": LATE, "expires": END})},
            "They went on until 3 Jul 2026; the permit ended on 29 Jun 2026.",
        ),
        (
            {"code": "before-its-start", "values": records({"first": END, "starts": LATE})},
            "They began on 29 Jun 2026; the permit starts on 3 Jul 2026.",
        ),
        ({"code": "of-a-later-version", "values": []}, "Beyond it: of-a-later-version."),
    ],
)
def test_an_excess_is_a_sentence(told: dict[str, Any], said: str) -> None:
    assert sentences.excess(told) == said


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (None, "Not known: the log holds no prompts."),
        ([], "Answers to ordinary questions."),
        ([("grading", 1.0, 1.0, 1.0)], "100% of prompts ask for grades against rubrics."),
        (
            [("grading", 0.41, 0.383, 0.44), ("agentic", 0.2, 0.1, 0.3), ("judge", 0.02, 0.001, 0.3)],
            "41% (38\N{EN DASH}44%) of prompts ask for grades against rubrics, 20% (10\N{EN DASH}30%) for "
            "tool use and code and 2% (0\N{EN DASH}30%) for the verdict of a judge or reward model.",
        ),
    ],
)
def test_what_was_extracted_is_one_sentence(
    asked: list[tuple[str, float, float, float]] | None, said: str
) -> None:
    names = ("label", "share", "low", "high")
    rows = None if asked is None else [dict(zip(names, row, strict=True)) for row in asked]
    assert sentences.extracting(rows) == said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"at_least": 0}, "The test is about the group as a whole. It does not say how many"),
        ({"at_least": 0, "kind": "single"}, "It is one account, and the test is about that account."),
        (
            {"at_least": 9},
            "At least 9 of 12 named accounts take part. The chance that this is wrong is at most 5%.",
        ),
        ({"at_least": 12}, "All 12 named accounts take part. The chance that this is wrong is at most 5%."),
    ],
)
def test_a_bound_says_no_more_than_it_bounds(change: dict[str, Any], said: str) -> None:
    campaign = HIGH | {"accounts": 12, "kind": "linked"} | change
    assert sentences.bound(campaign, {"bound_level": 0.05}).startswith(said)


def test_a_reason_against_is_said_to_be_one_and_the_weak_are_left_out() -> None:
    reasons = [
        why("grading", 0.6, 0.9),
        why("many_end_users", -0.5, 0.9),
        why("volume", 1.0, 0.01),
        why("evaluation_like", -0.8, 0.1),
    ]
    values = {
        "grading": records({"part": 0.5, "low": 0.5, "high": 0.5}),
        "many_end_users": records({"end_users": 1}),
    }
    assert sentences.why(reasons, values) == (
        "50% of its accounts' prompts grade, compare or judge answers. Against this: it passes on the ids "
        "of 1 "
        "end user."
    )
    assert sentences.why([], values) == "Nothing was found."


@pytest.mark.parametrize("number", [0, 1, 2, 1200])
@pytest.mark.parametrize("name", list(SIGNALS.all()))
def test_a_finding_reads_with_none_one_and_many(name: str, number: int) -> None:
    signal = SIGNALS.all()[name]
    templates = [signal.finding, *signal.unless.values()]
    fields = {field for text in templates for _, field, _, _ in Formatter().parse(text) if field}
    shares = {"part", "low", "high", "share"}
    values: dict[str, object] = {field: min(number, 1) / 2 if field in shares else number for field in fields}
    values |= dict.fromkeys(fields & {"model"}, "wren")
    said = sentences.finding(name, records(values))
    assert "fired" not in said
    assert not re.search(r"\b1 \w+s\b", said), said
    assert "{" not in said
    assert not said.endswith(".")
    unknown = records(dict.fromkeys(fields))
    assert "None" not in sentences.finding(name, unknown)


def test_a_signal_that_is_not_known_here_shows_its_values() -> None:
    told = sentences.finding("of_somebody", records({"wait_time": 3, "model": "m"}))
    assert told == "the signal of somebody fired: wait time is 3 and model is m"
    assert sentences.finding("of_somebody", []) == "the signal of somebody fired"
    assert sentences.finding("volume", records({"other": 1})) == "the signal volume fired: other is 1"


@pytest.mark.parametrize(
    ("template", "values", "said"),
    [
        ("{n:account}", {"n": 0}, "no accounts"),
        ("{n:account}", {"n": 1}, "1 account"),
        ("{n:end user}", {"n": 1200}, "1,200 end users"),
        ("{n:reply|replies}", {"n": 2}, "2 replies"),
        ("{n:account}", {"n": None}, "an unknown number of accounts"),
        ("{n:#} {n:?is|are}", {"n": 1}, "1 is"),
        ("{n:#} {n:?is|are}", {"n": 0}, "0 are"),
        ("{x:%}", {"x": 0.0004}, "<0.1%"),
        ("{x:%}", {"x": None}, "an unknown share"),
        ("{x:%~}", {"x": 0.5, "low": 0.4, "high": 0.6}, "50% (40\N{EN DASH}60%)"),
        ("{x:%~}", {"x": 1.0, "low": 1.0, "high": 1.0}, "100%"),
        ("{x:%~}", {"x": 0.0, "low": 0.0, "high": 0.0}, "0%"),
        ("{x:%~}", {"x": 0.5}, "50%"),
        ("{x:@}", {"x": "head"}, "first words"),
        ("{x:.1f}", {"x": 0.25}, "0.2"),
        ("{x}", {"x": END}, "29 Jun 2026"),
    ],
)
def test_a_clause_says_its_values(template: str, values: dict[str, Item], said: str) -> None:
    assert clause(template, values) == said


@given(st.lists(st.tuples(st.text(min_size=1), st.none() | st.integers(-(2**63), 2**63 - 1) | st.text())))
def test_values_come_back_as_they_went(pairs: list[tuple[str, int | str | None]]) -> None:
    told = dict(pairs)
    table = pa.table({"values": pa.array([records(told)], VALUES)})
    assert items(table["values"].to_pylist()[0]) == told
