"""Rows that are read by their frames give what the format's own reader gives, row by row."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pyarrow as pa
import pytest
from frame_rows import CHANGES, Row, line, payload, spend
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.ingest import IngestContext, Quarantine, read, reading
from stillwatch.ingest.frames.frame_reader import FrameReader
from stillwatch.ingest.request import Context
from stillwatch.ingest.source import Source
from stillwatch.registry import FORMATS
from stillwatch.schema.requests import REQUESTS
from stillwatch.settings import IngestSettings


def objects(i: int, rng: random.Random) -> Row:
    """A row of SpendLogs with objects where the table has JSON."""
    row = spend(i, rng)
    return row | {name: orjson.loads(row[name]) for name in ("metadata", "messages", "response")}


OBJECTS = "litellm_spend_logs "
SPEND: dict[str, Any] = {"litellm_spend_logs": spend, OBJECTS: objects}
"""Rows of SpendLogs: a file whose first row holds texts is read as columns, one with objects by frames."""
MAKERS: dict[str, Any] = {
    "openai_jsonl": lambda i, rng: line(i, rng, anthropic=False),
    "anthropic_messages_jsonl": lambda i, rng: line(i, rng, anthropic=True),
    "litellm_standard_payload": payload,
}
ALL = MAKERS | SPEND
BAD = (b"{broken", b"[1, 2]", b'{"a": ' * 400, b'{"t": NaN}', b'"text"', b"")


def both(path: Path, name: str) -> tuple[pa.Table, Quarantine, pa.Table, Quarantine]:
    """Read a file by frames, and row by row."""
    found: list[Any] = []
    for one_by_one in (False, True):
        quarantine = Quarantine()
        batches = read(
            Source(path, "log", name.strip()),
            IngestContext(IngestSettings()),
            quarantine,
            one_by_one=one_by_one,
        )
        found += [pa.Table.from_batches(list(batches), schema=REQUESTS.arrow), quarantine]
    return tuple(found)


def same(path: Path, name: str, rows: list[bytes]) -> None:
    """Check that both ways give the same."""
    path.write_bytes(b"\n".join(rows) + b"\n")
    fast, kept, slow, held = both(path, name)
    assert fast.equals(slow)
    if name in SPEND:
        # Rows without an account are told of when their batch is whole, and batches are cut elsewhere here.
        kept.rows.sort()
        held.rows.sort()
    assert kept == held


@pytest.mark.parametrize("name", ALL)
def test_every_change_reads_the_same(name: str, tmp_path: Path) -> None:
    """Each unlike row comes several times, so that its frame is learnt, among rows that are alike."""
    rng = random.Random(name)
    rows: list[bytes] = []
    for number, change in enumerate(CHANGES):
        for i in range(6):
            row: Row = ALL[name](number + i, rng)
            if i % 6 < 5:
                change(row, rng)
            rows.append(orjson.dumps(_jsonable(row)))
        rows.append(BAD[number % len(BAD)])
    same(tmp_path / "log", name, rows)


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    picks=st.lists(st.lists(st.integers(0, len(CHANGES) - 1), max_size=4), max_size=8),
)
def test_mixtures_read_the_same(name: str, seed: int, picks: list[list[int]], tmp_path: Path) -> None:
    """Several changes at once."""
    rng = random.Random(seed)
    rows = []
    for i in range(4):
        for pick in picks:
            row = ALL[name](i, rng)
            for number in pick:
                CHANGES[number](row, rng)
            rows.append(orjson.dumps(_jsonable(row)))
    same(tmp_path / "log", name, rows)


class Watched(FrameReader):
    """A reader by frames that can be asked afterwards."""

    made: ClassVar[list[FrameReader]] = []

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.made.append(self)


@pytest.mark.parametrize("name", ALL)
def test_a_file_is_read_by_frames_or_as_columns(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both give the same rows, so only the reader itself can tell which way was taken."""
    monkeypatch.setattr(reading, "FrameReader", Watched)
    monkeypatch.setattr(Watched, "made", [])
    rng, path = random.Random(7), tmp_path / "log"
    path.write_bytes(b"".join(orjson.dumps(ALL[name](i, rng)) + b"\n" for i in range(400)))
    source = Source(path, "log", name.strip())
    read_rows = sum(map(len, read(source, IngestContext(IngestSettings()), Quarantine())))
    assert read_rows == 400
    (frames,) = Watched.made
    assert frames.rows > 300 if name != "litellm_spend_logs" else frames.rows == 0


@pytest.mark.parametrize("name", MAKERS)
def test_typical_rows_are_read_by_frames(name: str) -> None:
    """Otherwise nothing would be gained, and the tests above would compare a thing with itself."""
    rng = random.Random(7)
    format = FORMATS.all()[name]
    frames = FrameReader(format.read, format.outline, Context())
    for i in range(400):
        frames.template(MAKERS[name](i, rng))
    assert frames.rows > 300


def test_rows_that_never_repeat_are_left_alone() -> None:
    """A frame for each row costs more than it gains, so frames are given up for a while."""
    format = FORMATS.all()["openai_jsonl"]
    frames = FrameReader(format.read, format.outline, Context())
    rng = random.Random(7)
    for i in range(6_000):
        row = line(i, rng, anthropic=False)
        row["request"]["temperature"] = rng.random()
        assert frames.template(row) is None
    assert frames.resting


def _jsonable(value: Any) -> Any:
    """JSON has no whole numbers beyond 64 bits here; a fraction stands for them."""
    if isinstance(value, dict):
        return {name: _jsonable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_jsonable(item) for item in value]
    return float(value) if type(value) is int and value >= 2**63 else value
