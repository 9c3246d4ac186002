"""What the tables mean, in sentences: the verdict, the error control, the bound, and how it could be
wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.registry import FACETS, SIGNALS
from stillwatch.report import formatting
from stillwatch.report.view_models import AXES, CampaignView
from stillwatch.run.reading import Row, Run

DEFAULT_HIGH = 0.5
SHAPE = {
    "scale": "is of industrial size",
    "deception": "hides who is behind it",
    "intent": "is shaped like training data",
}


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
    "accounts that ask for much the same in whatever words: their prompts' semantic sketches lie together, "
    "away from their peers'",
    "One trade, one language or one course makes prompts alike too: it says that the accounts act as one, "
    "not that they do wrong. "
    "Cover traffic of one's own and prompts of a few words hide it.",
)
"""The test of the prompts' meaning, which is no facet: it leaves no keys."""


def verdict(campaign: Row, high: float) -> str:
    """The verdict in a sentence that names the axes behind it."""
    strong = [axis for axis in AXES if campaign[axis] >= high]
    shape = f"it {_and([SHAPE[axis] for axis in strong])}" if strong else f"no axis reaches {high:g}"
    if campaign["verdict"] == "benign" and {"scale", "intent"} <= set(strong):
        return (
            f"Benign: {shape}, openly, as one verified organisation below the volume for which one needs "
            "a permit."
        )
    if campaign["verdict"] == "benign":
        return f"Benign: its accounts act as one, and that is not held against them; {shape}."
    if campaign["verdict"] == "authorised":
        return (
            f"Authorised: {shape}, and a permit covers it{', in part' if campaign['permit_excess'] else ''}."
        )
    if campaign["verdict"] == "unlicensed" and campaign["permit"]:
        return f"Unlicensed: {shape}, and goes clearly beyond its permit."
    if campaign["verdict"] == "unlicensed":
        return (
            f"Unlicensed: {shape}; "
            f"{'' if 'deception' in strong else 'nothing about it is hidden, and '}no permit covers it."
        )
    return f"{campaign['verdict'].capitalize()}: {shape}."


def error_control(about: dict[str, Any], campaigns: list[Row]) -> str:
    """What the list of campaigns promises."""
    rate = float(about.get("false_discovery_rate", 0.05))
    permitted = sum(1 for campaign in campaigns if campaign["permit"])
    passed, tested = len(campaigns) - permitted, about.get("tested_groups")
    of = f" of {formatting.plural(tested, 'tested group')}" if tested is not None else ""
    also = (
        f" {formatting.plural(permitted, 'group')} with a permit {_is(permitted)} listed too, whatever the "
        "test says, so that permits can be watched."
    )
    return (
        f"{formatting.plural(passed, 'campaign')}{of} {_is(passed)} listed at a false discovery rate of "
        f"{formatting.percent(rate)}: over many runs, "
        "that is the largest share of listed campaigns expected to be chance. A group is tested only on "
        "evidence that did not form it. "
        "The rate speaks of coordination; whether the coordination is wrong is argued on the three "
        f"axes.{also if permitted else ''}"
    )


def bound(campaign: Row, about: dict[str, Any]) -> str:
    """The lower bound of guilty accounts."""
    level = float(about.get("bound_level", 0.05))
    if campaign["at_least"] <= 0:
        return (
            f"The evidence bounds no number of its {formatting.plural(campaign['accounts'], 'account')} "
            "from below: it speaks of the group as a whole."
        )
    return (
        f"At least {formatting.count(campaign['at_least'])} of "
        f"{formatting.plural(campaign['accounts'], 'account')} take part; "
        f"that claim is wrong with a chance of at most {formatting.percent(level)}. It does not say which ones."
    )


