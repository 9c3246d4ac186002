"""The whole story of a case in a process of its own, which is killed at a call that is told."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from remedy_stores import SETTINGS
from sqlalchemy.orm import Session

from stillwatch.case_settings import CaseSettings
from stillwatch.cases import Cases
from stillwatch.cases.outbox.message import Message
from stillwatch.cases.remediation import Remediation
from stillwatch.cases.remediation.plan_words import Stage

BY: dict[str, Any] = {"by": "Anna", "reason": "so decided"}
OTHER: dict[str, Any] = {"by": "Chi", "reason": "looked again"}
WATCHED = (
    "remediation",
    "journal.py",
    "people.py",
    "store.py",
    "remedy_rows.py",
    "database.py",
    "session.py",
)


def tell(session: Session, message: Message) -> bool:
    """An outbox: what is queued is there if the event is; a key that is there already is counted."""
    values = {"key": message.key, "topic": message.topic}
    here = session.execute(sa.text("SELECT 1 FROM told WHERE key = :key"), values).first()
    if here is not None:
        session.execute(sa.text("UPDATE told SET times = times + 1 WHERE key = :key"), values)
        return False
    session.execute(sa.text("INSERT INTO told VALUES (:key, :topic, 1)"), values)
    return True


def opened(folder: Path) -> tuple[Cases, Remediation]:
    cases = Cases(folder / "CASES.db", settings=CaseSettings(**SETTINGS))
    return cases, Remediation(cases, folder / "state", tell=tell)


def story(cases: Cases, door: Remediation) -> None:
    """From where it stands to the end: plan, all stages, a letter, an appeal, an answer, all taken back."""
    if not door.plans(1):
        door.plan(1, **BY)
    plan = door.show(1).plan
    if plan.state == "planned":
        door.carry_out(1, Stage.SLOW, **BY)
        plan = door.show(1).plan
    if plan.state == "carried out" and plan.through < Stage.BLOCK:
        door.carry_out(1, Stage.BLOCK, **BY)
    letter = door.letters(1)[-1]
    if letter.state == "draft":
        letter = door.approve_letter(letter.id, **OTHER)
    if letter.state == "approved":
        door.send_letter(letter.id, **OTHER)
    first = door.notices(letter.id)[0]
    if not door.appeals(1):
        door.open_appeal(door.link(first.id).rpartition("/")[2], "we are a class")
    appeal = door.appeals(1)[0]
    if appeal.state == "open":
        door.answer_appeal(appeal.id, "overturn", **OTHER)
    if door.show(1).plan.state == "carried out":
        door.undo(1, **OTHER)


def main(folder: Path, what: str, dies_at: int) -> None:
    """Live the story, until the call of that number; prints how many there were if it lives on.

    what: any, a call or a return in the parts that matter; append, a return from writing the journal, when
    the store does not know of the entry yet; tell, a return from queueing a message.
    """
    count = 0

    def watch(frame: Any, event: str, _argument: object) -> None:
        nonlocal count
        file, name = frame.f_code.co_filename, frame.f_code.co_name
        if what == "any":
            counts = event in ("call", "return") and (file.endswith(WATCHED) or "remediation" in file)
        elif what == "append":
            counts = event == "return" and name == "append" and file.endswith("journal.py")
        else:
            counts = event == "return" and name == "tell"
        count += counts
        if counts and count == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    cases, door = opened(folder)
    with cases, door:
        sys.setprofile(watch)
        story(cases, door)
        sys.setprofile(None)
    print(count)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
