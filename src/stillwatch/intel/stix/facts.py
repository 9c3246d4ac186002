"""What may be said of a campaign at all: words of our own and coarse figures, and nothing that a log holds.

Whatever is made for others is made from these facts. No field can carry a value of a customer.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from stillwatch import __version__
from stillwatch.cases.case import Case
from stillwatch.cases.found import signals_of
from stillwatch.cases.states import DISMISSES, Outcome
from stillwatch.errors import IntelError
from stillwatch.intel.stix.mapping import techniques_of
from stillwatch.registry import FACETS, SIGNALS
from stillwatch.run.reading import Row, Run

FAMILIES = ("content", "identity", "network", "rhythm", "software")
"""Kinds of evidence: the families of facets."""
VERDICTS = ("adversarial", "coordinated", "unlicensed")
ROLES = ("operator", "provider", "victim", "unknown")
STRENGTHS = ("weak", "moderate", "strong")
BANDS = ("1-9", "10-99", "100-999", "1000-9999", "10000 or more")
DIGEST = re.compile(r"[0-9a-f]{64}\Z")
WEAK, STRONG = 3.0, 8.0


class Review(StrEnum):
    """How far people have looked at it."""

    UNREVIEWED = "unreviewed"
    """A detector says so, and nobody has decided."""
    SUSPECTED = "suspected"
    """People look into it."""
    CONFIRMED = "confirmed"
    """People decided that it is so."""
    REPORTED = "reported"
    """Somebody else says so."""
    WITHDRAWN = "withdrawn"
    """It turned out not to be so."""


CONFIDENCES: Mapping[Review, int] = {
    Review.UNREVIEWED: 30,
    Review.SUSPECTED: 50,
    Review.CONFIRMED: 85,
    Review.REPORTED: 30,
    Review.WITHDRAWN: 0,
}
"""STIX 2.1, appendix A: 15 is low, 50 medium, 85 high; a detector alone stays between."""


@dataclass(frozen=True)
class Facts:
    """One campaign, as far as others may be told."""

    subject: str
    """What the store knows it by; only a keyed hash of it leaves."""
    family: str
    """The same of its family of campaigns."""
    verdict: str
    """One of VERDICTS."""
    role: str
    """One of ROLES."""
    review: Review
    """How far people have looked at it."""
    kinds: tuple[tuple[str, str], ...]
    """Kinds of evidence, one of FAMILIES, with one of STRENGTHS."""
    behaviours: tuple[str, ...]
    """Names of our own signals that carry the verdict, sorted; for high clearances only."""
    techniques: tuple[str, ...]
    """Ids of techniques."""
    first: datetime
    """Begin of the day of its first exchange, UTC."""
    last: datetime
    """End of the day of its last exchange, UTC."""
    accounts: int
    """Its accounts, exactly: it never leaves so."""
    run_digest: str
    """Digest of the run that found it; empty where the run has none."""
    rule_set: str
    """Digest of the detectors."""
    detector: str = f"stillwatch {__version__}"
    """The detector and its version."""

    @property
    def band(self) -> str:
        """Its accounts as an order of magnitude."""
        return band(self.accounts)

    @property
    def confidence(self) -> int:
        """How sure it is, 0 to 100."""
        return CONFIDENCES[self.review]


def facts_of(run: Run, name: str, case: Case | None = None) -> Facts:
    """Return the facts of a campaign of a run. name: as the run calls it, or its identity. case: the case
    about it, which says how far people have looked. Raises IntelError where there is none, and for one that
    is nothing to share: not listed, authorised, or dismissed.
    """
    row = _campaign(run, name)
    if row["verdict"] not in VERDICTS or not row["listed"]:
        raise IntelError(
            "this group is no campaign that others should hear of: it is not listed, or is allowed",
            where=name,
            do="share what the search lists",
        )
    known = set(SIGNALS.all())
    signals = tuple(one for one in signals_of(row) if one in known)
    role = row["role"] if row["role"] in ROLES else "unknown"
    day = timedelta(days=1)
    digest = str(run.about.get("digest") or "")
    return Facts(
        subject=str(row["identity"]),
        family=str(row["family"]),
        verdict=row["verdict"],
        role=role,
        review=_review(case),
        kinds=_kinds(run.rows("evidence", row["group"])),
        behaviours=signals,
        techniques=techniques_of(row["verdict"], role, signals),
        first=_day(row["first"]),
        last=_day(row["last"]) + day - timedelta(milliseconds=1),
        accounts=int(row["accounts"]),
        run_digest=digest if DIGEST.match(digest) else "",
        rule_set=rule_set(),
    )


def rule_set() -> str:
    """Return the digest of the detectors of this version: names, axes and weights, plugins included."""
    text = [f"stillwatch {__version__}"]
    for registry in (SIGNALS, FACETS):
        for name, item in sorted(registry.all().items()):
            text.append(f"{name} {getattr(item, 'axis', '')} {getattr(item, 'weight', '')}")
    return hashlib.sha256("\n".join(text).encode()).hexdigest()


def band(number: int) -> str:
    """Return the order of magnitude of a number."""
    return BANDS[min(len(str(max(number, 1))) - 1, len(BANDS) - 1)]


def names() -> list[str]:
    """Return the names of the facts, for the documentation and its test."""
    return [one.name for one in fields(Facts)]


def _campaign(run: Run, name: str) -> Row:
    rows = run.rows("campaigns")
    found = [row for row in rows if name in (row["campaign"], row["identity"])]
    if not found:
        raise IntelError(
            "the run has no such campaign",
            where=name[:80],
            do="`stillwatch report RUN` lists them; give a name such as C001",
        )
    return found[0]


def _kinds(evidence: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    sums: dict[str, float] = {}
    for row in evidence:
        if row["family"] in FAMILIES and row["nats"] > 0:
            sums[row["family"]] = sums.get(row["family"], 0.0) + row["nats"]
    return tuple((family, _strength(nats)) for family, nats in sorted(sums.items()))


def _strength(nats: float) -> str:
    return STRENGTHS[0] if nats < WEAK else STRENGTHS[1] if nats < STRONG else STRENGTHS[2]


def _review(case: Case | None) -> Review:
    if case is None:
        return Review.UNREVIEWED
    if case.outcome in (*DISMISSES, Outcome.LICENSED, Outcome.DUPLICATE):
        raise IntelError(
            f"the case was closed as {case.outcome}: there is nothing to share",
            where=f"case {case.id}",
            do="if it was shared before, `stillwatch intel revoke` what was shared",
        )
    return Review.CONFIRMED if case.outcome else Review.SUSPECTED


def _day(moment: Any) -> datetime:
    utc: datetime = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return utc.replace(hour=0, minute=0, second=0, microsecond=0)
