"""Crews of accounts: when one is banned, or has done its part, the operator goes on with another that keeps
some of its means.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from stillwatch.range.cast import DAY, Array, Cast, concatenate
from stillwatch.range.people import Setting
from stillwatch.range.specs import Campaign, Crew
from stillwatch.range.tactics import mail


@dataclass(frozen=True)
class Stage:
    """One crew as a campaign of its own."""

    spec: Campaign
    """What it does; volume and means are the crew's part of the campaign's."""
    accounts: int
    """Its accounts in this world."""
    crew: Crew | None = None
    """The crew; None where the campaign has none and this is all of it."""


def stages(spec: Campaign, n: int) -> list[Stage]:
    """The crews of a campaign of `n` accounts; a campaign without crews is one stage."""
    if not spec.crews:
        return [Stage(spec, n)]
    return [Stage(_alone(spec, crew), max(crew.at_least, round(n * crew.share)), crew) for crew in spec.crews]


def _alone(spec: Campaign, crew: Crew) -> Campaign:
    """The crew as a campaign: days are counted from its own begin."""
    pathways = [dataclasses.replace(p, late_day=p.late_day - crew.first_day) for p in spec.pathways]
    if crew.agent:
        pathways = [
            dataclasses.replace(p, agent=crew.agent, runtime=crew.runtime, system=crew.system)
            for p in pathways
        ]
    return dataclasses.replace(
        spec,
        accounts=max(1, round(spec.accounts * crew.share)),
        exchanges=round(spec.exchanges * crew.volume),
        first_day=spec.first_day + crew.first_day,
        days=crew.days,
        cards=round(spec.cards * crew.share),
        registered_days=crew.registered_days,
        pathways=tuple(pathways),
    )


def ban(stage: Stage, cast: Cast, rng: np.random.Generator) -> None:
    """Ban a share of a crew in the last days of its time."""
    if stage.crew is None or not stage.crew.banned:
        return
    gone = np.flatnonzero(rng.random(len(cast)) < stage.crew.banned)
    within = min(stage.crew.banned_days, stage.crew.days) * DAY
    when = cast.last[gone] - (rng.random(len(gone)) * within).astype(np.int64)
    cast.banned[gone] = cast.last[gone] = np.maximum(when, cast.first[gone] + 1)


def joined(spec: Campaign, casts: list[Cast], setting: Setting, rng: np.random.Generator) -> Cast:
    """All crews as one cast: one operator's words, and of the means of each crew a share that the one before
    it had.
    """
    for crew, before, after in zip(spec.crews[1:], casts, casts[1:], strict=False):
        after.group_seed[:] = before.group_seed[0]
        after.payment = handed_on(
            after.payment, _shared(after.payment, 0), _shared(before.payment, 0), crew.carries, rng
        )
        after.domain = handed_on(
            after.domain, mail.registered(after, setting), mail.registered(before, setting), crew.carries, rng
        )
        after.places = handed_on(after.places, _used(after), _used(before), crew.carries, rng)
        same = rng.random(len(after)) < crew.carries
        after.client = np.where(same, before.client[rng.integers(0, len(before), len(after))], after.client)
        if spec.pinned:
            after.other_client[:] = after.client
    return concatenate(casts) if len(casts) > 1 else casts[0]


def handed_on(values: Array, own: Array, former: Array, share: float, rng: np.random.Generator) -> Array:
    """`values` with a share of the means in `own` replaced, each wherever it stands, by one of the `former`
    means.
    """
    count = min(len(former), round(len(own) * share))
    if share > 0 and len(own) and len(former):
        count = max(1, count)
    given = dict(
        zip(rng.permutation(own)[:count].tolist(), rng.permutation(former)[:count].tolist(), strict=True)
    )
    distinct, inverse = np.unique(values, return_inverse=True)
    replaced = np.array([given.get(value, value) for value in distinct.tolist()], values.dtype)
    return np.asarray(replaced[inverse].reshape(values.shape))


def _shared(values: Array, nothing: int) -> Array:
    """Values that two accounts or more have."""
    distinct, count = np.unique(values, return_counts=True)
    return np.asarray(distinct[(count > 1) & (distinct != nothing)])


def _used(cast: Cast) -> Array:
    """Addresses that a cast uses."""
    return np.unique(cast.places[:, : int(cast.place_count.max())])
