"""Table account_use: models, tokens, spend and days of the accounts in groups and beside them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.schema.found import ACCOUNT_USE

MOST_MODELS = 8
"""Models kept of an account, the most used first."""
DAY = 86_400


def account_use_table(engine: Engine, exchanges: Table, *accounts: pa.Table) -> pa.Table:
    """Return table account_use of the accounts in these tables, one row each.

    exchanges: account, second, model, input_tokens, output_tokens, spend. accounts: each with a
    column account.
    """
    wanted = pa.concat_tables([table.select(["account"]) for table in accounts]).group_by("account")
    asked = engine.load("use_accounts", wanted.aggregate([]))
    own = exchanges.semi_join(asked, "account")
    sums = own.group_by("account").agg(
        exchanges=_.count(),
        input_tokens=_.input_tokens.cast("int64").sum(),
        output_tokens=_.output_tokens.cast("int64").sum(),
        spend=_.spend.sum(),
        priced=_.spend.count(),
        days=(_.second // DAY).cast("int64").nunique(),
    )
    models = own.filter(_.model.notnull()).group_by("account", "model").agg(n=_.count())
    used: dict[int, list[tuple[int, str]]] = {}
    for row in engine.collect(models.order_by(["account", "model"])).to_pylist():
        used.setdefault(row["account"], []).append((-row["n"], row["model"]))
    rows = [_row(row, sorted(used.get(row["account"], []))) for row in _ordered(engine, sums)]
    return pa.Table.from_pylist(rows, schema=ACCOUNT_USE.arrow)


def _ordered(engine: Engine, sums: Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = engine.collect(sums.order_by("account")).to_pylist()
    return rows


def _row(sums: dict[str, Any], used: list[tuple[int, str]]) -> dict[str, Any]:
    models = [model for _n, model in used[:MOST_MODELS]]
    return sums | {"models": models, "top_exchanges": -used[0][0] if used else 0}
