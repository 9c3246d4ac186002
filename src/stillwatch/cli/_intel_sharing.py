"""The commands of `stillwatch intel` that let something leave: export, approve, release, revoke, correct."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from stillwatch.cli._intel_store import FILE, LEVELS, NUMBER, changes, reads, tell, the_gate
from stillwatch.cli._json import print_json
from stillwatch.plain import plain

PURPOSES = ("detection", "incident-report", "incident-response", "victim-support")
CASES = click.option(
    "--cases",
    default="CASES.db",
    show_default=True,
    envvar="STILLWATCH_CASES",
    metavar="FILE|URL",
    help="Where the cases are, if SOURCE is `case`; also $STILLWATCH_CASES.",
)
TLP = click.option(
    "--tlp",
    type=click.Choice(LEVELS, case_sensitive=False),
    required=True,
    help="How far it may go, by the Traffic Light Protocol 2.0.",
)

SEEN = click.option(
    "--sha256", required=True, metavar="HEX", help="Digest of what you looked at: 12 digits of it at least."
)


@click.command()
@click.argument("source", metavar="RUN|case")
@click.argument("campaign", metavar="CAMPAIGN")
@click.option("--purpose", type=click.Choice(PURPOSES), required=True, help="What it is shared for.")
@TLP
@click.option(
    "--clearance",
    type=click.Choice(LEVELS, case_sensitive=False),
    help="What every receiver is cleared for at least.  [default: as --tlp]",
)
@click.option("--count", is_flag=True, help="Tell about how many accounts, with noise, from the ledger.")
@click.option(
    "--tokens",
    multiple=True,
    type=FILE,
    help="File of tokens of its values, of `stillwatch intel tokens`; repeatable.",
)
@click.option(
    "--sketches",
    multiple=True,
    type=FILE,
    help="File of sketches of its templates, of `stillwatch intel sketches make`; repeatable.",
)
@click.option("--to", type=FILE, help="File to write, if this very content is approved already.")
@CASES
@changes
def export(
    source: str,
    campaign: str,
    purpose: str,
    tlp: str,
    clearance: str | None,
    count: bool,
    tokens: tuple[Path, ...],
    sketches: tuple[Path, ...],
    to: Path | None,
    cases: str,
    by: str,
    as_json: bool,
    **where: Any,
) -> None:
    """Make a STIX bundle of CAMPAIGN, and let it wait for a second person.

    Give a run and a campaign's name such as C001, or `case` and the number of a case. Nothing leaves before
    a second person has approved the digest of exactly this bundle; `release` then writes it. With --to, a
    bundle that was approved before, byte for byte, is written at once.
    """
    from stillwatch.intel.gate.passing import Purpose

    level = _level(tlp)
    facts, watched = the_source(source, campaign, cases)
    with the_gate(**where) as gate:
        now = time.time()
        made = gate.propose(
            facts,
            watched,
            by=by,
            purpose=Purpose(purpose),
            level=level,
            clearance=_level(clearance) if clearance else level,
            now=now,
            tokens=[*tokens_in(tokens), *sketches_in(sketches)],
            count=count,
        )
        if to is not None and made.stage == "approved":
            _write(gate.release(made.number, by=by, to=to.name, now=now).content, to)
        elif to is not None and not as_json:
            click.echo(plain(f"{to}: not written, since nobody has approved it yet"))
    tell(made, as_json)


@click.command()
@reads
def exports(as_json: bool, **where: Any) -> None:
    """List what was to leave and what left: who, for what, which digest, who approved."""
    with the_gate(**where) as gate:
        found = gate.exports()
        given = {one.number: gate.releases(one.number) for one in found}
    if as_json:
        print_json([one.document() | {"releases": given[one.number]} for one in found])
        return
    for one in found:
        tell(one, as_json)
        if given[one.number]:
            click.echo(f"  written out {len(given[one.number])} times")
    if not found:
        click.echo("nothing was exported")


@click.command()
@NUMBER
@reads
def show(number: int, as_json: bool, **where: Any) -> None:
    """Show exactly what would leave, byte for byte, with its digest."""
    with the_gate(**where) as gate:
        found = gate.export(number)
    if as_json:
        print_json(found.document() | {"content": found.content.decode("ascii")})
        return
    tell(found, as_json)
    click.echo(found.content.decode("ascii"), nl=False)


@click.command()
@NUMBER
@SEEN
@click.option("--to", type=FILE, help="File to write it to at once.")
@changes
def approve(number: int, sha256: str, to: Path | None, by: str, as_json: bool, **where: Any) -> None:
    """Approve, as a second person, exactly what has this digest."""
    with the_gate(**where) as gate:
        now = time.time()
        found = gate.decide(number, by=by, sha256=sha256, agree=True, now=now)
        if to is not None:
            _write(gate.release(number, by=by, to=to.name, now=now).content, to)
    tell(found, as_json)


@click.command()
@NUMBER
@SEEN
@click.option("--reason", required=True, metavar="TEXT", help="Why; it stays in the store.")
@changes
def refuse(number: int, sha256: str, reason: str, by: str, as_json: bool, **where: Any) -> None:
    """Refuse, as a second person, what is to leave; it never does then."""
    with the_gate(**where) as gate:
        tell(gate.decide(number, by=by, sha256=sha256, agree=False, reason=reason, now=time.time()), as_json)


@click.command()
@NUMBER
@click.option("--to", type=FILE, required=True, help="File to write.")
@changes
def release(number: int, to: Path, by: str, as_json: bool, **where: Any) -> None:
    """Write what was approved to a file, and remember that it left."""
    with the_gate(**where) as gate:
        found = gate.release(number, by=by, to=to.name, now=time.time())
        _write(found.content, to)
    tell(found, as_json)


@click.command()
@click.argument("subject", metavar="OBJECT|CAMPAIGN")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it stays in the store and is not shared.")
@click.option("--to", type=FILE, help="File to write it to at once.")
@changes
def revoke(subject: str, reason: str, to: Path | None, by: str, as_json: bool, **where: Any) -> None:
    """Take back an object by its id, or all that was shared of a campaign by its identity.

    It tells nothing new, so that it needs no second person.
    """
    with the_gate(**where) as gate:
        now = time.time()
        found = gate.revoke(subject, by=by, reason=reason, now=now)
        if to is not None:
            _write(gate.release(found.number, by=by, to=to.name, now=now).content, to)
    tell(found, as_json)


@click.command()
@click.argument("ident", metavar="OBJECT")
@click.option("--confidence", type=click.IntRange(0, 100), help="How sure it is now.")
@click.option(
    "--valid-until", metavar="TIME", help="Until when an indicator holds now: ISO 8601, UTC, midnight."
)
@changes
def correct(
    ident: str, confidence: int | None, valid_until: str | None, by: str, as_json: bool, **where: Any
) -> None:
    """Make a new version of OBJECT, and let it wait for a second person."""
    wanted = {"confidence": confidence, "valid_until": valid_until}
    told = {name: value for name, value in wanted.items() if value is not None}
    with the_gate(**where) as gate:
        tell(gate.correct(ident, told, by=by, now=time.time()), as_json)


@click.command("name")
@click.argument("name")
@click.option("--identity", default="", metavar="ID", help="The id of the identity that a hub gave you.")
@reads
def name_itself(name: str, identity: str, as_json: bool, **where: Any) -> None:
    """Say how others know you: a short name, and the identity that a hub gave you."""
    with the_gate(**where) as gate:
        known = gate.name_itself(name, identity)
    if as_json:
        print_json({"name": name, "identity": known})
    else:
        click.echo(f"{name} is {known}")


def the_source(source: str, campaign: str, cases: str) -> tuple[Any, Any]:
    """Return the facts of what is to be shared, and what must not leave of it."""
    from stillwatch.cases import Cases
    from stillwatch.errors import IntelError
    from stillwatch.intel.gate.source import of_case, of_run

    if source != "case":
        return of_run(Path(source), campaign)
    if not campaign.isdecimal():
        raise IntelError("a case is named by its number", where=campaign[:80], do="`stillwatch case list`")
    with Cases(cases) as opened:
        return of_case(opened, int(campaign))


def tokens_in(files: tuple[Path, ...]) -> list[Any]:
    """Return the tokens of some files, each once, as an indicator holds them."""
    from datetime import UTC, datetime

    from stillwatch.intel.private.epoch import Epoch
    from stillwatch.intel.private.value_file import tokens_of
    from stillwatch.intel.stix.making import SharedToken

    found = sorted({token for file in files for token in tokens_of(file)}, key=lambda one: one.pattern)
    return [
        SharedToken(
            one.kind,
            one.epoch,
            one.scheme,
            one.value.hex(),
            datetime.fromtimestamp(Epoch.named(one.epoch).ends, UTC),
        )
        for one in found
    ]


def sketches_in(files: tuple[Path, ...]) -> list[Any]:
    """Return the sketches of some files, each once, as an indicator holds them."""
    from datetime import UTC, datetime

    from stillwatch.intel.private.epoch import Epoch
    from stillwatch.intel.private.sketches.sketch_file import sketches_of
    from stillwatch.intel.private.sketches.template_sketch import SCHEME
    from stillwatch.intel.stix.making import SharedSketch

    found = sorted({one for file in files for one in sketches_of(file)}, key=lambda one: one.pattern)
    return [
        SharedSketch(one.pattern, one.epoch, SCHEME, datetime.fromtimestamp(Epoch.named(one.epoch).ends, UTC))
        for one in found
    ]


def _level(label: str) -> Any:
    from stillwatch.intel.tlp import Tlp

    return Tlp[label.upper().replace("+", "_")]


def _write(content: bytes, to: Path) -> None:
    from stillwatch.run.durable import write_bytes

    write_bytes(to, content)


VERBS = (export, exports, show, approve, refuse, release, revoke, correct, name_itself)
