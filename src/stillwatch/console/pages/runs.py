"""Runs: the list, one run with its inputs and blind spots, and two runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec

from stillwatch.console.large.kept import kept
from stillwatch.console.page import Page
from stillwatch.console.role import Role
from stillwatch.console.run_tables import (
    BLIND,
    COMPARED,
    INPUTS,
    QUARANTINE,
    RUNS,
    SETTINGS,
    USE,
    blind_rows,
    compared_rows,
    differing_settings,
    input_rows,
    quarantine_rows,
)
from stillwatch.console.runs_asked import choices, in_order_of, run_asked, run_id, run_there, seconds
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Rows, Shown
from stillwatch.console.templating import with_query
from stillwatch.report import formatting, sentences
from stillwatch.report.chapters import headline
from stillwatch.report.sentences import lineage, log_settings, use
from stillwatch.run.reading import Run

AT_ONCE = 50
"""Runs of one page."""
MOST_INPUTS = 500
"""Files of a run that are listed."""


class Filters(msgspec.Struct):
    """Which runs; it stands in the URL."""

    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    after: Annotated[int, msgspec.Meta(ge=0)] = 0


class Pair(msgspec.Struct):
    """The two runs that are compared: an earlier and a later one."""

    one: str = ""
    other: str = ""
    what: str = ""
    after: Annotated[int, msgspec.Meta(ge=0)] = 0


def runs(seen: Seen) -> Shown:
    """Return the runs that the console shows, the newest traffic first."""
    wanted: Filters = seen.filters
    found = [
        (folder, about)
        for folder, about in seen.doors.runs.all()
        if not wanted.name or wanted.name.lower() in folder.name.lower() or about.get("id") == wanted.name
    ]
    here = found[wanted.after : wanted.after + AT_ONCE]
    further = wanted.after + AT_ONCE
    more = with_query("/runs", seen.query, after=str(further)) if further < len(found) else ""
    rows = [_row(folder, about) for folder, about in here]
    values = {"filters": msgspec.to_builtins(wanted), "folders": len(seen.doors.runs.folders)}
    return Shown("runs.html", values, {"runs": Rows(RUNS, rows, "Runs", len(found), more)})


def run(seen: Seen) -> Shown:
    """Return one run: what it read, found, and could not see."""
    found = run_there(seen.doors, str(seen.path["run"]))
    about = found.about
    used = found.rows("use")
    on_list, _rest = in_order_of(found)
    inputs = input_rows(about)
    tables = {
        "inputs": Rows(INPUTS, inputs[:MOST_INPUTS], "Files read", len(inputs)),
        "use": Rows(USE, [vars(line) for line in use.table(used)], "What was made of the files"),
        "blindness": Rows(BLIND, blind_rows(found), "Facets, signals and stages that lacked data"),
        "quarantine": Rows(QUARANTINE, quarantine_rows(found), "Rows that could not be read"),
        "settings": Rows(SETTINGS, differing_settings(about), "Settings that differ from their defaults"),
    }
    previous = about.get("previous") if isinstance(about.get("previous"), dict) else {}
    values = {
        "run": _row(found.folder, about),
        "headline": [text for _chapter, text in headline(on_list)],
        "lines": use.lines(used),
        "warnings": [str(warned) for warned in use.warnings(used)],
        "additions": [str(one) for one in log_settings.additions(found)],
        "error_control": sentences.error_control(about, on_list),
        "compared": lineage.compared(found, on_list) if len(on_list) <= AT_ONCE else "",
        "previous": str((previous or {}).get("run") or ""),
        "key_note": sentences.key_note(about),
        "packages": about.get("packages", {}),
        "version": str(about.get("version", "")),
        "digest": str(about.get("digest", "")),
        "has_text": about.get("has_text"),
        "merged": about.get("merged", 0),
    }
    known = {str(one.get("id")) for _folder, one in seen.doors.runs.all()}
    parts = {"has_previous": values["previous"] in known, "choices": choices(seen.doors)}
    return Shown("run.html", values, tables, parts, title=f"Run {found.folder.name}")


def compare(seen: Seen) -> Shown:
    """Return the campaigns of two runs side by side, matched by their lasting names."""
    wanted: Pair = seen.filters
    later = run_asked(seen.doors, wanted.other)
    earlier = run_there(seen.doors, wanted.one) if wanted.one else _before(seen, later)
    rows = [] if later is None or earlier is None else _compared(earlier, later)
    values: dict[str, Any] = {
        "one": None if earlier is None else _row(earlier.folder, earlier.about),
        "other": None if later is None else _row(later.folder, later.about),
        "counts": {
            what: sum(row["what"] == what for row in rows) for what in ("new", "same", "changed", "gone")
        },
    }
    found = [row for row in rows if wanted.what in ("", row["what"])]
    whole = seen.first("format") == "csv"
    here = found if whole else found[wanted.after : wanted.after + AT_ONCE]
    further = wanted.after + AT_ONCE
    more = with_query("/runs/compare", seen.query, after=str(further)) if further < len(found) else ""
    values["filters"] = msgspec.to_builtins(wanted)
    parts = {"choices": choices(seen.doors)}
    table = Rows(COMPARED, here, "Campaigns of two runs", len(found), more)
    return Shown("compare.html", values, {"campaigns": table}, parts, title="Two runs compared")


def _compared(earlier: Run, later: Run) -> list[dict[str, Any]]:
    # The earlier run goes by its digest: this is kept for as long as the later one is open.
    return kept(later, ("compared", earlier.about.get("digest")), lambda: compared_rows(earlier, later))


def _before(seen: Seen, later: Run | None) -> Run | None:
    """The run that a run was compared with, else the newest other one."""
    if later is None:
        return None
    previous = later.about.get("previous")
    wanted = str(previous.get("run") or "") if isinstance(previous, dict) else ""
    ids = [str(about.get("id") or "") for _folder, about in seen.doors.runs.all()]
    if wanted in ids:
        return run_there(seen.doors, wanted)
    others = [one for one in ids if one and one != run_id(later)]
    return run_there(seen.doors, others[0]) if others else None


def _row(folder: Path, about: dict[str, Any]) -> dict[str, Any]:
    given = about.get("given") if isinstance(about.get("given"), dict) else {}
    return {
        "id": str(about.get("id") or ""),
        "name": folder.name,
        "first": seconds(formatting.moment(about.get("first"))),
        "last": seconds(formatting.moment(about.get("last"))),
        "made": seconds(formatting.moment(about.get("made"))),
        "exchanges": about.get("exchanges", 0),
        "accounts": about.get("accounts", 0),
        "quarantined": about.get("quarantined", 0),
        "files": len(about.get("inputs", ())),
        "given": sorted(name for name, there in (given or {}).items() if there),
    }


PAGES = (
    Page("/runs", "Runs", Role.VIEWER, runs, Filters, menu=50),
    Page("/runs/compare", "Compare two runs", Role.VIEWER, compare, Pair),
    Page("/runs/{run}", "Run", Role.VIEWER, run),
)
