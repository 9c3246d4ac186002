"""What the endpoints do, in the order of sections 4 and 5 of TAXII 2.1; all may wait for the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.cases.database import Database
from stillwatch.intel.member import Member
from stillwatch.intel.taxii.media import STIX, TAXII
from stillwatch.intel.taxii.moment import moment_text
from stillwatch.intel.taxii.server.adding import add
from stillwatch.intel.taxii.server.asked import ID, Asked, asked
from stillwatch.intel.taxii.server.collection import (
    Collection,
    Root,
    collection_called,
    collections_of,
    roots_of,
)
from stillwatch.intel.taxii.server.cursors import cursor, position_of
from stillwatch.intel.taxii.server.deleting import delete
from stillwatch.intel.taxii.server.envelope import Check, LevelOf, envelope_of, objects_of
from stillwatch.intel.taxii.server.fault import TaxiiFault, not_there
from stillwatch.intel.taxii.server.members import Belong, seen_here
from stillwatch.intel.taxii.server.reading import (
    Entry,
    Page,
    contents_of,
    facts_of,
    is_there,
    note_read,
    page_of,
)
from stillwatch.intel.taxii.server.settings import TaxiiSettings
from stillwatch.intel.taxii.server.status import status_of
from stillwatch.intel.taxii.server.tables import secret_of
from stillwatch.intel.witness import Witness

MANY = frozenset({"id", "type", "version", "spec_version"})
ONE = frozenset({"version", "spec_version"})
LIST = frozenset({"spec_version"})
Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Listing:
    """A page, as an endpoint answers it."""

    page: Page
    """Its entries."""
    contents: tuple[bytes, ...] = ()
    """Their contents, where they are asked for."""
    next: str = ""
    """The cursor of the page after it; empty: there is none."""

    @property
    def headers(self) -> dict[str, str]:
        """When its first and last entry were added; none where it has no entry."""
        if not self.page.entries:
            return {}
        return {
            "X-TAXII-Date-Added-First": moment_text(self.page.entries[0].added),
            "X-TAXII-Date-Added-Last": moment_text(self.page.entries[-1].added),
        }


class Desk:
    """Answers for one member at a time; threads may share it."""

    def __init__(
        self,
        database: Database,
        settings: TaxiiSettings,
        witness: Witness,
        check: Check,
        level_of: LevelOf,
        clock: Callable[[], int],
        belong: Belong = seen_here,
    ) -> None:
        self.database, self.settings, self.witness = database, settings, witness
        self.check, self.level_of, self.clock, self.belong = check, level_of, clock, belong
        with database.reading() as session:
            self._secret = secret_of(session)

    def discovery(self, member: Member, base: str) -> dict[str, Any]:
        """Section 4.1."""
        with self.database.reading() as session:
            urls = [f"{base}/{root.name}/" for root in roots_of(session, member)]
        told: dict[str, Any] = {"title": self.settings.title}
        told |= {"description": self.settings.description, "contact": self.settings.contact}
        told |= {"default": urls[0], "api_roots": urls} if urls else {}
        return {name: value for name, value in told.items() if value}

    def root(self, member: Member, name: str) -> dict[str, Any]:
        """Section 4.2."""
        root = self._root(member, name)
        told: dict[str, Any] = {"title": root.title, "description": root.description, "versions": [TAXII]}
        told |= {"max_content_length": self.settings.envelope_bytes}
        return {name: value for name, value in told.items() if value}

    def status(self, member: Member, root: str, status_id: str) -> bytes:
        """Section 4.3: for whoever posted the envelope only."""
        self._root(member, root)
        with self.database.reading() as session:
            found = status_of(session, member, root, status_id)
        if found is None:
            raise not_there("status")
        return found

    def collections(self, member: Member, root: str) -> dict[str, Any]:
        """Section 5.1."""
        self._root(member, root)
        with self.database.reading() as session:
            found = collections_of(session, root, member)
        return {"collections": [_shown(one, member) for one in found]} if found else {}

    def collection(self, member: Member, root: str, called: str) -> dict[str, Any]:
        """Section 5.2."""
        return _shown(self.found(member, root, called), member)

    def manifest(self, member: Member, root: str, called: str, pairs: Pairs) -> Listing:
        """Section 5.3."""
        collection = self._readable(member, root, called)
        wanted = asked(pairs, MANY, self.settings.page)
        return self._listed(member, collection, wanted, "manifest")

    def objects(self, member: Member, root: str, called: str, pairs: Pairs) -> Listing:
        """Section 5.4."""
        collection = self._readable(member, root, called)
        wanted = asked(pairs, MANY, self.settings.page)
        return self._given(member, collection, wanted, "objects")

    def add(self, member: Member, root: str, called: str, body: bytes) -> dict[str, Any]:
        """Section 5.5."""
        collection = self.writable(member, root, called)
        objects = objects_of(body, self.settings)
        envelope = envelope_of(objects, collection, member, self.settings, self.check, self.level_of)
        with self.database.writing() as session:
            now = self.clock()
            return add(session, collection, member, envelope, self.settings, self.witness, now, self.belong)

    def object(self, member: Member, root: str, called: str, object_id: str, pairs: Pairs) -> Listing:
        """Section 5.6."""
        collection = self._readable(member, root, called)
        wanted = asked(pairs, ONE, self.settings.page)
        return self._given(member, collection, self._of(member, collection, object_id, wanted), "object")

    def delete(self, member: Member, root: str, called: str, object_id: str, pairs: Pairs) -> None:
        """Section 5.7. Where no version is named, all are deleted."""
        collection = self.found(member, root, called)
        reads, writes = collection.can_read(member), collection.can_write(member)
        if not reads and not writes:
            raise not_there("object")
        if not reads or not writes:
            raise TaxiiFault(403, "you may not delete from this collection")
        if not ID.fullmatch(object_id):
            raise not_there("object")
        wanted = asked(pairs, ONE, self.settings.page, words="all")
        with self.database.writing() as session:
            delete(session, collection, member, object_id, wanted, self.witness, self.clock())

    def versions(self, member: Member, root: str, called: str, object_id: str, pairs: Pairs) -> Listing:
        """Section 5.8."""
        collection = self._readable(member, root, called)
        wanted = asked(pairs, LIST, self.settings.page, words="all")
        return self._listed(member, collection, self._of(member, collection, object_id, wanted), "versions")

    def found(self, member: Member, root: str, called: str) -> Collection:
        """Return a collection that is there for a member. Raises TaxiiFault 404."""
        with self.database.reading() as session:
            found = collection_called(session, root, called, member)
        if found is None:
            raise not_there("collection")
        return found

    def writable(self, member: Member, root: str, called: str) -> Collection:
        """Return a collection that a member may add to. Raises TaxiiFault 404, and 403."""
        collection = self.found(member, root, called)
        if not collection.can_write(member):
            raise TaxiiFault(403, "you may not add to this collection")
        return collection

    def _root(self, member: Member, name: str) -> Root:
        with self.database.reading() as session:
            for root in roots_of(session, member):
                if root.name == name:
                    return root
        raise not_there("API root")

    def _readable(self, member: Member, root: str, called: str) -> Collection:
        collection = self.found(member, root, called)
        if not collection.can_read(member):
            raise TaxiiFault(403, "you may not read this collection")
        return collection

    def _of(self, member: Member, collection: Collection, object_id: str, wanted: Asked) -> Asked:
        """The question for one object. Raises TaxiiFault 404 where none of its versions is there."""
        if not ID.fullmatch(object_id):
            raise not_there("object")
        with self.database.reading() as session:
            if not is_there(session, collection, member, object_id):
                raise not_there("object")
        return Asked(**{**vars(wanted), "ids": (object_id,)})

    def _listed(self, member: Member, collection: Collection, wanted: Asked, endpoint: str) -> Listing:
        """A page without contents."""
        bound = (endpoint, collection.id, member.identity, wanted.bound())
        after = position_of(self._secret, wanted.next, *bound) if wanted.next else -1
        with self.database.reading() as session:
            page = page_of(session, collection, member, wanted, after)
        if page.entries:
            with self.database.writing() as session:
                self.witness(session, "object.listed", member, facts_of(collection, page.entries))
        return Listing(page, (), self._next(page, bound))

    def _given(self, member: Member, collection: Collection, wanted: Asked, endpoint: str) -> Listing:
        """A page with contents. That they were given is written before they are."""
        bound = (endpoint, collection.id, member.identity, wanted.bound())
        after = position_of(self._secret, wanted.next, *bound) if wanted.next else -1
        with self.database.reading() as session:
            page = page_of(session, collection, member, wanted, after, self.settings.answer_bytes)
            contents = contents_of(session, collection, page.entries)
        if page.entries:
            with self.database.writing() as session:
                note_read(session, collection, member, page.entries, self.witness)
        return Listing(page, tuple(contents), self._next(page, bound))

    def _next(self, page: Page, bound: tuple[str, ...]) -> str:
        return cursor(self._secret, page.entries[-1].added, *bound) if page.more else ""


def manifest_record(entry: Entry) -> Mapping[str, str]:
    """Return an entry as section 5.3.1 shows it."""
    return {
        "id": entry.id,
        "date_added": moment_text(entry.added),
        "version": entry.version_text,
        "media_type": STIX,
    }


def _shown(collection: Collection, member: Member) -> dict[str, Any]:
    told = {
        "id": collection.id,
        "title": collection.title,
        "description": collection.description,
        "alias": collection.alias,
        "can_read": collection.can_read(member),
        "can_write": collection.can_write(member),
        "media_types": [STIX],
    }
    return {name: value for name, value in told.items() if value not in (None, "")}
