"""An office with one egress and one client build, which others can leave through."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import Accounts
from stillwatch.simulate.benign.office import build as build_office
from stillwatch.simulate.ordinary_accounts import Setting
from stillwatch.simulate.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make an office whose machines are managed: everybody has the same client, at work and at home.

    A campaign with `frames` uses egress and client: address, client and ja4 are then the campaign's too.
    """
    accounts = build_office(spec, n, setting, rng)
    groups, of = int(accounts.group.max()), accounts.group - 1
    accounts.client = accounts.other_client = setting.clients.popular(groups, rng)[of]
    return accounts


KINDS.add(
    "framed_office",
    Kind(
        "framed_office",
        "benign",
        "Colleagues with private accounts behind one egress and one managed client; others leave there too.",
        Population,
        build,
    ),
)
