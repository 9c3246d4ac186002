"""Sketches of real templates, benchmarks and captured client traffic; nothing of their text is printed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from stillwatch.schema.flags import Flag

Rows = Callable[..., list[dict[str, Any]]]
SUSPECT = Flag.REASONING | Flag.GRADING | Flag.PREFERENCE | Flag.GENERATION | Flag.REWRITING


def _share(rows: list[dict[str, Any]], flag: Flag) -> float:
    return sum(bool(Flag(row["flags"]) & flag) for row in rows) / len(rows)


def _captured(folder: Path, job: str) -> list[dict[str, Any]]:
    table = pq.read_table(folder / "capture_client_http.parquet", columns=["job", "messages"]).to_pylist()
    talks = [json.loads(row["messages"]) for row in table if row["job"].startswith(job)]
    return [{"messages": [{"role": m["role"], "text": m["content"]} for m in talk]} for talk in talks]


def test_distilabel_jobs(rows_of: Rows, real_data: Path) -> None:
    judged = rows_of(_captured(real_data, "SelfInstruct"))
    assert _share(judged, Flag.GRADING | Flag.GENERATION) > 0.95
    evolved = rows_of(_captured(real_data, "EvolInstruct"))
    assert _share(evolved, Flag.REWRITING) > 0.35
    assert len({row["head"] for row in evolved if Flag(row["flags"]) & Flag.REWRITING}) <= 8


def test_evaluation_harness(rows_of: Rows, real_data: Path) -> None:
    rows = rows_of(_captured(real_data, "gsm8k"))
    assert _share(rows, Flag.EVALUATION) == 1.0
    assert _share(rows, SUSPECT) < 0.03


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("prompts_oasst", "prompt"),
        ("prompts_awesome_chatgpt", "prompt"),
        ("bench_gsm8k", "question"),
        ("bench_mmlu", "question"),
    ],
)
def test_ordinary_prompts_are_rarely_flagged(rows_of: Rows, real_data: Path, name: str, column: str) -> None:
    prompts = [
        text for text in pq.read_table(real_data / f"{name}.parquet").column(column).to_pylist() if text
    ][:3000]
    rows = rows_of(prompts)
    for flag in (Flag.REASONING, Flag.GRADING, Flag.PREFERENCE, Flag.GENERATION, Flag.REWRITING):
        assert _share(rows, flag) < 0.03


def test_benchmark_questions_keep_their_own_keys(rows_of: Rows, real_data: Path) -> None:
    questions = pq.read_table(real_data / "bench_gsm8k.parquet").column("question").to_pylist()
    rows = rows_of(questions)
    assert len({row["prompt"] for row in rows}) >= 0.99 * len(set(questions))
