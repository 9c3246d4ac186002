"""Members of a hub: they join, get keys and tokens, and leave. Each change is told to the log."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
import uuid
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.errors import IntelError
from stillwatch.intel.hub.agreements import in_force
from stillwatch.intel.hub.keys import key_id
from stillwatch.intel.hub.log import IDENTITY, witness
from stillwatch.intel.hub.tables import KeyRow, MemberRow, TokenRow
from stillwatch.intel.member import Channel, Member
from stillwatch.intel.tlp import Tlp
from stillwatch.intel.witness import Fact

NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
TOKEN = re.compile(r"swh_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
DAY_S = 86_400


@dataclass(frozen=True)
class Joining:
    """Who joins."""

    name: str
    """Short name: lower-case letters, digits, hyphens."""
    public: bytes
    """Public key, 32 bytes."""
    clearance: Tlp = Tlp.AMBER
    """The strictest level that it may read; an agreement can only lower it."""
    writes: bool = True
    """Whether it may add objects."""
    coordinator: bool = False
    """Whether it runs the group."""
    identity: str = ""
    """Id of its STIX identity; empty: a new one."""
    title: str = ""
    """Its name in full."""


@dataclass(frozen=True)
class Listed:
    """A member as others see it in the directory."""

    name: str
    """Short name."""
    identity: str
    """Id of its STIX identity."""
    title: str
    """Name in full."""
    public: bytes | None
    """Its key; None where it has none now."""
    clearance: Tlp
    """What the coordinator allows it, before any agreement."""
    writes: bool
    """Whether it may add objects."""
    coordinator: bool
    """Whether it runs the group."""
    joined: float
    """When, in seconds since 1970."""
    removed: float | None
    """When it was removed; None: it is a member."""


def add(session: Session, who: Joining, now: float | None = None) -> Listed:
    """Let somebody join. Raises IntelError for a name, an identity or a key that is taken or is none."""
    moment = time.time() if now is None else now
    if not NAME.fullmatch(who.name):
        raise IntelError(
            "this is no name of a member",
            where=who.name[:80],
            do="use lower-case letters, digits and hyphens, at most 63",
        )
    identity = who.identity or f"identity--{uuid.uuid4()}"
    if not IDENTITY.fullmatch(identity):
        raise IntelError(
            "this is no id of an identity", where=identity[:80], do='give "identity--" and a UUID'
        )
    if len(who.title) > 200 or not who.title.isprintable():
        raise IntelError("this title cannot be shown", where=who.title[:80], do="give one line of text")
    taken = session.scalar(
        sa.select(MemberRow).where((MemberRow.name == who.name) | (MemberRow.identity == identity))
    )
    if taken is not None:
        raise IntelError(
            "a member of this name or identity is there, or was",
            where=taken.name,
            do="give another; who was removed stays in the log under the old one",
        )
    session.add(
        MemberRow(
            name=who.name,
            identity=identity,
            title=who.title,
            clearance=int(who.clearance),
            writes=who.writes,
            coordinator=who.coordinator,
            joined=moment,
            removed=None,
        )
    )
    session.flush()
    _add_key(session, who.name, who.public, moment)
    facts = {
        "name": who.name,
        "parties": identity,
        "clearance": who.clearance.label,
        "key": key_id(who.public),
    }
    witness(session, "member.added", None, facts)
    return listed(session, who.name)


def remove(session: Session, name: str, now: float | None = None) -> None:
    """Remove a member: its key and its tokens end now. Raises IntelError where it is none."""
    moment = time.time() if now is None else now
    row = _present(session, name)
    row.removed = moment
    tokens = _end_all(session, name, moment)
    witness(session, "member.removed", None, {"name": name, "parties": row.identity, "tokens": tokens})


def rotate(session: Session, name: str, public: bytes, now: float | None = None) -> int:
    """Give a member a new key; the old one and all of its tokens end now. Return how many tokens did.
    Raises IntelError where it is no member, or for a key that is or was in use.
    """
    moment = time.time() if now is None else now
    row = _present(session, name)
    tokens = _end_all(session, name, moment)
    _add_key(session, name, public, moment)
    facts: dict[str, Fact] = {"name": name, "parties": row.identity, "key": key_id(public), "tokens": tokens}
    witness(session, "member.rotated", None, facts)
    return tokens


def issue_token(session: Session, name: str, label: str, days: float, now: float | None = None) -> str:
    """Return a new token of a member; only its hash is kept. Raises IntelError where it is no member."""
    moment = time.time() if now is None else now
    row = _present(session, name)
    if len(label) > 100 or not label.isprintable():
        raise IntelError("this label cannot be shown", where=label[:80], do="give one short line of text")
    number, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    session.add(
        TokenRow(
            id=number,
            member=name,
            hash=secret_hash(secret),
            label=label,
            made=moment,
            expires=moment + days * DAY_S,
            ended=None,
        )
    )
    session.flush()
    witness(session, "token.issued", None, {"token": number, "name": name, "parties": row.identity})
    return f"swh_{number}_{secret}"


def revoke_token(session: Session, number: str, now: float | None = None) -> None:
    """End a token now. number: its id, the part after swh_. Raises IntelError where it is none."""
    row = session.get(TokenRow, number)
    if row is None or row.ended is not None:
        raise IntelError(
            "there is no such token, or it ended", where=number[:80], do="see `stillwatch hub member list`"
        )
    row.ended = time.time() if now is None else now
    session.flush()
    identity = session.scalar(sa.select(MemberRow.identity).where(MemberRow.name == row.member))
    witness(session, "token.revoked", None, {"token": number, "name": row.member, "parties": identity})


def tokens(session: Session, name: str, now: float | None = None) -> list[tuple[str, str]]:
    """Return id and label of each token of a member that works now."""
    moment = time.time() if now is None else now
    query = sa.select(TokenRow.id, TokenRow.label).where(
        TokenRow.member == name, TokenRow.ended.is_(None), TokenRow.expires > moment
    )
    return [(number, label) for number, label in session.execute(query.order_by(TokenRow.made))]


def secret_hash(secret: str) -> str:
    """Return what is kept of a secret. It has 256 random bits, so that no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def listed(session: Session, name: str) -> Listed:
    """Return one member. Raises IntelError where there never was one."""
    return next((one for one in members(session) if one.name == name), None) or _missing(name)


