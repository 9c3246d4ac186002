"""Tables that hold what other providers reported and a run matched. The file that `stillwatch intel match`
writes for `detect --shared` has the columns of SHARED_REPORTS.
"""

from __future__ import annotations

import pyarrow as pa

from stillwatch.schema.table import KEY, TIME, Column, Contract

OF_EXCHANGES = ("asn", "subnet", "address", "ja4", "client", "stainless")
"""Columns of table exchanges whose values a report may name."""
OF_ACCOUNTS = ("email_domain", "mail_root", "payment", "phone_prefix")
"""Columns of table accounts whose values a report may name."""
COLUMNS = (*OF_EXCHANGES, *OF_ACCOUNTS)

SHARED_REPORTS = Contract(
    "shared_reports",
    "One value that another provider reported, as the run keys values.",
    (
        Column("kind", pa.string(), "Kind of the indicator: asn, network_prefix, …", required=True),
        Column(
            "column",
            pa.string(),
            "The column of exchanges or accounts that holds such values.",
            required=True,
        ),
        Column("value", KEY, "The value's key, or the number itself of a network.", required=True),
        Column("report", pa.string(), "Id of the indicator, as its reporter gave it.", required=True),
        Column("reporter", pa.string(), "Who reported it, as the desk names it.", required=True),
        Column(
            "origin",
            pa.string(),
            "What it comes from: reports of one origin count once.",
            required=True,
        ),
        Column("confidence", pa.float64(), "The reporter's confidence, 0 to 1.", required=True),
        Column(
            "weight",
            pa.float64(),
            "What it counts for, 0 to 1: the confidence, less by the reporter's history here and by age.",
            required=True,
        ),
        Column("confirmed", pa.int64(), "Reports of this reporter that were confirmed here.", required=True),
        Column(
            "false_positives",
            pa.int64(),
            "Reports of this reporter that were false positives here.",
            required=True,
        ),
        Column("disputed", pa.bool_(), "Whether somebody disagrees with it.", required=True),
        Column("valid_until", TIME, "When it ends.", required=True),
        Column("tlp", pa.string(), "How far it may go: a label of TLP 2.0.", required=True),
        Column("epoch", pa.string(), "Epoch of the token that it matched by; null: it came plain."),
    ),
)

SHARED = Contract(
    "shared",
    "One account that matches a value that others reported, and that not many accounts share.",
    (
        Column("account", KEY, "The account.", required=True),
        Column("group", pa.int32(), "A group that it is a member of; null: it is in none."),
        Column("report", pa.string(), "Id of the indicator.", required=True),
        Column("reporter", pa.string(), "Who reported it.", required=True),
        Column("kind", pa.string(), "Kind of the indicator.", required=True),
        Column("weight", pa.float64(), "What the report counts for, 0 to 1.", required=True),
        Column("carriers", pa.int64(), "Accounts of the run that match it.", required=True),
    ),
)

SHARED_GROUPS = Contract(
    "shared_groups",
    "One group that matches what one reporter reported of one kind.",
    (
        Column("group", pa.int32(), "The group.", required=True),
        Column("reporter", pa.string(), "Who reported it.", required=True),
        Column("origin", pa.string(), "What it comes from.", required=True),
        Column("kind", pa.string(), "Kind of the indicators.", required=True),
        Column("reports", pa.int64(), "Indicators that match.", required=True),
        Column("accounts", pa.int64(), "Accounts of the group that match.", required=True),
        Column("of", pa.int64(), "Accounts of the group.", required=True),
        Column("carriers", pa.int64(), "Accounts of the run that match the same.", required=True),
        Column("confidence", pa.float64(), "The reporter's confidence, the highest, 0 to 1.", required=True),
        Column("weight", pa.float64(), "What the reports count for, in the mean, 0 to 1.", required=True),
        Column(
            "strength",
            pa.float64(),
            "The weight, less by how far the group and those who match are different accounts.",
            required=True,
        ),
        Column(
            "joint",
            pa.float64(),
            "Strength of all that was reported of the group: reports of one origin count once.",
            required=True,
        ),
        Column("confirmed", pa.int64(), "Reports of this reporter that were confirmed here.", required=True),
        Column(
            "false_positives",
            pa.int64(),
            "Reports of this reporter that were false positives here.",
            required=True,
        ),
        Column("disputed", pa.int64(), "Indicators with which somebody disagrees.", required=True),
        Column("tlp", pa.string(), "The strictest label of TLP 2.0 among them.", required=True),
        Column("review", pa.bool_(), "Whether the group is for review because of it.", required=True),
    ),
)
