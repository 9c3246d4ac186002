"""The indicators that count now, with everything that is known of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.intel.desk.judging import History, Judged, histories, judgements
from stillwatch.intel.desk.models import ObjectRow
from stillwatch.intel.desk.origins import Voice, origins
from stillwatch.intel.desk.values import Named, named
from stillwatch.intel.stix.decay import decayed, until
from stillwatch.intel.stix.own_checks import moment_of
from stillwatch.intel.stix.project import EXTENSION
from stillwatch.intel.tlp import Tlp

UNSAID = 30
"""Confidence of an indicator that states none."""
DISAGREES = ("strongly-disagree", "disagree")
MOST_NAME = 80


@dataclass(frozen=True)
class Disagreement:
    """That somebody sees a report otherwise."""

    maker: str
    """Who says so."""
    how: str
    """opinion, not seen (a sighting with count 0), or here (our own decision)."""
    said: str
    """What the opinion says, one of STIX's words; empty otherwise."""
    at: float
    """When, seconds since 1970."""


@dataclass(frozen=True)
class Report:
    """One indicator that counts, of one maker."""

    id: str
    """Its STIX id."""
    maker: str
    """Who made it: the reporter."""
    name: Named | None
    """What it names; None: kinds of evidence only, or nothing that can be matched."""
    tlp: Tlp
    """How far it may go."""
    confidence: int
    """The reporter's confidence, 0 to 100."""
    created: float
    """When it was made."""
    seen: datetime
    """From when it grows old: the last sighting by somebody else, or `valid_from`."""
    ends: datetime
    """`valid_until`, or where it has none when its kind has grown old."""
    history: History
    """How often the reporter was right here."""
    judged: str
    """What was decided here about it; empty: nothing."""
    disagreements: tuple[Disagreement, ...]
    """Who sees it otherwise; it is shown, and changes no weight."""
    upstream: frozenset[str]
    """What it says that it comes from."""

    def weight(self, now: datetime) -> float:
        """What it counts for, 0 to 1: the confidence after its decay, times what the reporter's word counts
        for here.
        """
        if self.name is None or self.judged == Judged.FALSE_POSITIVE or self.ends <= now:
            return 0.0
        return decayed(self.confidence, self.name.kind, self.seen, now) / 100.0 * self.history.factor


def reports(session: Session) -> list[Report]:
    """Return every indicator that counts and was not taken back, by id and maker."""
    decided = judgements(session)
    known = histories(decided.values())
    against, sightings = _against(session), _sightings(session)
    derived = _derived(session)
    asked = sa.select(ObjectRow).where(
        ObjectRow.type == "indicator",
        ObjectRow.counts.is_(True),
        ObjectRow.revoked.is_(False),
        ObjectRow.content != "",
    )
    found = []
    for row in session.scalars(asked.order_by(ObjectRow.id, ObjectRow.maker)):
        judged = decided.get((row.id, row.maker))
        against_it = judged is not None and judged.judged in (Judged.DISPUTED, Judged.FALSE_POSITIVE)
        ours = [Disagreement("", "here", judged.judged, judged.at)] if judged and against_it else []
        others = [one for one in against.get(row.id, []) if one.maker != row.maker]
        found.append(
            _report(
                row,
                known.get(row.maker, History()),
                judged.judged if judged and judged.judged != Judged.OPEN else "",
                (*others, *ours),
                max((at for maker, at in sightings.get(row.id, []) if maker != row.maker), default=None),
                derived.get(row.id, frozenset()),
            )
        )
    return found


def origins_of(found: list[Report]) -> dict[tuple[str, str], str]:
    """Return the origin of each report that names a value, by id and maker."""
    same: dict[Named, list[Voice]] = {}
    for one in found:
        if one.name is not None:
            same.setdefault(one.name, []).append(Voice(one.id, one.maker, one.created, one.upstream))
    return {
        (voice.report, voice.maker): origin
        for voices in same.values()
        for voice, origin in origins(voices).items()
    }


