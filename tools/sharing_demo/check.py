"""What must hold of everything that left a provider: no value of a customer stands in it, in any form."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from sharing_demo.leaks import Forms, Leak, cells_of, readable
from sharing_demo.planted import Customer

EVERYBODY = 2_000
"""Accounts and addresses of other customers of each provider that are looked for too."""


@dataclass(frozen=True)
class Checked:
    """What was looked for, where, and what was found."""

    values: int
    """Values."""
    forms: int
    """Forms of them."""
    places: int
    """Files, and cells of databases."""
    size: int
    """Bytes of them."""
    leaks: tuple[Leak, ...]
    """What was found: there must be none."""
    control: bool
    """Whether the search finds a value that was put into what passed: it must."""
    seconds: float
    """What it took."""


def others(world: Path) -> list[str]:
    """Ids of accounts and addresses of a provider's other customers, and of its operators."""
    accounts = pq.read_table(world / "accounts.parquet", columns=["account_id", "payment"])
    edge = pq.read_table(world / "edge.parquet", columns=["address"])
    ids = accounts["account_id"].to_pylist()[:EVERYBODY]
    paid = [value for value in accounts["payment"].to_pylist() if value][:EVERYBODY]
    return [*ids, *paid, *pc.unique(edge["address"]).to_pylist()[:EVERYBODY]]


def check(
    customers: Iterable[Customer], worlds: Iterable[Path], passed: Iterable[Path], databases: Iterable[Path]
) -> Checked:
    """Look for every value of the customers in the files that passed and in every cell of the databases."""
    began = time.monotonic()
    secret = [value for one in customers for value in one.secrets]
    forms = Forms([*secret, *(value for world in worlds for value in others(world))])
    leaks: list[Leak] = []
    places = size = 0
    for path in passed:
        data = path.read_bytes()
        places, size = places + 1, size + len(data)
        for form in readable(data):
            leaks += forms.found_in(form, path.name)
    for database in databases:
        whole: dict[str, list[bytes]] = {}
        for where, cell in cells_of(database):
            places, size = places + 1, size + len(cell)
            whole.setdefault(where, []).append(cell)
        for where, cells in whole.items():
            leaks += forms.found_in(b"\n".join(cells), f"{database.name} {where}")
    control = [
        leak for value in secret[:3] for leak in forms.found_in(b"..." + value.encode().hex().encode(), "-")
    ]
    return Checked(
        forms.values,
        forms.count,
        places,
        size,
        tuple(dict.fromkeys(leaks)),
        len({leak.value for leak in control}) == 3,
        time.monotonic() - began,
    )
