"""The roles of the console: each may do what those below it may."""

from __future__ import annotations

from enum import IntEnum

from stillwatch.errors import CaseError


class Role(IntEnum):
    """What somebody may do."""

    VIEWER = 1
    """Look at everything that is no text of a customer and no matter of the console's users."""
    ANALYST = 2
    """Work on cases: notes, tags, moves, closures."""
    APPROVER = 3
    """Agree as the second person, answer appeals, look at texts where the settings allow it."""
    ADMIN = 4
    """Make users, give roles, see the access log."""

    @property
    def word(self) -> str:
        """Return it as people write it."""
        return self.name.lower()

    @staticmethod
    def named(word: str) -> Role:
        """Return the role of a word. Raises CaseError for another one."""
        for role in Role:
            if role.word == word:
                return role
        raise CaseError(
            "there is no such role", where=word[:40], do=f"choose {', '.join(role.word for role in Role)}"
        )
