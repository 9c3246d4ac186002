"""Give a search's campaigns their identities: those of an earlier run where they are the same."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from stillwatch.engine import Engine, Scope
from stillwatch.heldout.campaign_keys import campaign_keys
from stillwatch.pipeline.search import SearchResult
from stillwatch.run.lineage.campaign import campaigns_of
from stillwatch.run.lineage.earlier import Earlier
from stillwatch.run.lineage.matching import lineage
from stillwatch.run.lineage.tables import links_kept, links_of, with_identities
from stillwatch.schema.lineage import CAMPAIGN_KEYS, CAMPAIGN_LINKS
from stillwatch.settings import IdentitySettings


def identified(
    engine: Engine,
    found: SearchResult,
    accounts: pa.Table,
    earlier: Earlier | None,
    settings: IdentitySettings,
) -> SearchResult:
    """The result with identities in table campaigns, and tables campaign_keys and campaign_links besides.

    accounts: table accounts; earlier: the run to compare with, None where there is none.
    """
    known = earlier.named_in(accounts) if earlier else accounts.slice(0, 0)
    keys = keys_of(engine, found, known, accounts.num_rows, settings)
    campaigns, members = found.tables["campaigns"], found.tables["members"]
    told = lineage(campaigns_of(campaigns, members, keys), earlier.campaigns if earlier else [], settings)
    more = {
        "campaigns": with_identities(campaigns, told),
        CAMPAIGN_KEYS.name: keys,
        CAMPAIGN_LINKS.name: links_of(told, earlier),
    }
    return replace(found, tables=found.tables | more)


def identified_again(
    engine: Engine,
    found: SearchResult,
    accounts: pa.Table,
    before: Earlier,
    links: pa.Table,
    settings: IdentitySettings,
) -> SearchResult:
    """The same for a run that is made anew from part of itself: its campaigns keep their identities, and the
    links that they had to earlier runs.

    before: the run as it was; links: its table campaign_links.
    """
    keys = keys_of(engine, found, accounts.slice(0, 0), accounts.num_rows, settings)
    now = campaigns_of(found.tables["campaigns"], found.tables["members"], keys)
    told = lineage(now, before.campaigns, settings)
    campaigns = with_identities(found.tables["campaigns"], told)
    here = links_of(replace(told, links=[link for link in told.links if not link.earlier]), None)
    rows = [*here.to_pylist(), *links_kept(links, campaigns)]
    order = {campaign.group: place for place, campaign in enumerate(now)}
    rows.sort(key=lambda row: (order[row["group"]], row["earlier_last"] is None))
    more = {
        "campaigns": campaigns,
        CAMPAIGN_KEYS.name: keys,
        CAMPAIGN_LINKS.name: pa.Table.from_pylist(rows, schema=CAMPAIGN_LINKS.arrow),
    }
    return replace(found, tables=found.tables | more)


def keys_of(
    engine: Engine, found: SearchResult, known: pa.Table, everyone: int, settings: IdentitySettings
) -> pa.Table:
    """Table campaign_keys of a search. known: accounts of earlier listed campaigns."""
    campaigns, members = found.tables["campaigns"], found.tables["members"]
    with Scope(engine, "identity") as scope:
        return campaign_keys(scope, found.traces, campaigns, members, known, everyone, settings.own_share)
