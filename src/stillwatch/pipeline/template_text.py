"""Read the logs again for the words of templates that many accounts share: a few hundred prompts of each.

The prompts are dropped at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine
from stillwatch.ingest import IngestContext, Quarantine, Source, read
from stillwatch.prompt_templates import HEAD, Family, Uses
from stillwatch.schema.stored import LABELS
from stillwatch.schema.table import schema_of
from stillwatch.settings import SketchSettings
from stillwatch.sketch import frame_of, head_of, prompts_of

PROMPTS = 256
"""Prompts of one template that are read."""
OF_ONE_ACCOUNT = 8
"""Prompts of one template and account that are read: each swaps other words of a template that is rewritten
for every request.
"""
FRAMES = 64
"""Templates whose words are looked for: those of most exchanges."""
Place = dict[int, list[tuple[int, int]]]


@dataclass(frozen=True)
class TemplateText:
    """The logs, and where in them each exchange was."""

    sources: list[Source]
    """The logs."""
    ingest_context: IngestContext
    """What every row passes on its way in."""
    staged: list[Path]
    """Staged exchanges: request, source, row."""
    rekeyed: Path | None
    """The same of the rows whose id occurs twice, by the keys of their exchanges; None if there are none."""
    settings: SketchSettings
    """How text becomes sketches."""
    progress: Callable[[str, int, int], None]
    """Told of each file."""

    def __call__(self, engine: Engine, uses: Uses, found: list[Family]) -> pa.Table:
        """Rows of table labels: a frame's words by its key, and those of its head by the head's."""
        chosen = sorted(found, key=lambda f: (-f.sampled, f.key))[:FRAMES]
        if not chosen:
            return LABELS.arrow.empty_table()
        prompts: dict[int, list[tuple[int, str]]] = defaultdict(list)
        for family, account, text in self._read(_wanted(engine, uses, chosen, self.staged, self.rekeyed)):
            prompts[family].append((account, text))
        rows: list[dict[str, Any]] = []
        for template in {f.key: f for f in chosen}.values():
            frame = frame_of(
                prompts.pop(template.key, []), self.settings.template_accounts, self.settings.max_chars
            )
            rows += _labels(template, frame, self.settings.edge_words) if frame else []
        return pa.Table.from_pylist(rows, schema=LABELS.arrow)

    def _read(self, wanted: dict[int, Place]) -> Iterator[tuple[int, int, str]]:
        """(template, account, prompt) of the wanted rows; a file is read as far as its last one."""
        for done, (number, places) in enumerate(sorted(wanted.items()), 1):
            first, last = 0, max(places)
            for batch in read(self.sources[number], self.ingest_context, Quarantine()):
                here = [row for row in places if first <= row < first + batch.num_rows]
                for row, text in zip(here, prompts_of(batch, [row - first for row in here]), strict=True):
                    yield from ((family, account, text) for family, account in places[row])
                first += batch.num_rows
                if first > last:
                    break
            self.progress("reading shared templates", done, len(wanted))


def _wanted(
    engine: Engine, uses: Uses, found: list[Family], staged: list[Path], rekeyed: Path | None
) -> dict[int, Place]:
    """By source and row, the templates that the row is an example of, and its account: many accounts, and the
    earliest rows of each.
    """
    keys = engine.load(
        "frames_wanted",
        pa.table({"family": sorted({f.key for f in found})}, schema=schema_of(family=pa.int64())),
    )
    rows = uses.by_family(keys)
    logged = engine.read("logged", staged).filter(_.has_text).select("request", "source", "row")
    if rekeyed is not None:
        own = engine.read("rekeyed", [rekeyed])
        given = own.semi_join(logged, ["source", "row"]).select("request", "source", "row")
        logged = logged.anti_join(own, ["source", "row"]).union(given)
    placed = logged.semi_join(rows.select("request"), "request")
    # A request that the log holds twice is read where it stands first.
    again = ibis.row_number().over(ibis.window(group_by="request", order_by=["source", "row"]))
    once = placed.mutate(again=again).filter(_.again == 0).select("request", "source", "row")
    of_one = ibis.row_number().over(ibis.window(group_by=["family", "account"], order_by=["source", "row"]))
    few = rows.join(once, "request").mutate(nth=of_one).filter(_.nth < OF_ONE_ACCOUNT)
    of_all = ibis.row_number().over(ibis.window(group_by="family", order_by=["nth", "source", "row"]))
    chosen = few.mutate(place=of_all).filter(_.place < PROMPTS).select("family", "account", "source", "row")
    wanted: dict[int, Place] = defaultdict(lambda: defaultdict(list))
    for row in engine.collect(chosen.order_by(["source", "row", "family"])).to_pylist():
        wanted[row["source"]][row["row"]].append((row["family"], row["account"]))
    return wanted


def _labels(family: Family, frame: str, edge_words: int) -> list[dict[str, Any]]:
    """The frame, and the head if the frame has one and no other begins it."""
    heads = [key for key, kind in family.kinds.items() if kind == HEAD]
    head = head_of(frame, edge_words)
    named = [{"key": heads[0], "kind": "head", "label": head}] if len(heads) == 1 and head else []
    return [{"key": family.key, "kind": "frame", "label": frame}, *named]
