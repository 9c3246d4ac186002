"""A campaign's facts as STIX objects: each is marked and has its maker, and no id tells anything."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.stix import project
from stillwatch.intel.stix.atlas import atlas
from stillwatch.intel.stix.courses import courses_of
from stillwatch.intel.stix.decay import until
from stillwatch.intel.stix.extension import told, told_of_token
from stillwatch.intel.stix.facts import Facts, Review
from stillwatch.intel.stix.versions import stamp
from stillwatch.intel.tlp import Tlp

KINDS_PATTERN, TOKEN_PATTERN, SKETCH_PATTERN = "stillwatch-kinds", "stillwatch-token", "stillwatch-sketch"
READ_THIS = (
    "This names kinds of evidence that a detector saw, and not who is behind it. Review for yourself before "
    "you act: a share is a reason to look, and never a verdict. Tell its maker if you find that it is wrong."
)


@dataclass(frozen=True)
class SharedToken:
    """A token of a value, as an indicator holds it; nobody can tell the value from it."""

    kind: IndicatorKind
    """What it is a token of."""
    epoch: str
    """Name of the epoch whose key made it."""
    scheme: str
    """How it was made."""
    hex: str
    """The token, 64 hexadecimal digits."""
    ends: datetime | None = None
    """When its epoch ends, and it can no longer match; None if that is not known."""

    @property
    def pattern(self) -> str:
        """It as the pattern of an indicator."""
        return f"token:v1:{self.kind}:{self.epoch}:{self.hex}"

    @property
    def name(self) -> str:
        """Name of the indicator."""
        return "Token"

    @property
    def pattern_type(self) -> str:
        """Type of the pattern."""
        return TOKEN_PATTERN


@dataclass(frozen=True)
class SharedSketch:
    """A keyed sketch of a template, as an indicator holds it: who has the group's key compares it."""

    pattern: str
    """It as the pattern of an indicator."""
    epoch: str
    """Name of the epoch of its key."""
    scheme: str
    """How it was made."""
    ends: datetime | None = None
    """When its epoch ends, and it can no longer be compared; None if that is not known."""
    kind: IndicatorKind = IndicatorKind.TEMPLATE
    """What it is a sketch of."""

    @property
    def name(self) -> str:
        """Name of the indicator."""
        return "Sketch"

    @property
    def pattern_type(self) -> str:
        """Type of the pattern."""
        return SKETCH_PATTERN


Shared: TypeAlias = SharedToken | SharedSketch
"""What stands for a value in an indicator, without showing it."""


@dataclass(frozen=True)
class Maker:
    """Makes objects for one provider at one time."""

    identity: str
    """Id of the provider's STIX identity."""
    name: str
    """Its short name: lower-case letters, digits, hyphens."""
    key: bytes
    """Its secret, from which ids are made: equal things get equal ids, and nobody else can guess them."""
    level: Tlp
    """The marking that they get."""
    now: datetime
    """When they are made."""

    def id(self, kind: str, *parts: str) -> str:
        """Return the id of a thing: a UUID of version 4 from a keyed hash of what it is."""
        text = "\0".join((kind, self.identity, *parts)).encode("utf-8")
        digest = hmac.new(self.key, text, hashlib.sha256).digest()
        return f"{kind}--{uuid.UUID(bytes=digest[:16], version=4)}"

    def object(self, kind: str, ident: str, /, **told: Any) -> dict[str, Any]:
        """Return an object with what every object has."""
        head = {"type": kind, "spec_version": "2.1", "id": ident, "created_by_ref": self.identity}
        made = {**head, "created": stamp(self.now), "modified": stamp(self.now), **told}
        return project.marked(made, self.level)

    def relation(self, source: str, how: str, target: str, **more: Any) -> dict[str, Any]:
        """Return a relationship between two objects."""
        name = self.id("relationship", source, how, target)
        ends = {"relationship_type": how, "source_ref": source, "target_ref": target}
        return self.object("relationship", name, **ends, **more)

    def itself(self) -> dict[str, Any]:
        """Return the identity of the provider. It says no more than its short name, whatever goes with it."""
        made = self.object("identity", self.identity, name=self.name, identity_class="organization")
        return project.marked(made, Tlp.CLEAR)


def objects_of(
    facts: Facts, maker: Maker, tokens: Sequence[Shared] = (), count: int | None = None
) -> list[dict[str, Any]]:
    """Return all objects about a campaign. tokens: of values and templates of it, made by whoever may.
    count: how many accounts its sighting tells, already made private; None: it tells none.
    """
    campaign, actor = _campaign(facts, maker), _actor(facts, maker)
    indicators = [_of_kinds(facts, maker), *(_of_token(facts, maker, one) for one in tokens)]
    techniques = _own_techniques(facts)
    courses = courses_of(facts.verdict, facts.role)
    note = maker.object(
        "note",
        maker.id("note", facts.subject),
        abstract="How to read this",
        content=READ_THIS,
        object_refs=[campaign["id"]],
    )
    made = [
        campaign,
        actor,
        *indicators,
        *techniques,
        *courses,
        note,
        _sighting(facts, maker, campaign, count),
    ]
    relations = list(_relations(facts, maker, campaign, actor, indicators, courses))
    frame = [maker.itself(), project.identity(), project.extension_definition()]
    whole = _together(facts, maker, [one["id"] for one in (*made, *relations)])
    levels = sorted({Tlp.CLEAR, maker.level})
    return [*frame, *map(project.tlp_definition, levels), *made, *relations, whole]


