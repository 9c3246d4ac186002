"""Permits: who may distil what, how much, until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from stillwatch.errors import InputError
from stillwatch.toml_file import known, read_toml, sections, utc

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


def read_permits(path: Path | None) -> list[Permit]:
    """Read the [[permit]] sections of a TOML file. Raises InputError naming the permit and the key."""
    if path is None:
        return []
    document = read_toml(path, "permits file", option="--permits", error=InputError)
    rows = sections(document, "permit", "permits file", where=str(path), error=InputError)
    return [_permit(row, f"{path}, permit {number}") for number, row in enumerate(rows, 1)]


def _permit(row: dict[str, Any], where: str) -> Permit:
    known(row, KEYS, "the permit has an unknown key {}", where=where, error=InputError)
    for key in ("name", "expires"):
        if key not in row:
            raise InputError(
                f"the permit has no {key}", where=where, do=f"add {key}: a permit without it covers nothing"
            )
    if not row.get("accounts") and not row.get("organisation"):
        raise InputError(
            "the permit names nobody", where=where, do='add accounts = ["…"] or organisation = "…"'
        )
    return Permit(
        name=str(row["name"]),
        accounts=frozenset(_strings(row, "accounts", where)),
        organisation=str(row.get("organisation", "")),
        models=frozenset(_strings(row, "models", where)),
        volume=_count(row, "volume", where),
        output_tokens=_count(row, "output_tokens", where),
        purpose=str(row.get("purpose", "")),
        starts=_time(row["starts"], "starts", where) if "starts" in row else None,
        expires=_time(row["expires"], "expires", where),
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
    """Return a time in UTC; a time without a zone is UTC, and a date is its first moment."""
    try:
        parsed = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise InputError(
            f"{key} is not a date", where=where, do=f"write {key} = 2026-12-31T00:00:00Z"
        ) from error
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
