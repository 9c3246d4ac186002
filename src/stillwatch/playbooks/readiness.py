"""What the operator has, and has not, of what advisory AA26-251A recommends, point by point.

The advisory's own text was not read: the points are taken from published summaries of it, and from what else
was published about such campaigns in 2026; each says which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.guard.moments import told, told_or_none
from stillwatch.playbooks.check import Answer, Holds
from stillwatch.playbooks.progress import answer_document, says

NOT_READ = (
    "The text of AA26-251A itself was not read for this list, only summaries of it that others published. "
    "Before you cite a point as the advisory's, read the advisory."
)
ADVISORY = "summaries of AA26-251A"
Found = Mapping[str, tuple[Answer, float | None]]


@dataclass(frozen=True)
class Point:
    """One recommendation."""

    number: int
    """Its number here; the advisory numbers otherwise."""
    title: str
    """What is recommended."""
    source: str
    """Where that was read."""
    checks: tuple[str, ...]
    """What tells whether it is so."""
    playbook: str
    """The playbook that sees to it."""


POINTS = (
    Point(
        1,
        "Hold use against what the subscription allows.",
        ADVISORY,
        ("plan_limits_known",),
        "identify",
    ),
    Point(
        2,
        "See new accounts that begin at full throughput.",
        ADVISORY,
        ("accounts_given", "registrations_known"),
        "identify",
    ),
    Point(
        3,
        "See enterprise throughput on consumer plans, and unusual prompts, accounts and networks.",
        ADVISORY,
        ("run_recent", "plans_known", "edge_joined", "nothing_blind", "watch_running", "alarms_looked_at"),
        "identify",
    ),
    Point(
        4,
        "See accounts that share marks of registration or payment.",
        ADVISORY,
        ("accounts_given", "shared_marks_seen"),
        "identify",
    ),
    Point(
        5,
        "See premium subscriptions that were bought in bulk and are shared by teams.",
        ADVISORY,
        ("many_hands_seen",),
        "identify",
    ),
    Point(
        6,
        "Act on the organisation, not on the single account.",
        "Anthropic's report of September 2026, read in translation and notes",
        ("run_synced", "budgets_pooled", "second_person", "deadlines_set", "deadlines_kept"),
        "mitigate",
    ),
    Point(
        7,
        "Change answers only at high confidence, recorded, and never for researchers and evaluators.",
        ADVISORY,
        (
            "policy_tried",
            "state_fresh",
            "decisions_recorded",
            "exemptions_exist",
            "hidden_steps_consented",
            "permits_current",
            "appeals_in_time",
        ),
        "mitigate",
    ),
    Point(
        8,
        "Measure whether operators test for degraded answers, and where they go after a step.",
        ADVISORY,
        ("probing_seen", "compared_with_earlier", "displacement_measured"),
        "mitigate",
    ),
    Point(
        9,
        "Share marks of infrastructure and behaviour with others, and no customers.",
        ADVISORY,
        ("sharing_confirmed", "hub_joined", "sharing_log_checked", "shared_corrected"),
        "share",
    ),
    Point(
        10,
        "Keep facts and inferences apart, so that both can be shown later.",
        "a commentary on AA26-251A",
        ("blind_spots_told", "feedback_used", "audit_holds", "checkpoint_fresh", "backup_made"),
        "disclosure",
    ),
    Point(
        11,
        "Verify who joins programmes for education, research and start-ups.",
        "Anthropic's post of February 2026",
        ("programmes_verified",),
        "licensed-review",
    ),
    Point(
        12,
        "Say in public what restrictions there are, hidden ones included.",
        "press on hidden marks of July 2026, read in excerpts",
        ("restrictions_public",),
        "mitigate",
    ),
)


@dataclass(frozen=True)
class PointFound:
    """One recommendation, held against the real state."""

    point: Point
    """What is recommended."""
    holds: Holds
    """Whether it is so: missing if any of its checks is, else cannot tell if any of them cannot."""
    found: Found
    """What each of its checks found, and since when it is missing, POSIX seconds."""

    @property
    def since(self) -> float | None:
        """Since when something of it is missing, POSIX seconds; None: nothing is, or that was not kept."""
        times = [at for answer, at in self.found.values() if answer.holds is Holds.MISSING and at is not None]
        return min(times, default=None)


@dataclass(frozen=True)
class Readiness:
    """All points."""

    points: tuple[PointFound, ...]
    """In their order."""
    at: float
    """When it was looked at, POSIX seconds."""

    @property
    def ready(self) -> bool:
        """Whether every point is met, or does not arise."""
        return all(one.holds in (Holds.MET, Holds.NOT_APPLICABLE) for one in self.points)

    def document(self) -> dict[str, Any]:
        """Return it for people and programs: times as ISO 8601."""
        return {
            "at": told(self.at),
            "ready": self.ready,
            "note": NOT_READ,
            "counts": {str(word): sum(one.holds is word for one in self.points) for word in Holds},
            "points": [
                {
                    "number": one.point.number,
                    "title": one.point.title,
                    "source": one.point.source,
                    "playbook": one.point.playbook,
                    "holds": str(one.holds),
                    "missing_since": told_or_none(one.since),
                    "checks": [
                        {
                            "check": name,
                            "says": says(name),
                            **answer_document(answer),
                            "missing_since": told_or_none(at),
                        }
                        for name, (answer, at) in one.found.items()
                    ],
                }
                for one in self.points
            ],
        }


def checks_wanted() -> set[str]:
    """Return the names of all checks that tell of a point."""
    return {name for point in POINTS for name in point.checks}


def readiness_of(found: Found, at: float) -> Readiness:
    """Return the points with what their checks found."""
    points = []
    for point in POINTS:
        theirs = {name: found[name] for name in point.checks}
        points.append(PointFound(point, _worst([answer.holds for answer, _ in theirs.values()]), theirs))
    return Readiness(tuple(points), at)


def _worst(holds: list[Holds]) -> Holds:
    for word in (Holds.MISSING, Holds.CANNOT_TELL, Holds.MET):
        if word in holds:
            return word
    return Holds.NOT_APPLICABLE
