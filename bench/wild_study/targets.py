"""What worlds that were not made here must show, and how much of it they do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.schema.codes import Tier
from wild_study.outcomes import FOUND, Row
from wild_study.worlds import EDGE, LITELLM, NO_EDGE, NO_PROMPTS, VARIANTS

FOUND_SHARE = 30 / 32
"""Share of campaigns that must be found with the edge log."""
NAMED_SHARE = 0.0005
"""Share of innocent accounts that may be named in an accusation."""
NO_EDGE_SHARE = 6 / 8
"""Share of each LiteLLM world's campaigns that must be found without the edge log."""


@dataclass(frozen=True)
class Target:
    """One thing that must be so."""

    what: str
    """In words."""
    seen: str
    """What was measured."""
    kept: bool
    """Whether it is so."""


def targets(rows: Sequence[Row]) -> list[Target]:
    """Return the targets that the rows speak of."""
    by: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by[row["variant"]].append(row)
    found = [_found(by[EDGE])] if by[EDGE] else []
    for variant in (EDGE, NO_EDGE, NO_PROMPTS):
        if by[variant]:
            found += [_named(variant, by[variant]), _groups(variant, by[variant])]
    found += [_without_edge(row) for row in by[NO_EDGE] if row["format"] == LITELLM and row["campaigns"]]
    return [*found, _bounds(rows)]


def _found(rows: Sequence[Row]) -> Target:
    campaigns = [one for row in rows for one in row["campaigns"]]
    hits = sum(one["outcome"] == FOUND for one in campaigns)
    return Target(
        f"with edge log, at least {FOUND_SHARE:.0%} of the campaigns are found",
        f"{hits} of {len(campaigns)}",
        hits >= FOUND_SHARE * len(campaigns),
    )


def _named(variant: str, rows: Sequence[Row]) -> Target:
    kinds = [kind for row in rows for kind in row["kinds"]]
    named, accounts = (sum(kind[name] for kind in kinds) for name in ("named", "accounts"))
    return Target(
        f"{VARIANTS[variant]}, at most {NAMED_SHARE:.2%} of innocent accounts are named in an accusation",
        f"{named} of {accounts:,} ({named / max(accounts, 1):.3%})",
        named <= NAMED_SHARE * accounts,
    )


def _groups(variant: str, rows: Sequence[Row]) -> Target:
    wrong = [
        f"{kind['kind']} {kind['adversarial_groups']}"
        for row in rows
        for kind in row["kinds"]
        if kind["adversarial_groups"]
    ]
    return Target(
        f"{VARIANTS[variant]}, no group of innocents is called adversarial",
        ", ".join(wrong) or "none",
        not wrong,
    )


def _without_edge(row: Row) -> Target:
    hits, campaigns = sum(one["outcome"] == FOUND for one in row["campaigns"]), len(row["campaigns"])
    return Target(
        f"{row['world']} without edge log, at least {NO_EDGE_SHARE:.0%} of the campaigns are found",
        f"{hits} of {campaigns}",
        hits >= NO_EDGE_SHARE * campaigns,
    )


def _bounds(rows: Sequence[Row]) -> Target:
    bounds = [
        group for row in rows for group in row["groups"] if group["at_least"] and group[str(Tier.NAMED)]
    ]
    wrong = [
        f"{group['at_least']} of {group['named']} where {group['guilty']} are guilty"
        for group in bounds
        if group["guilty"] and group["at_least"] > group["guilty"]
    ]
    return Target(
        "the bound is above the truth in at most 5 % of the campaigns that have one",
        f"{len(wrong)} of {len(bounds)}" + (f" ({'; '.join(wrong)})" if wrong else ""),
        len(wrong) <= 0.05 * len(bounds),
    )
