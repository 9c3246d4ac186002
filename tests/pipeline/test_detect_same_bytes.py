"""Same input, same settings: the same bytes, whatever the number of workers and threads and the order in
which files are named.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from village import Ran, beside, run_here

from stillwatch.pipeline import Inputs


def parquet_bytes(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.parquet"))
    }


@pytest.fixture(scope="module")
def again(village: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The village's run by one process with one thread, its files named one by one, the last day first."""
    logs = tuple(sorted((village / "logs").iterdir(), reverse=True))
    return run_here(Inputs(logs, **beside(village)), tmp_path_factory.mktemp("again") / "run")


def test_every_table_has_the_same_bytes(village_run: Ran, again: Path) -> None:
    first, second = parquet_bytes(village_run.folder), parquet_bytes(again)
    assert list(first) == list(second)
    for name in (name for name in first if first[name] != second[name]):
        rows = [pq.read_table(folder / name).to_pylist() for folder in (village_run.folder, again)]
        assert rows[0] == rows[1], name
        pytest.fail(f"{name}: equal rows, other bytes")
    assert village_run.about()["digest"] == Ran(again, village_run.world).about()["digest"]


def test_the_page_differs_only_where_it_tells_the_settings(village_run: Ran, again: Path) -> None:
    def figures(folder: Path) -> list[str]:
        return [
            line
            for line in (folder / "report.html").read_text(encoding="utf-8").splitlines()
            if "<svg" in line or "<path" in line
        ]

    assert figures(village_run.folder)
    assert figures(village_run.folder) == figures(again)
