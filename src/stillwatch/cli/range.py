"""`stillwatch range`: make a world whose truth is known, and score a run against it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli._group import Whole
from stillwatch.cli._json import print_json
from stillwatch.cli._progress import progress
from stillwatch.cli._range_displace import displace
from stillwatch.errors import naming

if TYPE_CHECKING:
    from stillwatch.simulate.make import Order


@click.group(cls=Whole)
def command() -> None:
    """Make simulated worlds, and score runs against their truth."""


command.add_command(displace)


@command.command()
@click.argument("scenario")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder to write; must be empty or new."
)
@click.option(
    "--scale",
    type=float,
    default=0.05,
    show_default=True,
    help="What the scenario's sizes are multiplied by.",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Seed of its chance."
)
@click.option(
    "--format",
    "format_",
    default="litellm-parquet",
    show_default=True,
    help="Log format to write; see docs/range.md.",
)
@click.option("--no-prompts", is_flag=True, help="Leave prompts and answers out, as LiteLLM does by default.")
@click.option(
    "--paraphrase",
    type=click.IntRange(0, 2),
    help="Reword the campaigns' templates: 0 not, 1 lightly, 2 heavily.  [default: as the scenario says]",
)
@click.option(
    "--evade",
    multiple=True,
    metavar="KNOB=SETTING",
    help="What the campaigns do to hide, as pool=middle; repeatable. See docs/range.md.",
)
@click.option(
    "--backdrop",
    multiple=True,
    metavar="NAME",
    help="A backdrop beside the scenario's own: lookalikes or provider; repeatable.",
)
@click.option(
    "--providers",
    type=click.IntRange(2, 20),
    metavar="N",
    help="Make a world for each of N providers that the same operators work at once.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Threads; the files do not depend on it.",
)
@click.option("--force", is_flag=True, help="Replace an existing folder.")
@click.option("--json", "as_json", is_flag=True, help="Print the truth in short as JSON.")
def make(
    scenario: str,
    out: Path,
    scale: float,
    seed: int,
    format_: str,
    no_prompts: bool,
    paraphrase: int | None,
    evade: tuple[str, ...],
    backdrop: tuple[str, ...],
    providers: int | None,
    workers: int,
    force: bool,
    as_json: bool,
) -> None:
    """Write SCENARIO (a shipped name, as february, or a TOML file) as provider's logs with the truth beside
    them.

    With --providers, OUT holds a world for each provider, provider-1 and so on, and truth.json, which names
    the campaigns that are one operator.
    """
    from stillwatch.simulate.evasion import chosen
    from stillwatch.simulate.make import Order

    order = Order(
        scenario,
        out,
        scale,
        seed,
        format_,
        not no_prompts,
        force,
        workers,
        paraphrase=paraphrase,
        evade=chosen(evade),
        beside=backdrop,
    )
    with naming(out), progress() as move:
        move("making the world", 0, 0)
        document = _made(order, providers, move)
    if as_json:
        print_json(document)
    elif providers:
        _show_providers(document, out)
    else:
        _show_world(document, out)


def _made(order: Order, providers: int | None, move: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Make one world, or one for each of several providers."""
    from stillwatch.simulate.make import make as make_world
    from stillwatch.simulate.providers import make_providers

    def moved(done: int, parts: int, exchanges: int) -> None:
        move(f"making the world, {exchanges:,} exchanges", done, parts)

    return make_providers(order, providers, moved) if providers else make_world(order, moved)


