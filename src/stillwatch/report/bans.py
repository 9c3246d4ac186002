"""Bans gathered: one mark for a wave of them, not one for every hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from stillwatch.report import formatting
from stillwatch.run.reading import Row

LEAST_GAP = timedelta(hours=12)
"""Bans nearer to each other than this are one wave."""
PARTS = 30
"""And so are those nearer than this part of the time shown."""


def gathered(marks: Sequence[Row], span: timedelta) -> list[Row]:
    """Rows of table marks in order of time, with each wave of bans as one row; span: the time shown.

    A wave has the time of its first ban, the sum of its accounts, and a label that tells both.
    """
    gap = max(LEAST_GAP, span / PARTS)
    others = [row for row in marks if row["kind"] != "ban"]
    waves: list[list[Row]] = []
    for row in sorted((row for row in marks if row["kind"] == "ban"), key=lambda row: row["time"]):
        if waves and row["time"] - waves[-1][-1]["time"] <= gap:
            waves[-1].append(row)
        else:
            waves.append([row])
    told = [wave[0] if len(wave) == 1 else _one(wave) for wave in waves]
    return sorted([*others, *told], key=lambda row: (row["time"], row["kind"], row["label"]))


def _one(wave: list[Row]) -> Row:
    accounts = sum(row["accounts"] or 0 for row in wave)
    days = formatting.period(wave[0]["time"], wave[-1]["time"], year=False)
    return wave[0] | {"accounts": accounts, "label": f"{formatting.count(accounts)} banned, {days}"}
