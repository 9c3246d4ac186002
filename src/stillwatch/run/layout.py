"""Where things stand in a run folder and beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from stillwatch.errors import RunError
from stillwatch.schema import found, lineage, reviewed, shared, stored, templates, use, watched
from stillwatch.schema.requests import QUARANTINE
from stillwatch.schema.stored import EXCHANGES
from stillwatch.schema.table import Contract

MARK = "run.json"
"""The run's own description; a folder with one that describes a run is a run."""
PAGE = "report.html"
"""The report. It can be written again at any time, so it stands outside the manifest."""
ORDER = ["time", "request"]
"""Order of the rows of a day."""
TABLES: Mapping[str, Contract] = {
    table.name: table
    for module in (stored, found, templates, lineage, watched, use, reviewed, shared)
    for table in vars(module).values()
    if isinstance(table, Contract) and table is not EXCHANGES
} | {QUARANTINE.name: QUARANTINE}
"""Every table of a run that is one file, by name."""
DAY_FILE = re.compile(r"exchanges/day=\d{4}-\d{2}-\d{2}/exchanges\.parquet")
PART = re.compile(r"\.(?P<name>.+)\.part")
"""A file that was being written when its process was killed."""


def stored_days(run: Path) -> list[Path]:
    """The run's exchange files, in the order of the days."""
    return sorted((run / "exchanges").glob("day=*/exchanges.parquet"))


def table_file(run: Path, name: str) -> Path:
    """The file of a table that is one file."""
    return run / f"{name}.parquet"


def is_table(file: str) -> bool:
    """Whether a path inside a run, with slashes, is that of a table this version knows."""
    name = file.removesuffix(".parquet")
    return (name != file and name in TABLES) or DAY_FILE.fullmatch(file) is not None


def is_leftover(file: str) -> bool:
    """Whether a path inside a run is that of a file whose writing was cut off."""
    folder, _, name = file.rpartition("/")
    cut = PART.fullmatch(name)
    whole = f"{folder}/{cut['name']}" if cut and folder else cut["name"] if cut else ""
    return whole in (MARK, PAGE) or is_table(whole)


def files_of(run: Path) -> list[str]:
    """Every file below a folder and every link, by its path inside it with slashes, sorted."""
    return sorted(
        path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_symlink() or not path.is_dir()
    )


def aside_of(run: Path) -> Path:
    """The folder beside a run in which what takes its place is written."""
    return run.with_name(f".{run.name}.part")


def earlier_of(run: Path) -> Path:
    """The name of an earlier run while another takes its place, where both cannot be exchanged at once."""
    return run.with_name(f".{run.name}.earlier")


def lock_of(run: Path) -> Path:
    """The file beside a run that its only writer holds locked."""
    return run.with_name(f".{run.name}.lock")


def no_run(run: Path) -> RunError:
    """The error for a run folder that is not there."""
    return RunError(
        "there is no such run folder",
        where=str(run),
        do="give the folder that `stillwatch detect --out` wrote",
    )
