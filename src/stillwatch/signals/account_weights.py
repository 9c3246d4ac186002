"""How much each account of a group is heard: no more than the median account, so that a group is told by what
its accounts do.

Deception is counted over accounts, and so must be what is set against it: where two loud accounts that
linkage brought in by mistake, or one stolen key, made most of a group's prompts, the shares of all prompts
would tell what those two asked for, and the others would answer for it. Weights that are cut at a bound of
the sizes: Kokic and Bell 1994 (winsorised estimates).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def account_weights(exchanges: Floats, group: Ints, groups: int) -> Floats:
    """The weight of each exchange of an account, at most one; exchanges, group: one entry an account, groups
    numbered from 0.
    """
    order = np.lexsort((exchanges, group))
    ends = np.cumsum(np.bincount(group, minlength=groups))
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    held = ends > starts
    lower, upper = (starts + (ends - starts - 1) // 2)[held], (starts + (ends - starts) // 2)[held]
    median = np.zeros(groups)
    median[held] = (exchanges[order][lower] + exchanges[order][upper]) / 2
    return np.asarray(np.minimum(1.0, median[group] / np.maximum(exchanges, 1.0)))


def account_weights_table(members: pa.Table) -> pa.Table:
    """group, account, voice from a table with group, account and n."""
    names, number = np.unique(members.column("group").to_numpy(), return_inverse=True)
    weights = account_weights(members.column("n").to_numpy().astype(np.float64), number, len(names))
    return pa.table(
        {
            "group": members.column("group"),
            "account": members.column("account"),
            "account_weight": pa.array(weights),
        }
    )
