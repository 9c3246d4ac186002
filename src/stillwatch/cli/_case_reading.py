"""The commands of `stillwatch case` that read: list, show, labels, report; and sync, which makes cases."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli._case_store import DB, FILE, JSON, NUMBER, SETTINGS, opened
from stillwatch.cli._group import Whole
from stillwatch.cli._json import print_json
from stillwatch.cli._voice import note
from stillwatch.plain import plain

if TYPE_CHECKING:
    from stillwatch.cases.case import Case

COLUMNS = (
    *("id", "kind", "state", "outcome", "assignee", "identity", "campaign", "verdict", "accounts"),
    *("tags", "opened", "updated", "deadline", "overdue", "snoozed_until", "version"),
)
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@DB
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="State of a guard: what its journal says of a campaign becomes part of the evidence.",
)
@SETTINGS
@JSON
def sync(run: Path, db: str, state: Path | None, settings_file: Path | None, as_json: bool) -> None:
    """Let the listed campaigns of RUN become cases, or update the cases that are about them.

    It may be called again and at the same time elsewhere. The store is made at the first call.
    """
    from stillwatch.settings import load

    with opened(db, settings_file, create=True) as cases:
        done, compared = cases.sync(run, state=state, identity=load(settings_file).identity)
    if not compared:
        note(
            "the run was not compared with an earlier one, so campaigns that changed may be new cases: "
            "give `detect` --previous or --feedback"
        )
    if as_json:
        print_json([asdict(one) for one in done])
        return
    for one in done:
        click.echo(plain(f"case {one.case}: {one.how}{f': {one.why}' if one.why else ''}"))
    if not done:
        click.echo("no campaign is listed; no case was made")


@click.command("list")
@DB
@click.option("--state", "states", multiple=True, metavar="STATE", help="Only cases in this state.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only cases of this kind.")
@click.option("--assignee", help="Only cases of this person; empty: of nobody.")
@click.option("--tag", "tags", multiple=True, help="Only cases with this tag.")
@click.option("--overdue", is_flag=True, help="Only cases whose deadline has passed.")
@click.option("--all", "every", is_flag=True, help="Closed and snoozed cases too.")
@click.option("--csv", "as_csv", is_flag=True, help="Print them as CSV.")
@JSON
def list_cases(
    db: str,
    states: tuple[str, ...],
    kinds: tuple[str, ...],
    assignee: str | None,
    tags: tuple[str, ...],
    overdue: bool,
    every: bool,
    as_csv: bool,
    as_json: bool,
) -> None:
    """List cases: those that need somebody, unless --all or --state asks for others."""
    from stillwatch.cases.listing import LONGEST_PAGE, Wanted

    now = time.time()
    wanted = Wanted(
        states, kinds, assignee=assignee, tags=tags, overdue=overdue, working=not (every or states)
    )
    found: list[Case] = []
    with opened(db) as cases:
        while page := cases.listed(wanted, first=len(found)).cases:
            found += page
            if len(page) < LONGEST_PAGE:
                break
    rows = [_row(case, now) for case in found]
    if as_json:
        print_json([case.document(now) for case in found])
    elif as_csv:
        click.echo(_csv(rows), nl=False)
    else:
        for row in rows:
            click.echo(plain(_line(row)))
        if not rows:
            click.echo("no such case")


@click.command()
@NUMBER
@DB
@click.option(
    "--evidence",
    type=click.Path(path_type=Path),
    help="Write the frozen evidence here as a small run folder, which `explain` and `report` read.",
)
@click.option("--events", is_flag=True, help="Show every change too.")
@JSON
def show(number: int, db: str, evidence: Path | None, events: bool, as_json: bool) -> None:
    """Show a case, and where asked the evidence that it was opened on."""
    now = time.time()
    with opened(db) as cases:
        case = cases.show(number)
        told = [event.document() for event in cases.events(number)] if events else []
        written = cases.evidence(number).export(evidence) if evidence else None
    if as_json:
        more = {"events": told} if events else {}
        print_json(case.document(now) | more | ({"evidence": str(written)} if written else {}))
        return
    for line in _shown(case, now):
        click.echo(plain(line))
    for row in told:
        why = f": {row['reason']}" if row["reason"] else ""
        click.echo(plain(f"  {row['time'][:19]}Z  {row['actor']}  {row['action']}{why}"))
    if written:
        click.echo(plain(f"evidence: {written}"))


@click.command()
@DB
@click.option("--out", required=True, type=FILE, help="File to write: .toml or .json.")
@JSON
def labels(db: str, out: Path, as_json: bool) -> None:
    """Write what decisions teach later searches, for `detect --feedback`."""
    with opened(db) as cases:
        document = cases.write_labels(out)
    if as_json:
        print_json(document)
        return
    counts = ", ".join(f"{len(document[name])} {name}s" for name in ("campaign", "account", "permit"))
    click.echo(plain(f"{out}: {counts}"))


@click.group(cls=Whole)
def report() -> None:
    """Reports over all cases."""


@report.command()
@DB
@JSON
def precision(db: str, as_json: bool) -> None:
    """Say how often people overturned verdicts: by verdict, by kind, by the signals that carried them.

    Intervals are exact (Clopper and Pearson), at 95 %.
    """
    with opened(db) as cases:
        found = cases.precision()
    if as_json:
        print_json(asdict(found))
        return
    click.echo(f"{found.cases} cases, {found.closed} closed, {found.undecided} of them undecided")
    for one in found.shares:
        name = "" if one.by == "all" else f" {one.name}"
        click.echo(
            plain(
                f"{one.by}{name}: {one.overturned} of {one.decided} overturned, {one.share:.0%} "
                f"({one.low:.1%} to {one.high:.1%})"
            )
        )


@report.command("wrongful")
@DB
@JSON
def wrongful(db: str, as_json: bool) -> None:
    """Say how often accounts were acted against wrongly: by kind, by verdict, by the stage that they met.

    Wrong are appeals that overturned a decision, cases that were dismissed after their accounts met a step,
    and accounts that were cleared after it. Intervals are exact (Clopper and Pearson), at 95 %.
    """
    from stillwatch.cases.remediation import Remediation

    with opened(db) as cases, Remediation(cases) as door:
        found = door.wrongful()
    if as_json:
        print_json(found.document())
        return
    click.echo(
        f"{found.acted:,} accounts acted against; {found.appeals:,} appeals, {found.open:,} open, "
        f"{found.breached:,} late"
    )
    for one in found.shares:
        name = "" if one.by == "all" else f" {one.name}"
        days = "" if one.days is None else f", for {one.days:g} days (median)"
        click.echo(
            plain(
                f"{one.by}{name}: {one.wrong} of {one.acted} wrong, {one.share:.1%} "
                f"({one.low:.1%} to {one.high:.1%}){days}; {one.partly} in part"
            )
        )


VERBS = (sync, list_cases, show, labels, report)


def _row(case: Case, now: float) -> dict[str, Any]:
    told = case.document(now)
    return {
        **{name: told.get(name) for name in COLUMNS},
        "campaign": case.found.get("campaign"),
        "verdict": case.found.get("verdict"),
        "tags": " ".join(case.tags),
    }


def _csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue()


def _cell(value: Any) -> Any:
    """A text that a spreadsheet does not take for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value


