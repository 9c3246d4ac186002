"""Which accounts a tested group names. All evidence counts here, since it no longer tests the group."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.heldout.content import LEAST_MISSING, HeldOut
from stillwatch.heldout.peers import places
from stillwatch.schema.table import values
from stillwatch.settings import CampaignSettings, LinkageSettings

LEAST_CONTENT = 4.0
"""Nats of content that an account near a group needs to be named in it."""
LESSER = 1.0 / 3.0
"""Weight of the weaker evidence, that of keys or that of meaning."""
CERTAIN = math.log(99.0)
"""Posterior odds at which an account is named."""

Floats = npt.NDArray[np.float64]


def named_members(
    members: pa.Table,
    near: pa.Table,
    held: HeldOut,
    everyone: int,
    linkage: LinkageSettings,
    settings: CampaignSettings,
) -> pa.Table:
    """Return group, account, nats (formation and content), and the parts of content: keys, semantic, cap.

    These are the members and near accounts that are named. An account is named if its evidence outweighs the
    prior odds against it, (everyone / size of the group) to one, by a factor of a hundred. Groups left with
    fewer than `smallest_group` accounts are dropped.
    """
    own = _with_content(members, held, linkage)
    others = _with_content(near, held, linkage)
    names, sizes = np.unique(members.column("group").to_numpy(), return_counts=True)
    needed = dict(
        zip(
            names.tolist(),
            np.maximum(np.log(everyone / sizes) + CERTAIN, settings.naming_nats).tolist(),
            strict=True,
        )
    )
    kept = own.filter(pa.array(own.column("nats").to_numpy() >= _lookup(own, needed)))
    enough = (others.column("content").to_numpy() >= LEAST_CONTENT) & (
        others.column("nats").to_numpy() >= _lookup(others, needed)
    )
    both = pa.concat_tables([kept, others.filter(pa.array(enough))]).drop_columns(["content"])
    groups, counts = np.unique(both.column("group").to_numpy(), return_counts=True)
    large = np.isin(both.column("group").to_numpy(), groups[counts >= linkage.smallest_group])
    return both.filter(pa.array(large)).sort_by([("group", "ascending"), ("account", "ascending")])


def _lookup(accounts: pa.Table, needed: dict[int, float]) -> Floats:
    return np.array([needed[group] for group in values(accounts, "group")], np.float64)


def _with_content(accounts: pa.Table, held: HeldOut, linkage: LinkageSettings) -> pa.Table:
    """Add to the accounts their content evidence (content) and the sum of both (nats)."""
    group, account = accounts.column("group").to_numpy(), accounts.column("account").to_numpy()
    keys, semantic, content = np.zeros((3, len(group)))
    for name in np.unique(group):
        mine = group == name
        keys[mine], semantic[mine], content[mine] = _content(
            account[mine], int(name), held, linkage.family_cap_nats
        )
    total = accounts.column("nats").to_numpy() + content
    return pa.table(
        {
            "group": accounts.column("group"),
            "account": account,
            "nats": np.round(total, 6),
            "content": content,
            "keys": np.round(keys, 6),
            "semantic": np.round(semantic, 6),
            "cap": np.round(content - keys - semantic, 6),
        }
    )


def _content(
    accounts: npt.NDArray[np.int64], group: int, held: HeldOut, cap: float
) -> tuple[Floats, Floats, Floats]:
    """Return the evidence of keys, of meaning, and of both within the family's bounds.

    The stronger counts in full and the other a third, since one template makes both (see totals).
    """
    keys = _keys(accounts, group, held, cap)
    semantic = np.maximum(held.semantic.of(group, accounts), np.log(LEAST_MISSING))
    first = np.abs(keys) >= np.abs(semantic)
    stronger = np.where(first, keys, semantic)
    content = np.clip(stronger + (keys + semantic - stronger) * LESSER, np.log(LEAST_MISSING), cap)
    return np.where(first, keys, keys * LESSER), np.where(first, semantic * LESSER, semantic), content


def _keys(accounts: npt.NDArray[np.int64], group: int, held: HeldOut, cap: float) -> Floats:
    missing = np.log(max(1.0 - held.carried.get(group, 0.0), LEAST_MISSING))
    if group not in held.nats:
        return np.zeros(len(accounts))
    known, nats = held.nats[group]
    place, there = places(known, accounts)
    return np.where(there, np.minimum(nats[place], cap), missing)
