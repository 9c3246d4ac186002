"""The door to remediation: plans, letters and appeals, for the commands, the console and Python."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from stillwatch.cases.changing import Editing
from stillwatch.cases.event import Action
from stillwatch.cases.labels import evidence_at
from stillwatch.cases.remediation import appeals, carrying, notices
from stillwatch.cases.remediation.counting import Wrongful, wrongful
from stillwatch.cases.remediation.dry import DryStep, dry_run
from stillwatch.cases.remediation.letters import filled
from stillwatch.cases.remediation.opening import Opening
from stillwatch.cases.remediation.pending import Pending, pending
from stillwatch.cases.remediation.plan_words import Stage, StepKind
from stillwatch.cases.remediation.planning import in_force, planned
from stillwatch.cases.remediation.resuming import begun, ended
from stillwatch.cases.remediation.taken import takers
from stillwatch.cases.remediation.tokens import same, token_of
from stillwatch.cases.remediation.watching import compared, measured
from stillwatch.cases.remediation.work import Work, now
from stillwatch.cases.remedy import Appeal, Letter, Measure, Notice, Plan, Step
from stillwatch.cases.words import LONGEST_TEXT, name_of, text_of
from stillwatch.errors import CaseError


@dataclass(frozen=True)
class Planned:
    """A plan with its steps."""

    plan: Plan
    """The plan."""
    steps: tuple[Step, ...]
    """Its steps, in order."""


@dataclass(frozen=True)
class AppealPage:
    """What a customer sees behind the link of a notice."""

    account: str
    """The account."""
    subject: str
    """The letter's subject."""
    text: str
    """The letter."""
    expires: float
    """When the link ends, POSIX seconds."""
    appeals: tuple[Appeal, ...]
    """Its appeals: state, due, answer and compensation may be shown; the reason stays inside."""
    may_appeal: bool
    """Whether another may be opened."""


