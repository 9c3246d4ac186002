"""What each sort of step does, and how it is taken back: an entry of the journal, messages, or a letter.

It happens within the session that writes the event which tells of it. Entries and messages have keys, so that
whoever was killed between the two does nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from stillwatch.cases.event import canonical
from stillwatch.cases.outbox.message import LARGEST, Message
from stillwatch.cases.remediation.left_out import left_out
from stillwatch.cases.remediation.letters import drafted
from stillwatch.cases.remediation.plan_words import StepKind, StepState
from stillwatch.cases.remediation.work import DAY, Work, now
from stillwatch.cases.remedy import Letter, Plan, Record, Step
from stillwatch.guard.journal_entry import LONGEST_TEXT, Entry
from stillwatch.guard.people import Order, Said

IN_A_MESSAGE = 100
"""Accounts that one message names at most."""
ROOM = LARGEST - 1_000
"""Bytes that their ids may take in it: an id has up to 1,024 characters, of up to 12 bytes each."""
JOURNALS = (StepKind.RESTRICT, StepKind.HOLD, StepKind.FREE, StepKind.TAKE_BACK)
"""Sorts of steps that write into the journal."""
KEPT: Mapping[str, str] = {
    StepKind.TAKE_BACK: "what it took back ended for good; plan anew to restrict again",
    StepKind.SHARE: "what was shared cannot be called back; those who got it were told",
}
"""Sorts of steps that stay done, and why."""
BEFORE = "the plan was taken back before it"


def done(work: Work, plan: Plan, step: Step) -> list[Record]:
    """Carry a step out; returns it and what else it changed, the step first."""
    made = DOES[StepKind(step.kind)](work, plan, step)
    first = made[0]
    if isinstance(first, Step) and first.state == StepState.DONE:
        _tell(work, first, "done")
    return made


def undone(work: Work, step: Step, by: str, why: str) -> list[Record]:
    """Take a step back; returns it and what else it changed."""
    if step.kind == StepKind.TAKE_BACK and step.done is None:
        return _found_taken_back(work, step, by, why)
    if step.kind in KEPT and step.done is not None:
        _tell(work, step, "undone")
        return [replace(step, state=str(StepState.DONE), why=KEPT[step.kind])]
    if step.kind in JOURNALS:
        seq = step.seq
        if seq is None and (entry := work.journal().written_once(written_under(work, step))) is not None:
            seq = entry.seq
        if seq is not None:
            ended = work.journal().end(seq, Said(by, _cut(why), once=work.once_of(step, "undo")))
            _tell(work, step, "undone")
            return [
                replace(step, state=str(StepState.UNDONE), seq=seq, ended=ended.seq, undone=now(), why=why)
            ]
    if step.done is None:
        return [replace(step, state=str(StepState.SKIPPED), why=BEFORE)]
    _tell(work, step, "undone")
    gone: list[Record] = []
    if step.kind == StepKind.LETTER:
        letter = work.remedies.one(Letter, str(step.parameters.get("made", "")))
        if letter is not None and letter.state in ("draft", "approved"):
            gone = [replace(letter, state="withdrawn")]
        elif letter is not None:
            why = "notices that were sent cannot be called back; write another letter"
    return [replace(step, state=str(StepState.UNDONE), undone=now(), why=why), *gone]


def written_under(work: Work, step: Step) -> str:
    """Return the key under which a step is written into the journal."""
    if step.kind != StepKind.TAKE_BACK:
        return work.once_of(step, "do")
    target = work.remedies.one(Step, step.subject)
    return work.once_of(target or step, "undo")


def _found_taken_back(work: Work, step: Step, by: str, why: str) -> list[Record]:
    """A step that takes another back and was not written down as done: the journal tells whether it was."""
    entry = work.journal().written_once(written_under(work, step))
    target = work.remedies.one(Step, step.subject)
    if entry is None or target is None:
        return [replace(step, state=str(StepState.SKIPPED), why=BEFORE)]
    done = replace(step, state=str(StepState.DONE), done=now(), seq=entry.seq, by=by, why=KEPT[step.kind])
    if target.state == StepState.UNDONE:
        return [done]
    return [done, replace(target, state=str(StepState.UNDONE), ended=entry.seq, undone=now(), why=why)]


def _restrict(work: Work, plan: Plan, step: Step) -> list[Record]:
    accounts = work.accounts([step.crowd])
    spared = left_out(work.store, accounts, now())
    touched = [account for account in accounts if account not in spared]
    if not touched:
        return [replace(step, state=str(StepState.SKIPPED), why="all its accounts were cleared since")]
    told = step.parameters
    order = Order(
        str(told["step"]),
        str(told["reason"]),
        int(told.get("account_tokens", 0)),
        int(told.get("campaign_tokens", 0)),
    )
    entry = work.journal().act(plan.identity, touched, order, _said(work, plan, step))
    return [_wrote(replace(step, left_out=tuple(sorted(spared))), plan, entry)]


def _hold(work: Work, plan: Plan, step: Step) -> list[Record]:
    return [_wrote(step, plan, work.journal().hold(plan.identity, _said(work, plan, step), force=True))]


def _free(work: Work, plan: Plan, step: Step) -> list[Record]:
    (account,) = work.accounts([step.crowd])
    said = _said(work, plan, step, work.settings.restored_days)
    return [_wrote(step, plan, work.journal().exempt(account, "cleared by review", said))]


def _take_back(work: Work, plan: Plan, step: Step) -> list[Record]:
    target = work.remedies.one(Step, step.subject)
    if target is None or target.seq is None or target.state != StepState.DONE:
        return [
            replace(step, state=str(StepState.SKIPPED), why=f"step {step.subject} was taken back already")
        ]
    said = Said(plan.by, _why(plan), once=written_under(work, step))
    entry = work.journal().end(target.seq, said)
    ended = replace(target, state=str(StepState.UNDONE), ended=entry.seq, undone=now(), why=_why(plan))
    return [_wrote(step, plan, entry), ended]


def _rotate(work: Work, plan: Plan, step: Step) -> list[Record]:
    parts = _parts(work.accounts([step.crowd]))
    for number, part in enumerate(parts, 1):
        body = {"do": "rotate-keys", "step": step.id, "accounts": part, "part": number, "parts": len(parts)}
        _queue(work, step, f"rotate-keys.{number}", body)
    return [_finished(step, plan)]


def _parts(accounts: Sequence[str]) -> list[list[str]]:
    """Accounts as messages have room for them."""
    parts: list[list[str]] = [[]]
    for account in accounts:
        if len(parts[-1]) == IN_A_MESSAGE or len(canonical([*parts[-1], account])) > ROOM:
            parts.append([])
        parts[-1].append(account)
    return parts


def _taint(work: Work, plan: Plan, step: Step) -> list[Record]:
    figures = {
        name: plan.content["taint"][name]
        for name in (
            "run",
            "digest",
            "evidence",
            "first",
            "last",
            "exchanges",
            "input_tokens",
            "output_tokens",
        )
    }
    _queue(work, step, "taint", {"do": "taint", "step": step.id, **figures})
    return [_finished(step, plan)]


def _share(work: Work, plan: Plan, step: Step) -> list[Record]:
    _queue(work, step, "share", {"do": "share", "step": step.id, "marks": plan.content["sharing"]["marks"]})
    return [_finished(step, plan)]


def _look(_work: Work, plan: Plan, step: Step) -> list[Record]:
    return [_finished(step, plan)]


def _letter(work: Work, plan: Plan, step: Step) -> list[Record]:
    letter = drafted(work, plan, step)
    return [_finished(replace(step, parameters={**step.parameters, "made": letter.id}), plan), letter]


DOES: Mapping[StepKind, Callable[[Work, Plan, Step], list[Record]]] = {
    StepKind.RESTRICT: _restrict,
    StepKind.LOOK: _look,
    StepKind.HOLD: _hold,
    StepKind.ROTATE_KEYS: _rotate,
    StepKind.TAINT: _taint,
    StepKind.LETTER: _letter,
    StepKind.SHARE: _share,
    StepKind.TAKE_BACK: _take_back,
    StepKind.FREE: _free,
}


def _said(work: Work, plan: Plan, step: Step, days: float | None = None) -> Said:
    lasts = float(step.parameters["days"]) if days is None else days
    return Said(plan.by, _why(plan), now() + lasts * DAY, written_under(work, step))


def _why(plan: Plan) -> str:
    agreed = plan.agreed.get("approved_by")
    return _cut(
        f"case {plan.case_id}, plan {plan.version}{f', agreed by {agreed}' if agreed else ''}: {plan.why}"
    )


def _cut(text: str) -> str:
    return text[:LONGEST_TEXT]


def _wrote(step: Step, plan: Plan, entry: Entry) -> Step:
    return replace(_finished(step, plan), seq=entry.seq, until=entry.expires)


def _finished(step: Step, plan: Plan) -> Step:
    return replace(step, state=str(StepState.DONE), done=now(), by=plan.by, why="")


def _tell(work: Work, step: Step, what: str) -> None:
    """Tell the operator's own systems of a step: its sort, and how many accounts it is about."""
    count = len(work.accounts([step.crowd])) - len(step.left_out) if step.crowd else 0
    body = {
        "step": step.id,
        "kind": step.kind,
        "state": what,
        "accounts": count,
        "restriction": step.parameters.get("step", ""),
    }
    _queue(work, step, what, body)


def _queue(work: Work, step: Step, what: str, body: dict[str, Any]) -> None:
    work.tell(
        work.store.session, Message("plan.step", f"plan.step:{work.named(step)}:{what}", step.case_id, body)
    )
