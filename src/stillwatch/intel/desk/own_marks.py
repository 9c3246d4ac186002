"""Values of a run as text, to be made into tokens here: all of them, or those that mark a campaign."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from stillwatch.errors import IntelError
from stillwatch.intel.desk.matching import COLUMNS, own_values
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.run.reading import Run
from stillwatch.schema.shared import OF_ACCOUNTS, OF_EXCHANGES
from stillwatch.schema.table import values

CARRIERS = 2
"""Named accounts that must carry a value before it marks a campaign: what one account has is its own."""
OWN = 0.5
"""Share of those who carry it that must be named: what many customers have is no mark of an operator."""


@dataclass(frozen=True, order=True)
class Mark:
    """One value of a run."""

    column: str
    """The column of table exchanges or accounts that holds it."""
    key: int
    """Its key."""


def carriers_of(run: Run, columns: Collection[str]) -> dict[Mark, set[int]]:
    """Return which accounts with exchanges carry each value, by the keys of the accounts."""
    found: dict[Mark, set[int]] = {}
    active: set[int] = set()
    wanted = [column for column in OF_EXCHANGES if column in columns]
    for batch in run.batches("exchanges", ["account", *wanted]):
        accounts = [int(key) for key in batch.column("account").to_pylist() if key is not None]
        active.update(accounts)
        for column in wanted:
            _add(found, column, zip(accounts, batch.column(column).to_pylist(), strict=True))
    table = run.table("accounts")
    owners = values(table, "account")
    for column in (column for column in OF_ACCOUNTS if column in columns):
        pairs = zip(owners, values(table, column), strict=True)
        _add(found, column, ((account, key) for account, key in pairs if account in active))
    return found


def marks_of(run: Run, groups: Collection[int], columns: Collection[str]) -> list[Mark]:
    """Return the values that mark the named accounts of groups: several carry each, and few others do."""
    members = run.table("members")
    rows = zip(values(members, "group"), values(members, "account"), values(members, "tier"), strict=True)
    named = {account for group, account, tier in rows if group in groups and tier == "named"}
    return sorted(
        mark
        for mark, carriers in carriers_of(run, columns).items()
        if len(carriers & named) >= CARRIERS and len(carriers & named) >= OWN * len(carriers)
    )


def texts(run: Run, kind: IndicatorKind, campaign: str | None) -> list[str]:
    """Return values of a kind as text, sorted: those that mark a campaign, or all that the run shows.

    Raises IntelError for a kind of which a run shows no values, and for no such campaign.
    """
    if kind not in COLUMNS or kind is IndicatorKind.PAYMENT:
        raise IntelError(
            f"a run shows no values of kind {kind}",
            where=str(run.folder),
            do="take them from where you have them, and put them into a file, one on a line",
        )
    known: Mapping[str, list[tuple[str, int]]] = {
        text: list(places) for text, places in own_values(run).get(kind, {}).items()
    }
    if kind is IndicatorKind.ASN:
        numbers = {mark.key for mark in carriers_of(run, ("asn",))}
        known = {str(number): [("asn", number)] for number in numbers}
    if campaign is None:
        return sorted(known)
    found = [row["group"] for row in run.rows("campaigns") if campaign in (row["campaign"], row["identity"])]
    if not found:
        raise IntelError("the run has no such campaign", where=campaign[:80], do="give a name such as C001")
    marks = {(mark.column, mark.key) for mark in marks_of(run, found, COLUMNS[kind])}
    return sorted(text for text, places in known.items() if marks & set(places))


def _add(found: dict[Mark, set[int]], column: str, pairs: Iterable[tuple[int, int | None]]) -> None:
    for account, key in pairs:
        if key is not None:
            found.setdefault(Mark(column, int(key)), set()).add(account)
