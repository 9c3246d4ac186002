"""Permits: who may distil what, how much, until when."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, TypeVar

from stillwatch.errors import InputError
from stillwatch.toml_file import nearest, read_toml, sections, shown, utc

T = TypeVar("T")
BARE_DATE = re.compile(r"\s*(?:\d{4}-\d{2}-\d{2}|\d{8})\s*")
KEYS = {
    "name",
    "accounts",
    "organisation",
    "models",
    "volume",
    "output_tokens",
    "purpose",
    "starts",
    "expires",
}


@dataclass(frozen=True)
class Permit:
    """A scoped, expiring licence to distil."""

    name: str
    """Its name in lists."""
    accounts: frozenset[str]
    """Account ids it names."""
    organisation: str
    """Organisation it names; empty if none."""
    models: frozenset[str]
    """Models it covers; empty: all."""
    volume: int | None
    """Exchanges it covers; None: any number."""
    output_tokens: int | None
    """Output tokens it covers; None: any number."""
    purpose: str
    """Its purpose."""
    starts: datetime | None
    """Time when it begins; None: no limit."""
    expires: datetime
    """Time when it ends."""


def quiet(_note: str) -> None:
    """Nobody listens."""


def read_permits(path: Path | None, say: Callable[[str], None] = quiet) -> list[Permit]:
    """Read the [[permit]] sections of a TOML file.

    say: told what may be meant and probably is not. Raises InputError naming every permit and key at fault.
    """
    if path is None:
        return []
    document = read_toml(path, "permits file", option="--permits", error=InputError)
    rows = sections(document, "permit", "permits file", where=str(path), error=InputError)
    faults = Faults()
    found = [_permit(row, f"{path}, permit {number}", faults) for number, row in enumerate(rows, 1)]
    faults.end(str(path))
    permits = [permit for permit in found if permit is not None]
    for name, count in Counter(permit.name for permit in permits).items():
        if count > 1:
            say(f"{count} permits have one name, so lists cannot tell them apart: {shown(name)}")
    return permits


class Faults:
    """Collects what is wrong, so that all of it is told at once."""

    def __init__(self) -> None:
        self._found: list[InputError] = []

    def add(self, what: str, where: str, do: str) -> None:
        """Add one fault."""
        self._found.append(InputError(what, where=where, do=do))

    def of(self, check: Callable[[], T]) -> T | None:
        """Return what a check returns; None if it finds a fault."""
        try:
            return check()
        except InputError as fault:
            self._found.append(fault)
            return None

    def end(self, where: str) -> None:
        """Raise the faults, if there are any."""
        if len(self._found) == 1:
            raise self._found[0]
        if self._found:
            each = "\n".join(f"  {fault.where}: {fault.what}; {fault.do}" for fault in self._found)
            raise InputError(
                f"the permits file has {len(self._found)} faults\n{each}", where=where, do="mend each of them"
            )


def _permit(row: dict[str, Any], where: str, faults: Faults) -> Permit | None:
    for key in row:
        if key not in KEYS:
            faults.add(f"the permit has an unknown key {shown(key)}", where, nearest(key, KEYS))
    for key in ("name", "expires"):
        if key not in row:
            faults.add(f"the permit has no {key}", where, f"add {key}: a permit without it covers nothing")
    if not row.get("accounts") and not row.get("organisation"):
        faults.add("the permit names nobody", where, 'add accounts = ["…"] or organisation = "…"')
    accounts = faults.of(lambda: _strings(row, "accounts", where)) or []
    models = faults.of(lambda: _strings(row, "models", where)) or []
    volume = faults.of(lambda: _count(row, "volume", where))
    tokens = faults.of(lambda: _count(row, "output_tokens", where))
    starts = faults.of(lambda: _time(row["starts"], "starts", where)) if "starts" in row else None
    expires = faults.of(lambda: _time(row["expires"], "expires", where)) if "expires" in row else None
    if expires is None:
        return None
    if starts is not None and starts >= expires:
        faults.add("the permit ends before it starts", where, "exchange starts and expires, or mend one")
    return Permit(
        name=str(row.get("name", "")),
        accounts=frozenset(account.strip() for account in accounts),
        organisation=str(row.get("organisation", "")).strip(),
        models=frozenset(models),
        volume=volume,
        output_tokens=tokens,
        purpose=str(row.get("purpose", "")),
        starts=starts,
        expires=expires,
    )


def _strings(row: dict[str, Any], key: str, where: str) -> list[str]:
    value = row.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f"{key} must be a list of strings", where=where, do=f'write {key} = ["…", "…"]')
    return value


def _count(row: dict[str, Any], key: str, where: str) -> int | None:
    value = row.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InputError(f"{key} must be a whole number from 0", where=where, do=f"write {key} = 100000")
    return value


def _time(value: Any, key: str, where: str) -> datetime:
    """Return a time in UTC. Without a zone it is UTC; a bare date is its first moment, as an end its last."""
    bare = isinstance(value, date) and not isinstance(value, datetime)
    whole_day = bare or BARE_DATE.fullmatch(str(value))
    try:
        parsed = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise InputError(
            f"{key} is not a date", where=where, do=f"write {key} = 2026-12-31T00:00:00Z"
        ) from error
    if whole_day and key == "expires":
        parsed = datetime.combine(parsed.date(), time.max)
    return utc(parsed, key, where, InputError)


def permitted(
    permits: list[Permit], accounts: dict[int, str], organisations: dict[int, str]
) -> dict[int, frozenset[int]]:
    """Keys of the accounts that any permit names, by id or verified organisation.

    The values are the positions of those permits.
    """
    by_id: dict[str, set[int]] = {}
    by_owner: dict[str, set[int]] = {}
    for number, permit in enumerate(permits):
        for account in permit.accounts:
            by_id.setdefault(account, set()).add(number)
        if permit.organisation:
            by_owner.setdefault(permit.organisation, set()).add(number)
    named = {
        key: by_id.get(accounts.get(key, ""), set()) | by_owner.get(organisations.get(key, ""), set())
        for key in accounts | organisations
    }
    return {key: frozenset(numbers) for key, numbers in named.items() if numbers}
