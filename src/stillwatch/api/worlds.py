"""Worlds made up by the range, for trying things out where no log is at hand."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillwatch.simulate.make import Order, make

BESIDE = {
    "edge": "edge.parquet",
    "accounts": "accounts.parquet",
    "permits": "permits.toml",
    "releases": "releases.toml",
}


@dataclass(frozen=True)
class World:
    """A provider's logs, made up, with the truth beside them."""

    folder: Path
    """The folder that holds them."""
    truth: dict[str, Any]
    """The truth in short: campaigns, accounts, exchanges."""

    @property
    def inputs(self) -> dict[str, Path]:
        """What detect takes: `stillwatch.detect(**world.inputs)`."""
        there = {name: self.folder / file for name, file in BESIDE.items() if (self.folder / file).exists()}
        return {"logs": self.folder / "logs", **there}


def make_world(
    scenario: str, out: str | os.PathLike[str], *, scale: float = 0.05, seed: int = 0, force: bool = False
) -> World:
    """Make a simulated world, as `stillwatch range make` does.

    scenario: a shipped name, as february, or a TOML file. scale: what its sizes are multiplied by. Raises
    SettingError and RunError.
    """
    return World(Path(out), make(Order(scenario, Path(out), scale=scale, seed=seed, force=force)))
