"""A campaign set beside what an advisory and a bill describe: each behaviour with the evidence for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from stillwatch.registry import SIGNALS
from stillwatch.report import formatting
from stillwatch.report.sentences.clauses import joined
from stillwatch.report.sentences.findings import finding, stands_out
from stillwatch.report.sentences.prompts import extracting
from stillwatch.report.view_models import CampaignView
from stillwatch.run.reading import Run

ADVISORY, BILL = "AA26-251A", "H.R. 8283 §3(11)"
SOURCES = (
    "AA26-251A is the joint advisory of CISA, NSA and FBI of 8 September 2026, in the words of published "
    "summaries of it. H.R. 8283 is as introduced in April 2026. The table says which evidence of this run "
    "belongs to which description; it is no legal finding."
)
SEEN, NOT_SEEN, NOT_ASSESSED = "seen", "not seen", "not assessed"
MOST = 3
"""Findings and keys named in one cell."""
HALF = 0.5
"""Share of the accounts that a key must reach to be named here."""


@dataclass(frozen=True)
class Line:
    """One described behaviour and what this campaign shows of it."""

    source: str
    """The text that describes it."""
    behaviour: str
    """What it describes."""
    state: str
    """seen, not seen or not assessed."""
    evidence: str
    """The evidence for it, in sentences."""


@dataclass(frozen=True)
class Behaviour:
    """What a text describes, and where its evidence stands in a run."""

    source: str
    """The text."""
    says: str
    """The behaviour."""
    signals: tuple[str, ...] = ()
    """Signals that show it."""
    families: tuple[str, ...] = ()
    """Families of facets whose keys the accounts share."""


BEHAVIOURS = (
    Behaviour(
        ADVISORY,
        "use far above what a subscription is made for; new accounts that start at full throughput",
        ("quota_ride",),
    ),
    Behaviour(
        ADVISORY,
        "throughput of enterprise scale",
        ("volume", "busy_accounts", "even_load", "round_the_clock"),
    ),
    Behaviour(
        ADVISORY,
        "accounts with similar registration details and payment",
        ("shared_payment",),
        ("identity",),
    ),
    Behaviour(
        ADVISORY,
        "premium accounts that many people share, relays and transfer stations",
        ("many_hands", "handed_over", "cold_depth", "coherence"),
    ),
    Behaviour(ADVISORY, "networks and clients in common", (), ("network", "software")),
    Behaviour(
        ADVISORY,
        "unusual prompts: reasoning drawn out, prompts made by machine",
        (
            "reasoning_elicitation",
            "inline_reasoning",
            "fixed_prompt",
            "signature_replay",
            "model_written",
            "prompt_probing",
            "technique_sweep",
        ),
    ),
    Behaviour(
        ADVISORY,
        "failover between pathways after a limit or a ban",
        ("failover", "replacement", "release_pivot"),
    ),
    Behaviour(
        BILL,
        "(B)(i) volume, structure, pattern, coordination or timing of the queries",
        ("volume", "even_load", "round_the_clock", "organised_labour", "fixed_prompt", "training_coverage"),
        ("rhythm",),
    ),
    Behaviour(
        BILL,
        "(B)(ii) concentration on particular capabilities",
        (
            "reasoning_elicitation",
            "grading",
            "instruction_generation",
            "tool_trajectories",
            "safe_rewriting",
            "technique_sweep",
        ),
    ),
    Behaviour(
        BILL,
        "(B)(iii) several accounts coordinated",
        ("undeclared_linkage", "handed_over", "replacement"),
    ),
)
"""All but the last line of the bill, which no log can show."""
CANNOT = Line(
    BILL,
    "(B)(iv) correlation with another model's development",
    NOT_ASSESSED,
    "A log shows what was asked for, not what became of it.",
)


def shut(run: Run) -> frozenset[str]:
    """Signals that could see nothing in this run: they lacked data, or told of no group at all."""
    lacked = {row["name"] for row in run.rows("blindness") if row["kind"] == "signal" and row["share"] >= 1.0}
    return frozenset(lacked | (set(SIGNALS.all()) - {row["signal"] for row in run.rows("scores")}))


def crosswalk(view: CampaignView, shut: Collection[str]) -> list[Line]:
    """Every described behaviour, with the evidence of this campaign. shut: signals that could see nothing."""
    return [*(_line(view, one, shut) for one in BEHAVIOURS), CANNOT]


def _line(view: CampaignView, one: Behaviour, shut: Collection[str]) -> Line:
    scored = {row["signal"]: row for row in view.scores}
    told = list(_told(view, one, scored))
    if told:
        return Line(one.source, one.says, SEEN, " ".join(map(formatting.sentence, told)))
    if one.source == BILL and "(ii)" in one.says and view.campaign["extracting"] is None:
        return Line(one.source, one.says, NOT_ASSESSED, extracting(None))
    if not one.families and not any(name in scored for name in one.signals):
        if all(name in shut for name in one.signals):
            return Line(one.source, one.says, NOT_ASSESSED, "The log holds nothing that would show it.")
        return Line(one.source, one.says, NOT_SEEN, "Nothing of the kind happened.")
    return Line(one.source, one.says, NOT_SEEN, "Nothing that stands out from its peers.")


def _told(view: CampaignView, one: Behaviour, scored: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    rows = [row for row in view.scores if row["signal"] in one.signals and stands_out(row)]
    ranked = sorted(rows, key=lambda row: (-row["score"], row["signal"]))
    yield from (finding(row["signal"], row["values"]) for row in ranked[:MOST])
    keys = [
        row
        for row in view.evidence
        if row["family"] in one.families
        and row["nats"] > 0
        and row["keys"]
        # A facet that few accounts share in pieces says little; how many share any key of it says more.
        and row["accounts"] >= HALF * view.campaign["accounts"]
    ]
    size = formatting.count(view.campaign["accounts"])
    shared = [
        f"{formatting.named(row['facet'])} ({formatting.count(row['accounts'])} of {size})"
        for row in sorted(keys, key=lambda row: (-row["accounts"], row["facet"]))[:MOST]
    ]
    if shared:
        yield f"its accounts share keys by {joined(shared)}"
