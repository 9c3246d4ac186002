"""Unforeseen changes to benign worlds, made before they are written or in the tables of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.run.layout import stored_days
from stillwatch.simulate.accounts import DAY, HOUR
from stillwatch.simulate.specs import Region, Scenario
from stillwatch.simulate.world import World

Mask = npt.NDArray[np.bool_]
LATER = {"chat": 0.2, "code": 0.4, "app": 0.3, "public": 0.1}
"""What people use the models for in the later weeks of a world that drifts."""
OPENED = Region("new-region", 0.18, 4.0, "+90", {"en": 0.7, "fr": 0.3}, carriers=3, mobiles=1)
"""The region that appears; it has few carriers."""
SHOWN = ("client", "stainless", "ja4")
"""What a new release of a client changes."""
BROUGHT = (*SHOWN, "system", "tools", "parameters")
"""What a new release of an agent also changes: its own prompt, tools and sampling."""
WORKING = ("api", "team", "business", "enterprise")
"""Plans that are used at work."""


@dataclass(frozen=True)
class Change:
    """One way in which the later part of a world differs from the earlier."""

    says: str
    """What changes, in a sentence."""
    scenario: Callable[[Scenario], Scenario] = lambda scenario: scenario
    """Changes the scenario."""
    world: Callable[[World], World] = lambda world: world
    """Changes the world before its first exchange."""
    tables: Callable[[Path, int], None] | None = None
    """Changes the exchanges of a run, by a seed; None: no change, and a world of its own is made."""


def release_day(days: int) -> int:
    """Return the day of a window, from 0, on which a new build is released.

    It is the thirteenth of four weeks, the fourth of one.
    """
    return days * 3 // 7


def holiday_days(days: int) -> range:
    """Return the days of a window on which much is closed.

    They are the third week of four, or the fourth and fifth day of one.
    """
    return range(days // 2, days // 2 + max(days // 4, 2))


def drift(world: World) -> World:
    """Let ordinary accounts and offices ask for other things from the middle of the window.

    Each changes at a time of its own within five days.
    """
    accounts, setting, rng = world.accounts, world.setting, np.random.default_rng([world.seed, 71])
    moved = np.isin(
        accounts.kind, [world.kinds.index(name) for name in ("ordinary", "office", "carrier_nat")]
    )
    middle = setting.start + setting.days * DAY // 2
    accounts.late_profile[moved] = setting.jobs.profile(LATER)
    accounts.late_from[moved] = (middle + rng.uniform(0.0, 5.0, int(moved.sum())) * DAY).astype(np.int64)
    return replace(world, profiles=setting.jobs.table())


def with_region(scenario: Scenario) -> Scenario:
    """Return the scenario with one more region."""
    return replace(scenario, regions=(*scenario.regions, OPENED))


def opened(world: World) -> World:
    """Register everyone of the last region after the middle of the window, most within two days of it.

    They are active from then on.
    """
    accounts, setting, rng = world.accounts, world.setting, np.random.default_rng([world.seed, 72])
    new = accounts.region == len(setting.places.regions) - 1
    middle = setting.start + setting.days * DAY // 2
    created = middle + np.minimum(rng.exponential(2.0, len(accounts)), setting.days / 2 - 1.0) * DAY
    accounts.created[new] = created.astype(np.int64)[new]
    accounts.first[new] = accounts.created[new]
    accounts.banned[new] = 0
    accounts.last[new] = setting.end
    left = (setting.end - accounts.first) / DAY
    accounts.sure[new] = (
        (accounts.first - setting.start) // DAY + (rng.random(len(accounts)) * left).astype(np.int64)
    )[new]
    accounts.rate[new] *= (setting.days / left)[new]
    return world


def released(columns: tuple[str, ...]) -> Callable[[Path, int], None]:
    """Let any two accounts in five switch to one new build within a day or so of its release."""

    def change(run: Path, seed: int) -> None:
        rng = np.random.default_rng([seed, 73])
        accounts = np.sort(pq.read_table(run / "accounts.parquet")["account"].to_numpy())
        start = _first_moment(run) + release_day(len(stored_days(run))) * DAY + 15 * HOUR
        when = np.where(
            rng.random(len(accounts)) < 0.4, start + rng.exponential(12.0, len(accounts)) * HOUR, np.inf
        )
        keys = {name: int(rng.integers(1, 2**62)) for name in columns}

        def day(table: pa.Table) -> pa.Table:
            row = np.searchsorted(accounts, table["account"].to_numpy())
            new = table["time"].cast(pa.int64()).to_numpy() >= when[row]
            for name, key in keys.items():
                # Accounts that never sent a system prompt or tools do not begin to; all of them show the
                # build itself.
                new_here = new & ((name in SHOWN) | table[name].is_valid().to_numpy(zero_copy_only=False))
                changed = pa.compute.if_else(
                    pa.array(new_here), pa.scalar(key, pa.int64()), table[name].combine_chunks()
                )
                table = table.set_column(
                    table.schema.get_field_index(name), table.schema.field(name), changed
                )
            return table

        _rewrite(run, day)

    return change


def holiday(run: Path, seed: int) -> None:
    """Remove three quarters of the exchanges of plans used at work, and a third of all others.

    This lasts for a quarter of the window, at least two days.
    """
    rng = np.random.default_rng([seed, 74])
    known = pq.read_table(run / "accounts.parquet", columns=["account", "plan"]).sort_by("account")
    accounts = known["account"].to_numpy()
    kept = np.where(np.isin(np.array(known["plan"].to_pylist(), object), WORKING), 0.25, 0.67)
    start, closed = _first_moment(run), holiday_days(len(stored_days(run)))

    def day(table: pa.Table) -> pa.Table:
        number = (table["time"].cast(pa.int64()).to_numpy() - start) // DAY
        share = kept[np.searchsorted(accounts, table["account"].to_numpy())]
        stays: Mask = ~np.isin(number, closed) | (rng.random(table.num_rows) < share)
        return table.filter(pa.array(stays))

    _rewrite(run, day)


CHANGES = {
    "drift": Change("in the later weeks ordinary users ask for other things", world=drift),
    "client release": Change(
        "two fifths of all accounts switch to one new client build", tables=released(SHOWN)
    ),
    "agent release": Change(
        "the same, and the build brings its own system prompt, tools and parameters", tables=released(BROUGHT)
    ),
    "holiday": Change(
        "for a quarter of the window there is little work and less of everything else", tables=holiday
    ),
    "new region": Change(
        "a region with few carriers opens, and its users register within days", with_region, opened
    ),
}
"""The changes by name."""


def _first_moment(run: Path) -> int:
    """Return the microseconds since 1970 at which the run's first day begins."""
    first = stored_days(run)[0].parent.name
    return round(datetime.strptime(first, "day=%Y-%m-%d").replace(tzinfo=UTC).timestamp() * 1_000_000)


def _rewrite(run: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    for path in stored_days(run):
        table: Any = pq.ParquetFile(path).read()
        changed = change(table).cast(table.schema)
        pq.write_table(changed.replace_schema_metadata(table.schema.metadata), path)
