"""A campaign's view whose sums over accounts are made in columns: 100 thousand accounts cost little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from stillwatch.console.large.kept import kept
from stillwatch.console.large.lookup import rows_with
from stillwatch.console.large.people import TIERS, counts_of, people_of
from stillwatch.report.sentences.spend import Spend
from stillwatch.report.view_models import (
    ALONE,
    CampaignView,
    Counts,
    Summed,
    small_tables,
)
from stillwatch.run.reading import Row, Run

pc: Any = pyarrow.compute


@dataclass(frozen=True)
class Worked:
    """What was worked out over all accounts of a group."""

    counts: Counts
    """How many members show what."""
    facets: Mapping[str, Summed]
    """Nats of members by facet."""
    others: Mapping[tuple[str, str], Summed]
    """Their other nats by kind and family."""
    tiers: Mapping[str, int]
    """Accounts of each tier, members or not."""
    spend: Spend
    """What members spent."""
    member_tier: str
    """The tier of the members."""
    owners: Mapping[str, int]
    """Members of each owner that several declare."""


@dataclass(frozen=True)
class SummedView(CampaignView):
    """A view without rows of accounts: `members` holds at most those of one page."""

    worked: Worked

    @cached_property
    def counts(self) -> Counts:
        """How many of its members show what."""
        return self.worked.counts

    @cached_property
    def sums(self) -> tuple[Mapping[str, Summed], Mapping[tuple[str, str], Summed]]:
        """What its members' nats add up to."""
        return self.worked.facets, self.worked.others

    @cached_property
    def tiers(self) -> dict[str, int]:
        """How many accounts each tier has, in their order."""
        return {tier: self.worked.tiers.get(tier, 0) for tier in TIERS}

    def with_owner(self, owner: str) -> int:
        """How many of its members declare an owner."""
        return self.worked.owners.get(owner, 1)


def summed_view(run: Run, campaign: Row) -> SummedView:
    """Return the view of a campaign, kept while the run is open."""
    return kept(run, ("view", campaign["group"]), lambda: _view(run, campaign))


def with_accounts(run: Run, view: SummedView, accounts: Sequence[int]) -> CampaignView:
    """Return the view with the evidence rows of some accounts, for their own waterfalls."""
    group = view.campaign["group"]
    evidence = _of_accounts(run, "member_evidence", group, accounts)
    others = _of_accounts(run, "member_adjustments", group, accounts)
    return replace(view, member_evidence=tuple(evidence), member_adjustments=tuple(others))


def _view(run: Run, campaign: Row) -> SummedView:
    group = campaign["group"]
    return SummedView(
        campaign=campaign,
        **small_tables(run, group),
        members=(),
        bystanders=(),
        links=(),
        member_evidence=(),
        member_adjustments=(),
        lineage=tuple(run.rows("campaign_links", group)),
        worked=_worked(run, group),
    )


def _worked(run: Run, group: int) -> Worked:
    people = people_of(run, group)
    members = people.filter(people["member"])
    accounts = members["account"].combine_chunks()
    facets = _summed(run, "member_evidence", group, ["facet"], accounts)
    others = _summed(run, "member_adjustments", group, ["kind", "family"], accounts)
    p_values = members["p_value"].drop_null()
    return Worked(
        Counts(
            members.num_rows,
            pc.sum(pc.not_equal(members["owner"], "")).as_py() or 0,
            len(p_values),
            pc.sum(pc.greater(p_values, ALONE)).as_py() or 0,
        ),
        {facet: summed for (facet,), summed in facets.items()},
        {(kind, family): summed for (kind, family), summed in others.items()},
        counts_of(run, group, "tier"),
        _spend(run, accounts),
        members["tier"][0].as_py() if members.num_rows else "",
        _owners(members),
    )


def _owners(members: pa.Table) -> dict[str, int]:
    counted: Any = members["owner"].value_counts()
    several = counted.filter(pc.greater(pc.struct_field(counted, "counts"), 1))
    return {row["values"]: row["counts"] for row in several.to_pylist()}


def _summed(run: Run, name: str, group: int, by: list[str], accounts: Any) -> dict[tuple[str, ...], Summed]:
    """The nats of some accounts, summed by columns."""
    table = rows_with(run.folder, name, "group", [group], ["account", *by, "nats"])
    table = table.filter(pc.is_in(table["account"], value_set=accounts))
    table = table.append_column("speaks", pc.cast(pc.greater(table["nats"], 0.0), pa.int64()))
    rows = table.group_by(by, use_threads=False).aggregate([("nats", "sum"), ("speaks", "sum")]).to_pylist()
    return {tuple(row[one] for one in by): Summed(row["nats_sum"], row["speaks_sum"]) for row in rows}


def _spend(run: Run, accounts: Any) -> Spend:
    wanted = ["account", "exchanges", "spend", "priced"]
    path_rows = run.table("account_use", wanted)
    mine = path_rows.filter(pc.is_in(path_rows["account"], value_set=accounts))
    known = np.asarray(mine["spend"].drop_null(), dtype=np.int64)
    return Spend(
        len(known),
        len(accounts),
        int(known.sum()) if len(known) else None,
        round(float(np.median(known))) if len(known) else None,
        pc.sum(mine["priced"]).as_py() or 0,
        pc.sum(mine["exchanges"]).as_py() or 0,
    )


def _of_accounts(run: Run, name: str, group: int, accounts: Sequence[int]) -> list[Row]:
    table = rows_with(run.folder, name, "account", list(accounts))
    rows: list[Row] = table.filter(pc.equal(table["group"], group)).to_pylist()
    return rows
