"""The ledger of counts: each costs a part of the year's privacy, the same one costs it once."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.errors import IntelError
from stillwatch.intel.gate.noise import Below, noised
from stillwatch.intel.gate.tables import SpentRow

STEPS = 1_000_000
"""An epsilon is a fraction of millionths: exact sums."""


@dataclass(frozen=True)
class Ledger:
    """Counts that leave, within a budget. Use it within a session that writes: then no two are in it."""

    session: Session
    """A session that writes."""
    total: Fraction
    """What all counts of one year may cost together."""

    def spent(self, scope: str) -> Fraction:
        """Return what a year's counts cost so far. scope: the year."""
        rows = self.session.scalars(sa.select(SpentRow.epsilon).where(SpentRow.scope == scope))
        return sum((Fraction(one) for one in rows), Fraction(0))

    def count(
        self,
        measure: str,
        about: tuple[str, ...],
        true: int,
        epsilon: Fraction,
        now: float,
        below: Below = secrets.randbelow,
    ) -> int:
        """Return a count with noise, never less than 0. measure and about: what is counted, of what; one
        that was given before is given again as it was, and costs nothing. Raises IntelError where the year's
        budget does not suffice; nothing is spent then.
        """
        key = hashlib.sha256(json.dumps([measure, *about, str(epsilon)]).encode()).hexdigest()
        before = self.session.get(SpentRow, key)
        if before is not None:
            return before.value
        scope = str(datetime.fromtimestamp(now, UTC).year)
        spent = self.spent(scope)
        if spent + epsilon > self.total:
            raise IntelError(
                f"no more counts can leave this year: {float(spent):g} of {float(self.total):g} is spent, "
                f"and this one costs {float(epsilon):g}",
                where=f"the ledger of counts, {scope}",
                do="share without counts; a larger budget (intel.epsilon_total) protects accounts less",
            )
        value = max(noised(true, epsilon, below), 0)
        self.session.add(
            SpentRow(key=key, scope=scope, measure=measure, epsilon=str(epsilon), value=value, at=now)
        )
        self.session.flush()
        return value


def exact(epsilon: float) -> Fraction:
    """Return a setting as an exact fraction, at least a millionth."""
    return Fraction(max(round(epsilon * STEPS), 1), STEPS)
