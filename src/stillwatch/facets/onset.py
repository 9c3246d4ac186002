"""When bouts of work begin, at two time scales."""

from __future__ import annotations

from datetime import UTC, datetime

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.registration import scaled
from stillwatch.facets.tables import Tables

SCALES = (60, 900)


def show(value: int) -> str:
    """Format the start of the bucket and its length."""
    scale, bucket = value >> 40, value & (2**40 - 1)
    return f"began {datetime.fromtimestamp(bucket * scale, UTC):%Y-%m-%d %H:%M} ({scale // 60} min)"


@facet(
    family="rhythm",
    sees="accounts that start to work in the same minute or quarter of an hour, again and again",
    blind_spots="A lesson, a cron default at the full hour and the end of an outage make strangers start "
    "together; jitter beyond an hour hides a balancer.",
    needs=("exchanges.time",),
    scales=len(SCALES),
    binds="moment",
    show=show,
)
def onset(tables: Tables) -> Table:
    """Return the start of each bout: an active hour after an idle one.

    SynchroTrap, CCS 2014, without the target.
    """
    before = tables.activity.hour.lag().over(ibis.window(group_by="account", order_by="hour"))
    bouts = tables.activity.mutate(before=before).filter(_.before.isnull() | (_.before < _.hour - 1))
    return ibis.union(
        *[bouts.select("account", second=_["first"], value=scaled(_["first"], scale)) for scale in SCALES]
    )
