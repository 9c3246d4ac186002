"""`stillwatch run`: what a run is, and whether it is unchanged."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from stillwatch.cli._group import Whole
from stillwatch.cli._json import print_json
from stillwatch.errors import EXIT_CHANGED
from stillwatch.plain import plain


@click.group(cls=Whole)
def command() -> None:
    """Say what a run is and where it comes from, and prove that it is unchanged."""


@command.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--digest", help="Also compare with this digest, kept in another place.")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
@click.pass_context
def verify(context: click.Context, run: Path, digest: str | None, as_json: bool) -> None:
    """Compare the tables of RUN with the manifest in its run.json, and name each file that differs, is
    missing or is unknown.

    The report stands outside: it can be written again. The exit code is 0 where nothing differs, else 5.
    """
    from stillwatch.run.manifest import verify as verified

    found = verified(run, digest)
    if as_json:
        print_json({"same": not found.differences, **asdict(found)})
    else:
        for difference in found.differences:
            click.echo(plain(f"{difference.kind}: {difference.file}: {difference.what}"))
        click.echo(
            plain(f"run {found.id} is not what its manifest says: {len(found.differences)} differences")
            if found.differences
            else plain(f"run {found.id} is unchanged: {found.digest}")
        )
    context.exit(EXIT_CHANGED if found.differences else 0)


@command.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print run.json.")
def show(run: Path, as_json: bool) -> None:
    """Print the id of RUN, its digest, and what it was made from and with."""

    from stillwatch.run.about import identity_of, read_about
    from stillwatch.run.layout import MARK, no_run

    if not run.is_dir():
        raise no_run(run)
    about = read_about(run / MARK)
    name, digest = identity_of(about, run / MARK)
    if as_json:
        print_json(about)
        return
    lines = {
        "run": name,
        "came from": about.get("came_from", ""),
        "made": about.get("made", ""),
        "digest": digest,
        "version": about.get("version", ""),
        "engine": " ".join(map(str, part(about, "engine").values())),
        "key": f"{about.get('key', '')} {part(about, 'sketch').get('key', '')}",
        "exchanges": f"{counted(about.get('exchanges'))} of {counted(about.get('accounts'))} accounts",
        "period": f"{about.get('first', '')} to {about.get('last', '')}",
    }
    for title, value in lines.items():
        if value:
            click.echo(plain(f"{title:<10} {value}"))
    click.echo("inputs")
    for row in [*rows(about, "inputs"), *rows(about, "side_inputs")]:
        kind = row.get("option") or row.get("format") or "empty"
        sha256 = row.get("sha256") or "(no hash)"
        click.echo(
            plain(f"  {sha256:<64}  {counted(row.get('bytes')):>15} bytes  {kind}  {row.get('file', '')}")
        )


# A run.json may come from anybody: what it holds is shown if it is of the kind that is expected there.
def part(about: dict[str, Any], name: str) -> dict[str, Any]:
    """A part of run.json that is an object; empty if it is none."""
    found = about.get(name)
    return found if isinstance(found, dict) else {}


def rows(about: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of a part of run.json that is a list."""
    found = about.get(name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def counted(number: object) -> str:
    """A whole number with its thousands apart; a question mark for anything else."""
    return f"{number:,}" if type(number) is int else "?"
