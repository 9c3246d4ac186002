"""Where things stand in a run folder."""

from __future__ import annotations

from pathlib import Path

MARK = "run.json"
"""The run's own description; a folder with one that holds what a run's holds is a run."""
ORDER = ["time", "request"]
"""Order of the rows of a day."""


def stored_days(run: Path) -> list[Path]:
    """The run's exchange files, in the order of the days."""
    return sorted((run / "exchanges").glob("day=*/exchanges.parquet"))
