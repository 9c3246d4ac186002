"""`stillwatch hub agreement`: what is shared for what, how far, how long, among whom."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import click

from stillwatch.cli._group import Whole
from stillwatch.cli._hub_store import DB, FILE, JSON, SETTINGS, SIDE, opened
from stillwatch.cli._json import print_json
from stillwatch.plain import plain


@click.group(cls=Whole)
def agreement() -> None:
    """Add agreements, see who accepted them, and accept them."""


@agreement.command()
@click.argument("file", type=FILE)
@DB
@SETTINGS
@JSON
def add(file: Path, db: str, settings_file: Path | None, as_json: bool) -> None:
    """Add the agreement of a TOML or JSON file. An older version of it ends; all parties accept anew."""
    from stillwatch.intel.hub.agreements import add as added

    terms = _terms(file)
    with opened(db, settings_file) as hub, hub.database.writing() as session:
        added(session, terms)
    if as_json:
        print_json({"agreement": terms.agreement, "version": terms.version, "digest": terms.digest})
        return
    click.echo(plain(f"{terms.agreement}, version {terms.version}: its parties now accept {terms.digest}"))


@agreement.command("list")
@DB
@SETTINGS
@JSON
def list_(db: str, settings_file: Path | None, as_json: bool) -> None:
    """List all agreements, and who accepted each."""
    from stillwatch.intel.hub.agreements import agreements
    from stillwatch.intel.hub.group_pages import as_document

    with opened(db, settings_file) as hub, hub.database.reading() as session:
        found = agreements(session)
    if as_json:
        print_json([as_document(one) for one in found])
        return
    for one in found:
        terms = one.terms
        state = "ended" if one.ended is not None else "open"
        click.echo(plain(f"{terms.agreement}, version {terms.version}, {state}: {terms.purpose}"))
        click.echo(
            plain(
                f"  {', '.join(sorted(terms.channels))}; {terms.clearance.label}; {terms.retention_days} days"
            )
        )
        waiting = sorted(set(terms.parties) - set(one.accepted))
        signed, missing = (", ".join(names) or "nobody" for names in (one.accepted, waiting))
        click.echo(plain(f"  accepted by {signed}; waits for {missing}"))
        click.echo(f"  {terms.digest}")


@agreement.command()
@click.argument("name", metavar="AGREEMENT")
@DB
@SETTINGS
@JSON
def end(name: str, db: str, settings_file: Path | None, as_json: bool) -> None:
    """End an agreement: nobody gets anything from it any more."""
    from stillwatch.intel.hub.agreements import end as ended

    with opened(db, settings_file) as hub, hub.database.writing() as session:
        ended(session, name)
    print_json({"ended": name}) if as_json else click.echo(plain(f"{name} ended"))


@agreement.command()
@click.argument("file", type=FILE)
@SIDE
@JSON
def accept(file: Path, side_folder: Path, as_json: bool) -> None:
    """Accept an agreement as a member: sign the terms of FILE, as you read them, and tell the hub.

    The hub takes the signature only where its agreement has these very terms.
    """
    from stillwatch.intel.hub.agreements import acceptance
    from stillwatch.intel.hub.client import answer, open_sharing

    terms, mine = _terms(file), open_sharing(side_folder)
    signature = base64.b64encode(acceptance(terms, mine.name, mine.key())).decode()
    with mine.client() as client:
        answer(client, "POST", f"/hub/agreements/{terms.digest}/accept", json={"signature": signature})
    if as_json:
        print_json({"accepted": terms.digest})
    else:
        click.echo(plain(f"{mine.name} accepted {terms.agreement}, version {terms.version}"))


def _terms(file: Path) -> Any:
    """The terms of a file."""
    from stillwatch.errors import IntelError
    from stillwatch.intel.hub.agreements import LARGEST, terms_in, terms_of
    from stillwatch.small_file import read_small
    from stillwatch.toml_file import parse_toml, text_of

    what = "file of an agreement"
    data = read_small(file, LARGEST, what=what, error=IntelError, do="check the path")
    text = text_of(data, what, str(file), IntelError)
    if file.suffix == ".json":
        return terms_in(text, str(file))
    return terms_of(parse_toml(text, what, where=str(file), error=IntelError), str(file))