def _line(row: dict[str, Any]) -> str:
    outcome = f" as {row['outcome']}" if row["outcome"] else ""
    due = f"  {'OVERDUE' if row['overdue'] else 'due'} {row['deadline'][:10]}" if row["deadline"] else ""
    tags = f"  #{row['tags'].replace(' ', ' #')}" if row["tags"] else ""
    return (
        f"{row['id']:>5}  {row['kind']:<11} {row['state']}{outcome}  {row['assignee'] or 'nobody'}  "
        f"{row['verdict']}, {row['accounts']} accounts, {row['identity']}{due}{tags}"
    )


def _shown(case: Case, now: float) -> Iterator[str]:
    yield _line(_row(case, now)).strip()
    found = case.found
    yield f"  version {case.version}; {found.get('campaign')} of run {found.get('run')}"
    yield f"  {found.get('exchanges')} exchanges, {found.get('first')} to {found.get('last')}"
    yield f"  signals: {', '.join(found.get('signals', ())) or 'none'}"
    if case.proposed_by:
        agreed = f", {case.approved_by} agreed to {case.approved_accounts}" if case.approved_by else ""
        yield f"  to act: asked for by {case.proposed_by}{agreed}"
    if case.snoozed(now):
        yield f"  rests until {case.document(now)['snoozed_until']}"
    for link, other in case.links:
        yield f"  {link} case {other}"
    for one in case.document(now)["notes"]:
        yield f"  {one['time'][:19]}Z {one['by']}: {one['text']}"
