"""What people decided earlier, in a search: judged campaigns are looked for as those of an earlier run are,
and what was decided is told beside what is found. Nothing is taken out of any table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from stillwatch.campaigns.feedback import CampaignLabel, Feedback, Likeness, changes
from stillwatch.pipeline.search import SearchResult
from stillwatch.run.lineage.campaign import Campaign, Key
from stillwatch.run.lineage.earlier import FEEDBACK, Earlier
from stillwatch.run.lineage.matching import GREW, SAME
from stillwatch.run.sketched import Sketched
from stillwatch.schema.reviewed import REVIEWED, REVIEWED_ACCOUNTS
from stillwatch.schema.table import rows_in, values
from stillwatch.settings import IdentitySettings

GOES_ON = (SAME, GREW)
"""Links by which a campaign is the one that was judged."""
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def with_judged(earlier: Earlier | None, feedback: Feedback, ours: Sketched) -> Earlier | None:
    """Return the earlier run with the campaigns that were judged, as far as it does not have them itself.

    ours: what the new run is sketched with; keys of other sketches mean nothing, and are left out.
    """
    if not feedback.campaigns:
        return earlier
    there = earlier or Earlier([], "", "", None, FEEDBACK, "")
    have = {campaign.identity for campaign in there.campaigns}
    judged = {one.identity: one for one in feedback.campaigns if one.identity not in have and one.accounts}
    least = min((campaign.group for campaign in there.campaigns), default=0)
    more = [_campaign(one, min(least, 0) - place, ours) for place, one in enumerate(judged.values(), 1)]
    origins = {one.identity: (one.digest, one.last_of_run) for one in judged.values()}
    return replace(there, campaigns=[*there.campaigns, *more], origins=origins)


def reviewed(
    found: SearchResult, accounts: pa.Table, feedback: Feedback, settings: IdentitySettings
) -> SearchResult:
    """Return the result with tables reviewed and reviewed_accounts."""
    tables = found.tables
    rows = _rows(tables, feedback.campaigns, settings)
    more = {
        REVIEWED.name: pa.Table.from_pylist(rows, schema=REVIEWED.arrow),
        REVIEWED_ACCOUNTS.name: _accounts(tables, accounts, feedback),
    }
    return replace(found, tables=tables | more)


def reviewed_kept(
    judged: pa.Table, decided: pa.Table, found: SearchResult, left: pa.Table
) -> dict[str, pa.Table]:
    """Return both tables of a run for what is left of it when accounts were taken out of it.

    judged, decided: the tables as they were; found: the search of what is left, with its identities; left:
    table accounts of that.
    """
    now = {row["identity"]: row for row in found.tables["campaigns"].to_pylist()}
    rows = [
        row | {name: now[row["identity"]][name] for name in ("group", "campaign", "accounts", "verdict")}
        for row in judged.to_pylist()
        if row["identity"] in now
    ]
    return {
        REVIEWED.name: pa.Table.from_pylist(rows, schema=REVIEWED.arrow),
        REVIEWED_ACCOUNTS.name: rows_in(decided, "account", set(values(left, "account"))),
    }


def _campaign(label: CampaignLabel, group: int, ours: Sketched) -> Campaign:
    """A judged campaign as the matcher takes it; group: a number that no other has."""
    same = Sketched(label.sketch_version, label.sketch_key) == ours
    return Campaign(
        group=group,
        name=label.campaign or label.identity,
        kind=label.kind,
        listed=True,
        first=label.first or NEVER,
        identity=label.identity,
        family=label.family or label.identity,
        accounts=label.accounts,
        keys={one.key: Key(one.facet, one.nats) for one in label.keys} if same else {},
    )


def _rows(
    tables: Mapping[str, pa.Table], labels: Sequence[CampaignLabel], settings: IdentitySettings
) -> list[dict[str, Any]]:
    judged = {label.identity: label for label in labels}
    links: dict[str, list[dict[str, Any]]] = {}
    for link in tables["campaign_links"].to_pylist():
        if link["earlier_digest"] is not None and link["other_identity"] in judged:
            links.setdefault(link["identity"], []).append(link)
    families: dict[int, set[str]] = {}
    for row in tables["evidence"].select(["group", "family", "nats"]).to_pylist():
        if row["nats"] > 0:
            families.setdefault(row["group"], set()).add(row["family"])
    found = []
    for campaign in tables["campaigns"].to_pylist():
        told = {link["other_identity"]: link["link"] for link in links.get(campaign["identity"], [])}
        if campaign["identity"] in judged:
            told.setdefault(campaign["identity"], SAME)
        for identity, link in told.items():
            ours = sorted(families.get(campaign["group"], ()))
            found.append(_row(campaign, judged[identity], link, ours, settings))
    return found


def _row(
    campaign: dict[str, Any],
    label: CampaignLabel,
    link: str,
    families: Sequence[str],
    settings: IdentitySettings,
) -> dict[str, Any]:
    now = Likeness(campaign["accounts"], campaign["verdict"], frozenset(families))
    how = changes(label.likeness, now, settings.dismissed_growth)
    return {
        **{name: campaign[name] for name in ("group", "campaign", "identity", "accounts", "verdict")},
        "link": link,
        "judged_identity": label.identity,
        "label": label.label,
        "outcome": label.outcome,
        "by": label.said.by,
        "at": label.said.at,
        "reason": label.said.reason,
        "expires": label.said.expires,
        "holds": label.label == "dismissed" and link in GOES_ON and not how,
        "changed": [str(one) for one in how],
        "accounts_then": len(label.accounts),
        "verdict_then": label.verdict,
        "new_families": sorted(set(families) - label.families),
    }


def _accounts(tables: Mapping[str, pa.Table], accounts: pa.Table, feedback: Feedback) -> pa.Table:
    held = {key for name in ("members", "bystanders") for key in values(tables[name], "account")}
    ids = dict(zip(values(accounts, "account_id"), values(accounts, "account"), strict=True))
    rows = [
        {
            "account": ids[one.account],
            "account_id": one.account,
            "label": one.label,
            "by": one.said.by,
            "at": one.said.at,
            "reason": one.said.reason,
            "expires": one.said.expires,
        }
        for one in feedback.accounts
        if ids.get(one.account) in held
    ]
    return pa.Table.from_pylist(rows, schema=REVIEWED_ACCOUNTS.arrow)
