"""The commands of `stillwatch intel` about what comes in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli._intel_store import BY, DB, FILE, JSON, SETTINGS, the_gate
from stillwatch.cli._json import print_json
from stillwatch.errors import EXIT_OK, InputError, IntelError
from stillwatch.plain import plain

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from stillwatch.schema.keyed import HashKey

CASES = click.option(
    "--cases",
    default="CASES.db",
    show_default=True,
    envvar="STILLWATCH_CASES",
    metavar="FILE|URL",
    help="Where the cases are: a file, or postgresql://HOST/DATABASE; also $STILLWATCH_CASES.",
)
RUN = click.argument("run", type=click.Path(path_type=Path, file_okay=False))
SHOWN = 50
"""Reports that are printed; `--json` has them all."""


@click.command()
@click.argument("file", type=FILE)
@click.option("--from", "source", required=True, metavar="NAME", help="Who sent it: a short name of yours.")
@click.option(
    "--identity",
    default="",
    metavar="ID",
    help="The STIX identity that the sender speaks for: what it brings of others is kept and counts for "
    "nothing. Left out: a hub, which checks who made what it passes on.",
)
@DB
@JSON
def receive(file: Path, source: str, identity: str, db: str, as_json: bool) -> None:
    """Take a STIX bundle FILE into the store, without a network.

    Each version is kept once, with when and from whom it came. A correction or a revocation by the same maker
    replaces what counts, in whatever order they come. What cannot be used is counted, with the reason.
    """
    from dataclasses import asdict

    from stillwatch.intel.desk import receiving
    from stillwatch.intel.stix.limits import DEFAULT
    from stillwatch.intel.stix.reading import read_bundle
    from stillwatch.small_file import read_small

    data = read_small(
        file, DEFAULT.bundle_bytes, what="bundle", error=IntelError, do="check the path, or split the bundle"
    )
    bundle = read_bundle(data, where=str(file))
    now = time.time()
    with _opened(db, make=True) as session:
        receiving.add_source(session, source, identity, now)
        found = receiving.receive(session, source, data, bundle.objects, now)
    if as_json:
        refused = [asdict(one) for one in bundle.objects.refused]
        print_json(asdict(found) | {"source": source, "why_refused": refused})
        return
    click.echo(plain(f"{found.new:,} new versions from {source}, {found.known:,} known before"))
    if found.replaced:
        click.echo(plain(f"{len(found.replaced):,} objects were corrected or taken back"))
    if found.hearsay:
        click.echo(f"{found.hearsay:,} speak for somebody else than the sender: kept, and not counted")
    for one in bundle.objects.refused[:10]:
        click.echo(plain(f"refused: object {one.place} {one.id}: {one.why}"))
    if len(bundle.objects.refused) > 10:
        click.echo(f"refused: {len(bundle.objects.refused) - 10:,} more (`--json` has them all)")


@click.command()
@click.argument("report", required=False)
@click.option("--reporters", "of_reporters", is_flag=True, help="List reporters, how often right.")
@click.option("--sources", "of_sources", is_flag=True, help="List sources, and what each brought.")
@click.option("--red", is_flag=True, help="Show what is TLP:RED too: you are a person it was sent to.")
@DB
@JSON
def received(
    report: str | None, of_reporters: bool, of_sources: bool, red: bool, db: str, as_json: bool
) -> None:
    """List what came and counts, the newest first; with REPORT, every version of one."""
    from stillwatch.intel.desk import shown
    from stillwatch.intel.tlp import Tlp

    clearance = Tlp.RED if red else Tlp.AMBER_STRICT
    now = datetime.now(UTC)
    with _opened(db) as session:
        if report is not None:
            rows = [
                shown.times_told(row, "modified", "arrived")
                for row in shown.versions(session, report, clearance)
            ]
            if not rows:
                raise IntelError(
                    "nothing like that was received", where=report[:120], do="list all without REPORT"
                )
        elif of_reporters:
            rows = shown.told_of_reporters(session)
        elif of_sources:
            rows = [shown.times_told(row, "last") for row in shown.told_of_sources(session)]
        else:
            found = shown.listed(session, clearance)
            rows = [shown.times_told(one.document(now), "until", "arrived") for one in found]
    _print_rows(rows, as_json)


@click.command()
@click.option("--out", required=True, type=FILE, help="File to write, for `detect --shared`.")
@click.option(
    "--key-file", type=FILE, help="Secret of the run's keys, as for `detect`.  [default: your own key]"
)
@click.option("--public-key", is_flag=True, help="Use the key that everybody knows, as for `detect`.")
@click.option(
    "--run",
    type=click.Path(path_type=Path, file_okay=False),
    help="An earlier run of the same logs: its own values are what tokens are compared with.",
)
@click.option(
    "--tokens",
    type=FILE,
    help="Tokens of our own values, JSON lines with kind, epoch, value and token; needs --run.",
)
@DB
@JSON
def match(
    out: Path,
    key_file: Path | None,
    public_key: bool,
    run: Path | None,
    tokens: Path | None,
    db: str,
    as_json: bool,
) -> None:
    """Write what came as a file that a search joins with its logs; nothing leaves this machine.

    Left out is what has run out, what was false here, and what is TLP:RED.
    """
    from dataclasses import asdict

    from stillwatch.intel.desk import matching
    from stillwatch.intel.desk.own_tokens import read_tokens
    from stillwatch.intel.desk.reports import reporters, reports
    from stillwatch.run.reading import Run

    if (tokens is None) != (run is None):
        raise InputError(
            "--run and --tokens belong together",
            where="--tokens" if run is None else "--run",
            do="give both: tokens are of the values of a run",
        )
    key = _key(key_file, public_key)
    own = matching.own_values(Run(run)) if run is not None else None
    tokenise = read_tokens(tokens) if tokens is not None else None
    with _opened(db) as session:
        found, names = reports(session), reporters(session)
    table, outcome = matching.match(found, names, key, datetime.now(UTC), own, tokenise)
    matching.write(table, key, out)
    if as_json:
        print_json(asdict(outcome) | {"out": str(out)})
        return
    click.echo(plain(f"{outcome.rows:,} rows of {outcome.reports:,} reports: {out}"))
    for why, count in sorted(outcome.left_out.items()):
        click.echo(plain(f"left out: {count:,}, since {why}"))


@click.command()
@RUN
@DB
@JSON
def matched(run: Path, db: str, as_json: bool) -> None:
    """Keep what the reports matched in RUN, in numbers: the accounts' names stay in the run."""
    from stillwatch.intel.desk.matched import record
    from stillwatch.run.reading import Run

    with _opened(db, make=True) as session:
        count = record(session, Run(run), time.time())
    if as_json:
        print_json({"run": str(run), "reports": count})
    else:
        click.echo(f"{count:,} reports matched something in the run")


