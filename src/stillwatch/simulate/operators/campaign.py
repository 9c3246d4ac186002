"""One campaign's accounts: they declare many owners and have one operator."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import CARD, DAY, PLANS, Accounts
from stillwatch.simulate.operators import (
    account_waves,
    bans,
    churn,
    isolation,
    mail,
    marks,
    networks,
    payment,
    regions,
    registration,
    rhythm,
    slices,
    software,
    stolen,
    target,
)
from stillwatch.simulate.ordinary_accounts import Setting, instruments, models_of, ordinary_accounts, seeds
from stillwatch.simulate.specs import Campaign, Population


def build(
    spec: Campaign,
    n: int,
    number: int,
    cover_jobs: dict[str, float],
    setting: Setting,
    rng: np.random.Generator,
) -> Accounts:
    """Make accounts that declare owners of their own and share an operator's means.

    If the spec has account waves, one wave follows the other.
    """
    parts = [_one_wave(stage, number, cover_jobs, setting, rng) for stage in account_waves.stages(spec, n)]
    return account_waves.joined(spec, parts, setting, rng)


def _one_wave(
    stage: account_waves.Stage,
    number: int,
    cover_jobs: dict[str, float],
    setting: Setting,
    rng: np.random.Generator,
) -> Accounts:
    spec, n = stage.spec, stage.accounts
    as_ordinary = Population("", n, 100.0, 0.5, {"chat": 1.0})
    accounts = ordinary_accounts(
        as_ordinary, n, setting, rng, regions.drawn(spec, n, setting, rng) if spec.regions else None
    )
    begin = setting.start + spec.first_day * DAY
    before = isolation.remember(spec, accounts)
    accounts.campaign[:] = number
    accounts.group_seed[:] = seeds(1, rng)[0]
    accounts.paraphrase[:] = spec.paraphrase
    accounts.end_users[:], accounts.silent[:] = spec.end_users, True
    accounts.banned[:] = 0
    accounts.handover[:], accounts.failover[:] = spec.handover, spec.failover
    accounts.first[:], accounts.last[:] = begin, begin + spec.days * DAY
    accounts.ramp[:] = spec.ramp
    accounts.model = target.chosen(spec, models_of(n, setting, rng), setting)
    accounts.adopts[:], accounts.adopt_hours[:] = spec.pivot, spec.pivot_hours
    accounts.stay[:], accounts.gap[:], accounts.weekend[:], accounts.sure[:] = spec.stay, spec.gap, 1.0, -1
    _pathways(spec, accounts, cover_jobs, begin, setting, rng)
    registration.waves(spec, accounts, begin, setting, rng)
    payment.share_cards(spec, accounts, setting, rng)
    mail.register_in_bulk(spec, accounts, setting, rng)
    networks.draw_from_pool(spec, accounts, setting, rng)
    churn.replace_by_age(spec, accounts, begin)
    churn.spread_starts(spec, accounts, setting, rng)
    bans.replace_banned(spec, accounts, setting, rng)
    account_waves.ban(stage, accounts, rng)
    if spec.pinned:
        accounts.other_client[:] = accounts.client
    rhythm.set_pace(spec, accounts, n, rng)
    marks.assert_devices(spec, accounts, n)
    marks.ride_limits(spec, accounts)
    slices.deal_out(spec, accounts, rng)
    isolation.isolate(spec, accounts, before, setting, rng)
    return accounts


def build_over(
    spec: Campaign,
    n: int,
    number: int,
    cover_jobs: dict[str, float],
    setting: Setting,
    everyone: Accounts,
    rng: np.random.Generator,
) -> Accounts:
    """Do the same over accounts of `everyone` whose keys were stolen: the rows have their ids.

    Raises SettingError if there are too few.
    """
    victims = stolen.chosen(spec, n, everyone, setting, rng)
    accounts = build(spec, n, number, cover_jobs, setting, rng)
    stolen.lend(accounts, victims, everyone)
    return accounts


def _pathways(
    spec: Campaign,
    accounts: Accounts,
    cover_jobs: dict[str, float],
    begin: int,
    setting: Setting,
    rng: np.random.Generator,
) -> None:
    shares = np.array([p.share for p in spec.pathways])
    way = np.searchsorted(np.cumsum(shares / shares.sum()), (np.arange(len(accounts)) + 0.5) / len(accounts))
    for i, pathway in enumerate(spec.pathways):
        inside = np.flatnonzero(way == i)
        accounts.plan[inside] = PLANS.index(pathway.plan)
        accounts.profile[inside] = setting.jobs.profile(covered(pathway.jobs, cover_jobs, spec.cover))
        accounts.late_profile[inside] = setting.jobs.profile(
            covered(pathway.late_jobs or pathway.jobs, cover_jobs, spec.cover)
        )
        accounts.late_from[inside] = begin + pathway.late_day * DAY if pathway.late_jobs else setting.end
        software.install(pathway, accounts, inside, setting, rng)
    accounts.payment = np.where(accounts.plan == 0, 0, instruments(len(accounts), rng))
    accounts.verification = np.where(accounts.plan == 0, np.minimum(accounts.verification, CARD - 1), CARD)


def covered(jobs: dict[str, float], cover_jobs: dict[str, float], share: float) -> dict[str, float]:
    """Return a mixture of which `share` is ordinary use."""
    mixed = {name: weight / sum(jobs.values()) * (1 - share) for name, weight in jobs.items()}
    for name, weight in cover_jobs.items():
        mixed[name] = mixed.get(name, 0.0) + weight / sum(cover_jobs.values()) * share
    return mixed
