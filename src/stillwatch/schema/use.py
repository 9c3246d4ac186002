"""What was made of everything that a person gave: the account of use."""

from __future__ import annotations

import pyarrow as pa

from stillwatch.schema.table import Column, Contract

READ = "read"
STEPPED_OVER = "stepped_over"
MERGED = "merged"
QUARANTINED = "quarantined"
NAMELESS = "without_account"
LEFT_OUT = "left_out"
FILLED = "filled"
IGNORED = "ignored"
JOINED = "joined"
PERMIT = "permit"
OVERLAP = "overlap"
LARGEST = "largest_account"
ADDRESS = "largest_address"
OTHERS = "others"
"""The name of all that are not told one by one."""
TOLD = {
    READ: "rows that became exchanges, edge rows or accounts",
    STEPPED_OVER: "rows that ask no model for text; `name` is what they are",
    MERGED: "rows that told once more of the same exchange or account, merged into its first row",
    QUARANTINED: "rows that could not be read",
    NAMELESS: "rows among these in which no account was found",
    LEFT_OUT: "single values that could not be used, in rows that were kept; `name` is the column, `detail` "
    "the reason",
    FILLED: "rows that fill the column `name`, of all rows read",
    IGNORED: "files with a column `name` that nothing was read from, by the first of the files with "
    "values in the same columns",
    JOINED: "requests or accounts of the logs that the file names, of all in the logs",
    PERMIT: "accounts of the logs that the permit `name` names or whose declared owner it names",
    OVERLAP: "accounts that the permits `name` and `detail` both cover",
    LARGEST: "rows of the account that made the most, of all rows",
    ADDRESS: "accounts that the address of the most accounts has, of all accounts with an address",
}
"""The codes of `what`, each with its meaning."""

USE = Contract(
    "use",
    "What was made of the files given: rows read and stepped over, columns used and ignored, ids joined.",
    (
        Column(
            "input",
            pa.string(),
            "What the file was given as: logs, edge, accounts or permits.",
            required=True,
        ),
        Column("file", pa.string(), "The file; null for all of this input together."),
        Column("what", pa.string(), f"What is counted: {', '.join(TOLD)}.", required=True),
        Column("name", pa.string(), "The kind, the column or the permit, where there are several."),
        Column("detail", pa.string(), "The reason, or the other permit."),
        Column("count", pa.int64(), "How many.", required=True),
        Column("of", pa.int64(), "Of how many, where that says something."),
    ),
)
