"""Tables that `stillwatch watch` adds to a run folder: the searches that were made, and the alarms."""

from __future__ import annotations

import pyarrow as pa

from stillwatch.schema.table import KEY, TIME, Column, Contract

WATCHED = Contract(
    "watched",
    "One search of a run, made again on what was known at that time.",
    (
        Column("day", TIME, "First moment of the day on which it was made.", required=True),
        Column(
            "until",
            TIME,
            "The end of the searched window: the day's end, or earlier if a day is searched several times.",
            required=True,
        ),
        Column("exchanges", pa.int64(), "Exchanges of the window.", required=True),
        Column("accounts", pa.int64(), "Accounts that made them.", required=True),
        Column("tested", pa.int64(), "Groups tested.", required=True),
        Column(
            "level",
            pa.float64(),
            "Chance of any alarm in this search if no group is more than chance.",
            required=True,
        ),
        Column(
            "needed",
            pa.float64(),
            "Natural logarithm of the e-value that an alarm needs: tested / level.",
            required=True,
        ),
        Column(
            "alarms",
            pa.int64(),
            "Campaigns that reached it and are adversarial or unlicensed.",
            required=True,
        ),
    ),
)

ALARMS = Contract(
    "alarms",
    "One campaign found by one search, as a new alarm or as an earlier one that continues.",
    (
        Column(
            "alarm",
            pa.string(),
            "Name of the alarm, the same in all searches that find it: A001.",
            required=True,
        ),
        Column(
            "identity",
            pa.string(),
            "Identity of the run's campaign that it is, or one of its own; the same in every watch of the "
            "run.",
            required=True,
        ),
        Column("day", TIME, "First moment of the day on which the search was made.", required=True),
        Column("until", TIME, "The end of the searched window.", required=True),
        Column(
            "new",
            pa.bool_(),
            "Whether this is the first search that found it; else the alarm continues.",
            required=True,
        ),
        Column("campaign", pa.string(), "Name of the campaign in that search.", required=True),
        Column("kind", pa.string(), "linked, declared or single.", required=True),
        Column("verdict", pa.string(), "adversarial or unlicensed.", required=True),
        Column("accounts", pa.int64(), "Accounts that the campaign rested on then.", required=True),
        Column("named", pa.int64(), "Accounts of the tier named then.", required=True),
        Column("present", pa.int64(), "Accounts of the tier present then: look, do not act.", required=True),
        Column("near", pa.int64(), "Accounts of the tier near then.", required=True),
        Column(
            "at_least", pa.int64(), "Lower bound of the number that are no chance members.", required=True
        ),
        Column("log_e_value", pa.float64(), "Natural logarithm of the e-value then.", required=True),
        Column("exchanges", pa.int64(), "Their exchanges within the window.", required=True),
        Column(
            "exchanges_so_far",
            pa.int64(),
            "Their exchanges from the run's beginning to the end of the window.",
            required=True,
        ),
    ),
)

ALARM_MEMBERS = Contract(
    "alarm_members",
    "One account that an alarm rested on, and the first time that it did.",
    (
        Column("alarm", pa.string(), "The alarm.", required=True),
        Column("account", KEY, "The account.", required=True),
        Column("account_id", pa.string(), "The id to show.", required=True),
        Column(
            "since",
            TIME,
            "The end of the window of the first search in which the alarm held it.",
            required=True,
        ),
        Column(
            "tier",
            pa.string(),
            "named or present: a code, as the last search saw it that held it.",
            required=True,
        ),
    ),
)

ALARM_LINKS = Contract(
    "alarm_links",
    "An alarm whose own keys are another alarm's, though it shares too few accounts to be that one going on.",
    (
        Column("alarm", pa.string(), "The alarm.", required=True),
        Column("identity", pa.string(), "Its identity.", required=True),
        Column(
            "link",
            pa.string(),
            "successor of an alarm that an earlier search raised, or related to one of the same search.",
            required=True,
        ),
        Column("other_alarm", pa.string(), "The other alarm.", required=True),
        Column("other_identity", pa.string(), "Its identity.", required=True),
        Column(
            "until", TIME, "The moment up to which the first search looked that saw the link.", required=True
        ),
        Column("keys", pa.int64(), "Own keys that both carry.", required=True),
        Column(
            "key_share", pa.float64(), "Weight of these as a share of the lighter alarm's.", required=True
        ),
        Column(
            "key_nats",
            pa.float64(),
            "Weight of these in nats: the strongest facet in full, the others by a third.",
            required=True,
        ),
        Column("facets", pa.list_(pa.string()), "Facets of these keys, the most keys first.", required=True),
        Column("facet_keys", pa.list_(pa.int64()), "How many keys each of those facets has.", required=True),
    ),
)
