"""Dictionaries of a few long texts that stand for many: memory stays bounded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.ingest.files.parquet import batches

LONG = ["x" * 300_000, "y" * 300_000]
ROWS = 3_000

PEAK = """
import resource, sys
from pathlib import Path
from stillwatch.ingest.files.parquet import batches
from stillwatch.ingest.files.rows import batch_rows
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = sum(1 for first, batch in batches(Path(sys.argv[1]), None, 16384, 4 << 20) for row in batch_rows(first, batch))
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def columns() -> dict[str, Any]:
    texts = [LONG[i % 2] for i in range(ROWS)]
    taken = pa.DictionaryArray.from_arrays(pa.array([i % 2 for i in range(ROWS)], pa.int32()), pa.array(LONG))
    return {
        "plain": pa.array(texts, pa.string()),
        "large": pa.array(texts, pa.large_string()),
        "dictionary": taken,
        "list": pa.array([[{"role": "user", "text": text}] for text in texts]),
    }


@pytest.mark.parametrize("name", ["plain", "large", "dictionary", "list"])
def test_batches_stay_small(tmp_path: Path, name: str) -> None:
    column = columns()[name]
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"i": pa.array(range(ROWS)), "t": column}), path)
    assert path.stat().st_size < 4 << 20
    found = rows = 0
    for first, batch in batches(path, None, 16_384, 4 << 20):
        assert isinstance(batch, pa.RecordBatch)
        assert first == rows + 1
        assert batch.schema.field("t").type == column.type
        rows += len(batch)
        found = max(found, len(batch))
        if first == 1:
            assert batch.column("t").to_pylist() == column.slice(0, len(batch)).to_pylist()
    assert (rows, found) == (ROWS, (4 << 20) // 300_000)


def test_memory_of_a_process(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"t": columns()["plain"]}), path)
    out = subprocess.run(
        [sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True
    ).stdout
    rows, grown = map(int, out.split())
    assert rows == ROWS
    assert grown < 150_000  # KiB; expanded the column has 900 MB


def test_columns_may_be_asked_for_in_another_order(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows = {"b": ["long " * 2_000] * 40_000, "a": list(range(40_000))}
    pq.write_table(pa.table(rows), path)
    found = list(batches(path, ["a", "b"], 40_000, 1 << 22))
    whole = [batch for _, batch in found if isinstance(batch, pa.RecordBatch)]
    assert len(whole) == len(found) > 1
    assert sum(map(len, whole)) == 40_000
    assert whole[0].column("a")[0].as_py() == 0
