"""The tables of a run as attributes: one for each that a run folder may hold."""

from __future__ import annotations

from typing import Any, Protocol

from stillwatch.api.frame import Frame
from stillwatch.schema.table import Contract


class HasTables(Protocol):
    """Something that gives its tables by name."""

    def table(self, name: str) -> Frame:
        """One table."""


class TableOf:
    """An attribute that is a table of its object; nothing is read before the frame is asked."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.__doc__ = contract.description

    def __get__(self, owner: HasTables | None, kind: type[Any]) -> Frame:
        """The table; for the class itself, an error would hide the attribute from `help`, so it is given."""
        return self if owner is None else owner.table(self.contract.name)  # type: ignore[return-value]
