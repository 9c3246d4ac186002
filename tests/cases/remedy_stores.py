"""Cases with a guard's state beside them, and small handles on both."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from case_runs import Group, Sealed, sealed
from sqlalchemy.orm import Session

from stillwatch.case_settings import CaseSettings
from stillwatch.cases import Cases
from stillwatch.cases.outbox.message import Message
from stillwatch.cases.remediation import Remediation
from stillwatch.guard.journal import Journal
from stillwatch.guard.journal_entry import Entry
from stillwatch.guard.publish import publish
from stillwatch.guard.published import PublishedState
from stillwatch.guard.state_folder import StateFolder
from stillwatch.guard.state_keys import verifier
from stillwatch.response.known import Known

SETTINGS: dict[str, Any] = {"appeal_url": "https://example.org/appeal/", "provider": "Wren"}
SMALL = Group("camp-small")
LARGE = Group("camp-large", 30)
ROBBED = Group("camp-robbed", 4, role="victim")
OPEN = Group("camp-open", 3, verdict="unlicensed")
HIDDEN = Group("camp-hidden", 3, verdict="coordinated", role="provider")


@dataclass
class Told:
    """Who keeps what is told, each key once, as an outbox does."""

    messages: dict[str, Message] = field(default_factory=dict)
    again: int = 0

    def __call__(self, _session: Session, message: Message) -> bool:
        new = message.key not in self.messages
        self.again += not new
        self.messages.setdefault(message.key, message)
        return new

    def of(self, topic: str) -> list[Message]:
        return [one for one in self.messages.values() if one.topic == topic]


@dataclass
class Beside:
    """A store of cases and a state."""

    cases: Cases
    door: Remediation
    told: Told
    state: Path

    def entries(self) -> list[Entry]:
        """The journal."""
        folder = StateFolder(self.state)
        with Journal(folder.journal, verifier(folder.keys)) as journal:
            return journal.entries()

    def known(self, account: str, ahead: float = 1.0) -> Known:
        """What a guard would know of an account."""
        state = PublishedState(self.state, watch=False)
        found = state.known(account, "", time.time() + ahead)
        state.close()
        assert found is not None
        return found

    def meets(self, account: str) -> set[str]:
        """The steps that people took about an account and that nothing clears."""
        found = self.known(account)
        if found.account.exempt or found.account.held:
            return set()
        return {one.action.step.name.lower() for one in found.acts}

    def close(self) -> None:
        self.door.close()
        self.cases.database.close()


def beside(place: str, folder: Path, *groups: Group, **settings: Any) -> Beside:
    """Cases about campaigns, and a state in which they are published."""
    run = sealed(folder / "run", Sealed("run-1", groups or (SMALL, LARGE, ROBBED, OPEN, HIDDEN)))
    publish(run, folder / "state")
    cases = Cases(
        place, create=True, settings=CaseSettings(**{**SETTINGS, **settings}), signing=folder / "signing.key"
    )
    cases.sync(run)
    told = Told()
    door = Remediation(cases, folder / "state", tell=told, appeal_key=folder / "appeals.key")
    return Beside(cases, door, told, folder / "state")


def acting(work: Beside, number: int, by: str = "Anna", second: str = "Bela") -> None:
    """Move a case to acting, with a second person where it is large."""
    work.cases.move(number, "investigating", by=by, reason="one card")
    if work.cases.show(number).one_person_suffices(work.cases.settings.second_person):
        work.cases.move(number, "acting", by=by, reason="clear")
        return
    work.cases.move(number, "awaiting second review", by=by, reason="clear")
    work.cases.review(number, agree=True, by=second, reason="I agree")


def by(name: str = "Anna") -> dict[str, Any]:
    return {"by": name, "reason": "so decided"}
