"""What is known of one campaign, put together from the run's tables; the page, the terminal and JSON all show
this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from stillwatch.registry import FACETS, FAMILIES
from stillwatch.run.reading import Row, Run
from stillwatch.schema.codes import Adjustment, Tier

SEVERITY = ("adversarial", "coordinated", "unlicensed", "authorised", "benign")
"""Verdicts, the most pressing first."""
AXES = ("scale", "deception", "intent")
HELD_OUT = "content"
"""The family that tests a group, and then names its accounts."""
FACET, FACET_ROWS = "facet", ("facet", Adjustment.KEYS, Adjustment.SEMANTIC)
"""Kinds of rows of a waterfall: a formation facet, and all that are no cap."""
ADJUSTED: Mapping[str, str] = {
    Adjustment.KEYS: "shared content",
    Adjustment.SEMANTIC: "semantic",
    Adjustment.CAP: "limit of family",
}
"""What the other rows are called."""
ALONE = 0.05
"""p-value above which an account does not stand out alone."""


@dataclass(frozen=True)
class Summed:
    """What one facet, or one other thing, adds to the nats of some accounts."""

    nats: float
    """The sum."""
    accounts: int
    """Accounts for which it speaks."""


@dataclass(frozen=True)
class Counts:
    """How many of a group's members show what."""

    members: int
    """All of them."""
    declaring: int
    """Those that declare an owner."""
    tested: int
    """Those with a held-out p-value of their own."""
    alone: int
    """Those of them that do not stand out alone."""


