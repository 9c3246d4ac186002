"""The one way to a text of a customer: the setting, the role, a reason, and first an entry in the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from stillwatch.cases.words import text_of
from stillwatch.console.access.log import Access
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.errors import CaseError

T = TypeVar("T")


def may_reveal(seen: Seen) -> bool:
    """Return whether setting and role let somebody look at texts."""
    return seen.doors.settings.console.texts and seen.user.may(Role.APPROVER)


def reveal(seen: Seen, subject: str, reason: str, read: Callable[[], T]) -> T:
    """Return what `read` gives, after the look was logged: a text that cannot be logged is not shown.

    subject: whose text it is, never the text. Raises CaseError where the setting or the role does not allow
    it, and where no reason is given.
    """
    if not may_reveal(seen):
        raise CaseError(
            "texts of customers are not shown",
            where=subject,
            do=f"it needs console.texts = true and the role {Role.APPROVER.word}",
        )
    seen.log(Access.TEXT, subject, text_of(reason, "reason"))
    return read()
