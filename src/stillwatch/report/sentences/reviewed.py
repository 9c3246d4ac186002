"""What people decided about a run's campaigns, in sentences."""

from __future__ import annotations

from typing import Any

from stillwatch.iso_time import iso
from stillwatch.report import formatting
from stillwatch.report.sentences.clauses import joined
from stillwatch.run.reading import Row, Run
from stillwatch.schema.reviewed import Change


def lines(run: Run) -> list[str]:
    """One line for each decision about a campaign of the run, and one for those about accounts."""
    told = [sentence(row) for row in run.rows("reviewed")]
    accounts: dict[str, int] = {}
    for row in run.rows("reviewed_accounts"):
        accounts[row["label"]] = accounts.get(row["label"], 0) + 1
    if accounts:
        said = joined([f"{formatting.count(n)} {label}" for label, n in sorted(accounts.items())])
        told.append(f"People decided about accounts of these groups: {said}.")
    return told


def sentence(row: Row) -> str:
    """One row of table reviewed as a sentence."""
    name = row["campaign"]
    decision = f"{row['label']} by review on {formatting.day(row['at'])} by {row['by']}: {row['reason']}"
    if row["holds"]:
        return f"{name} ({row['verdict']}) is {decision}"
    which = "It" if row["link"] in ("same", "grew") else f"{row['judged_identity']}, which it is linked to,"
    changed = f" Since then {changes(row)}." if row["changed"] else ""
    begins = f"{name} is listed with the others. " if row["label"] == "dismissed" else f"{name}: "
    link = "" if row["link"] in ("same", "grew") else f" ({row['link']})"
    return f"{begins}{which} was {decision}{link}.{changed}"


def changes(row: Row) -> str:
    """How a campaign differs from what was judged."""
    then, now = formatting.count(row["accounts_then"]), formatting.count(row["accounts"])
    said = {
        Change.ACCOUNTS: f"its accounts went from {then} to {now}",
        Change.VERDICT: f"its verdict went from {row['verdict_then']} to {row['verdict']}",
        Change.FAMILIES: f"evidence of {joined(row['new_families'])} came up"
        if row["new_families"]
        else "evidence came up",
    }
    return joined([said[Change(code)] for code in row["changed"]])


def document(row: Row) -> dict[str, Any]:
    """A row as plain values, with its sentence."""
    times = {name: iso(row[name]) for name in ("at", "expires")}
    return {**row, **times, "sentence": sentence(row)}
