"""A company whose middlebox opens TLS: one handshake for all its clients."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import Accounts
from stillwatch.simulate.benign.office import build as build_office
from stillwatch.simulate.ordinary_accounts import Setting
from stillwatch.simulate.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make an office in which clients of every kind have the handshake of the office's middlebox.

    They tempt ja4, address and coherence: no honest client of these names has that handshake elsewhere.
    """
    accounts = build_office(spec, n, setting, rng)
    accounts.place_count[:] = 1
    for group in range(1, int(accounts.group.max()) + 1):
        inside = np.flatnonzero(accounts.group == group)
        middlebox = f"{rng.integers(1, 1 << 30)}"
        accounts.client[inside] = setting.clients.inspected(accounts.client[inside], middlebox)
        accounts.other_client[inside] = accounts.client[inside]
    return accounts


KINDS.add(
    "tls_inspection",
    Kind(
        "tls_inspection",
        "benign",
        "Colleagues with private accounts and all kinds of clients behind one middlebox's TLS handshake.",
        Population,
        build,
    ),
)
