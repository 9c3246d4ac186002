"""Combine each group's tests, findings and permit into a campaign with a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from stillwatch.campaigns.permit_use import Share, Use, cover
from stillwatch.campaigns.permits import Permit
from stillwatch.campaigns.roles import NO_ORIGINS, Origins, role_of
from stillwatch.campaigns.verdict import TOGETHER, Axis, Standing, axes, extracting, verdict
from stillwatch.run.lineage.names import new_identity
from stillwatch.schema.codes import FORMED, NullTested, Tier
from stillwatch.schema.found import CAMPAIGNS
from stillwatch.schema.table import moment
from stillwatch.settings import CampaignSettings

ORDER = {"adversarial": 0, "coordinated": 1, "unlicensed": 2, "authorised": 3, "benign": 4}


@dataclass(frozen=True)
class Tested:
    """One group with everything that was found about it."""

    group: int
    """Number of the group."""
    kind: str
    """linked, alike, declared or single: a code of Kind."""
    sums: dict[str, Any]
    """Its row of the signals' sums."""
    intents: list[dict[str, Any]]
    """Its rows of table intents; none where the log holds no prompts."""
    scores: dict[str, float]
    """The scores of its signals."""
    log_e: float
    """Natural logarithm of its e-value."""
    null: NullTested
    """What it was tested against."""
    held_out: list[str]
    """The facets that tested it."""
    at_least: int
    """At least so many of its accounts take part; 0 where nothing was held out."""
    accounts: set[int]
    """The accounts it names."""
    account_ids: set[str]
    """Its members' ids, as permits name them."""
    organisations: set[str]
    """Verified organisations that its members declare; an empty string for members without one."""
    models: set[str]
    """Models it asked."""
    harvest: list[Share] = field(default_factory=list)
    """The part of its use that may be for distilling, if a permit names any of its accounts."""
    tiers: dict[str, int] = field(default_factory=dict)
    """Accounts of each tier, bystanders too."""
    origins: Origins = NO_ORIGINS
    """What its accounts did before and beside what they do in the group."""
    owner_accounts: int = 0
    """All accounts of its one declared owner, in this group or not; 0 if it declares no single owner."""


def campaigns_table(
    tested: list[Tested], passed: Sequence[bool], permits: list[Permit], settings: CampaignSettings
) -> pa.Table:
    """Return table campaigns: every tested group with its verdict.

    `listed` are those that pass e-BH and are not benign, and all with a permit. passed: for each of `tested`,
    whether it passes e-BH among all hypotheses.
    """
    rows = [_row(item, bool(ok), permits, settings) for item, ok in zip(tested, passed, strict=True)]
    rows.sort(key=lambda row: (not row["listed"], ORDER[row["verdict"]], -row["exchanges"], row["group"]))
    number = 0
    for row in rows:
        number += row["listed"]
        row["campaign"] = f"C{number:03d}" if row["listed"] else f"G{row['group']:04d}"
    return pa.Table.from_pylist(rows, schema=CAMPAIGNS.arrow)


def _row(item: Tested, passed: bool, permits: list[Permit], settings: CampaignSettings) -> dict[str, Any]:
    sums = item.sums
    first, last = moment(sums["first"]), moment(sums["last"])
    use = Use(sums["n"], sums["written"], frozenset(item.models), first, last, item.harvest)
    covered = cover(permits, item.account_ids, item.organisations, use, settings.permit_slack)
    found = axes(item.scores, sums["n"], settings)
    standing = Standing(
        bool(covered.permit),
        covered.exceeded,
        _known(item, settings),
        bool(item.intents),
        item.scores.get("in_a_room", 0.0) >= TOGETHER,
    )
    said = verdict(found["scale"], found["deception"], found["intent"], standing, settings)
    role = role_of(said, item.origins, item.scores)
    return {
        "group": item.group,
        **dict.fromkeys(("identity", "family"), new_identity(item.kind, item.accounts)),
        "kind": item.kind,
        "verdict": said,
        "listed": (passed and said != "benign") or standing.permit,
        "role": str(role.role),
        "role_why": [asdict(reason) for reason in role.why],
        **_argued(found),
        "extracting": extracting(item.intents),
        "accounts": len(item.account_ids),
        **{str(tier): item.tiers.get(str(tier), 0) for tier in Tier},
        "at_least": item.at_least,
        "exchanges": sums["n"],
        "input_tokens": sums["read"],
        "output_tokens": sums["written"],
        "first": first,
        "last": last,
        "log_e_value": item.log_e,
        "p_value": float(np.exp(-max(item.log_e, 0.0))),
        "null": item.null.row(),
        "held_out": item.held_out,
        "permit": covered.permit,
        "permit_excess": list(covered.excess),
    }


def _known(item: Tested, settings: CampaignSettings) -> bool:
    """Return whether the group is a known owner.

    A known owner is one verified organisation, most of whose accounts ask alike, below the volume that needs
    a permit. If linkage found the accounts first, it is the same owner if at least half of the owner's
    accounts are in the group. A few accounts that ask for what the owner's others do not are no known owner:
    their keys may be stolen.
    """
    most = item.kind == "declared" or (
        item.kind in FORMED and 0 < item.owner_accounts <= 2 * len(item.account_ids)
    )
    return (
        most
        and len(item.organisations) == 1
        and "" not in item.organisations
        and item.sums["n"] < settings.known_exchanges
    )


def _argued(found: dict[str, Axis]) -> dict[str, Any]:
    return {name: one.score for name, one in found.items()} | {
        f"{name}_why": [asdict(reason) for reason in one.why] for name, one in found.items()
    }