def test(campaign: Row) -> str:
    """The held-out test: the e-value, the null, and what tested it."""
    facets = [formatting.named(name.strip()) for name in campaign["held_out"].split(",") if name.strip()]
    if not facets and not campaign["null"]:
        return "Nothing was held out to test this group: it stands on the evidence that formed it."
    tested = f"tested on {_and(facets)}, " if facets else ""
    value = f"E-value {formatting.e_value(campaign['log_e_value'])} (p ≤ {formatting.probability(campaign['p_value'])})"
    return f"{value}, {tested}against the null hypothesis: {campaign['null'].rstrip('.')}."


def against(view: CampaignView) -> list[str]:
    """What speaks against the verdict: exonerating signals, facets that disagree, accounts that say nothing
    on their own.
    """
    found = [
        formatting.sentence(f"{formatting.named(row['signal'])}: {row['finding']}")
        for row in view.scores
        if row["score"] > 0 and _weight(row["signal"]) < 0
    ]
    found += [
        f"{formatting.named(row['facet']).capitalize()} disagrees: on average {formatting.nats(row['nats'])} nats "
        "for an account."
        for row in view.evidence
        if row["nats"] < 0
    ]
    alone = sum(1 for row in view.members if row["p_value"] is not None and row["p_value"] > 0.05)
    if alone:
        tested = sum(1 for row in view.members if row["p_value"] is not None)
        found.append(
            f"{formatting.count(alone)} of {formatting.plural(tested, 'tested account')} would not stand out "
            "alone on held-out evidence (p > 0.05)."
        )
    undeclared = sum(1 for row in view.members if not row["owner"])
    if undeclared:
        found.append(
            f"{formatting.plural(undeclared, 'account')} {'declares' if undeclared == 1 else 'declare'} no "
            "owner, so none is contradicted."
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


def correction(intents: Sequence[Row]) -> str:
    """What the shares of prompts were made from."""
    if all(row["corrected"] for row in intents):
        return (
            "Shares are corrected for what the flags miss and what they flag wrongly; the intervals "
            "count that, and that an account's prompts are alike."
        )
    if any(row["corrected"] for row in intents):
        return (
            "Shares are corrected for the flags' errors where these are known; the intervals also count "
            "that an account's prompts are alike."
        )
    return (
        "Shares are those of flagged prompts: how often the flags err was not known. The intervals count "
        "that an account's prompts are alike."
    )


def silent(view: CampaignView, blind: list[Row]) -> list[str]:
    """Facets that could see and found nothing in this group."""
    spoke = {row["facet"] for row in view.evidence}
    shut = {row["name"] for row in blind if row["kind"] == "facet" and row["share"] >= 1}
    return [formatting.named(name) for name in FACETS.all() if name not in spoke and name not in shut]


def reason_unlisted(campaign: Row, high: float) -> str:
    """Why a group is not on the list: the axes that are low, or the test it did not pass."""
    weak = [axis for axis in AXES if campaign[axis] < high]
    if not weak:
        return f"The held-out test does not carry it: e-value {formatting.e_value(campaign['log_e_value'])}."
    return " ".join(
        f"Low on {axis}: {formatting.sentence(campaign[f'{axis}_why'])}" for axis in reversed(weak)
    )


def key_note(about: dict[str, Any]) -> str:
    """Whether the keys in the tables can be guessed."""
    if about.get("key") == "private":
        return (
            f"Keys were made with a private key{_called(about)}: nothing can be guessed from them without it."
        )
    return (
        "Keys were made with the public key: whoever has the tables can test guesses of prompts, "
        "addresses and ids. Share none of them."
    )


def _called(about: dict[str, Any]) -> str:
    name = about.get("sketch", {}).get("key")
    return f" (id {name})" if isinstance(name, str) else ""


def high(run: Run) -> float:
    """The score at which an axis is called high in this run."""
    return run.setting("campaigns", "high", DEFAULT_HIGH)


def _weight(signal: str) -> float:
    known = SIGNALS.all().get(signal)
    return known.weight if known else 0.0


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
