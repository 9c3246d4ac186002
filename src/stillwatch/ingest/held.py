"""Rows that wait for the others of their call, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
MOST = 20_000
"""Calls that may wait at once."""
MOST_BYTES = 128 * 2**20
"""Bytes of text that may wait at once."""


class Held(Generic[T]):
    """What waits, by key; the oldest leaves first when there is too much of it."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._there: OrderedDict[str, tuple[T, int]] = OrderedDict()
        self._bytes = 0

    def get(self, key: str) -> T | None:
        """Return what waits under a key; None if nothing does."""
        found = self._there.get(key)
        return None if found is None else found[0]

    def put(self, key: str, value: T, size: int) -> None:
        """Let a value wait; it takes the place of an earlier one of the same key, with the size added."""
        before = self._there[key][1] if key in self._there else 0
        self._there[key] = value, before + size
        self._bytes += size

    def pop(self, key: str) -> T | None:
        """Take what waits under a key."""
        found = self._there.pop(key, None)
        if found is None:
            return None
        self._bytes -= found[1]
        return found[0]

    def overdue(self) -> Iterator[T]:
        """Take the oldest values until what is left is within the bounds."""
        while self._there and (len(self._there) > self._most or self._bytes > self._most_bytes):
            _, (value, size) = self._there.popitem(last=False)
            self._bytes -= size
            yield value

    def rest(self) -> Iterator[T]:
        """Take everything, oldest first."""
        while self._there:
            yield self._there.popitem(last=False)[1][0]
        self._bytes = 0