@click.command()
@click.argument("report")
@click.argument("judged", type=click.Choice(["confirmed", "false-positive", "disputed", "open"]))
@click.option("--reason", required=True, metavar="TEXT", help="Why; it stays in the store.")
@click.option("--maker", default="", metavar="ID", help="Whose report, where several members have one.")
@BY
@DB
@JSON
def judge(report: str, judged: str, reason: str, maker: str, by: str, db: str, as_json: bool) -> None:
    """Say what REPORT proved to be here.

    A false positive matches nothing any more and counts against its reporter. A dispute is shown wherever it
    matches, and changes no weight.
    """
    from stillwatch.intel.desk import judging

    with _opened(db, make=True) as session:
        whose = maker or judging.only_maker(session, report)
        code = judging.Judged(judged.replace("-", " "))
        judging.judge(session, report, whose, code, by, reason, time.time())
    if as_json:
        print_json({"report": report, "maker": whose, "judged": code.value})
    else:
        click.echo(plain(f"{report}: {code.value}"))


@click.command()
@DB
@JSON
def corrected(db: str, as_json: bool) -> None:
    """List reports that were corrected or taken back after they matched something here.

    Whoever decided about these campaigns should look again.
    """
    from dataclasses import asdict

    from stillwatch.intel.desk.matched import changed_since
    from stillwatch.intel.desk.shown import times_told

    with _opened(db) as session:
        rows = [times_told(asdict(one), "at") for one in changed_since(session)]
    _print_rows(rows, as_json)


