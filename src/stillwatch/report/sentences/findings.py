"""What signals found, as sentences: from a signal's name and the values that its row of table scores
holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stillwatch.registry import SIGNALS
from stillwatch.report import formatting
from stillwatch.report.sentences.clauses import clause, joined, sentences
from stillwatch.run.reading import Row
from stillwatch.schema.codes import Direction
from stillwatch.schema.values import Item, items

LEAST = {Direction.FOR: 0.05, Direction.AGAINST: 0.1}
"""Strength from which a signal is worth a sentence."""
MOST = 4
"""Signals that argue for one axis in a sentence each; the table of signals has them all."""

Values = Mapping[str, Iterable[Mapping[str, Any]]]
"""The values of each signal of one group, as table scores holds them."""


def values_of(scores: Iterable[Row]) -> Values:
    """The values of each signal, from one group's rows of table scores."""
    return {row["signal"]: row["values"] for row in scores}


def finding(signal: str, values: Iterable[Mapping[str, Any]] | None) -> str:
    """What a signal found, as a clause; the bare values where the signal, or what it found, is not known
    here.
    """
    known, told = SIGNALS.all().get(signal), items(values)
    if known is None:
        return _bare(signal, told)
    template = next(
        (said for name, said in known.unless.items() if name in told and not told[name]), known.finding
    )
    try:
        return clause(template, told)
    except KeyError:  # made by another version of the signal
        return _bare(signal, told)


def _bare(signal: str, told: Mapping[str, Item]) -> str:
    """A signal's name and its values, where nothing says how they read."""
    shown = joined([clause(f"{formatting.named(name)} is {{{name}}}", told) for name in told])
    return f"the signal {formatting.named(signal)} fired{f': {shown}' if shown else ''}"


def why(reasons: Iterable[Row], values: Values) -> str:
    """An axis argued in sentences: the strongest signals, and those against it. reasons: a column such as
    campaigns.intent_why; values: of the group's signals.
    """
    told = [
        (reason["direction"], finding(reason["signal"], values.get(reason["signal"])))
        for reason in reasons
        if reason["strength"] >= LEAST[Direction(reason["direction"])]
    ][:MOST]
    return (
        sentences(
            f"against this: {said}" if direction == Direction.AGAINST else said for direction, said in told
        )
        or "Nothing was found."
    )
