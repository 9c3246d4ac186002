"""Which accounts a tested group names, which are only present in it, and which are near it.

After the test all evidence may count. But nobody is named on the evidence of one kind: shared marks can be
brought upon a stranger by whoever imitates or sits beside it, and content by the tool that both use.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.heldout.content import CLOSE, LEAST_MISSING, HeldOut
from stillwatch.heldout.peers import places
from stillwatch.schema.codes import Tier, TierReason
from stillwatch.schema.table import values
from stillwatch.settings import CampaignSettings, LinkageSettings

LESSER = 1.0 / 3.0
"""Weight of the weaker evidence, that of keys or that of meaning."""
CERTAIN = math.log(99.0)
"""Posterior odds at which an account is named."""

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Tiers:
    """The accounts of the tested groups, in tiers."""

    counted: pa.Table
    """group, account, nats (formation and content), formation, keys, semantic, cap (the parts of content),
    tier, reason.

    The accounts that a group's numbers rest on: the named, or all that are present where too few are named.
    """
    beside: pa.Table
    """The same columns: accounts that are present in a group or near it, and that nothing rests on."""

    def every(self) -> pa.Table:
        """Return the accounts of all tiers."""
        return pa.concat_tables([self.counted, self.beside])

    def joined(self, other: Tiers) -> Tiers:
        """Return both together."""
        return Tiers(
            pa.concat_tables([self.counted, other.counted.cast(self.counted.schema)]),
            pa.concat_tables([self.beside, other.beside.cast(self.beside.schema)]),
        )

    def without(self, accounts: pa.Table) -> Tiers:
        """Return the tiers with some accounts (group, account) present, and no group resting on them."""
        gone = set(zip(values(accounts, "group"), values(accounts, "account"), strict=True))
        of = zip(values(self.counted, "group"), values(self.counted, "account"), strict=True)
        out = np.array([place in gone for place in of], np.bool_)
        rows = self.counted.filter(pa.array(out))
        for name, value in (("tier", Tier.PRESENT.value), ("reason", TierReason.OTHERS_HARVEST.value)):
            column = pa.array([value] * rows.num_rows, self.counted.schema.field(name).type)
            rows = rows.set_column(rows.schema.get_field_index(name), name, column)
        beside = pa.concat_tables([self.beside, rows.cast(self.beside.schema)])
        return Tiers(
            self.counted.filter(pa.array(~out)),
            beside.sort_by([("group", "ascending"), ("account", "ascending")]),
        )

    def named(self) -> dict[int, set[int]]:
        """Return the named accounts of each group."""
        found: dict[int, set[int]] = {}
        for row in self.counted.select(["group", "account", "tier"]).to_pylist():
            if row["tier"] == Tier.NAMED.value:
                found.setdefault(row["group"], set()).add(row["account"])
        return found


def tier_counts(found: Tiers, groups: set[int]) -> dict[int, dict[str, int]]:
    """Return the accounts of each tier in those of the groups that marks formed."""
    counts: dict[int, dict[str, int]] = {}
    for row in found.every().select(["group", "tier"]).to_pylist():
        if row["group"] in groups:
            tier = counts.setdefault(row["group"], {})
            tier[row["tier"]] = tier.get(row["tier"], 0) + 1
    return counts


def tiers(
    members: pa.Table,
    near: pa.Table,
    held: HeldOut,
    everyone: int,
    linkage: LinkageSettings,
    settings: CampaignSettings,
) -> Tiers:
    """Put each account of a group, and near one, into its tier.

    members, near: group, account, nats of formation. An account of a group, or one with CLOSE nats near it,
    is named if its content is unlike that of its client's other users, at a false discovery rate of
    `naming_level` among those of its kind, and if all its evidence outweighs the prior odds against it,
    (everyone / size of the group) to one, by a factor of a hundred. Otherwise a member is present, and an
    account near the group stays near. Where fewer than `smallest_group` would be named, nobody is.
    """
    sizes = dict(zip(*np.unique(members.column("group").to_numpy(), return_counts=True), strict=True))
    close = near.filter(pa.array(near.column("nats").to_numpy() >= CLOSE))
    tested = pa.concat_tables([table.select(["group", "account", "nats"]) for table in (members, close)])
    own = _with_content(tested, held, linkage)
    inside = np.arange(own.num_rows) < members.num_rows
    group = own.column("group").to_numpy()
    # Those close to a group may be strangers by far the most: they must not hide the group's own.
    unlike = _discovered(2 * group + inside, _p_values(own, held.p_values), settings.naming_level)
    sure = own.column("nats").to_numpy() >= _needed(group, sizes, everyone, settings.naming_nats)
    named = unlike & sure
    enough = _enough(group, named, linkage.smallest_group)
    reason = np.select(
        [named & enough, ~inside, named, unlike],
        [
            TierReason.BOTH.value,
            TierReason.LITTLE_SHARED.value,
            TierReason.TOO_FEW_NAMED.value,
            TierReason.OUTWEIGHED.value,
        ],
        TierReason.LIKE_ITS_CLIENT.value,
    )
    tier = np.select([named & enough, inside], [Tier.NAMED.value, Tier.PRESENT.value], Tier.NEAR.value)
    known = own.append_column("tier", pa.array(tier)).append_column("reason", pa.array(reason))
    rests = (named & enough) | (inside & ~enough)
    order: list[tuple[str, Literal["ascending", "descending"]]] = [
        ("group", "ascending"),
        ("account", "ascending"),
    ]
    told = inside | (own.column("nats").to_numpy() >= linkage.threshold_nats)
    beside = known.filter(pa.array(~rests & told))
    return Tiers(known.filter(pa.array(rests)).sort_by(order), beside.sort_by(order))


def alike_tiers(
    members: pa.Table, p_values: Mapping[tuple[int, int], float], smallest: int, level: float
) -> Tiers:
    """Put the accounts of groups that content formed into their tiers, by what they did in the test half.

    members: group, account, nats, from the half that formed them. p_values: of accounts that were tested
    alone; the others can be no more than present.
    """
    number = members.column("group").to_numpy()
    pairs = zip(values(members, "group"), values(members, "account"), strict=True)
    tested = np.array([place in p_values for place in pairs], np.bool_)
    named = _discovered(number, _p_values(members, p_values), level)
    enough = _enough(number, named, smallest)
    reason = np.select(
        [named & enough, named, tested],
        [TierReason.BOTH.value, TierReason.TOO_FEW_NAMED.value, TierReason.LIKE_ITS_CLIENT.value],
        TierReason.GROUP_ONLY.value,
    )
    nothing = pa.array(np.zeros(members.num_rows))
    known = pa.table(
        {
            "group": members.column("group"),
            "account": members.column("account"),
            "nats": members.column("nats"),
            "formation": members.column("nats"),
            **dict.fromkeys(("keys", "semantic", "cap"), nothing),
            "tier": pa.array(np.where(named & enough, Tier.NAMED.value, Tier.PRESENT.value)),
            "reason": pa.array(reason),
        }
    )
    rests = (named & enough) | ~enough
    return Tiers(known.filter(pa.array(rests)), known.filter(pa.array(~rests)))


def _p_values(accounts: pa.Table, known: Mapping[tuple[int, int], float]) -> Floats:
    """Return the p-value of each row (group, account); 1 for an account that was not tested alone."""
    pairs = zip(values(accounts, "group"), values(accounts, "account"), strict=True)
    return np.array([known.get(place, 1.0) for place in pairs], np.float64)


def _discovered(of: npt.NDArray[np.int64], p_values: Floats, level: float) -> Bools:
    """Return the discoveries among the p-values of each number in `of`."""
    found = np.zeros(len(of), np.bool_)
    for name in np.unique(of):
        found[of == name] = discoveries(p_values[of == name], level)
    return found


def discoveries(p_values: Floats, level: float) -> Bools:
    """Return which p-values Benjamini and Hochberg (1995) reject at a false discovery rate of `level`.

    Conformal p-values with common peers are positively dependent in the way that it needs (Bates, Candès,
    Lei, Romano and Sesia 2023, theorem 2). p_values: shape (n,); the result is a mask of that shape.
    """
    n = len(p_values)
    ordered = np.sort(p_values)
    passes = np.flatnonzero(ordered <= level * np.arange(1, n + 1) / max(n, 1))
    return np.asarray(p_values <= (ordered[passes[-1]] if len(passes) else -1.0))


def _needed(group: npt.NDArray[np.int64], sizes: dict[int, int], everyone: int, least: float) -> Floats:
    """Return the nats that each account needs to be named, from the size of its group."""
    size = np.array([sizes[int(name)] for name in group], np.float64)
    return np.asarray(np.maximum(np.log(everyone / size) + CERTAIN, least))


def _enough(group: npt.NDArray[np.int64], named: Bools, smallest: int) -> Bools:
    """Mark the accounts of groups that name enough accounts."""
    names, counts = np.unique(group[named], return_counts=True)
    return np.isin(group, names[counts >= smallest])


def _with_content(accounts: pa.Table, held: HeldOut, linkage: LinkageSettings) -> pa.Table:
    """Add to the accounts the parts of their content evidence, and both kinds' sum (nats)."""
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
            "formation": accounts.column("nats"),
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
