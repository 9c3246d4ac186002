"""Stage heldout: the content of the groups' exchanges, which had no part in forming them, tests them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stillwatch.engine import Engine
from stillwatch.heldout.content import HeldOut, held_out_evidence, held_traces
from stillwatch.heldout.members import Tiers, tiers
from stillwatch.pipeline.stages.facets import Observed
from stillwatch.pipeline.stages.linkage import Groups
from stillwatch.settings import Settings


@dataclass(frozen=True)
class HeldOutTests:
    """What the tests say, and whom they leave named."""

    held: HeldOut
    """Each group's e-value, and each member's p-value and evidence."""
    tiers: Tiers
    """Whom they name, who is only present in a group, and who is near it."""
    alike: frozenset[int] = frozenset()
    """Groups among these that content formed; they are tested on another half of the time."""
    lost: int = 0
    """Groups that were tested and could not be listed; they count as hypotheses."""
    halved: bool = True
    """Whether the log has enough of time for one part to form groups by content and another to test them."""


def run_held_out_tests(
    engine: Engine, seen: Observed, groups: Groups, settings: Settings, progress: Callable[[str], None]
) -> HeldOutTests:
    """Nothing stays in the engine."""
    progress("held-out tests")
    members, near = groups.linked.members, groups.linked.near
    held = held_out_evidence(
        engine,
        held_traces(engine, seen.traces, groups.strata),
        groups.strata,
        members,
        seen.tables.exchanges.select("account", "semantic"),
        near,
    )
    return HeldOutTests(held, tiers(members, near, held, held.everyone, settings.linkage, settings.campaigns))
