"""What a hub serves beside its own pages: TAXII at its root, and the look-up service."""

from __future__ import annotations

import sqlalchemy as sa
from starlette.types import ASGIApp

from stillwatch.cases.database import Database
from stillwatch.intel.hub.app import Part, Who
from stillwatch.intel.member import Channel
from stillwatch.intel.private.beside_hub import lookup_part
from stillwatch.intel.taxii.server.app import taxii_app
from stillwatch.intel.taxii.server.collection import Collection, Root, add_collection, add_root
from stillwatch.intel.taxii.server.models import CollectionRow
from stillwatch.intel.taxii.server.settings import TaxiiSettings
from stillwatch.intel.taxii.server.tables import make_tables
from stillwatch.intel.witness import Witness

TITLES = {
    Channel.INFORMATION: "Indicators, techniques and statistics",
    Channel.REPORT: "Incidents that members tell of",
    Channel.RESPONSE: "Work on an incident together",
}


def _taxii(database: Database, who: Who, witness: Witness) -> ASGIApp:
    """TAXII, with a root and a collection for each channel."""
    with database.writing() as session:
        make_tables(session)
        for channel, title in TITLES.items():
            add_root(session, Root(channel.value, title))
            there = sa.select(CollectionRow.id).where(CollectionRow.root == channel.value).limit(1)
            if session.scalar(there) is None:
                add_collection(session, Collection(title, channel.value, channel, alias="shared"))
    return taxii_app(database, TaxiiSettings(), who, witness)


PARTS: tuple[Part, ...] = (Part("/private", lookup_part), Part("", _taxii))
"""The parts, by the path at which each is mounted."""
