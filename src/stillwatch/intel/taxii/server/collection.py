"""API roots and collections, and what a member may do in each."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.errors import IntelError
from stillwatch.intel.member import Channel, Member
from stillwatch.intel.taxii.server.models import CollectionRow, RootRow
from stillwatch.intel.tlp import Tlp

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TAKEN = frozenset({"taxii2", "taxii2-ext", "private", "hub", "log", "members"})
"""Names that no root may have, since other paths of a hub begin so."""


@dataclass(frozen=True)
class Root:
    """An API root: collections that stand under one path."""

    name: str
    """Its path: small letters, digits, hyphens and underscores."""
    title: str
    """Its title."""
    description: str = ""
    """A sentence about it."""


@dataclass(frozen=True)
class Collection:
    """A collection, as it is set up."""

    title: str
    """Its title."""
    root: str
    """The name of its API root."""
    channel: Channel = Channel.INFORMATION
    """The channel that it belongs to; for members without the channel it is not there."""
    ceiling: Tlp = Tlp.AMBER
    """The strictest level that it takes."""
    id: str = ""
    """Its id, a UUID; empty: a new one."""
    alias: str | None = None
    """A name that may stand for its id in addresses; one for each root."""
    description: str = ""
    """A sentence about it."""
    reads: bool = True
    """Whether members may read it."""
    writes: bool = True
    """Whether members that write at all may add to it."""
    named: frozenset[str] = frozenset()
    """Identities of the members that it is for; empty: all that have the channel."""
    number: int = 0
    """Its number in the database."""

    def open_to(self, member: Member) -> bool:
        """Whether it is there for a member."""
        return self.channel in member.channels and (not self.named or member.identity in self.named)

    def can_read(self, member: Member) -> bool:
        """Whether the member may read it."""
        return self.reads and self.open_to(member)

    def can_write(self, member: Member) -> bool:
        """Whether the member may add to it."""
        return self.writes and member.writes and self.open_to(member)


def add_root(session: Session, root: Root) -> None:
    """Set up an API root, or give it another title. Raises IntelError for a name that cannot be used."""
    if not NAME.fullmatch(root.name) or root.name in TAKEN:
        raise IntelError(
            "an API root cannot be called so",
            where=root.name[:80],
            do="use up to 64 small letters, digits, hyphens; not the name of another path of the hub",
        )
    row = session.get(RootRow, root.name)
    if row is None:
        session.add(RootRow(name=root.name, title=root.title, description=root.description))
    else:
        row.title, row.description = root.title, root.description
    session.flush()


def add_collection(session: Session, collection: Collection) -> Collection:
    """Set up a collection, and return it with its id and number. Raises IntelError where its root is not
    there, its id or alias cannot be used or is taken.
    """
    made = collection.id or str(uuid.uuid4())
    if session.get(RootRow, collection.root) is None:
        raise IntelError("there is no such API root", where=collection.root[:80], do="set it up first")
    if not ID.fullmatch(made) or (collection.alias is not None and not _may_alias(collection.alias)):
        raise IntelError(
            "a collection cannot be called so",
            where=f"{made[:80]} {collection.alias or ''}"[:160],
            do="its id is a UUID in small letters; its alias has up to 64 small letters, digits, hyphens",
        )
    if _find(session, collection.root, made) or _find(session, collection.root, collection.alias or made):
        raise IntelError("there is such a collection already", where=made, do="give another id and alias")
    number = (session.scalar(sa.select(sa.func.max(CollectionRow.number))) or 0) + 1
    session.add(
        CollectionRow(
            number=number,
            id=made,
            root=collection.root,
            alias=collection.alias,
            title=collection.title,
            description=collection.description,
            channel=collection.channel.value,
            ceiling=int(collection.ceiling),
            reads=collection.reads,
            writes=collection.writes,
            named=orjson.dumps(sorted(collection.named)).decode(),
            last_added=0,
        )
    )
    session.flush()
    return _collection(session.get_one(CollectionRow, number))


def roots_of(session: Session, member: Member) -> list[Root]:
    """Return the roots that have a collection for a member, in the order of their names."""
    open_ = {one.root for one in _all(session) if one.open_to(member)}
    rows = session.scalars(sa.select(RootRow).order_by(RootRow.name))
    return [Root(row.name, row.title, row.description) for row in rows if row.name in open_]


def collections_of(session: Session, root: str, member: Member) -> list[Collection]:
    """Return the collections of a root that are there for a member, in the order of their making."""
    return [one for one in _all(session) if one.root == root and one.open_to(member)]


def collection_called(session: Session, root: str, called: str, member: Member) -> Collection | None:
    """Return the collection with an id or alias; None where it is not there for the member."""
    row = _find(session, root, called)
    found = _collection(row) if row else None
    return found if found and found.open_to(member) else None


def every(session: Session) -> list[Collection]:
    """Return all collections, in the order of their making."""
    return _all(session)


def _may_alias(alias: str) -> bool:
    return bool(NAME.fullmatch(alias)) and not ID.fullmatch(alias)


def _find(session: Session, root: str, called: str) -> CollectionRow | None:
    if not NAME.fullmatch(root):
        return None
    if ID.fullmatch(called):
        where = CollectionRow.id == called
    elif NAME.fullmatch(called):
        where = CollectionRow.alias == called
    else:
        return None
    return session.scalars(sa.select(CollectionRow).where(CollectionRow.root == root, where)).one_or_none()


def _all(session: Session) -> list[Collection]:
    return [_collection(row) for row in session.scalars(sa.select(CollectionRow).order_by("number"))]


def _collection(row: CollectionRow) -> Collection:
    return Collection(
        title=row.title,
        root=row.root,
        channel=Channel(row.channel),
        ceiling=Tlp(row.ceiling),
        id=row.id,
        alias=row.alias,
        description=row.description,
        reads=row.reads,
        writes=row.writes,
        named=frozenset(orjson.loads(row.named)),
        number=row.number,
    )
