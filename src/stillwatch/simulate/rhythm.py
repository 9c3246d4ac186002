"""When exchanges happen: how many per day, in which quarter hour, in which runs."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import BALANCED, DAY, MINUTE, SHORT_LESSON, Array
from stillwatch.simulate.plan_limits import stated
from stillwatch.simulate.world import WINDOWS_STREAM, World, stream

QUARTER = DAY // 96
STEPS = 2048
LONGEST_RUN = 40
EVENT_QUARTERS = 56
"""Duration of an event: fourteen hours."""
LAST_RUN = 10 * MINUTE
"""Longest run in a short lesson: runs begin in its first quarter of an hour, and it lasts 25 minutes."""


def _table(shape: Array) -> Array:
    """Return quarter hours of a profile as a table for uniform draws."""
    edges = np.cumsum(shape)
    return np.asarray(np.searchsorted(edges / edges[-1], (np.arange(STEPS) + 0.5) / STEPS))


def _bump(peak: float, width: float, floor: float) -> Array:
    hours = np.arange(96) / 4
    apart = np.minimum(np.abs(hours - peak), 24 - np.abs(hours - peak))
    return np.asarray(floor + np.exp(-0.5 * (apart / width) ** 2))


LOCAL = np.stack(
    [
        _table(_bump(20, 2.5, 0.05) + 0.7 * _bump(13, 3, 0.0)),
        _table(_bump(10.5, 1.6, 0.01) + _bump(15, 1.8, 0.0)),
        _table(np.ones(96)),
        _table(_bump(2, 1.5, 0.01)),
        _table(np.where(np.arange(96) < 4, 1.0, 0.0)),
        _table(np.ones(96)),
        _table(_bump(11, 1.8, 0.02) + _bump(16, 2.2, 0.0)),
        _table(np.where(np.arange(96) < EVENT_QUARTERS, 1.0, 0.0)),
        _table(np.where(np.arange(96) < 1, 1.0, 0.0)),
    ]
)
"""Local quarter hours of each rhythm; lessons and an event start at their shift.

The rhythms are HOME, OFFICE, FLAT, NIGHTLY, LESSON, BALANCED, WORKDAY, EVENT and SHORT_LESSON.
"""


def exchanges_on(world: World, day: int, account: Array, rng: np.random.Generator) -> Array:
    """Draw how many exchanges each account makes on a day of the window."""
    accounts = world.accounts
    start = world.setting.start + day * DAY
    share = (
        np.minimum(accounts.last[account], start + DAY) - np.maximum(accounts.first[account], start)
    ) / DAY
    weekend = (start // DAY + 3) % 7 >= 5
    mean = accounts.rate[account] * np.clip(share, 0, 1) * (accounts.weekend[account] if weekend else 1.0)
    mean *= _grown(accounts.ramp[account], accounts.first[account], accounts.last[account], start + DAY // 2)
    burst = accounts.burst[account]
    uneven = burst > 0
    mean[uneven] *= rng.gamma(burst[uneven], 1 / burst[uneven])
    count = np.where(
        accounts.even[account], np.floor(mean + rng.random(len(account))), rng.poisson(mean)
    ).astype(np.int64)
    count += accounts.sure[account] == day
    limit = stated(world.scenario.window, accounts.plan[account])
    return np.asarray(np.where(limit > 0, np.minimum(count, limit), count))


def _grown(ramp: Array, first: Array, last: Array, now: int) -> Array:
    """Return the factor of the mean rate at a moment of each account's time: linear, 1 on average."""
    return np.asarray(
        1.0 + ramp * np.clip(2.0 * (now - first) / np.maximum(last - first, 1) - 1.0, -1.0, 1.0)
    )


def active_on(world: World, day: int) -> Array:
    """Return accounts that may be active on a day of the window."""
    accounts = world.accounts
    start = world.setting.start + day * DAY
    return np.flatnonzero(
        (accounts.first < start + DAY)
        & (accounts.last > start)
        & ((day - accounts.phase) % accounts.period == 0)
    )


def starts_of_runs(account: Array, position: Array, stay: Array, rng: np.random.Generator) -> Array:
    """Return which rows begin a run; rows of one account are consecutive, and `position` counts them."""
    return np.asarray((position % LONGEST_RUN == 0) | (rng.random(len(account)) >= stay))


def times_of(
    world: World, day: int, account: Array, position: Array, begins: Array, rng: np.random.Generator
) -> Array:
    """Return microseconds since 1970 of each row; the rows of a run follow each other from its beginning."""
    accounts = world.accounts
    start = world.setting.start + day * DAY
    rhythm = accounts.rhythm[account]
    quarter = (LOCAL[rhythm, rng.integers(0, STEPS, len(account))] + accounts.shift[account]) % 96
    times = start + quarter * QUARTER + rng.integers(0, QUARTER, len(account))
    balanced = np.flatnonzero(rhythm == BALANCED)
    if len(balanced):
        times[balanced] = _windows(world, day, account[balanced], position[balanced], rng)
    run = np.cumsum(begins) - 1
    gaps = np.where(begins, 0, rng.exponential(1.0, len(account)) * accounts.gap[account] * 1e6).astype(
        np.int64
    )
    elapsed = np.cumsum(gaps)
    first_row = np.flatnonzero(begins)
    since = elapsed - elapsed[first_row][run]
    times = times[first_row][run] + np.where(rhythm == SHORT_LESSON, _hurried(since, first_row, run), since)
    return _kept_within(times, accounts.first[account], accounts.last[account], rng)


def _hurried(since: Array, first_row: Array, run: Array) -> Array:
    """Return microseconds since the beginning of each row's run, with long runs sped up to LAST_RUN."""
    if not len(since):
        return since
    length = np.maximum.reduceat(since, first_row)
    return (since * np.minimum(1.0, LAST_RUN / np.maximum(length, 1))[run]).astype(np.int64)


def _windows(world: World, day: int, account: Array, position: Array, rng: np.random.Generator) -> Array:
    """Return a balancer's short windows, the same for all accounts of its campaign.

    Work is dealt to one window after the other.
    """
    start = world.setting.start + day * DAY
    times = np.zeros(len(account), np.int64)
    campaign = world.accounts.campaign[account]
    for c in np.unique(campaign):
        count = world.scenario.campaigns[c].windows
        plan = stream(world.shared_seed, WINDOWS_STREAM, int(c), day)
        opens = np.sort(plan.integers(0, 24 * 60 - 10, count))
        length = plan.integers(3, 9, count)
        inside = np.flatnonzero(campaign == c)
        chosen = (position[inside] + account[inside]) % count
        times[inside] = (
            start
            + opens[chosen] * MINUTE
            + (rng.random(len(inside)) * length[chosen] * MINUTE).astype(np.int64)
        )
    return times


def _kept_within(times: Array, first: Array, last: Array, rng: np.random.Generator) -> Array:
    """Move rows outside an account's life just inside it."""
    nudge = (rng.random(len(times)) * 30 * MINUTE).astype(np.int64)
    times = np.where(times < first, first + nudge, times)
    return np.where(times >= last, np.maximum(first, last - 1 - nudge), times)
