"""A suite and a harvest of the same test questions are told apart by what is asked, how often, and how long
the answers are.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ibis import _
from range_hamlet import HEAD

from stillwatch.engine import DuckDBEngine
from stillwatch.ingest import IngestContext, plan
from stillwatch.pipeline.read_logs import read_logs
from stillwatch.registry import SIGNALS
from stillwatch.schema.keyed import HashKey
from stillwatch.settings import EngineSettings, IngestSettings, SketchSettings
from stillwatch.signals import SIGNAL_EXCHANGES, prepare
from stillwatch.signals.score import scored
from stillwatch.simulate.make import Order, make

SUITE = """
[[population]]
kind = "eval_harness"
accounts = 4
median = 700
sigma = 0.1
group_min = 2
group_max = 2
jobs = { bench_maths = 1.0 }
"""
HARVEST = """
[[campaign]]
name = "NAME"
accounts = 60
exchanges = 1_500
first_day = 0
days = 6
rhythm = "flat"
banned = 0.0

[[campaign.pathway]]
share = 1.0
plan = "api"
agent = "OpenAI/Python 2.6.0"
runtime = "CPython 3.12.4"
system = "Linux x64"
jobs = { JOB = 1.0 }
"""
WORKED, BARE = (
    HARVEST.replace("NAME", "worked").replace("JOB", "bench_worked"),
    HARVEST.replace("NAME", "bare").replace("JOB", "bench_bare"),
)
CASES = ("suite", "worked", "bare")


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, float]]:
    """Scores of each case by signal."""
    folder = tmp_path_factory.mktemp("suites")
    (folder / "suites.toml").write_text(HEAD + SUITE + WORKED + BARE, encoding="utf-8")
    make(Order(str(folder / "suites.toml"), folder / "world", scale=1.0, seed=5))
    (folder / "stage").mkdir()
    settings = IngestSettings(workers=1)
    sources = plan([folder / "world" / "logs"], settings=settings, format=None, mapping=None)
    staged = read_logs(
        sources,
        IngestContext(settings),
        HashKey.public(),
        SketchSettings(),
        folder / "stage",
        lambda *_: None,
    )
    groups = {
        row["account_id"]: CASES.index(row["campaign"] or "suite") + 1
        for row in pq.read_table(folder / "world" / "truth.parquet").to_pylist()
    }
    accounts = staged.accounts.to_pylist()
    assigned = pa.table(
        {
            "account": [row["account"] for row in accounts],
            "group": pa.array([groups[row["account_id"]] for row in accounts], pa.int32()),
        }
    )
    with DuckDBEngine(EngineSettings(memory="1GB")) as engine:
        exchanges = engine.read("exchanges", staged.files).mutate(
            second=_.time.epoch_seconds().floor().cast("int64")
        )
        joined = exchanges.join(engine.load("assigned", assigned), "account")
        lacking = [field.name for field in SIGNAL_EXCHANGES if field.name not in joined.columns]
        blank = pa.table(
            {"one": [1]} | {name: pa.nulls(1, SIGNAL_EXCHANGES.field(name).type) for name in lacking}
        )
        rows = joined.mutate(one=1).join(engine.load("blank", blank), "one").select(*SIGNAL_EXCHANGES.names)
        releases = engine.load(
            "releases", pa.table({"model": pa.array([], pa.string()), "second": pa.array([], pa.int64())})
        )
        inputs = prepare(engine, engine.create("signal_exchanges", rows), releases)
        found: dict[str, dict[str, float]] = {case: {} for case in CASES}
        for name in ("evaluation_like", "training_coverage", "reasoning_elicitation"):
            signal = SIGNALS.all()[name]
            for row in scored(signal, engine.collect(signal.query(inputs)).to_pylist()):
                found[CASES[row["group"] - 1]][name] = row["score"]
    return found


def test_a_suite_is_excused(scores: dict[str, dict[str, float]]) -> None:
    assert scores["suite"]["evaluation_like"] > 0.8
    assert scores["suite"]["training_coverage"] < 0.2
    assert scores["suite"]["reasoning_elicitation"] < 0.05


def test_a_harvest_of_the_same_questions_with_worked_reasoning_is_not(
    scores: dict[str, dict[str, float]],
) -> None:
    assert scores["worked"]["evaluation_like"] < 0.2


def test_long_answers_to_bare_questions_of_many_accounts_excuse_nobody(
    scores: dict[str, dict[str, float]],
) -> None:
    assert scores["bare"]["evaluation_like"] < 0.2


def test_coverage_tells_them_apart(scores: dict[str, Any]) -> None:
    for case in ("worked", "bare"):
        assert scores[case]["training_coverage"] > scores["suite"]["training_coverage"] + 0.2
