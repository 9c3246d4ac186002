"""Staged rows to exchanges: what was told twice becomes one, and one id for many requests stays many.

A request id is chosen by the client or reused by a server, so it alone says little. Rows of one id and one
account, whose times follow each other within APART, are one exchange if none contradicts another: no column
of SAID has two values, and no two rows that fill the same columns have two times (a row that was shipped
twice has its own time twice; a span and its event fill different columns). Rows that contradict each other
are one exchange only where time and all of SAID are equal.

Rows of one exchange are merged column by column: the row with text goes first, then the order of files and
rows; the first value that is there is taken. An exchange whose id another one has too gets a key of its own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import ibis
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.schema.stored import EXCHANGES

APART = 600
"""Seconds between two tellings of one exchange, at most: a span has the time of the call's begin, its event
that of its end.
"""
SAID = (
    "status",
    "input_tokens",
    "output_tokens",
    "duration_ms",
    "address",
    "client",
    "conversation",
    "prompt",
    "system",
    "prompt_chars",
    "answer_chars",
    "leaves",
)
"""Columns in which two tellings of one exchange do not contradict each other."""
FILLS = (
    "status",
    "input_tokens",
    "output_tokens",
    "duration_ms",
    "address",
    "prompt",
    "answer_chars",
    "tools",
)
"""Columns that show which kind of telling a row is, by whether they are there."""
PLACE = ("source", "row")
OF_ID = ("request", "account", "stretch")
PRIME, STEP, OTHER_PRIME, OTHER_STEP = 2_147_483_647, 48_271, 2_147_483_629, 16_807
"""Two multiplicative generators (Park and Miller 1988) that make keys of numbers, in whole numbers that every
engine has.
"""


@dataclass(frozen=True)
class Merged:
    """The exchanges, and what was merged."""

    rows: Table
    """Columns of EXCHANGES, and `named`: the key that an edge log has for the id, null where the id stands
    for requests of several accounts; `alone`: whether it stands for one exchange.
    """
    dropped: Counter[int]
    """Rows merged into others, by source."""
    ambiguous: int
    """Exchanges that share their id with others."""
    keys: Table | None
    """request, source, row of all rows whose id occurs twice, by their new key; None if there are none."""


def merge_exchanges(engine: Engine, rows: Table) -> Merged:
    """Merge the staged rows. Work beyond one count is done only on rows whose id occurs twice."""
    several = engine.create(
        "several", rows.group_by("request").agg(n=_.count()).filter(_.n > 1).select("request")
    )
    plain = rows.mutate(named=_.request, alone=ibis.literal(True))
    if not engine.collect(several.agg(n=several.count())).column("n")[0].as_py():
        return Merged(plain.select(*EXCHANGES.names(), "named", "alone"), Counter(), 0, None)
    members = engine.create("members", _members(engine, rows.semi_join(several, "request")))
    heads = engine.create("heads", _heads(members))
    given = members.join(heads.select(*OF_HEAD, "key", "named", "alone"), list(OF_HEAD))
    told = engine.create("member_keys", given.select(request="key", source="source", row="row"))
    kept = rows.join(
        heads.filter(~_.fill).select("key", "named", "alone", source="head_source", row="head_row"),
        list(PLACE),
    )
    parts = [
        plain.anti_join(several, "request"),
        kept.drop("request").rename(request="key"),
        engine.create("filled", _filled(rows, members, heads)),
    ]
    names = (*EXCHANGES.names(), "named", "alone")
    return Merged(
        ibis.union(*[part.select(*names) for part in parts]),
        _dropped(engine, members),
        int(engine.collect(heads.filter(~_.alone).agg(n=_.count())).column("n")[0].as_py()),
        told,
    )


OF_HEAD = ("head_source", "head_row")
"""The first row of an exchange, which names it."""


def _members(engine: Engine, rows: Table) -> Table:
    """Every row whose id occurs twice, with the first row of its exchange and its place in it."""
    narrow = rows.select(
        "request", "account", "time", "has_text", *PLACE, *SAID, "tools", second=_.time.epoch_seconds()
    )
    narrow = narrow.mutate(
        fills=sum(
            (narrow[name].notnull().cast("int64") * 2**bit for bit, name in enumerate(FILLS)),
            narrow.has_text.cast("int64") * 2 ** len(FILLS),
        ),
    ).drop("tools")
    order = {"group_by": ["request", "account"], "order_by": ["time", *PLACE]}
    late = narrow.mutate(before=_.second.lag().over(ibis.window(**order)))
    late = late.mutate(late=((_.second - _.before) > APART).fill_null(False).cast("int64"))
    stretched = late.mutate(stretch=_.late.sum().over(ibis.cumulative_window(**order)))
    placed = engine.create("stretched", stretched.drop("before", "late", "second"))
    joined = placed.left_join(_contradicting(placed), list(OF_ID))
    marked = joined.select(
        *[joined[name] for name in placed.columns], split=joined.contradicts.fill_null(False)
    )
    same = ["request", "account", "stretch", "split"]
    parted = marked.mutate(
        **{f"own_{name}": ibis.ifelse(_.split, marked[name], None) for name in ("time", *SAID)}
    )
    same += [f"own_{name}" for name in ("time", *SAID)]
    inside = ibis.window(group_by=same, order_by=[_.has_text.desc(), *PLACE])
    return parted.mutate(
        nth=ibis.row_number().over(inside),
        head_source=_.source.first().over(inside),
        head_row=_.row.first().over(inside),
    ).select("request", "account", "time", "fills", *PLACE, "nth", *OF_HEAD)


def _contradicting(placed: Table) -> Table:
    """The stretches of rows in which two rows cannot tell of one exchange."""
    values = placed.group_by(*OF_ID).agg(
        differ=ibis.or_(*[(placed[name].min() != placed[name].max()).fill_null(False) for name in SAID])
    )
    times = placed.group_by(*OF_ID, "fills").agg(first=_.time.min(), last=_.time.max())
    found = ibis.union(values.filter(_.differ).select(*OF_ID), times.filter(_.first != _.last).select(*OF_ID))
    return found.distinct().mutate(contradicts=ibis.literal(True))


def _heads(members: Table) -> Table:
    """One row for each exchange: its key, and whether its rows fill different columns."""
    fills = members.group_by(*OF_HEAD).agg(fill=_.fills.min() != _.fills.max())
    first = members.filter(_.nth == 0).join(fills, list(OF_HEAD))
    of_id = ibis.window(group_by="request")
    numbered = first.mutate(
        number=ibis.row_number().over(ibis.window(group_by="request", order_by=["time", *PLACE])),
        exchanges=_.count().over(of_id),
        accounts=_.account.max().over(of_id) == _.account.min().over(of_id),
    )
    count = (numbered.number + 1).cast("int64")
    high, low = ((count * STEP) % PRIME) * 2**32, (count * OTHER_STEP) % OTHER_PRIME
    own = numbered.request ^ high ^ low
    return numbered.select(
        *OF_HEAD,
        fill="fill",
        alone=_.exchanges == 1,
        key=ibis.ifelse(_.exchanges == 1, _.request, own),
        named=ibis.ifelse(_.accounts, _.request, None),
    )


def _filled(rows: Table, members: Table, heads: Table) -> Table:
    """The exchanges that several rows tell of, each with other columns: the first value that is there."""
    wanted = heads.filter(_.fill).join(members.select(*OF_HEAD, *PLACE, "nth"), list(OF_HEAD))
    all_of = rows.drop("request").join(wanted.select("key", "named", "alone", "nth", *PLACE), list(PLACE))
    rest = [name for name in EXCHANGES.names() if name not in ("request", "time", "has_text")]
    return all_of.group_by(request=_.key, named=_.named, alone=_.alone).agg(
        time=_.time.min(),
        has_text=_.has_text.any(),
        **{name: all_of[name].argmin(all_of.nth, where=all_of[name].notnull()) for name in rest},
    )


def _dropped(engine: Engine, members: Table) -> Counter[int]:
    found = engine.collect(members.filter(_.nth > 0).group_by("source").agg(n=_.count())).to_pylist()
    return Counter({row["source"]: row["n"] for row in found})
