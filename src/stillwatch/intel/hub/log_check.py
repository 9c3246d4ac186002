"""Whether the log that a store holds is whole: every hash, every checkpoint, every cosignature."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.errors import IntelError
from stillwatch.intel.hub import merkle
from stillwatch.intel.hub.hub import Hub
from stillwatch.intel.hub.notes import COSIGNER, Note, Verifier, read_note
from stillwatch.intel.hub.tables import CheckpointRow, CosignatureRow, KeyRow, LeafRow, NodeRow

AT_ONCE_BITS = 10
AT_ONCE = 1 << AT_ONCE_BITS
"""Leaves that are read at once."""
MOST_FAULTS = 1_000
"""Faults that are told; a store with more is another store."""


@dataclass(frozen=True)
class Fault:
    """Something that does not hold."""

    where: str
    """The row."""
    what: str
    """What is wrong with it."""


@dataclass(frozen=True)
class Checked:
    """What a check found."""

    entries: int
    """Entries that were read."""
    checkpoints: int
    """Checkpoints that were read."""
    cosignatures: int
    """Cosignatures that were read."""
    root: bytes
    """Root of the entries."""
    faults: tuple[Fault, ...]
    """What does not hold, in the order of the log; at most MOST_FAULTS."""


def checked(hub: Hub, outside: Sequence[tuple[str, Note]] = ()) -> Checked:
    """Check a whole log. outside: checkpoints that were kept elsewhere, each with where it is; only they tell
    that all of a log was written anew.
    """
    tree = merkle.Growing()
    faults: list[Fault] = []
    with hub.database.reading() as session:
        notes = _notes(session, hub, outside, faults)
        roots = {note.checkpoint.size: b"" for _, note in notes}
        if 0 in roots:
            roots[0] = merkle.EMPTY
        for fault in _leaves(session, tree, roots):
            faults.append(fault)
            if len(faults) >= MOST_FAULTS:
                break
        for where, note in notes:
            point = note.checkpoint
            if point.size > tree.size:
                faults.append(Fault(where, f"it has {point.size:,} entries, and the log only {tree.size:,}"))
            elif roots[point.size] != point.root:
                faults.append(Fault(where, "its root is not that of the entries"))
        cosignatures = session.scalar(sa.select(sa.func.count()).select_from(CosignatureRow)) or 0
        faults += _cosignatures(session)
    return Checked(tree.size, len(notes), cosignatures, tree.root(), tuple(faults[:MOST_FAULTS]))


def _notes(
    session: Session, hub: Hub, outside: Sequence[tuple[str, Note]], faults: list[Fault]
) -> list[tuple[str, Note]]:
    """The checkpoints that the log's key signed; others are faults."""
    found: list[tuple[str, Note]] = []
    for row in session.scalars(sa.select(CheckpointRow).order_by(CheckpointRow.size)):
        where = f"checkpoint {row.size}"
        try:
            note = read_note(row.note.encode(), where)
        except IntelError as error:
            faults.append(Fault(where, error.what))
            continue
        if note.checkpoint.size != row.size or note.checkpoint.root != bytes(row.root):
            faults.append(Fault(where, "its note says another size or root than its row"))
        found.append((where, note))
    for where, note in [*found, *outside]:
        if not note.signed_by(hub.verifier):
            faults.append(Fault(where, "the key of this log did not sign it"))
    return [*found, *outside]


def _leaves(session: Session, tree: merkle.Growing, roots: dict[int, bytes]) -> Iterator[Fault]:
    """Read all leaves into a tree, and the root at each size that is asked for."""
    last = session.scalar(sa.select(sa.func.max(LeafRow.index)))
    for start in range(0, 0 if last is None else last + 1, AT_ONCE):
        rows = session.execute(
            sa.select(LeafRow.index.label("at"), LeafRow.content, LeafRow.hash)
            .where(LeafRow.index >= start, LeafRow.index < start + AT_ONCE)
            .order_by(LeafRow.index)
        ).all()
        nodes = _nodes(session, start)
        leaves = {row.at: row for row in rows}
        for index in range(start, min(start + AT_ONCE, (last or 0) + 1)):
            row = leaves.get(index)
            if row is None:
                yield Fault(f"entry {index}", "it is missing")
                # No entry has this hash, so that all roots after the place differ.
                tree.add(merkle.EMPTY)
                continue
            leaf = merkle.leaf_hash(row.content.encode())
            if leaf != bytes(row.hash):
                yield Fault(f"entry {index}", "its text is not the one that was hashed")
            if _index_in(row.content) != index:
                yield Fault(f"entry {index}", "its text is that of another place")
            tree.add(leaf)
            yield from _subtrees(tree, index, nodes)
            if tree.size in roots:
                roots[tree.size] = tree.root()
        for level, at in sorted(nodes):
            yield Fault(f"node {level}, {at}", "it covers entries that are not there")


def _nodes(session: Session, start: int) -> dict[tuple[int, int], bytes]:
    """The subtrees that end in a stretch of leaves, by level and index."""
    found: dict[tuple[int, int], bytes] = {}
    for level in range(1, 63):
        first, end = start >> level, (start + AT_ONCE) >> level
        if end == first:
            if level > AT_ONCE_BITS and not end:
                break
            continue
        query = sa.select(NodeRow.index.label("at"), NodeRow.hash).where(
            NodeRow.level == level, NodeRow.index >= first, NodeRow.index < end
        )
        found.update({(level, row.at): bytes(row.hash) for row in session.execute(query)})
    return found


def _subtrees(tree: merkle.Growing, index: int, nodes: dict[tuple[int, int], bytes]) -> Iterator[Fault]:
    """Compare the subtrees that a leaf completed; take them out."""
    for level, found in enumerate(tree.completed, 1):
        stored = nodes.pop((level, index >> level), None)
        if stored != found:
            what = "it is missing" if stored is None else "it is not the hash of what is below it"
            yield Fault(f"node {level}, {index >> level}", what)


def _cosignatures(session: Session) -> Iterator[Fault]:
    query = (
        sa.select(
            CosignatureRow.size, CosignatureRow.member, CosignatureRow.line, CheckpointRow.note, KeyRow.public
        )
        .join(CheckpointRow, CheckpointRow.size == CosignatureRow.size)
        .join(KeyRow, KeyRow.id == CosignatureRow.key)
        .order_by(CosignatureRow.size, CosignatureRow.member)
    )
    for row in session.execute(query):
        where = f"cosignature of {row.member} under checkpoint {row.size}"
        try:
            note = read_note(row.note.encode(), where).with_line((row.member, bytes(row.line)))
        except IntelError:
            continue
        if note.cosigned_by(Verifier(row.member, COSIGNER, bytes(row.public))) is None:
            yield Fault(where, "the member's key did not sign it")


def _index_in(content: str) -> int | None:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    index = found.get("index") if isinstance(found, dict) else None
    return index if isinstance(index, int) else None
