"""What the parts of remediation work with: one session, the settings, the guard's journal, who is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.case_settings import CaseSettings
from stillwatch.cases.case import Case
from stillwatch.cases.event import FIRST, Action
from stillwatch.cases.models import EventRow
from stillwatch.cases.outbox.message import Message
from stillwatch.cases.outbox.queue import queue
from stillwatch.cases.remedy import Crowd, Plan, Record, Step
from stillwatch.cases.remedy_rows import Remedies
from stillwatch.cases.store import Store
from stillwatch.errors import CaseError
from stillwatch.guard.people import People

Tell = Callable[[Session, Message], object]
"""Queues a message within the session that writes the event that it tells of."""
DAY = 86_400.0


@dataclass(frozen=True)
class Work:
    """A session, and what else is needed."""

    store: Store
    """The store of cases, within a session that writes."""
    settings: CaseSettings
    """How people decide."""
    tell: Tell = queue
    """Who is told."""
    people: People | None = None
    """The guard's journal; None: no state was given."""

    @property
    def remedies(self) -> Remedies:
        """What is done about cases."""
        return self.store.remedies

    def plan(self, case: int) -> Plan | None:
        """Return the newest plan of a case; None if it has none."""
        plans = self.remedies.of_case(Plan, case)
        return plans[-1] if plans else None

    def steps(self, plan: Plan) -> list[Step]:
        """Return the steps of a plan, in order."""
        return sorted(self.remedies.where(Step, plan_id=plan.id), key=lambda one: one.place)

    def accounts(self, crowds: Iterable[str]) -> list[str]:
        """Return the accounts of crowds, sorted."""
        found = (self.remedies.one(Crowd, name) for name in set(crowds))
        return sorted({account for one in found if one is not None for account in one.accounts})

    def journal(self) -> People:
        """Return the guard's journal. Raises CaseError where none was given."""
        if self.people is None:
            raise CaseError(
                "this is written into a guard's journal, and no state was given",
                where="--state",
                do="give the guard's state folder, with its signing key",
            )
        return self.people

    def once(self, name: str) -> str:
        """Return the key under which something of this store is written into a journal once."""
        first = self.store.session.scalar(sa.select(EventRow.hash).where(EventRow.seq == 1)) or FIRST
        return f"case-{first[:16]}-{name}"

    def once_of(self, step: Step, what: str) -> str:
        """Return the key under which something of a step is written into a journal once."""
        return self.once(f"{self.named(step)}-{what}")

    def named(self, step: Step) -> str:
        """Return a name that no other step ever had: in a store that was restored from a copy, numbers are
        given a second time, and the journal and the receivers of messages know the first ones.
        """
        plan = self.remedies.one(Plan, step.plan_id)
        return stamped(step.id, plan.made if plan is not None else 0.0)

    def record(
        self,
        case: Case,
        action: Action,
        by: str,
        why: str,
        records: Sequence[Record],
        added: Mapping[str, Any] | None = None,
    ) -> Case:
        """Write one event with what it makes of records."""
        return self.store.record(case, action, by, why, {}, added=added, remedy=records)


def now() -> float:
    """Return the time as records keep it, POSIX seconds."""
    return round(time.time(), 6)


def stamped(name: str, made: float) -> str:
    """Return a record's name with the time at which it was made, POSIX seconds, to the microsecond."""
    return f"{name}.{round(made * 1e6):x}"
