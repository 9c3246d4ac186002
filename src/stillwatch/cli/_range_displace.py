"""`stillwatch range displace`: the weeks after a world whose campaigns met a step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stillwatch.cli._json import print_json
from stillwatch.cli._progress import progress
from stillwatch.errors import naming


@click.command()
@click.argument("world", type=click.Path(path_type=Path))
@click.option(
    "--decisions",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The guard's records: a state folder, or its folder records.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder to write; must be empty or new."
)
@click.option(
    "--plan",
    default="published",
    show_default=True,
    help="How operators move on: published, stops, or a TOML file.",
)
@click.option("--scenario", default="", help="The scenario of WORLD, if it is a file.")
@click.option("--backdrop", multiple=True, metavar="NAME", help="A backdrop that WORLD was made with.")
@click.option("--evade", multiple=True, metavar="KNOB=SETTING", help="An evasion that WORLD was made with.")
@click.option(
    "--format",
    "format_",
    default="litellm-parquet",
    show_default=True,
    help="Log format to write; see docs/range.md.",
)
@click.option("--no-prompts", is_flag=True, help="Leave prompts and answers out.")
@click.option("--force", is_flag=True, help="Replace an existing folder.")
@click.option("--json", "as_json", is_flag=True, help="Print what became of the campaigns as JSON.")
def displace(
    world: Path,
    decisions: Path,
    out: Path,
    plan: str,
    scenario: str,
    backdrop: tuple[str, ...],
    evade: tuple[str, ...],
    format_: str,
    no_prompts: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Write the weeks after WORLD, in which the accounts that the guard blocked or slowed stop or keep to
    their budget, and their operators move on.

    The steps count from the end of WORLD, whenever they were recorded.
    """
    from stillwatch.guard.restricted import restricted
    from stillwatch.simulate.displacement.displace import displace as displaced
    from stillwatch.simulate.displacement.plan import load_plan
    from stillwatch.simulate.evasion import chosen
    from stillwatch.simulate.make import Order

    steps = {account: one.fate for account, one in restricted(decisions).items()}
    order = Order(
        scenario,
        out,
        format=format_,
        prompts=not no_prompts,
        force=force,
        evade=chosen(evade),
        beside=backdrop,
    )
    with naming(out), progress() as move:
        told = displaced(
            world,
            steps,
            load_plan(plan),
            order,
            lambda done, parts, exchanges: move(f"making the world, {exchanges:,} exchanges", done, parts),
        )
    if as_json:
        print_json(told)
    else:
        _show(told, out)


def _show(told: dict[str, Any], out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    names = ("stopped", "slowed", "probing", "fresh", "bought", "moved", "probing_fresh")
    table = Table("campaign", *names, title=f"After a step, in {out}")
    for name, fate in told["campaigns"].items():
        table.add_row(name, *(str(len(fate.get(one, ()))) for one in names))
    Console().print(table)
