"""Write a world to a folder: part by part, in order, with bounded memory."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import RunError, SettingError
from stillwatch.simulate import evasion
from stillwatch.simulate.day import Rows, rows_of
from stillwatch.simulate.paraphrase import LEVELS
from stillwatch.simulate.scenario import load
from stillwatch.simulate.side_files import EdgeTexts, Tally, date_of, edge, truth_document, write_side_files
from stillwatch.simulate.specs import Scenario
from stillwatch.simulate.world import World, make_world, parts_of
from stillwatch.simulate.writers import WRITERS, Writer

PART_ROWS = 120_000
Progress = Callable[[int, int, int], None]


@dataclass(frozen=True)
class Order:
    """What to make."""

    scenario: str
    """A shipped scenario's name, or a path."""
    out: Path
    """The folder to write."""
    scale: float = 0.05
    """What sizes are multiplied by."""
    seed: int = 0
    """The random seed."""
    format: str = "litellm-parquet"
    """The log's format."""
    prompts: bool = True
    """Whether the log holds text."""
    force: bool = False
    """Whether an existing folder is replaced."""
    workers: int = 2
    """Threads; the files do not depend on their number."""
    part_rows: int = PART_ROWS
    """Approximate number of exchanges in one file."""
    paraphrase: int | None = None
    """Level of paraphrase of every campaign; None: as the scenario says for each."""
    evade: Mapping[str, str] = field(default_factory=dict)
    """Knobs of evasion that every campaign turns, with their settings, on top of what the scenario says."""
    beside: tuple[str, ...] = ()
    """Backdrops of the scenario besides those that it names."""


def make(order: Order, progress: Progress = lambda done, parts, exchanges: None) -> dict[str, Any]:
    """Write a world; returns its truth in short.

    Raises SettingError and RunError; leaves nothing half-written.
    """
    return make_from(load(order.scenario, order.beside), order, progress)


def make_from(
    scenario: Scenario,
    order: Order,
    progress: Progress = lambda done, parts, exchanges: None,
    change: Callable[[World], World] = lambda world: world,
    shared_seed: int | None = None,
) -> dict[str, Any]:
    """Write a world from a scenario that is no file.

    `change` alters the world before its first exchange, for studies of unforeseen changes. Worlds of one
    `shared_seed` have the same networks and operators.
    """
    writer = WRITERS.all().get(order.format)
    if writer is None:
        raise SettingError(
            f"there is no log format {order.format!r} to write", do=f"known: {', '.join(WRITERS.all())}"
        )
    scenario = evasion.ordered(_reworded(scenario, order.paraphrase), order.evade)
    out = order.out.resolve()
    refuse_in_the_way(out, order.force)
    aside = out.with_name(f".{out.name}.making")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        (aside / "logs").mkdir(parents=True)
        world = make_world(scenario, order.scale, order.seed, shared_seed)
        document = _write(order, writer, change(world), aside, progress)
        if out.exists():
            shutil.rmtree(out)
        aside.rename(out)
    except OSError as error:
        raise RunError(
            f"the world cannot be written: {error.strerror}",
            where=str(error.filename or order.out),
            do="check the folder given to --out",
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return document


def _reworded(scenario: Scenario, level: int | None) -> Scenario:
    if level is None:
        return scenario
    if level not in range(LEVELS):
        raise SettingError(
            f"there is no level {level} of paraphrase",
            do="give --paraphrase 0 (verbatim), 1 (light) or 2 (heavy)",
        )
    return replace(
        scenario, campaigns=tuple(replace(campaign, paraphrase=level) for campaign in scenario.campaigns)
    )


def refuse_in_the_way(out: Path, force: bool) -> None:
    """Use only an empty folder, and replace only a world: --force never deletes anything else."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not force:
        raise RunError(
            "the folder for the world is not empty",
            where=str(out),
            do="name another folder, or give --force to replace the world in it",
        )
    if not (out / "truth.json").is_file():
        raise RunError(
            "--force replaces only a folder that `range make` wrote, and this is none",
            where=str(out),
            do="name another folder",
        )


def _write(order: Order, writer: Writer, world: World, folder: Path, progress: Progress) -> dict[str, Any]:
    parts = parts_of(world, order.part_rows)
    plan = [(day, part) for day in range(world.setting.days) for part in range(parts)]
    tally, edge_texts = Tally(np.zeros(len(world.accounts), np.int64)), EdgeTexts.of(world)
    edges: pq.ParquetWriter | None = None

    def one(day: int, part: int) -> tuple[Rows, pa.Table]:
        rows = rows_of(world, day, part, parts, text=order.prompts)
        if len(rows):
            writer.write(rows, folder / "logs" / f"{date_of(world, day)}-{part:03d}{writer.suffix}")
        return rows, edge(rows, edge_texts)

    try:
        for done, (rows, table) in enumerate(_in_order(one, plan, order.workers), 1):
            edges = edges or pq.ParquetWriter(
                folder / "edge.parquet", table.schema, compression="zstd", compression_level=1
            )
            edges.write_table(table)
            tally.add(rows)
            progress(done, len(plan), tally.total)
    finally:
        if edges:
            edges.close()
    write_side_files(world, tally, folder)
    return truth_document(world, tally)


def _in_order(work: Callable[..., Any], plan: list[tuple[int, int]], workers: int) -> Iterator[Any]:
    """Return results in the plan's order; at most one part per worker waits in memory."""
    pool = ThreadPoolExecutor(workers)
    waiting: deque[Future[Any]] = deque()
    try:
        for step in plan:
            waiting.append(pool.submit(work, *step))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
