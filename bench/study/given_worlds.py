"""What a made world gives a detector, progress that nobody watches, and when a watch of it has shown what is
asked, for every study that makes worlds.
"""

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
    """All that a world gives a detector."""
    return Inputs(
        (world / "logs",),
        edge=world / "edge.parquet",
        accounts=world / "accounts.parquet",
        permits=world / "permits.toml",
        releases=world / "releases.toml",
        key=HashKey.public(),
    )


def quiet(step: str, done: int, whole: int) -> None:
    """Progress that nobody watches."""


def noticed(world: Path) -> Callable[[Watched], bool]:
    """Whether a watch has an alarm for each campaign of the world: the days after it would tell nothing of
    how late they came.
    """
    truth = read_truth(world)
    return lambda watched: all_noticed(watched.alarms, watched.members, truth)


@cache
def beside(scenario: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Of the backdrops asked for those that the scenario does not name itself, in one order: equal worlds
    have one name.
    """
    return tuple(name for name in sorted(set(names)) if load(scenario, (name,)) != load(scenario))


def place_of(scenario: str, among: Sequence[str]) -> str:
    """How a scenario is called that plays before backdrops beside its own."""
    return " + ".join((scenario, *among))
