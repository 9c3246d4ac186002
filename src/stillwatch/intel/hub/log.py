"""The transparency log: what was shared with whom, in the transaction in which it happened."""

from __future__ import annotations

import json
import math
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session

from stillwatch.errors import IntelError
from stillwatch.intel.hub import merkle
from stillwatch.intel.hub.notes import Checkpoint, Note, read_note, signed
from stillwatch.intel.hub.tables import CheckpointRow, ConcernRow, CosignatureRow, LeafRow, NodeRow
from stillwatch.intel.member import Member
from stillwatch.intel.witness import Fact
from stillwatch.iso_time import iso

PARTIES = ("parties", "creator", "reader")
"""Facts whose identities, apart by spaces, an entry concerns beside its own member."""
LONGEST_FACT = 50_000
"""Characters of a fact; what is longer is cut, since strangers choose some of them."""
MOST_FACTS = 32
SALT_BYTES = 16
"""Random bytes in each entry: without them, who sees a hash could try what the entry may say."""
NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
IDENTITY = re.compile(r"identity--[0-9a-f-]{36}")
MOST_ENTRIES = 1_000
"""Entries in one answer."""


@dataclass(frozen=True)
class Entry:
    """One entry, as one member may see it."""

    index: int
    """Its place, from 0."""
    hash: bytes
    """Hash of the leaf."""
    content: str | None
    """Its text; None where it does not concern the member."""


def witness(session: Session, kind: str, member: Member | None, facts: Mapping[str, Fact]) -> None:
    """Write one entry. It may be read by the member, by the identities in its facts `parties`, `creator`
    and `reader`, and by coordinators. Raises ValueError for a kind or a fact's name that is none: a bug.
    """
    if not NAME.fullmatch(kind) or len(facts) > MOST_FACTS or not all(map(NAME.fullmatch, facts)):
        raise ValueError(f"BUG: the log takes no entry {kind!r} with facts {sorted(facts)!r}")
    told = {name: _told(value) for name, value in sorted(facts.items())}
    index = size_of(session)
    document = {
        "index": index,
        "time": iso(datetime.now(UTC)),
        "kind": kind,
        "member": member.name if member else None,
        "identity": member.identity if member else None,
        "facts": told,
        "salt": secrets.token_hex(SALT_BYTES),
    }
    concerned = {member.identity} if member else set()
    for name in PARTIES:
        value = told.get(name)
        concerned.update(IDENTITY.findall(value) if isinstance(value, str) else ())
    append(session, json.dumps(document, separators=(",", ":"), ensure_ascii=True), concerned)


def append(session: Session, content: str, concerned: Iterable[str]) -> int:
    """Append one leaf and the subtrees that it completes; return its index. The session must be the only
    writer, as that of `Database.writing` is.
    """
    index = size_of(session)
    leaf = merkle.leaf_hash(content.encode())
    session.execute(sa.insert(LeafRow).values(index=index, content=content, hash=leaf))
    nodes = [
        {"level": level, "index": at, "hash": found}
        for level, at, found in merkle.completed(lambda *at: node(session, *at), index, leaf)
        if level
    ]
    if nodes:
        session.execute(sa.insert(NodeRow), nodes)
    rows = [{"identity": identity, "index": index} for identity in sorted(set(concerned))]
    if rows:
        session.execute(sa.insert(ConcernRow), rows)
    return index


def size_of(session: Session) -> int:
    """Return the number of entries."""
    newest = session.scalar(sa.select(sa.func.max(LeafRow.index)))
    return 0 if newest is None else newest + 1


def node(session: Session, level: int, index: int) -> bytes:
    """Return the hash of a complete subtree. Raises IntelError where the store lost it."""
    query = (
        sa.select(NodeRow.hash).where(NodeRow.level == level, NodeRow.index == index)
        if level
        else sa.select(LeafRow.hash).where(LeafRow.index == index)
    )
    found = session.scalar(query)
    if found is None:
        raise IntelError(
            "the log lost a part of its tree",
            where=f"level {level}, index {index}",
            do="restore the database from a copy; `stillwatch hub log verify` says what else is wrong",
        )
    return bytes(found)


def root_of(session: Session, size: int) -> bytes:
    """Return the root of the first entries."""
    return merkle.root(_nodes(session), size)


