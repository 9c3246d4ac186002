"""From logs to a run folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import Any

import pyarrow as pa
from ibis import _

from stillwatch import __version__
from stillwatch.campaigns.permits import read_permits
from stillwatch.engine import DuckDBEngine, Engine
from stillwatch.errors import InputError
from stillwatch.ingest import Door, NetworkBook, Quarantine, Source, check_share, newest_allowed, plan, pseudonym_key, read_accounts
from stillwatch.pipeline.find import Found, Stored, find
from stillwatch.pipeline.read_logs import Staged, distinct, read_edge_log, read_logs, refuse_unreadable
from stillwatch.pipeline.releases import read_releases, releases_seen
from stillwatch.pipeline.run_folder import RunFolder
from stillwatch.pipeline.settle import settle, stored_days
from stillwatch.schema.keyed import HashKey
from stillwatch.schema.requests import ACCOUNT_ROWS
from stillwatch.schema.stored import ACCOUNTS, LABELS, TRACES
from stillwatch.schema.table import rows_where, values
from stillwatch.settings import Settings, as_document
from stillwatch.sketch import sketch_accounts

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
    """Secret key of pseudonyms and keys."""


def detect(inputs: Inputs, out: Path, settings: Settings, progress: Progress, *, force: bool = False) -> Path:
    """Run everything; returns the run folder. Raises StillwatchError, and then leaves nothing behind."""
    permits = read_permits(inputs.permits)
    releases = read_releases(inputs.releases)
    key = HashKey.from_file(inputs.key_file) if inputs.key_file else HashKey.public()
    beside = [path for path in (inputs.edge, inputs.accounts, inputs.networks) if path is not None]
    sources = plan(list(inputs.logs), settings=settings.ingest, format=inputs.format, mapping=inputs.mapping, aside=beside)
    folder = RunFolder(out, force=force)
    try:
        door = Door(
            settings.ingest,
            pseudonym_key(inputs.key_file) if inputs.key_file else None,
            NetworkBook.load(inputs.networks) if inputs.networks else None,
            newest_allowed([source.path for source in sources], settings.ingest),
        )
        staged = read_logs(sources, door, key, settings.sketch, folder.stage, progress)
        if not staged.files:
            check_share(staged.quarantine, settings.ingest)
            raise InputError(
                "the logs hold no exchange", where=", ".join(map(str, inputs.logs)), do="check --format, and that the files are not empty"
            )
        edge = read_edge_log(inputs.edge, door, key, folder.stage, staged) if inputs.edge else None
        check_share(staged.quarantine, settings.ingest)
        accounts = _accounts(inputs, door, key, settings, staged)
        with DuckDBEngine(settings.engine, folder.stage) as engine:
            duplicates = settle(engine, staged, edge, sources, folder.aside / "exchanges", progress)
            check_share(staged.quarantine, settings.ingest)
            exchanges = engine.read("exchanges", stored_days(folder.aside))
            known = engine.load("accounts", accounts)
            seen = engine.load("releases", releases if releases is not None else releases_seen(engine, exchanges))
            staged.labels = _sayable(engine, exchanges, staged.labels, settings.sketch.template_accounts)
            steps = _Steps(progress)
            found = find(engine, Stored(exchanges, known, seen, staged.labels, permits), settings, steps)
            _write(engine, folder, found, staged, accounts)
            folder.about(_about(engine, exchanges, settings, inputs, sources, staged, duplicates, found, key))
        return folder.finish()
    except BaseException:
        folder.abandon()
        raise


class _Steps:
    """Progress of the search as a count of steps; their number is not known before the facets are."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._done = 0

    def __call__(self, step: str) -> None:
        self._done += 1
        self._progress(f"searching: {step}", self._done, 0)


