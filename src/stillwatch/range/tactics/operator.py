"""One campaign's accounts: people on paper, one operator in truth."""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import CARD, DAY, PLANS, Cast
from stillwatch.range.people import Setting, instruments, models_of, people, seeds
from stillwatch.range.specs import Campaign, Population
from stillwatch.range.tactics import (
    bans,
    churn,
    crews,
    isolation,
    mail,
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


def build(
    spec: Campaign,
    n: int,
    number: int,
    cover_jobs: dict[str, float],
    setting: Setting,
    rng: np.random.Generator,
) -> Cast:
    """Accounts that declare owners of their own and share an operator's means; one pool of them after the
    other where the spec has crews.
    """
    casts = [_crew(stage, number, cover_jobs, setting, rng) for stage in crews.stages(spec, n)]
    return crews.joined(spec, casts, setting, rng)


def _crew(
    stage: crews.Stage, number: int, cover_jobs: dict[str, float], setting: Setting, rng: np.random.Generator
) -> Cast:
    spec, n = stage.spec, stage.accounts
    as_people = Population("", n, 100.0, 0.5, {"chat": 1.0})
    cast = people(as_people, n, setting, rng, regions.drawn(spec, n, setting, rng) if spec.regions else None)
    begin = setting.start + spec.first_day * DAY
    before = isolation.remember(spec, cast)
    cast.campaign[:] = number
    cast.group_seed[:] = seeds(1, rng)[0]
    cast.paraphrase[:] = spec.paraphrase
    cast.end_users[:], cast.silent[:] = spec.end_users, True
    cast.banned[:] = 0
    cast.first[:], cast.last[:] = begin, begin + spec.days * DAY
    cast.ramp[:] = spec.ramp
    cast.model = target.chosen(spec, models_of(n, setting, rng), setting)
    cast.adopts[:], cast.adopt_hours[:] = spec.pivot, spec.pivot_hours
    cast.stay[:], cast.gap[:], cast.weekend[:], cast.sure[:] = spec.stay, spec.gap, 1.0, -1
    _pathways(spec, cast, cover_jobs, begin, setting, rng)
    registration.waves(spec, cast, begin, setting, rng)
    payment.share_cards(spec, cast, setting, rng)
    mail.register_in_bulk(spec, cast, setting, rng)
    networks.draw_from_pool(spec, cast, setting, rng)
    churn.replace_by_age(spec, cast, begin)
    churn.spread_starts(spec, cast, setting, rng)
    bans.replace_banned(spec, cast, setting, rng)
    crews.ban(stage, cast, rng)
    if spec.pinned:
        cast.other_client[:] = cast.client
    rhythm.set_pace(spec, cast, n, rng)
    slices.deal_out(spec, cast, rng)
    isolation.isolate(spec, cast, before, setting, rng)
    return cast


def build_over(
    spec: Campaign,
    n: int,
    number: int,
    cover_jobs: dict[str, float],
    setting: Setting,
    everyone: Cast,
    rng: np.random.Generator,
) -> Cast:
    """The same over accounts of `everyone` whose keys it stole: rows that bear their ids. Raises SettingError
    where there are too few.
    """
    victims = stolen.chosen(spec, n, everyone, setting, rng)
    cast = build(spec, n, number, cover_jobs, setting, rng)
    stolen.lend(cast, victims, everyone)
    return cast


def _pathways(
    spec: Campaign,
    cast: Cast,
    cover_jobs: dict[str, float],
    begin: int,
    setting: Setting,
    rng: np.random.Generator,
) -> None:
    shares = np.array([p.share for p in spec.pathways])
    way = np.searchsorted(np.cumsum(shares / shares.sum()), (np.arange(len(cast)) + 0.5) / len(cast))
    for i, pathway in enumerate(spec.pathways):
        inside = np.flatnonzero(way == i)
        cast.plan[inside] = PLANS.index(pathway.plan)
        cast.profile[inside] = setting.jobs.profile(covered(pathway.jobs, cover_jobs, spec.cover))
        cast.late_profile[inside] = setting.jobs.profile(
            covered(pathway.late_jobs or pathway.jobs, cover_jobs, spec.cover)
        )
        cast.late_from[inside] = begin + pathway.late_day * DAY if pathway.late_jobs else setting.end
        software.install(pathway, cast, inside, setting, rng)
    cast.payment = np.where(cast.plan == 0, 0, instruments(len(cast), rng))
    cast.verification = np.where(cast.plan == 0, np.minimum(cast.verification, CARD - 1), CARD)


def covered(jobs: dict[str, float], cover_jobs: dict[str, float], share: float) -> dict[str, float]:
    """A mixture of which `share` is ordinary use."""
    mixed = {name: weight / sum(jobs.values()) * (1 - share) for name, weight in jobs.items()}
    for name, weight in cover_jobs.items():
        mixed[name] = mixed.get(name, 0.0) + weight / sum(cover_jobs.values()) * share
    return mixed
