"""Tables that `stillwatch watch` adds to a run folder: the days that were searched, and the alarms."""

from __future__ import annotations

import pyarrow as pa

from stillwatch.schema.table import KEY, TIME, Column, Table

WATCHED = Table(
    "watched",
    "One day of a run at whose end the search was made again on what was known then.",
    (
        Column("day", TIME, "The day's first moment.", required=True),
        Column("exchanges", pa.int64(), "Exchanges of the window that ends with the day.", required=True),
        Column("accounts", pa.int64(), "Accounts that made them.", required=True),
        Column("tested", pa.int64(), "Groups tested.", required=True),
        Column("level", pa.float64(), "Chance of any alarm on this day where no group is more than chance.", required=True),
        Column("needed", pa.float64(), "Natural logarithm of the e-value that an alarm needs: tested / level.", required=True),
        Column("alarms", pa.int64(), "Campaigns that reached it and are adversarial or unlicensed.", required=True),
    ),
)

ALARMS = Table(
    "alarms",
    "One campaign found on one day, as an alarm or as an earlier alarm's continuation.",
    (
        Column("alarm", pa.string(), "Name of the alarm, the same on all its days: A001.", required=True),
        Column("day", TIME, "First moment of the day at whose end it was found.", required=True),
        Column("new", pa.bool_(), "Whether this is the alarm's first day; else it goes on.", required=True),
        Column("campaign", pa.string(), "Name of the campaign in that day's search.", required=True),
        Column("kind", pa.string(), "linked, declared or single.", required=True),
        Column("verdict", pa.string(), "adversarial or unlicensed.", required=True),
        Column("accounts", pa.int64(), "Accounts named on that day.", required=True),
        Column("at_least", pa.int64(), "Lower bound of how many of them are no chance members.", required=True),
        Column("log_e_value", pa.float64(), "Natural logarithm of the e-value on that day.", required=True),
        Column("exchanges", pa.int64(), "Their exchanges within the window.", required=True),
        Column("exchanges_so_far", pa.int64(), "Their exchanges since the run begins, to the day's end.", required=True),
    ),
)

ALARM_MEMBERS = Table(
    "alarm_members",
    "One account that an alarm named, with the day on which it did so first.",
    (
        Column("alarm", pa.string(), "The alarm.", required=True),
        Column("account", KEY, "The account.", required=True),
        Column("account_id", pa.string(), "The id to show.", required=True),
        Column("since", TIME, "First moment of the first day on which the alarm named it.", required=True),
    ),
)
