"""How what was shared grows old: by kind, after the polynomial that MISP uses.

Source: MISP, decaying models, score = base * (1 - (t / lifetime)^(1 / speed)). The lifetimes are our own
judgement of how long an operator keeps such a thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from stillwatch.intel.kinds import IndicatorKind

DAY = 86_400.0


@dataclass(frozen=True)
class Decay:
    """How one kind grows old."""

    days: float
    """Days after the last sighting at which nothing is left of the confidence."""
    speed: float = 2.0
    """Greater: most is lost early; 1: evenly."""


DECAYS: Mapping[IndicatorKind, Decay] = {
    IndicatorKind.ADDRESS: Decay(7.0),
    IndicatorKind.NETWORK_PREFIX: Decay(14.0),
    IndicatorKind.ASN: Decay(90.0),
    IndicatorKind.MAIL_DOMAIN: Decay(90.0),
    IndicatorKind.RESELLER_DOMAIN: Decay(90.0),
    IndicatorKind.TLS_FINGERPRINT: Decay(60.0),
    IndicatorKind.CLIENT_SHAPE: Decay(60.0),
    IndicatorKind.PAYMENT: Decay(90.0),
    IndicatorKind.PHONE: Decay(90.0),
    IndicatorKind.EMAIL: Decay(90.0),
    IndicatorKind.TEMPLATE: Decay(120.0),
    IndicatorKind.SCHEDULE: Decay(60.0),
}
ACTOR = Decay(365.0)
"""Of a campaign or an intrusion set, and of an indicator that names kinds of evidence only."""


def decay_of(kind: IndicatorKind | None) -> Decay:
    """Return how a kind grows old; None: an actor."""
    return DECAYS[kind] if kind is not None else ACTOR


def until(kind: IndicatorKind | None, seen: datetime) -> datetime:
    """Return when nothing is left of what was last seen at a time."""
    return seen + timedelta(days=decay_of(kind).days)


def decayed(confidence: int, kind: IndicatorKind | None, seen: datetime, now: datetime) -> int:
    """Return what is left of a confidence (0 to 100). seen: the last sighting, which starts the time anew;
    one in the future counts as now.
    """
    how = decay_of(kind)
    part = max((now - seen).total_seconds(), 0.0) / (how.days * DAY)
    if part >= 1.0:
        return 0
    return int(confidence * (1.0 - part ** (1.0 / how.speed)))
