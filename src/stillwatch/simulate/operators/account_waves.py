"""Account waves: one wave of accounts after the other.

When the accounts of one wave are banned, or have done their part, the operator goes on with others and keeps
some of the old means.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from stillwatch.simulate.accounts import DAY, Accounts, Array, concatenate
from stillwatch.simulate.operators import mail
from stillwatch.simulate.ordinary_accounts import Setting
from stillwatch.simulate.specs import AccountWave, Campaign


@dataclass(frozen=True)
class Stage:
    """One account wave as a campaign of its own."""

    spec: Campaign
    """What it does; volume and means are the wave's part of the campaign's."""
    accounts: int
    """Number of its accounts in this world."""
    account_wave: AccountWave | None = None
    """The wave; None if the campaign has no waves and this is all of it."""


def stages(spec: Campaign, n: int) -> list[Stage]:
    """Return the waves of a campaign of `n` accounts; a campaign without waves is one stage."""
    if not spec.account_waves:
        return [Stage(spec, n)]
    return [
        Stage(_alone(spec, wave), max(wave.at_least, round(n * wave.share)), wave)
        for wave in spec.account_waves
    ]


def _alone(spec: Campaign, wave: AccountWave) -> Campaign:
    """Return the wave as a campaign, with days counted from its own beginning."""
    pathways = [dataclasses.replace(p, late_day=p.late_day - wave.first_day) for p in spec.pathways]
    if wave.agent:
        pathways = [
            dataclasses.replace(p, agent=wave.agent, runtime=wave.runtime, system=wave.system)
            for p in pathways
        ]
    return dataclasses.replace(
        spec,
        accounts=max(1, round(spec.accounts * wave.share)),
        exchanges=round(spec.exchanges * wave.volume),
        first_day=spec.first_day + wave.first_day,
        days=wave.days,
        cards=round(spec.cards * wave.share),
        registered_days=wave.registered_days,
        pathways=tuple(pathways),
    )


def ban(stage: Stage, accounts: Accounts, rng: np.random.Generator) -> None:
    """Ban a share of a wave's accounts in the last days of its time."""
    if stage.account_wave is None or not stage.account_wave.banned:
        return
    gone = np.flatnonzero(rng.random(len(accounts)) < stage.account_wave.banned)
    within = min(stage.account_wave.banned_days, stage.account_wave.days) * DAY
    when = accounts.last[gone] - (rng.random(len(gone)) * within).astype(np.int64)
    accounts.banned[gone] = accounts.last[gone] = np.maximum(when, accounts.first[gone] + 1)


def joined(spec: Campaign, waves: list[Accounts], setting: Setting, rng: np.random.Generator) -> Accounts:
    """Join the accounts of all waves: one operator's words, with some means of the wave before."""
    for wave, before, after in zip(spec.account_waves[1:], waves, waves[1:], strict=False):
        hand_over(spec, before, after, wave.carries, setting, rng)
    return concatenate(waves) if len(waves) > 1 else waves[0]


def hand_over(
    spec: Campaign,
    before: Accounts,
    after: Accounts,
    carries: float,
    setting: Setting,
    rng: np.random.Generator,
) -> None:
    """Give accounts the words of those before them, and a share of their cards, domains, addresses and
    clients.
    """
    after.group_seed[:] = before.group_seed[0]
    after.payment = handed_on(
        after.payment, _shared(after.payment, 0), _shared(before.payment, 0), carries, rng
    )
    after.domain = handed_on(
        after.domain, mail.registered(after, setting), mail.registered(before, setting), carries, rng
    )
    after.places = handed_on(after.places, _used(after), _used(before), carries, rng)
    same = rng.random(len(after)) < carries
    after.client = np.where(same, before.client[rng.integers(0, len(before), len(after))], after.client)
    if spec.pinned:
        after.other_client[:] = after.client


def handed_on(values: Array, own: Array, former: Array, share: float, rng: np.random.Generator) -> Array:
    """Replace a share of the means in `own`, wherever they are in `values`, by some of the `former` means."""
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
    """Return values that two accounts or more have."""
    distinct, count = np.unique(values, return_counts=True)
    return np.asarray(distinct[(count > 1) & (distinct != nothing)])


def _used(accounts: Accounts) -> Array:
    """Return the addresses that the accounts use."""
    return np.unique(accounts.places[:, : int(accounts.place_count.max())])
