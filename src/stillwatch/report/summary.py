"""The list of campaigns: a table on screen, a document for machines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stillwatch import iso_time
from stillwatch.report import formatting, sentences
from stillwatch.report.chapters import headline, in_order
from stillwatch.report.sentences import lineage, log_settings, reviewed, shared, tiers, use
from stillwatch.report.view_models import AXES, listed, severity
from stillwatch.run.reading import Row, Run
from stillwatch.schema.values import item

COLOURS = {
    "adversarial": "bold red",
    "coordinated": "bold yellow",
    "unlicensed": "yellow",
    "authorised": "green",
    "benign": "dim",
}


def summary(folder: Path) -> RenderableType:
    """The listed campaigns as a table, with the sentence of the error control below it. Raises RunError."""
    run = Run(folder)
    campaigns = in_order(listed(run))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for name in ("campaign", "verdict"):
        table.add_column(name, no_wrap=True)
    table.add_column("at least\nof named", justify="right", overflow="fold")
    table.add_column("ex-\nchanges", justify="right", no_wrap=True)
    table.add_column("period")
    table.add_column("scale\ndeception\nintent", no_wrap=True)
    table.add_column("e-value", justify="right", no_wrap=True)
    high, year = sentences.high(run), not _one_year(campaigns)
    for campaign in campaigns:
        table.add_row(*_cells(campaign, high, year))
    note = Text(
        f"{sentences.error_control(run.about, campaigns)} {sentences.unlisted(run, len(campaigns))}",
        style="dim",
    )
    related = [*lineage.overview(run, campaigns), *reviewed.lines(run), *shared.lines(run)]
    shown = table if campaigns else Text(sentences.NOTHING)
    read = run.rows("use")
    warned = (*map(str, use.warnings(read)), sentences.kept_out(run), sentences.not_seen(run))
    counts = "; ".join(said for _chapter, said in headline(campaigns))
    return Group(
        shown,
        *([Text(f"Listed: {counts}.")] if counts else []),
        *(Text(line) for line in related if line),
        note,
        *(Text(line, style="dim") for line in use.lines(read)),
        *(Text(line, style="yellow") for line in warned if line),
        *(Text(str(line), style="yellow") for line in log_settings.additions(run)),
    )


def summary_document(folder: Path) -> dict[str, Any]:
    """Every campaign, the listed ones first, and the run's own description. Raises RunError."""
    run = Run(folder)
    rows = sorted(run.rows("campaigns"), key=lambda row: (not row["listed"], severity(row)))
    listed_rows = sum(bool(row["listed"]) for row in rows)
    counts = {"campaigns": len(rows), "listed": listed_rows, "not_listed": len(rows) - listed_rows}
    judged = run.rows("reviewed")
    if judged:
        counts["dismissed"] = len({row["group"] for row in judged if row["holds"]})
    links: dict[int, list[dict[str, Any]]] = {}
    for link in run.rows("campaign_links"):
        links.setdefault(link["group"], []).append(lineage.document(link))
    found = [
        {
            **campaign_document(row, run.rows("scores", row["group"])),
            "links": links.get(row["group"], []),
            **_judged(row, judged),
            **_reported(run, row),
        }
        for row in rows
    ]
    read = run.rows("use")
    told = {
        "lines": use.lines(read),
        "warnings": [asdict(warned) for warned in use.warnings(read)],
        "settings": [asdict(one) for one in log_settings.additions(run)],
        "rows": [{name: value for name, value in row.items() if value is not None} for row in read],
    }
    return {"counts": counts, "campaigns": found, "use": told, "run": run.about}


def _judged(campaign: Row, judged: list[Row]) -> dict[str, Any]:
    """What people decided about it; nothing where they did not."""
    rows = [reviewed.document(row) for row in judged if row["group"] == campaign["group"]]
    return {"reviewed": rows} if rows else {}


def _reported(run: Run, campaign: Row) -> dict[str, Any]:
    """What other providers reported of it; nothing where they did not."""
    rows = shared.document(run, campaign["group"])
    return {"shared": rows} if rows else {}


def campaign_document(row: Row, scores: Iterable[Row]) -> dict[str, Any]:
    """One campaign as plain values, and the sentences made of them; times in ISO form, UTC. scores: its rows
    of table scores.
    """
    same = (
        "campaign",
        "identity",
        "family",
        "group",
        "kind",
        "verdict",
        "role",
        "role_why",
        "listed",
        "accounts",
        "named",
        "present",
        "near",
        "at_least",
        "exchanges",
        "input_tokens",
        "output_tokens",
    )
    more = ("log_e_value", "p_value", "null", "held_out", "extracting", "permit")
    rows = list(scores)
    values, usual = sentences.values_of(rows), sentences.like_peers(rows)
    return {
        **{name: row[name] for name in same},
        "first": iso(row["first"]),
        "last": iso(row["last"]),
        **{axis: row[axis] for axis in AXES},
        **{name: _finite(row[name]) for name in more},
        "permit_excess": [
            {"code": told["code"], "values": values_document(told["values"])} for told in row["permit_excess"]
        ],
        "why": {axis: row[f"{axis}_why"] for axis in AXES},
        "text": {
            "null": sentences.null(row["null"]),
            "extracting": sentences.extracting(row["extracting"]),
            "permit": sentences.permit(row),
            "role": " ".join(filter(None, (sentences.role(row), sentences.role_why(row)))),
            "tiers": tiers.counted(row),
            "advice": {name: list(lines) for name, lines in asdict(sentences.advice(row)).items()},
            **{axis: sentences.why(row[f"{axis}_why"], values, usual) for axis in AXES},
        },
    }


def values_document(kept: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Named values as plain ones; those of a name that comes more than once as a list, times in ISO form."""
    found: dict[str, list[Any]] = {}
    for one in kept:
        value = item(one)
        found.setdefault(one["name"], []).append(
            iso(value) if isinstance(value, datetime) else _finite(value)
        )
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


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


def _one_year(campaigns: list[Row]) -> bool:
    """Whether all campaigns are of one year, which their periods need not tell then."""
    return len({row[end].year for row in campaigns for end in ("first", "last")}) == 1


def _cells(campaign: Row, high: float, year: bool) -> list[RenderableType]:
    scores = Text(" ").join(
        Text(f"{campaign[axis]:.2f}", style="bold" if campaign[axis] >= high else "dim") for axis in AXES
    )
    return [
        Text(campaign["campaign"], style="bold"),
        verdict_text(campaign["verdict"]),
        tiers.at_least(campaign),
        formatting.short(campaign["exchanges"]),
        formatting.period(campaign["first"], campaign["last"], year=year),
        scores,
        formatting.e_value(campaign["log_e_value"]),
    ]
