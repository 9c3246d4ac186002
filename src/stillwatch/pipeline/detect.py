"""From logs to a run folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from stillwatch import __version__
from stillwatch.campaigns.permits import Permit, read_permits
from stillwatch.engine import DuckDBEngine, Scope, check_engine, open_engine
from stillwatch.engine.sorted_file import counts_of
from stillwatch.errors import InputError, SettingError
from stillwatch.ingest import (
    IngestContext,
    NetworkBook,
    Quarantine,
    Source,
    check_share,
    newest_allowed,
    plan,
    pseudonym_key,
    read_accounts,
)
from stillwatch.pipeline.keys import own_key
from stillwatch.pipeline.rates import shipped_rates
from stillwatch.pipeline.read_logs import Staged, distinct, read_edge_log, read_logs, refuse_unreadable
from stillwatch.pipeline.releases import read_releases, releases_seen
from stillwatch.pipeline.search import SearchResult, Stored, search
from stillwatch.pipeline.store import counted, store
from stillwatch.pipeline.stored import Look
from stillwatch.pipeline.template_text import TemplateText
from stillwatch.pipeline.write_exchanges import write_exchanges
from stillwatch.report_tables.labels import kept_labels
from stillwatch.run.folder import RunFolder
from stillwatch.run.layout import stored_days
from stillwatch.run.sketched import Sketched
from stillwatch.schema.keyed import HashKey
from stillwatch.schema.requests import ACCOUNT_ROWS
from stillwatch.schema.stored import ACCOUNTS, LABELS
from stillwatch.settings import Settings, as_told
from stillwatch.sketch import load_intent, sketch_accounts

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Inputs:
    """What a person gives to detect."""

    logs: tuple[Path, ...]
    """Log files and folders."""
    format: str | None = None
    """Name of the log format; None: detected for each file."""
    mapping: Path | None = None
    """Mapping file of the generic format."""
    edge: Path | None = None
    """Edge log, joined on the request id."""
    accounts: Path | None = None
    """Accounts table."""
    networks: Path | None = None
    """The operator's own table of networks: MaxMind-style or CSV."""
    permits: Path | None = None
    """Permits to distil."""
    releases: Path | None = None
    """Model releases; None: a model first seen after the log's first day counts as released then."""
    key_file: Path | None = None
    """Secret of pseudonyms and keys: with it, account ids become pseudonyms too."""
    key: HashKey | None = None
    """Key of the tables where no key_file is given; None: the user's own, made at its first use.
    HashKey.public() protects nobody.
    """


def detect(inputs: Inputs, out: Path, settings: Settings, progress: Progress, *, force: bool = False) -> Path:
    """Run everything; returns the run folder. Raises StillwatchError, and then leaves nothing behind."""
    check_engine(settings.engine.url, settings.engine)
    permits = read_permits(inputs.permits)
    releases = read_releases(inputs.releases)
    key = _key(inputs)
    beside = [path for path in (inputs.edge, inputs.accounts, inputs.networks) if path is not None]
    logs = list(inputs.logs)
    sources = plan(
        logs,
        settings=settings.ingest,
        format=inputs.format,
        mapping=inputs.mapping,
        aside=beside,
        progress=progress,
    )
    folder = RunFolder(out, force=force)
    try:
        ingest_context = IngestContext(
            settings.ingest,
            pseudonym_key(inputs.key_file) if inputs.key_file else None,
            NetworkBook.load(inputs.networks) if inputs.networks else None,
            newest_allowed([source.path for source in sources], settings.ingest),
        )
        staged = read_logs(sources, ingest_context, key, settings.sketch, folder.stage, progress)
        if not staged.files:
            check_share(staged.quarantine, settings.ingest)
            raise InputError(
                "the logs hold no exchange",
                where=", ".join(map(str, inputs.logs)),
                do="check --format, and that the files are not empty",
            )
        progress("reading the edge log and the accounts", 0, 0)
        edge = read_edge_log(inputs.edge, ingest_context, key, folder.stage, staged) if inputs.edge else None
        check_share(staged.quarantine, settings.ingest)
        accounts = _accounts(inputs, ingest_context, key, settings, staged)
        with DuckDBEngine(settings.engine, folder.stage) as local:
            duplicates = write_exchanges(
                local, staged, edge, sources, Sketched.by(key), folder.aside / "exchanges", progress
            )
        check_share(staged.quarantine, settings.ingest)
        _clear(edge, staged, again=settings.sketch.template_text)
        look = (
            TemplateText(sources, ingest_context, staged.files, settings.sketch, progress)
            if settings.sketch.template_text
            else None
        )
        found = _searched(folder, accounts, releases, staged.labels, permits, look, settings, progress)
        folder.write("quarantine", staged.quarantine.table())
        days = stored_days(folder.aside)
        folder.about(_about(days, settings, inputs, sources, staged, duplicates, found, key))
        return folder.finish()
    except BaseException:
        folder.abandon()
        raise


