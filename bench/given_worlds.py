"""What a made world gives a detector, for every study that makes worlds."""

from __future__ import annotations

from pathlib import Path

from stillwatch.pipeline import Inputs
from stillwatch.schema.keyed import HashKey


def inputs_of(world: Path) -> Inputs:
    """All that a world gives a detector."""
    return Inputs(
        (world / "logs",),
        edge=world / "edge.parquet",
        accounts=world / "accounts.parquet",
        permits=world / "permits.toml",
        releases=world / "releases.toml",
        key=HashKey.public(),
    )
