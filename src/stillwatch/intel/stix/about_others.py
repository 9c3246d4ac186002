"""What one provider says of what another one shared: a sighting, an opinion, and whose attribution it is."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Any

from stillwatch.errors import IntelError
from stillwatch.intel.stix.making import Maker
from stillwatch.intel.stix.own_checks import ID
from stillwatch.intel.stix.versions import stamp

REPORTER = re.compile(r"[A-Z][A-Za-z]*(?:[ &.-]{1,2}[A-Z][A-Za-z]*){0,5}\Z")
"""A reporter's name: capitalised words, and no digits."""
ADDRESS = re.compile(r"https://[a-z0-9.-]{4,100}(?:/[A-Za-z0-9._-]{1,60}){0,6}/?\Z")
"""The address of what was published: no name, no parameters, no fragment."""


class Stance(StrEnum):
    """What one thinks of what another shared, in STIX's own words."""

    STRONGLY_DISAGREE = "strongly-disagree"
    """It is wrong, as our own decided case shows."""
    DISAGREE = "disagree"
    """We see it otherwise."""
    NEUTRAL = "neutral"
    """We cannot tell."""
    AGREE = "agree"
    """We see the same."""
    STRONGLY_AGREE = "strongly-agree"
    """Our own decided case shows the same."""


REASONS = {
    Stance.STRONGLY_DISAGREE: "An appeal was upheld, or a case was closed otherwise.",
    Stance.DISAGREE: "Our own evidence speaks against it.",
    Stance.NEUTRAL: "Our own evidence does not tell.",
    Stance.AGREE: "Our own evidence speaks for it.",
    Stance.STRONGLY_AGREE: "A case of our own was confirmed.",
}
"""What an opinion says beside its stance: one of our own sentences, and no other."""
REPORTED = (
    "An attribution that somebody else published. It is the reporter's, and neither ours nor checked by us."
)


def opinion(maker: Maker, about: str, stance: Stance) -> dict[str, Any]:
    """Return an opinion. about: id of the object. Raises IntelError where that is none."""
    return maker.object(
        "opinion",
        maker.id("opinion", _id(about)),
        opinion=str(stance),
        explanation=REASONS[stance],
        object_refs=[about],
    )


def sighting(
    maker: Maker, about: str, first: datetime, last: datetime, *, seen: bool = True, confidence: int = 50
) -> dict[str, Any]:
    """Return a sighting of what another shared. seen: false says that it was looked for and was a false
    alarm (a count of 0). Times are cut to days. Raises IntelError where `about` is no id.
    """
    none = {} if seen else {"count": 0}
    return maker.object(
        "sighting",
        maker.id("sighting", _id(about)),
        sighting_of_ref=about,
        where_sighted_refs=[maker.identity],
        first_seen=stamp(first.replace(hour=0, minute=0, second=0, microsecond=0)),
        last_seen=stamp(last.replace(hour=23, minute=59, second=59, microsecond=999_000)),
        confidence=confidence,
        **none,
    )


def attribution(maker: Maker, campaign: str, reporter: str, address: str) -> list[dict[str, Any]]:
    """Return somebody's published attribution of a campaign: its reporter as an identity, and a report that
    points to the publication. Who is accused stands there, and not here. Raises IntelError for a name or an
    address that could carry something else.
    """
    if not REPORTER.match(reporter):
        raise IntelError("that is no name of a reporter", where="reporter", do="capitalised words, no digits")
    if not ADDRESS.match(address):
        raise IntelError(
            "that is no address of a publication",
            where="address",
            do="https://…, without a name, parameters or a fragment",
        )
    who = maker.object(
        "identity", maker.id("identity", reporter), name=reporter, identity_class="organization"
    )
    told = maker.object(
        "report",
        maker.id("report", _id(campaign), reporter, address),
        name="Attribution by others",
        description=REPORTED,
        report_types=["attack-pattern"],
        published=stamp(maker.now),
        object_refs=[campaign, who["id"]],
        external_references=[{"source_name": reporter, "url": address}],
        confidence=30,
    )
    return [who, told]


def _id(name: str) -> str:
    if not ID.match(name):
        raise IntelError("that is no id of a STIX object", where=name[:80], do="give TYPE--UUID")
    return name