@dataclass(frozen=True)
class CampaignView:
    """One group with its verdict and everything that argues for it."""

    campaign: Row
    """Its row in `campaigns`."""
    evidence: tuple[Row, ...]
    """The strongest shared key of each facet: formation before held-out, by family, strongest first."""
    scores: tuple[Row, ...]
    """Signals: scale, deception, intent, context; highest first."""
    intents: tuple[Row, ...]
    """What its prompts ask for, the most first; only labels that some prompt has."""
    timeline: tuple[Row, ...]
    """Hourly volume, in order of time."""
    marks: tuple[Row, ...]
    """Releases, and bans of its accounts or of all."""
    templates: tuple[Row, ...]
    """Shared templates: frames before other parts, most used first."""
    members: tuple[Row, ...]
    """Accounts that its numbers rest on: named ones first, then by evidence."""
    bystanders: tuple[Row, ...]
    """Accounts that are present in it or near it, and that nothing rests on."""
    links: tuple[Row, ...]
    """Accounts carrying the most telling keys."""
    member_evidence: tuple[Row, ...]
    """Nats of each account and facet."""
    member_adjustments: tuple[Row, ...]
    """What else counts in each account's nats: held-out content, and the limits of families."""
    lineage: tuple[Row, ...]
    """How it is linked to other campaigns, in the table's order."""

    @property
    def name(self) -> str:
        """C001, or G and the group's number."""
        return str(self.campaign["campaign"])

    @cached_property
    def nats(self) -> dict[int, dict[str, float]]:
        """For each account, its nats by facet."""
        found: dict[int, dict[str, float]] = {}
        for row in self.member_evidence:
            found.setdefault(row["account"], {})[row["facet"]] = row["nats"]
        return found

    @cached_property
    def adjustments(self) -> dict[int, dict[tuple[str, str], float]]:
        """For each account, its other nats by kind and family."""
        found: dict[int, dict[tuple[str, str], float]] = {}
        for row in self.member_adjustments:
            found.setdefault(row["account"], {})[row["kind"], row["family"]] = row["nats"]
        return found

    @cached_property
    def waterfall(self) -> tuple[Row, ...]:
        """What makes the mean of its members' nats, row by row: their sum is that mean."""
        size = max(self.counts.members, 1)
        facets, others = self.sums
        keys = {row["facet"]: row["keys"] for row in self.evidence}
        return tuple(
            _step(row, summed.nats / size, summed.accounts, keys.get(row["facet"]))
            for row, summed in self._steps(facets, others)
        )

    @cached_property
    def sums(self) -> tuple[Mapping[str, Summed], Mapping[tuple[str, str], Summed]]:
        """What its members' nats add up to: by facet, and else by kind and family."""
        mine = {row["account"] for row in self.members}
        facets: dict[str, list[float]] = {}
        for row in self.member_evidence:
            if row["account"] in mine:
                facets.setdefault(row["facet"], []).append(row["nats"])
        others: dict[tuple[str, str], list[float]] = {}
        for row in self.member_adjustments:
            if row["account"] in mine:
                others.setdefault((row["kind"], row["family"]), []).append(row["nats"])
        return (
            {facet: _summed(nats) for facet, nats in facets.items()},
            {place: _summed(nats) for place, nats in others.items()},
        )

    @cached_property
    def counts(self) -> Counts:
        """How many of its members show what."""
        p_values = [row["p_value"] for row in self.members if row["p_value"] is not None]
        return Counts(
            len(self.members),
            sum(1 for row in self.members if row["owner"]),
            len(p_values),
            sum(1 for value in p_values if value > ALONE),
        )

    def account_waterfall(self, account: int) -> tuple[Row, ...]:
        """What makes one account's nats, row by row."""
        facets = {facet: _summed([nats]) for facet, nats in self.nats.get(account, {}).items()}
        others = {place: _summed([nats]) for place, nats in self.adjustments.get(account, {}).items()}
        return tuple(
            _step(row, summed.nats, summed.accounts, None) for row, summed in self._steps(facets, others)
        )

    def _steps(
        self, facets: Mapping[str, Summed], others: Mapping[tuple[str, str], Summed]
    ) -> list[tuple[Row, Summed]]:
        """The rows of a waterfall with their nats: formation before held-out, by family, the strongest facet
        first, the limit of a family last.
        """
        families = {name: facet.family for name, facet in FACETS.all().items()} | {
            row["facet"]: row["family"] for row in self.evidence
        }
        rows = [
            (
                {"facet": facet, "kind": FACET, "family": families.get(facet, "other")},
                summed,
            )
            for facet, summed in facets.items()
        ]
        rows += [
            ({"facet": ADJUSTED.get(kind, kind), "kind": kind, "family": family}, summed)
            for (kind, family), summed in others.items()
        ]
        return sorted(
            rows,
            key=lambda step: (
                step[0]["family"] == HELD_OUT,
                family_rank(step[0]["family"]),
                step[0]["kind"] == Adjustment.CAP,
                -step[1].nats,
                step[0]["facet"],
            ),
        )

    def family_nats(self, account: int) -> dict[str, float]:
        """One account's nats by family, in the order of the families; their sum is its nats."""
        sums: dict[str, float] = {}
        for row in self.account_waterfall(account):
            sums[row["family"]] = sums.get(row["family"], 0.0) + row["nats"]
        return dict(sorted(sums.items(), key=lambda item: family_rank(item[0])))

    @cached_property
    def everyone(self) -> tuple[Row, ...]:
        """Members and bystanders in the order of their tiers: named, present, near."""
        return tuple(sorted((*self.members, *self.bystanders), key=by_tier))

    @cached_property
    def tiers(self) -> dict[str, int]:
        """How many accounts each tier has, in their order."""
        found = dict.fromkeys(map(str, Tier), 0)
        for row in self.everyone:
            found[row["tier"]] = found.get(row["tier"], 0) + 1
        return found

    @cached_property
    def declaring(self) -> int:
        """How many of its accounts declare an owner."""
        return self.counts.declaring

    def with_owner(self, owner: str) -> int:
        """How many of its members declare an owner."""
        return sum(1 for row in self.members if row["owner"] == owner)

    @cached_property
    def facets(self) -> tuple[str, ...]:
        """Facets whose evidence counted, formation first."""
        formed = [row["facet"] for row in self.waterfall if row["kind"] == FACET and row["nats"] > 0]
        held = [row["facet"] for row in self.evidence if row["role"] != "formation" and row["nats"] > 0]
        return tuple(dict.fromkeys([*formed, *held]))

    @cached_property
    def signals(self) -> tuple[str, ...]:
        """Signals that saw something."""
        return tuple(row["signal"] for row in self.scores if row["score"] > 0)


