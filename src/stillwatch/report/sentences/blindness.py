"""What a facet or signal lacked, in words: a column that nobody fills, values that are not known, and empty
values that are an answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from stillwatch.report import formatting
from stillwatch.report.sentences.clauses import joined
from stillwatch.run.reading import Row

COLUMN = re.compile(r"\b(?:exchanges|accounts|releases)\.\w+")
ANSWERS: Mapping[str, str] = {
    "accounts.banned": "not banned, or nobody knows when",
    "accounts.mail_root": "a mail domain that is open to anyone, or none",
    "accounts.organisation": "no organisation declared",
    "exchanges.system": "no system prompt",
    "exchanges.tools": "no tools",
    "exchanges.output_format": "no output format",
    "exchanges.continues": "a first turn",
    "exchanges.signatures": "no signature sent back",
    "exchanges.signed": "an answer without a signature",
    "exchanges.end_user": "no end user named",
}
"""Columns in which an empty value says something, and what."""
TOLD = {"accounts": "of accounts in the accounts file", "exchanges": "where the log holds the request"}
"""Of which rows it says this; in the others the value is not known."""


def is_answer(row: Row) -> bool:
    """Whether what is empty is an answer: the column is filled for somebody, and empty means something. row:
    of table blindness.
    """
    columns = COLUMN.findall(row["reason"])
    return row["share"] < 1.0 and bool(columns) and all(name in ANSWERS for name in columns)


def state(row: Row) -> str:
    """What a row of table blindness says: absent, not known for a share, or empty as an answer."""
    if row["share"] >= 1.0:
        return "absent: no row has it"
    if is_answer(row):
        names = COLUMN.findall(row["reason"])
        means = joined(sorted({ANSWERS[name] for name in names}))
        where = joined(sorted({TOLD[name.partition(".")[0]] for name in names}))
        filled = formatting.percent(1.0 - row["share"])
        return f"no lack: filled in {filled} of rows; empty means {means} ({where}; else not known)"
    return f"not known in {formatting.percent(row['share'])} of rows"
