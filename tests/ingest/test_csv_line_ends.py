"""CSV whose lines end in a carriage return alone."""

from __future__ import annotations

import pytest
from ingest_bench import Bench


@pytest.mark.parametrize("quote", ["", '"'])
def test_csv_with_lone_carriage_returns(bench: Bench, quote: str) -> None:
    rows = [["request_id", "account_id", "time"], ["a", "u", "2026-02-01"], ["b", "u", "2026-02-02"]]
    text = "\r".join(",".join(f"{quote}{cell}{quote}" for cell in row) for row in rows)
    for end in ("", "\r"):
        assert [row["request_id"] for row in bench.read(bench.write("log.csv", text + end))] == ["a", "b"]
    assert bench.quarantine.bad == 0


def test_a_carriage_return_alone_in_a_usual_csv_costs_its_row(bench: Bench) -> None:
    text = "request_id,account_id,time\na,u,2026-02-01\nb\rc,u,2026-02-02\nd,u,2026-02-03\n"
    assert [row["request_id"] for row in bench.read(bench.write("log.csv", text))] == ["a", "d"]
    assert bench.quarantine.bad == 1
