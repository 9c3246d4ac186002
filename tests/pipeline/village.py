"""A small world with one campaign that can be found, and runs of `detect` over it that several tests
share.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from range_hamlet import HEAD

from made_once import made_once
from stillwatch import report
from stillwatch.cli import program
from stillwatch.pipeline import Inputs, detect
from stillwatch.settings import EngineSettings, IngestSettings, Settings
from stillwatch.simulate.make import Order, make

Row = dict[str, Any]
VILLAGE = (
    HEAD
    + """
[[population]]
kind = "ordinary"
accounts = 1_800
median = 2
sigma = 1.3
jobs = { chat = 0.7, code = 0.2, app = 0.1 }

[[population]]
kind = "classroom"
accounts = 40
median = 5
sigma = 0.2
group_min = 20
group_max = 20
jobs = { exercise = 1.0 }

[[population]]
kind = "public_template"
accounts = 40
median = 4
sigma = 0.5
jobs = { public = 1.0 }

[[population]]
kind = "permitted_distiller"
accounts = 3
median = 500
sigma = 0.1
organisation = "Kestrel Learning"
jobs = { student = 1.0 }

[[permit]]
name = "licence-1"
organisation = "Kestrel Learning"
models = ["wren-1"]
purpose = "a student of our own"
starts = 2026-01-01T00:00:00Z
expires = 2026-12-31T00:00:00Z

[[campaign]]
name = "thistle"
accounts = 30
exchanges = 2_500
first_day = 1
days = 5
rhythm = "balanced"
windows = 4
cards = 3
card_share = 0.9
wave_share = 0.95
mail_share = 0.8
own_address = 0.1
banned = 0.1
rate_sigma = 0.1

[[campaign.pathway]]
share = 1.0
plan = "api"
agent = "AsyncOpenAI/Python 1.82.0"
runtime = "CPython 3.10.14"
system = "Linux x64"
jobs = { grading = 0.6, elicit = 0.4 }
"""
)
SEED = 3
ALONE = Settings(ingest=IngestSettings(workers=1), engine=EngineSettings(threads=1))
"""One process, one thread."""


@dataclass(frozen=True)
class Ran:
    """A run folder, the world it was made from, and what the command said."""

    folder: Path
    world: Path
    stdout: str = ""
    stderr: str = ""

    def table(self, name: str) -> pa.Table:
        return pq.read_table(self.folder / f"{name}.parquet")

    def rows(self, name: str) -> list[Row]:
        found: list[Row] = self.table(name).to_pylist()
        return found

    def members(self, campaign: str) -> set[str]:
        """Account ids of a campaign."""
        group = next(row["group"] for row in self.rows("campaigns") if row["campaign"] == campaign)
        return {row["account_id"] for row in self.rows("members") if row["group"] == group}

    def about(self) -> Row:
        document: Row = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
        return document


def beside(world: Path) -> dict[str, Any]:
    """What lies beside the logs of a world, by the name of its option."""
    return {
        "edge": world / "edge.parquet",
        "accounts": world / "accounts.parquet",
        "permits": world / "permits.toml",
        "releases": world / "releases.toml",
    }


def command(*words: object, expect: int = 0) -> subprocess.CompletedProcess[str]:
    """The command line as a person would call it, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "stillwatch", *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == expect, done.stderr
    return done


def command_here(*words: object) -> Result:
    """The same in this process, where only what the command does matters."""
    done = CliRunner().invoke(program, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done


def options(given: dict[str, Any]) -> list[str]:
    """Options of the command line."""
    return [word for name, path in given.items() for word in (f"--{name}", str(path))]


def run_here(inputs: Inputs, out: Path, settings: Settings = ALONE) -> Path:
    """Detect in this process, without a progress bar, and the report."""
    folder = detect(inputs, out, settings, lambda step, done, total: None)
    report.write(folder)
    return folder


def everything(folder: Path) -> Iterator[tuple[str, str]]:
    """Each file of a folder as text to search in: its bytes, and for Parquet every string it decodes to as
    well.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.name, path.read_bytes().decode("latin-1")
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            texts = [
                str(value)
                for field in table.schema
                if pa.types.is_string(field.type) or pa.types.is_nested(field.type)
                for value in set(map(str, table[field.name].to_pylist()))
            ]
            yield path.name, "\n".join(texts)


def kept(folder: Path, said: subprocess.CompletedProcess[str], world: Path) -> None:
    """Leave what the command said beside its run, for `ran_in` of every process of the tests."""
    (folder / "stdout").write_text(said.stdout, encoding="utf-8")
    (folder / "stderr").write_text(said.stderr, encoding="utf-8")
    (folder / "world").symlink_to(world)


def ran_in(folder: Path) -> Ran:
    """The run in a folder that `kept` left."""
    said = ((folder / name).read_text(encoding="utf-8") for name in ("stdout", "stderr"))
    return Ran(folder / "run", (folder / "world").resolve(), *said)


@pytest.fixture(scope="session")
def village_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("village") / "village.toml"
    path.write_text(VILLAGE, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def village(village_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world as LiteLLM's Parquet export."""

    def made(folder: Path) -> None:
        make(Order(str(village_file), folder / "world", scale=1.0, seed=SEED))

    return made_once(tmp_path_factory, "village", made) / "world"


@pytest.fixture(scope="session")
def village_run(village: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The world through the real command, two workers."""

    def run(folder: Path) -> None:
        settings, out = folder / "two.toml", folder / "run"
        settings.write_text("[ingest]\nworkers = 2\n", encoding="utf-8")
        given = options(beside(village) | {"settings": settings, "out": out})
        kept(folder, command("detect", village / "logs", *given, "--json"), village)

    return ran_in(made_once(tmp_path_factory, "village run", run))


@pytest.fixture
def small_log(tmp_path: Path) -> Path:
    """A log of a few rows, where only the way through the pipeline matters."""
    path = tmp_path / "small" / "log.jsonl"
    path.parent.mkdir()
    path.write_text("".join(json.dumps(small_row(i)) + "\n" for i in range(12)), encoding="utf-8")
    return path


def small_row(place: int, **changes: Any) -> Row:
    """One OpenAI-style exchange."""
    row: Row = {
        "request_id": f"q{place}",
        "time": f"2026-03-02T10:{place % 60:02d}:00Z",
        "account_id": f"small-{place % 3}",
        "request": {
            "model": "wren-1",
            "messages": [{"role": "user", "content": "tell me about herons in the marsh please"}],
        },
        "response": {
            "status_code": 200,
            "body": {"choices": [{"message": {"role": "assistant", "content": "they stand still"}}]},
        },
    }
    return row | changes
