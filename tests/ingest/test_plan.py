"""Which files are read, in which order, and what is said of those that cannot be."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingest_bench import Bench

from stillwatch.errors import InputError
from stillwatch.ingest import plan

Make = Callable[..., dict[str, Any]]


def test_plan_errors(bench: Bench, spend_row: Make) -> None:
    with pytest.raises(InputError, match="no such file"):
        plan([bench.folder / "nothing"], settings=bench.settings)
    bench.write(".hidden", b"x")
    with pytest.raises(InputError, match="no log files"):
        plan([bench.folder], settings=bench.settings)
    path = bench.lines("log.jsonl", [{"what": 1}])
    with pytest.raises(InputError, match="no known log format") as caught:
        plan([path], settings=bench.settings)
    assert "litellm_spend_logs" in caught.value.do
    with pytest.raises(InputError, match="no log format 'nginx'"):
        plan([path], settings=bench.settings, format="nginx")


def test_folders_are_walked_in_order(bench: Bench, spend_row: Make) -> None:
    for name in ("b/2.jsonl", "b/1.jsonl", "a.jsonl", ".git/x.jsonl"):
        (bench.folder / name).parent.mkdir(exist_ok=True)
        bench.lines(name, [spend_row()])
    sources = plan([bench.folder, bench.folder / "a.jsonl"], settings=bench.settings)
    assert [
        s.name for s in plan([bench.folder], settings=bench.settings, aside=[bench.folder / "a.jsonl"])
    ] == ["b/1.jsonl", "b/2.jsonl"]
    twins = [bench.lines(f"{name}.jsonl", [spend_row()]) for name in ("b/c", "c")]
    shown = [s.name for s in plan(twins, settings=bench.settings)]
    assert shown == ["b/c.jsonl", f"{bench.folder.name}/c.jsonl"]
    assert [source.name for source in sources] == ["a.jsonl", "b/1.jsonl", "b/2.jsonl"]
    assert pickle.loads(pickle.dumps(sources)) == sources


def test_odd_parquet_types(bench: Bench, spend_row: Make) -> None:
    """Nanoseconds, decimals, bytes, dictionaries, and a column of a type that nobody foresaw."""
    table = pa.Table.from_pylist([spend_row(), spend_row(1)])
    odd: dict[str, Any] = {
        "startTime": pa.array([1769940000000000001, None], pa.timestamp("ns")),
        "prompt_tokens": pa.array([12, 13]).cast(pa.decimal128(20, 0)),
        "completion_tokens": pa.array([7.0, None]),
        "model": pa.array(["m", "m"]).dictionary_encode(),
        "user": pa.array([b"u1", b"u2"]),
        "session_id": pa.array(["s", "s"], pa.large_string()),
    }
    for name, column in odd.items():
        table = table.set_column(table.schema.get_field_index(name), name, column)
    path = bench.folder / "log.parquet"
    for user in (odd["user"], pa.array([{"a": 1}, {"a": 2}])):
        table = table.set_column(table.schema.get_field_index("user"), "user", user)
        pq.write_table(table, path)
        (row,) = bench.read(path)
        assert row["time"] == datetime(2026, 2, 1, 10, tzinfo=UTC)
        assert (row["input_tokens"], row["output_tokens"], row["model"], row["conversation"]) == (
            12,
            7,
            "m",
            "s",
        )
        assert row["account_id"] == ("u1" if pa.types.is_binary(user.type) else "a" * 64)
    assert bench.quarantine.bad == 2
    pq.write_table(table, path)
    assert [row["input_tokens"] for row in bench.read(path, "langfuse_observations")] == []
