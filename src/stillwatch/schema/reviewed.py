"""Tables that hold what people decided about a run's campaigns and accounts, as a feedback file told it."""

from __future__ import annotations

from enum import StrEnum

import pyarrow as pa

from stillwatch.schema.table import KEY, TIME, Column, Contract


class Change(StrEnum):
    """How a campaign differs from what a person judged: `reviewed.changed`."""

    ACCOUNTS = "accounts"
    """Its accounts grew by more than `identity.dismissed_growth`."""
    VERDICT = "verdict"
    """Its verdict is graver."""
    FAMILIES = "families"
    """Evidence of another family speaks for it."""


SAID = (
    Column("by", pa.string(), "Who decided.", required=True),
    Column("at", TIME, "When.", required=True),
    Column("reason", pa.string(), "Why, in that person's words.", required=True),
    Column("expires", TIME, "When the decision ends.", required=True),
)

REVIEWED = Contract(
    "reviewed",
    "What a person decided about a campaign of this run, or about an earlier one that it goes on as.",
    (
        Column("group", pa.int32(), "The group.", required=True),
        Column("campaign", pa.string(), "Name of its campaign.", required=True),
        Column("identity", pa.string(), "Its identity.", required=True),
        Column("link", pa.string(), "How it is linked to what was judged: same, grew, …", required=True),
        Column("judged_identity", pa.string(), "Identity of what was judged.", required=True),
        Column("label", pa.string(), "dismissed, confirmed, licensed or victim.", required=True),
        Column("outcome", pa.string(), "What it turned out to be, in the words of the case.", required=True),
        *SAID,
        Column(
            "holds",
            pa.bool_(),
            "Whether it is dismissed, and is what was judged: it is listed apart then.",
            required=True,
        ),
        Column("changed", pa.list_(pa.string()), "How it differs: codes of Change.", required=True),
        Column("accounts_then", pa.int64(), "Accounts of what was judged.", required=True),
        Column("accounts", pa.int64(), "Accounts of the campaign.", required=True),
        Column("verdict_then", pa.string(), "Verdict of what was judged.", required=True),
        Column("verdict", pa.string(), "Verdict of the campaign.", required=True),
        Column(
            "new_families",
            pa.list_(pa.string()),
            "Families that speak for it and did not speak for what was judged.",
            required=True,
        ),
    ),
)

REVIEWED_ACCOUNTS = Contract(
    "reviewed_accounts",
    "What a person decided about an account that a group or its surroundings hold.",
    (
        Column("account", KEY, "The account.", required=True),
        Column("account_id", pa.string(), "The id to show.", required=True),
        Column("label", pa.string(), "confirmed, cleared, exempted or permit found.", required=True),
        *SAID,
    ),
)
