"""The tables of pages about runs."""

from __future__ import annotations

from typing import Any

from stillwatch.console.runs_asked import run_id, seconds
from stillwatch.console.shown import Column
from stillwatch.report import formatting
from stillwatch.report.sentences import blindness
from stillwatch.run.reading import Row, Run
from stillwatch.settings import Settings, as_told

MOST_KINDS = 200
"""Kinds of unreadable rows that are listed."""
RUNS = (
    Column("name", "Run", link="/runs/{id}"),
    Column("first", "Traffic from", "time"),
    Column("last", "To", "time"),
    Column("made", "Made", "time"),
    Column("exchanges", "Exchanges", "count"),
    Column("accounts", "Accounts", "count"),
    Column("files", "Files", "count"),
    Column("quarantined", "Unreadable rows", "count"),
    Column("given", "Given besides logs", "words"),
    Column("id", "Id", "code"),
)
INPUTS = (
    Column("file", "File"),
    Column("format", "Format"),
    Column("rows", "Rows", "count"),
    Column("bytes", "Bytes", "count"),
    Column("sha256", "SHA-256", "code"),
)
USE = (
    Column("given", "Input"),
    Column("what", "What"),
    Column("name", "Which"),
    Column("count", "Count", "count"),
    Column("of", "Of", "count"),
)
BLIND = (
    Column("name", "Name"),
    Column("kind", "Kind"),
    Column("reason", "What was missing"),
    Column("means", "What that means"),
)
QUARANTINE = (
    Column("reason", "Reason"),
    Column("column", "Column"),
    Column("rows", "Rows", "count"),
    Column("example", "For example"),
)
SETTINGS = (
    Column("setting", "Setting", "code"),
    Column("value", "In this run"),
    Column("default", "Default"),
)
COMPARED = (
    Column("what", "What became of it"),
    Column("identity", "Campaign", "code"),
    Column("earlier", "Then", link="/campaigns/{earlier}?run={one}"),
    Column("later", "Now", link="/campaigns/{later}?run={other}"),
    Column("verdict_then", "Verdict then"),
    Column("verdict_now", "Now"),
    Column("named_then", "Named then", "count"),
    Column("named_now", "Now", "count"),
    Column("exchanges_then", "Exchanges then", "count"),
    Column("exchanges_now", "Now", "count"),
    Column("last_then", "Last then", "time"),
    Column("last_now", "Now", "time"),
    Column("links", "How they are linked", "words"),
)
ORDER = ("new", "changed", "same", "gone")


def input_rows(about: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the files that a run read, those beside the logs too."""
    files = [*about.get("inputs", ()), *about.get("side_inputs", ())]
    return [
        {column.name: one.get(column.name) for column in INPUTS} for one in files if isinstance(one, dict)
    ]


def blind_rows(run: Run) -> list[dict[str, Any]]:
    """Return what a run could not see, the blindest first."""
    rows = sorted(
        run.rows("blindness"), key=lambda r: (blindness.is_answer(r), -r["share"], r["kind"], r["name"])
    )
    return [
        {
            "name": formatting.named(row["name"]),
            "kind": row["kind"],
            "reason": row["reason"],
            "means": blindness.state(row),
        }
        for row in rows
    ]


def quarantine_rows(run: Run) -> list[dict[str, Any]]:
    """Return kinds of rows that could not be read, the most first, with where one stands."""
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for row in run.rows("quarantine"):
        kind = (row["reason"], row["column"] or "")
        rows, example = found.get(kind, (0, ""))
        found[kind] = (rows + 1, min(filter(None, (example, f"{row['file']}:{row['row']}"))))
    listed = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))[:MOST_KINDS]
    return [
        {"reason": formatting.cut(reason, 200), "column": column, "rows": rows, "example": example}
        for (reason, column), (rows, example) in listed
    ]


def differing_settings(about: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the settings of a run that are not the defaults of this version."""
    defaults = as_told(Settings())
    told = about.get("settings")
    rows = []
    for section, values in sorted((told if isinstance(told, dict) else {}).items()):
        for name, value in sorted(values.items()):
            default = defaults.get(section, {}).get(name)
            if _said(value) != _said(default):
                rows.append(
                    {"setting": f"{section}.{name}", "value": _said(value), "default": _said(default)}
                )
    return rows


def compared_rows(earlier: Run, later: Run) -> list[dict[str, Any]]:
    """Return the listed campaigns of two runs, matched by identity; what is new first."""
    then = {row["identity"]: row for row in earlier.rows("campaigns") if row["listed"]}
    now = {row["identity"]: row for row in later.rows("campaigns") if row["listed"]}
    links: dict[str, list[str]] = {}
    for row in later.rows("campaign_links"):
        if row["earlier_digest"] is not None:
            links.setdefault(row["identity"], []).append(f"{row['link']} {row['other_campaign']}")
    rows = [
        _pair(identity, then.get(identity), now.get(identity), links.get(identity, []), earlier, later)
        for identity in dict.fromkeys([*now, *then])
    ]
    return sorted(rows, key=lambda row: (ORDER.index(row["what"]), -(row["named_now"] or 0), row["identity"]))


def _pair(
    identity: str, then: Row | None, now: Row | None, links: list[str], earlier: Run, later: Run
) -> dict[str, Any]:
    if then is None:
        what = "new"
    elif now is None:
        what = "gone"
    else:
        same = all(then[name] == now[name] for name in ("verdict", "role", "named", "permit"))
        what = "same" if same else "changed"
    return {
        "what": what,
        "identity": identity,
        "one": run_id(earlier),
        "other": run_id(later),
        "earlier": then["campaign"] if then else "",
        "later": now["campaign"] if now else "",
        "verdict_then": then["verdict"] if then else "",
        "verdict_now": now["verdict"] if now else "",
        **{f"{name}_then": then[name] if then else None for name in ("named", "exchanges")},
        **{f"{name}_now": now[name] if now else None for name in ("named", "exchanges")},
        "last_then": seconds(then["last"]) if then else None,
        "last_now": seconds(now["last"]) if now else None,
        "links": links,
    }


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "not there" if value is None else str(value)
