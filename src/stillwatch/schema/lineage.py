"""Tables with which a later run recognises a run's campaigns: their keys, and their links."""

from __future__ import annotations

import pyarrow as pa

from stillwatch.schema.table import KEY, TIME, Column, Contract

CAMPAIGN_KEYS = Contract(
    "campaign_keys",
    "One held-out content key that is a group's own: hardly anyone outside the listed campaigns carries it.",
    (
        Column("group", pa.int32(), "The group.", required=True),
        Column("campaign", pa.string(), "Name of its campaign.", required=True),
        Column("facet", pa.string(), "The facet.", required=True),
        Column("key", KEY, "The trace key.", required=True),
        Column("accounts", pa.int64(), "Accounts of the group that carry it.", required=True),
        Column(
            "strangers",
            pa.int64(),
            "Accounts that carry it and are neither in the group nor in a listed campaign, of this run or of "
            "the earlier one that it was compared with.",
            required=True,
        ),
        Column(
            "nats",
            pa.float64(),
            "Its weight: share of the group's accounts that carry it, times the logarithm of that share over "
            "the share of strangers.",
            required=True,
        ),
    ),
)

CAMPAIGN_LINKS = Contract(
    "campaign_links",
    "How a campaign is linked to one of an earlier run, or to another one of this run.",
    (
        Column("group", pa.int32(), "The group.", required=True),
        Column("campaign", pa.string(), "Name of its campaign.", required=True),
        Column("identity", pa.string(), "Its identity.", required=True),
        Column(
            "link",
            pa.string(),
            "same, grew, split, merged, successor or related; related campaigns of one run have a row each.",
            required=True,
        ),
        Column("other_identity", pa.string(), "Identity of the other campaign.", required=True),
        Column("other_campaign", pa.string(), "Name of the other campaign in its run.", required=True),
        Column(
            "earlier_digest",
            pa.string(),
            "Digest of the earlier run that the other campaign is of, empty if it has none; null where the "
            "other campaign is of this run.",
        ),
        Column("earlier_last", TIME, "Last exchange of that earlier run; null where it is of this run."),
        Column("accounts", pa.int64(), "Accounts that both name.", required=True),
        Column("accounts_share", pa.float64(), "These as a share of the smaller campaign.", required=True),
        Column(
            "more", pa.int64(), "Accounts of this campaign that the other one does not name.", required=True
        ),
        Column(
            "fewer", pa.int64(), "Accounts of the other campaign that this one does not name.", required=True
        ),
        Column("keys", pa.int64(), "Own keys that both carry; null where keys could not be compared."),
        Column("key_share", pa.float64(), "Weight of these as a share of the lighter campaign's."),
        Column(
            "key_nats",
            pa.float64(),
            "Weight of these in nats: the strongest facet in full, the others by a third.",
        ),
        Column("facets", pa.list_(pa.string()), "Facets of these keys, the most keys first.", required=True),
        Column("facet_keys", pa.list_(pa.int64()), "How many keys each of those facets has.", required=True),
    ),
)
