"""`stillwatch guard displacement`: what operators did after a step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stillwatch.cli._json import print_json
from stillwatch.plain import plain


@click.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="The state whose guard acted, or its records: only accounts that it refused or slowed count.  "
    "[default: all named accounts]",
)
@click.option(
    "--settings", type=click.Path(path_type=Path), help="Settings file (TOML); section identity counts."
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, with the successors' ids.")
def displacement(before: Path, after: Path, state: Path | None, settings: Path | None, as_json: bool) -> None:
    """Measure from two runs, BEFORE a step and AFTER it, what of each campaign came back: its templates and
    marks, in which accounts, how soon, with how much of the volume, and whether it was tried out.
    """
    from stillwatch.guard.displacement.measured import displacement as measured
    from stillwatch.guard.restricted import restricted
    from stillwatch.settings import load

    found = measured(before, after, restricted(state) if state else None, load(settings).identity)
    if as_json:
        print_json(found)
    else:
        for line in _lines(found):
            click.echo(plain(line))


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [f"since {found['since'][:16]}Z, the step"]
    for row in found["campaigns"]:
        told, volume = row["successors"], row["volume"]
        when = ""
        if told["first_hours"] is not None:
            when = f"; the first after {told['first_hours']:.1f} h, half after {told['median_hours']:.1f} h"
        followers = ", ".join(f"{one['campaign']} ({one['link'] or 'by marks'})" for one in row["followers"])
        lines += [
            f"{row['campaign']}  {row['identity']}: {row['restricted']} restricted",
            f"  successors: {told['accounts']}, of whom {told['named']} are named{when}",
            f"  came back:  {_percent(volume['came_back'])} of the volume, {_percent(row['templates_back'])} "
            f"of the templates, {_percent(row['marks_back'])} of the other marks",
            f"  restricted: {_percent(volume['kept'])} of the volume goes on",
            f"  campaigns:  {followers or 'none'}",
            f"  probing:    {_probing(row['probing'])}",
        ]
    if found["keys"] != "compared":
        lines.append(f"keys were {found['keys']}")
    return lines


def _percent(share: float | None) -> str:
    return "none known" if share is None else f"{share:.0%}"


def _probing(told: dict[str, Any]) -> str:
    if told["seen"] is None:
        return "not known: the later run has no words"
    if not told["seen"]:
        return "none seen"
    return (
        f"{told['restricted']} restricted and {told['successors']} new accounts ask the same again and "
        f"again, {told['exchanges']} times; {told['same']} questions are asked by both"
    )