@click.command()
@click.option("--make", type=click.IntRange(min=1), metavar="EXPORT", help="Take back what EXPORT gave.")
@click.option(
    "--object",
    "objects",
    multiple=True,
    metavar="ID",
    help="What of it no longer holds; left out: all, where all is wrong.",
)
@click.option("--reason", default="", metavar="TEXT", help="Why; it stays at the gate.")
@click.option("--by", default="", envvar="STILLWATCH_ANALYST", metavar="NAME", help="Who, for --make.")
@CASES
@SETTINGS
@DB
@JSON
def corrections(
    make: int | None,
    objects: tuple[str, ...],
    reason: str,
    by: str,
    cases: str,
    settings_file: Path | None,
    db: str,
    as_json: bool,
) -> None:
    """List what was given and should be corrected: its case was closed otherwise, or an appeal was granted.

    With --make EXPORT the revocations are made, and `stillwatch intel release` writes them.
    """
    from stillwatch.cases.database import Database
    from stillwatch.intel.desk.answering import take_back
    from stillwatch.intel.desk.correcting import proposed

    with _opened(db, make=True) as session, Database(cases) as store:
        if store.exists():
            with store.reading() as decided:
                due = proposed(session, decided)
        else:
            due = []
    if make is None:
        _print_rows([one.document() for one in due], as_json)
        return
    chosen = [one for one in due if one.export.number == make]
    if not chosen or not by or not reason:
        raise IntelError(
            "no correction of that export is due" if not chosen else "a correction needs a name and a reason",
            where=f"export {make}",
            do="list them without --make" if not chosen else "give --by and --reason",
        )
    with the_gate(db, settings_file) as gate:
        made = take_back(gate, chosen[0], objects, by=by, reason=reason, now=time.time())
    _print_rows([one.document() for one in made], as_json)


@click.command()
@click.argument("report")
@click.option("--not-seen", is_flag=True, help="It was looked for, and was a false alarm here.")
@BY
@SETTINGS
@DB
@JSON
def sight(report: str, not_seen: bool, by: str, settings_file: Path | None, db: str, as_json: bool) -> None:
    """Let a sighting of REPORT wait at the gate: that it matched here, on that day, no more."""
    from stillwatch.intel.desk.answering import level_and_day
    from stillwatch.intel.desk.answering import sight as sighted

    with _opened(db) as session:
        level, day = level_and_day(session, report)
    with the_gate(db, settings_file) as gate:
        made = sighted(gate, report, level, day, seen=not not_seen, by=by, now=time.time())
    _print_rows([made.document()], as_json)


@click.command()
@click.option(
    "--days",
    type=click.FloatRange(0, 3_650),
    default=90.0,
    show_default=True,
    help="Days that content is kept after it ran out.",
)
@DB
@JSON
def purge(days: float, db: str, as_json: bool) -> None:
    """Take out the content of what ran out, as agreements on retention ask.

    That it was received, judged and matched stays in the history; what it named does not.
    """
    from stillwatch.intel.desk.purging import purge as purged

    with _opened(db, make=True) as session:
        count = purged(session, days, time.time())
    if as_json:
        print_json({"versions": count})
    else:
        click.echo(f"the content of {count:,} versions was taken out")


VERBS = (receive, received, match, matched, judge, sight, corrected, corrections, purge)


@contextmanager
def _opened(db: str, *, make: bool = False) -> Iterator[Session]:
    from stillwatch.intel.desk.tables import opened

    with opened(db, make=make) as database:
        if make:
            with database.writing() as session:
                yield session
        else:
            with database.reading() as session:
                yield session


def _key(key_file: Path | None, public: bool) -> HashKey:
    from stillwatch.pipeline.keys import own_key
    from stillwatch.schema.keyed import HashKey

    if public and key_file is not None:
        raise InputError(
            "--public-key and --key-file exclude each other", where="--public-key", do="leave out one of them"
        )
    if public:
        return HashKey.public()
    return (
        HashKey.from_file(key_file)
        if key_file is not None
        else own_key(lambda said: click.echo(said, err=True))
    )


def _print_rows(rows: list[dict[str, Any]], as_json: bool) -> int:
    if as_json:
        print_json(rows)
        return EXIT_OK
    for row in rows[:SHOWN]:
        told = [f"{name} {_said(value)}" for name, value in row.items() if value not in (None, "", [], ())]
        click.echo(plain(", ".join(told)))
    if not rows:
        click.echo("nothing is there")
    elif len(rows) > SHOWN:
        click.echo(f"{len(rows) - SHOWN:,} more (`--json` has them all)")
    return EXIT_OK


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return str(value)
