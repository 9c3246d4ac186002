"""Small runs whose tables hold values of customers, and the gates that they go through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from case_runs import NOON, Group, Sealed, sealed

from stillwatch.cases.database import Database
from stillwatch.intel.gate.gate import Gate
from stillwatch.intel.gate.source import of_run
from stillwatch.intel.gate.watched import Watched
from stillwatch.intel.stix.facts import Facts
from stillwatch.intel.stix.making import Maker
from stillwatch.intel.tlp import Tlp
from stillwatch.intel_settings import IntelSettings
from stillwatch.run.layout import TABLES

NOW = NOON.timestamp()
IDENTITY = "identity--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"


@dataclass(frozen=True)
class Customer:
    """An account with everything that a log may know of its owner."""

    account: str
    owner: str
    address: str
    email: str
    phone: str
    payment: str
    agent: str
    end_user: str
    prompt: str

    def values(self) -> list[str]:
        """All of it."""
        return [getattr(self, name) for name in self.__dataclass_fields__]


def customer(number: int) -> Customer:
    """A customer whose values stand nowhere else."""
    return Customer(
        account=f"cust-{number:06d}-qx",
        owner=f"Zyxomma Holdings {number}",
        address=f"198.51.{number % 200}.{(number * 7) % 250}",
        email=f"quillfeather{number}@zyxomma{number}.example",
        phone=f"+4930{5550000 + number}",
        payment=f"card_{number:08d}vvz",
        agent=f"zyxbot/{number}.4 (vellichor)",
        end_user=f"enduser:{number * 977}:kw",
        prompt=f"please outline the vellichor theorem number {number} in nine steps",
    )


def planted(folder: Path, customers: Sequence[Customer], group: Group | None = None) -> Path:
    """A run with one campaign of these customers; their values stand in every text column there is."""
    sealed(folder, Sealed("run-1", [group or Group("camp-zyx", len(customers))]))
    _rewrite(folder, "members", [{"account_id": one.account, "owner": one.owner} for one in customers])
    texts = [text for one in customers for text in one.values()]
    evidence = pq.read_table(folder / "evidence.parquet").to_pylist()
    rows = [{**evidence[at % len(evidence)], "top": text} for at, text in enumerate(texts)]
    _write(folder, "evidence", rows)
    links = [
        {"group": 1, "account": 1, "facet": "address", "family": "network", "key": at, "label": text, "n": 3}
        for at, text in enumerate(texts)
    ]
    _write(folder, "links", links)
    return folder


def _rewrite(folder: Path, name: str, changes: Sequence[Mapping[str, Any]]) -> None:
    rows = pq.read_table(folder / f"{name}.parquet").to_pylist()
    _write(folder, name, [{**row, **change} for row, change in zip(rows, changes, strict=True)])


def _write(folder: Path, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    import pyarrow as pa

    pq.write_table(pa.Table.from_pylist(list(rows), schema=TABLES[name].arrow), folder / f"{name}.parquet")


def told(folder: Path, *groups: Group, name: str = "C001") -> tuple[Facts, Watched]:
    """The facts of a campaign of a run that is made for it."""
    return of_run(sealed(folder, Sealed("run-1", groups or (Group("camp-a"),))), name)


def maker(level: Tlp = Tlp.AMBER, **more: Any) -> Maker:
    """A provider that makes objects."""
    given: dict[str, Any] = {"identity": IDENTITY, "name": "provider-a", "key": b"k" * 32, "now": NOON}
    return Maker(**{**given, "level": level, **more})


def gate(folder: Path, **settings: Any) -> Gate:
    """A gate with a store of its own."""
    return Gate(Database(folder / "SHARING.db"), IntelSettings(**settings))
