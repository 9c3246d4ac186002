"""From logs to a run folder."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from stillwatch import __version__
from stillwatch.campaigns.feedback import Feedback
from stillwatch.campaigns.feedback_file import read_feedback
from stillwatch.campaigns.permits import Permit, read_permits
from stillwatch.engine import DuckDBEngine, Engine, Scope, check_engine, open_engine
from stillwatch.engine.sorted_file import counts_of
from stillwatch.errors import SettingError, naming
from stillwatch.ingest import (
    IngestContext,
    Mapping,
    NetworkBook,
    Source,
    check_share,
    load_accounts_mapping,
    load_edge_mapping,
    newest_allowed,
    plan,
    pseudonym_key,
)
from stillwatch.ingest.files.regular import must_be_a_file
from stillwatch.ingest.files.scratch import Scratch
from stillwatch.pipeline.account_of_use import nothing_read
from stillwatch.pipeline.accounts_known import accounts_known
from stillwatch.pipeline.feedback_used import reviewed, with_judged
from stillwatch.pipeline.identify import identified
from stillwatch.pipeline.inputs import Inputs
from stillwatch.pipeline.keys import own_key
from stillwatch.pipeline.lacks_told import lacks_told
from stillwatch.pipeline.logged import Logged
from stillwatch.pipeline.permits_used import permits_used
from stillwatch.pipeline.rates import shipped_rates
from stillwatch.pipeline.read_logs import Staged, read_believed, read_edge_log
from stillwatch.pipeline.releases import read_releases, releases_seen
from stillwatch.pipeline.search import Stored, search
from stillwatch.pipeline.shared_given import must_be_keyed, read_shared
from stillwatch.pipeline.side_mappings import mapping_of_table
from stillwatch.pipeline.store import counted, store
from stillwatch.pipeline.template_text import TemplateText
from stillwatch.pipeline.write_exchanges import write_exchanges
from stillwatch.registry import plugins_in_use
from stillwatch.report_tables.labels import kept_labels
from stillwatch.run.folder import RunFolder
from stillwatch.run.identity import fresh
from stillwatch.run.layout import stored_days
from stillwatch.run.lineage.earlier import Earlier, earlier_run
from stillwatch.run.provenance import packages, side_inputs
from stillwatch.run.reading import Run
from stillwatch.run.sketched import Sketched
from stillwatch.schema.keyed import HashKey
from stillwatch.schema.use import USE
from stillwatch.settings import Settings, as_told
from stillwatch.sketch import load_intent

Progress = Callable[[str, int, int], None]
_log = logging.getLogger("stillwatch.detect")


def quiet(_note: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Task:
    """What a person gave, read and found good before anything is written."""

    inputs: Inputs
    """As given."""
    settings: Settings
    """As given."""
    permits: list[Permit]
    """Permits to distil."""
    releases: pa.Table | None
    """Model releases; None: not given."""
    key: HashKey | None
    """Key of the tables; None: the user's own, which a run that fails before it can begin does not make."""
    sources: list[Source]
    """The log files."""
    edge_mapping: Mapping | None = None
    """Where the edge log has its columns."""
    accounts_mapping: Mapping | None = None
    """Where the accounts table has its columns."""
    feedback: Feedback = field(default_factory=Feedback)
    """What people decided earlier."""
    shared: pa.Table | None = None
    """What other providers reported; None: nothing was given."""

    @property
    def paths(self) -> list[Path]:
        """Every file that is read."""
        beside = [path for option, path in _beside(self.inputs) if path is not None]
        keys = [self.inputs.key_file] if self.inputs.key_file else []
        return [*beside, *keys, *{s.on_disk: None for s in self.sources if s.on_disk is not None}]


def detect(
    inputs: Inputs,
    out: Path,
    settings: Settings,
    progress: Progress,
    *,
    force: bool = False,
    say: Callable[[str], None] = quiet,
) -> Path:
    """Run everything; returns the run folder. say: told what a person should know and no table says. Raises
    StillwatchError, and then leaves nothing behind.
    """
    with naming(out), Logged(progress) as progress, Scratch(out.absolute().parent) as scratch:
        task = _task(inputs, settings, progress, scratch, say)
        return _detect(task, out, progress, force=force, say=say)


