"""The tables of the policy's page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stillwatch.console.shown import Column
from stillwatch.response.compiled import Standing
from stillwatch.response.language.canonical import written
from stillwatch.response.replay.people import Customer
from stillwatch.response.stages import Move

RULES = (
    Column("rule", "Rule"),
    Column("version", "Version", "code"),
    Column("kind", "Kind"),
    Column("step", "Step"),
    Column("stage", "Stage"),
    Column("share", "Share", "number"),
    Column("since", "Since", "time"),
    Column("by", "Moved by"),
    Column("why", "Why"),
    Column("fired", "Fired", "count"),
    Column("held_back", "Held back", "count"),
    Column("would_fire", "Would have fired", "count"),
    Column("ceiling", "Ceiling", "count"),
    Column("about", "What it is for"),
    Column("when", "Condition", "code"),
)
COUNTS = (
    Column("day", "Day"),
    Column("rule", "Rule"),
    Column("version", "Version", "code"),
    Column("fired", "Fired", "count"),
    Column("held_back", "Of these held back", "count"),
    Column("would_fire", "Would have fired", "count"),
    Column("accounts", "Accounts", "count"),
)
KINDS = {
    str(Customer.PERMIT): "Permit holders",
    str(Customer.EXEMPT): "Exempted",
    str(Customer.VICTIM): "Victims",
    str(Customer.PROVIDER): "Providers",
    str(Customer.COORDINATED): "Coordinated",
    str(Customer.PRESENT): "Only present",
    str(Customer.NEAR): "Near",
    str(Customer.BENIGN): "Benign",
    str(Customer.NAMED_UNLICENSED): "Named, unlicensed",
    str(Customer.NAMED_ADVERSARIAL): "Named, adversarial",
}
"""Kinds of customers as columns, those who must not be touched first."""
TOUCHED = (
    Column("rule", "Rule"),
    Column("version", "Version", "code"),
    Column("step", "Step"),
    Column("what", "Counted"),
    *(Column(kind, title, "count") for kind, title in KINDS.items()),
    Column("accounts", "All", "count"),
    Column("ceiling", "Ceiling", "count"),
    Column("within", "May go live"),
)
MOVES = (
    Column("at", "When", "time"),
    Column("rule", "Rule"),
    Column("version", "Version", "code"),
    Column("stage", "To"),
    Column("share", "Share", "number"),
    Column("by", "Who"),
    Column("why", "Why"),
)


def rule_rows(
    standings: Sequence[tuple[Move, Standing]], counts: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return where each version stands, with what it did in the newest decisions; retired ones last."""
    sums: dict[tuple[str, str], dict[str, int]] = {}
    for row in counts:
        mine = sums.setdefault((row["rule"], row["version"]), dict.fromkeys(SUMMED, 0))
        for name in SUMMED:
            mine[name] += row[name]
    order = {"live": 0, "canary": 1, "shadow": 2, "draft": 3, "retired": 4}
    rows = [
        {
            "rule": move.rule,
            "version": move.version,
            "kind": str(one.rule.kind),
            "step": one.rule.action.step.name.lower(),
            "stage": str(one.stage),
            "share": one.share or None,
            "since": one.since,
            "by": move.by,
            "why": move.why,
            **sums.get((move.rule, move.version), dict.fromkeys(SUMMED, 0)),
            "ceiling": one.rule.ceiling,
            "about": one.rule.about,
            "when": written(one.rule.when),
            "line": one.rule.line,
            "file": move.file,
        }
        for move, one in standings
    ]
    return sorted(rows, key=lambda row: (order.get(str(row["stage"]), 9), str(row["rule"])))


SUMMED = ("fired", "held_back", "would_fire")


def touched_rows(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return two rows for each rule of a backtest: as it asks, and after the limits."""
    rows = []
    for one in document.get("rules", ()):
        for what, said in (("asked", "as asked"), ("done", "after the limits")):
            kinds = one[what]["by_kind"]
            rows.append(
                {
                    "rule": one["rule"],
                    "version": one["version"],
                    "step": one["step"],
                    "what": said,
                    **{kind: kinds.get(kind, {}).get("accounts", 0) for kind in KINDS},
                    "accounts": one[what]["accounts"],
                    "ceiling": one["benign"]["ceiling"] if what == "asked" else None,
                    "within": one["benign"]["within"] if what == "asked" else None,
                    "low": one["benign"]["low"],
                    "high": one["benign"]["high"],
                }
            )
    return rows


def move_rows(moves: Sequence[Move]) -> list[dict[str, Any]]:
    """Return moves, the newest first."""
    return [
        {
            "at": move.at,
            "rule": move.rule,
            "version": move.version,
            "stage": str(move.stage),
            "share": move.share or None,
            "by": move.by,
            "why": move.why,
        }
        for move in reversed(moves)
    ]
