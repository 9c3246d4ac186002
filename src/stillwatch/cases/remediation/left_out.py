"""Accounts that no plan touches: people cleared or exempted them, found a permit, or granted an appeal."""

from __future__ import annotations

from collections.abc import Iterable

from stillwatch.cases.labels import ACCOUNT, PERMIT_FOUND
from stillwatch.cases.remedy import Appeal
from stillwatch.cases.store import Store
from stillwatch.guard.moments import told

SPARED = ("cleared", "exempted", PERMIT_FOUND)
"""Labels of an account after which nothing is done about it."""


def left_out(store: Store, accounts: Iterable[str], at: float) -> dict[str, str]:
    """Return those of some accounts that are left out at a time, POSIX seconds, each with the reason.

    The newest decision about an account counts, in whatever case it was made. A granted appeal is named
    before others: what it restores is done by itself, and no plan has to free the account again.
    """
    wanted = set(accounts)
    found: dict[str, str] = {}
    for label in store.labels():
        if label.scope != ACCOUNT or label.subject not in wanted:
            continue
        found.pop(label.subject, None)
        if label.label in SPARED and label.expires > at:
            found[label.subject] = f"{label.label} in case {label.case} until {told(label.expires)[:10]}"
    for appeal in store.remedies.where(Appeal, state="answered"):
        if appeal.account in wanted and appeal.until is not None and appeal.until > at:
            found[appeal.account] = f"appeal {appeal.id} was granted until {told(appeal.until)[:10]}"
    return found
