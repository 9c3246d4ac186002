"""Forget accounts: their rows are deleted at the source, and everything derived is derived again, aside, then
swapped in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch import __version__, report
from stillwatch.account_names import account_name
from stillwatch.engine import DuckDBEngine, Engine, Table
from stillwatch.engine.sorted_file import counts_of
from stillwatch.errors import RunError
from stillwatch.ingest import pseudonym_key
from stillwatch.iso_time import iso
from stillwatch.pipeline.detect import Progress, Steps
from stillwatch.pipeline.feedback_used import reviewed_kept
from stillwatch.pipeline.identify import identified_again
from stillwatch.pipeline.rates import shipped_rates
from stillwatch.pipeline.releases import releases_seen
from stillwatch.pipeline.search import Stored, search
from stillwatch.pipeline.shared_kept import shared_kept
from stillwatch.pipeline.store import counted, permits_of, releases_of, store
from stillwatch.report_tables.labels import kept_labels
from stillwatch.run.about import identity_of
from stillwatch.run.checked import settings_of, sketched_of, table_of
from stillwatch.run.folder import RunFolder
from stillwatch.run.identity import fresh
from stillwatch.run.layout import MARK, ORDER, PAGE, stored_days
from stillwatch.run.lineage.earlier import FORGOTTEN, read_earlier
from stillwatch.run.names import keys_named
from stillwatch.run.provenance import packages
from stillwatch.run.reading import Run
from stillwatch.run.replaceable import strangers
from stillwatch.run.sketched import Sketched
from stillwatch.schema.lineage import CAMPAIGN_LINKS
from stillwatch.schema.requests import QUARANTINE
from stillwatch.schema.reviewed import REVIEWED, REVIEWED_ACCOUNTS
from stillwatch.schema.stored import ACCOUNTS, EXCHANGES, LABELS, PERMITS, RELEASES
from stillwatch.schema.table import values
from stillwatch.schema.use import USE
from stillwatch.settings import Settings

AGAIN = "run `stillwatch detect` again on logs without the account"
SOURCES = (ACCOUNTS, LABELS, PERMITS, RELEASES, QUARANTINE)
"""Those that are changed; all others are made anew."""


@dataclass(frozen=True)
class Forgotten:
    """What was forgotten, in numbers."""

    accounts: int
    """Accounts."""
    exchanges: int
    """Their exchanges."""
    labels: int
    """Labels that nobody else carries, and words that too few share now."""


def forget(run: Path, names: Sequence[str], progress: Progress, key_file: Path | None = None) -> Forgotten:
    """Take accounts out of a run as if they had never been in it; all of them, or on any error none.

    names: ids as the run shows them, or keys; with a key file, also the provider's own ids where the run
    shows pseudonyms. Raises RunError for a name that no account of the run has, and for a run that was made
    by another version or is not whole.
    """
    with RunFolder.of(run) as folder:
        about = Run(run).about
        sketched = _sketched(run, about)
        settings = settings_of(run, about, AGAIN)
        accounts = table_of(run, ACCOUNTS, AGAIN)
        gone = _rows_named(accounts, names, pseudonym_key(key_file) if key_file else None, run)
        ids = values(gone, "account_id")
        earlier, links = read_earlier(run, sketched, FORGOTTEN), table_of(run, CAMPAIGN_LINKS, AGAIN)
        with DuckDBEngine(settings.engine, folder.stage) as engine:
            before = _delete_rows(engine, run, folder.aside, set(values(gone, "account")), sketched, progress)
            exchanges = engine.read("exchanges", stored_days(folder.aside))
            stored, left = _stored(engine, run, folder.aside, about, accounts, gone, exchanges, settings)
            found = search(engine, stored, settings, Steps(progress))
            found = identified_again(engine, found, left, earlier, links, settings.identity)
            if (run / f"{REVIEWED.name}.parquet").exists():
                judged, decided = table_of(run, REVIEWED, AGAIN), table_of(run, REVIEWED_ACCOUNTS, AGAIN)
                found = replace(found, tables=found.tables | reviewed_kept(judged, decided, found, left))
            store(engine, folder, found, stored, left)
            numbers = counted(stored_days(folder.aside), found) | {"tested_groups": found.tested}
            made_with = {"version": __version__, "engine": engine.described(), "packages": packages()}
        for table in (QUARANTINE, USE):
            folder.write(table.name, _without_files_named(table_of(run, table, AGAIN), ids))
        came_from = {"came_from": identity_of(about, run / MARK)[0]}
        folder.about({**about, **fresh(), **came_from, **made_with, **numbers, **_noted(about, ids)})
        if (run / PAGE).exists():
            progress("writing the report", 0, 0)
            report.write(folder.aside)
        labels = table_of(run, LABELS, AGAIN).num_rows - table_of(folder.aside, LABELS, AGAIN).num_rows
        folder.finish()
    return Forgotten(gone.num_rows, before - numbers["exchanges"], labels)


def _sketched(run: Path, about: dict[str, Any]) -> Sketched:
    """What the run was sketched with. Raises RunError unless all of its files are there, are of this version,
    and nothing else is.
    """
    ours = sketched_of(run, about, AGAIN)
    lacking = {f"{table.name}.parquet" for table in SOURCES} - {path.name for path in run.iterdir()}
    strange = strangers(run, about)
    if lacking:
        raise RunError(f"the run has no {min(lacking)}", where=str(run), do=AGAIN)
    if strange:
        raise RunError(
            "the run folder holds a file that Stillwatch did not write, and which may tell of the account",
            where=str(run / strange[0]),
            do="move it elsewhere, or delete it",
        )
    return ours


def _rows_named(accounts: pa.Table, names: Sequence[str], key: bytes | None, run: Path) -> pa.Table:
    """The rows of the accounts that are named. Raises RunError naming those that are not there; what others
    are called is not said.
    """
    shown, keys = values(accounts, "account_id"), values(accounts, "account")
    wanted: set[int] = set()
    for name in names:
        ids = {name} | ({account_name(name, key)} if key else set())
        rows = {
            i
            for i, (shown_as, number) in enumerate(zip(shown, keys, strict=True))
            if shown_as in ids or number in keys_named(name)
        }
        if not rows:
            raise RunError(
                f"no account of the run is called {name}; nothing was changed",
                where=str(run),
                do="give the id as the run shows it; where it shows pseudonyms, give the provider's id and "
                "--key-file. It may be forgotten already",
            )
        wanted |= rows
    return accounts.take(pa.array(sorted(wanted), pa.int64()))


def _delete_rows(
    engine: Engine, run: Path, aside: Path, gone: set[int], sketched: Sketched, progress: Progress
) -> int:
    """Write the exchanges of everybody else, day by day; returns how many there were before."""
    days = stored_days(run)
    absent = engine.load("gone", pa.table({"account": pa.array(sorted(gone), pa.int64())}))
    before = left = 0
    for done, path in enumerate(days, 1):
        rows = engine.read("day", [path])
        before += pq.read_metadata(path).num_rows
        out = aside / path.relative_to(run)
        out.parent.mkdir(parents=True)
        written = engine.write(
            rows.anti_join(absent, "account"), out, sketched.marked(EXCHANGES.arrow), ORDER
        )
        left += written
        if not written:
            out.unlink()
            out.parent.rmdir()
        progress("deleting rows", done, len(days))
    if not left:
        raise RunError(
            "nothing would be left of the run; nothing was changed", where=str(run), do="delete the folder"
        )
    return before


def _stored(
    engine: Engine,
    run: Path,
    aside: Path,
    about: dict[str, Any],
    accounts: pa.Table,
    gone: pa.Table,
    exchanges: Table,
    settings: Settings,
) -> tuple[Stored, pa.Table]:
    """What the search starts from now, and the table of the accounts that are left."""
    left = (
        accounts.join(gone.select(["account"]), "account", join_type="left anti")
        .select(ACCOUNTS.names())
        .cast(ACCOUNTS.arrow)
        .sort_by("account")
    )
    known = engine.load("accounts", left.combine_chunks())
    told = about.get("given", {}).get("releases")
    seen = engine.load(
        "releases", releases_of(table_of(run, RELEASES, AGAIN)) if told else releases_seen(engine, exchanges)
    )
    labels = kept_labels(
        engine, exchanges, known, table_of(run, LABELS, AGAIN), settings.sketch.template_accounts
    )
    return Stored(
        exchanges,
        known,
        seen,
        labels,
        permits_of(table_of(run, PERMITS, AGAIN)),
        rates=shipped_rates(),
        counts=counts_of(stored_days(aside)),
        shared=shared_kept(run, AGAIN),
    ), left.combine_chunks()


def _without_files_named(quarantine: pa.Table, ids: list[str]) -> pa.Table:
    """The quarantine without rows of files that are named after an account; of any other row nobody can say
    whose it was.
    """
    keep = [not _named_after(file or "", ids) for file in values(quarantine, "file")]
    return quarantine.filter(pa.array(keep, pa.bool_()))


def _named_after(file: str, ids: list[str]) -> bool:
    return any(re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", file, re.IGNORECASE) for name in ids)


def _noted(about: dict[str, Any], ids: list[str]) -> dict[str, Any]:
    """For run.json: that something was forgotten, how much and when; not who."""
    given = {
        kind: [
            {**item, "file": "(forgotten)", "sha256": None}
            if _named_after(str(item.get("file", "")), ids)
            else item
            for item in about.get(kind, [])
        ]
        for kind in ("inputs", "side_inputs")
    }
    note = {"time": iso(datetime.now(UTC).replace(microsecond=0)), "accounts": len(ids)}
    return {**given, "forgotten": [*about.get("forgotten", []), note]}
