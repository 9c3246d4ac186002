"""The sketches of templates that came and count."""

from __future__ import annotations

import json

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.errors import IntelError
from stillwatch.intel.desk.models import ObjectRow
from stillwatch.intel.desk.values import SKETCH_TYPE
from stillwatch.intel.private.sketches.template_sketch import TemplateSketch


def sketches_received(session: Session) -> list[tuple[str, TemplateSketch]]:
    """Return each with the id of its report, by id; what is called a sketch and is none is left out."""
    asked = sa.select(ObjectRow).where(
        ObjectRow.type == "indicator",
        ObjectRow.counts.is_(True),
        ObjectRow.revoked.is_(False),
        ObjectRow.content.contains(SKETCH_TYPE),
    )
    found = []
    for row in session.scalars(asked.order_by(ObjectRow.id, ObjectRow.maker)):
        item = json.loads(row.content)
        if item.get("pattern_type") != SKETCH_TYPE:
            continue
        try:
            found.append((row.id, TemplateSketch.parse(str(item.get("pattern")))))
        except IntelError:
            continue
    return found
