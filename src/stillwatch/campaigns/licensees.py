"""Judge licensees that were linked with others by their permits, and the others without them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from stillwatch.schema.table import values

NOBODY: frozenset[int] = frozenset()
"""The permits of an account that no permit names."""


def without_licensees(
    members: pa.Table, near: pa.Table, licensed: Mapping[int, frozenset[int]], smallest: int
) -> tuple[pa.Table, pa.Table]:
    """Return linked groups and the accounts near them, without the accounts that a permit names.

    A group that one permit names as a whole stays as it is. Two firms that run one pipeline can be linked,
    and what one is licensed for would then count against both. members: group, account, …; near: the same;
    licensed: the permits of each account that any names, by position. A group left with fewer than `smallest`
    accounts is dropped. The permits do not depend on anybody's prompts, so a test on prompts of what is left
    is as good as one of the whole group.
    """
    if not licensed:
        return members, near
    whole: dict[int, frozenset[int]] = {}
    for group, account in zip(values(members, "group"), values(members, "account"), strict=True):
        own = licensed.get(account, NOBODY)
        whole[group] = whole[group] & own if group in whole else own
    kept, others = (_agreeing(table, licensed, whole) for table in (members, near))
    groups, sizes = np.unique(kept.column("group").to_numpy(), return_counts=True)
    large = groups[sizes >= smallest]
    kept, others = (
        table.filter(pa.array(np.isin(table.column("group").to_numpy(), large))) for table in (kept, others)
    )
    return kept, others


def _agreeing(
    accounts: pa.Table, licensed: Mapping[int, frozenset[int]], whole: Mapping[int, frozenset[int]]
) -> pa.Table:
    """Licensees in groups that are wholly under one permit; in other groups, those that no permit names."""
    agrees = []
    for group, account in zip(values(accounts, "group"), values(accounts, "account"), strict=True):
        own, common = licensed.get(account, NOBODY), whole.get(group, NOBODY)
        agrees.append(bool(own & common) if common else not own)
    return accounts.filter(pa.array(agrees, pa.bool_()))
