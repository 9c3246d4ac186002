"""One client build across accounts whose owners never met."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import Accounts, Array
from stillwatch.simulate.ordinary_accounts import Setting
from stillwatch.simulate.specs import Pathway


def install(
    pathway: Pathway, accounts: Accounts, inside: Array, setting: Setting, rng: np.random.Generator
) -> None:
    """Give most accounts of a pathway its build and its parameters; the others look ordinary."""
    build = setting.clients.add(pathway.agent, pathway.runtime, pathway.system)
    same = inside[rng.random(len(inside)) < pathway.build_share]
    accounts.client[same] = build
    accounts.other_client[inside] = np.where(
        rng.random(len(inside)) < 0.5, build, accounts.other_client[inside]
    )
    if pathway.builds > 1:
        _deal_out(pathway.builds, build, accounts, same, setting, rng)
    if pathway.parameters:
        accounts.parameters[inside] = setting.clients.add_parameters(pathway.parameters)


def _deal_out(
    builds: int, first: int, accounts: Accounts, same: Array, setting: Setting, rng: np.random.Generator
) -> None:
    """Give each account one of several builds for good: the pathway's own, or one of a few popular ones."""
    rng = rng.spawn(1)[0]
    popular = np.unique(setting.clients.popular(64 * builds, rng))
    chosen = np.concatenate([[first], rng.permutation(popular)[: builds - 1]])
    accounts.client[same] = chosen[rng.integers(0, len(chosen), len(same))]
    accounts.other_client[same] = accounts.client[same]
