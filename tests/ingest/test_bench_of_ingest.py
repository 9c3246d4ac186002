"""The bench of ingest compares like with like."""

from __future__ import annotations

from pathlib import Path

import orjson
import pyarrow as pa
import pytest

from ingest_study.made_logs import Kind, Maker, kinds, write
from ingest_study.measure import duck, memory, one_thread, peak, reading
from stillwatch.ingest import IngestContext, Quarantine, plan, read
from stillwatch.settings import IngestSettings

KINDS = {kind.name: kind for kind in kinds(Maker())}
MB = 1 << 20


def table(path: Path, kind: Kind) -> pa.Table:
    source = plan([path], settings=IngestSettings(), format=kind.format)[0]
    return pa.Table.from_batches(list(read(source, IngestContext(IngestSettings()), Quarantine())))


@pytest.mark.parametrize("name", KINDS)
def test_duckdb_reads_the_columns_that_we_read(name: str, tmp_path: Path) -> None:
    """Without the other columns, a log reads the same; DuckDB takes every line of those it is given."""
    kind, whole, less = KINDS[name], tmp_path / "whole.jsonl", tmp_path / "less.jsonl"
    write(whole, kind, 40)
    rows = [orjson.loads(line) for line in whole.read_bytes().splitlines()]
    assert all(row.keys() >= set(kind.columns) for row in rows)
    less.write_bytes(b"".join(orjson.dumps({at: row[at] for at in kind.columns}) + b"\n" for row in rows))
    assert table(less, kind).equals(table(whole, kind))
    assert reading(whole, kind.format) == 40
    with one_thread() as there:
        assert duck(there, whole, kind.columns) == 40 // kind.requests


def test_memory_is_that_of_its_own_process(tmp_path: Path) -> None:
    """What this process holds is not counted."""
    kind, path = KINDS["OpenAI lines"], tmp_path / "log.jsonl"
    write(path, kind, 10)
    held = bytearray(2_000 * MB)
    held[:: 4 * 1024] = b"x" * len(held[:: 4 * 1024])
    found = memory(path, kind.format)
    assert found["rows"] == 10
    assert peak() > 2_000 > found["mb_peak"] >= found["mb_before"]
    del held
