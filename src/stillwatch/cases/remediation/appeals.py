"""Appeals: opened by the link of a notice, answered by a person, and what was done is restored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from stillwatch.cases.case import Case
from stillwatch.cases.event import Action
from stillwatch.cases.labels import ACCOUNT
from stillwatch.cases.models import AppealRow, AppealTextRow
from stillwatch.cases.outbox.message import Message
from stillwatch.cases.remediation.plan_words import Stage, StepKind, StepState
from stillwatch.cases.remediation.tokens import TOKEN, hash_of, same
from stillwatch.cases.remediation.work import DAY, Work, now, stamped
from stillwatch.cases.remedy import Appeal, Letter, Notice, Plan, Step
from stillwatch.cases.words import MACHINE, folded, storable
from stillwatch.errors import CaseError
from stillwatch.guard.journal_entry import LONGEST_TEXT
from stillwatch.guard.moments import told
from stillwatch.guard.people import Said

UPHOLD, PARTLY, OVERTURN = "uphold", "partly", "overturn"
ANSWERS = (UPHOLD, PARTLY, OVERTURN)
"""uphold: the decision stands; partly: the account is left alone for a while, and is not cleared; overturn:
the decision was wrong, everything is restored, and the account is cleared for later searches.
"""
HOUR = 3_600.0
Open = Callable[[], AbstractContextManager[Work]]


def notice_of(work: Work, token: str) -> Notice:
    """Return the notice of a link. Raises CaseError, the same for one that never was and one that ended."""
    found = work.remedies.where(Notice, token_hash=hash_of(token)) if TOKEN.fullmatch(token) else []
    if not found or not same(token, found[0].token_hash) or found[0].expires <= now():
        raise CaseError(
            "this link is not known, or has ended",
            where="the link",
            do="use the whole link of the letter; if it has ended, write to whoever sent it",
        )
    return found[0]


def opened(work: Work, token: str, words: str) -> Appeal:
    """Take an appeal. Raises CaseError for a link that does not hold, and where limits are reached."""
    notice = notice_of(work, token)
    settings, said = work.settings, words.strip()
    if not said or len(said) > settings.appeal_characters or not storable(said):
        raise CaseError(
            "an appeal says something, and not too much",
            where="the text",
            do=f"write from 1 to {settings.appeal_characters:,} characters",
        )
    before = work.remedies.where(Appeal, notice_id=notice.id)
    if any(one.state == "open" for one in before):
        raise CaseError(
            "your appeal is here already, and a person will answer it",
            where="the link",
            do=f"wait until {told(before[-1].due)[:10]}; the link shows the answer",
        )
    if len(before) >= settings.appeals_a_notice:
        raise CaseError(
            "this decision was looked at again as often as it can be", where="the link", do="write a letter"
        )
    # A first appeal is always taken: else an operator with thousands of letters could fill every hour, and
    # keep a customer who was wronged from objecting at all.
    lately = sa.select(sa.func.count()).where(AppealRow.opened > now() - HOUR)
    if before and (work.store.session.scalar(lately) or 0) >= settings.appeals_an_hour:
        raise CaseError("too many appeals came in this hour", where="the link", do="try again in an hour")
    case = work.store.case(notice.case_id)
    number = len(work.remedies.of_case(Appeal, case.id)) + 1
    appeal = Appeal(
        f"{case.id}.a{number}",
        case.id,
        notice.id,
        notice.account,
        opened=now(),
        due=round(now() + settings.answer_days * DAY, 6),
        sha256=hashlib.sha256(said.encode("utf-8")).hexdigest(),
        size=len(said),
        original=_original(work, case, notice),
    )
    work.record(case, Action.APPEALED, MACHINE, f"by the link of notice {notice.id}", [appeal])
    work.store.session.execute(sa.insert(AppealTextRow).values(appeal_id=appeal.id, text=said))
    body = {"appeal": appeal.id, "case": case.id, "account": appeal.account, "due": told(appeal.due)}
    key = f"appeal.opened:{stamped(appeal.id, appeal.opened)}"
    work.tell(work.store.session, Message("appeal.opened", key, case.id, body))
    return appeal


def answered(
    work: Work, name: str, answer: str, by: str, why: str, compensation: str, until: float | None
) -> Appeal:
    """Answer an appeal, as an event with the label that it gives; what it restores is done after that.

    until: how long the account is left alone, POSIX seconds; None: as the settings say. Raises CaseError for
    somebody who had a part in the decision, and for an appeal that is answered.
    """
    appeal = appeal_of(work, name)
    if answer not in ANSWERS:
        raise CaseError("there is no such answer", where=answer[:80], do=f"say {', '.join(ANSWERS)}")
    if appeal.state != "open":
        raise CaseError(
            f"appeal {name} was answered by {appeal.by}: {appeal.answer}",
            where=f"case {appeal.case_id}",
            do="the customer may appeal again by the same link",
        )
    if work.settings.another_answers and folded(by) in map(folded, appeal.original["by"]):
        raise CaseError(
            f"{by} had a part in the decision that appeal {name} is about",
            where=f"appeal {name}",
            do="let another person answer it (setting cases.another_answers)",
        )
    lasts = None
    if answer != UPHOLD:
        lasts = _until(work, appeal, until)
    made = replace(
        appeal,
        state="answered",
        answer=answer,
        answered=now(),
        by=by,
        reason=why,
        compensation=compensation,
        restoration="" if answer == UPHOLD else "due",
        until=lasts,
    )
    label: dict[str, Any] = {
        "scope": ACCOUNT,
        "subject": appeal.account,
        "label": "cleared",
        "outcome": "cleared",
        "expires": lasts,
        "data": {},
    }
    case = work.store.case(appeal.case_id)
    added = {"labels": [label]} if answer == OVERTURN else None
    work.record(case, Action.ANSWERED, by, why, [made], added)
    body = {"appeal": name, "case": case.id, "account": appeal.account, "answer": answer}
    key = f"appeal.answered:{stamped(name, appeal.opened)}"
    work.tell(work.store.session, Message("appeal.answered", key, case.id, body))
    return made


def restored(work: Work, name: str) -> Appeal:
    """Do at the gateway what an answer promised; nothing where it is done."""
    appeal = appeal_of(work, name)
    if appeal.restoration != "due":
        return appeal
    why = f"appeal {name}, {appeal.answer}: {appeal.reason}"[:LONGEST_TEXT]
    said = Said(appeal.by, why, appeal.until, work.once(f"{stamped(name, appeal.opened)}-restore"))
    people = work.journal()
    if appeal.until is not None and appeal.until <= now() and people.written_once(said.once) is None:
        # Nothing that was done about the account lasts longer, so there is nothing left to restore.
        made = replace(appeal, restoration="done")
    else:
        write = people.uphold if appeal.answer == OVERTURN else people.hold
        made = replace(appeal, restoration="done", seq=write(appeal.account, said).seq)
    work.record(work.store.case(appeal.case_id), Action.RESTORED, appeal.by, why, [made])
    return made


def words_of(work: Work, name: str, by: str, why: str) -> str:
    """Return what a customer wrote; that somebody read it is an event. Raises CaseError where it was erased,
    or is not what it was.
    """
    appeal = appeal_of(work, name)
    text = work.store.session.scalar(sa.select(AppealTextRow.text).where(AppealTextRow.appeal_id == name))
    if text is None:
        raise CaseError(
            "the words of this appeal were erased", where=f"appeal {name}", do="nothing can be done"
        )
    if hashlib.sha256(text.encode("utf-8")).hexdigest() != appeal.sha256:
        raise CaseError(
            "the words of this appeal are not those that came in: somebody changed them",
            where=f"appeal {name}",
            do="restore the store from a backup",
        )
    work.record(work.store.case(appeal.case_id), Action.LOOKED, by, why, [], {"looked": name})
    return str(text)


def erased(work: Work, name: str, by: str, why: str) -> None:
    """Erase what a customer wrote; the appeal and its answer stay."""
    appeal = appeal_of(work, name)
    work.store.session.execute(sa.delete(AppealTextRow).where(AppealTextRow.appeal_id == name))
    work.record(work.store.case(appeal.case_id), Action.ERASED, by, why, [], {"looked": name})


def appeal_of(work: Work, name: str) -> Appeal:
    """Return an appeal. Raises CaseError where there is none of that name."""
    found = work.remedies.one(Appeal, name)
    if found is None:
        raise CaseError("there is no such appeal", where=name[:80], do="see `stillwatch case appeals`")
    return found


def steps_about(work: Work, case: int, account: str) -> list[Step]:
    """Return the restrictions of a case that an account met, also those that were taken back."""
    return [
        step
        for step in work.remedies.of_case(Step, case)
        if step.kind == StepKind.RESTRICT
        and step.done is not None
        and account not in step.left_out
        and account in work.accounts([step.crowd])
    ]


def _original(work: Work, case: Case, notice: Notice) -> dict[str, Any]:
    """The decision as it is when the appeal comes in, so that it stands beside the answer for ever."""
    steps = steps_about(work, case.id, notice.account)
    letter = work.remedies.one(Letter, notice.letter_id)
    plan = work.remedies.one(Plan, letter.plan_id) if letter else None
    agreed = plan.agreed if plan else {}
    by = {step.by for step in steps} | {case.proposed_by, case.approved_by}
    by |= {plan.by if plan else "", str(agreed.get("proposed_by", "")), str(agreed.get("approved_by", ""))}
    return {
        "by": sorted(by - {""}),
        "letter": letter.id if letter else "",
        "notice_kind": letter.kind if letter else "",
        "plan": plan.id if plan else "",
        "evidence": plan.evidence if plan else "",
        "run": plan.run if plan else "",
        "digest": plan.digest if plan else "",
        "kind": case.kind,
        "verdict": str(case.found.get("verdict", "")),
        "steps": [step.id for step in steps],
        "stage": Stage(max((step.stage for step in steps), default=0)).shown if steps else "",
        "since": min((step.done for step in steps if step.done is not None), default=None),
        "why": plan.why if plan else "",
    }


def _until(work: Work, appeal: Appeal, until: float | None) -> float:
    """Until when an account is left alone: not shorter than what was done about it lasts."""
    ends = round(now() + work.settings.restored_days * DAY, 6) if until is None else until
    steps = steps_about(work, appeal.case_id, appeal.account)
    longest = max((s.until for s in steps if s.until is not None and s.state == StepState.DONE), default=0.0)
    if until is not None and until <= now():
        raise CaseError("the end has passed already", where="--until", do="give a later time")
    return max(ends, longest)
