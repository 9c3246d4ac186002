"""Secrets are dropped as they are read: credentials in headers, and account ids that are raw API keys."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from stillwatch import account_ids
from stillwatch.absent import LONGEST_ID
from stillwatch.account_ids import one_account
from stillwatch.ingest.notes import note
from stillwatch.ingest.values import Row, dig, text

SECRET_NAME = re.compile(
    r"authori[sz]ation|cookie|api[-_]?key|token|secret|password|credential|signature|session-key|x-amz-security",
    re.IGNORECASE,
)


def clean_headers(headers: Any) -> Row:
    """Return headers by lower-case name, without credentials; takes an object or a list of pairs."""
    pairs = (
        headers.items()
        if isinstance(headers, dict)
        else [p for p in headers if isinstance(p, list | tuple) and len(p) == 2]
        if isinstance(headers, list)
        else []
    )
    named = ((_folded(str(name)), value) for name, value in pairs if value is not None)
    return {name: _one(name, value) for name, value in named if name is not None}


@lru_cache(4096)
def _folded(name: str) -> str | None:
    """Return a header's name in lower case, None if its value is a secret.

    It is cached: a log has few names and very many headers.
    """
    return None if SECRET_NAME.search(name) else name.lower()


def _one(name: str, value: Any) -> str:
    joined = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    # Proxies append, so the end of a forwarded header can be trusted. A client may have written any length
    # before it.
    return joined[-LONGEST_ID:] if "forwarded" in name else joined[:LONGEST_ID]


def credential_of(headers: Any) -> str | None:
    """Return the API key of a request, to be hashed at once into an account id; None if there is none."""
    if not isinstance(headers, dict):
        return None
    for name, value in headers.items():
        if (
            str(name).lower() in ("authorization", "x-api-key", "api-key")
            and isinstance(value, str)
            and value
        ):
            bare = re.sub(r"^(?:bearer|basic)\s+", "", value.strip(), flags=re.IGNORECASE)
            return f"Bearer {bare}"
    return None


def account_text(value: Any) -> str | None:
    """Return an account id; None where there is none, or only a mask or an id that stands for everybody."""
    found = text(value)
    return None if found is None else one_account(found)


KEPT = "an id that many logs write for nobody (guest, null ...): kept, since no other field names the account"


def literal_account(value: Any) -> str | None:
    """Return a text as an account id, also where it is what many logs write for nobody: see `account_ids`."""
    return account_ids.literal_account(value) if isinstance(value, str) else None


def named_account(value: Any) -> str | None:
    """Return the account of a field that stands alone. What is kept only since there is no other is noted."""
    found = account_text(value)
    if found is None and (found := literal_account(value)) is not None:
        note("account_id", KEPT)
    return found


def any_account(row: Row, *paths: str) -> str | None:
    """Return the first account id among several paths; if none holds one, the first text that may be one."""
    found = first_account(row, *paths)
    return found if found is not None else last_account(*(dig(row, path) for path in paths))


def last_account(*values: Any) -> str | None:
    """Return the first of several values that may be an account's name, and note that it is doubtful."""
    found = next((kept for value in values if (kept := literal_account(value)) is not None), None)
    if found is not None:
        note("account_id", KEPT)
    return found


def first_account(row: Row, *paths: str) -> str | None:
    """Return the first account id among several paths."""
    return next((found for path in paths if (found := account_text(dig(row, path))) is not None), None)
