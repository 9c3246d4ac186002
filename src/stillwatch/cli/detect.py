"""stillwatch detect: from logs to campaigns, on screen and in a run folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli._json import print_json
from stillwatch.cli._progress import progress
from stillwatch.cli._publishing import PUBLISH, published_too, sentence, told
from stillwatch.cli._voice import note
from stillwatch.errors import SettingError
from stillwatch.plain import plain
from stillwatch.settings import ENGINES

if TYPE_CHECKING:
    from stillwatch.pipeline import Inputs
    from stillwatch.schema.keyed import HashKey
    from stillwatch.settings import Settings

FILE = click.Path(path_type=Path, dir_okay=False)


def _key(key_file: Path | None, public: bool) -> HashKey | None:
    """The public key where it is asked for; None: that of --key-file, or the user's own."""
    from stillwatch.schema.keyed import HashKey

    if public and key_file is not None:
        raise SettingError(
            "--public-key and --key-file exclude each other", where="--public-key", do="leave out one of them"
        )
    if public:
        note(
            "the public key protects nobody: whoever has the tables can test guesses of prompts, addresses "
            "and ids (docs/privacy.md)"
        )
        return HashKey.public()
    return None


@click.command("detect")
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Run folder to write.")
@click.option(
    "--accounts",
    type=click.Path(path_type=Path),
    help="Accounts table: CSV, JSONL or Parquet; file, archive or folder.",
)
@click.option(
    "--edge",
    type=click.Path(path_type=Path),
    help="Edge log with addresses and TLS fingerprints, joined on the request id: file, archive or folder.",
)
@click.option("--permits", type=FILE, help="Permits to distil: TOML.")
@click.option(
    "--releases", type=FILE, help="Model releases: TOML. Left out: models first seen inside the log."
)
@click.option("--networks", type=FILE, help="Your own table of networks: MaxMind database or CSV.")
@click.option("--format", "format_name", help="Log format of all files; left out: detected for each.")
@click.option("--mapping", type=FILE, help="TOML file that maps the columns of a generic log.")
@click.option("--edge-mapping", type=FILE, help="TOML file that maps the columns of the edge log.")
@click.option("--accounts-mapping", type=FILE, help="TOML file that maps the columns of the accounts table.")
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
@click.option(
    "--previous",
    type=click.Path(path_type=Path, file_okay=False),
    help="Earlier run folder: its campaigns are looked for in this one. Left out: the run that --force "
    "replaces.",
)
@click.option(
    "--feedback",
    type=FILE,
    help="What people decided about earlier campaigns: TOML or JSON of `stillwatch case labels`.",
)
@click.option(
    "--shared",
    type=FILE,
    help="What other providers reported: Parquet of `stillwatch intel match`. It can put a group on the list "
    "for review; no verdict depends on it.",
)
@click.option("--settings", "settings_file", type=FILE, help="Settings file: TOML.")
@click.option("--engine", metavar="NAME", help=f"What the search runs on: {ENGINES}. [default: duckdb]")
@click.option("--force", is_flag=True, help="Replace an earlier run.")
@PUBLISH
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
    edge_mapping: Path | None,
    accounts_mapping: Path | None,
    key_file: Path | None,
    public_key: bool,
    previous: Path | None,
    feedback: Path | None,
    shared: Path | None,
    settings_file: Path | None,
    engine: str | None,
    force: bool,
    state: Path | None,
    as_json: bool,
) -> None:
    """Find campaigns in LOGS and write tables and a report to a run folder.

    LOGS are files, folders, tar and zip archives, pipes, `-` (standard input), and s3://, gs://, az:// or
    https:// addresses.
    """
    from stillwatch.pipeline import Inputs
    from stillwatch.settings import load

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
        previous,
        edge_mapping,
        accounts_mapping,
        feedback,
        shared,
    )
    _run(inputs, out, settings, force=force, as_json=as_json, state=state)


def _run(
    inputs: Inputs, out: Path, settings: Settings, *, force: bool, as_json: bool, state: Path | None
) -> None:
    """Run it, publish it where that is asked for, and print the result."""
    from stillwatch import report
    from stillwatch.pipeline import detect
    from stillwatch.run.lock import writing

    with progress() as move:
        # A bar makes room for what goes to stderr.
        run = detect(inputs, out, settings, move, force=force, say=lambda said: note(plain(said)))
        move("writing the report", 0, 0)
        with writing(run):
            page = report.write(run)
    publication = published_too(run, state)
    if as_json:
        print_json({**report.summary_document(run), **told(publication)})
        return
    from rich.console import Console

    console = Console()
    console.print(report.summary(run))
    console.print(plain(f"report: {page}"), soft_wrap=True, highlight=False, markup=False)
    if publication is not None:
        console.print(sentence(publication), soft_wrap=True, highlight=False, markup=False)
