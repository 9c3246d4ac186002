"""The peers of an owner's account, and how often their prompts are harvest-like."""

from __future__ import annotations

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.heldout.content import OUTSIDERS
from stillwatch.schema.table import values

QUANTILE = 0.95
FLOOR = 0.1
"""The null allows at least this rate, so that quiet peers do not make an odd prompt an offence."""
LEAST_TEXTS = 10
"""Prompts that an account needs before its rate counts among its peers'."""
NO_CLIENT = np.iinfo(np.int64).min
"""Stands for the client of accounts without one; they have no client in common."""


def main_clients(engine: Engine, visits: Table) -> Table:
    """Return (account, client): the client that sent most of an account's exchanges."""
    counted = visits.filter(_.client.notnull()).group_by("account", "client").agg(n=_.n.sum())
    first = ibis.row_number().over(
        ibis.window(group_by="account", order_by=[ibis.desc(counted.n), counted.client])
    )
    return engine.create(
        "main_clients", counted.mutate(place=first).filter(_.place == 0).select("account", "client")
    )


def limits(habits: pa.Table, taken: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the rate of harvest-like prompts that the null allows each account, shape (accounts,).

    It is the QUANTILE of its peers' rates, at least FLOOR. Its peers are the accounts of its main client, or
    all accounts if fewer than OUTSIDERS of those can be rated. habits: account, client (null where unknown),
    texts, harvest of every account. taken: accounts that are candidates, and nobody's peers.
    """
    account, texts, harvest = (habits.column(name).to_numpy() for name in ("account", "texts", "harvest"))
    client = np.array([NO_CLIENT if one is None else one for one in values(habits, "client")], np.int64)
    rated = ~np.isin(account, taken) & (texts >= LEAST_TEXTS)
    rates = harvest[rated] / texts[rated]
    names, of = np.unique(client, return_inverse=True)
    by_client = np.full(len(names), _quantile(rates))
    order = np.argsort(of[rated], kind="stable")
    ends = np.cumsum(np.bincount(of[rated], minlength=len(names)))
    for number, (start, end) in enumerate(zip(ends - np.diff(ends, prepend=0), ends, strict=True)):
        if end - start >= OUTSIDERS and names[number] != NO_CLIENT:
            by_client[number] = _quantile(rates[order[start:end]])
    return np.asarray(np.maximum(by_client, FLOOR)[of])


def _quantile(rates: npt.NDArray[np.float64]) -> float:
    return float(np.quantile(rates, QUANTILE)) if len(rates) else 0.0
