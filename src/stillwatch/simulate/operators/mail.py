"""Mail addresses made in bulk."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import Accounts, Array
from stillwatch.simulate.ordinary_accounts import Setting, own_domains, providers
from stillwatch.simulate.specs import Campaign


def register_in_bulk(spec: Campaign, accounts: Accounts, setting: Setting, rng: np.random.Generator) -> None:
    """Give some accounts catch-all domains of the operator, others freemail in the shape of its script."""
    n = len(accounts)
    names = own_domains(spec.mail_domains, rng)
    if spec.mail_root:
        names = [f"mx{i + 1}.{names[0]}" for i in range(len(names))]
    domains = setting.domains.all(names)
    setting.bulk["domains"].update(domains.tolist())
    shape = setting.shapes.add(f"a{rng.integers(5, 8)}9{rng.integers(4, 7)}")
    scripted = rng.random(n) < spec.mail_share
    catch_all = scripted & (rng.random(n) < 0.5)
    accounts.domain = np.where(catch_all, domains[rng.integers(0, len(domains), n)], accounts.domain)
    accounts.shape = np.where(scripted, shape, accounts.shape)


def registered(accounts: Accounts, setting: Setting) -> Array:
    """Domains that an operator registered: several accounts have them and no mail provider offers them."""
    distinct, count = np.unique(accounts.domain, return_counts=True)
    offered = setting.domains.all(providers())
    return np.asarray(distinct[(count > 1) & ~np.isin(distinct, offered)])
