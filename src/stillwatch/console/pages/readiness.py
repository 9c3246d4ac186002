"""Readiness: what the operator has, and has not, of what AA26-251A recommends, to look at and to print."""

from __future__ import annotations

from typing import Any

import msgspec

from stillwatch.console.act import Act
from stillwatch.console.done import Done
from stillwatch.console.page import Page
from stillwatch.console.playbook_desk import DESK
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.playbooks.check import Holds
from stillwatch.playbooks.progress import says
from stillwatch.playbooks.readiness import NOT_READ, PointFound

COLUMNS = (
    Column("point", "Point", "count"),
    Column("title", "Recommended"),
    Column("check", "Check", "code"),
    Column("holds", "Holds"),
    Column("evidence", "What was found"),
    Column("since", "Missing since", "time"),
    Column("do", "What to do"),
)


class LookFields(msgspec.Struct):
    """Nothing."""


def shown(seen: Seen) -> Shown:
    """Return the points with what was found last."""
    found = DESK.last_readiness(seen.doors, seen.now)
    asked = found.points if found else ()
    values = {
        "at": found.at if found else None,
        "ready": found.ready if found else None,
        "note": NOT_READ,
        "counts": {str(word): sum(one.holds is word for one in asked) for word in Holds},
    }
    points = [_point(one) for one in asked]
    rows = [
        {"point": point["number"], "title": point["title"], **check}
        for point in points
        for check in point["checks"]
    ]
    tables = {"checks": Rows(COLUMNS, rows, "Checks of every point")}
    return Shown("readiness.html", values, tables, {"points": points}, "Readiness for AA26-251A")


def _point(found: PointFound) -> dict[str, Any]:
    point = found.point
    checks = [
        {
            "check": name,
            "says": says(name),
            "holds": str(answer.holds),
            "evidence": answer.evidence,
            "do": answer.do if answer.holds in (Holds.MISSING, Holds.CANNOT_TELL) else "",
            "since": since if answer.holds is Holds.MISSING else None,
        }
        for name, (answer, since) in found.found.items()
    ]
    return {
        "number": point.number,
        "title": point.title,
        "source": point.source,
        "playbook": point.playbook,
        "holds": str(found.holds),
        "since": found.since,
        "checks": checks,
    }


def look(seen: Seen, _fields: LookFields) -> Done:
    """Look at the real state again."""
    found = DESK.readiness(seen.doors)
    count = sum(one.holds is Holds.MISSING for one in found.points)
    said = f"Looked again: {count} of {len(found.points)} points are missing something."
    return Done("/readiness", said, found.document())


PAGES = (Page("/readiness", "Readiness", Role.VIEWER, shown, menu=52),)
ACTS = (Act("/readiness/look", "Look at readiness again", Role.ANALYST, LookFields, look),)