def _summed(nats: Sequence[float]) -> Summed:
    return Summed(sum(nats), sum(1 for one in nats if one > 0))


def _step(row: Row, nats: float, accounts: int, keys: int | None) -> Row:
    """A row of a waterfall: also role, nats, accounts for which it speaks, and shared keys where it has
    some.
    """
    role = "held-out" if row["family"] == HELD_OUT else "formation"
    return row | {"role": role, "nats": nats, "accounts": accounts, "keys": keys}


def asked(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Rows of table intents or account_intents, the largest share first, without those that nothing was
    flagged for.
    """
    return tuple(
        sorted(
            (row for row in rows if row["flagged"]), key=lambda r: (-r["share"], -r["flagged"], r["label"])
        )
    )


def by_tier(row: Row) -> tuple[int, float, str]:
    """Order of accounts: by tier, then the most evidence first."""
    tiers = [*map(str, Tier)]
    return (
        tiers.index(row["tier"]) if row["tier"] in tiers else len(tiers),
        -row["nats"],
        row["account_id"],
    )


def family_rank(family: str) -> int:
    """Where a family stands among the families; an unknown one comes last."""
    return FAMILIES.index(family) if family in FAMILIES else len(FAMILIES)


def severity(campaign: Row) -> tuple[int, str]:
    """Order of campaigns: by verdict, then by name."""
    verdict = campaign["verdict"]
    return (SEVERITY.index(verdict) if verdict in SEVERITY else len(SEVERITY), campaign["campaign"])


def listed(run: Run) -> list[Row]:
    """Campaigns that pass the error control, the most pressing first; `dismissed` says whether a person
    dismissed one, and that holds.
    """
    apart = {row["group"] for row in run.rows("reviewed") if row["holds"]}
    rows = [row | {"dismissed": row["group"] in apart} for row in run.rows("campaigns") if row["listed"]]
    return sorted(rows, key=severity)


def unlisted(run: Run) -> list[Row]:
    """Groups seen and not listed, the largest first."""
    return sorted(
        (row for row in run.rows("campaigns") if not row["listed"]),
        key=lambda row: (-row["exchanges"], row["campaign"]),
    )


def small_tables(run: Run, group: int) -> dict[str, Any]:
    """The fields of a CampaignView whose tables stay small however many accounts a campaign has, each in an
    order that does not depend on how its table was written.
    """
    axes = (*AXES, "context")
    return {
        "evidence": tuple(
            sorted(
                run.rows("evidence", group),
                key=lambda r: (r["role"] != "formation", family_rank(r["family"]), -r["nats"], r["facet"]),
            ),
        ),
        "scores": tuple(
            sorted(
                run.rows("scores", group),
                key=lambda r: (axes.index(r["axis"]) if r["axis"] in axes else 9, -r["score"], r["signal"]),
            ),
        ),
        "intents": asked(run.rows("intents", group)),
        "timeline": tuple(sorted(run.rows("timeline", group), key=lambda r: r["time"])),
        "marks": tuple(
            sorted(
                (r for r in run.rows("marks") if r["group"] in (None, group)),
                key=lambda r: (r["time"], r["kind"], r["label"]),
            ),
        ),
        "templates": tuple(
            sorted(
                run.rows("templates", group),
                key=lambda r: (r["part"] != "frame", -r["exchanges"], r["part"], r["key"]),
            )
        ),
    }


def campaign_view(run: Run, campaign: Row) -> CampaignView:
    """Everything about one campaign, in an order that does not depend on how the tables were written."""
    group = campaign["group"]
    return CampaignView(
        campaign=campaign,
        **small_tables(run, group),
        members=tuple(sorted(run.rows("members", group), key=by_tier)),
        bystanders=tuple(sorted(run.rows("bystanders", group), key=by_tier)),
        links=tuple(sorted(run.rows("links", group), key=lambda r: (r["facet"], r["key"], r["account"]))),
        member_evidence=tuple(run.rows("member_evidence", group)),
        member_adjustments=tuple(run.rows("member_adjustments", group)),
        lineage=tuple(run.rows("campaign_links", group)),
    )
