"""Keep what a member posts, all in one transaction: the objects, the status, the quota, the log."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.intel.member import Member
from stillwatch.intel.taxii.moment import moment_text
from stillwatch.intel.taxii.server.collection import Collection
from stillwatch.intel.taxii.server.envelope import Envelope, Prepared
from stillwatch.intel.taxii.server.fault import TaxiiFault
from stillwatch.intel.taxii.server.members import Belong, number_of, seen_here
from stillwatch.intel.taxii.server.models import (
    NONE_ABOVE,
    CollectionRow,
    DeletedRow,
    ObjectRow,
    StatusRow,
    UseRow,
)
from stillwatch.intel.taxii.server.reading import ids_digest
from stillwatch.intel.taxii.server.settings import TaxiiSettings
from stillwatch.intel.taxii.server.spans import span_again
from stillwatch.intel.witness import Witness

CHUNK = 500
"""Ids of one question to the database."""
DAY_US = 86_400_000_000


@dataclass
class _Known:
    """What is known of one object: (collection, version, adder, revoked, digest) of each version."""

    versions: list[tuple[int, int, int, bool, bytes]] = field(default_factory=list)
    deleted_by: set[int] = field(default_factory=set)


def add(
    session: Session,
    collection: Collection,
    member: Member,
    envelope: Envelope,
    settings: TaxiiSettings,
    witness: Witness,
    now: int,
    belong: Belong = seen_here,
) -> dict[str, Any]:
    """Keep an envelope and return its status. now: in microseconds; belong: tells members' identities.

    A version that is there already with the same content is a success, and nothing is written for it.
    Raises TaxiiFault 429 where the member's quota of the day does not suffice; then nothing is kept.
    """
    number = number_of(session, member)
    failures = list(envelope.refused)
    successes: list[dict[str, str]] = []
    fresh: list[tuple[Prepared, int]] = []
    known = _known(session, {one.id for one in envelope.good})
    moment = _last_added(session, collection)
    others = _identities_of_others(session, envelope, member, belong)
    for one in envelope.good:
        version = one.version
        at = max(now, moment + 1)
        text = one.version_text or moment_text(at)
        here = _same(known[one.id], one, collection)
        why = "" if here else _against(known[one.id], one, number, settings)
        if not here and not why and {one.id, one.creator} & others:
            why = "it speaks in the name of another member: only that member may bring it"
        if why:
            failures.append({"id": one.id, "version": text, "message": why})
            continue
        if not here:
            moment = at
            fresh.append((one, at))
            kept = version if version is not None else at
            known[one.id].versions.append((collection.number, kept, number, one.revoked, one.sha256))
        successes.append(
            {"id": one.id, "version": text, **({"message": "it was here already"} if here else {})}
        )
    _spend(session, number, fresh, settings, now)
    _write(session, collection, number, fresh, moment)
    status = _status(session, collection, number, now, envelope.total, successes, failures, settings)
    facts = {
        "collection": collection.id,
        "channel": collection.channel.value,
        "count": len(fresh),
        "refused": len(failures),
        "ids_sha256": ids_digest((one.id, one.version_text or moment_text(at)) for one, at in fresh),
    }
    witness(session, "object.added", member, facts)
    return status


def _identities_of_others(session: Session, envelope: Envelope, member: Member, belong: Belong) -> set[str]:
    """Which of the identities that an envelope holds or names as makers are other members'."""
    named = {one.creator for one in envelope.good if one.creator}
    named |= {one.id for one in envelope.good if one.type == "identity"}
    return belong(session, named - {member.identity}) - {member.identity}


def _last_added(session: Session, collection: Collection) -> int:
    query = sa.select(CollectionRow.last_added).where(CollectionRow.number == collection.number)
    return session.execute(query).scalar_one()


