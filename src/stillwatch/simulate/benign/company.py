"""Companies with many seats: one declared owner, one payment instrument, one egress."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import (
    BUSINESS,
    DAY,
    ENTERPRISE,
    OFFICE,
    ORGANISATION,
    TEAM,
    Accounts,
    Array,
)
from stillwatch.simulate.ordinary_accounts import Setting, instruments, neighbours, own_domains, seeds
from stillwatch.simulate.places import pick
from stillwatch.simulate.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make seats of verified organisations."""
    accounts, region_of = neighbours(spec, n, setting, rng)
    declare(accounts, region_of, setting, rng, plans=(TEAM, BUSINESS, ENTERPRISE))
    accounts.rhythm[:], accounts.weekend[:] = OFFICE, 0.15
    accounts.stay, accounts.gap = rng.choice([0.4, 0.7], n), np.full(n, 60.0)
    return accounts


def declare(
    accounts: Accounts,
    region_of: Array,
    setting: Setting,
    rng: np.random.Generator,
    *,
    plans: tuple[int, ...],
    hosted: bool = False,
) -> None:
    """Give each group a declared owner: organisation, payment, mail domain, network, set software."""
    groups, of = len(region_of), accounts.group - 1
    names = own_domains(groups, rng)
    accounts.domain = setting.domains.all(names)[of]
    accounts.organisation = setting.organisations.all([organisation_name(name) for name in names])[of]
    accounts.plan, accounts.verification[:] = rng.choice(plans, groups)[of], ORGANISATION
    accounts.payment = instruments(groups, rng)[of]
    accounts.group_seed = seeds(groups, rng)[of]
    exits = [
        setting.places.hosted(groups, rng)
        if hosted
        else setting.places.add(pick(setting.places.firms, region_of, rng), rng)
        for _ in range(2)
    ]
    accounts.at(np.stack(exits, axis=1)[of])
    offset = np.array([r.utc_offset for r in setting.places.regions])[accounts.region]
    accounts.shift = np.rint(-offset * 4 + rng.normal(0, 2, len(accounts))).astype(np.int64)
    accounts.client = np.where(
        rng.random(len(accounts)) < 0.7, setting.clients.popular(groups, rng)[of], accounts.client
    )
    onboarding = np.maximum(
        setting.launched, setting.start - (rng.random(groups) * 500 * DAY).astype(np.int64)
    )[of]
    joined = onboarding + (rng.exponential(40, len(accounts)) * DAY).astype(np.int64)
    accounts.created = np.where(
        joined < setting.start,
        joined,
        setting.start - (rng.random(len(accounts)) * 30 * DAY).astype(np.int64),
    )
    accounts.first[:], accounts.last[:], accounts.banned[:] = setting.start, setting.end, 0


def organisation_name(domain: str) -> str:
    """Return a made-up organisation, named after its mail domain."""
    return domain.removesuffix(".example").replace("-", " ").title()


KINDS.add(
    "company",
    Kind(
        "company",
        "benign",
        "Seats of a verified organisation: one payment instrument, mail domain and egress.",
        Population,
        build,
    ),
)