def members(session: Session) -> list[Listed]:
    """Return all members, those that were removed too, by name."""
    keys = {
        row.member: bytes(row.public)
        for row in session.execute(sa.select(KeyRow.member, KeyRow.public).where(KeyRow.ended.is_(None)))
    }
    return [
        Listed(
            row.name,
            row.identity,
            row.title,
            keys.get(row.name),
            Tlp(row.clearance),
            row.writes,
            row.coordinator,
            row.joined,
            row.removed,
        )
        for row in session.scalars(sa.select(MemberRow).order_by(MemberRow.name))
    ]


def identities_among(session: Session, identities: Collection[str]) -> set[str]:
    """Return which of some identities are those of members, or were."""
    wanted = sorted(identities)
    found: set[str] = set()
    for start in range(0, len(wanted), 500):
        part = MemberRow.identity.in_(wanted[start : start + 500])
        found |= set(session.scalars(sa.select(MemberRow.identity).where(part)))
    return found


def member_named(session: Session, name: str, now: float) -> Member | None:
    """Return a member with what its agreements open to it now; None where it is none, or was removed.

    The clearance is the least of what the coordinator allows and of each agreement: a request names no
    agreement, so the strictest of them holds.
    """
    row = session.get(MemberRow, name)
    if row is None or row.removed is not None:
        return None
    accepted = in_force(session, name, now)
    channels: frozenset[Channel] = frozenset().union(*(one.terms.channels for one in accepted))
    return Member(
        identity=row.identity,
        name=row.name,
        clearance=min((Tlp(row.clearance), *(one.terms.clearance for one in accepted))),
        channels=channels,
        writes=row.writes and bool(accepted),
        coordinator=row.coordinator,
        agreements=frozenset(one.terms.agreement for one in accepted),
    )


def _present(session: Session, name: str) -> MemberRow:
    row = session.get(MemberRow, name)
    if row is None or row.removed is not None:
        raise _missing_error(name)
    return row


def _add_key(session: Session, name: str, public: bytes, moment: float) -> None:
    if session.get(KeyRow, key_id(public)) is not None:
        raise IntelError(
            "this key is or was in use at this hub",
            where=name,
            do="let the member make a new one: `stillwatch hub key`",
        )
    session.add(KeyRow(id=key_id(public), member=name, public=public, added=moment, ended=None))
    session.flush()


def _end_all(session: Session, name: str, moment: float) -> int:
    """End the key and the tokens of a member; return how many tokens ended."""
    session.execute(
        sa.update(KeyRow).where(KeyRow.member == name, KeyRow.ended.is_(None)).values(ended=moment)
    )
    open_ones = session.scalars(
        sa.select(TokenRow).where(TokenRow.member == name, TokenRow.ended.is_(None))
    ).all()
    for token in open_ones:
        token.ended = moment
    session.flush()
    return len(open_ones)


def _missing(name: str) -> Listed:
    raise _missing_error(name)


def _missing_error(name: str) -> IntelError:
    return IntelError("there is no such member", where=name[:80], do="see `stillwatch hub member list`")