def technique_id(name: str) -> str:
    """Return the id of the attack pattern of a technique: MITRE's own, or ours where ATLAS has none."""
    known = atlas().techniques.get(name)
    return known.stix_id if known else name


def _references(facts: Facts) -> list[dict[str, str]]:
    known = [atlas().techniques[name] for name in facts.techniques if name in atlas().techniques]
    return [{"source_name": "mitre-atlas", "url": one.url, "external_id": one.id} for one in known]


def _campaign(facts: Facts, maker: Maker) -> dict[str, Any]:
    name = maker.id("campaign", facts.subject)
    return maker.object(
        "campaign",
        name,
        name=f"Distillation campaign {name[-8:]}",
        description=f"Accounts that act as one against a language model: {facts.verdict}.",
        first_seen=stamp(facts.first),
        last_seen=stamp(facts.last),
        confidence=facts.confidence,
        external_references=_references(facts),
        extensions=told(facts, maker.level),
    )


def _actor(facts: Facts, maker: Maker) -> dict[str, Any]:
    name = maker.id("intrusion-set", facts.family)
    return maker.object(
        "intrusion-set",
        name,
        name=f"Distillation activity {name[-8:]}",
        description="Campaigns that links of evidence join. It names nobody.",
        first_seen=stamp(facts.first),
        last_seen=stamp(facts.last),
        confidence=facts.confidence,
    )


def _of_kinds(facts: Facts, maker: Maker) -> dict[str, Any]:
    """The indicator that says which kinds of evidence there are, for whoever has no tokens."""
    kinds = "+".join(kind for kind, _ in facts.kinds) or "none"
    return _indicator(
        facts,
        maker,
        maker.id("indicator", facts.subject, "kinds"),
        name="Kinds of evidence",
        pattern=f"kinds:v1:{kinds}",
        pattern_type=KINDS_PATTERN,
        valid_until=stamp(until(None, facts.last)),
        extensions=told(facts, maker.level),
    )


def _of_token(facts: Facts, maker: Maker, token: Shared) -> dict[str, Any]:
    ends = until(token.kind, facts.last)
    if token.ends is not None and facts.first < token.ends < ends:
        ends = token.ends
    return _indicator(
        facts,
        maker,
        maker.id("indicator", facts.subject, token.pattern),
        name=token.name,
        pattern=token.pattern,
        pattern_type=token.pattern_type,
        valid_until=stamp(ends),
        extensions=told_of_token(facts, maker.level, token.scheme, token.kind, token.epoch),
    )


def _indicator(facts: Facts, maker: Maker, ident: str, **more: Any) -> dict[str, Any]:
    return maker.object(
        "indicator",
        ident,
        description="A reason to look, never an action by itself.",
        indicator_types=["anomalous-activity"],
        pattern_version="1.0",
        valid_from=stamp(facts.last.replace(hour=0, minute=0, second=0, microsecond=0)),
        confidence=facts.confidence,
        **more,
    )


def _own_techniques(facts: Facts) -> list[dict[str, Any]]:
    own = project.own_techniques()
    return [own[name] for name in facts.techniques if name in own]


def _sighting(facts: Facts, maker: Maker, campaign: dict[str, Any], count: int | None) -> dict[str, Any]:
    counted = {} if count is None else {"count": count}
    return maker.object(
        "sighting",
        maker.id("sighting", facts.subject),
        sighting_of_ref=campaign["id"],
        where_sighted_refs=[maker.identity],
        first_seen=stamp(facts.first),
        last_seen=stamp(facts.last),
        confidence=facts.confidence,
        **counted,
    )


def _relations(
    facts: Facts,
    maker: Maker,
    campaign: dict[str, Any],
    actor: dict[str, Any],
    indicators: Sequence[dict[str, Any]],
    courses: Sequence[dict[str, Any]],
) -> Iterator[dict[str, Any]]:
    yield maker.relation(campaign["id"], "attributed-to", actor["id"], confidence=facts.confidence)
    for one in indicators:
        yield maker.relation(one["id"], "indicates", campaign["id"], confidence=facts.confidence)
    for name in facts.techniques:
        yield maker.relation(campaign["id"], "uses", technique_id(name), confidence=facts.confidence)
    for one in courses:
        yield maker.relation(one["id"], "mitigates", technique_id(facts.techniques[0]))


def _together(facts: Facts, maker: Maker, refs: list[str]) -> dict[str, Any]:
    """What holds it together: a report once people have confirmed it, and a grouping before."""
    if facts.review is Review.CONFIRMED:
        return maker.object(
            "report",
            maker.id("report", facts.subject),
            name="Campaign of adversarial distillation",
            report_types=["campaign"],
            published=stamp(maker.now),
            object_refs=refs,
        )
    return maker.object(
        "grouping",
        maker.id("grouping", facts.subject),
        name="Suspected campaign of adversarial distillation",
        context="suspicious-activity",
        object_refs=refs,
    )
