"""The tables of a search stay what they were: the sums of every column of two worlds are kept as golden
files.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from table_sums import sums_of

from stillwatch.pipeline import Inputs, detect
from stillwatch.schema.keyed import HashKey
from stillwatch.settings import Settings
from stillwatch.simulate.make import Order, make


def silent(step: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(
    ("scenario", "scale"), [("february", 0.002), pytest.param("benign", 0.001, marks=pytest.mark.thorough)]
)
def test_every_column_of_a_world_is_as_before(scenario: str, scale: float, tmp_path: Path) -> None:
    world = tmp_path / "world"
    make(Order(scenario, world, scale, seed=3), lambda done, parts, exchanges: None)
    inputs = Inputs(
        (world / "logs",),
        edge=world / "edge.parquet",
        accounts=world / "accounts.parquet",
        permits=world / "permits.toml",
        releases=world / "releases.toml",
        key=HashKey.public(),
    )
    found = sums_of(detect(inputs, tmp_path / "run", Settings(), silent))
    for table, expected in json.loads((GOLDEN / f"{scenario}.json").read_text(encoding="utf-8")).items():
        assert found[table]["rows"] == expected["rows"], table
        for column, value in expected["columns"].items():
            close = pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value
            assert found[table]["columns"][column] == close, f"{table}.{column}"
