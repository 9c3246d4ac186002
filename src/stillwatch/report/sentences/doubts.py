"""How a campaign could be wrong: what speaks against it, and the blind spots of what contributed."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.registry import FACETS, SIGNALS
from stillwatch.report import formatting
from stillwatch.report.sentences.findings import finding
from stillwatch.report.view_models import ALONE, FACET_ROWS, CampaignView
from stillwatch.run.reading import Row
from stillwatch.schema.codes import FORMED


@dataclass(frozen=True)
class Doubt:
    """One thing that contributed, and how it can mislead."""

    name: str
    """The facet or signal, as words."""
    kind: str
    """facet or signal."""
    sees: str
    """What it sees."""
    blind_spots: str
    """Where it is wrong or sees nothing."""


SEMANTIC = Doubt(
    "semantic",
    "facet",
    "accounts that ask for much the same, whatever the words: the semantic sketches of their prompts lie "
    "together, away from those of their peers",
    "One trade, one language or one course makes prompts alike too. It says that the accounts act as one, "
    "not "
    "that they do wrong. Cover traffic and prompts of a few words hide it.",
)
"""The test of the prompts' meaning, which is no facet: it leaves no keys."""


def against(view: CampaignView) -> list[str]:
    """What speaks against the verdict: exonerating signals, facets that disagree, accounts that say nothing
    on their own.
    """
    found = [
        formatting.sentence(f"{formatting.named(row['signal'])}: {finding(row['signal'], row['values'])}")
        for row in view.scores
        if row["score"] > 0 and _weight(row["signal"]) < 0
    ]
    found += [
        formatting.sentence(
            f"{formatting.named(row['facet'])} speaks against it: {formatting.nats(row['nats'])} nats for an "
            "account on average"
        )
        for row in view.waterfall
        if row["kind"] in FACET_ROWS and row["nats"] <= -0.05
    ]
    counts = view.counts
    alone = counts.alone
    if alone:
        found.append(
            f"{formatting.count(alone)} of {formatting.plural(counts.tested, 'tested account')} "
            f"{'does' if alone == 1 else 'do'} not stand out alone in the held-out test (p > {ALONE:g})."
        )
    undeclared = counts.members - counts.declaring
    if undeclared and view.campaign["kind"] in FORMED:
        found.append(
            f"{formatting.plural(undeclared, 'account')} {'declares' if undeclared == 1 else 'declare'} no "
            "owner. "
            "That is no false statement."
        )
    return found


def doubts(view: CampaignView) -> list[Doubt]:
    """The blind spots of every facet and signal that contributed, from their own descriptions."""
    facets, signals = FACETS.all(), SIGNALS.all()
    found = [
        Doubt(formatting.named(name), "facet", facets[name].sees, facets[name].blind_spots)
        for name in view.facets
        if name in facets
    ]
    found += [SEMANTIC] if SEMANTIC.name in view.facets else []
    return found + [
        Doubt(formatting.named(name), "signal", signals[name].sees, signals[name].blind_spots)
        for name in view.signals
        if name in signals
    ]


def silent(view: CampaignView, blind: list[Row]) -> list[str]:
    """Facets that could see and found nothing in this group."""
    spoke = {row["facet"] for row in view.evidence}
    shut = {row["name"] for row in blind if row["kind"] == "facet" and row["share"] >= 1}
    return [formatting.named(name) for name in FACETS.all() if name not in spoke and name not in shut]


def _weight(signal: str) -> float:
    known = SIGNALS.all().get(signal)
    return known.weight if known else 0.0
