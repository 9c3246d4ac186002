"""Alarms of `stillwatch watch`: each campaign that a run's alarms tell of is told once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from stillwatch.cases.outbox.message import Message
from stillwatch.cases.outbox.queue import queue
from stillwatch.cases.outbox.severity import severity_of
from stillwatch.cases.outbox.telling import figure, named
from stillwatch.iso_time import iso
from stillwatch.run.reading import Row, Run

FIGURES = ("accounts", "named", "present", "at_least", "exchanges")


def alarms_of(folder: Path) -> list[Row]:
    """Return the first finding of each alarm of a run; none where it was not watched. Raises RunError for a
    run that cannot be read.
    """
    run = Run(folder)
    return [row for row in run.rows("alarms") if row["new"]] if run.files("alarms") else []


def tell_alarms(session: Session, run: str, alarms: Sequence[Row], known: Mapping[str, int]) -> int:
    """Queue a message for each alarm, within a session that writes; return how many were not told before.

    run: its id; known: the case of every identity that one follows.
    """
    return sum(queue(session, _message(run, row, known.get(row["identity"]))) for row in alarms)


def _message(run: str, row: Row, case: int | None) -> Message:
    body: dict[str, Any] = {
        "case": case,
        "alarm": named(row["alarm"]),
        "identity": named(row["identity"]),
        "campaign": named(row["campaign"]),
        "verdict": named(row["verdict"]),
        "severity": severity_of(row["verdict"]),
        "run": named(run),
        "until": iso(row["until"]),
        **{name: figure(row[name]) for name in FIGURES},
    }
    # An identity may have any characters, and a key may not.
    digest = hashlib.sha256(str(row["identity"]).encode("utf-8", "surrogatepass")).hexdigest()
    return Message("alarm", f"alarm.{digest[:32]}", case, body)
