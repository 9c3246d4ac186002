"""Framing: a campaign that leaves through other people's shared address, with the client that they use."""

from __future__ import annotations

import numpy as np

from stillwatch.errors import SettingError
from stillwatch.simulate.accounts import Accounts, Array
from stillwatch.simulate.specs import Campaign, kinds

GROUPS = 2
"""Groups of each kind that are framed: the largest."""


def leave_through(spec: Campaign, accounts: Accounts, everyone: Accounts) -> None:
    """Give each account the egress and the commonest client of one framed group.

    Raises SettingError if the world has no group of the kinds named.
    """
    if not spec.frames:
        return
    wanted = [list(kinds()).index(name) for name in spec.frames if name in kinds()]
    found = np.unique(everyone.group[np.isin(everyone.kind, wanted) & (everyone.group > 0)])
    if not len(found) or len(wanted) < len(spec.frames):
        raise SettingError(
            f"campaign {spec.name} has nobody of {', '.join(spec.frames)} to frame",
            do="name kinds in frames that have groups in this world",
        )
    largest = sorted(found.tolist(), key=lambda group: -int((everyone.group == group).sum()))
    framed = np.array(sorted(largest[: GROUPS * len(wanted)]))
    egress = np.array([_commonest(everyone.places[everyone.group == group, 0]) for group in framed])
    client = np.array([_commonest(everyone.client[everyone.group == group]) for group in framed])
    of = np.arange(len(accounts)) % len(framed)
    accounts.places[:, 0] = egress[of]
    accounts.client = accounts.other_client = client[of]


def _commonest(values: Array) -> int:
    distinct, count = np.unique(values, return_counts=True)
    return int(distinct[count.argmax()])
