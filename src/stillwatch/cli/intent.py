"""`stillwatch intent`: train the model that tells what prompts are for, and read its card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stillwatch.cli._group import Whole
from stillwatch.cli._json import print_json


@click.group(cls=Whole)
def command() -> None:
    """Train the intent model from a labelled folder, and read a model's card."""


@command.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("intent"),
    show_default=True,
    help="Folder to write the model and its card to.",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Seed of the folds."
)
@click.option("--json", "as_json", is_flag=True, help="Print the card as JSON.")
def train(folder: Path, out: Path, seed: int, as_json: bool) -> None:
    """Train on FOLDER: JSONL, CSV or Parquet files with the columns text, labels, source, and where known
    system, group, licence.
    """
    from rich.console import Console

    from stillwatch.sketch.intent import save_intent
    from stillwatch.sketch.intent.train import train as train_intent

    console = Console(stderr=True)
    with console.status("training") as status:
        intent = train_intent(folder, seed, lambda text: status.update(text))
    save_intent(intent, out)
    _show(dict(intent.card), as_json)
    if not as_json:
        click.echo(f"written to {out}")


@command.command()
@click.argument("model", type=click.Path(path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the card as JSON.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the card as Markdown.")
def card(model: Path | None, as_json: bool, as_markdown: bool) -> None:
    """Show the card of the shipped model, or of MODEL, a folder that `train` wrote."""
    from stillwatch.sketch.intent import load_intent
    from stillwatch.sketch.intent.card import markdown

    given = dict(load_intent(model).card)
    if as_markdown:
        click.echo(markdown(given), nl=False)
    else:
        _show(given, as_json)


def _show(card: dict[str, Any], as_json: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    from stillwatch.sketch.intent.card import COLUMNS, rows_of

    if as_json:
        print_json(card)
        return
    console = Console()
    title = (
        f"{card['name']}, version {card['version']} for sketches of version {card['sketch_version']}: "
        f"{card['features']:,} features"
    )
    labels = Table(*COLUMNS, title=title)
    for row in rows_of(card):
        labels.add_row(*row)
    sources = Table("source", "licence", "rows", "groups", "labelled", title="Sources")
    for row in card["sources"]:
        sources.add_row(
            row["source"], row["licence"], f"{row['rows']:,}", f"{row['groups']:,}", f"{row['labelled']:,}"
        )
    console.print(labels)
    console.print(sources)
    for limit in card["limits"]:
        console.print(f"- {limit}", soft_wrap=True)
