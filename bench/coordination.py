"""What does sharing among providers bring, and what can a member that means harm do?

python bench/coordination.py [--quick] [--seed 1] [--seeds 2] [--providers 5] [--json FILE]

For each seed a world of several providers is made (bench/coordination_study/coalition.toml), which the same two
operators work. Every provider searches at the end of each day, with the values that others named a day before.
A provider sees an operator alone when it lists a group of whose accounts at least half are the operator's; with
sharing also when such a group is for review because of a report. Then a member tells the second provider lies,
floods it, and frames innocent groups; and a member that was removed tries tokens of an epoch that it knew.

Promised: no verdict and no named account changes by what others report, and old tokens match nothing. The exit
code is 1 if that is not so. --quick: one seed, three providers, a few attacks.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from coordination_study.harm import Harm, harms
from coordination_study.left import Left, left_with_keys
from coordination_study.sooner import Cost, Sight, sights, unchanged
from stillwatch.simulate.make import Order
from stillwatch.simulate.providers import make_providers

SCENARIO = Path(__file__).with_name("coordination_study") / "coalition.toml"
RESAMPLED = 10_000
HARMED = 1
"""Place of the provider that is harmed: the second, which has many accounts of both operators."""


def arguments() -> argparse.Namespace:
    """Read how much is made."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one seed, three providers, a few attacks")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--providers", type=int, default=5)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.quick:
        given.seeds, given.providers = 1, 3
    return given


def interval(values: Sequence[float], groups: Sequence[Any]) -> tuple[float, float]:
    """The 95 % interval of a mean by bootstrap over groups: what one operator does in one world hangs together."""
    names = sorted(set(groups))
    by = {name: [value for value, of in zip(values, groups, strict=True) if of == name] for name in names}
    sums = np.array([sum(by[name]) for name in names], float)
    sizes = np.array([len(by[name]) for name in names], float)
    drawn = np.random.default_rng(1).integers(0, len(names), (RESAMPLED, len(names)))
    means = sums[drawn].sum(1) / sizes[drawn].sum(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def summed(found: Sequence[Sight]) -> dict[str, Any]:
    """The figures of all providers and operators."""
    groups = [(one.seed, one.operator) for one in found]
    days = [float(one.days_earlier) for one in found]
    share = [one.exchanges_earlier / one.exchanges for one in found]
    return {
        "cells": len(found),
        "seen_alone": sum(one.alone is not None for one in found),
        "seen_shared": sum(one.shared is not None for one in found),
        "earlier": sum(one.days_earlier > 0 for one in found),
        "later": sum(one.days_earlier < 0 for one in found),
        "days_earlier": float(np.mean(days)),
        "days_earlier_interval": interval(days, groups),
        "exchanges_earlier": float(np.mean([one.exchanges_earlier for one in found])),
        "share_earlier": float(np.mean(share)),
        "share_earlier_interval": interval(share, groups),
    }


def by_size(found: Sequence[Sight]) -> dict[str, list[Sight]]:
    """The same by how many accounts the operator has at the provider."""
    bounds = (("up to 7 accounts", 0, 7), ("8 to 14", 8, 14), ("15 and more", 15, 10**9))
    return {name: [one for one in found if low <= one.accounts <= high] for name, low, high in bounds}


def show_sights(console: Console, found: Sequence[Sight]) -> None:
    """Print who saw what when."""
    table = Table(
        "seed",
        "operator",
        "provider",
        "accounts",
        "exchanges",
        "alone",
        "shared",
        "days earlier",
        "exchanges earlier",
    )
    for one in found:
        table.add_row(
            str(one.seed), one.operator, one.provider, str(one.accounts), f"{one.exchanges:,}",
            _day(one.alone), _day(one.shared), str(one.days_earlier), f"{one.exchanges_earlier:,}",
        )  # fmt: skip
    console.print(table)
    table = Table(
        "operator at the provider",
        "cells",
        "seen alone",
        "seen with sharing",
        "days earlier (95 %)",
        "of its exchanges there",
    )
    for name, rows in {"all": list(found), **by_size(found)}.items():
        if rows:
            got = summed(rows)
            low, high = got["days_earlier_interval"]
            lower, upper = got["share_earlier_interval"]
            table.add_row(
                name, str(got["cells"]), str(got["seen_alone"]), str(got["seen_shared"]),
                f"{got['days_earlier']:.2f} ({low:.2f} to {high:.2f})",
                f"{got['share_earlier']:.1%} ({lower:.1%} to {upper:.1%})",
            )  # fmt: skip
    console.print(table)


def show_harm(console: Console, costs: Sequence[Cost], harmed: Sequence[Harm], left: Left) -> None:
    """Print what it costs."""
    for cost in costs:
        console.print(
            f"seed {cost.seed}: {cost.values} values were reported; {cost.innocents} of {cost.accounts:,} innocent "
            "accounts were ever for review because of an honest report"
        )
    table = Table(
        "seed",
        "attack",
        "false before",
        "reports",
        "innocent groups for review",
        "their accounts",
        "verdicts changed",
    )
    for harm in harmed:
        table.add_row(
            str(harm.seed), harm.attack, str(harm.false_before), f"{harm.reports:,}", str(harm.groups),
            str(harm.innocents), str(harm.verdicts_changed),
        )  # fmt: skip
    console.print(table)
    console.print(left.sentence)


def _day(day: int | None) -> str:
    return "never" if day is None else str(day)


def finish(
    given: argparse.Namespace,
    found: Sequence[Sight],
    costs: Sequence[Cost],
    harmed: Sequence[Harm],
    same: Iterable[bool],
    left: Left,
) -> None:
    """Write the figures, and exit."""
    kept = all(same) and not any(harm.verdicts_changed for harm in harmed) and left.kept
    if given.json:
        rows = {name: summed(part) for name, part in {"all": list(found), **by_size(found)}.items() if part}
        document = {
            "seeds": given.seeds,
            "providers": given.providers,
            "quick": given.quick,
            "sights": [
                asdict(one) | {"days_earlier": one.days_earlier, "exchanges_earlier": one.exchanges_earlier}
                for one in found
            ],
            "summed": rows,
            "honest": [asdict(cost) for cost in costs],
            "harm": [asdict(harm) for harm in harmed],
            "left": asdict(left),
            "kept": kept,
        }
        given.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    sys.exit(0 if kept else 1)


def main() -> None:
    """Make the worlds, search them, and say what was found."""
    given = arguments()
    found: list[Sight] = []
    costs: list[Cost] = []
    harmed: list[Harm] = []
    same: list[bool] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool,
    ):
        for seed in range(given.seed, given.seed + given.seeds):
            place = Path(folder) / str(seed)
            worlds, work = place / "worlds", place / "work"
            work.mkdir(parents=True)
            make_providers(Order(str(SCENARIO), worlds, scale=1.0, seed=seed), given.providers)
            names = sorted(path.name for path in worlds.iterdir() if path.is_dir())
            harming = pool.submit(harms, seed, worlds / names[HARMED], place / "harm", quick=given.quick)
            seen, cost, told = sights(worlds, seed, pool, work)
            found += seen
            costs.append(cost)
            harmed += harming.result()
            last = seen[0].days - 1
            checks = [pool.submit(unchanged, worlds, name, last, work, told) for name in names[:2]]
            same += [check.result() for check in checks]
        left = left_with_keys()
    console = Console(highlight=False, width=140)
    show_sights(console, found)
    show_harm(console, costs, harmed, left)
    finish(given, found, costs, harmed, same, left)


if __name__ == "__main__":
    main()
