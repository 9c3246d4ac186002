"""Staged rows to the run's exchanges: repeats merged, edge log joined, one sorted file a day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import ibis
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Scope, Table
from stillwatch.ingest import Source
from stillwatch.pipeline.merge_exchanges import merge_exchanges
from stillwatch.pipeline.read_logs import Staged
from stillwatch.run.layout import ORDER
from stillwatch.run.sketched import Sketched
from stillwatch.schema.stored import EXCHANGES
from stillwatch.schema.table import schema_of, values

REPEATS = "looking for repeated request ids"
"""The first step; all logs have been read before it."""
SHARED_ID = "several exchanges have this id: an edge log counts only in what all its lines of the id say"
DAY = 86_400
LAST_DAY = datetime(9999, 12, 31, tzinfo=UTC).toordinal() - datetime(1970, 1, 1, tzinfo=UTC).toordinal()
"""The last day of the calendar, since 1970: no day after it can be named."""
AT_ONCE = 20_000_000
"""Rows that are looked up in the edge log at once, where a day has no more."""
EDGE_COLUMNS = ("address", "subnet", "asn", "network_class", "region", "client", "stainless", "ja4")
"""Columns that the edge log may give; it stands nearer to the client, so its word goes first."""


def write_exchanges(
    engine: Engine,
    staged: Staged,
    edge: Path | None,
    sources: list[Source],
    sketched: Sketched,
    out: Path,
    progress: Callable[[str, int, int], None],
) -> int:
    """Write RUN/exchanges/day=…/exchanges.parquet; returns how many rows were merged into others.

    Merged rows, and exchanges that share their id, are counted in `staged.quarantine`.
    """
    progress(REPEATS, 0, 0)
    with Scope(engine, "logs") as scope:
        merged = merge_exchanges(scope, scope.read("staged", staged.files))
        quarantine = staged.quarantine
        for source, count in sorted(merged.dropped.items()):
            quarantine.merge_rows(sources[source].name, count)
        quarantine.mend("request_id", SHARED_ID, merged.ambiguous)
        if merged.keys is not None:
            staged.rekeyed = staged.files[0].with_name("rekeyed.parquet")
            schema = schema_of(request=pa.int64(), source=pa.int32(), row=pa.int64())
            scope.write(merged.keys, staged.rekeyed, schema, ["source", "row"])
        edge_log = scope.read("edge", [edge]) if edge is not None else None
        if edge_log is not None:
            joins = edge_joins(scope, merged.rows, edge_log).to_pylist()
            whole = next(row for row in joins if row["id_column"] is None)
            staged.beside["edge"].joined = (whole["named"], whole["requests"])
        _write_days(scope, merged.rows, edge_log, sketched.marked(EXCHANGES.arrow), out, progress)
        return merged.dropped.total()


def _told_of(engine: Engine, rows: Table, edge: Table) -> Table:
    """What the edge log says of the rows' requests, one row for each request.

    Where it has several, as for a retry or a hop inside, one is chosen whole: first one with the address of a
    client, then by its best id, then the first in time, then the first in the file. What the chosen one does
    not say is taken from rows in the same order that name no other address.
    """
    said = edge.semi_join(rows.select(request="named"), "request")
    order = [
        said.outside.fill_null(False).desc(),
        "id_rank",
        said.seen.isnull(),
        "seen",
        "place",
    ]
    ranked = said.mutate(turn=ibis.row_number().over(ibis.window(group_by="request", order_by=order)))
    chosen = ranked.filter(_.turn == 0).select("request", chosen_address="address")
    beside = ranked.join(chosen, "request")
    own = beside.filter((_.turn == 0) | _.address.isnull() | (_.address == _.chosen_address))
    first = {f"edge_{name}": own[name].argmin(own.turn, where=own[name].notnull()) for name in EDGE_COLUMNS}
    sure = {f"sure_{name}": said[name].max() == said[name].min() for name in EDGE_COLUMNS}
    whole = own.group_by(named=_.request).agg(**first)
    return engine.create("told", whole.join(said.group_by(named=_.request).agg(**sure), "named"))


def edge_joins(engine: Engine, rows: Table, edge: Table) -> pa.Table:
    """How many of the rows' requests the edge log names: columns id_column, named, requests.

    One row is the whole: its id_column is null and `requests` counts all requests. The others say how many
    the ids of one column of the edge log name.
    """
    asked = rows.filter(_.named.notnull()).select(request="named").distinct()
    found = edge.select("request", "id_column").distinct().semi_join(asked, "request")
    whole = found.agg(id_column=ibis.null("string"), named=found.request.nunique()).cross_join(
        asked.agg(requests=_.count())
    )
    parts = found.group_by("id_column").agg(named=_.request.nunique()).mutate(requests=ibis.null("int64"))
    return engine.collect(
        whole.select("id_column", "named", "requests")
        .union(parts.select("id_column", "named", "requests"))
        .order_by([ibis.desc("named"), "id_column"])
    )


def _with_edge(rows: Table, told: Table) -> Table:
    """Rows with what the edge log says of them: of a shared id only what all its lines say."""
    joined = rows.left_join(told, "named")
    own = [name for name in rows.columns if name not in EDGE_COLUMNS]
    said = {
        name: ibis.ifelse(joined.alone | joined[f"sure_{name}"], joined[f"edge_{name}"], None)
        for name in EDGE_COLUMNS
    }
    return joined.select(*own, **{name: ibis.coalesce(said[name], joined[name]) for name in EDGE_COLUMNS})


def _write_days(
    engine: Engine,
    rows: Table,
    edge: Table | None,
    schema: pa.Schema,
    out: Path,
    progress: Callable[[str, int, int], None],
) -> None:
    counted = rows.select(day=(_.time.epoch_seconds().floor() // DAY)).group_by("day").agg(n=_.count())
    table = engine.collect(counted.order_by("day"))
    days = values(table, "day")
    progress("sorting days", 0, len(days))
    # The edge log has no days of its own and is read once for each run of days, not for each day.
    for several in in_runs(values(table, "n"), AT_ONCE):
        told = (
            None
            if edge is None
            else _told_of(engine, _between(rows, days[several[0]], days[several[-1]]), edge)
        )
        for place in several:
            folder = out / f"day={datetime.fromtimestamp(days[place] * DAY, UTC):%Y-%m-%d}"
            folder.mkdir(parents=True)
            chosen = _between(rows, days[place], days[place])
            engine.write(
                chosen if told is None else _with_edge(chosen, told),
                folder / "exchanges.parquet",
                schema,
                ORDER,
            )
            progress("sorting days", place + 1, len(days))
    engine.drop("told")


def _between(rows: Table, first: int, last: int) -> Table:
    """The rows of days from `first` to `last`, compared as times, not as day numbers, so that row groups of
    other days are skipped unread.
    """
    kind = rows.time.type()
    begun = rows.filter(_.time >= ibis.literal(datetime.fromtimestamp(first * DAY, UTC), kind))
    if last >= LAST_DAY:
        return begun
    return begun.filter(_.time < ibis.literal(datetime.fromtimestamp((last + 1) * DAY, UTC), kind))


def in_runs(sizes: Sequence[int], most: int) -> list[range]:
    """Positions in runs of neighbours whose sizes add up to at most `most`; what is larger alone is a run
    alone.
    """
    runs: list[range] = []
    total = 0
    for place, size in enumerate(sizes):
        total += size
        if not runs or total > most:
            runs.append(range(place, place))
            total = size
        runs[-1] = range(runs[-1].start, place + 1)
    return runs