def _detect(task: Task, out: Path, progress: Progress, *, force: bool, say: Callable[[str], None]) -> Path:
    inputs, settings = task.inputs, task.settings
    with RunFolder(out, force=force, inputs=task.paths) as folder:
        ingest_context = _ingest_context(task)
        key = task.key or own_key(say)
        must_be_keyed(inputs.shared, key.name)
        earlier = earlier_run(inputs.previous, out, Sketched.by(key), force=force)
        staged, edge, accounts, ingest_context = _read(task, key, ingest_context, folder.stage, progress, say)
        with DuckDBEngine(settings.engine, folder.stage) as local:
            merged = write_exchanges(
                local,
                staged,
                edge,
                task.sources,
                Sketched.by(key),
                folder.aside / "exchanges",
                progress,
            )
        check_share(staged.quarantine, settings.ingest)
        _clear(edge, staged, again=settings.sketch.template_text)
        with (
            open_engine(settings.engine.url, settings.engine, folder.stage) as engine,
            Scope(engine, "stored") as scope,
        ):
            stored = _stored(scope, task, accounts, staged, folder.aside, ingest_context, progress)
            found = search(engine, stored, settings, Steps(progress))
            known = with_judged(earlier, task.feedback, Sketched.by(key))
            found = identified(engine, found, accounts, known, settings.identity)
            if inputs.feedback is not None:
                found = reviewed(found, accounts, task.feedback, settings.identity)
            store(engine, folder, found, stored, accounts)
            folder.write(USE.name, _used(engine, task, staged, stored))
            used = engine.described()
        for beside in staged.beside.values():
            staged.quarantine.merge(beside.quarantine)
        folder.write("quarantine", staged.quarantine.table())
        _log.info("search done", extra={"groups_tested": found.tested, "merged": merged})
        seen = counted(stored_days(folder.aside), found) | {
            "merged": merged,
            "tested_groups": found.tested,
        }
        about = {**fresh(), **_about(task, key, staged), "engine": used, **seen}
        folder.about(about | _compared(earlier))
        return folder.finish()


def _task(
    inputs: Inputs, settings: Settings, progress: Progress, scratch: Scratch, say: Callable[[str], None]
) -> Task:
    """Look at everything that is given. Raises StillwatchError for the first thing that cannot be used."""
    check_engine(settings.engine.url, settings.engine)
    plugins_in_use(())  # loads them all: one that is broken stops the run before it reads a log
    feedback = read_feedback(inputs.feedback, datetime.now(UTC), say)
    permits = [*read_permits(inputs.permits, say), *feedback.permits]
    releases = read_releases(inputs.releases)
    shared = read_shared(inputs.shared)
    key = _key(inputs)
    for option, path in _beside(inputs):
        if path is not None and option in ("edge", "accounts"):
            must_be_a_file(path, "file or folder", folder=True)
    if inputs.previous is not None:
        Run(inputs.previous)
    sources = plan(
        list(inputs.logs),
        settings=settings.ingest,
        format=inputs.format,
        mapping=inputs.mapping,
        aside=[path for option, path in _beside(inputs) if path is not None],
        progress=progress,
        scratch=scratch,
        say=say,
    )
    for told in lacks_told(sources, {option for option, path in _beside(inputs) if path is not None}):
        say(told)
    mapped = (
        load_edge_mapping(mapping_of_table(inputs.edge_mapping, inputs.edge, "edge")),
        load_accounts_mapping(mapping_of_table(inputs.accounts_mapping, inputs.accounts, "accounts")),
    )
    return Task(inputs, settings, permits, releases, key, sources, *mapped, feedback=feedback, shared=shared)


def _used(engine: Engine, task: Task, staged: Staged, stored: Stored) -> pa.Table:
    """Table use, made before the files beside the logs are counted with them."""
    used = staged.use
    used.logs(staged.quarantine, task.sources)
    used.merged(staged.quarantine.merged)
    used.largest(engine, stored.exchanges)
    used.address(engine, stored.exchanges)
    for given, beside in staged.beside.items():
        used.beside(given, beside)
    if task.permits:
        permits_used(used, engine, task.permits, stored)
    return used.table()


def _ingest_context(task: Task) -> IngestContext:
    inputs = task.inputs
    return IngestContext(
        task.settings.ingest,
        pseudonym_key(inputs.key_file) if inputs.key_file else None,
        NetworkBook.load(inputs.networks) if inputs.networks else None,
        newest_allowed(datetime.now(UTC), task.settings.ingest),
    )


