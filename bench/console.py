"""How fast are the console's pages, how large are they, and how does its store grow?

python bench/console.py [--quick] [--seed 1] [--json FILE]

A run with one campaign of 100 thousand accounts, a store of 5,000 cases, and a guard with 20 thousand decisions
are made (--quick: 5,000 accounts, 200 cases). Then `stillwatch serve` runs on them in a process of its own, and
every page that is declared is asked for: the first answer, then p50 and p95 of the others, in milliseconds as a
browser on this machine sees them. The large campaign's page is asked for with a filter, too. Pages whose path
has a parameter that this file has no example of are told.

`bytes a case` and `bytes an event` are those of the store's file, for cases as a sync makes them and for notes.
Targets are those of the issue that asked for it; the exit code is 0 whatever is met, since the machine may be
busy.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import quote

from rich.console import Console
from rich.table import Table

from console_study.asked import PageTime, asked, paths, secret_of, served
from console_study.made_run import account_id, large_run, many_run
from stillwatch import response
from stillwatch.cases.cases import Cases
from stillwatch.guard.decide import Failure
from stillwatch.guard.open_state import open_guard
from stillwatch.guard.people import People, Said
from stillwatch.guard.publish import publish
from stillwatch.guard.request import Request
from stillwatch.response.inputs import RequestFacts
from stillwatch.response.ladder import Stage
from stillwatch.response.language.policy_file import read_policy
from stillwatch.response.policy_store import PolicyStore
from study.promises import options

ACCOUNTS, QUICK_ACCOUNTS = 100_000, 5_000
CASES, QUICK_CASES = 5_000, 200
SIZE = 5
"""Accounts of a small campaign."""
DECISIONS, QUICK_DECISIONS = 20_000, 1_000
NOTES, QUICK_NOTES = 1_000, 100
TIMES, QUICK_TIMES = 40, 10
TARGET_MS = 300.0
"""Milliseconds of any page at p95."""


@dataclass
class Found:
    """All that was measured."""

    accounts: int
    """Accounts of the large campaign."""
    cases: int
    """Cases of the store."""
    pages: list[PageTime] = field(default_factory=list)
    """Each page."""
    unknown: list[str] = field(default_factory=list)
    """Paths for which no example is known."""
    sync_s: float = 0.0
    """Seconds in which all cases were opened."""
    bytes_per_case: float = 0.0
    """Bytes of the store for each case that was opened, evidence included."""
    bytes_per_event: float = 0.0
    """Bytes of the store for each note."""

    @property
    def worst(self) -> float:
        """The largest p95 of a page."""
        return max((one.p95_ms for one in self.pages), default=0.0)


def main() -> None:
    """Measure, and tell."""
    given = options(__doc__, "5,000 accounts, 200 cases")
    with tempfile.TemporaryDirectory(prefix="stillwatch-bench-") as place:
        found = measured(Path(place), quick=given.quick, seed=given.seed)
    _show(found)
    if given.json:
        given.json.write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")


def measured(place: Path, *, quick: bool, seed: int) -> Found:
    """Make everything below a folder, and measure."""
    accounts = QUICK_ACCOUNTS if quick else ACCOUNTS
    cases = QUICK_CASES if quick else CASES
    found = Found(accounts, cases)
    runs, db, state = place / "runs", place / "CASES.db", place / "state"
    large = large_run(runs / "large", accounts, seed)
    many = many_run(runs / "many", cases - 1, SIZE)
    _store(found, db, large, many, QUICK_NOTES if quick else NOTES)
    _guard(state, large, accounts, QUICK_DECISIONS if quick else DECISIONS)
    secret = secret_of(db)
    one = account_id(accounts // 2)
    wanted, found.unknown = paths({**EXAMPLES, "account": one})
    wanted += [
        f"/campaigns/C001?run=run-large&account={one[-6:]}",
        f"/campaigns/C001?run=run-large&tier=present&after={accounts // 20}",
        "/campaigns?run=run-many",
        f"/accounts?id={quote(one)}",
        "/cases?state=open&after=100",
    ]
    with served(db, runs, state) as port:
        for path in wanted:
            found.pages.append(asked(port, secret, path, QUICK_TIMES if quick else TIMES))
    return found


EXAMPLES: Mapping[str, str] = {"number": "1", "name": "C001", "run": "run-large", "case": "1", "seq": "1"}
"""A value for each parameter of a path."""


def _store(found: Found, db: Path, large: Path, many: Path, notes: int) -> None:
    """Open the cases, write notes, and count bytes."""
    with Cases(db, create=True) as cases:
        before = _size(cases, db)
        began = time.perf_counter()
        cases.sync(many)
        cases.sync(large)
        found.sync_s = time.perf_counter() - began
        opened = _size(cases, db)
        for number in range(notes):
            cases.note(number % found.cases + 1, "Looked at its addresses; asked the owner.", by="Ann")
        noted = _size(cases, db)
    found.bytes_per_case = (opened - before) / found.cases
    found.bytes_per_event = (noted - opened) / notes


def _size(cases: Cases, db: Path) -> int:
    with cases.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return db.stat().st_size


def _guard(state: Path, run: Path, accounts: int, decisions: int) -> None:
    """A guard over the large run, that has decided."""
    publish(run, state)
    store = PolicyStore(state)
    rules = read_policy(Path(response.__file__).with_name("default.policy"))
    store.add(rules, "Ann", "the policy that ships")
    for rule in rules.rules:
        store.promote(rule.name, Stage.SHADOW, by="Ann", why="watch it first")
    with People(state) as people:
        people.issue("pilot", Said("Ann", "contract", time.time() + 10**6), accounts=[account_id(3)])
        people.hold(account_id(4), Said("Ann", "we look"))
    opened = open_guard(state, Failure.OPEN)
    for number in range(decisions):
        account = account_id(1 + number * 7 % accounts)
        opened.guard.decide(Request(account, RequestFacts(model="heron-4"), surface="http"))
    opened.close()


def _show(found: Found) -> None:
    table = Table(
        *("page", "status", "first ms", "p50 ms", "p95 ms", "kB", "packed kB"),
        title=f"{found.accounts:,} accounts in one campaign, {found.cases:,} cases",
    )
    for one in found.pages:
        slow = " !" if one.p95_ms > TARGET_MS else ""
        table.add_row(
            one.path,
            str(one.status),
            f"{one.first_ms:,.0f}",
            f"{one.p50_ms:,.1f}",
            f"{one.p95_ms:,.1f}{slow}",
            f"{one.bytes / 1e3:,.0f}",
            f"{one.packed / 1e3:,.0f}",
        )
    out = Console()
    out.print(table)
    out.print(f"largest p95: {found.worst:,.0f} ms, target {TARGET_MS:,.0f} ms")
    out.print(
        f"store: {found.bytes_per_case:,.0f} bytes a case, {found.bytes_per_event:,.0f} bytes an event; "
        f"all cases opened in {found.sync_s:,.1f} s"
    )
    if found.unknown:
        out.print(f"not asked, no example of a parameter: {', '.join(found.unknown)}")


if __name__ == "__main__":
    main()
