"""The gate: makes what is to leave, holds it until a second person approves it, and remembers what left."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.database import Database
from stillwatch.cases.words import folded, name_of
from stillwatch.errors import IntelError
from stillwatch.intel.gate.export import Export, Profile, Stage
from stillwatch.intel.gate.forms import NAME
from stillwatch.intel.gate.keeping import approved, keep, must_be_permitted, must_pass, row_of
from stillwatch.intel.gate.ledger import Ledger, exact
from stillwatch.intel.gate.passing import Passage, Purpose
from stillwatch.intel.gate.settling import own, settled
from stillwatch.intel.gate.tables import ExportRow, ObjectRow, ReleaseRow, SelfRow, make_tables
from stillwatch.intel.gate.watched import Watched
from stillwatch.intel.stix import project
from stillwatch.intel.stix.bundle import bundle_bytes
from stillwatch.intel.stix.facts import Facts
from stillwatch.intel.stix.making import Maker, Shared, objects_of
from stillwatch.intel.stix.marking import level_of_object
from stillwatch.intel.stix.own_checks import ID
from stillwatch.intel.stix.versions import corrected, newest, revoked
from stillwatch.intel.tlp import Tlp
from stillwatch.intel_settings import IntelSettings

NOT_TAKEN_BACK = ("identity", "intrusion-set")
"""Objects that more than one campaign rests on."""


class Gate:
    """A provider's own gate. Threads may share it; each change is one transaction."""

    def __init__(self, database: Database, settings: IntelSettings) -> None:
        """Makes the tables where they are missing. Raises CaseError where the database cannot be used, and
        IntelError where a newer version made it.
        """
        self.database, self.settings = database, settings
        database.make_file()
        with database.writing() as session:
            make_tables(session)

    def name_itself(self, name: str, identity: str = "") -> str:
        """Say who the provider is to others; return its identity. identity: the id that a hub knows it by;
        empty: the one that it has, or a new one. Raises IntelError for a name of another form, and for
        another identity once something was made under the first.
        """
        if not NAME.match(name):
            raise IntelError(
                "a provider's name has lower-case letters, digits and hyphens",
                where=name[:80],
                do="choose one",
            )
        with self.database.writing() as session:
            row = session.get(SelfRow, 1)
            if row is None:
                made = identity or f"identity--{uuid.uuid4()}"
                row = SelfRow(one=1, identity=made, name=name, key=secrets.token_bytes(32))
                session.add(row)
            elif identity and identity != row.identity and session.scalar(sa.select(ObjectRow.id).limit(1)):
                raise IntelError(
                    "objects were made under another identity, and only that may correct them",
                    where=row.identity,
                    do="keep that identity, or begin a new store",
                )
            else:
                row.name, row.identity = name, identity or row.identity
            return row.identity

    def maker(self, session: Session, level: Tlp, now: datetime) -> Maker:
        """Return who makes objects here."""
        row = session.get(SelfRow, 1)
        if row is None:
            row = SelfRow(
                one=1, identity=f"identity--{uuid.uuid4()}", name="provider", key=secrets.token_bytes(32)
            )
            session.add(row)
            session.flush()
        return Maker(row.identity, row.name, row.key, level, now)

    def propose(
        self,
        facts: Facts,
        watched: Watched,
        *,
        by: str,
        purpose: Purpose,
        level: Tlp,
        clearance: Tlp,
        now: float,
        tokens: Sequence[Shared] = (),
        count: bool = False,
    ) -> Export:
        """Make a bundle of a campaign and let it wait for a second person. clearance: what every receiver is
        cleared for at least. count: tell about how many accounts, from the ledger. Raises IntelError with
        every reason where the gate lets it not pass; then nothing is kept and nothing is spent. What was
        approved before for this purpose, byte for byte, is returned as it was.
        """
        moment = datetime.fromtimestamp(now, UTC)
        with self.database.writing() as session:
            maker = self.maker(session, level, moment)
            told = self._count(session, facts, now) if count else None
            made = objects_of(self._anew(session, facts, maker), maker, tokens, told)
            objects = settled(made, self._before(session, made), moment)
            passage = Passage(
                identity=maker.identity,
                name=maker.name,
                level=level,
                clearance=clearance,
                purpose=purpose,
                accounts=facts.accounts,
                least_accounts=self.settings.least_accounts,
                count=told,
                watched=watched,
            )
            must_pass(objects, passage)
            there = approved(session, bundle_bytes(objects), level, purpose)
            if there is not None:
                return Export.of(there)
            return self._keep(session, facts.subject, objects, Stage.WAITING, by, purpose, level, now)

    def say(
        self,
        make: Callable[[Maker], Sequence[Mapping[str, Any]]],
        subject: str,
        *,
        by: str,
        purpose: Purpose,
        level: Tlp,
        clearance: Tlp,
        foreign: frozenset[str],
        now: float,
    ) -> Export:
        """Let objects wait that are about what others shared, or about an earlier export: opinions,
        sightings, an attribution. make: gives them, from a maker. foreign: ids of others' objects that they
        name. Raises IntelError as `propose` does.
        """
        moment = datetime.fromtimestamp(now, UTC)
        with self.database.writing() as session:
            maker = self.maker(session, level, moment)
            made = [maker.itself(), project.tlp_definition(level), *make(maker)]
            objects = settled(made, self._before(session, made), moment)
            passage = Passage(
                identity=maker.identity,
                name=maker.name,
                level=level,
                clearance=clearance,
                purpose=purpose,
                accounts=None,
                least_accounts=self.settings.least_accounts,
                foreign=foreign | frozenset(session.scalars(sa.select(ObjectRow.id).distinct())),
            )
            must_pass(objects, passage)
            return self._keep(session, subject, objects, Stage.WAITING, by, purpose, level, now)

    def correct(self, ident: str, changes: Mapping[str, Any], *, by: str, now: float) -> Export:
        """Make a new version of an object of our own, and let it wait. Raises IntelError as `corrected` and
        `propose` do.
        """
        with self.database.writing() as session:
            old, subject = self._one(session, ident)
            maker = self.maker(session, level_of_object(old), datetime.fromtimestamp(now, UTC))
            new = corrected(old, changes, maker.identity, maker.now)
            return self._change(session, [new], maker, subject, Stage.WAITING, by, now, _count_in([old]))

    def revoke(self, subject: str, *, by: str, reason: str, now: float) -> Export:
        """Take back an object of our own by its id, or all that was made of a campaign by its identity. It
        tells nothing new, so that it needs no second person and may leave at once. Raises IntelError where
        there is nothing to take back.
        """
        with self.database.writing() as session:
            if ID.match(subject):
                old = [self._one(session, subject)[0]]
            else:
                old = [one for one in self._of_subject(session, subject) if not one.get("revoked")]
            if not old:
                raise IntelError(
                    "nothing of it was approved here, or all of it is revoked",
                    where=subject[:110],
                    do="`stillwatch intel exports` lists what was made and what was approved",
                )
            level = max(level_of_object(one) for one in old)
            maker = self.maker(session, level, datetime.fromtimestamp(now, UTC))
            new = [revoked(one, maker.identity, maker.now) for one in old]
            kept = self._change(session, new, maker, subject, Stage.APPROVED, by, now, _count_in(old))
            row = row_of(session, kept.number)
            row.reason, row.decided = f"taken back: {reason}"[:1_000], now
            return Export.of(row)

    def decide(
        self, number: int, *, by: str, sha256: str, agree: bool, now: float, reason: str = ""
    ) -> Export:
        """Approve or refuse, as a second person. sha256: the digest of what was looked at, or its first 12
        digits at least; of anything else nothing is approved. Raises IntelError for the same person, for
        another digest, and for what was decided already.
        """
        with self.database.writing() as session:
            row = row_of(session, number)
            export = Export.of(row)
            if export.stage is not Stage.WAITING:
                raise IntelError(
                    f"it was {export.stage} already, by {export.approver or 'nobody'}",
                    where=f"export {number}",
                    do="make it again if it is to be decided again",
                )
            if folded(by) == folded(export.by):
                raise IntelError(
                    "whoever wants to share something does not approve it",
                    where=f"export {number}",
                    do="ask a second person to look and to approve",
                )
            if len(sha256) < 12 or not export.sha256.startswith(sha256.lower()):
                raise IntelError(
                    "that is not the digest of what would leave: you looked at something else",
                    where=f"export {number}",
                    do=f"`stillwatch intel show {number}`, and give the digest that it names",
                )
            if agree:
                self._must_hold(session, export)
            row.state = str(Stage.APPROVED if agree else Stage.REFUSED)
            row.approver, row.decided, row.reason = name_of(by), now, reason[:1_000]
            return Export.of(row)

    def release(self, number: int, *, by: str, to: str, now: float) -> Export:
        """Give out what was approved, and remember to where. Raises IntelError for what was not approved, and
        for a card that its owner did not permit.
        """
        with self.database.writing() as session:
            export = Export.of(row_of(session, number))
            if export.stage is not Stage.APPROVED:
                raise IntelError(
                    f"nobody approved it: it is {export.stage}",
                    where=f"export {number}",
                    do=f"a second person looks: `stillwatch intel show {number}`, then approves it",
                )
            must_be_permitted(session, number)
            self._must_hold(session, export)
            session.add(ReleaseRow(export=number, at=now, by=by, to=to[:400], sha256=export.sha256))
            return export

    def exports(self) -> list[Export]:
        """Return all, the newest first."""
        with self.database.reading() as session:
            rows = session.scalars(sa.select(ExportRow).order_by(ExportRow.number.desc()))
            return [Export.of(row) for row in rows]

    def export(self, number: int) -> Export:
        """Return one. Raises IntelError where there is none."""
        with self.database.reading() as session:
            return Export.of(row_of(session, number))

    def releases(self, number: int) -> list[dict[str, Any]]:
        """Return when, by whom and to where an export was given out."""
        with self.database.reading() as session:
            query = sa.select(ReleaseRow).where(ReleaseRow.export == number).order_by(ReleaseRow.number)
            return [{"at": row.at, "by": row.by, "to": row.to} for row in session.scalars(query)]

    @contextmanager
    def keeping(self) -> Iterator[Session]:
        """A session that writes, for other profiles."""
        with self.database.writing() as session:
            yield session

    def _count(self, session: Session, facts: Facts, now: float) -> int:
        ledger = Ledger(session, exact(self.settings.epsilon_total))
        about = (facts.subject, facts.run_digest)
        return ledger.count("accounts", about, facts.accounts, exact(self.settings.epsilon_count), now)

    def _change(
        self,
        session: Session,
        new: Sequence[dict[str, Any]],
        maker: Maker,
        subject: str,
        stage: Stage,
        by: str,
        now: float,
        count: int | None,
    ) -> Export:
        frame = [maker.itself(), project.identity(), project.extension_definition()]
        frame += map(project.tlp_definition, sorted({Tlp.CLEAR, *map(level_of_object, new)}))
        objects = [*settled(frame, self._before(session, frame), maker.now), *new]
        known = frozenset(session.scalars(sa.select(ObjectRow.id).distinct()))
        passage = Passage(
            identity=maker.identity,
            name=maker.name,
            level=maker.level,
            clearance=Tlp.RED,  # who has the version before is cleared for it; the server holds the level
            purpose=Purpose.CORRECTION,
            accounts=None,
            least_accounts=self.settings.least_accounts,
            count=count,
            foreign=known,
        )
        must_pass(objects, passage)
        return self._keep(session, subject, objects, stage, by, Purpose.CORRECTION, maker.level, now)

    def _keep(
        self,
        session: Session,
        subject: str,
        objects: Sequence[Mapping[str, Any]],
        stage: Stage,
        by: str,
        purpose: Purpose,
        level: Tlp,
        now: float,
    ) -> Export:
        content = bundle_bytes(objects)
        row = keep(session, Profile.BUNDLE, subject, content, stage, by, str(purpose), level, now)
        identity = self.maker(session, level, datetime.fromtimestamp(now, UTC)).identity
        for one in own(json.loads(content)["objects"], identity):
            there = session.get(ObjectRow, (one["id"], one["modified"]))
            if there is None:
                there = ObjectRow(id=one["id"], modified=one["modified"])
                session.add(there)
            elif row_of(session, there.export).state != Stage.REFUSED:
                continue
            there.export, there.content = row.number, json.dumps(one)
        session.flush()
        return Export.of(row)

    def _before(
        self, session: Session, objects: Sequence[Mapping[str, Any]]
    ) -> Mapping[str, Mapping[str, Any]]:
        ids = [str(one["id"]) for one in objects]
        rows = session.scalars(_versions(ObjectRow.id.in_(ids)))
        return newest(json.loads(one) for one in rows)

    def _one(self, session: Session, ident: str) -> tuple[Mapping[str, Any], str]:
        rows = list(
            session.execute(_versions(ObjectRow.id == ident, left=True).add_columns(ExportRow.subject))
        )
        if not rows:
            raise IntelError(
                "no object of this id was approved here",
                where=ident[:110],
                do="`stillwatch intel exports` lists what was made and what was approved",
            )
        return newest(json.loads(content) for content, _ in rows)[ident], rows[0][1]

    def _of_subject(self, session: Session, subject: str) -> list[Mapping[str, Any]]:
        rows = session.scalars(_versions(ExportRow.subject == subject, left=True))
        found = newest(json.loads(one) for one in rows).values()
        return [one for one in found if not _of_many(one)]

    def _anew(self, session: Session, facts: Facts, maker: Maker) -> Facts:
        """The facts of a campaign that was taken back before, so that it gets new objects."""
        times, subject = 0, facts.subject
        while True:
            ident = maker.id("campaign", subject)
            found = newest(json.loads(one) for one in session.scalars(_versions(ObjectRow.id == ident)))
            if not (found and found[ident].get("revoked")):
                return replace(facts, subject=subject)
            times += 1
            subject = f"{facts.subject} again {times}"

    def _must_hold(self, session: Session, export: Export) -> None:
        """Raise IntelError where something in an export was taken back since it was made."""
        now = self._before(session, export.objects)
        gone = [
            one["id"]
            for one in export.objects
            if not one.get("revoked") and now.get(one["id"], {}).get("revoked")
        ]
        if gone:
            raise IntelError(
                "something in it was taken back since it was made",
                where=f"export {export.number}: {gone[0]}",
                do="make it again",
            )


def _count_in(objects: Sequence[Mapping[str, Any]]) -> int | None:
    """The count that an earlier version told, so that a later one may tell it again."""
    return next((one["count"] for one in objects if one.get("count")), None)


def _of_many(item: Mapping[str, Any]) -> bool:
    """Whether more than one campaign rests on an object."""
    return item["type"] in NOT_TAKEN_BACK or item.get("relationship_type") == "mitigates"


def _versions(which: sa.ColumnElement[bool], *, left: bool = False) -> sa.Select[str]:
    """The query for versions of objects; what was refused never was one. left: only what may have left."""
    state = ExportRow.state == str(Stage.APPROVED) if left else ExportRow.state != str(Stage.REFUSED)
    return sa.select(ObjectRow.content).join(ExportRow).where(which, state)
