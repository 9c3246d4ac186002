"""The following weeks of a world: who goes on, who stops, and who takes their place."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from stillwatch.simulate.accounts import DAY, FLAT, FREE, HOUR, Accounts, Array, concatenate
from stillwatch.simulate.displacement.plan import Plan
from stillwatch.simulate.operators import account_waves
from stillwatch.simulate.operators.campaign import build
from stillwatch.simulate.ordinary_accounts import Setting, instruments, ordinary_accounts
from stillwatch.simulate.specs import Campaign, Pathway, Population
from stillwatch.simulate.world import COVER, World, ids_of, stream

STOPPED, SLOWED = "stopped", "slowed"
NEW = ("fresh", "bought", "moved", "probing_fresh")
MOVES_STREAM = 7
LATER = 1_000_003
"""Added to the world's seed for the days that follow, so that they are other days."""
PROBES = {"degradation_probe": 1.0}


@dataclass
class Moves:
    """What became of a world's campaigns; filled while the following world is made."""

    campaigns: dict[str, dict[str, list[str]]]
    """By campaign, the accounts that stopped, were slowed, are new, were bought, came by the other pathway,
    probe.
    """


def displaced(world: World, steps: Mapping[str, str], plan: Plan, told: Moves) -> World:
    """Return the weeks after a world. steps: STOPPED or SLOWED, by account id; others go on as before."""
    later = dataclasses.replace(world.setting, start=world.setting.end, days=plan.days)
    rng = stream(world.seed, MOVES_STREAM)
    everyone = _going_on(world.accounts, world.setting, later)
    numbers = {name: number for number, name in enumerate(world.account_ids.to_pylist())}
    step = np.zeros(len(everyone), np.int64)
    for name, done in steps.items():
        if name in numbers:
            step[numbers[name]] = 1 if done == STOPPED else 2
    before = _rows(everyone, np.arange(len(everyone)))
    parts, fates = [everyone], []
    for number, spec in enumerate(world.scenario.campaigns):
        hit = np.flatnonzero((everyone.campaign == number) & (step > 0))
        fate = _restricted(everyone, hit, step, later, plan, rng)
        if len(hit) and (count := round(plan.replaced * len(hit))):
            lost = _lost(before, hit, step, plan)
            origin = _rows(before, hit)
            fresh, more = _successors(
                _after(spec, count, lost, world.setting.days, plan), number, origin, later, plan, rng
            )
            first = sum(map(len, parts))
            fate |= {name: rows + first for name, rows in more.items()}
            parts.append(fresh)
        fates.append((spec.name, fate))
    joined = concatenate(parts)
    joined.owner = np.where(joined.owner < 0, np.arange(len(joined)), joined.owner)
    ids = ids_of(joined, world.seed)
    _tell(told, fates, ids)
    addresses, networks = later.places.tables()
    return World(
        _scenario(world, plan),
        world.scale,
        world.seed + LATER,
        later,
        joined,
        world.kinds,
        ids,
        addresses,
        networks,
        later.jobs.table(),
        world.seed + LATER,
    )


def _rows(accounts: Accounts, rows: Array) -> Accounts:
    """A copy of some of the accounts."""
    return Accounts(**{f.name: getattr(accounts, f.name)[rows] for f in fields(Accounts)})


def _tell(told: Moves, fates: list[tuple[str, dict[str, Array]]], ids: pa.Array[Any]) -> None:
    for name, fate in fates:
        told.campaigns[name] = {
            what: sorted(map(str, ids.take(pa.array(rows, pa.int64())).to_pylist()))
            for what, rows in fate.items()
        }


def _scenario(world: World, plan: Plan) -> Any:
    """The scenario, with its window moved on and the days of its campaigns counted from there."""
    window, days = world.scenario.window, world.setting.days
    moved = dataclasses.replace(window, start=window.end, end=window.end + timedelta(days=plan.days))
    campaigns = tuple(
        dataclasses.replace(spec, first_day=spec.first_day - days) for spec in world.scenario.campaigns
    )
    return dataclasses.replace(world.scenario, window=moved, campaigns=campaigns)


def _going_on(accounts: Accounts, setting: Setting, later: Setting) -> Accounts:
    """Who was active at the end goes on to the new end; so do the accounts that a campaign ended with."""
    found = _rows(accounts, np.arange(len(accounts)))
    last = accounts.last >= setting.end
    for number in np.unique(accounts.campaign[accounts.campaign >= 0]):
        inside = accounts.campaign == number
        last |= inside & (accounts.banned == 0) & (accounts.last == accounts.last[inside].max())
    found.last[last] = later.end
    found.sure[:] = -1
    return found


