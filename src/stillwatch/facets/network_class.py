"""What kind of network the address belongs to, according to the operator's own table."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables

CLASSES = ("hosting", "vpn", "proxy", "tor", "residential", "mobile", "education", "business", "government")
"""Known classes; any other word counts as none."""


def show(value: int) -> str:
    """Return the name of the class."""
    return f"{CLASSES[value]} networks" if 0 <= value < len(CLASSES) else f"networks of class {value}"


@facet(
    family="network",
    sees="accounts whose traffic comes from one unusual kind of network",
    blind_spots="Hosting is not guilt: most customers of an API are in datacentres. 'Not listed' does not "
    "mean residential.",
    needs=("exchanges.network_class",),
    anchor=False,
    show=show,
)
def network_class(tables: Tables) -> Table:
    """Return each class of network that an account used."""
    number = ibis.cases(
        *[(tables.visits.network_class.lower() == name, place) for place, name in enumerate(CLASSES)]
    )
    return tables.visits.select("account", "second", "last", "n", value=number.cast("int64")).filter(
        _.value.notnull()
    )
