"""A large file that is cut at line ends and read by several processes gives what one process reads."""

from __future__ import annotations

from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.ingest import IngestContext, Quarantine, plan
from stillwatch.ingest.files.rows import may_be_split
from stillwatch.ingest.files.spans import span_bytes, spans
from stillwatch.pipeline import read_logs as stage_logs
from stillwatch.pipeline.read_logs import COUNTING, READING, read_logs
from stillwatch.schema.keyed import HashKey
from stillwatch.settings import IngestSettings, SketchSettings


def log(path: Path, rows: int) -> Path:
    """Lines of which some are bad, blank or ask no model."""
    lines = []
    for i in range(rows):
        row = {
            "request_id": f"request-{i:012d}",
            "account_id": f"acct_{i % 7}",
            "time": f"2026-02-03T10:{i // 60 % 60:02d}:{i % 60:02d}Z",
            "path": "/v1/embeddings" if i % 11 == 0 else "/v1/chat/completions",
            "request": {
                "model": "m",
                "messages": [{"role": "user", "content": f"prompt {i} of a person " * 9}],
            },
        }
        lines.append(b"{broken" if i % 97 == 0 else b"" if i % 89 == 0 else orjson.dumps(row))
    path.write_bytes(b"\n".join(lines))
    return path


Told = list[tuple[str, int, int]]


def staged(path: Path, folder: Path, workers: int) -> tuple[pa.Table, Quarantine, list[int], Told]:
    """What is staged of a file, its quarantine, its rows, and the progress told."""
    folder.mkdir()
    settings = IngestSettings(workers=workers, batch_rows=500)
    told: Told = []
    found = read_logs(
        plan([path], settings=settings),
        IngestContext(settings),
        HashKey.public(),
        SketchSettings(),
        folder,
        lambda step, done, total: told.append((step, done, total)),
    )
    table = pa.concat_tables([pq.read_table(file) for file in found.files])
    return table, found.quarantine, found.rows, told


def test_parts_give_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows, their places, the quarantine and the counts."""
    path = log(tmp_path / "log.jsonl", 6_000)
    one, kept, rows, silent = staged(path, tmp_path / "one", 1)
    monkeypatch.setattr(stage_logs, "SMALLEST_PART", 300_000)
    several, held, counted, told = staged(path, tmp_path / "several", 2)
    assert len(list((tmp_path / "several").iterdir())) > 2
    assert several.equals(one)
    assert held == kept
    assert counted == rows
    assert several["row"].to_pylist() == list(range(one.num_rows))
    size = -(-path.stat().st_size // 1_000_000)
    counted_first = [move for move in told if move[0] == COUNTING]
    assert told[: len(counted_first)] == counted_first
    assert counted_first[0] == (COUNTING, 0, size)
    assert len({done for _, done, _ in counted_first}) > 2, "counting says nothing between begin and end"
    assert counted_first[-1] == (COUNTING, size, size)
    assert told[-1] == (READING, size, size)
    assert {step for step, *_ in silent} == {READING}, "a file read whole is not counted first"


@pytest.mark.parametrize("size", [1, 70, 5_000_000])
def test_spans_hold_every_byte_once(tmp_path: Path, size: int) -> None:
    """Each but the last ends with a line, and the lines before are counted."""
    path = tmp_path / "log"
    content = b"\xef\xbb\xbf" + b"".join(b"x" * (i * 7_919 % 90_000) + b"\n" for i in range(90)) + b"last"
    path.write_bytes(content)
    found = spans(path, size)
    assert b"".join(b"".join(span_bytes(path, span)) for span in found) == content[3:]
    for span in found:
        assert content[: span.start].count(b"\n") == span.before
        assert span.start == 0 or content[span.start - 1 : span.start] == b"\n"


def test_documents_and_other_encodings_stay_whole(tmp_path: Path) -> None:
    """Their line ends are not the ends of rows."""
    for content in (b'[{"a": 1},\n{"a": 2}]', '{"a": 1}\n'.encode("utf-16"), b"a,b\n1,2\n"):
        path = tmp_path / "log"
        path.write_bytes(content)
        assert not may_be_split(path, "")
    path.write_bytes(b'{"a": 1}\n{"a": 2}\n')
    assert may_be_split(path, "")
    assert not may_be_split(path, "gzip")
