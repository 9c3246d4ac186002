"""Requests made by hand for the tests of the sketch stage."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.schema.keyed import HashKey
from stillwatch.schema.requests import REQUESTS
from stillwatch.settings import SketchSettings
from stillwatch.sketch import Sketched, sketch

Row = dict[str, Any]
Sketcher = Callable[..., list[Row]]
KEY = HashKey.public()
NOON = dt.datetime(2026, 2, 3, 12, tzinfo=dt.UTC)


def _request(place: int, row: str | Row) -> Row:
    given = {"messages": [{"role": "user", "text": row}]} if isinstance(row, str) else row
    empty: Row = dict.fromkeys(REQUESTS.names())
    return empty | {"request_id": f"r{place}", "account_id": f"a{place}", "time": NOON} | given


def _batch(rows: Sequence[str | Row]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [_request(place, row) for place, row in enumerate(rows)], schema=REQUESTS.arrow
    )


@pytest.fixture(scope="session")
def make() -> Callable[[Sequence[str | Row]], pa.RecordBatch]:
    """From prompts, or parts of requests, to a batch of requests."""
    return _batch


@pytest.fixture(scope="session")
def sketched() -> Callable[..., Sketched]:
    """From prompts, or parts of requests, to their sketch."""

    def run(rows: Sequence[str | Row], key: HashKey = KEY, **settings: Any) -> Sketched:
        return sketch(_batch(rows), key, SketchSettings(**settings))

    return run


@pytest.fixture(scope="session")
def rows_of(sketched: Callable[..., Sketched]) -> Sketcher:
    """As sketched, but the exchanges as dictionaries."""

    def run(rows: Sequence[str | Row], key: HashKey = KEY, **settings: Any) -> list[Row]:
        found: list[Row] = sketched(rows, key, **settings).exchanges.to_pylist()
        return found

    return run


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; skips where it is absent."""
    default = Path(__file__).parents[3] / "shared" / "data"
    folder = Path(os.environ.get("STILLWATCH_DATA", default))
    if not folder.is_dir():
        pytest.skip("no real data here: set STILLWATCH_DATA to its folder")
    return folder
