"""One id for many requests stays many exchanges; one exchange told twice becomes one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from village import Row, run_here, small_row

from stillwatch.pipeline import Inputs

HOUR = "2026-03-02T10:{:02d}:{:02d}Z"


def found(folder: Path, *files: Sequence[Row], edge: Sequence[Row] = ()) -> tuple[list[Row], Row]:
    """The exchanges of a run over these files, and its run.json."""
    folder.mkdir(exist_ok=True)
    (folder / "logs").mkdir()
    for number, rows in enumerate(files):
        path = folder / "logs" / f"{number}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    beside: dict[str, Any] = {}
    if edge:
        beside["edge"] = folder / "edge.jsonl"
        beside["edge"].write_text("".join(json.dumps(row) + "\n" for row in edge), encoding="utf-8")
    run = run_here(Inputs((folder / "logs",), "openai_jsonl", **beside), folder / "run")
    rows = [
        row
        for path in sorted(run.rglob("day=*/*.parquet"))
        for row in pq.ParquetFile(path).read().to_pylist()
    ]
    assert len({row["request"] for row in rows}) == len(rows)
    return rows, json.loads((run / "run.json").read_text(encoding="utf-8"))


def asking(words: str) -> Row:
    return {"model": "wren-1", "messages": [{"role": "user", "content": words}]}


def test_one_id_for_all_requests_of_an_account_loses_none(tmp_path: Path) -> None:
    rows = [
        small_row(i, request_id="chatcmpl-0", account_id="one", request=asking(f"tell me of bird {i}"))
        for i in range(50)
    ]
    kept, about = found(tmp_path, rows)
    assert (len(kept), about["merged"], about["quarantined"]) == (50, 0, 0)
    assert {row["request_id"] for row in kept} == {"chatcmpl-0"}


def test_equal_words_at_other_times_are_other_exchanges(tmp_path: Path) -> None:
    rows = [small_row(i, request_id="chatcmpl-0", account_id="one") for i in range(50)]
    kept, about = found(tmp_path, rows)
    assert (len(kept), about["merged"]) == (50, 0)


def test_an_id_copied_from_another_account_takes_nothing_from_either(tmp_path: Path) -> None:
    rows = [small_row(i) for i in range(12)]
    copied = [row | {"account_id": "copier"} for row in rows]
    kept, about = found(tmp_path, rows, copied)
    assert (len(kept), about["merged"]) == (24, 0)
    assert sum(row["request_id"] == "q3" for row in kept) == 2


def test_one_time_and_other_words_are_two_exchanges(tmp_path: Path) -> None:
    same = {"request_id": "q", "account_id": "one", "time": HOUR.format(0, 0)}
    rows = [
        small_row(0, **same, request=asking(words)) for words in ("of herons", "of bitterns", "of herons")
    ]
    kept, about = found(tmp_path, rows)
    assert (len(kept), about["merged"]) == (2, 1)


def test_rows_of_overlapping_files_are_merged_and_not_unreadable(tmp_path: Path) -> None:
    rows = [small_row(i) for i in range(60)]
    kept, about = found(tmp_path, rows[:40], rows[20:])
    assert (len(kept), about["merged"], about["quarantined"]) == (60, 20, 0)


def test_two_tellings_of_one_call_fill_each_other(tmp_path: Path) -> None:
    span = {
        "request": {"model": "wren-1"},
        "response": {"usage": {"prompt_tokens": 500, "completion_tokens": 70}},
    }
    spans = [small_row(i, **span, client_ip="203.0.113.9", duration_ms=900) for i in range(12)]
    events = [small_row(i, time=HOUR.format(i, 9)) for i in range(12)]
    kept, about = found(tmp_path, spans, events)
    assert (len(kept), about["merged"]) == (12, 12)
    for row in kept:
        assert row["has_text"]
        assert row["address"] is not None
        assert (row["input_tokens"], row["output_tokens"], row["duration_ms"]) == (500, 70, 900)
        assert row["time"].second == 0


@pytest.mark.parametrize("accounts", [1, 2])
def test_the_edge_speaks_of_a_shared_id_only_where_its_lines_agree(tmp_path: Path, accounts: int) -> None:
    rows = [
        small_row(i, request_id="same", account_id=f"a{i % accounts}", request=asking(f"bird {i}"))
        for i in range(12)
    ]
    edge = [{"request_id": "same", "client_ip": f"203.0.113.{i}", "user_agent": "Edge/1"} for i in range(12)]
    kept, about = found(tmp_path, rows, edge=edge)
    assert all(row["address"] is None for row in kept)
    assert all((row["client"] is not None) == (accounts == 1) for row in kept)
    assert any(row["column"] == "request_id" and row["count"] == 12 for row in about["mended"])
