"""What a hub serves beside its own pages: one line for each part."""

from __future__ import annotations

from starlette.types import ASGIApp

from stillwatch.intel.hub.app import Around, Part
from stillwatch.intel.hub.members import identities_among
from stillwatch.intel.hub.taxii_retention import purge
from stillwatch.intel.private.beside_hub import lookup_part
from stillwatch.intel.taxii.server.app import taxii_app
from stillwatch.intel.taxii.server.settings import TaxiiSettings
from stillwatch.intel.taxii.server.tables import make_tables


def _taxii(around: Around) -> ASGIApp:
    settings = TaxiiSettings(
        title=around.settings.title,
        url=around.site.url,
        requests_a_minute=around.settings.requests_a_minute,
    )
    return taxii_app(around.hub.database, settings, around.who, around.witness, belong=identities_among)


def _lookups(around: Around) -> ASGIApp:
    return lookup_part(around.hub.database, around.who, around.witness)


PARTS: tuple[Part, ...] = (Part("/private", _lookups), Part("", _taxii, make_tables, purge))
"""The parts, by the path at which each is mounted; that at the root serves what no other part does."""
