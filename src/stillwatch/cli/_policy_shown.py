"""What `stillwatch policy` shows: rules, examples, moves, backtests and differences."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from stillwatch.iso_time import iso
from stillwatch.plain import plain

if TYPE_CHECKING:
    from stillwatch.response.compiled import Standing
    from stillwatch.response.language.examples import Tried
    from stillwatch.response.language.policy_file import PolicyFile
    from stillwatch.response.language.rule import Rule
    from stillwatch.response.stages import Move

MOST_SHOWN = 5
"""Accounts of a change that are named."""


def rule_row(rule: Rule) -> dict[str, Any]:
    """A rule as a document."""
    from stillwatch.response.language.canonical import written

    return {
        "rule": rule.name,
        "version": rule.version,
        "kind": str(rule.kind),
        "step": rule.action.step.name.lower(),
        "when": written(rule.when),
        "expires_s": rule.expires_s,
        "onset_s": rule.onset_s,
        "reason": rule.reason,
        "remedy": rule.remedy,
        "ceiling": rule.ceiling,
        "about": rule.about,
        "line": rule.line,
    }


def example_row(one: Tried) -> dict[str, Any]:
    """An example as a document."""
    return {
        "rule": one.rule,
        "must": "touch" if one.touch else "spare",
        "case": dict(one.example.given),
        "condition": one.matched,
        "held_back": str(one.held_back),
        "holds": one.holds,
    }


def move_row(move: Move) -> dict[str, Any]:
    """A move as a document."""
    return {
        "rule": move.rule,
        "version": move.version,
        "stage": str(move.stage),
        "share": move.share,
        "by": move.by,
        "why": move.why,
        "at": iso(datetime.fromtimestamp(move.at, UTC)),
        "file": move.file,
        "backtest": move.backtest,
    }


def standing_row(move: Move, standing: Standing) -> dict[str, Any]:
    """Where a version stands, as a document."""
    rule = standing.rule
    return {**move_row(move), "kind": str(rule.kind), "step": rule.action.step.name.lower()}


def _print(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, title=title, title_justify="left", box=None)
    for row in rows:
        table.add_row(*(plain(str(cell)) for cell in row))
    Console(highlight=False, markup=False).print(table)


def show_rules(file: PolicyFile) -> None:
    """The rules of a file, and what is to be warned of."""
    rows = (
        (rule.name, rule.version, rule.kind, rule.action.step.name.lower(), rule.about) for rule in file.rules
    )
    _print(f"{len(file.rules)} rules, no fault", ("rule", "version", "kind", "step", "about"), rows)
    for warning in file.warnings:
        click.echo(f"warning:\n{warning}")


def show_examples(found: list[Tried]) -> None:
    """Each example."""
    rows = (
        (
            one.rule,
            "touch" if one.touch else "spare",
            "yes" if one.holds else "NO",
            ("fires" if one.matched else "does not fire")
            + (f", held back: {one.held_back}" if one.held_back else ""),
            ", ".join(f"{name} = {value}" for name, value in one.example.given) or "an unknown account",
        )
        for one in found
    )
    _print(f"{len(found)} examples", ("rule", "must", "holds", "the rule", "case"), rows)


def _said(one: Tried) -> str:
    if not one.matched:
        return "does not fire"
    return f"is held back: {one.held_back}" if one.held_back else "acts"


def show_moves(moves: Iterable[Move]) -> None:
    """Moves, or where versions stand."""
    rows = (
        (
            move.rule,
            move.version,
            f"{move.stage} {move.share:g}" if move.share else move.stage,
            iso(datetime.fromtimestamp(int(move.at), UTC)),
            move.by,
            move.why,
        )
        for move in moves
    )
    _print("Rules", ("rule", "version", "stage", "since", "by", "why"), rows)


def show_backtest(document: dict[str, Any]) -> None:
    """Who would be touched, as asked and after the limits."""
    days, accounts = document["days"], document["accounts"]
    kinds = list(accounts["by_kind"])
    click.echo(
        f"{days['first']} to {days['last']}: {accounts['all']:,} accounts, {accounts['benign']:,} of them "
        f"benign; {document['exchanges']:,} exchanges"
    )
    for what, title in (("asked", "As asked, in accounts"), ("done", "After the limits, in accounts")):
        rows = (
            (
                row["rule"],
                row["step"],
                *(_accounts(row[what], kind) for kind in kinds),
                f"{row[what]['exchanges']:,}",
            )
            for row in document["rules"]
        )
        _print(title, ("rule", "step", *kinds, "exchanges"), rows)
    _print(
        "Benign accounts as asked, against the ceiling",
        ("rule", "version", "touched", "95 % interval", "ceiling", "may go live"),
        (
            (
                row["rule"],
                row["version"],
                f"{row['benign']['asked']:,}",
                f"{row['benign']['low']:.4%} to {row['benign']['high']:.4%}",
                f"{row['benign']['ceiling']:,}",
                "yes" if row["benign"]["within"] else "NO",
            )
            for row in document["rules"]
        ),
    )
    for row in document["rules"]:
        for reason, count in row["held_back"].items():
            click.echo(f"{row['rule']}: {count:,} accounts held back: {reason}")
        if row["unknown"]:
            click.echo(
                f"{row['rule']}: counted wherever it may hold; stored days lack {', '.join(row['unknown'])}"
            )
    if "digest" in document:
        click.echo(f"kept: {document['digest']}")


def _accounts(touched: dict[str, Any], kind: str) -> str:
    found = touched["by_kind"].get(kind)
    return f"{found['accounts']:,}" if found else "-"


def show_difference(document: dict[str, Any]) -> None:
    """Which accounts change, permit holders first."""
    days = document["days"]
    click.echo(
        f"{days['first']} to {days['last']}: {document['changed']:,} of {document['accounts']:,} change"
    )
    rows = (
        (
            row["kind"],
            f"{row['accounts']:,}",
            row["before"],
            row["after"],
            "harder" if row["harder"] else "milder" if row["milder"] else "recorded only",
            ", ".join(row["ids"][:MOST_SHOWN]) + (", …" if row["accounts"] > MOST_SHOWN else ""),
        )
        for row in document["changes"]
    )
    _print("Changes after the limits", ("kind", "accounts", "now", "then", "", "such as"), rows)
