"""What all studies need that make worlds: a world's inputs, silent progress, and when a watch may end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from stillwatch.pipeline import Inputs
from stillwatch.pipeline.watch import Watched
from stillwatch.schema.keyed import HashKey
from stillwatch.simulate.scenario import load
from stillwatch.simulate.score import read_truth
from stillwatch.simulate.score_alarms import all_noticed


def inputs_of(world: Path) -> Inputs:
    """Return everything that a world gives a detector."""
    return Inputs(
        (world / "logs",),
        edge=world / "edge.parquet",
        accounts=world / "accounts.parquet",
        permits=world / "permits.toml",
        releases=world / "releases.toml",
        key=HashKey.public(),
    )


def quiet(step: str, done: int, whole: int) -> None:
    """Report progress to nobody."""


def noticed(world: Path) -> Callable[[Watched], bool]:
    """Return whether a watch has an alarm for each campaign of the world.

    The days after that would show nothing about the delays.
    """
    truth = read_truth(world)
    return lambda watched: all_noticed(watched.alarms, watched.members, truth)


@cache
def beside(scenario: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the requested backdrops that the scenario does not name itself, in a fixed order.

    So equal worlds have one name.
    """
    return tuple(name for name in sorted(set(names)) if load(scenario, (name,)) != load(scenario))


def place_of(scenario: str, among: Sequence[str]) -> str:
    """Return the name of a scenario with backdrops besides its own."""
    return " + ".join((scenario, *among))
