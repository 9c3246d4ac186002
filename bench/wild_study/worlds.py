"""The worlds of the study: written by a generator that is not ours, and read in several ways."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wild_study.outcomes import Row, outcome

EDGE, NO_EDGE, NO_PROMPTS = "edge", "no-edge", "no-prompts"
VARIANTS = {
    EDGE: "with edge log",
    NO_EDGE: "without edge log",
    NO_PROMPTS: "without prompts",
}
"""How a world may be read, by the word of the command line."""
LITELLM, OPENAI = "litellm", "openai"
FORMATS = (LITELLM, OPENAI)
Say = Callable[[str], None]


@dataclass(frozen=True)
class World:
    """One world."""

    name: str
    """Its name in tables."""
    format: str
    """Format of its log."""
    seed: int | None = None
    """Seed it is written with; None: it lies there already."""
    scale: float | None = None
    """Scale it is written with."""
    folder: Path | None = None
    """Where it lies; None: it is written."""


def given_world(folder: Path) -> World:
    """Return a world that was written before."""
    form = OPENAI if (folder / "accounts.csv").is_file() else LITELLM
    return World(f"{folder.resolve().name}, {form}", form, folder=folder)


def wanted_world(seed: int, form: str, scale: float) -> World:
    """Return a world that is to be written."""
    return World(f"{form}, seed {seed}, scale {scale:g}", form, seed, scale)


def written(world: World, generator: Path, work: Path, say: Say, *, prompts: bool) -> Path:
    """Return the world's folder; writes it if it is not there."""
    if world.folder is not None:
        return world.folder
    name = f"{world.format}-{world.seed}-{world.scale:g}" + ("" if prompts else "-no-prompts")
    folder = work / name
    if (folder / "truth.parquet").is_file():
        return folder
    say(f"writing {name}")
    words = ["--seed", world.seed, "--format", world.format, "--scale", world.scale]
    words += [] if prompts else ["--no-prompts"]
    subprocess.run(
        [sys.executable, str(generator / "world.py"), str(folder), *map(str, words)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return folder


def searched(folder: Path, form: str, run: Path, *, edge: bool) -> None:
    """Search a world's log as a user does, in a process of its own.

    The tables of networks is given where no edge log tells hosting, VPN and homes apart by itself, as the
    generator's description says: with lines of the OpenAI kind.
    """
    accounts = "accounts.csv" if form == OPENAI else "accounts.parquet"
    words: list[str | Path] = ["--accounts", folder / accounts]
    words += ["--edge", folder / "edge.parquet"] if edge else []
    words += ["--networks", folder / "networks.csv"] if form == OPENAI else []
    words += ["--permits", folder / "permits.toml", "--settings", folder / "settings.toml"]
    words += ["--out", run, "--force", "--public-key"]
    done = subprocess.run(
        [sys.executable, "-m", "stillwatch", "detect", folder / "logs", *words],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{folder}: detect ended with {done.returncode}\n{done.stderr[-2000:]}")


def measured(world: World, variant: str, generator: Path, work: Path, say: Say) -> Row:
    """Return one variant of a world, searched and compared with the truth; its log is read once."""
    folder = written(world, generator, work, say, prompts=variant != NO_PROMPTS)
    run = work / "run"
    wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    searched(folder, world.format, run, edge=variant != NO_EDGE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "world": world.name,
        "format": world.format,
        "variant": variant,
        "seconds": {"wall": round(time.perf_counter() - wall, 1), "processor": round(spent, 1)},
        **outcome(run, folder),
    }
