"""Letters go out: approved by a person, then one notice for each account, queued with the event."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from stillwatch.cases.case import Case
from stillwatch.cases.event import Action, canonical
from stillwatch.cases.models import NoticeRow
from stillwatch.cases.outbox.message import LARGEST, Message
from stillwatch.cases.remediation.left_out import left_out
from stillwatch.cases.remediation.letters import worded
from stillwatch.cases.remediation.plan_words import StepKind, StepState
from stillwatch.cases.remediation.tokens import hash_of, token_of
from stillwatch.cases.remediation.work import DAY, Work, now, stamped
from stillwatch.cases.remedy import Letter, Notice, Step
from stillwatch.errors import CaseError
from stillwatch.guard.moments import told

AT_ONCE = 1_000
"""Notices of one event."""
DRAFT, APPROVED, SENDING, QUEUED, WITHDRAWN = "draft", "approved", "sending", "queued", "withdrawn"
Open = Callable[[], AbstractContextManager[Work]]


def letter_of(work: Work, name: str) -> Letter:
    """Return a letter. Raises CaseError where there is none of that name."""
    found = work.remedies.one(Letter, name)
    if found is None:
        raise CaseError("there is no such letter", where=name[:80], do="see `stillwatch case letters CASE`")
    return found


def edit(work: Work, name: str, text: str, by: str, why: str) -> Letter:
    """Write a draft anew; one that was approved is a draft again."""
    letter = _in(work, name, DRAFT, APPROVED)
    words = {word.strip(".,;:!?()[]\"'") for word in text.split()}
    if words & {*work.accounts(letter.crowds)}:
        raise CaseError(
            "the letter names an account, and it goes to others too",
            where=f"letter {name}",
            do="write [[account]] where each customer's own account is to stand",
        )
    made = replace(worded(letter, text), state=DRAFT, by=by, approved_by="")
    work.record(work.store.case(letter.case_id), Action.WRITTEN, by, why, [made])
    return made


def approve(work: Work, name: str, by: str, why: str) -> Letter:
    """Approve a draft."""
    made = replace(_in(work, name, DRAFT), state=APPROVED, approved_by=by)
    work.record(work.store.case(made.case_id), Action.WRITTEN, by, why, [made])
    return made


def withdraw(work: Work, name: str, by: str, why: str) -> Letter:
    """Let a letter that has not gone out not go out."""
    made = replace(_in(work, name, DRAFT, APPROVED), state=WITHDRAWN)
    work.record(work.store.case(made.case_id), Action.WRITTEN, by, why, [made])
    return made


def order(work: Work, name: str, by: str, why: str) -> Letter:
    """Decide that an approved letter goes out. Raises CaseError where no appeal could reach anybody, and
    where what it tells of is not done.
    """
    letter = _in(work, name, APPROVED)
    if not work.settings.appeal_url:
        raise CaseError(
            "a letter without a way to appeal does not go out",
            where="cases.appeal_url",
            do="say in the settings where appeals arrive, as https://example.org/appeal/",
        )
    if not _goes_to(work, letter):
        raise CaseError(
            "what the letter tells of is not done, or not any more",
            where=f"letter {name}",
            do="carry the plan out first, or withdraw the letter",
        )
    made = replace(letter, state=SENDING, appeal_by=round(now() + work.settings.appeal_days * DAY, 6))
    work.record(work.store.case(made.case_id), Action.WRITTEN, by, why, [made])
    return made


def carry_on(open_work: Open, name: str, key: bytes) -> Letter:
    """Queue what is left of a letter that goes out, some notices with each event."""
    while True:
        with open_work() as work:
            letter = letter_of(work, name)
            if letter.state != SENDING:
                return letter
            _some(work, letter, key)


def _some(work: Work, letter: Letter, key: bytes) -> None:
    case = work.store.case(letter.case_id)
    session = work.store.session
    there = set(session.scalars(sa.select(NoticeRow.account).where(NoticeRow.letter_id == letter.id)))
    left = [account for account in _goes_to(work, letter) if account not in there]
    count = sa.select(sa.func.count()).where(NoticeRow.case_id == case.id)
    number = session.scalar(count) or 0
    prefix, made = work.once(""), []
    for account in left[:AT_ONCE]:
        number += 1
        name = f"{case.id}.n{number}"
        token = token_of(key, f"{prefix}{name}", account)
        notice = Notice(
            name, case.id, letter.id, account, hash_of(token), letter.appeal_by or 0.0, queued=now()
        )
        made.append(notice)
        work.tell(session, _message(work, case, letter, notice))
    state = QUEUED if len(left) <= AT_ONCE else SENDING
    sent = replace(letter, state=state, queued=letter.queued + len(made))
    work.record(case, Action.WRITTEN, letter.approved_by, f"{len(made)} notices queued", [sent, *made])


def _message(work: Work, case: Case, letter: Letter, notice: Notice) -> Message:
    body: dict[str, Any] = {
        "notice": notice.id,
        "letter": letter.id,
        "case": case.id,
        "account": notice.account,
        "kind": letter.kind,
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "appeal_by": told(notice.expires),
        "answer_days": work.settings.answer_days,
    }
    for name in ("html", "text"):
        # An account's id may take as much room as a letter: whoever delivers it has the letter by its name.
        if len(canonical(body)) > LARGEST:
            body[name] = ""
    return Message("notice", message_key(notice), case.id, body)


def message_key(notice: Notice) -> str:
    """Return the key of the message that a notice is queued as."""
    return f"notice:{stamped(notice.id, notice.queued)}"


def _goes_to(work: Work, letter: Letter) -> list[str]:
    """Whom a letter goes to: of one that tells of a restriction, those who met it and were not cleared."""
    if letter.kind != "restricted":
        return work.accounts(letter.crowds)
    steps = work.remedies.where(Step, plan_id=letter.plan_id)
    drawn = next((one for one in steps if one.parameters.get("made") == letter.id), None)
    found: set[str] = set()
    for step in steps:
        same = drawn is not None and step.parameters.get("step") == drawn.parameters.get("step")
        if step.kind == StepKind.RESTRICT and step.state == StepState.DONE and same:
            found |= {*work.accounts([step.crowd])} - {*step.left_out}
    return sorted(found - left_out(work.store, found, now()).keys())


def _in(work: Work, name: str, *states: str) -> Letter:
    letter = letter_of(work, name)
    if letter.state not in states:
        raise CaseError(
            f"letter {name} is {letter.state}, and must be {' or '.join(states)} for that",
            where=f"case {letter.case_id}",
            do="see `stillwatch case letters CASE`",
        )
    return letter
