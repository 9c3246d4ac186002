"""stillwatch detect: from logs to campaigns, on screen and in a run folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from stillwatch import report
from stillwatch.cli._progress import progress
from stillwatch.errors import SettingError
from stillwatch.pipeline import Inputs, detect
from stillwatch.pipeline.keys import own_key
from stillwatch.schema.keyed import HashKey
from stillwatch.settings import ENGINES, load

FILE = click.Path(path_type=Path, dir_okay=False)


def _key(key_file: Path | None, public: bool) -> HashKey | None:
    """The key of the tables where --key-file does not name it; what has to be said of it goes to the
    screen.
    """
    if public and key_file is not None:
        raise SettingError(
            "--public-key and --key-file exclude each other", where="--public-key", do="leave out one of them"
        )
    if public:
        click.echo(
            "the public key protects nobody: whoever has the tables can test guesses of prompts, addresses "
            "and ids (docs/privacy.md)",
            err=True,
        )
        return HashKey.public()
    return own_key(lambda note: click.echo(note, err=True)) if key_file is None else None


@click.command("detect")
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Run folder to write.")
@click.option("--accounts", type=FILE, help="Accounts table: CSV, JSONL or Parquet.")
@click.option(
    "--edge",
    type=click.Path(path_type=Path),
    help="Edge log with addresses and TLS fingerprints, joined on the request id.",
)
@click.option("--permits", type=FILE, help="Permits to distil: TOML.")
@click.option(
    "--releases", type=FILE, help="Model releases: TOML. Left out: models first seen inside the log."
)
@click.option("--networks", type=FILE, help="Your own table of networks: MaxMind database or CSV.")
@click.option("--format", "format_name", help="Log format of all files; left out: detected for each.")
@click.option("--mapping", type=FILE, help="TOML file that maps the columns of a generic log.")
@click.option(
    "--key-file",
    type=FILE,
    help="Secret of at least 16 bytes for the keys; account ids become pseudonyms. Left out: your own key, "
    "made once.",
)
@click.option(
    "--public-key",
    is_flag=True,
    help="Use the key that everybody knows: reproducible anywhere, and protects nobody.",
)
@click.option("--settings", "settings_file", type=FILE, help="Settings file: TOML.")
@click.option("--engine", metavar="NAME", help=f"What the search runs on: {ENGINES}. [default: duckdb]")
@click.option("--force", is_flag=True, help="Replace an earlier run.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    logs: tuple[Path, ...],
    out: Path,
    accounts: Path | None,
    edge: Path | None,
    permits: Path | None,
    releases: Path | None,
    networks: Path | None,
    format_name: str | None,
    mapping: Path | None,
    key_file: Path | None,
    public_key: bool,
    settings_file: Path | None,
    engine: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Find campaigns in LOGS (files and folders) and write tables and a report to a run folder."""
    settings = load(settings_file)
    if engine is not None:
        settings = replace(settings, engine=replace(settings.engine, url=engine))
    inputs = Inputs(
        logs,
        format_name,
        mapping,
        edge,
        accounts,
        networks,
        permits,
        releases,
        key_file,
        _key(key_file, public_key),
    )
    with progress() as move:
        run = detect(inputs, out, settings, move, force=force)
        move("writing the report", 0, 0)
        page = report.write(run)
    if as_json:
        click.echo(json.dumps(report.summary_document(run), default=str))
        return
    console = Console()
    console.print(report.summary(run))
    console.print(f"report: {page}", soft_wrap=True, highlight=False)
