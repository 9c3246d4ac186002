"""Small logs of conversations and prompts for groups that content forms; no text, only keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from stillwatch.engine import Engine, Table

SCHEMA = pa.schema(
    [
        *(
            pa.field(name, pa.int64())
            for name in (
                "request", "account", "part", "prompt", "head", "tail", "system", "tools", "continues",
                "leaves",
            )
        ),
        pa.field("signatures", pa.list_(pa.int64())),
        pa.field("signed", pa.list_(pa.int64())),
    ]
)  # fmt: skip


@dataclass
class Log:
    """Exchanges, one after the other."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    """Columns of SCHEMA; what is left out is null."""

    def ask(self, account: int, part: int, **marks: Any) -> None:
        """Add an exchange of an account in a part of a day."""
        number = len(self.rows)
        request = (number * 7_919 + part * 104_729) % 1_000_003
        self.rows.append({"request": request, "account": account, "part": part, **marks})

    def hand_on(self, giver: int, taker: int, part: int) -> None:
        """Let one account leave a conversation, and another take it on."""
        state = 10_000_000 + len(self.rows)
        self.ask(giver, part, leaves=state)
        self.ask(taker, part, continues=state, leaves=state + 1)

    def table(self, engine: Engine) -> Table:
        """The exchanges in an engine."""
        rows = [{name: row.get(name) for name in SCHEMA.names} for row in self.rows]
        return engine.load("log", pa.Table.from_pylist(rows, schema=SCHEMA))


def no_owners(engine: Engine) -> Table:
    """Table owners of accounts that declare none."""
    return engine.load(
        "declared", pa.table({"account": pa.array([], pa.int64()), "owner": pa.array([], pa.int64())})
    )
