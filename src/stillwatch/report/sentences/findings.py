"""What signals found, as sentences: from a signal's name and the values that its row of table scores
holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from stillwatch.registry import SIGNALS
from stillwatch.report import formatting
from stillwatch.report.sentences.clauses import clause, joined, sentences
from stillwatch.run.reading import Row
from stillwatch.schema.codes import Direction
from stillwatch.schema.values import Item, items

NOT_ASSESSABLE = "Not assessable: the log holds no prompts."
LEAST = {Direction.FOR: 0.05, Direction.AGAINST: 0.1}
"""Strength from which a signal is worth a sentence."""
BEYOND_PEERS = 0.05
"""By so much a score must be above that of the peers before it says anything of the group."""
OF_THE_GROUP = frozenset({"volume", "undeclared_linkage", "replacement", "shared_payment", "shared_prefix"})
"""Signals of a group as a whole. Its peers are a pool of strangers and no group, so that their score of these
compares with nothing.
"""
MOST = 4
"""Signals that argue for one axis in a sentence each; the table of signals has them all."""

Values = Mapping[str, Iterable[Mapping[str, Any]]]
"""The values of each signal of one group, as table scores holds them."""


def stands_out(row: Row) -> bool:
    """Whether a signal found something that the group's peers do not show as well. row: of table scores."""
    peers = peers_of(row)
    return bool(
        row["score"] >= LEAST[Direction.FOR] and (peers is None or row["score"] >= peers + BEYOND_PEERS)
    )


def peers_of(row: Row) -> float | None:
    """The score of the group's peers, where it compares with the group's own. row: of table scores."""
    peers: float | None = row["peers"]
    return None if row["signal"] in OF_THE_GROUP else peers


def like_peers(scores: Iterable[Row]) -> frozenset[str]:
    """Signals of one group that score, and whose peers score the same or more."""
    return frozenset(
        row["signal"] for row in scores if row["score"] >= LEAST[Direction.FOR] and not stands_out(row)
    )


def beside_peers(row: Row) -> str:
    """What a signal found, as a sentence that says where the peers show as much. row: of table scores."""
    said = formatting.sentence(finding(row["signal"], row["values"]))
    if row["score"] >= LEAST[Direction.FOR] and not stands_out(row):
        return f"No more than its peers: {said[:1].lower()}{said[1:]}"
    return said


def axis(campaign: Row, name: str, values: Values, usual: Collection[str] = ()) -> str:
    """One axis argued in sentences; of intent, that it is not assessable where the log holds no prompts.
    values, usual: as of `why`.
    """
    said = why(campaign[f"{name}_why"], values, usual)
    if name == "intent" and campaign["extracting"] is None:
        return f"{NOT_ASSESSABLE} Shape and rhythm alone give this score. {said}"
    return said


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


def why(reasons: Iterable[Row], values: Values, usual: Collection[str] = ()) -> str:
    """An axis argued in sentences: the strongest signals, and those against it. reasons: a column such as
    campaigns.intent_why; values: of the group's signals; usual: signals whose peers score as much, which are
    named and not told as findings.
    """
    strong = [row for row in reasons if row["strength"] >= LEAST[Direction(row["direction"])]]
    told = [
        (row["direction"], finding(row["signal"], values.get(row["signal"])))
        for row in strong
        if row["signal"] not in usual
    ][:MOST]
    common = [
        formatting.named(row["signal"])
        for row in strong
        if row["signal"] in usual and row["direction"] == Direction.FOR
    ]
    said = sentences(f"against this: {one}" if way == Direction.AGAINST else one for way, one in told)
    if common:
        also = f"Counted, but no more than its peers show: {joined(common)}."
        return f"{said} {also}".strip()
    return said or "Nothing was found."
