"""What is known of one campaign, put together from the run's tables; the page, the terminal and JSON all show
this.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from stillwatch.registry import FAMILIES
from stillwatch.run.reading import Row, Run

SEVERITY = ("adversarial", "unlicensed", "authorised", "benign")
"""Verdicts, the most pressing first."""
AXES = ("scale", "deception", "intent")


@dataclass(frozen=True)
class CampaignView:
    """One group with its verdict and everything that argues for it."""

    campaign: Row
    """Its row in `campaigns`."""
    evidence: tuple[Row, ...]
    """The waterfall: formation before held-out, by family, strongest first."""
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
    """Accounts, most evidence first."""
    links: tuple[Row, ...]
    """Accounts carrying the most telling keys."""
    member_evidence: tuple[Row, ...]
    """Nats of each account and facet."""
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
    def families(self) -> dict[str, str]:
        """The family of each facet that has evidence."""
        return {row["facet"]: row["family"] for row in self.evidence}

    def family_nats(self, account: int) -> dict[str, float]:
        """One account's nats by family, in the order of the families."""
        sums: dict[str, float] = {}
        for facet, nats in self.nats.get(account, {}).items():
            family = self.families.get(facet, "")
            sums[family] = sums.get(family, 0.0) + nats
        return dict(sorted(sums.items(), key=lambda item: family_rank(item[0])))

    @cached_property
    def owners(self) -> int:
        """Different owners that its accounts declare."""
        return len({row["owner"] for row in self.members if row["owner"]})

    @cached_property
    def facets(self) -> tuple[str, ...]:
        """Facets whose evidence counted, formation first."""
        return tuple(dict.fromkeys(row["facet"] for row in self.evidence if row["nats"] > 0))

    @cached_property
    def signals(self) -> tuple[str, ...]:
        """Signals that saw something."""
        return tuple(row["signal"] for row in self.scores if row["score"] > 0)


def asked(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Rows of table intents or account_intents, the largest share first, without those that nothing was
    flagged for.
    """
    return tuple(
        sorted(
            (row for row in rows if row["flagged"]), key=lambda r: (-r["share"], -r["flagged"], r["label"])
        )
    )


def family_rank(family: str) -> int:
    """Where a family stands among the families; an unknown one comes last."""
    return FAMILIES.index(family) if family in FAMILIES else len(FAMILIES)


def severity(campaign: Row) -> tuple[int, str]:
    """Order of campaigns: by verdict, then by name."""
    verdict = campaign["verdict"]
    return (SEVERITY.index(verdict) if verdict in SEVERITY else len(SEVERITY), campaign["campaign"])


def listed(run: Run) -> list[Row]:
    """Campaigns that pass the error control, the most pressing first."""
    return sorted((row for row in run.rows("campaigns") if row["listed"]), key=severity)


def unlisted(run: Run) -> list[Row]:
    """Groups seen and not listed, the largest first."""
    return sorted(
        (row for row in run.rows("campaigns") if not row["listed"]),
        key=lambda row: (-row["exchanges"], row["campaign"]),
    )


def campaign_view(run: Run, campaign: Row) -> CampaignView:
    """Everything about one campaign, in an order that does not depend on how the tables were written."""
    group = campaign["group"]
    axes = (*AXES, "context")
    return CampaignView(
        campaign=campaign,
        evidence=tuple(
            sorted(
                run.rows("evidence", group),
                key=lambda r: (r["role"] != "formation", family_rank(r["family"]), -r["nats"], r["facet"]),
            ),
        ),
        scores=tuple(
            sorted(
                run.rows("scores", group),
                key=lambda r: (axes.index(r["axis"]) if r["axis"] in axes else 9, -r["score"], r["signal"]),
            ),
        ),
        intents=asked(run.rows("intents", group)),
        timeline=tuple(sorted(run.rows("timeline", group), key=lambda r: r["time"])),
        marks=tuple(
            sorted(
                (r for r in run.rows("marks") if r["group"] in (None, group)),
                key=lambda r: (r["time"], r["kind"], r["label"]),
            ),
        ),
        templates=tuple(
            sorted(
                run.rows("templates", group),
                key=lambda r: (r["part"] != "frame", -r["exchanges"], r["part"], r["key"]),
            )
        ),
        members=tuple(sorted(run.rows("members", group), key=lambda r: (-r["nats"], r["account_id"]))),
        links=tuple(sorted(run.rows("links", group), key=lambda r: (r["facet"], r["key"], r["account"]))),
        member_evidence=tuple(run.rows("member_evidence", group)),
        lineage=tuple(run.rows("campaign_links", group)),
    )
