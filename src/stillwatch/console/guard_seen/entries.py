"""Entries of the guard's journal as rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch.console.shown import Column
from stillwatch.guard.journal_entry import Entry, Kind
from stillwatch.report import formatting

ENTRIES = (
    Column("seq", "Entry"),
    Column("time", "When", "time"),
    Column("actor", "Who"),
    Column("kind", "What"),
    Column("step", "Step, for how many"),
    Column("subject", "About", "code", link="/campaigns/{campaign}"),
    Column("reason", "Why"),
    Column("expires", "Until", "time"),
    Column("standing", "Now"),
)


def entry_row(entry: Entry, ended: Mapping[int, Entry], now: float) -> dict[str, Any]:
    """Return an entry with whether it is in force. ended: the entries that were taken back."""
    by = ended.get(entry.seq)
    over = entry.expires is not None and entry.expires <= now
    return {
        "seq": entry.seq,
        "time": entry.time,
        "actor": entry.actor,
        "kind": str(entry.kind),
        "step": _step(entry),
        "subject": entry.subject,
        "campaign": entry.about[1] if entry.about[0] == "campaign" else "",
        "reason": entry.reason,
        "expires": entry.expires,
        "standing": f"taken back by entry {by.seq}" if by else "over" if over else "in force",
    }


def _step(entry: Entry) -> str:
    """What people took, and about how many accounts; empty for all but acts."""
    if entry.kind is not Kind.ACT:
        return ""
    return f"{entry.data['step']}, {formatting.plural(len(entry.data.get('accounts', (1,))), 'account')}"