def _read(
    task: Task,
    key: HashKey,
    ingest_context: IngestContext,
    stage: Path,
    progress: Progress,
    say: Callable[[str], None],
) -> tuple[Staged, Path | None, pa.Table, IngestContext]:
    """Read the logs, the edge log and the accounts: staged rows, the staged edge log, table accounts, and the
    context that the logs were read in.
    """
    inputs, settings = task.inputs, task.settings
    staged, ingest_context = read_believed(
        task.sources, ingest_context, key, settings.sketch, stage, progress
    )
    if not staged.files:
        check_share(staged.quarantine, settings.ingest)
        raise nothing_read(staged.quarantine, task.sources)
    progress("reading the edge log and the accounts", 0, 0)
    # Hashed while they are read, so that they come from the disk once; one process reads them, so a core is
    # free.
    with ThreadPoolExecutor(1) as beside:
        hashed = beside.submit(side_inputs, _beside(inputs))
        edge = (
            read_edge_log(inputs.edge, ingest_context, key, stage, staged, say, task.edge_mapping)
            if inputs.edge
            else None
        )
        check_share(staged.quarantine, settings.ingest)
        accounts = accounts_known(
            inputs.accounts, task.accounts_mapping, settings, ingest_context, key, staged, say
        )
        staged.side_inputs = hashed.result()
    _log.info(
        "logs read",
        extra={
            "files": len(task.sources),
            "rows": staged.quarantine.good,
            "bad_rows": staged.quarantine.bad,
            "accounts": accounts.num_rows,
        },
    )
    return staged, edge, accounts, ingest_context


def _stored(
    engine: Engine,
    task: Task,
    accounts: pa.Table,
    staged: Staged,
    run: Path,
    ingest_context: IngestContext,
    progress: Progress,
) -> Stored:
    """What the search starts from; run: the folder with the exchanges."""
    settings, days = task.settings, stored_days(run)
    exchanges = engine.read("exchanges", days)
    known = engine.load("accounts", accounts)
    releases = task.releases if task.releases is not None else releases_seen(engine, exchanges)
    seen = engine.load("releases", releases)
    labels = kept_labels(engine, exchanges, known, staged.labels, settings.sketch.template_accounts)
    look = (
        TemplateText(task.sources, ingest_context, staged.files, staged.rekeyed, settings.sketch, progress)
        if settings.sketch.template_text
        else None
    )
    return Stored(
        exchanges, known, seen, labels, task.permits, look, shipped_rates(), counts_of(days), task.shared
    )


def _clear(edge: Path | None, staged: Staged, *, again: bool) -> None:
    """Staged rows stand in the run's exchanges now: gone before the search, which wants the room, unless the
    logs are read again by them.
    """
    for path in [*([edge] if edge else []), *([] if again else staged.files)]:
        path.unlink()
    if staged.rekeyed is not None and not again:
        staged.rekeyed.unlink()
        staged.rekeyed = None


def _key(inputs: Inputs) -> HashKey | None:
    if inputs.key_file is None:
        return inputs.key
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


def _compared(earlier: Earlier | None) -> dict[str, Any]:
    """For run.json: the run that campaigns were looked for in."""
    return {"previous": earlier.document()} if earlier else {}


def _beside(inputs: Inputs) -> list[tuple[str, Path | None]]:
    """The files beside the logs, by their options; the key file is none of them, since its hash would be a
    way to guess it.
    """
    names = (
        "mapping",
        "edge",
        "edge_mapping",
        "accounts",
        "accounts_mapping",
        "networks",
        "permits",
        "releases",
        "feedback",
        "shared",
    )
    return [(name, getattr(inputs, name)) for name in names]


def _about(task: Task, key: HashKey, staged: Staged) -> dict[str, Any]:
    """run.json: what is needed to read the run and to do it again, but for what its search says."""
    settings = task.settings
    return {
        "version": __version__,
        "settings": as_told(settings),
        "inputs": [
            {"file": source.name, "format": source.format, "rows": rows, **asdict(content)}
            for source, rows, content in zip(task.sources, staged.rows, staged.contents, strict=True)
        ],
        "side_inputs": staged.side_inputs,
        "quarantined": staged.quarantine.bad,
        "mended": [
            {"column": column, "reason": reason, "count": count}
            for (column, reason), count in sorted(staged.quarantine.mended.items())
        ],
        "key": "private" if key.private else "public",
        "sketch": Sketched.by(key).document(),
        "intent": load_intent().document(),
        "packages": packages(),
        "plugins": plugins_in_use(source.format for source in task.sources),
        "false_discovery_rate": settings.campaigns.false_discovery_rate,
        "bound_level": settings.campaigns.bound_level,
        "given": {
            name: value is not None
            for name, value in vars(task.inputs).items()
            if name not in ("logs", "key")
        },
    }
