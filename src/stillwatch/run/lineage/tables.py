"""Identities and links as columns and tables of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from stillwatch.run.lineage.earlier import Earlier
from stillwatch.run.lineage.matching import Lineage, Link
from stillwatch.schema.found import CAMPAIGNS
from stillwatch.schema.lineage import CAMPAIGN_LINKS
from stillwatch.schema.table import values


def with_identities(campaigns: pa.Table, found: Lineage) -> pa.Table:
    """Table campaigns with the identities and families that were found."""
    groups = values(campaigns, "group")
    for name, told in (("identity", found.identities), ("family", found.families)):
        place = CAMPAIGNS.arrow.get_field_index(name)
        column = pa.array([told[group] for group in groups], pa.string())
        campaigns = campaigns.set_column(place, CAMPAIGNS.arrow.field(name), column)
    return campaigns


def links_of(found: Lineage, earlier: Earlier | None) -> pa.Table:
    """Table campaign_links."""
    rows = [_row(link, found.identities, earlier) for link in found.links]
    return pa.Table.from_pylist(rows, schema=CAMPAIGN_LINKS.arrow)


def links_kept(links: pa.Table, campaigns: pa.Table) -> list[dict[str, Any]]:
    """The rows of an older table campaign_links that tell of earlier runs, for those of its campaigns that
    are still there, under their names of now.
    """
    now = {
        row["identity"]: row
        for row in campaigns.select(["identity", "group", "campaign", "accounts"]).to_pylist()
    }
    return [
        {
            **row,
            "group": now[row["identity"]]["group"],
            "campaign": now[row["identity"]]["campaign"],
            "accounts": min(row["accounts"], now[row["identity"]]["accounts"]),
        }
        for row in links.to_pylist()
        if row["earlier_last"] is not None and row["identity"] in now
    ]


def _row(link: Link, identities: Mapping[int, str], earlier: Earlier | None) -> dict[str, Any]:
    new, other = link.campaign, link.other
    smaller = min(len(new.accounts), len(other.accounts))
    unknown = link.earlier and earlier is not None and bool(earlier.no_keys)
    digest, last = earlier.origin(other.identity) if link.earlier and earlier else (None, None)
    return {
        "group": new.group,
        "campaign": new.name,
        "identity": identities[new.group],
        "link": link.link,
        "other_identity": other.identity if link.earlier else identities[other.group],
        "other_campaign": other.name,
        "earlier_digest": digest,
        "earlier_last": last,
        "accounts": link.accounts,
        "accounts_share": round(link.accounts / smaller, 6) if smaller else 0.0,
        "more": len(new.accounts) - link.accounts,
        "fewer": len(other.accounts) - link.accounts,
        "keys": None if unknown else link.keys.count,
        "key_share": None if unknown else link.keys.share,
        "key_nats": None if unknown else link.keys.nats,
        "facets": list(link.keys.facets),
        "facet_keys": list(link.keys.facets.values()),
    }
