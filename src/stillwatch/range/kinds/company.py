"""Companies with many seats: one declared owner, one payment instrument, one egress."""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import BUSINESS, DAY, ENTERPRISE, OFFICE, ORGANISATION, TEAM, Array, Cast
from stillwatch.range.people import Setting, instruments, neighbours, own_domains, seeds
from stillwatch.range.places import pick
from stillwatch.range.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """Seats of verified organisations."""
    cast, region_of = neighbours(spec, n, setting, rng)
    declare(cast, region_of, setting, rng, plans=(TEAM, BUSINESS, ENTERPRISE))
    cast.rhythm[:], cast.weekend[:] = OFFICE, 0.15
    cast.stay, cast.gap = rng.choice([0.4, 0.7], n), np.full(n, 60.0)
    return cast


def declare(
    cast: Cast,
    region_of: Array,
    setting: Setting,
    rng: np.random.Generator,
    *,
    plans: tuple[int, ...],
    hosted: bool = False,
) -> None:
    """Give each group an owner that it declares: organisation, payment, mail domain, network, software house
    rules.
    """
    groups, of = len(region_of), cast.group - 1
    names = own_domains(groups, rng)
    cast.domain = setting.domains.all(names)[of]
    cast.organisation = setting.organisations.all([organisation_name(name) for name in names])[of]
    cast.plan, cast.verification[:] = rng.choice(plans, groups)[of], ORGANISATION
    cast.payment = instruments(groups, rng)[of]
    cast.group_seed = seeds(groups, rng)[of]
    exits = [
        setting.places.hosted(groups, rng)
        if hosted
        else setting.places.add(pick(setting.places.firms, region_of, rng), rng)
        for _ in range(2)
    ]
    cast.at(np.stack(exits, axis=1)[of])
    offset = np.array([r.utc_offset for r in setting.places.regions])[cast.region]
    cast.shift = np.rint(-offset * 4 + rng.normal(0, 2, len(cast))).astype(np.int64)
    cast.client = np.where(rng.random(len(cast)) < 0.7, setting.clients.popular(groups, rng)[of], cast.client)
    onboarding = np.maximum(
        setting.launched, setting.start - (rng.random(groups) * 500 * DAY).astype(np.int64)
    )[of]
    joined = onboarding + (rng.exponential(40, len(cast)) * DAY).astype(np.int64)
    cast.created = np.where(
        joined < setting.start, joined, setting.start - (rng.random(len(cast)) * 30 * DAY).astype(np.int64)
    )
    cast.first[:], cast.last[:], cast.banned[:] = setting.start, setting.end, 0


def organisation_name(domain: str) -> str:
    """A made-up organisation, named after its mail domain."""
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
