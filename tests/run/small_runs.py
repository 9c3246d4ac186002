"""A run of a few rows, made once and copied: where only the folder matters."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from village import ALONE, Ran, run_here, small_row

from stillwatch.pipeline import Inputs
from stillwatch.schema.keyed import HashKey
from stillwatch.settings import Settings


def silent(step: str, done: int, total: int) -> None:
    """Progress that nobody sees."""


def small_logs(folder: Path) -> Path:
    """Two files of a few rows."""
    folder.mkdir(parents=True)
    for number in range(2):
        rows = [json.dumps(small_row(20 * number + place)) for place in range(12)]
        (folder / f"{number}.jsonl").write_text("\n".join(rows), encoding="utf-8")
    return folder


def small_run(logs: Path, out: Path, settings: Settings = ALONE) -> Path:
    """The run of these logs, with its report."""
    return run_here(Inputs((logs,), key=HashKey.public()), out, settings)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="session")
def small_original(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The run, never changed."""
    place = tmp_path_factory.mktemp("small")
    return Ran(small_run(small_logs(place / "logs"), place / "run"), place)


@pytest.fixture
def small(small_original: Ran, tmp_path: Path) -> Ran:
    """A copy, alone in a folder `there`, beside its logs."""
    shutil.copytree(small_original.folder, tmp_path / "there" / "run")
    shutil.copytree(small_original.world / "logs", tmp_path / "logs")
    return Ran(tmp_path / "there" / "run", tmp_path)