def _known(session: Session, ids: Iterable[str]) -> defaultdict[str, _Known]:
    known: defaultdict[str, _Known] = defaultdict(_Known)
    wanted = sorted(ids)
    row, gone = ObjectRow, DeletedRow
    columns = (row.object_id, row.collection, row.version, row.adder, row.revoked, row.sha256)
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        found = session.execute(sa.select(*columns).where(row.object_id.in_(part)))
        for one, place, version, adder, revoked, digest in found:
            known[one].versions.append((place, version, adder, revoked, digest))
        for object_id, adder in session.execute(
            sa.select(gone.object_id, gone.adder).where(gone.object_id.in_(part))
        ):
            known[object_id].deleted_by.add(adder)
    return known


def _same(known: _Known, one: Prepared, collection: Collection) -> bool:
    """Whether the collection has this version with this content."""
    return any(
        place == collection.number and digest == one.sha256 and one.version in (None, version)
        for place, version, _, _, digest in known.versions
    )


def _against(known: _Known, one: Prepared, member: int, settings: TaxiiSettings) -> str:
    """The reason why earlier versions forbid this one; empty: none does."""
    versions = known.versions
    adders = {adder for _, _, adder, _, _ in versions} | known.deleted_by
    if adders - {member} and not (one.public and any(one.sha256 == digest for *_, digest in versions)):
        return "another member brought this object: only who made it may change it"
    if one.version is None:
        return "another content has this id, and the object has no versions" if versions else ""
    for _, version, _, revoked, digest in versions:
        if version == one.version and digest != one.sha256:
            return "another content has this id and this version"
        if revoked and version < one.version:
            return "it is revoked: nothing follows a revocation"
    if len(versions) >= settings.versions:
        return f"it has {settings.versions} versions, and takes no more"
    return ""


def _spend(
    session: Session, number: int, fresh: Sequence[tuple[Prepared, int]], settings: TaxiiSettings, now: int
) -> None:
    if not fresh:
        return
    day = now // DAY_US
    use = session.get(UseRow, (number, day))
    if use is None:
        use = UseRow(member=number, day=day, objects=0, bytes=0)
        session.add(use)
    use.objects += len(fresh)
    use.bytes += sum(len(one.content) for one, _ in fresh)
    if use.objects > settings.objects_a_day or use.bytes > settings.bytes_a_day:
        wait = ((day + 1) * DAY_US - now) // 1_000_000 + 1
        raise TaxiiFault(
            429,
            f"your quota of a day is {settings.objects_a_day} objects and {settings.bytes_a_day} bytes; "
            "nothing of this envelope was kept",
            {"Retry-After": str(wait)},
        )


def _write(
    session: Session, collection: Collection, number: int, fresh: Sequence[tuple[Prepared, int]], moment: int
) -> None:
    if not fresh:
        return
    rows = [
        {
            "collection": collection.number,
            "added": at,
            "object_id": one.id,
            "version": one.version if one.version is not None else at,
            "version_text": one.version_text or moment_text(at),
            "type": one.type,
            "level": one.level,
            "last_below": NONE_ABOVE,
            "first_below": NONE_ABOVE,
            "adder": number,
            "revoked": one.revoked,
            "size": len(one.content),
            "sha256": one.sha256,
            "content": one.content,
        }
        for one, at in fresh
    ]
    session.execute(sa.insert(ObjectRow), rows)
    session.execute(
        sa.update(CollectionRow).where(CollectionRow.number == collection.number).values(last_added=moment)
    )
    span_again(session, collection.number, {one.id for one, _ in fresh})


def _status(
    session: Session,
    collection: Collection,
    number: int,
    now: int,
    total: int,
    successes: list[dict[str, str]],
    failures: list[dict[str, str]],
    settings: TaxiiSettings,
) -> dict[str, Any]:
    status: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "status": "complete",
        "request_timestamp": moment_text(now),
        "total_count": total,
        "success_count": len(successes),
        "failure_count": len(failures),
        "pending_count": 0,
    }
    status |= {name: told for name, told in (("successes", successes), ("failures", failures)) if told}
    session.execute(sa.delete(StatusRow).where(StatusRow.made < now - settings.status_days * DAY_US))
    session.add(
        StatusRow(
            id=status["id"], root=collection.root, member=number, made=now, content=orjson.dumps(status)
        )
    )
    session.flush()
    return status