def _show_providers(document: dict[str, Any], out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    names = [row["name"] for row in document["providers"]]
    table = Table("operator", *names, title=f"Worlds in {out}: accounts / exchanges")
    for operator in document["operators"]:
        parts = {part["provider"]: part for part in operator["at"]}
        cells = [f"{parts[name]['accounts']:,} / {parts[name]['exchanges']:,}" for name in names]
        table.add_row(operator["name"], *cells)
    cells = [f"{row['accounts']:,} / {row['exchanges']:,}" for row in document["providers"]]
    table.add_row("all", *cells, style="bold")
    Console().print(table)


def _show_world(document: dict[str, Any], out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "kind", "label", "groups", "accounts", "exchanges", title=f"World in {out}")
    for row in document["groups"]:
        table.add_row(
            row["name"],
            row["kind"],
            row["label"],
            str(row["groups"]),
            f"{row['accounts']:,}",
            f"{row['exchanges']:,}",
        )
    Console().print(table)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the names and sentences as JSON.")
def list_(as_json: bool) -> None:
    """List the shipped scenarios and backdrops, a sentence each."""
    from rich.console import Console
    from rich.table import Table

    from stillwatch.simulate.scenario import described

    found = described()
    if as_json:
        print_json(found)
        return
    console = Console(highlight=False, markup=False)
    for title, rows in found.items():
        table = Table("name", "what it is", title=title.capitalize(), title_justify="left", box=None)
        for row in rows:
            table.add_row(row["name"], row["sentence"])
        console.print(table)


@command.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("truth", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def score(run: Path, truth: Path, as_json: bool) -> None:
    """Score RUN, a folder that `detect` wrote, against TRUTH, a folder that `range make` wrote or its
    truth.parquet.

    If `watch` went over RUN, its alarms are scored too.
    """
    from stillwatch.simulate.score import score as score_run
    from stillwatch.simulate.score_alarms import score_alarms

    document = score_run(run, truth)
    if (run / "watched.parquet").is_file():
        document["watch"] = score_alarms(run, truth)
    if as_json:
        print_json(document)
    else:
        _show_scores(document)
        if "watch" in document:
            _show_watch(document["watch"])


def _show_scores(document: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "campaign", "found", "verdict", "precision", "recall", "present", "accounts", title="Scores"
    )
    for row in document["campaigns"]:
        rates = (f"{row['account_precision']:.3f}", f"{row['account_recall']:.3f}")
        table.add_row(
            row["name"],
            "yes" if row["found"] else "coordinated" if row["coordinated"] else "NO",
            row["verdict"] or "-",
            *rates,
            f"{row['present']:,}",
            f"{row['accounts']:,}",
        )
    pooled = document["pooled"]
    table.add_row(
        "pooled",
        "",
        "",
        f"{pooled['account_precision']:.3f}",
        f"{pooled['account_recall']:.3f}",
        "",
        "",
        style="bold",
    )
    console = Console()
    console.print(table)
    console.print(f"benign groups called adversarial: {_counts(document['false_campaigns'])}")
    console.print(f"benign groups called unlicensed: {_counts(document['unlicensed_campaigns'])}")
    if document["victims"]:
        console.print(
            f"victims of stolen keys called: {document['victims_called']} of {document['victims']} (their "
            "keys need changing; no ban)"
        )
    console.print(f"innocent accounts named in either: {_counts(document['innocents_called'])}")
    console.print(f"present in either, not named: {_counts(document['innocents_present'])}")
    console.print(f"in groups called coordinated: {_counts(document['innocents_coordinated'])}")
    for name, verdict in document["exceeding"].items():
        console.print(
            f"beyond its permit: {name}, found {verdict or 'not at all'}"
            + ("" if verdict == "unlicensed" else "; unlicensed would be right")
        )
    for kind, called in document["doubtful"].items():
        console.print(
            f"doubtful, of which adversarial alone is wrong: {kind}, {called['accounts']} accounts; "
            f"called: {_counts({name: n for name, n in called.items() if name != 'accounts'})}"
        )
    missed = sorted(set(document["permitted"]) - set(document["authorised"]))
    console.print(
        f"authorised as they should be: {', '.join(document['authorised']) or 'none'}"
        + (f"; not: {', '.join(missed)}" if missed else "")
    )


def _show_watch(document: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "campaign",
        "alarm",
        "verdict",
        "days until then",
        "exchanges gone",
        title=f"Alarms, {document['searched']} searches",
    )
    for row in document["campaigns"]:
        days = "-" if row["delay_days"] is None else f"{row['delay_days']:g}"
        table.add_row(row["name"], row["day"] or "NONE", row["verdict"] or "-", days, f"{row['gone']:.1%}")
    console = Console()
    console.print(table)
    for verdict, kinds in document["false_alarms"].items():
        console.print(f"false alarms, {verdict}: {_counts(kinds)}")


def _counts(kinds: dict[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "none"
