"""One form of question, in an evaluation and in a harvest: coverage, repetition and accounts tell them apart.

The prompts of all groups are sketched, so that the flags are those of real texts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.campaigns.verdict import axis
from stillwatch.engine import DuckDBEngine
from stillwatch.registry import SIGNALS
from stillwatch.schema.flags import HARVEST, Flag
from stillwatch.schema.keyed import HashKey
from stillwatch.schema.requests import REQUESTS
from stillwatch.settings import EngineSettings, SketchSettings
from stillwatch.signals import SIGNAL_EXCHANGES, prepare
from stillwatch.signals.score import scored
from stillwatch.sketch import sketch

BEGIN = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
DAY = 86_400
FORM = "Please reason step by step, and put your final answer within \\boxed{{}}.\n\n{}"
BIRDS = [
    "heron",
    "stork",
    "crane",
    "swan",
    "goose",
    "duck",
    "teal",
    "coot",
    "rail",
    "snipe",
    "plover",
    "curlew",
    "gull",
    "tern",
    "grebe",
    "loon",
]
PLACES = [
    "marsh",
    "pond",
    "river",
    "delta",
    "beach",
    "canal",
    "field",
    "lake",
    "harbour",
    "meadow",
    "ditch",
    "estuary",
    "fen",
    "moor",
    "weir",
]
DEEDS = [
    "stand",
    "feed",
    "nest",
    "rest",
    "fish",
    "call",
    "preen",
    "wade",
    "dive",
    "land",
    "sleep",
    "hide",
    "drink",
    "bathe",
]
QUESTIONS = [
    f"In the {place}, twice as many birds {deed} as {bird}s. How many {bird}s {deed} there?"
    for bird, place, deed in product(BIRDS, PLACES, DEEDS)
]
CHAT = [
    f"My {bird} likes the {place}, should I let it {deed} there?"
    for bird, place, deed in product(BIRDS, PLACES, DEEDS)
]
PEERS, SUITE, HARVESTED, CLASS, HELPER, ELICITED, HEALTH = range(7)
"""The groups."""
WORKED, SHORT = "word " * 160, "word " * 8


def sent(group: int, account: int, second: float, text: str, answer: str, **more: Any) -> dict[str, Any]:
    return {
        "group": group,
        "account_id": f"{group}/{account}",
        "time": BEGIN + dt.timedelta(seconds=second),
        "text": text,
        "answer": answer,
        "model": "m",
        "first": None,
    } | more


def suite() -> Iterator[dict[str, Any]]:
    """Three accounts of a team send a closed set on four days, to two models."""
    for day, model in product((0, 3, 7, 10), ("m", "n")):
        for place, question in enumerate(QUESTIONS[:150]):
            text = FORM.format(question)
            yield sent(SUITE, place % 3, day * DAY + place * 9, text, WORKED, model=model)


def harvest() -> Iterator[dict[str, Any]]:
    """Forty accounts send one list of new questions, each its own part of it."""
    for place, question in enumerate(QUESTIONS[200:1600]):
        yield sent(HARVESTED, place % 40, place * 450, FORM.format(question), WORKED)


def pupils() -> Iterator[dict[str, Any]]:
    """Thirty pupils do one sheet in one lesson."""
    for pupil, (place, question) in product(range(30), enumerate(QUESTIONS[1700:1712])):
        yield sent(CLASS, pupil, DAY + pupil * 11 + place * 200, FORM.format(question), WORKED)


def helper() -> Iterator[dict[str, Any]]:
    """A homework helper on one account: new questions, and questions back."""
    for place, question in enumerate(QUESTIONS[1800:2600]):
        first = question if place % 3 == 0 else None
        yield sent(HELPER, 0, place * 700, FORM.format(question), WORKED, first=first)


def elicited() -> Iterator[dict[str, Any]]:
    """Twenty accounts send a template's prefix, and get instructions."""
    for place in range(600):
        yield sent(ELICITED, place % 20, place * 300, "<|im_start|>user\n", QUESTIONS[place])


def health() -> Iterator[dict[str, Any]]:
    """Twenty accounts send empty pings."""
    for place in range(600):
        yield sent(HEALTH, place % 20, place * 300, ("", "ping", "Q:")[place % 3], SHORT)


def people() -> Iterator[dict[str, Any]]:
    """Sixty others chat."""
    for place, text in enumerate(CHAT[:900]):
        yield sent(PEERS, place % 60, place * 800, text, SHORT)