def inclusion(session: Session, index: int, size: int) -> list[bytes]:
    """Return the proof that an entry is in the tree of a size. Raises IntelError outside the log."""
    if not 0 <= index < size <= size_of(session):
        raise _outside(f"index {index}, size {size}")
    return merkle.inclusion_path(_nodes(session), index, size)


def consistency(session: Session, old: int, size: int) -> list[bytes]:
    """Return the proof that a tree begins with an older one. Raises IntelError outside the log."""
    if not 0 <= old <= size <= size_of(session):
        raise _outside(f"from {old} to {size}")
    return merkle.consistency_path(_nodes(session), old, size) if old else []


def entries(session: Session, start: int, count: int, member: Member | None) -> list[Entry]:
    """Return entries in their order, each with its text where it concerns the member; None: the hub itself,
    which sees all.
    """
    count = max(0, min(count, MOST_ENTRIES))
    rows = session.execute(
        sa.select(LeafRow.index.label("at"), LeafRow.hash, LeafRow.content)
        .where(LeafRow.index >= start, LeafRow.index < start + count)
        .order_by(LeafRow.index)
    ).all()
    if member is None or member.coordinator:
        return [Entry(row.at, bytes(row.hash), row.content) for row in rows]
    mine = set(
        session.scalars(
            sa.select(ConcernRow.index).where(
                ConcernRow.identity == member.identity,
                ConcernRow.index >= start,
                ConcernRow.index < start + count,
            )
        )
    )
    return [Entry(row.at, bytes(row.hash), row.content if row.at in mine else None) for row in rows]


def concerning(session: Session, start: int, count: int, member: Member) -> list[Entry]:
    """Return the entries from a place on that concern a member, and no others."""
    query = sa.select(LeafRow).where(LeafRow.index >= start)
    if not member.coordinator:
        query = query.join(ConcernRow, ConcernRow.index == LeafRow.index).where(
            ConcernRow.identity == member.identity
        )
    rows = session.scalars(query.order_by(LeafRow.index).limit(max(0, min(count, MOST_ENTRIES))))
    return [Entry(row.index, bytes(row.hash), row.content) for row in rows]


def newest_checkpoint(session: Session) -> Note | None:
    """Return the newest checkpoint, with the members' cosignatures; None where none was signed yet."""
    row = session.scalar(sa.select(CheckpointRow).order_by(CheckpointRow.size.desc()).limit(1))
    return None if row is None else with_cosignatures(session, row)


def checkpoint_at(session: Session, size: int) -> Note | None:
    """Return the checkpoint of a size, as the hub signed it."""
    row = session.get(CheckpointRow, size)
    return None if row is None else read_note(row.note.encode(), f"checkpoint {size} of the store")


def with_cosignatures(session: Session, row: CheckpointRow) -> Note:
    """Return a checkpoint with all cosignatures of it."""
    note = read_note(row.note.encode(), f"checkpoint {row.size} of the store")
    for found in session.execute(
        sa.select(CosignatureRow.member, CosignatureRow.line)
        .where(CosignatureRow.size == row.size)
        .order_by(CosignatureRow.member)
    ):
        note = note.with_line((found.member, bytes(found.line)))
    return note


def checkpointed(session: Session, origin: str, key: Ed25519PrivateKey) -> Note:
    """Return a checkpoint of the whole log, signed now unless one of this size is there. It is on the disk
    before anybody sees it, so that a killed hub never takes back what it signed.
    """
    size = size_of(session)
    found = session.get(CheckpointRow, size)
    if found is not None:
        return with_cosignatures(session, found)
    made = signed(Checkpoint(origin, size, root_of(session, size)), origin, key)
    session.add(CheckpointRow(size=size, root=made.checkpoint.root, note=made.written(), time=time.time()))
    session.flush()
    return made


def _nodes(session: Session) -> merkle.Node:
    """Read subtrees, each once: the steps of a proof share most of theirs."""
    return cache(lambda level, index: node(session, level, index))


def _told(value: Fact) -> Fact:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value[:LONGEST_FACT] if isinstance(value, str) else value


def _outside(where: str) -> IntelError:
    return IntelError("the log has no such entries", where=where, do="ask within the newest checkpoint")
