"""Take what a source brought into the store: each version once, and the history for ever."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.errors import IntelError
from stillwatch.intel.desk.models import ArrivalRow, ObjectRow, RefusedRow, SourceRow
from stillwatch.intel.stix.checking import Checked
from stillwatch.intel.stix.marking import level_of_object
from stillwatch.intel.stix.own_checks import ID, moment_of

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\Z")
PUBLIC = ("marking-definition", "extension-definition")
"""Types that say nothing of anybody; they are not kept."""
SPEAKS = ("object_refs", "sighting_of_ref", "source_ref", "target_ref", "where_sighted_refs")
AT_ONCE = 500


@dataclass(frozen=True)
class Received:
    """What came of one arrival."""

    new: int
    """Versions that were not known."""
    known: int
    """Versions that had come before."""
    refused: int
    """Objects that could not be used."""
    hearsay: int
    """New versions that speak for somebody whom the source does not speak for: kept, and never counted."""
    replaced: tuple[str, ...]
    """Ids of objects of which another version counts now than before, sorted: corrections and revocations."""


def add_source(session: Session, name: str, identity: str, now: float) -> None:
    """Add a source, or find it as it is. Raises IntelError for a bad name, and where it is known with another
    identity.
    """
    if not NAME.match(name):
        raise IntelError(
            "that is no name of a source", where=name[:80], do="use lower-case letters, digits and hyphens"
        )
    if identity and not (ID.match(identity) and identity.startswith("identity--")):
        raise IntelError("that is no id of an identity", where=identity[:80], do="give identity--UUID")
    there = session.get(SourceRow, name)
    if there is None:
        session.add(SourceRow(name=name, identity=identity, added=now))
        session.flush()
    elif identity and there.identity != identity:
        raise IntelError(
            "the source is known, and speaks for another identity",
            where=f"{name}: {there.identity or 'a hub, which passes on what others made'}",
            do="give the source another name",
        )


def receive(session: Session, source: str, batch: bytes, found: Checked, now: float) -> Received:
    """Keep what came. source: a name that `add_source` knows; batch: the bytes it came in.

    The result does not depend on the order in which things arrive, and the same version twice is nothing.
    """
    row = session.get(SourceRow, source)
    assert row is not None, "BUG: the source was not added"
    _keep_refused(session, source, batch, found, now)
    versions = {_digest(item): item for item in found.good if item.get("type") not in PUBLIC}
    there = _known(session, versions)
    new = hearsay = 0
    touched: set[tuple[str, str]] = set()
    for digest, item in versions.items():
        vouched = not row.identity or maker_of(item) == row.identity
        old = there.get(digest)
        if old is None:
            session.add(_row(digest, item, vouched=vouched, now=now))
            new, hearsay = new + 1, hearsay + (not vouched)
            touched.add((str(item["id"]), maker_of(item)))
        else:
            old.first_arrived = min(old.first_arrived, now)
            if vouched and not old.vouched:
                old.vouched = True
                touched.add((old.id, old.maker))
    session.flush()
    _keep_arrivals(session, source, versions, now)
    replaced = _count_again(session, touched)
    return Received(new, len(versions) - new, len(found.refused), hearsay, tuple(sorted(replaced)))


def maker_of(item: Mapping[str, Any]) -> str:
    """Who made an object: an identity makes itself; empty where nobody says so."""
    if item.get("type") == "identity":
        return str(item.get("created_by_ref", item["id"]))
    return str(item.get("created_by_ref", ""))


def _digest(item: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(item).encode("utf-8")).hexdigest()


def _canonical(item: Mapping[str, Any]) -> str:
    return json.dumps(item, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _row(digest: str, item: Mapping[str, Any], *, vouched: bool, now: float) -> ObjectRow:
    created = moment_of(item.get("created"))
    modified = moment_of(item.get("modified")) or created
    ends = moment_of(item.get("valid_until"))
    made = created.timestamp() if created else 0.0
    return ObjectRow(
        digest=digest,
        id=str(item["id"]),
        maker=maker_of(item),
        type=str(item["type"]),
        created=made,
        modified=modified.timestamp() if modified else made,
        revoked=item.get("revoked") is True,
        tlp=int(level_of_object(item)),
        ends=ends.timestamp() if ends else None,
        counts=False,
        vouched=vouched,
        first_arrived=now,
        content=_canonical(item),
        refs="\n".join(sorted(_refs(item))),
    )


def _refs(item: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for name in SPEAKS:
        value = item.get(name)
        found |= {value} if isinstance(value, str) else set(value) if isinstance(value, list) else set()
    return {ref for ref in found if isinstance(ref, str) and ID.match(ref)}


def _known(session: Session, digests: Iterable[str]) -> dict[str, ObjectRow]:
    wanted: list[str] = list(digests)
    found: dict[str, ObjectRow] = {}
    for start in range(0, len(wanted), AT_ONCE):
        asked = sa.select(ObjectRow).where(ObjectRow.digest.in_(wanted[start : start + AT_ONCE]))
        found |= {row.digest: row for row in session.scalars(asked)}
    return found


def _keep_arrivals(session: Session, source: str, digests: Iterable[str], now: float) -> None:
    wanted = list(digests)
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        asked = sa.select(ArrivalRow.digest).where(ArrivalRow.source == source, ArrivalRow.digest.in_(some))
        have = set(session.scalars(asked))
        session.add_all(
            ArrivalRow(digest=digest, source=source, at=now) for digest in some if digest not in have
        )
    session.flush()


def _keep_refused(session: Session, source: str, batch: bytes, found: Checked, now: float) -> None:
    name = hashlib.sha256(batch).hexdigest()
    asked = sa.select(RefusedRow.place).where(RefusedRow.source == source, RefusedRow.batch == name)
    have = set(session.scalars(asked))
    session.add_all(
        RefusedRow(source=source, at=now, batch=name, place=one.place, id=one.id[:120], why=one.why[:200])
        for one in found.refused
        if one.place not in have
    )


def _count_again(session: Session, touched: set[tuple[str, str]]) -> set[str]:
    """Say anew which version of each object counts; returns the ids where it was another one before."""
    replaced: set[str] = set()
    for ident, maker in sorted(touched):
        asked = sa.select(ObjectRow).where(
            ObjectRow.id == ident, ObjectRow.maker == maker, ObjectRow.vouched.is_(True)
        )
        rows: Sequence[ObjectRow] = list(session.scalars(asked))
        if not rows:
            continue
        last = max(rows, key=rank)
        replaced |= {ident} if any(row.counts and row is not last for row in rows) else set()
        for row in rows:
            row.counts = row is last
    session.flush()
    return replaced


def rank(row: ObjectRow) -> tuple[bool, float, str]:
    """Which of several versions counts, whatever came first: one that takes back before all others (it is the
    last by STIX 2.1, 3.6), then the one changed last, then by digest.
    """
    return row.revoked, row.modified, row.digest
