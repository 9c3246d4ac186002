"""Stages of a rule's versions, and the moves between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from stillwatch.response.ladder import Stage

FORWARD = {Stage.DRAFT: Stage.SHADOW, Stage.SHADOW: Stage.CANARY, Stage.CANARY: Stage.LIVE}
"""Where a version may go by one step."""
ALONE = (Stage.CANARY, Stage.LIVE)
"""Stages in which only one version of a rule stands."""


@dataclass(frozen=True, slots=True)
class Move:
    """One move of a version; a line of the log."""

    rule: str
    """The rule."""
    version: str
    """Its version."""
    file: str
    """SHA-256 of the policy file that holds it."""
    stage: Stage
    """Where it came to."""
    share: float
    """Canary: the share of accounts on which it acts; else 0."""
    by: str
    """Who moved it."""
    why: str
    """Why."""
    at: float
    """When; POSIX seconds."""
    backtest: str = ""
    """Live: SHA-256 of the backtest that it rests on."""


def allowed(before: Stage, to: Stage) -> bool:
    """Return whether a version may go from one stage to another: one step forward, back to shadow, or to
    retired; within canary only to another share.
    """
    if to is Stage.RETIRED:
        return before is not Stage.RETIRED
    if to is Stage.SHADOW:
        return before is not Stage.SHADOW
    return FORWARD.get(before) is to or before is to is Stage.CANARY


def newest(moves: Iterable[Move]) -> dict[tuple[str, str], Move]:
    """Return the last move of each version, by rule and version, in the order in which they were added. A
    version that goes live retires the one that was.
    """
    found: dict[tuple[str, str], Move] = {}
    for move in moves:
        if move.stage is Stage.LIVE:
            for key, other in found.items():
                if key[0] == move.rule and other.stage is Stage.LIVE:
                    found[key] = replace(
                        move,
                        version=other.version,
                        file=other.file,
                        stage=Stage.RETIRED,
                        why=f"version {move.version} went live",
                        backtest="",
                    )
        found[move.rule, move.version] = move
    return found
