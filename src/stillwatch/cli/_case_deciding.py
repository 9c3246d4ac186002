"""The commands of `stillwatch case` by which people work on a case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli._case_store import (
    NUMBER,
    REASON,
    SETTINGS,
    VERSION,
    WHY,
    changes,
    opened,
    show_change,
)
from stillwatch.cli._moment import Moment
from stillwatch.cli._voice import note

if TYPE_CHECKING:
    from stillwatch.cases.deciding import PermitFound

UNTIL = click.option(
    "--until",
    type=Moment(ends=True),
    help="How long later searches are told; a bare date: with its end (UTC).  [default: cases.label_days]",
)
PERMIT = click.option("--permit", metavar="NAME", help="Name of the permit that was found.")
ORGANISATION = click.option(
    "--organisation", default="", help="Verified organisation that the permit names; left out: the accounts."
)
MODELS = click.option("--model", "models", multiple=True, help="A model that it covers; left out: all.")


@click.command()
@NUMBER
@click.argument("assignee", default="")
@VERSION
@WHY
@changes
def assign(
    number: int, assignee: str, version: int | None, reason: str, db: str, by: str, as_json: bool
) -> None:
    """Give CASE to ASSIGNEE, or back to nobody. A case that is another's needs --version."""
    with opened(db) as cases:
        show_change(cases.assign(number, assignee, by=by, reason=reason, version=version), as_json)


@click.command("note")
@NUMBER
@click.argument("text")
@changes
def note_down(number: int, text: str, db: str, by: str, as_json: bool) -> None:
    """Write TEXT down in CASE."""
    with opened(db) as cases:
        show_change(cases.note(number, text, by=by), as_json)


@click.command()
@NUMBER
@click.argument("tags", nargs=-1)
@click.option("--remove", multiple=True, help="A tag to take off.")
@changes
def tag(number: int, tags: tuple[str, ...], remove: tuple[str, ...], db: str, by: str, as_json: bool) -> None:
    """Put TAGS on CASE, or take some off."""
    with opened(db) as cases:
        show_change(cases.tag(number, tags, remove, by=by), as_json)


@click.command()
@NUMBER
@click.argument("state")
@VERSION
@REASON
@SETTINGS
@changes
def move(
    number: int,
    state: str,
    version: int | None,
    reason: str,
    settings_file: Path | None,
    db: str,
    by: str,
    as_json: bool,
) -> None:
    """Move CASE to STATE: open, triage, investigating, "awaiting second review", acting, appealed."""
    with opened(db, settings_file) as cases:
        show_change(cases.move(number, state, by=by, reason=reason, version=version), as_json)


@click.command()
@NUMBER
@click.option("--until", type=Moment(ends=True), help="Until when it rests.")
@click.option("--wake", is_flag=True, help="End its rest now.")
@REASON
@changes
def snooze(
    number: int, until: float | None, wake: bool, reason: str, db: str, by: str, as_json: bool
) -> None:
    """Let CASE rest until a time, or wake it; a resting case is not listed."""
    if (until is None) != wake:
        raise click.UsageError("give --until or --wake")
    with opened(db) as cases:
        show_change(cases.snooze(number, until, by=by, reason=reason), as_json)


@click.command()
@NUMBER
@click.argument("due", type=Moment(ends=True), required=False)
@WHY
@changes
def deadline(number: int, due: float | None, reason: str, db: str, by: str, as_json: bool) -> None:
    """Say that CASE must be decided by DUE; left out: it has no deadline any more."""
    with opened(db) as cases:
        show_change(cases.deadline(number, due, by=by, reason=reason), as_json)


@click.command()
@NUMBER
@click.argument("how", metavar="LINK")
@click.argument("other", type=click.IntRange(min=1), metavar="OTHER")
@click.option("--remove", is_flag=True, help="Take the link away.")
@WHY
@changes
def link(
    number: int, how: str, other: int, remove: bool, reason: str, db: str, by: str, as_json: bool
) -> None:
    """Link CASE to OTHER. LINK is "duplicate of", "successor of" or related."""
    with opened(db) as cases:
        show_change(cases.link(number, how, other, by=by, reason=reason, remove=remove), as_json)


@click.command()
@NUMBER
@click.option("--agree/--refuse", required=True, help="Whether its accounts may be acted against.")
@VERSION
@REASON
@changes
def review(
    number: int, agree: bool, version: int | None, reason: str, db: str, by: str, as_json: bool
) -> None:
    """Review CASE as a second person: its state becomes acting, or investigating again."""
    with opened(db) as cases:
        show_change(cases.review(number, agree=agree, by=by, reason=reason, version=version), as_json)


@click.command()
@NUMBER
@click.argument("outcome")
@click.option(
    "--of", "other", type=click.IntRange(min=1), metavar="CASE", help="Of a duplicate: the other case."
)
@UNTIL
@PERMIT
@ORGANISATION
@MODELS
@VERSION
@REASON
@SETTINGS
@changes
def close(
    number: int,
    outcome: str,
    other: int | None,
    until: float | None,
    permit: str | None,
    organisation: str,
    models: tuple[str, ...],
    version: int | None,
    reason: str,
    settings_file: Path | None,
    db: str,
    by: str,
    as_json: bool,
) -> None:
    """Close CASE. OUTCOME is confirmed, "not distillation", licensed, victim, duplicate or "insufficient
    evidence".
    """
    with opened(db, settings_file) as cases:
        case = cases.close(
            number,
            outcome,
            by=by,
            reason=reason,
            version=version,
            until=until,
            duplicate_of=other,
            permit=_permit(permit, organisation, models),
        )
        show_change(case, as_json)
    if _restores(case.outcome):
        note(
            f"the gateway was not told: `stillwatch case plan {number}`, then `case carry-out {number}`, "
            "takes back what was done and holds the rules off"
        )


@click.command()
@NUMBER
@click.argument("account")
@click.argument("decision")
@UNTIL
@PERMIT
@ORGANISATION
@MODELS
@REASON
@SETTINGS
@changes
def decide(
    number: int,
    account: str,
    decision: str,
    until: float | None,
    permit: str | None,
    organisation: str,
    models: tuple[str, ...],
    reason: str,
    settings_file: Path | None,
    db: str,
    by: str,
    as_json: bool,
) -> None:
    """Say what ACCOUNT of CASE is. DECISION is confirmed, cleared, exempted or "permit found"."""
    with opened(db, settings_file) as cases:
        case = cases.decide(
            number,
            account,
            decision,
            by=by,
            reason=reason,
            until=until,
            permit=_permit(permit, organisation, models),
        )
        show_change(case, as_json)


VERBS = (assign, note_down, tag, move, snooze, deadline, link, review, close, decide)


def _restores(outcome: str) -> bool:
    """Whether a plan of the closed case takes back what was done."""
    from stillwatch.cases.remediation.plan_words import RESTORES

    return outcome in RESTORES


def _permit(name: str | None, organisation: str, models: tuple[str, ...]) -> PermitFound | None:
    from stillwatch.cases.deciding import PermitFound

    if name is None and (organisation or models):
        raise click.UsageError("--organisation and --model belong to --permit")
    return None if name is None else PermitFound(name, organisation, models)
