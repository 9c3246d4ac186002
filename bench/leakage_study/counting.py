"""Is one account in a count that was shared? The attacker knows all others in it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from leakage_study.figures import Figure, once
from stillwatch.cases.database import Database
from stillwatch.intel.gate.aggregate import Cell, statistic
from stillwatch.intel.gate.ledger import Ledger
from stillwatch.intel.gate.tables import make_tables
from stillwatch.intel_settings import IntelSettings

WEEK = "2026-W49"
YEAR_S = 366 * 86_400.0
"""Each round is a year of its own: the budget is one of a year."""


def counting(folder: Path, rounds: int) -> Iterator[Figure]:
    """How much better than a coin the best guess is, below, at and above the least number."""
    settings = IntelSettings()
    least, epsilon = settings.least_accounts, Fraction(1, 2)
    bound = (math.exp(epsilon) - 1) / (math.exp(epsilon) + 1)
    for name, without in (
        (f"membership, counts {least - 3} and {least - 2}: below the least number", least - 3),
        (f"membership, counts {least - 1} and {least}: at the edge", least - 1),
        (f"membership, counts {least * 10} and {least * 10 + 1}: above", least * 10),
    ):
        seen = [_outcomes(folder, settings, count, epsilon, rounds) for count in (without, without + 1)]
        distance = _best_threshold(seen, rounds)
        noise = 1.36 * math.sqrt(2 / rounds)
        yield Figure(
            name,
            f"advantage of the best guess (epsilon 0.5 promises {bound:.3f} at most)",
            distance,
            max(0.0, distance - noise),
            distance + noise,
            "of 1",
        )
    same = _asked_again(folder, settings, epsilon)
    yield once("membership, the same count asked 100 times", "different answers", float(same), "answers")


def _best_threshold(seen: list[dict[int, int]], rounds: int) -> float:
    """The largest difference of the two distributions: what the best guess by a threshold gains on a coin.
    Its 95 % interval is that of Kolmogorov and Smirnov.
    """
    at, largest = 0, 0
    for value in sorted(set(seen[0]) | set(seen[1])):
        at += seen[0].get(value, 0) - seen[1].get(value, 0)
        largest = max(largest, abs(at))
    return largest / rounds


def _outcomes(
    folder: Path, settings: IntelSettings, accounts: int, epsilon: Fraction, rounds: int
) -> dict[int, int]:
    """How often each value was given; -1 where the cell was left out."""
    found: dict[int, int] = {}
    with Database(folder / "gate.db") as database:
        database.make_file()
        with database.writing() as session:
            make_tables(session)
            ledger = Ledger(session, epsilon)
            for number in range(rounds):
                given = statistic(
                    f"m{accounts}",
                    f"{WEEK}-{number}",
                    [Cell("T1", accounts, 2)],
                    ledger,
                    epsilon,
                    settings,
                    number * YEAR_S,
                )
                value = given[0].accounts if given else -1
                found[value] = found.get(value, 0) + 1
            session.rollback()
    return found


def _asked_again(folder: Path, settings: IntelSettings, epsilon: Fraction) -> int:
    with Database(folder / "again.db") as database:
        database.make_file()
        with database.writing() as session:
            make_tables(session)
            ledger = Ledger(session, epsilon)
            cell = [Cell("T1", 500, 2)]
            return len(
                {
                    given.accounts
                    for _ in range(100)
                    for given in statistic("m", WEEK, cell, ledger, epsilon, settings, 0.0)
                }
            )
