"""An object that remembers which names it was asked for."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any


class Asked(dict[str, Any]):
    """A dict that tells which of its names a reader asked for, whether they were there or not."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.names: set[str] = set()
        self.all = False
        """Whether it was looked at as a whole."""

    def __bool__(self) -> bool:
        return super().__len__() > 0

    def __getitem__(self, name: str) -> Any:
        self.names.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.names.add(str(name))
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value; the name was asked for."""
        self.names.add(name)
        return super().get(name, default)

    def __iter__(self) -> Iterator[str]:
        self.all = True
        return super().__iter__()

    def __len__(self) -> int:
        self.all = True
        return super().__len__()

    def __eq__(self, other: object) -> bool:
        self.all = True
        return super().__eq__(other)

    __hash__ = None

    def keys(self) -> KeysView[str]:  # type: ignore[override]
        """Return all names."""
        self.all = True
        return super().keys()

    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        """Return all values."""
        self.all = True
        return super().values()

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]
        """Return all names and values."""
        self.all = True
        return super().items()
