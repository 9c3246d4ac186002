"""The tables of the study, for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Sequence

from wild_study.outcomes import FOUND, SHOWN, Row
from wild_study.worlds import VARIANTS

Lines = tuple[str, list[str], list[list[str]]]
"""Title, heads, rows."""


def campaign_tables(rows: Sequence[Row]) -> list[Lines]:
    """Return one table for each way of reading: what became of each campaign in each world."""
    tables: list[Lines] = []
    for variant, words in VARIANTS.items():
        some = [row for row in rows if row["variant"] == variant]
        if not some:
            continue
        names = sorted({one["name"] for row in some for one in row["campaigns"]})
        cells = {(row["world"], one["name"]): _cell(one) for row in some for one in row["campaigns"]}
        worlds = [row["world"] for row in some]
        lines = [[name, *(cells.get((world, name), "-") for world in worlds)] for name in names]
        tables.append((f"Campaigns, {words}", ["campaign", *worlds], lines))
    return tables


def _cell(one: Row) -> str:
    """Return what became of a campaign: the verdict with precision and recall of the accounts named."""
    if one["outcome"] == FOUND:
        role = f", {one['role']}" if one["role"] else ""
        present = f", {one['present']} more present" if one["present"] else ""
        return f"{one['verdict']} {one['precision']:.2f} / {one['recall']:.2f}{role}{present}"
    if one["outcome"] == SHOWN:
        return f"{SHOWN} {one['precision']:.2f} / {one['recall']:.2f}"
    return str(one["outcome"])


def innocents_table(rows: Sequence[Row]) -> Lines:
    """Return, for each kind of innocents, its accounts and what each way of reading says of them."""
    variants = [variant for variant in VARIANTS if any(row["variant"] == variant for row in rows)]
    names = sorted({kind["kind"] for row in rows for kind in row["kinds"]})
    lines = []
    for name in names:
        told, sizes = [], []
        for variant in variants:
            some = [k for row in rows if row["variant"] == variant for k in row["kinds"] if k["kind"] == name]
            told.append(_told(some))
            sizes.append(sum(kind["accounts"] for kind in some))
        lines.append([name, f"{max(sizes):,}", *told])
    return "Innocents", ["kind", "accounts", *(VARIANTS[variant] for variant in variants)], lines


def _told(kinds: Sequence[Row]) -> str:
    """Return how many accounts are named, present or coordinated, and groups of them that are accused."""
    parts = [
        f"{count:,} {words}"
        for words, name in (("named", "named"), ("present", "present"), ("coordinated", "coordinated"))
        if (count := sum(kind[name] for kind in kinds))
    ]
    for verdict in ("adversarial", "unlicensed"):
        if count := sum(kind[f"{verdict}_groups"] for kind in kinds):
            parts.append(f"{count} group{'s' if count > 1 else ''} {verdict}")
    return ", ".join(parts) or "-"
