"""What a provider answered: so many runs for an investigation, and no more."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from stillwatch.errors import IntelError
from stillwatch.intel.private.overlap.agreement import Agreement
from stillwatch.intel.private.tables import make_tables


class Base(DeclarativeBase):
    """The tables of this piece."""


class AnsweredRun(Base):
    """A request that was answered."""

    __tablename__ = "overlap_runs"
    run: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    asks: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    investigation: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(32))
    epoch: Mapped[str] = mapped_column(sa.String(10))
    agreement: Mapped[str] = mapped_column(sa.String(64))
    asked_class: Mapped[int]
    at: Mapped[float]


def count_run(session: Session, agreement: Agreement, run: str, asked_class: int, now: float) -> int:
    """Count a request; return how many are left. Raises IntelError for one that was answered before, and
    where the agreed number was answered already.

    Runs are counted by investigation, who asks, kind and epoch: agreeing anew does not count anew.
    """
    make_tables(session, "overlap", Base)
    if session.get(AnsweredRun, (run, agreement.asks)) is not None:
        raise IntelError(
            "this request was answered before",
            where=f"investigation {agreement.investigation}",
            do="use the answer that was given, or make a new request",
        )
    done = session.scalar(
        sa.select(sa.func.count())
        .select_from(AnsweredRun)
        .where(
            AnsweredRun.asks == agreement.asks,
            AnsweredRun.investigation == agreement.investigation,
            AnsweredRun.kind == agreement.kind.value,
            AnsweredRun.epoch == agreement.epoch,
        )
    )
    if int(done or 0) >= agreement.runs:
        raise IntelError(
            f"the {agreement.runs:,} runs of this investigation are used up",
            where=f"investigation {agreement.investigation}, {agreement.kind}, {agreement.epoch}",
            do="each run tells something about values; agree on more, with a reason, if they are needed",
        )
    session.add(
        AnsweredRun(
            run=run,
            asks=agreement.asks,
            investigation=agreement.investigation,
            kind=agreement.kind.value,
            epoch=agreement.epoch,
            agreement=agreement.digest,
            asked_class=asked_class,
            at=now,
        )
    )
    session.flush()
    return agreement.runs - int(done or 0) - 1
