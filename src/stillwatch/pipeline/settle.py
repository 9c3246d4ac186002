"""Staged rows to the run's exchanges: duplicates out, edge log joined, one sorted file a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine
from stillwatch.ingest import Source
from stillwatch.pipeline.read_logs import Staged
from stillwatch.schema.sketched import Sketched
from stillwatch.schema.stored import EXCHANGES
from stillwatch.schema.table import values

DAY = 86_400
ORDER = ["time", "request"]
"""Order of the rows of a day."""
EDGE_COLUMNS = ("address", "subnet", "asn", "network_class", "region", "client", "stainless", "ja4")
"""Columns that the edge log may give; it stands nearer to the client, so its word goes first."""


def settle(
    engine: Engine,
    staged: Staged,
    edge: Path | None,
    sources: list[Source],
    sketched: Sketched,
    out: Path,
    progress: Callable[[str, int, int], None],
) -> int:
    """Write RUN/exchanges/day=…/exchanges.parquet; returns how many duplicates went to quarantine."""
    progress("looking for requests told of twice", 0, 0)
    rows = engine.read("staged", staged.files)
    duplicates = _duplicates(engine, rows)
    if duplicates is not None:
        found = engine.collect(duplicates.order_by(["source", "row"])).to_pylist()
        for row in found:
            staged.quarantine.good -= 1
            staged.quarantine.add(
                sources[row["source"]].name, row["row"] + 1, "request_id", "the request id was seen before (row counted among readable rows)"
            )
        rows = rows.anti_join(duplicates, ["source", "row"])
    told = engine.read("edge", [edge]) if edge is not None else None
    _write_days(engine, rows, told, sketched.marked(EXCHANGES.arrow), out, progress)
    return len(found) if duplicates is not None else 0


def _duplicates(engine: Engine, rows: Any) -> Any | None:
    """(source, row) of every row whose request id another carries too, but for one; None if there is none.

    The one kept is the first with text, since a span and its event may both tell of a request and only one of them its words.
    """
    several = engine.create("several", rows.group_by("request").agg(n=_.count()).filter(_.n > 1).select("request"))
    if not engine.collect(several.agg(n=several.count())).column("n")[0].as_py():
        return None
    later = ibis.row_number().over(ibis.window(group_by="request", order_by=[_.has_text.desc(), "source", "row"]))
    again = rows.semi_join(several, "request").select("request", "has_text", "source", "row").mutate(later=later)
    return engine.create("duplicates", again.filter(_.later > 0).select("source", "row"))


def _with_edge(rows: Any, edge: Any) -> Any:
    """Rows with what the edge log says of them; it is cut to their requests first, so that the join is no larger than they are."""
    said = edge.semi_join(rows.select("request"), "request").group_by("request").agg(**{f"edge_{name}": edge[name].max() for name in EDGE_COLUMNS})
    joined = rows.left_join(said, "request")
    own = [name for name in rows.columns if name not in EDGE_COLUMNS]
    return joined.select(*own, **{name: ibis.coalesce(joined[f"edge_{name}"], joined[name]) for name in EDGE_COLUMNS})


def _write_days(engine: Engine, rows: Any, edge: Any | None, schema: pa.Schema, out: Path, progress: Callable[[str, int, int], None]) -> None:
    counted = rows.select(day=(_.time.epoch_seconds().floor() // DAY)).group_by("day").agg(n=_.count())
    days = values(engine.collect(counted.order_by("day")), "day")
    progress("sorting days", 0, len(days))
    for done, day in enumerate(days, 1):
        start, end = (datetime.fromtimestamp((day + step) * DAY, UTC) for step in (0, 1))
        folder = out / f"day={start:%Y-%m-%d}"
        folder.mkdir(parents=True)
        # Compared as times, not as day numbers, so that row groups of other days are skipped unread.
        chosen = rows.filter((_.time >= ibis.literal(start, rows.time.type())) & (_.time < ibis.literal(end, rows.time.type())))
        engine.write(chosen if edge is None else _with_edge(chosen, edge), folder / "exchanges.parquet", schema, ORDER)
        progress("sorting days", done, len(days))


def stored_days(run: Path) -> list[Path]:
    """The run's exchange files, in the order of the days."""
    return sorted((run / "exchanges").glob("day=*/exchanges.parquet"))
