"""`stillwatch watch`: the days of a run searched one after the other, as they would have been."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli._json import print_json
from stillwatch.cli._progress import progress
from stillwatch.cli._publishing import PUBLISH, published_too, sentence, told
from stillwatch.errors import naming
from stillwatch.plain import plain
from stillwatch.settings import DUCKDB, ENGINES

if TYPE_CHECKING:
    from stillwatch.pipeline.watch import Watched


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--average-run-length",
    type=float,
    metavar="DAYS",
    help="Days without a false alarm on average, at least.  [default: the run's setting]",
)
@click.option(
    "--window",
    type=int,
    metavar="DAYS",
    help="Days of traffic that each search looks at.  [default: the run's setting]",
)
@click.option(
    "--every", type=int, metavar="DAYS", help="Search only every so many days.  [default: the run's setting]"
)
@click.option(
    "--searches-a-day",
    type=int,
    metavar="N",
    help="Search each day so many times, evenly spaced.  [default: the run's setting]",
)
@click.option(
    "--engine",
    metavar="NAME",
    default=DUCKDB,
    show_default=True,
    help=f"What the searches run on: {ENGINES}.",
)
@PUBLISH
@click.option("--json", "as_json", is_flag=True, help="Print the alarms and the days as JSON.")
def command(
    run: Path,
    average_run_length: float | None,
    window: int | None,
    every: int | None,
    searches_a_day: int | None,
    engine: str,
    state: Path | None,
    as_json: bool,
) -> None:
    """Search the days of RUN in order, each with what was known at its end or so often within it, and write
    tables watched, alarms, alarm_members and alarm_links to RUN.

    An alarm is a campaign with the verdict adversarial or unlicensed whose e-value is high enough for the
    promised run length. A campaign that shares accounts with an earlier alarm is that alarm going on; one
    that shares only keys with it is linked to it. The exit code is 0 with alarms and without: read the
    tables.
    """
    from stillwatch.pipeline.logged import Logged
    from stillwatch.pipeline.watch import watch

    given = {
        "average_run_length": average_run_length,
        "window": window,
        "every": every,
        "searches_a_day": searches_a_day,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    with naming(run), progress() as move, Logged(move) as logged:
        watched = watch(run, chosen, logged, engine=engine)
    publication = published_too(run, state)
    if as_json:
        alarms, days = watched.alarms.to_pylist(), watched.days.to_pylist()
        counts = {
            "alarms": len({row["alarm"] for row in alarms}),
            "days": len({row["day"] for row in days}),
            "searches": len(days),
        }
        links = watched.links.to_pylist()
        print_json({"counts": counts, "alarms": alarms, "links": links, "days": days, **told(publication)})
        return
    _show(watched, run)
    if publication is not None:
        click.echo(sentence(publication))


def _show(watched: Watched, run: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    from stillwatch.report import formatting
    from stillwatch.report.sentences import lineage

    table = Table("alarm", "first", "last", "verdict", "at least", "present, near", "e-value", "exchanges")
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in watched.alarms.to_pylist():
        rows.setdefault(row["alarm"], []).append(row)
    for name, found in rows.items():
        first = found[0]
        named = f"{first['at_least']:,} of {first['named']:,} named"
        beside = f"{first['present']:,}, {first['near']:,}"
        e_value = formatting.e_value(first["log_e_value"])
        period = (_moment(found[0]), _moment(found[-1]))
        exchanges = f"{first['exchanges_so_far']:,}"
        table.add_row(name, *period, first["verdict"], named, beside, e_value, exchanges)
    console = Console(highlight=False)
    if rows:
        console.print(table)
        console.print(
            "accounts, e-value and exchanges since the run begins are those of the first search that found it"
        )
        held = [row["tier"] for row in watched.members.to_pylist()]
        console.print(
            f"accounts in alarm_members: {held.count('named'):,} named, {held.count('present'):,} only "
            "present, which is a reason to look and none to act"
        )
    for link in watched.links.to_pylist():
        console.print(lineage.alarm(link), soft_wrap=True)
    searches = watched.days.to_pylist()
    days = len({row["day"] for row in searches})
    times = "" if len(searches) == days else f", {len(searches)} times in all"
    searched = (
        f"{days} {'day was' if days == 1 else 'days were'} searched{times}, each time at level "
        f"{searches[0]['level']:.2g}"
    )
    console.print(
        plain(
            f"{searched}; alarms: {len(rows)}. Tables watched, alarms, alarm_members and alarm_links are in "
            f"{run}"
        ),
        soft_wrap=True,
        markup=False,
    )


def _moment(found: dict[str, Any]) -> str:
    """The day that was searched, and the hour where it was searched before its end."""
    from stillwatch.pipeline.watch import DAY

    whole = found["until"] - found["day"] == DAY
    return f"{found['day']:%Y-%m-%d}" if whole else f"{found['until']:%Y-%m-%d %H:%M}"
