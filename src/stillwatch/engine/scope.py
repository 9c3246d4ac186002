"""Tables that one piece of work makes, forgotten with it however it ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from stillwatch.engine.base import Engine, Table


class Scope:
    """An engine for one piece of work: what it creates or loads is dropped at the end, also where the work
    fails; the engine itself goes on.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._made: list[str] = []

    def read(self, name: str, paths: Sequence[Path]) -> Table:
        """As the engine's."""
        return self._engine.read(name, paths)

    def load(self, name: str, table: pa.Table) -> Table:
        """As the engine's, until the end."""
        self._made.append(name)
        return self._engine.load(name, table)

    def create(self, name: str, expression: Table) -> Table:
        """As the engine's, until the end."""
        self._made.append(name)
        return self._engine.create(name, expression)

    def drop(self, name: str) -> None:
        """As the engine's."""
        self._engine.drop(name)

    def collect(self, expression: Table) -> pa.Table:
        """As the engine's."""
        return self._engine.collect(expression)

    def write(self, expression: Table, path: Path, schema: pa.Schema, order: Sequence[str]) -> int:
        """As the engine's."""
        return self._engine.write(expression, path, schema, order)

    def described(self) -> dict[str, str]:
        """As the engine's."""
        return self._engine.described()

    def close(self) -> None:
        """Drop what was made."""
        for name in dict.fromkeys(self._made):
            self._engine.drop(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
