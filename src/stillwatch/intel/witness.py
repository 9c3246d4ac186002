"""What the parts of a hub tell its transparency log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, TypeAlias

from stillwatch.intel.member import Member

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Fact: TypeAlias = str | int | float | bool | None


class Witness(Protocol):
    """Writes one entry of the log in the transaction of what it tells of."""

    def __call__(self, session: Session, kind: str, member: Member | None, facts: Mapping[str, Fact]) -> None:
        """kind: `object.added`, `object.read`, `object.deleted`, `lookup`, `member.added`, …; facts: ids,
        counts, digests, channel; never a value that was shared, never a customer's.
        """


def unwitnessed(session: Session, kind: str, member: Member | None, facts: Mapping[str, Fact]) -> None:
    """A witness that writes nothing, for a server that stands alone."""
