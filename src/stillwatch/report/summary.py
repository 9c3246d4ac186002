"""The list of campaigns: a table on screen, a document for machines."""

from __future__ import annotations

import math
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stillwatch import iso_time
from stillwatch.plain import plain
from stillwatch.report import formatting, lineage, sentences
from stillwatch.report.view_models import AXES, listed, severity
from stillwatch.run.reading import Row, Run

COLOURS = {"adversarial": "bold red", "unlicensed": "yellow", "authorised": "green", "benign": "dim"}


def summary(folder: Path) -> RenderableType:
    """The listed campaigns as a table, with the sentence of the error control below it. Raises RunError."""
    run = Run(folder)
    campaigns = listed(run)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for name in ("campaign", "verdict"):
        table.add_column(name, no_wrap=True)
    table.add_column("at least\nof accounts", justify="right", overflow="fold")
    table.add_column("ex-\nchanges", justify="right", no_wrap=True)
    table.add_column("period")
    table.add_column("scale\ndeception\nintent", no_wrap=True)
    table.add_column("e-value", justify="right", no_wrap=True)
    high, year = sentences.high(run), _shared_year(campaigns)
    for campaign in campaigns:
        table.add_row(*_cells(campaign, high, year))
    rest = len(run.rows("campaigns")) - len(campaigns)
    note = Text(
        f"{sentences.error_control(run.about, campaigns)} {formatting.plural(rest, 'group')} seen and not "
        "listed.",
        style="dim",
    )
    related = [*lineage.families(run, campaigns), lineage.compared(run, campaigns)]
    shown = table if campaigns else Text("No group passed the error control: nothing is listed.")
    return Group(
        shown,
        *(Text(line) for line in related if line),
        note,
        *(Text(line, style="yellow") for line in (_kept_out(run), _not_seen(run)) if line),
    )


def _kept_out(run: Run) -> str:
    """What went to quarantine, most frequent reasons first; empty if nothing did."""
    bad = int(run.about.get("quarantined", 0))
    if not bad:
        return ""
    reasons = Counter(f"{row['column'] or 'row'}: {row['reason']}" for row in run.rows("quarantine"))
    told = "; ".join(
        f"{reason} ({count:,})"
        for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:3]
    )
    return plain(f"{formatting.plural(bad, 'row')} kept out, see quarantine.parquet: {told}")


def _not_seen(run: Run) -> str:
    """Facets and signals that saw nothing at all; empty if each saw something."""
    blind = sorted(f"{row['name']} ({row['reason']})" for row in run.rows("blindness") if row["share"] >= 1.0)
    return plain(f"Blind, which is not innocence: {'; '.join(blind)}") if blind else ""


def summary_document(folder: Path) -> dict[str, Any]:
    """Every campaign, the listed ones first, and the run's own description. Raises RunError."""
    run = Run(folder)
    rows = sorted(run.rows("campaigns"), key=lambda row: (not row["listed"], severity(row)))
    listed_rows = sum(bool(row["listed"]) for row in rows)
    counts = {"campaigns": len(rows), "listed": listed_rows, "not_listed": len(rows) - listed_rows}
    links: dict[int, list[dict[str, Any]]] = {}
    for link in run.rows("campaign_links"):
        links.setdefault(link["group"], []).append(lineage.document(link))
    found = [{**campaign_document(row), "links": links.get(row["group"], [])} for row in rows]
    return {"counts": counts, "campaigns": found, "run": run.about}


def campaign_document(row: Row) -> dict[str, Any]:
    """One campaign as plain values; times in ISO form, UTC."""
    same = (
        "campaign",
        "identity",
        "family",
        "group",
        "kind",
        "verdict",
        "listed",
        "accounts",
        "at_least",
        "exchanges",
        "input_tokens",
        "output_tokens",
    )
    more = ("log_e_value", "p_value", "null", "extracting", "permit", "permit_excess")
    return {
        **{name: row[name] for name in same},
        "first": iso(row["first"]),
        "last": iso(row["last"]),
        **{axis: row[axis] for axis in AXES},
        **{name: _finite(row[name]) for name in more},
        "held_out": [name.strip() for name in row["held_out"].split(",") if name.strip()],
        "why": {axis: row[f"{axis}_why"] for axis in AXES},
    }


def _finite(value: Any) -> Any:
    """JSON has no word for an infinite number."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def iso(time: datetime | None) -> str | None:
    """A time in ISO form, or none."""
    return None if time is None else iso_time.iso(time)


def bar(score: float, width: int = 6) -> str:
    """A score from 0 to 1 as blocks, to an eighth of a character."""
    eighths = round(min(1.0, max(0.0, score)) * width * 8)
    full, part = divmod(eighths, 8)
    return ("█" * full + " ▏▎▍▌▋▊▉"[part] * bool(part)).ljust(width, "░")


def verdict_text(verdict: str) -> Text:
    """A verdict in its colour; the word itself says it all."""
    return Text(verdict, style=COLOURS.get(verdict, ""))


def _shared_year(campaigns: list[Row]) -> str:
    """The year that all campaigns share, to be left out of their periods."""
    years = {row[end].year for row in campaigns for end in ("first", "last")}
    return f" {years.pop()}" if len(years) == 1 else ""


def _cells(campaign: Row, high: float, year: str) -> list[RenderableType]:
    scores = Text(" ").join(
        Text(f"{campaign[axis]:.2f}", style="bold" if campaign[axis] >= high else "dim") for axis in AXES
    )
    return [
        Text(campaign["campaign"], style="bold"),
        verdict_text(campaign["verdict"]),
        f"{formatting.count(campaign['at_least'])} of {formatting.count(campaign['accounts'])}",
        formatting.short(campaign["exchanges"]),
        formatting.period(campaign["first"], campaign["last"]).removesuffix(year),
        scores,
        formatting.raised(formatting.e_value(campaign["log_e_value"])),
    ]
