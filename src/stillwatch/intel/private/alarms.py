"""What looks like enumeration. The service sees sizes and times of requests only: values are blinded, so it
cannot see that somebody goes through a network address by address.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.intel.private.epoch import Epoch
from stillwatch.intel.private.settings import LookupSettings
from stillwatch.intel.private.tables import Batch, Spending

HOUR_S = 3_600.0
EXHAUSTED = "budget-exhausted"
"""A request was refused: the budget did not suffice."""
FAST = "spent-fast"
"""A large share of a budget within one hour."""
FULL = "full-batches"
"""One batch of the largest size after another."""
BURST = "burst-after-rotation"
"""Far more in the first hour of an epoch than in the whole epoch before: more than its values asked again."""


def alarms_of(
    session: Session, row: Spending, epoch: Epoch, now: float, settings: LookupSettings, *, refused: bool
) -> Iterator[str]:
    """The alarms that a member's spending gives after a request."""
    if refused:
        yield EXHAUSTED
    hour = _since(session, row, now - HOUR_S)
    if hour >= settings.alarm_hour_share * settings.budget:
        yield FAST
    if row.full_in_a_row >= settings.alarm_full_batches:
        yield FULL
    if now < epoch.begins + HOUR_S:
        before = session.get(Spending, (row.member, epoch.previous().name))
        if before and before.spent and row.spent > settings.alarm_burst_factor * before.spent:
            yield BURST


def _since(session: Session, row: Spending, since: float) -> int:
    found = session.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(Batch.inputs), 0)).where(
            Batch.member == row.member, Batch.epoch == row.epoch, Batch.at >= since
        )
    )
    return int(found or 0)
