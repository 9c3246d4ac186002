"""Requests that unmodified public clients really sent: what the whole pipeline says of each job. None of
their text is printed.
"""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from village import Ran, Row, run_here

from stillwatch.pipeline import Inputs
from stillwatch.settings import CampaignSettings, IngestSettings, Settings

SETTINGS = Settings(ingest=IngestSettings(workers=1), campaigns=CampaignSettings(industrial_exchanges=100))
"""Jobs of a few hundred requests are looked at one by one."""
EVOLVING, JUDGING, TESTING = "k-distilabel", "k-distilabel2", "k-lmeval"


@pytest.fixture(scope="module")
def jobs(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Every captured request as a line of an OpenAI-style log, one account for each client's key."""
    capture = real_data / "capture_client_http.parquet"
    if not capture.exists():
        pytest.skip("the captured client traffic is not on this machine: set STILLWATCH_DATA to its folder")
    wanted = ["key", "t_s", "path", "user_agent", "headers", "params", "messages", "peer_port"]
    rows: list[Row] = [
        {**row, "time": 1769940000 + row["t_s"]} for row in pq.read_table(capture, columns=wanted).to_pylist()
    ]
    folder = tmp_path_factory.mktemp("captured")
    log = folder / "capture.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    ran = Ran(run_here(Inputs((log,)), folder / "run", SETTINGS), folder)
    assert (ran.about()["exchanges"], ran.about()["quarantined"]) == (len(rows), 0)
    return ran


def of_job(jobs: Ran, account: str) -> tuple[dict[str, float], Row]:
    """The scores by signal, and the campaign's row."""
    (group,) = {row["group"] for row in jobs.rows("members") if row["account_id"] == account}
    scores = {row["signal"]: row["score"] for row in jobs.rows("scores") if row["group"] == group}
    return scores, next(row for row in jobs.rows("campaigns") if row["group"] == group)


def test_evolved_instructions_show_as_instruction_generation(jobs: Ran) -> None:
    scores, campaign = of_job(jobs, EVOLVING)
    assert scores["instruction_generation"] == 1.0
    assert scores["grading"] < 0.1
    assert "rewriting" in {row["label"] for row in campaign["extracting"]}


def test_self_instruct_and_its_scorers_show_as_grading_and_instruction_generation(jobs: Ran) -> None:
    scores, campaign = of_job(jobs, JUDGING)
    assert scores["grading"] == 1.0
    assert scores["instruction_generation"] > 0.7  # the lower end of a share of a few hundred prompts
    assert scores["training_coverage"] >= 0.4
    assert scores["evaluation_like"] < 0.05
    assert campaign["intent"] > 0.8
    assert campaign["extracting"][0]["label"] == "grading"


def test_the_evaluation_harness_shows_as_evaluation_and_its_intent_is_lessened(jobs: Ran) -> None:
    scores, campaign = of_job(jobs, TESTING)
    assert scores["evaluation_like"] > 0.95
    assert scores["instruction_generation"] < 0.05
    assert scores["grading"] < 0.05
    assert campaign["intent"] < 0.1
    assert ("evaluation_like", "against") in {(r["signal"], r["direction"]) for r in campaign["intent_why"]}
    assert campaign["verdict"] == "benign"


def test_flags_of_the_exchanges_are_what_the_signals_say(jobs: Ran) -> None:
    ids = {row["account"]: row["account_id"] for row in jobs.rows("accounts")}
    rows = [
        row
        for path in jobs.folder.rglob("day=*/*.parquet")
        for row in pq.ParquetFile(path).read(["account", "flags"]).to_pylist()
    ]

    def share(account: str, bits: int) -> float:
        flags = [row["flags"] for row in rows if ids[row["account"]] == account]
        return sum(bool(flag & bits) for flag in flags) / len(flags)

    assert share(EVOLVING, 8 | 16) > 0.35
    assert share(JUDGING, 2 | 4 | 8 | 16) > 0.95
    assert share(TESTING, 32) == 1.0
    assert share(TESTING, 2 | 4 | 8 | 16) < 0.03


def test_nobody_is_accused_of_a_few_hundred_requests(jobs: Ran) -> None:
    assert [row["campaign"] for row in jobs.rows("campaigns") if row["listed"]] == []
