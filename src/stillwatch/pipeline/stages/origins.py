"""Stage origins: what a group's accounts did before and beside what they do in the group."""

from __future__ import annotations

import ibis
import pyarrow as pa
from ibis import _

from stillwatch.campaigns.roles import Origins
from stillwatch.engine import Engine, Table
from stillwatch.pipeline.stages.facets import Observed

MARKS = ("client", "ja4", "stainless", "subnet", "address")
"""Columns of visits by which an exchange is told to be the group's."""
CARRIERS = 3
"""Accounts of the group that must carry a value before it is the group's."""
SHARE = 0.1
"""Share of the group's accounts that must."""
LIFT = 10.0
"""A value is the group's if its share of the group is so many times its share of all accounts."""
WORK = 10
"""Exchanges of its own from which an account has a life of its own."""
OWN_SHARE = 0.02
"""These must also be such a share of all its exchanges."""
DAY, MONTH = 86_400, 30 * 86_400


def origins_of(engine: Engine, seen: Observed, declared: Table, members: pa.Table) -> dict[int, Origins]:
    """Return what is known of each linked group's accounts. members: group, account.

    An exchange is an account's own if nothing of its client and network is the group's. Values that many
    strangers have, such as a common library, are nobody's mark.
    """
    if not members.num_rows:
        return {}
    own = engine.load("origin_members", members.select(["group", "account"]))
    everyone = seen.tables.visits.account.nunique()
    visits = seen.tables.visits.join(own, "account")
    size = own.group_by("group").agg(size=_.count())
    marked = visits.select("group", "account", "second", "last", "n", *MARKS)
    theirs = ibis.literal(False)
    for name in MARKS:
        values = _group_values(seen.tables.visits, visits, size, name, everyone)
        marked = marked.left_join(values, ["group", name]).drop("group_right", f"{name}_right")
        theirs = theirs | marked[f"of_{name}"].fill_null(False)
    told = marked.mutate(theirs=theirs)
    rows = told.group_by("group", "account").agg(
        n=_.n.sum(),
        work=_.n.sum(where=~_.theirs),
        began=_.second.min(where=~_.theirs),
        joined=_.second.min(where=_.theirs),
    )
    rows = rows.left_join(seen.tables.accounts.select("account", "created_second"), "account").drop(
        "account_right"
    )
    rows = rows.left_join(_own_owners(own, declared), ["group", "account"]).drop(
        "group_right", "account_right"
    )
    beside = (rows.work.fill_null(0) >= WORK) & (rows.work.fill_null(0) >= OWN_SHARE * rows.n)
    joined = rows.joined.notnull()
    counted = rows.mutate(
        beside=beside & joined,
        before=beside & joined & (rows.began + DAY <= rows.joined),
        aged=joined & (rows.created_second + MONTH <= rows.joined).fill_null(False),
        alone=rows.alone.fill_null(False),
    )
    found = engine.collect(
        counted.group_by("group")
        .agg(
            accounts=_.count(),
            **{name: _[name].cast("int64").sum() for name in ("beside", "before", "aged", "alone")},
        )
        .order_by("group")
    )
    return {
        row["group"]: Origins(row["accounts"], row["beside"], row["before"], row["aged"], row["alone"])
        for row in found.to_pylist()
    }


def _group_values(every: Table, visits: Table, size: Table, name: str, everyone: ibis.Scalar) -> Table:
    """Return (group, value, of_name): the values of a column that are the group's."""
    column = f"of_{name}"
    carried = visits.filter(_[name].notnull()).group_by("group", name).agg(carriers=_.account.nunique())
    wide = every.filter(_[name].notnull()).group_by(name).agg(df=_.account.nunique())
    rows = carried.filter(_.carriers >= CARRIERS).join(wide, name).join(size, "group")
    total = every.agg(total=everyone)
    rows = rows.cross_join(total)
    share = rows.carriers.cast("float64") / rows["size"]
    lift = share * rows.total >= LIFT * rows.df
    return rows.filter((share >= SHARE) & lift).select("group", name, **{column: ibis.literal(True)})


def _own_owners(own: Table, declared: Table) -> Table:
    """Return (group, account, alone) of accounts whose owner no other account of the group declares."""
    owned = own.join(declared.filter(_.owner.notnull()).select("account", "owner"), "account")
    single = owned.group_by("group", "owner").agg(sharing=_.count()).filter(_.sharing == 1)
    return owned.join(single, ["group", "owner"]).select("group", "account", alone=ibis.literal(True))
