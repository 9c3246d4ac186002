"""What a member may ask in an epoch, counted by inputs, in the transaction that tells the log."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from stillwatch.intel.member import Member
from stillwatch.intel.private.alarms import alarms_of
from stillwatch.intel.private.epoch import Epoch
from stillwatch.intel.private.settings import LookupSettings
from stillwatch.intel.private.tables import Alarm, Batch, Spending
from stillwatch.intel.witness import Fact, Witness


@dataclass(frozen=True)
class Charge:
    """What a request cost."""

    granted: bool
    """Whether it may be answered."""
    left: int
    """Inputs left in this epoch."""
    repeated: bool = False
    """Whether it is the very batch that was answered before, at no cost."""


def left_of(session: Session, member: Member, epoch: Epoch, settings: LookupSettings) -> int:
    """Inputs that a member may still ask in an epoch."""
    row = session.get(Spending, (member.identity, epoch.name))
    return settings.budget - (row.spent if row else 0)


def charge(
    session: Session,
    member: Member,
    epoch: Epoch,
    digest: bytes,
    inputs: int,
    now: float,
    settings: LookupSettings,
    witness: Witness,
) -> Charge:
    """Take the cost of a batch from a member's budget, and tell the witness its size.

    digest: SHA-256 of the batch. The session is a writer's: requests at once are counted one after another.
    """
    row = session.get(Spending, (member.identity, epoch.name))
    if row is None:
        row = Spending(member=member.identity, epoch=epoch.name, spent=0, requests=0, full_in_a_row=0)
        session.add(row)
    known = session.get(Batch, (member.identity, epoch.name, digest))
    repeated = known is not None and known.answers <= settings.free_repeats
    granted = repeated or row.spent + inputs <= settings.budget
    row.requests += 1
    if granted and not repeated:
        row.spent += inputs
        row.full_in_a_row = row.full_in_a_row + 1 if inputs >= settings.largest_batch else 0
    if granted and known is None:
        session.add(
            Batch(member=member.identity, epoch=epoch.name, digest=digest, inputs=inputs, answers=1, at=now)
        )
    elif granted and known is not None:
        known.answers = known.answers + 1 if repeated else 1
        known.at = known.at if repeated else now
    session.flush()
    left = settings.budget - row.spent
    facts: dict[str, Fact] = {
        "epoch": epoch.name,
        "inputs": inputs,
        "granted": granted,
        "repeated": repeated,
        "left": left,
    }
    witness(session, "lookup", member, facts)
    for kind in alarms_of(session, row, epoch, now, settings, refused=not granted):
        if session.get(Alarm, (member.identity, epoch.name, kind)) is None:
            session.add(Alarm(member=member.identity, epoch=epoch.name, kind=kind, at=now, spent=row.spent))
            witness(session, "lookup.alarm", member, {"epoch": epoch.name, "alarm": kind, "spent": row.spent})
    return Charge(granted, left, repeated)
