"""Agreements as data: what is shared for which purpose, how far, how long, and among whom.

A party accepts an agreement by signing its digest. Who has not signed gets nothing from it.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy.orm import Session

from stillwatch.errors import IntelError
from stillwatch.intel.hub.log import witness
from stillwatch.intel.hub.tables import AcceptanceRow, AgreementRow, KeyRow, MemberRow
from stillwatch.intel.member import Channel
from stillwatch.intel.tlp import Tlp
from stillwatch.intel.witness import Fact

CONTEXT = b"stillwatch agreement v1\n"
"""Before what is signed, so that no signature for something else fits here."""
ID = re.compile(r"[a-z][a-z0-9-]{0,62}")
FIELDS = {"agreement", "version", "purpose", "channels", "clearance", "retention_days", "parties"}
MOST_PARTIES = 1_000
LARGEST = 64 << 10
"""Characters of an agreement."""
LABELS = {level.label.removeprefix("TLP:"): level for level in Tlp}
DO = "docs/hub.md shows an agreement"


@dataclass(frozen=True)
class Terms:
    """What an agreement says."""

    agreement: str
    """Its id, the same for all versions."""
    version: int
    """Its version, from 1."""
    purpose: str
    """What the parties share for, in a sentence."""
    channels: frozenset[Channel]
    """The channels that it opens."""
    clearance: Tlp
    """The strictest level that goes through it."""
    retention_days: int
    """Days that the hub keeps what was shared."""
    parties: tuple[str, ...]
    """Names of the members that it is for."""

    def text(self) -> str:
        """Return the one text that has these terms; its digest is signed."""
        document = {
            "agreement": self.agreement,
            "version": self.version,
            "purpose": self.purpose,
            "channels": sorted(self.channels),
            "clearance": self.clearance.label.removeprefix("TLP:"),
            "retention_days": self.retention_days,
            "parties": sorted(self.parties),
        }
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    @property
    def digest(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text().encode()).hexdigest()


@dataclass(frozen=True)
class Agreement:
    """An agreement at a hub."""

    terms: Terms
    """What it says."""
    added: float
    """When it was added, in seconds since 1970."""
    ended: float | None
    """When it ended; None: it is open."""
    accepted: tuple[str, ...]
    """Members that accepted it, with a signature that holds."""


def terms_of(document: Mapping[str, Any], where: str) -> Terms:
    """Return the terms that a document states. Raises IntelError, with the field, for anything else."""
    unknown, missing = sorted(set(document) - FIELDS), sorted(FIELDS - set(document))
    if unknown or missing:
        what = f"no field {unknown[0][:40]!r} exists" if unknown else f"the field {missing[0]!r} is missing"
        raise IntelError(f"this is no agreement: {what}", where=where, do=DO)

    def refuse(field: str, why: str) -> IntelError:
        return IntelError(f"this is no agreement: {why}", where=f"{where}, {field}", do=DO)

    name, purpose, label = document["agreement"], document["purpose"], document["clearance"]
    if not isinstance(name, str) or not ID.fullmatch(name):
        raise refuse("agreement", "its id has lower-case letters, digits and hyphens, at most 63")
    if not isinstance(purpose, str) or not purpose.isprintable() or not 1 <= len(purpose) <= 500:
        raise refuse("purpose", "its purpose is one line of up to 500 characters")
    if not isinstance(label, str) or label.removeprefix("TLP:") not in LABELS:
        raise refuse("clearance", f"its clearance is one of {', '.join(LABELS)}")
    channels, parties = document["channels"], document["parties"]
    if not _texts(channels) or not channels or not set(channels) <= set(Channel):
        raise refuse("channels", f"its channels are some of {', '.join(Channel)}")
    if not _texts(parties) or not 1 <= len(parties) <= MOST_PARTIES or not all(map(ID.fullmatch, parties)):
        raise refuse("parties", f"its parties are from 1 to {MOST_PARTIES:,} names of members")
    return Terms(
        name,
        _whole(document["version"], 10**6, refuse("version", "its version is a whole number from 1 on")),
        purpose,
        frozenset(map(Channel, channels)),
        LABELS[label.removeprefix("TLP:")],
        _whole(document["retention_days"], 3_650, refuse("retention_days", "it says 1 to 3,650 days")),
        tuple(sorted(set(parties))),
    )


def terms_in(text: str, where: str) -> Terms:
    """Return the terms of a JSON text. Raises IntelError as `terms_of` does."""
    try:
        document = json.loads(text) if len(text) <= LARGEST else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise IntelError("this is no agreement: it is no JSON object, or too large", where=where, do=DO)
    return terms_of(document, where)


def acceptance(terms: Terms, member: str, key: Ed25519PrivateKey) -> bytes:
    """Return the signature by which a member accepts an agreement."""
    return key.sign(_signed(terms.digest, member))


def add(session: Session, terms: Terms, now: float | None = None) -> Agreement:
    """Add an agreement; an open version of it ends. Raises IntelError for a version that is not newer, or a
    party that is no member.
    """
    moment = time.time() if now is None else now
    query = sa.select(MemberRow.name, MemberRow.identity).where(
        MemberRow.removed.is_(None), MemberRow.name.in_(terms.parties)
    )
    names = {row.name: row.identity for row in session.execute(query)}
    if set(terms.parties) - set(names):
        stranger = sorted(set(terms.parties) - set(names))[0]
        raise IntelError(
            f"{stranger} is a party and no member", where=terms.agreement, do="add the member first"
        )
    before = session.scalars(
        sa.select(AgreementRow)
        .where(AgreementRow.agreement == terms.agreement)
        .order_by(AgreementRow.version)
    ).all()
    if before and before[-1].version >= terms.version:
        raise IntelError(
            f"version {before[-1].version} of this agreement is there",
            where=terms.agreement,
            do=f"give version {before[-1].version + 1}",
        )
    for row in before:
        row.ended = moment if row.ended is None else row.ended
    session.add(
        AgreementRow(
            digest=terms.digest,
            agreement=terms.agreement,
            version=terms.version,
            document=terms.text(),
            added=moment,
            ended=None,
        )
    )
    session.flush()
    facts: dict[str, Fact] = {"version": terms.version, "digest": terms.digest}
    witness(
        session,
        "agreement.added",
        None,
        {**facts, "agreement": terms.agreement, "parties": " ".join(sorted(names.values()))},
    )
    return Agreement(terms, moment, None, ())


def end(session: Session, agreement: str, now: float | None = None) -> None:
    """End an agreement: nobody gets anything from it any more. Raises IntelError where none is open."""
    row = session.scalar(
        sa.select(AgreementRow).where(AgreementRow.agreement == agreement, AgreementRow.ended.is_(None))
    )
    if row is None:
        raise _unknown(agreement)
    row.ended = time.time() if now is None else now
    session.flush()
    terms = terms_in(row.document, f"agreement {row.digest}")
    query = sa.select(MemberRow.identity).where(MemberRow.name.in_(terms.parties))
    parties = " ".join(sorted(session.scalars(query)))
    witness(
        session, "agreement.ended", None, {"agreement": agreement, "digest": row.digest, "parties": parties}
    )


def accept(session: Session, digest: str, member: str, signature: bytes, now: float | None = None) -> None:
    """Note that a member accepts an agreement. Raises IntelError for a signature that does not hold, a member
    that is no party, or an agreement that is not open.
    """
    moment = time.time() if now is None else now
    row = session.get(AgreementRow, digest)
    if row is None or row.ended is not None:
        raise _unknown(digest)
    terms = terms_in(row.document, f"agreement {digest}")
    key = session.scalar(sa.select(KeyRow).where(KeyRow.member == member, KeyRow.ended.is_(None)))
    if member not in terms.parties or key is None:
        raise _unknown(digest)
    if not _holds(bytes(key.public), digest, member, signature):
        raise IntelError(
            "the signature is not that of the member's key under this agreement",
            where=f"agreement {digest}",
            do="sign it with `stillwatch hub agreement accept`",
        )
    found = session.get(AcceptanceRow, (digest, member))
    if found is not None:
        return
    session.add(AcceptanceRow(digest=digest, member=member, key=key.id, signature=signature, time=moment))
    session.flush()
    identity = session.scalar(sa.select(MemberRow.identity).where(MemberRow.name == member))
    facts = {"agreement": terms.agreement, "digest": digest, "parties": identity, "key": key.id}
    witness(session, "agreement.accepted", None, facts)


def agreements(session: Session, party: str | None = None) -> list[Agreement]:
    """Return all agreements, or those of one party, by id and version."""
    query = sa.select(AgreementRow).order_by(AgreementRow.agreement, AgreementRow.version)
    signers = _signers(session)
    found = [(terms_in(row.document, f"agreement {row.digest}"), row) for row in session.scalars(query)]
    return [
        Agreement(terms, row.added, row.ended, tuple(sorted(signers.get(row.digest, ()))))
        for terms, row in found
        if party is None or party in terms.parties
    ]


def in_force(session: Session, member: str, now: float) -> list[Agreement]:
    """Return the agreements that a member accepted and that have not ended."""
    query = (
        sa.select(AgreementRow, AcceptanceRow.signature, KeyRow.public)
        .join(AcceptanceRow, AcceptanceRow.digest == AgreementRow.digest)
        .join(KeyRow, KeyRow.id == AcceptanceRow.key)
        .where(AcceptanceRow.member == member)
        .where(sa.or_(AgreementRow.ended.is_(None), AgreementRow.ended > now))
    )
    found = []
    for row, signature, public in session.execute(query):
        terms = terms_in(row.document, f"agreement {row.digest}")
        # What was changed in the store fits no digest, and opens nothing.
        whole = terms.digest == row.digest and member in terms.parties
        if whole and _holds(bytes(public), row.digest, member, bytes(signature)):
            found.append(Agreement(terms, row.added, row.ended, (member,)))
    return found


def _signers(session: Session) -> dict[str, set[str]]:
    query = sa.select(
        AcceptanceRow.digest, AcceptanceRow.member, AcceptanceRow.signature, KeyRow.public
    ).join(KeyRow, KeyRow.id == AcceptanceRow.key)
    found: dict[str, set[str]] = {}
    for digest, member, signature, public in session.execute(query):
        if _holds(bytes(public), digest, member, bytes(signature)):
            found.setdefault(digest, set()).add(member)
    return found


def _holds(public: bytes, digest: str, member: str, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, _signed(digest, member))
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed(digest: str, member: str) -> bytes:
    return CONTEXT + f"{digest}\n{member}\n".encode()


def _texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


def _whole(value: Any, most: int, error: IntelError) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise error
    return value


def _unknown(which: str) -> IntelError:
    return IntelError(
        "there is no such open agreement for this member",
        where=which[:80],
        do="see `stillwatch hub agreement list`",
    )