class Remediation(Opening):
    """Plans, letters and appeals of a store of cases. Use it as a context manager; threads may share it.

    Every change is one event. What is written into the guard's journal or told to other systems has a key, so
    that it happens once, however often a server is killed; `resume` ends what was begun. Methods raise
    CaseError for what cannot be done, CaseConflict where somebody else was first, RunError for a state that
    cannot be used.
    """

    # Plans

    def plan(self, number: int, *, by: str, reason: str, version: int | None = None) -> Planned:
        """Make a plan of a case, which takes the place of the one before; of a closed case that was dismissed
        or turned out licensed or a victim's, a plan that takes back what was done.
        """
        actor, why = name_of(by), text_of(reason)
        with self._working() as work:
            case = Editing.of(work.store, number, version).case
            work.record(case, Action.PLANNED, actor, why, planned(work, case, actor, why))
        return self.show(number)

    def show(self, number: int) -> Planned:
        """Return the newest plan of a case. Raises CaseError where it has none."""
        with self._looking() as work:
            plan = carrying.plan_of(work, work.store.case(number))
            return Planned(plan, tuple(work.steps(plan)))

    def plans(self, number: int) -> list[Planned]:
        """Return every plan of a case, the first one first."""
        with self._looking() as work:
            found = work.remedies.of_case(Plan, number)
            return [Planned(plan, tuple(work.steps(plan))) for plan in found]

    def accounts(self, step: str) -> list[str]:
        """Return the accounts that a step is about, without those that were left out on the way."""
        with self._looking() as work:
            found = work.remedies.one(Step, step)
            if found is None:
                raise CaseError(
                    "there is no such step", where=step[:80], do="see `stillwatch case plan --show`"
                )
            names = [found.crowd] if found.crowd else list(found.parameters.get("crowds", ()))
            return [one for one in work.accounts(names) if one not in found.left_out]

    def dry_run(
        self,
        number: int,
        through: Stage = Stage.BLOCK,
        said: Callable[[str], object] = lambda _words: None,
    ) -> list[DryStep]:
        """Return what carrying out up to a stage would write where, and whom it would touch. said: is told
        how far it is.
        """
        if self._people is not None:
            self._people.refresh()
        with self._looking() as work:
            return dry_run(work, carrying.plan_of(work, work.store.case(number)), through, said)

    def refusal(self, number: int) -> str:
        """Return why the newest plan may not be carried out now; empty if it may."""
        with self._looking() as work:
            case = work.store.case(number)
            refused = carrying.refusal(work, case, carrying.plan_of(work, case))
            return "" if refused is None else refused.what

    def carry_out(
        self, number: int, through: Stage, *, by: str, reason: str, version: int | None = None
    ) -> Planned:
        """Carry the newest plan out up to a stage. Its state says whether it was carried out or stopped."""
        self.order(number, through, by=by, reason=reason, version=version)
        return self.go_on(number)

    def order(self, number: int, through: Stage, *, by: str, reason: str, version: int | None = None) -> None:
        """Decide that the newest plan is carried out up to a stage; `go_on` then does it."""
        actor, why = name_of(by), text_of(reason)
        with self._working() as work:
            carrying.order(work, Editing.of(work.store, number, version).case, through, actor, why)

    def go_on(self, number: int) -> Planned:
        """Do what is left of what people ordered about a case: steps carried out, and taken back."""
        carrying.carry_on(self._working, number)
        carrying.take_back(self._working, number)
        return self.show(number)

    def share(self, number: int, *, by: str, reason: str) -> Step:
        """Offer the campaign's marks to be shared: a message to the operator's own systems."""
        with self._working() as work:
            return carrying.share(work, work.store.case(number), name_of(by), text_of(reason))

    def undo(
        self, number: int, step: str = "", *, by: str, reason: str, version: int | None = None
    ) -> Planned:
        """Take one step back, or all that was done about a case."""
        self.order_back(number, step, by=by, reason=reason, version=version)
        return self.go_on(number)

    def order_back(
        self, number: int, step: str = "", *, by: str, reason: str, version: int | None = None
    ) -> None:
        """Decide that one step is taken back, or all; `go_on` then does it."""
        actor, why = name_of(by), text_of(reason)
        with self._working() as work:
            carrying.order_back(work, Editing.of(work.store, number, version).case, step, actor, why)

    def resume(self) -> list[str]:
        """End what was begun and not ended, as after a server was killed; returns what was gone on with.

        Call it when a server starts. Without a state, what needs the journal waits. Customers' restorations
        come first, and a fault of one stops no other: the first is raised when all were tried.
        """
        with self._looking() as work:
            found = begun(work)
        going: list[tuple[str, Callable[[], object]]] = []
        if self._people is not None:
            going += [(f"appeal {one}", partial(self._restore, one)) for one in found.restorations]
        for one in found.taken_back:
            going.append((f"taking back in case {one}", partial(carrying.take_back, self._working, one)))
        for one in found.carried:
            going.append((f"plan of case {one}", partial(carrying.carry_on, self._working, one)))
        going += [(f"letter {one}", partial(self._carry_letter_on, one)) for one in found.letters]
        return ended(going)

    def _carry_letter_on(self, name: str) -> None:
        notices.carry_on(self._working, name, self._appeal_key())

    # What was taken, and whether it comes back

    def taint(self, number: int) -> dict[str, Any]:
        """Return the taint set of the newest plan, with who took it, for forensics."""
        with self._looking() as work:
            plan = carrying.plan_of(work, work.store.case(number))
            kept = evidence_at(work.store, number)
            if "taint" not in plan.content:
                raise CaseError(
                    "the newest plan restores, and tells of nothing taken",
                    where=f"plan {plan.id}",
                    do="see the plan before",
                )
            return {**plan.content["taint"], "takers": takers(kept)}

    def measure(
        self, number: int, later: Path, *, earlier: Path | None = None, by: str, reason: str
    ) -> Measure:
        """Measure from a later run whether the campaign's marks come back, where and how fast; an event.

        earlier: the run that the case was opened on, if it is there still: for successors, volume, probing.
        """
        actor, why = name_of(by), text_of(reason)
        with self._looking() as work:
            case = work.store.case(number)
            kept = evidence_at(work.store, number)
            steps = in_force(work, number, (StepKind.RESTRICT,))
            since = min((one.done for one in steps if one.done is not None), default=None)
            accounts = work.accounts(step.crowd for step in steps)
            plan = carrying.plan_of(work, case)
        if since is None:
            raise CaseError(
                "no step is in force, so nothing can have moved",
                where=f"case {number}",
                do="carry a plan out",
            )
        content = measured(kept, case, later, since, accounts)
        if earlier is not None:
            content["displacement"] = compared(earlier, later, case, since, accounts)
        with self._working() as work:
            count = len(work.remedies.of_case(Measure, number)) + 1
            made = Measure(f"{number}.m{count}", number, plan.id, now(), content)
            work.record(work.store.case(number), Action.MEASURED, actor, why, [made])
            return made

    def measures(self, number: int) -> list[Measure]:
        """Return what later runs showed, in order."""
        with self._looking() as work:
            return work.remedies.of_case(Measure, number)

    # Letters

    def letters(self, number: int) -> list[Letter]:
        """Return the letters of a case."""
        with self._looking() as work:
            return work.remedies.of_case(Letter, number)

    def letter(self, name: str) -> Letter:
        """Return a letter."""
        with self._looking() as work:
            return notices.letter_of(work, name)

    def edit_letter(self, name: str, text: str, *, by: str, reason: str) -> Letter:
        """Write a letter anew; its first line is `Subject: …`. It must be approved again."""
        with self._working() as work:
            return notices.edit(work, name, text, name_of(by), text_of(reason))

    def approve_letter(self, name: str, *, by: str, reason: str) -> Letter:
        """Approve a letter."""
        with self._working() as work:
            return notices.approve(work, name, name_of(by), text_of(reason))

    def withdraw_letter(self, name: str, *, by: str, reason: str) -> Letter:
        """Let a letter not go out."""
        with self._working() as work:
            return notices.withdraw(work, name, name_of(by), text_of(reason))

    def send_letter(self, name: str, *, by: str, reason: str) -> Letter:
        """Queue an approved letter: one notice, with an appeal link, for each account."""
        self.order_letter(name, by=by, reason=reason)
        return self.go_on_letter(name)

    def order_letter(self, name: str, *, by: str, reason: str) -> None:
        """Decide that an approved letter goes out; `go_on_letter` then queues it."""
        actor, why = name_of(by), text_of(reason)
        self._appeal_key()  # a key that cannot be read is told before anybody decides
        with self._working() as work:
            notices.order(work, name, actor, why)

    def go_on_letter(self, name: str) -> Letter:
        """Queue what is left of a letter that goes out."""
        return notices.carry_on(self._working, name, self._appeal_key())

    def notices(self, letter: str) -> list[Notice]:
        """Return the notices of a letter."""
        with self._looking() as work:
            return work.remedies.where(Notice, letter_id=letter)

    def link(self, notice: str) -> str:
        """Return the appeal link of a notice. Whoever has it may appeal: give it to the customer alone."""
        if not self.cases.settings.appeal_url:
            raise CaseError(
                "nobody said where appeals arrive, so no link can be made",
                where="cases.appeal_url",
                do="give the settings with which the letter was sent (--settings)",
            )
        key = self._appeal_key()
        with self._looking() as work:
            found = work.remedies.one(Notice, notice)
            if found is None:
                raise CaseError(
                    "there is no such notice", where=notice[:80], do="see `stillwatch case letters`"
                )
            token = token_of(key, work.once(found.id), found.account)
            if not same(token, found.token_hash):
                do = "restore the key from a copy; links that customers have still work"
                raise CaseError("the key of appeal links is another", where=f"notice {notice}", do=do)
        return self.cases.settings.appeal_url + token

    def filled(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of a message of topic notice with account and link filled in, for its delivery."""
        return filled(dict(body), self.link(str(body.get("notice", ""))))

    # Appeals

    def appeal_page(self, token: str) -> AppealPage:
        """Return what stands behind a link. Raises CaseError for one that never was, and one that ended."""
        with self._looking() as work:
            notice = appeals.notice_of(work, token)
            letter = notices.letter_of(work, notice.letter_id)
            before = tuple(work.remedies.where(Appeal, notice_id=notice.id))
        body = {"account": notice.account, "subject": letter.subject, "text": letter.text, "html": ""}
        shown = filled(body, self.cases.settings.appeal_url + token)
        may = all(one.state == "answered" for one in before)
        may = may and len(before) < self.cases.settings.appeals_a_notice
        return AppealPage(notice.account, shown["subject"], shown["text"], notice.expires, before, may)

    def open_appeal(self, token: str, text: str) -> Appeal:
        """Take an appeal by the link of a notice."""
        with self._working() as work:
            return appeals.opened(work, token, text)

    def appeals(self, number: int | None = None) -> list[Appeal]:
        """Return the appeals of a case, or all: those that are due first come first."""
        with self._looking() as work:
            found = work.remedies.all(Appeal) if number is None else work.remedies.of_case(Appeal, number)
        return sorted(found, key=lambda one: (one.state != "open", one.due, one.id))

    def appeal(self, name: str) -> Appeal:
        """Return an appeal, with the original decision; not what the customer wrote."""
        with self._looking() as work:
            return appeals.appeal_of(work, name)

    def appeal_text(self, name: str, *, by: str, reason: str) -> str:
        """Return what the customer wrote; an event says who read it and why."""
        with self._working() as work:
            return appeals.words_of(work, name, name_of(by), text_of(reason))

    def erase_appeal_text(self, name: str, *, by: str, reason: str) -> None:
        """Erase what the customer wrote."""
        with self._working() as work:
            appeals.erased(work, name, name_of(by), text_of(reason))

    def answer_appeal(
        self,
        name: str,
        answer: str,
        *,
        by: str,
        reason: str,
        compensation: str = "",
        until: float | None = None,
    ) -> Appeal:
        """Answer an appeal: uphold (the decision stands), partly, overturn; then restore at the gateway.

        until: how long the account is left alone, POSIX seconds; None: as the settings say.
        """
        actor, why = name_of(by), text_of(reason)
        gift = text_of(compensation, "--compensation", LONGEST_TEXT) if compensation.strip() else ""
        with self._working() as work:
            if answer != appeals.UPHOLD and appeals.steps_about(work, *self._whom(work, name)):
                work.journal()
            made = appeals.answered(work, name, answer, actor, why, gift, until)
        return self._restore(name) if made.restoration == "due" and self._people is not None else made

    def restore_appeal(self, name: str) -> Appeal:
        """Do at the gateway what an answer promised, if it is not done."""
        return self._restore(name)

    # What needs people, and what went wrong

    def pending(self) -> Pending:
        """Return what waits for a person: restorations, appeals and their breach, letters, plans stopped."""
        with self._looking() as work:
            return pending(work, time.time())

    def wrongful(self) -> Wrongful:
        """Return how often accounts were acted against wrongly, with exact intervals."""
        with self._looking() as work:
            return wrongful(work.store, time.time())

    def _whom(self, work: Work, name: str) -> tuple[int, str]:
        appeal = appeals.appeal_of(work, name)
        return appeal.case_id, appeal.account

    def _restore(self, name: str) -> Appeal:
        with self._working() as work:
            return appeals.restored(work, name)
