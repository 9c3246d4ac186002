"""What waits about plans, letters and appeals, and how often action was wrong: for the overview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stillwatch.cases.remediation.counting import Wrongful, WrongShare
from stillwatch.cases.remediation.pending import Pending
from stillwatch.console.remedy_desk import waiting_of, wrongs_of
from stillwatch.console.seen import Seen
from stillwatch.report import formatting

SHOWN = 5
FEW = 10
"""Accounts below which a share says little."""


@dataclass(frozen=True)
class Waits:
    """What waits, of one sort."""

    title: str
    """What it is."""
    what: str
    """What to do about it."""
    total: int
    """How many there are."""
    links: tuple[tuple[str, str], ...]
    """The first of them: path and name."""
    late: bool = False
    """Whether it should be done already."""


@dataclass(frozen=True)
class RemedyNow:
    """What the overview shows of remediation."""

    waits: tuple[Waits, ...]
    """What waits, the most pressing first; sorts of which nothing waits are left out."""
    waiting_at: float | None
    """When that was found, POSIX seconds; None: nobody knows yet."""
    wrong: str
    """How often action was wrong, as a sentence; empty where nobody was acted against."""
    shares: tuple[dict[str, Any], ...]
    """The same by kind, verdict and stage."""
    wrong_at: float | None
    """When that was counted, POSIX seconds; None: it is being counted."""

    def document(self) -> dict[str, Any]:
        """Return it for programs."""
        waiting = {one.title: one.total for one in self.waits}
        return {"waiting": waiting, "wrong": self.wrong, "shares": list(self.shares)}


def remedy_now(seen: Seen) -> RemedyNow:
    """Return what waits and what was wrong, as it was last found."""
    pending, found_at = waiting_of(seen.doors.remedy)
    wrongs, counted_at = wrongs_of(seen.doors.remedy)
    shares = tuple(_share(one) for one in wrongs.shares if one.by != "all") if wrongs else ()
    waits = tuple(one for one in _waits(pending) if one.total) if pending else ()
    return RemedyNow(waits, found_at, _in_words(wrongs), shares, counted_at)


def _waits(pending: Pending) -> list[Waits]:
    late = set(pending.breached)
    open_still = tuple(one for one in pending.appeals if one not in late)
    freed = tuple(dict.fromkeys(case for case, _ in pending.freed))
    plans = tuple(_case(one) for one in pending.stopped)
    begun = tuple(_case(one) for one in pending.begun)
    return [
        Waits("Late appeals", "Answer them now.", len(late), _appeals(pending.breached), late=True),
        Waits("Appeals to answer", "Another person answers.", len(open_still), _appeals(open_still)),
        Waits(
            "Granted, not restored",
            "The gateway still acts: restore.",
            len(pending.unrestored),
            _appeals(pending.unrestored),
            late=True,
        ),
        Waits(
            "To be taken back",
            "Dismissed, and still acted against: plan and carry out.",
            len(pending.restore),
            _plans(pending.restore),
            late=True,
        ),
        Waits("Cleared accounts still restricted", "Plan anew.", len(pending.freed), _plans(freed)),
        Waits("Plans that stopped", "See why, and go on.", len(plans), _plans(plans)),
        Waits("Plans under way", "They go on by themselves.", len(begun), _plans(begun)),
        Waits("Letters", "Read, approve, send.", len(pending.letters), _letters(pending.letters)),
    ]


def _case(plan: str) -> int:
    return int(plan.partition(".")[0])


def _appeals(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((f"/appeals/{one}", one) for one in names[:SHOWN])


def _plans(cases: tuple[int, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((f"/cases/{one}/plan", f"case {one}") for one in cases[:SHOWN])


def _letters(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((f"/cases/{_case(one)}/letters/{one}", one) for one in names[:SHOWN])


def _in_words(wrongs: Wrongful | None) -> str:
    whole = next((one for one in wrongs.shares if one.by == "all"), None) if wrongs else None
    if whole is None:
        return ""
    partly = f" {formatting.plural(whole.partly, 'appeal')} more granted in part." if whole.partly else ""
    return f"{_told(whole)}{partly}"


def _told(share: WrongShare) -> str:
    low, high = formatting.percent(share.low), formatting.percent(share.high)
    few = " That is too few to say more." if share.acted < FEW else ""
    return (
        f"{formatting.count(share.wrong)} of {formatting.plural(share.acted, 'account')} "
        f"({formatting.percent(share.share)}); the share lies between {low} and {high}, with 95 % "
        f"confidence, or is larger: who did not complain is not counted.{few}"
    )


def _share(share: WrongShare) -> dict[str, Any]:
    return {
        "by": share.by,
        "name": share.name or "none",
        "acted": share.acted,
        "wrong": share.wrong,
        "partly": share.partly,
        "low": share.low,
        "high": share.high,
        "days": share.days,
    }