def reporters(session: Session) -> dict[str, str]:
    """Return the names of those who made something, by identity: as they call themselves, and part of the id,
    since anybody may call himself anything.
    """
    asked = sa.select(ObjectRow).where(ObjectRow.type == "identity", ObjectRow.counts.is_(True))
    found = {}
    for row in session.scalars(asked):
        if row.content and row.maker == row.id:
            said = " ".join(str(json.loads(row.content).get("name", "")).split())[:MOST_NAME]
            if said:
                found[row.id] = f"{said} ({row.id.removeprefix('identity--')[:8]})"
    return found


def called(maker: str, names: Mapping[str, str]) -> str:
    """Return how a maker is shown."""
    return names.get(maker) or (maker.removeprefix("identity--")[:8] if maker else "nobody named")


def _report(
    row: ObjectRow,
    history: History,
    judged: str,
    against: tuple[Disagreement, ...],
    sighted: float | None,
    derived: frozenset[str],
) -> Report:
    item: dict[str, Any] = json.loads(row.content)
    said = item.get("extensions", {}).get(EXTENSION, {})
    kind = said.get("kind") if isinstance(said, Mapping) else None
    name = named(item, kind if isinstance(kind, str) else None)
    begins = moment_of(item.get("valid_from")) or datetime.fromtimestamp(row.created, UTC)
    seen = max(begins, datetime.fromtimestamp(sighted, UTC)) if sighted is not None else begins
    ends = moment_of(item.get("valid_until"))
    confidence = item.get("confidence")
    return Report(
        id=row.id,
        maker=row.maker,
        name=name,
        tlp=Tlp(row.tlp),
        confidence=confidence if isinstance(confidence, int) else UNSAID,
        created=row.created,
        seen=seen,
        ends=ends or until(name.kind if name else None, seen),
        history=history,
        judged=judged,
        disagreements=tuple(sorted(against, key=lambda one: (one.at, one.maker, one.how))),
        upstream=_references(item) | derived,
    )


def _references(item: Mapping[str, Any]) -> frozenset[str]:
    """Publications that it names; techniques are no source."""
    found = set()
    for one in item.get("external_references", []):
        if isinstance(one, Mapping) and one.get("source_name") not in ("mitre-atlas", "mitre-attack"):
            told = one.get("url") or one.get("external_id")
            if isinstance(told, str) and told:
                found.add(f"{one.get('source_name')} {told}")
    return frozenset(found)


def _counting(session: Session, kind: str) -> list[ObjectRow]:
    asked = sa.select(ObjectRow).where(
        ObjectRow.type == kind,
        ObjectRow.counts.is_(True),
        ObjectRow.revoked.is_(False),
        ObjectRow.content != "",
    )
    return list(session.scalars(asked.order_by(ObjectRow.digest)))


def _against(session: Session) -> dict[str, list[Disagreement]]:
    found: dict[str, list[Disagreement]] = {}
    for row in _counting(session, "opinion"):
        said = str(json.loads(row.content).get("opinion"))
        if said in DISAGREES:
            for ref in row.refs.splitlines():
                found.setdefault(ref, []).append(Disagreement(row.maker, "opinion", said, row.modified))
    for row in _counting(session, "sighting"):
        item = json.loads(row.content)
        if item.get("count") == 0:
            ref = str(item.get("sighting_of_ref"))
            found.setdefault(ref, []).append(Disagreement(row.maker, "not seen", "", row.modified))
    return found


def _sightings(session: Session) -> dict[str, list[tuple[str, float]]]:
    """Who saw what a report names, and when last."""
    found: dict[str, list[tuple[str, float]]] = {}
    for row in _counting(session, "sighting"):
        item = json.loads(row.content)
        last = moment_of(item.get("last_seen"))
        if item.get("count") != 0 and last is not None:
            found.setdefault(str(item.get("sighting_of_ref")), []).append((row.maker, last.timestamp()))
    return found


def _derived(session: Session) -> dict[str, frozenset[str]]:
    """What reports are derived from, or duplicates of, as relationships say."""
    found: dict[str, set[str]] = {}
    for row in _counting(session, "relationship"):
        item = json.loads(row.content)
        if item.get("relationship_type") in ("derived-from", "duplicate-of"):
            found.setdefault(str(item.get("source_ref")), set()).add(str(item.get("target_ref")))
    return {name: frozenset(refs) for name, refs in found.items()}