def _restricted(
    everyone: Accounts, hit: Array, step: Array, later: Setting, plan: Plan, rng: np.random.Generator
) -> dict[str, Array]:
    """Change the restricted accounts in place; some of them probe first."""
    probing = hit[rng.random(len(hit)) < plan.probing]
    stopped, slowed = hit[step[hit] == 1], hit[step[hit] == 2]
    everyone.last[stopped] = later.start
    everyone.barred[stopped] = later.start
    everyone.rate[slowed] *= plan.slowed
    end = later.start + round(plan.probe_hours * HOUR)
    everyone.profile[probing] = later.jobs.profile(PROBES)
    both = step[probing] == 1
    everyone.late_profile[probing[both]] = later.jobs.profile(PROBES)
    everyone.last[probing[both]] = np.minimum(end, later.end)
    everyone.rate[probing[both]] = plan.probes_a_day
    everyone.rhythm[probing[both]] = FLAT
    everyone.late_from[probing] = end
    return {STOPPED: stopped, SLOWED: slowed, "probing": probing, **dict.fromkeys(NEW, hit[:0])}


def _lost(accounts: Accounts, hit: Array, step: Array, plan: Plan) -> float:
    """Exchanges a day that the steps take away."""
    rate = accounts.rate[hit] * (5 + 2 * accounts.weekend[hit]) / 7
    active = accounts.last[hit] > accounts.first[hit]
    return float((rate * active * np.where(step[hit] == 1, 1.0, 1.0 - plan.slowed)).sum())


def _after(spec: Campaign, count: int, lost: float, days: int, plan: Plan) -> Campaign:
    """The new accounts as a campaign of their own."""
    ways: list[Pathway] = []
    client: dict[str, Any] = dict(plan.pathway)
    for way in spec.pathways:
        way = dataclasses.replace(way, late_day=way.late_day + spec.first_day - days)
        ways.append(dataclasses.replace(way, share=way.share * (1 - plan.moved)))
        if plan.moved and client:
            ways.append(dataclasses.replace(way, share=way.share * plan.moved, **client))
    return dataclasses.replace(
        spec,
        accounts=count,
        at_least=1,
        exchanges=max(1, round(plan.volume * lost * plan.days)),
        first_day=0,
        days=plan.days,
        networks=plan.networks or spec.networks,
        pathways=tuple(way for way in ways if way.share > 0),
        banned=0.0,
        account_waves=(),
        victims=(),
        frames=(),
        ramp=0.0,
        life_days=0.0,
        spread_days=0.0,
        slowest=min(spec.slowest, 1.0),
    )


def _successors(
    spec: Campaign, number: int, origin: Accounts, later: Setting, plan: Plan, rng: np.random.Generator
) -> tuple[Accounts, dict[str, Array]]:
    n = spec.accounts
    fresh = build(spec, n, number, COVER, later, rng)
    moved, client = _shows(fresh, later, plan), fresh.client.copy()
    account_waves.hand_over(spec, origin, fresh, plan.carries, later, rng)
    fresh.client[moved] = client[moved]
    fresh.kind[:] = origin.kind[0]
    bought = rng.random(n) < plan.bought
    strangers = ordinary_accounts(Population("", n, 100.0, 0.5, {"chat": 1.0}), n, later, rng)
    for name in ("domain", "shape", "phone", "created"):
        getattr(fresh, name)[bought] = getattr(strangers, name)[bought]
    fresh.payment[bought] = np.where(fresh.plan[bought] == FREE, 0, instruments(int(bought.sum()), rng))
    appears = later.start + (rng.uniform(plan.earliest_hours, plan.latest_hours, n) * HOUR).astype(np.int64)
    fresh.first[:] = np.minimum(appears, later.end - DAY // 2)
    registered = fresh.first - (rng.uniform(0.05, 1.0, n) * plan.earliest_hours * HOUR).astype(np.int64)
    fresh.created[:] = np.where(bought, np.minimum(fresh.created, later.start - DAY), registered)
    fresh.last[:] = later.end
    probing = rng.random(n) < plan.probing_fresh
    fresh.late_from[probing] = fresh.first[probing] + round(plan.probe_hours * HOUR)
    fresh.late_profile[probing] = fresh.profile[probing]
    fresh.profile[probing] = later.jobs.profile(PROBES)
    rows = np.arange(n)
    return fresh, {
        "fresh": rows,
        "bought": rows[bought],
        "moved": rows[moved],
        "probing_fresh": rows[probing],
    }


def _shows(fresh: Accounts, later: Setting, plan: Plan) -> Array:
    """Which accounts show the client of the other pathway."""
    agent = plan.pathway.get("agent")
    return np.array(
        [later.clients.builds[number].user_agent == agent for number in fresh.client.tolist()], bool
    )
