"""What a word is found in, among all cases: bounded, however many there are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.labels import ACCOUNT
from stillwatch.cases.models import CaseRow, IdentityRow, LabelRow, NoteRow, TagRow


@dataclass(frozen=True)
class Found:
    """One thing that a word was found in."""

    what: str
    """case, campaign, account, permit, tag, note or person."""
    name: str
    """What it is called: the identity, the account, the tag, the beginning of the note."""
    case: int
    """Its case; 0 where it is of several."""
    exact: bool
    """Whether the word is all of it."""
    cases: int = 1
    """How many cases have it."""


def found_in_cases(session: Session, word: str, most: int) -> list[Found]:
    """Return what a word is found in, the exact ones first; of each sort at most so many."""
    number = word.lower().removeprefix("case").strip().removeprefix("#")
    found = [
        *_cases(session, number),
        *_identities(session, word, most),
        *_accounts(session, word, most),
        *_tags(session, word, most),
        *_people(session, word, most),
        *_permits(session, word, most),
        *_notes(session, word, most),
    ]
    return sorted(found, key=lambda one: not one.exact)


def cases_of(session: Session, identities: Sequence[str]) -> dict[str, int]:
    """Return the case of each identity that one follows."""
    query = sa.select(IdentityRow.identity, IdentityRow.case_id).where(IdentityRow.identity.in_(identities))
    return {row[0]: row[1] for row in session.execute(query)}


def _cases(session: Session, number: str) -> list[Found]:
    if not (number.isascii() and number.isdecimal() and len(number) < 10 and int(number) < 2**31):
        return []
    row = session.execute(sa.select(CaseRow.id, CaseRow.state).where(CaseRow.id == int(number))).first()
    return [Found("case", f"case {row[0]}, {row[1]}", row[0], True)] if row else []


def _identities(session: Session, word: str, most: int) -> list[Found]:
    query = (
        sa.select(IdentityRow.identity, IdentityRow.case_id)
        .where(IdentityRow.identity.startswith(word, autoescape=True))
        .order_by(IdentityRow.identity)
        .limit(most)
    )
    return [Found("campaign", row[0], row[1], row[0] == word) for row in session.execute(query)]


def _accounts(session: Session, word: str, most: int) -> list[Found]:
    query = (
        sa.select(LabelRow.subject, LabelRow.case_id)
        .where(LabelRow.scope == ACCOUNT, LabelRow.subject.startswith(word, autoescape=True))
        .distinct()
        .order_by(LabelRow.subject, LabelRow.case_id)
        .limit(most)
    )
    return [Found("account", row[0], row[1], row[0] == word) for row in session.execute(query)]


def _tags(session: Session, word: str, most: int) -> list[Found]:
    return _several(
        session, "tag", TagRow.tag, TagRow.tag.startswith(word.lower(), autoescape=True), word, most
    )


def _people(session: Session, word: str, most: int) -> list[Found]:
    that = sa.and_(CaseRow.assignee != "", CaseRow.assignee.icontains(word, autoescape=True))
    return _several(session, "person", CaseRow.assignee, that, word, most)


def _several(session: Session, what: str, column: Any, that: Any, word: str, most: int) -> list[Found]:
    query = sa.select(column, sa.func.count()).where(that).group_by(column).order_by(column).limit(most)
    return [Found(what, row[0], 0, row[0].lower() == word.lower(), row[1]) for row in session.execute(query)]


def _permits(session: Session, word: str, most: int) -> list[Found]:
    """Permits and organisations that closures and decisions name; their texts stand in JSON."""
    query = (
        sa.select(LabelRow.data, LabelRow.case_id)
        .where(LabelRow.data.contains('"permit":"', autoescape=True))
        .where(LabelRow.data.icontains(_in_json(word), autoescape=True))
        .order_by(LabelRow.seq.desc())
        .limit(most)
    )
    return [Found("permit", _named(row[0]), row[1], False) for row in session.execute(query)]


def _notes(session: Session, word: str, most: int) -> list[Found]:
    query = (
        sa.select(NoteRow.text, NoteRow.case_id)
        .where(NoteRow.text.icontains(word, autoescape=True))
        .order_by(NoteRow.seq.desc())
        .limit(most)
    )
    return [Found("note", _around(row[0], word), row[1], False) for row in session.execute(query)]


def _in_json(word: str) -> str:
    """A word as canonical JSON writes it."""
    return json.dumps(word)[1:-1]


def _named(data: str) -> str:
    told = json.loads(data)
    organisation = f", {told['organisation']}" if told.get("organisation") else ""
    return f"{told.get('permit', '')}{organisation}"


def _around(text: str, word: str, length: int = 160) -> str:
    """The part of a text in which a word stands."""
    flat = " ".join(text.split())
    place = max(flat.lower().find(word.lower()), 0)
    start = max(0, place - length // 3)
    return ("…" if start else "") + flat[start : start + length] + ("…" if start + length < len(flat) else "")
