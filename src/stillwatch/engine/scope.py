"""The tables of one stage: named after it, and forgotten with it however it ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from stillwatch.engine.base import Engine, Table


def stage_table(stage: str, name: str) -> str:
    """The name by which an engine holds a stage's table, as linkage__taken for linkage.taken."""
    # Spark takes a dot, in quotes too, for the end of a database's name.
    return ".".join(filter(None, (stage, name))).replace(".", "__")


class Scope:
    """An engine for one stage. What it reads, loads or creates is named after the stage and dropped at the
    end, also where the work fails; the engine itself goes on.

    A result goes to the scope around this one, or stays in the engine where there is none.
    """

    def __init__(self, engine: Engine, stage: str = "", results: Sequence[str] = ()) -> None:
        """stage: what its tables are named after; without one, the scope only ends what stages within it
        leave. results: the tables that outlast it, by the names they have in it.
        """
        self._outer = engine if isinstance(engine, Scope) else None
        self._engine: Engine = self._outer._engine if self._outer else engine
        self._stage: str = ".".join(filter(None, (self._outer._stage if self._outer else "", stage)))
        self._results = {stage_table(self._stage, name) for name in results}
        self._made: dict[str, None] = {}
        self.holders = self._engine.holders

    def read(self, name: str, paths: Sequence[Path]) -> Table:
        """As the engine's, until the end."""
        return self._engine.read(self._held(name), paths)

    def load(self, name: str, table: pa.Table) -> Table:
        """As the engine's, until the end."""
        return self._engine.load(self._held(name), table)

    def create(self, name: str, expression: Table) -> Table:
        """As the engine's, until the end."""
        return self._engine.create(self._held(name), expression)

    def drop(self, name: str) -> None:
        """Forget a table of this stage."""
        full = stage_table(self._stage, name)
        self._made.pop(full, None)
        self._engine.drop(full)

    def collect(self, expression: Table) -> pa.Table:
        """As the engine's."""
        return self._engine.collect(expression)

    def write(self, expression: Table, path: Path, schema: pa.Schema, order: Sequence[str]) -> int:
        """As the engine's."""
        return self._engine.write(expression, path, schema, order)

    def described(self) -> dict[str, str]:
        """As the engine's."""
        return self._engine.described()

    def close(self, *, failed: bool = False) -> None:
        """Drop what was made, and hand on the results; these too are dropped where the work has failed."""
        for full in self._made:
            if failed or full not in self._results:
                self._engine.drop(full)
            elif self._outer is not None:
                self._outer._take(full)
            else:
                self.holders[full] = self._engine
        self._made.clear()

    def _held(self, name: str) -> str:
        """The table's full name, held by this stage from now on. Raises ValueError if another holds it."""
        full = stage_table(self._stage, name)
        if self.holders.get(full, self) is not self:
            raise ValueError(f"BUG: table {full} belongs to another stage, which has not dropped it")
        self._take(full)
        return full

    def _take(self, full: str) -> None:
        self._made[full] = None
        self.holders[full] = self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(failed=kind is not None)