def table_of(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows of SIGNAL_EXCHANGES from what was sent."""
    empty = dict.fromkeys(REQUESTS.names())
    requests = []
    for number, row in enumerate(rows):
        talk = [{"role": "user", "text": row["first"]}, {"role": "assistant", "text": SHORT}]
        messages = [*(talk if row["first"] else []), {"role": "user", "text": row["text"]}]
        given = {name: row[name] for name in ("account_id", "time", "answer", "model")}
        counts = {
            "input_tokens": len(row["text"]) // 4,
            "output_tokens": len(row["answer"]) // 4,
            "status": 200,
        }
        requests.append(empty | {"request_id": f"r{number}", "messages": messages} | given | counts)
    batch = pa.RecordBatch.from_pylist(requests, schema=REQUESTS.arrow)
    found = pa.Table.from_batches([sketch(batch, HashKey.public(), SketchSettings()).exchanges])
    own = {
        "group": pa.array([row["group"] for row in rows], pa.int32()),
        "second": pa.array([int(row["time"].timestamp()) for row in rows], pa.int64()),
    }
    columns = {
        name: found.column(name) for name in SIGNAL_EXCHANGES.names if name in found.column_names
    } | own
    lacking = [field for field in SIGNAL_EXCHANGES if field.name not in columns]
    columns |= {field.name: pa.nulls(len(rows), field.type) for field in lacking}
    return pa.table({name: columns[name] for name in SIGNAL_EXCHANGES.names}).cast(SIGNAL_EXCHANGES)


@pytest.fixture(scope="module")
def exchanges() -> pa.Table:
    makers = (people, suite, harvest, pupils, helper, elicited, health)
    return table_of([row for maker in makers for row in maker()])


@pytest.fixture(scope="module")
def scores(exchanges: pa.Table) -> dict[int, dict[str, float]]:
    """The score of each signal of intent and context, by group."""
    found: dict[int, dict[str, float]] = {}
    with DuckDBEngine(EngineSettings(memory="1GB")) as engine:
        releases = {"model": pa.array([], pa.string()), "second": pa.array([], pa.int64())}
        inputs = prepare(engine, engine.load("rows", exchanges), engine.load("releases", pa.table(releases)))
        for name, signal in SIGNALS.all().items():
            if signal.axis in ("intent", "context"):
                for row in scored(signal, engine.collect(signal.query(inputs)).to_pylist()):
                    found.setdefault(row["group"], {})[name] = row["score"]
    return found


def flags_of(exchanges: pa.Table, group: int) -> list[Flag]:
    mine = exchanges.filter(pa.array(np.asarray(exchanges.column("group")) == group))
    return [Flag(int(bits or 0)) for bits in mine.column("flags").to_pylist()]


def test_the_flags_of_suite_and_harvest_are_the_same(exchanges: pa.Table) -> None:
    for group in (SUITE, HARVESTED, CLASS, HELPER):
        flags = flags_of(exchanges, group)
        assert all(flag & Flag.STEPS for flag in flags)
        assert not any(flag & HARVEST for flag in flags)


def test_only_new_questions_that_are_dealt_out_are_a_harvest(scores: dict[int, dict[str, float]]) -> None:
    assert scores[HARVESTED]["dealt_questions"] > 0.9
    for group in (SUITE, CLASS, HELPER):
        assert scores[group]["dealt_questions"] < 0.1
    assert "dealt_questions" not in scores[ELICITED]


def test_a_suite_is_explained_and_the_harvest_is_not(scores: dict[int, dict[str, float]]) -> None:
    assert scores[SUITE]["evaluation_like"] > 0.4
    assert scores[HARVESTED]["evaluation_like"] < 0.05
    assert scores[HARVESTED]["everyday_work"] < 0.05


def test_intent_of_the_harvest_is_high_and_of_suite_and_class_low(
    scores: dict[int, dict[str, float]],
) -> None:
    assert axis("intent", scores[HARVESTED]).score >= 0.5
    for group in (SUITE, CLASS):
        assert axis("intent", scores[group]).score < 0.5


def test_empty_turns_count_by_what_they_get(exchanges: pa.Table, scores: dict[int, dict[str, float]]) -> None:
    assert all(flag & Flag.SELF_ELICITED for flag in flags_of(exchanges, ELICITED))
    assert scores[ELICITED]["self_elicitation"] > 0.9
    assert axis("intent", scores[ELICITED]).score >= 0.5
    assert not any(flag & HARVEST for flag in flags_of(exchanges, HEALTH))
    assert scores[HEALTH]["self_elicitation"] < 0.05
