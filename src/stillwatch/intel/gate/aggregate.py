"""Statistics over campaigns or providers: only cells with enough accounts and enough reporters leave."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from stillwatch.intel.gate.ledger import Ledger
from stillwatch.intel.gate.noise import rare
from stillwatch.intel_settings import IntelSettings

EDGE = 1e-6
"""Chance that a cell with exactly the least number of accounts is told: what the true count decides, and
epsilon does not bound.
"""


@dataclass(frozen=True)
class Cell:
    """One count before it leaves."""

    of: str
    """What is counted: the id of a technique, or a kind of evidence."""
    accounts: int
    """How many accounts; each stands in one cell of a measure at most once."""
    reporters: int
    """How many providers stand behind it."""


@dataclass(frozen=True)
class Given:
    """One count that leaves."""

    of: str
    """What was counted."""
    accounts: int
    """About how many accounts: with noise, and at least the least number."""


def statistic(
    measure: str,
    period: str,
    cells: Iterable[Cell],
    ledger: Ledger,
    epsilon: Fraction,
    settings: IntelSettings,
    now: float,
) -> list[Given]:
    """Return the cells that may leave, sorted by what they count. A cell with too few accounts or reporters
    is left out, not told as 0, and costs nothing. Of the others only those are told whose noisy count is so
    great that a cell at the edge would hardly ever reach it: that a cell is there tells then as little of one
    account as its count does, epsilon but for EDGE (Desfontaines, Voss, Gipson and Mandayam, Differentially
    private partition selection, 2022). Raises IntelError where the ledger does not suffice.
    """
    given: list[Given] = []
    least = settings.least_accounts + rare(epsilon, EDGE)
    for cell in sorted(cells, key=lambda one: one.of):
        if cell.accounts < settings.least_accounts or cell.reporters < settings.least_reporters:
            continue
        value = ledger.count(measure, (period, cell.of), cell.accounts, epsilon, now)
        if value >= least:
            given.append(Given(cell.of, value))
    return given
