"""When the account was registered, at two time scales."""

from __future__ import annotations

from datetime import UTC, datetime

import ibis
from ibis import _

from stillwatch.engine import Column, Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables

SCALES = (3600, 86_400)


def show(value: int) -> str:
    """Format the hour or the day."""
    scale, bucket = value >> 40, value & (2**40 - 1)
    when = datetime.fromtimestamp(bucket * scale, UTC)
    return f"registered {when:%Y-%m-%d %H}h" if scale == SCALES[0] else f"registered {when:%Y-%m-%d}"


@facet(
    family="identity",
    sees="accounts registered in one burst: the same hour, the same day",
    blind_spots="Launch days and classrooms register many strangers at once; aged accounts are bought.",
    needs=("accounts.created",),
    scales=len(SCALES),
    binds="moment",
    show=show,
)
def registration(tables: Tables) -> Table:
    """Return the hour and the day in which an account was registered."""
    known = tables.accounts.filter(_.created_second.notnull())
    return ibis.union(
        *[
            known.select("account", second=_.created_second, value=scaled(_.created_second, scale))
            for scale in SCALES
        ]
    )


def scaled(second: Column, scale: int) -> Column:
    """Return the bucket of a time at a scale (seconds) as one number.

    The scale is in the high bits, so that scales never meet.
    """
    return (second // scale).cast("int64") + scale * 2**40