def _searched(
    folder: RunFolder,
    accounts: pa.Table,
    releases: pa.Table | None,
    labels: pa.Table,
    permits: list[Permit],
    look: Look | None,
    settings: Settings,
    progress: Progress,
) -> SearchResult:
    """Search the folder's exchanges on the engine of the settings, and write what is found."""
    days = stored_days(folder.aside)
    with (
        open_engine(settings.engine.url, settings.engine, folder.stage) as engine,
        Scope(engine, "stored") as scope,
    ):
        exchanges = scope.read("exchanges", days)
        known = scope.load("accounts", accounts)
        seen = scope.load("releases", releases if releases is not None else releases_seen(engine, exchanges))
        kept = kept_labels(engine, exchanges, known, labels, settings.sketch.template_accounts)
        stored = Stored(exchanges, known, seen, kept, permits, look, shipped_rates(), counts_of(days))
        found = search(engine, stored, settings, Steps(progress))
        store(engine, folder, found, stored, accounts)
    return found


def _clear(edge: Path | None, staged: Staged, *, again: bool) -> None:
    """Staged rows stand in the run's exchanges now: gone before the search, which wants the room, unless the
    logs are read again by them.
    """
    for path in [*([edge] if edge else []), *([] if again else staged.files)]:
        path.unlink()


def _key(inputs: Inputs) -> HashKey:
    if inputs.key_file is None:
        return inputs.key or own_key(lambda note: None)
    if inputs.key is not None:
        raise SettingError("a key and a key file are both given", where="--key-file", do="give one of them")
    return HashKey.from_file(inputs.key_file)


class Steps:
    """Progress of the search as a count of steps; their number is not known before the facets are."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._done = 0

    def __call__(self, step: str) -> None:
        self._done += 1
        self._progress(f"searching: {step}", self._done, 0)


def _accounts(
    inputs: Inputs, ingest_context: IngestContext, key: HashKey, settings: Settings, staged: Staged
) -> pa.Table:
    """Table accounts: those of the accounts file, and those only seen in the log."""
    quarantine = Quarantine()
    rows = ACCOUNT_ROWS.arrow.empty_table()
    if inputs.accounts:
        rows = read_accounts(inputs.accounts, ingest_context, quarantine)
        check_share(quarantine, settings.ingest)
        refuse_unreadable(quarantine, inputs.accounts, "accounts file")
    staged.quarantine.merge(replace(quarantine, good=0))
    known, labels = sketch_accounts(rows, key, settings.campaigns.public_mail)
    staged.labels = distinct(pa.concat_tables([staged.labels, labels.cast(LABELS.arrow)]))
    unseen = staged.accounts.join(known.select(["account"]), "account", join_type="left anti").select(
        ["account", "account_id"]
    )
    blank = [
        pa.nulls(unseen.num_rows, kind.type)
        for kind in ACCOUNTS.arrow
        if kind.name not in unseen.column_names
    ]
    more = pa.Table.from_arrays([*unseen.columns, *blank], schema=ACCOUNTS.arrow)
    return pa.concat_tables([known.cast(ACCOUNTS.arrow), more]).sort_by("account").combine_chunks()


def _about(
    days: list[Path],
    settings: Settings,
    inputs: Inputs,
    sources: list[Source],
    staged: Staged,
    duplicates: int,
    found: SearchResult,
    key: HashKey,
) -> dict[str, Any]:
    """run.json: everything needed to read the run and to do it again."""
    return {
        "version": __version__,
        "settings": as_told(settings),
        "inputs": [
            {"file": source.name, "format": source.format, "rows": rows, "bytes": source.path.stat().st_size}
            for source, rows in zip(sources, staged.rows, strict=True)
        ],
        **counted(days, found),
        "quarantined": staged.quarantine.bad,
        "duplicates": duplicates,
        "mended": [
            {"column": column, "reason": reason, "count": count}
            for (column, reason), count in sorted(staged.quarantine.mended.items())
        ],
        "key": "private" if key.private else "public",
        "sketch": Sketched.by(key).document(),
        "intent": load_intent().document(),
        "false_discovery_rate": settings.campaigns.false_discovery_rate,
        "bound_level": settings.campaigns.bound_level,
        "tested_groups": found.tested,
        "given": {
            name: value is not None for name, value in vars(inputs).items() if name not in ("logs", "key")
        },
    }
