"""A world: everything that is fixed before the first exchange.

The same scenario, scale and seed give the same world.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.errors import SettingError
from stillwatch.schema.keyed import mix
from stillwatch.simulate import compose, evasion
from stillwatch.simulate.accounts import DAY, Accounts, concatenate
from stillwatch.simulate.clients import Clients
from stillwatch.simulate.grammar import Grammar, shipped
from stillwatch.simulate.jobs import Jobs
from stillwatch.simulate.operators import framing
from stillwatch.simulate.operators.campaign import build, build_over
from stillwatch.simulate.ordinary_accounts import Setting
from stillwatch.simulate.places import Places
from stillwatch.simulate.specs import Campaign, Population, Scenario, kinds

PLACES_STREAM, POPULATION_STREAM, CAMPAIGN_STREAM, NAMES_STREAM = range(1, 5)
DAY_STREAM, WINDOWS_STREAM = 5, 6
COVER = {"chat": 0.5, "writing": 0.25, "code": 0.25}


@dataclass(frozen=True)
class World:
    """Accounts, and what they use."""

    scenario: Scenario
    """The scenario that it was made from."""
    scale: float
    """The factor of its sizes."""
    seed: int
    """The random seed."""
    setting: Setting
    """Networks, clients, jobs."""
    accounts: Accounts
    """Every account."""
    kinds: tuple[str, ...]
    """Names of the benign kinds by number."""
    account_ids: pa.Array[Any]
    """The provider's account ids; rows of one owner have the same."""
    addresses: pa.Array[Any]
    """Text of each address."""
    networks: npt.NDArray[np.int64]
    """Network of each address."""
    profiles: npt.NDArray[Any]
    """Job numbers of each profile."""
    shared_seed: int
    """The seed of what other providers' worlds have too: the networks, and the operators with their hours."""

    @property
    def grammar(self) -> Grammar:
        """The phrase books."""
        return self.setting.jobs.grammar


def stream(seed: int, *parts: int) -> np.random.Generator:
    """Return a random stream for each part, independent of what ran before it."""
    return np.random.default_rng(np.random.SeedSequence([seed, *parts]))


def make_world(scenario: Scenario, scale: float, seed: int, shared_seed: int | None = None) -> World:
    """Make the world of a scenario. Raises SettingError if it names what does not exist.

    Worlds with one `shared_seed` have the same networks and operators, and customers of their own.
    """
    if not scale > 0:
        raise SettingError(f"the scale must be above 0, not {scale}", do="give --scale a number such as 0.05")
    scenario = evasion.played(scenario)
    shared = seed if shared_seed is None else shared_seed
    setting = _setting(scenario, scale, shared)
    parts, groups = [], 0
    names = tuple(kinds())
    for i, spec in enumerate(scenario.populations):
        accounts = kinds()[spec.kind].build(
            spec, sized(spec, scale), setting, stream(seed, POPULATION_STREAM, i)
        )
        accounts.kind[:] = names.index(spec.kind)
        accounts.group = np.where(accounts.group > 0, accounts.group + groups, 0)
        groups = max(groups, int(accounts.group.max()))
        parts.append(accounts)
    for i, campaign in enumerate(scenario.campaigns):
        n, rng = sized(campaign, scale), stream(shared, CAMPAIGN_STREAM, i)
        if campaign.victims:
            accounts = build_over(campaign, n, i, COVER, setting, concatenate(parts), rng)
        else:
            accounts = build(campaign, n, i, COVER, setting, rng)
            framing.leave_through(campaign, accounts, concatenate(parts))
        accounts.kind[:] = len(names)
        parts.append(accounts)
    everyone = concatenate(parts)
    everyone.owner = np.where(everyone.owner < 0, np.arange(len(everyone)), everyone.owner)
    addresses, networks = setting.places.tables()
    return World(
        scenario,
        scale,
        seed,
        setting,
        everyone,
        names,
        ids_of(everyone, seed),
        addresses,
        networks,
        setting.jobs.table(),
        shared,
    )


def ids_of(accounts: Accounts, seed: int) -> pa.Array[Any]:
    """Return the provider's id of each account, which its owner's number and the world's seed give."""
    numbers = mix(accounts.owner.astype(np.uint64), np.full(len(accounts), seed * 2 + 1, np.uint64))
    return compose.hexadecimal("acct_", numbers)


def sized(spec: Population | Campaign, scale: float) -> int:
    """Return the number of accounts at a scale."""
    return max(spec.at_least, round(spec.accounts * scale))


def _setting(scenario: Scenario, scale: float, seed: int) -> Setting:
    clients = Clients()
    window = scenario.window
    return Setting(
        start=micros(window.start),
        days=window.days,
        launched=micros(window.launched),
        places=Places(scenario.regions, stream(seed, PLACES_STREAM)),
        clients=clients,
        jobs=Jobs(shipped(), clients.named),
        models=scenario.models,
        release=next(
            (i for i, m in enumerate(scenario.models) if window.start <= m.released < window.end), -1
        ),
        scale=scale,
    )


def micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return round(moment.timestamp() * 1_000_000)


def parts_of(world: World, rows_wanted: int) -> int:
    """Return into how many parts each day is cut so that one holds about `rows_wanted` exchanges."""
    accounts, setting = world.accounts, world.setting
    active = np.maximum(accounts.last - accounts.first, 0) / DAY
    expected = float((accounts.rate * active / accounts.period).sum()) / setting.days
    return max(1, round(expected / rows_wanted))
