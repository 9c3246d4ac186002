"""Reasons that somebody gave lately, offered again as they type; nothing is filled in for them."""

from __future__ import annotations

from stillwatch.cases.event_list import reasons_of
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen

LONGEST = 300
"""Characters of a reason that is worth offering."""


def recent_reasons(seen: Seen) -> list[str]:
    """Return a person's own reasons, the newest first; none for who decides nothing."""
    if not seen.user.may(Role.ANALYST):
        return []
    with seen.doors.cases.database.reading() as session:
        return [one for one in reasons_of(session, seen.user.name) if len(one) <= LONGEST]
