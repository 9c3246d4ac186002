"""What was shared from here, by its id."""

from __future__ import annotations

import json

import sqlalchemy as sa

from stillwatch.intel.gate.export import Stage
from stillwatch.intel.gate.gate import Gate
from stillwatch.intel.gate.tables import ExportRow, ObjectRow
from stillwatch.intel.stix.marking import level_of_object
from stillwatch.intel.tlp import Tlp


def shared_here(gate: Gate, ident: str) -> Tlp | None:
    """Return the level of an object of our own that was approved; None where there is none."""
    asked = sa.select(ObjectRow.content).join(ExportRow)
    approved = ExportRow.state == str(Stage.APPROVED)
    with gate.database.reading() as session:
        found = [
            level_of_object(json.loads(one))
            for one in session.scalars(asked.where(ObjectRow.id == ident, approved))
        ]
    return max(found, default=None)