def _accounts(inputs: Inputs, door: Door, key: HashKey, settings: Settings, staged: Staged) -> pa.Table:
    """Table accounts: those of the accounts file, and those only seen in the log."""
    quarantine = Quarantine()
    rows = ACCOUNT_ROWS.arrow.empty_table()
    if inputs.accounts:
        rows = read_accounts(inputs.accounts, door, quarantine)
        check_share(quarantine, settings.ingest)
        refuse_unreadable(quarantine, inputs.accounts, "accounts file")
    staged.quarantine.merge(replace(quarantine, good=0))
    known, labels = sketch_accounts(rows, key, settings.campaigns.public_mail)
    staged.labels = distinct(pa.concat_tables([staged.labels, labels.cast(LABELS.arrow)]))
    unseen = staged.accounts.join(known.select(["account"]), "account", join_type="left anti").select(["account", "account_id"])
    blank = [pa.nulls(unseen.num_rows, kind.type) for kind in ACCOUNTS.arrow if kind.name not in unseen.column_names]
    more = pa.Table.from_arrays([*unseen.columns, *blank], schema=ACCOUNTS.arrow)
    return pa.concat_tables([known.cast(ACCOUNTS.arrow), more]).sort_by("account").combine_chunks()


def _sayable(engine: Engine, exchanges: Any, labels: pa.Table, least: int) -> pa.Table:
    """The labels without the words of template heads that fewer than `least` accounts share: those are somebody's own."""
    heads = rows_where(labels, "kind", "head")
    if heads.num_rows == 0:
        return labels
    used = exchanges.select("account", key=exchanges["head"]).semi_join(engine.load("heads", heads.select(["key"])), "key")
    common = used.group_by("key").agg(accounts=_.account.nunique()).filter(_.accounts >= least)
    shared = set(values(engine.collect(common.select("key")), "key"))
    keep = [kind != "head" or key in shared for kind, key in zip(values(labels, "kind"), values(labels, "key"), strict=True)]
    return labels.filter(pa.array(keep, pa.bool_()))


def _write(engine: Engine, folder: RunFolder, found: Found, staged: Staged, accounts: pa.Table) -> None:
    for name, table in found.tables.items():
        folder.write(name, table)
    folder.write("accounts", accounts)
    folder.write("labels", staged.labels)
    folder.write("quarantine", staged.quarantine.table())
    timed = found.traces.mutate(
        first=_["first"].as_timestamp("s").cast("timestamp('UTC', 6)"), last=_["last"].as_timestamp("s").cast("timestamp('UTC', 6)")
    )
    engine.write(timed, folder.aside / "traces.parquet", TRACES.arrow, ["account", "key"])


def _about(
    engine: Engine,
    exchanges: Any,
    settings: Settings,
    inputs: Inputs,
    sources: list[Source],
    staged: Staged,
    duplicates: int,
    found: Found,
    key: HashKey,
) -> dict[str, Any]:
    """run.json: everything needed to read the run and to do it again."""
    row = engine.collect(
        exchanges.agg(n=_.count(), accounts=_.account.nunique(), first=_.time.min(), last=_.time.max(), texts=_.has_text.cast("int64").sum())
    ).to_pylist()[0]
    return {
        "version": __version__,
        "settings": as_document(settings),
        "inputs": [
            {"file": source.name, "format": source.format, "rows": rows, "bytes": source.path.stat().st_size}
            for source, rows in zip(sources, staged.rows, strict=True)
        ],
        "exchanges": row["n"],
        "accounts": row["accounts"],
        "quarantined": staged.quarantine.bad,
        "duplicates": duplicates,
        "mended": [{"column": column, "reason": reason, "count": count} for (column, reason), count in sorted(staged.quarantine.mended.items())],
        "first": row["first"].astimezone(UTC).isoformat(),
        "last": row["last"].astimezone(UTC).isoformat(),
        "has_text": round((row["texts"] or 0) / row["n"], 6),
        "key": "private" if key.private else "public",
        "false_discovery_rate": settings.campaigns.false_discovery_rate,
        "bound_level": settings.campaigns.bound_level,
        "tested_groups": found.tested,
        "given": {name: value is not None for name, value in vars(inputs).items() if name != "logs"},
    }
