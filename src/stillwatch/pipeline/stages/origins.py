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
MOST = 0.5
"""A value is the group's if so many of its carriers are: the office of three robbed customers is not."""
WORK = 3
"""Exchanges of its own from which an account has a life of its own."""
DAY, MONTH = 86_400, 30 * 86_400
COUNTED = ("beside", "before", "aged", "owned", "robbed")
"""What is counted of the accounts, in the order of Origins."""


def origins_of(engine: Engine, seen: Observed, declared: Table, members: pa.Table) -> dict[int, Origins]:
    """Return what is known of each linked group's accounts. members: group, account.

    An exchange is an account's own if nothing of its client and network is the group's. Values that many
    strangers have, such as a common library, are nobody's mark.
    """
    if not members.num_rows:
        return {}
    own = engine.load("origin_members", members.select(["group", "account"]))
    visits = seen.tables.visits.join(own, "account")
    marked = visits.select("group", "account", "second", "n", *MARKS)
    theirs = ibis.literal(False)
    for name in MARKS:
        values = _group_values(seen.tables.visits, visits, name)
        marked = marked.left_join(values, ["group", name]).drop("group_right", f"{name}_right")
        theirs = theirs | marked[f"of_{name}"].fill_null(False)
    rows = (
        marked.mutate(theirs=theirs)
        .group_by("group", "account")
        .agg(
            work=_.n.sum(where=~_.theirs),
            began=_.second.min(where=~_.theirs),
            joined=_.second.min(where=_.theirs),
        )
    )
    rows = rows.left_join(seen.tables.accounts.select("account", "created_second"), "account").drop(
        "account_right"
    )
    rows = rows.left_join(_vouched(own, declared), ["group", "account"]).drop("group_right", "account_right")
    joined = rows.joined.notnull()
    known = rows.mutate(
        beside=joined & (rows.work.fill_null(0) >= WORK),
        before=joined & (rows.began + DAY <= rows.joined).fill_null(False),
        aged=joined & (rows.created_second + MONTH <= rows.joined).fill_null(False),
        owned=rows.owned.fill_null(False),
    )
    robbed = known.beside & ((known.owned & (known.before | known.aged)) | (known.before & known.aged))
    found = engine.collect(
        known.mutate(robbed=robbed)
        .group_by("group")
        .agg(accounts=_.count(), **{name: _[name].cast("int64").sum() for name in COUNTED})
        .order_by("group")
    )
    return {
        row["group"]: Origins(row["accounts"], *(row[name] for name in COUNTED)) for row in found.to_pylist()
    }


def _group_values(every: Table, visits: Table, name: str) -> Table:
    """Return (group, value, of_name): the values of a column that are the group's."""
    carried = visits.filter(_[name].notnull()).group_by("group", name).agg(carriers=_.account.nunique())
    wide = every.filter(_[name].notnull()).group_by(name).agg(df=_.account.nunique())
    rows = carried.filter(_.carriers >= CARRIERS).join(wide, name)
    kept = rows.filter(_.carriers >= MOST * _.df)
    return kept.select("group", name, **{f"of_{name}": ibis.literal(True)})


def _vouched(own: Table, declared: Table) -> Table:
    """Return (group, account, owned) of accounts whose declared owner does not have most of the group."""
    owned = own.join(declared.filter(_.owner.notnull()).select("account", "owner"), "account")
    size = own.group_by("group").agg(size=_.count())
    sharing = owned.group_by("group", "owner").agg(sharing=_.count()).join(size, "group")
    some = sharing.filter(_.sharing <= MOST * _["size"]).select("group", "owner")
    return owned.semi_join(some, ["group", "owner"]).select("group", "account", owned=ibis.literal(True))
