"""Prompts that the model wrote, from texts: who is told by them, who looks the same, and who does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.campaigns.verdict import PURPOSE, axis
from stillwatch.engine import DuckDBEngine
from stillwatch.registry import SIGNALS
from stillwatch.schema.keyed import HashKey
from stillwatch.schema.requests import REQUESTS
from stillwatch.settings import EngineSettings, SketchSettings
from stillwatch.signals import SIGNAL_EXCHANGES, prepare
from stillwatch.signals.score import scored
from stillwatch.sketch import sketch

BEGIN = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
ACCOUNTS = 20
WAYS = (
    "Make this harder, but keep it solvable: {}",
    "{} -- too easy. Give me a version that needs one more step.",
    "Rewrite what follows so that fewer people could answer it. {}",
    "Here is a question. Find a deeper one. {}",
)
Request = dict[str, Any]


def question(n: int) -> str:
    return f"Which of the {n} ways to cross the river number {n} takes the least time, and why"


def harder(n: int) -> str:
    return f"Given a boat for {n % 7 + 2} and {n} travellers, which order of crossings takes the least time?"


def request(
    account: int, second: int, text: str, answer: str | None = "As you like.", **more: Any
) -> Request:
    before = [{"role": "system", "text": more.pop("system")}] if "system" in more else []
    return {
        "request_id": f"r{account}-{second}-{text[:40]}",
        "account_id": f"a{account}",
        "time": BEGIN + dt.timedelta(seconds=second),
        "messages": [*before, *more.pop("earlier", []), {"role": "user", "text": text}],
        "answer": answer,
        **more,
    }


def pipeline(first: int = 0, rounds: int = 1, **second_stage: Any) -> list[Request]:
    """Each account words its requests in its own way; the last of some hardened questions is answered."""
    rows, number = [], 100_000 * first
    for i in range(600 // (rounds + 1)):
        account, asked = first + i % ACCOUNTS, question(number)
        for _ in range(rounds):
            number += 1
            text = WAYS[account % len(WAYS)].format(asked)
            asked = harder(number)
            rows.append(request(account, 100 * number, text, f"1. {asked}"))
        rows.append(
            request(first + (i + 1) % ACCOUNTS, 100 * number + 50, asked, "In four trips.", **second_stage)
        )
    return rows


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine(EngineSettings(memory="1GB")) as opened:
        yield opened


def measured(engine: DuckDBEngine, groups: dict[int, list[Request]]) -> dict[int, dict[str, float]]:
    """The score of every signal that speaks, by group."""
    tables = []
    for group, sent in groups.items():
        full = [dict.fromkeys(REQUESTS.names()) | row for row in sent]
        batch = pa.RecordBatch.from_pylist(full, schema=REQUESTS.arrow)
        found = sketch(batch, HashKey.public(), SketchSettings()).exchanges
        seconds = [(row["time"] - BEGIN) // dt.timedelta(seconds=1) for row in sent]
        columns = {name: found.column(name) for name in SIGNAL_EXCHANGES.names if name in found.schema.names}
        columns |= {
            "group": pa.array([group] * len(full), pa.int32()),
            "second": pa.array(seconds, pa.int64()),
        }
        for field in SIGNAL_EXCHANGES:
            columns.setdefault(field.name, pa.nulls(len(full), field.type))
        tables.append(pa.table({n: columns[n] for n in SIGNAL_EXCHANGES.names}).cast(SIGNAL_EXCHANGES))
    releases = pa.table({"model": pa.array([], pa.string()), "second": pa.array([], pa.int64())})
    inputs = prepare(engine, engine.load("rows", pa.concat_tables(tables)), engine.load("releases", releases))
    scores: dict[int, dict[str, float]] = {group: {} for group in groups}
    for name in ("model_written", "everyday_work"):
        signal = SIGNALS.all()[name]
        for row in scored(signal, engine.collect(signal.query(inputs)).to_pylist()):
            scores[row["group"]][name] = row["score"]
    return scores


def written(engine: DuckDBEngine, sent: list[Request], others: list[Request] | None = None) -> float:
    groups = {1: sent} | ({2: others} if others else {})
    return measured(engine, groups)[1].get("model_written", 0.0)


def test_a_pipeline_is_told_in_any_words(engine: DuckDBEngine) -> None:
    score = written(engine, pipeline())
    assert score == pytest.approx(1.0)
    assert axis("intent", {"model_written": score}).score > 0.5


def test_four_rounds_for_each_answer_pass_what_purpose_needs(engine: DuckDBEngine) -> None:
    score = written(engine, pipeline(rounds=4))
    assert axis("intent", {"model_written": score}).score > PURPOSE
    assert score < 1.0


def test_plain_work_does_not_excuse_it(engine: DuckDBEngine) -> None:
    fixed = [
        request(i % ACCOUNTS, 100 * i, f"Tidy up this note for our records, please. {question(i)}")
        for i in range(600)
    ]
    with_it = measured(engine, {1: fixed, 2: fixed + pipeline()})
    assert with_it[1]["everyday_work"] > 0.9
    assert with_it[2]["everyday_work"] < 0.2


@pytest.mark.parametrize(
    "second_stage",
    [
        {"system": "Translate the text of the user to Finnish."},
        {"tools": '[{"type": "function", "function": {"name": "run"}}]'},
        {"earlier": [{"role": "user", "text": "Hello there."}, {"role": "assistant", "text": "Hello!"}]},
    ],
    ids=["another-system-prompt", "tools", "later-turn"],
)
def test_texts_that_are_handed_on_with_a_task_do_not_count(
    engine: DuckDBEngine, second_stage: Request
) -> None:
    assert written(engine, pipeline(**second_stage)) == 0.0


def test_the_system_prompt_of_both_stages_is_no_task(engine: DuckDBEngine) -> None:
    sent = [
        row | {"messages": [{"role": "system", "text": "You are a helpful assistant."}, *row["messages"]]}
        for row in pipeline()
    ]
    strangers = [request(a, a, question(a), system="You are a helpful assistant.") for a in (500, 501)]
    assert written(engine, sent, strangers) == pytest.approx(1.0)
    assert written(engine, sent) == 0.0, "a system prompt that nobody else has may hold a task"


def test_a_chain_whose_task_stands_in_its_system_prompt_is_no_pipeline(engine: DuckDBEngine) -> None:
    """Translated to and fro to check it, and a text made better in rounds: each answer is sent again, bare."""
    task = "Translate between Finnish and English: what comes in the one goes out in the other."
    there_and_back = [
        step
        for i in range(300)
        for step in (
            request(
                i % ACCOUNTS,
                100 * i,
                f"Vene numero {i} on tullut rantaan, ja kaikki astuvat maihin.",
                question(i),
                system=task,
            ),
            request(i % ACCOUNTS, 100 * i + 50, question(i), f"Vene {i} tuli rantaan.", system=task),
        )
    ]
    assert written(engine, there_and_back) == 0.0
    rounds = [
        request(
            i % ACCOUNTS,
            100 * i + r,
            question(1000 * i + r),
            question(1000 * i + r + 1),
            system="Make the text of the user a little friendlier.",
        )
        for i in range(200)
        for r in range(3)
    ]
    assert written(engine, rounds) == 0.0


def test_a_question_that_the_answer_repeats_is_the_askers_own(engine: DuckDBEngine) -> None:
    sent = [
        request(
            i % ACCOUNTS, 1000 * day + i, question(i), f"{question(i)}?\nIn four trips, since it is near."
        )
        for day in range(3)
        for i in range(200)
    ]
    assert written(engine, sent) == 0.0


def test_what_strangers_ask_as_well_is_public(engine: DuckDBEngine) -> None:
    sent = pipeline()
    asked = [row["messages"][-1]["text"] for row in sent[1::2]]
    one, two = ([request(a, i, text) for i, text in enumerate(asked)] for a in (500, 501))
    assert written(engine, sent, one) == pytest.approx(1.0)
    assert written(engine, sent, one + two) == 0.0


def test_two_groups_do_not_answer_for_each_other(engine: DuckDBEngine) -> None:
    sent = pipeline()
    asks = [row for row in sent if row["answer"].startswith("1. ")]
    answers = [row for row in sent if not row["answer"].startswith("1. ")]
    other = [row | {"account_id": f"b{row['account_id']}"} for row in answers]
    assert written(engine, asks, other) == 0.0


def test_one_loud_account_does_not_make_the_group(engine: DuckDBEngine) -> None:
    """Linkage brought a pipeline's account in by mistake: the others ask as people do."""
    loud = [row | {"account_id": "a7"} for row in pipeline()]
    people = [request(i % ACCOUNTS, 100 * i, question(900_000 + i)) for i in range(400)]
    assert written(engine, loud + people) < 0.3


def test_without_answers_it_is_blind(engine: DuckDBEngine) -> None:
    assert "exchanges.offers" in SIGNALS.all()["model_written"].needs
    assert written(engine, [row | {"answer": None} for row in pipeline()]) == 0.0
