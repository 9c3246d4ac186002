"""The two verbs that write: detect and watch."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stillwatch import report as pages
from stillwatch.api.holder import TemporaryFolder
from stillwatch.api.inputs import (
    LOG,
    KeyLike,
    PathLike,
    Progress,
    SettingsLike,
    path_from,
    settings_from,
)
from stillwatch.api.runs import Run
from stillwatch.pipeline import Inputs
from stillwatch.pipeline import detect as run_detect
from stillwatch.pipeline.watch import watch as run_watch
from stillwatch.run.lock import writing
from stillwatch.schema.keyed import HashKey
from stillwatch.settings import DUCKDB, Settings, from_document


def detect(
    logs: PathLike | Iterable[PathLike],
    out: PathLike | None = None,
    *,
    accounts: PathLike | None = None,
    edge: PathLike | None = None,
    permits: PathLike | None = None,
    releases: PathLike | None = None,
    networks: PathLike | None = None,
    format: str | None = None,
    mapping: PathLike | None = None,
    edge_mapping: PathLike | None = None,
    accounts_mapping: PathLike | None = None,
    previous: Run | PathLike | None = None,
    feedback: PathLike | None = None,
    key: KeyLike = None,
    settings: SettingsLike = None,
    report: bool = True,
    force: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Find campaigns in logs, as `stillwatch detect` does, and open the run.

    logs: a file or folder, or several. out: the run folder to write; None: a temporary folder, which goes
    when the run and everything made from it is gone, or with `Run.close`. accounts, edge, permits,
    releases, networks, mapping, edge_mapping, accounts_mapping: the files that the command takes under the
    same names. format: the log format's name; None: detected for each file. previous: an earlier run whose
    campaigns are looked for; None: the one that is replaced, if any. feedback: what people decided about
    earlier campaigns, as --feedback. key: the path of a key file, as --key-file, under which account ids
    become pseudonyms; or a HashKey; None: your own key, made at its first use. settings: a TOML file, a
    Settings, or a mapping as {"linkage": {"smallest_group": 8}}. report: whether report.html is written.
    force: whether an earlier run in `out` is replaced. progress: called with the step, how much is done,
    and of how much (0: not known).

    Raises StillwatchError for everything that a person can mend, and then leaves nothing behind. Text is read
    in worker processes that do not import the calling script.
    """
    move = progress or (lambda step, done, total: None)
    given = [logs] if isinstance(logs, str | os.PathLike) else list(logs)
    inputs = Inputs(
        tuple(map(Path, given)),
        format=format,
        mapping=path_from(mapping),
        edge_mapping=path_from(edge_mapping),
        accounts_mapping=path_from(accounts_mapping),
        edge=path_from(edge),
        accounts=path_from(accounts),
        networks=path_from(networks),
        permits=path_from(permits),
        releases=path_from(releases),
        previous=previous.folder if isinstance(previous, Run) else path_from(previous),
        feedback=path_from(feedback),
        key=key if isinstance(key, HashKey) else None,
        key_file=None if isinstance(key, HashKey) else path_from(key),
    )
    chosen = settings_from(settings)
    return _ran(inputs, None if out is None else Path(out), chosen, move, report=report, force=force)


def _ran(
    inputs: Inputs, out: Path | None, settings: Settings, move: Progress, *, report: bool, force: bool
) -> Run:
    temporary = TemporaryFolder("stillwatch-run-") if out is None else None
    try:
        folder = temporary.path / "run" if temporary is not None else Path(str(out))
        run_detect(inputs, folder, settings, move, force=force, say=LOG.warning)
        if report:
            _write_report(folder, move)
        return Run(folder, temporary)
    except BaseException:
        if temporary is not None:
            temporary.remove()
        raise


def _write_report(folder: Path, move: Progress) -> None:
    move("writing the report", 0, 0)
    with writing(folder):
        pages.write(folder)


def watch(
    run: Run | PathLike, *, engine: str = DUCKDB, progress: Progress | None = None, **chosen: Any
) -> Run:
    """Search the days of a run one after the other, as `stillwatch watch` does: tables `watched`, `alarms`,
    `alarm_members` and `alarm_links` are written to it.

    chosen: settings of the section [watch] that go before the run's own, as average_run_length, window,
    every, searches_a_day. engine: what the searches run on, as --engine. Raises RunError and SettingError.
    """
    opened = run if isinstance(run, Run) else Run(run)
    section = type(Settings().watch)
    from_document({"watch": chosen}, where=section.__name__)
    run_watch(opened.folder, chosen, progress or (lambda step, done, total: None), engine=engine)
    opened.read_again()
    return opened
