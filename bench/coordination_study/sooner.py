"""How much earlier each provider sees an operator with what others report than without.

Every provider searches at the end of each day, with what others had named at the end of the day before. A report
changes no verdict, so one search tells both: what is listed is seen alone, and what is for review beside it is
seen by sharing. `unchanged` holds that against a search without reports.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq

from coordination_study.days import Seen, Truth, days_of, groups_of, searched, until, verdicts
from coordination_study.reports import reported_of, write_reports
from stillwatch.intel.desk.own_marks import Mark

ADVERSARIAL = "adversarial"


@dataclass(frozen=True)
class Sight:
    """When one provider sees one operator."""

    seed: int
    """Seed of the worlds."""
    operator: str
    """The operator."""
    provider: str
    """The provider."""
    accounts: int
    """Accounts that the operator has there."""
    exchanges: int
    """Exchanges that it makes there."""
    begins: int
    """Its first day there; 0 is the world's first."""
    alone: int | None
    """The day at whose end the provider lists it by itself; None: not within the window."""
    shared: int | None
    """The day at whose end it lists it or has it for review; None: not within the window."""
    alone_exchanges: int
    """Exchanges made there until then, by itself; all of them where it never does."""
    shared_exchanges: int
    """The same with sharing."""
    days: int
    """Days of the window."""

    @property
    def days_earlier(self) -> int:
        """Days won; who never sees it counts as seeing it on the day after the window."""
        return _or(self.alone, self.days) - _or(self.shared, self.days)

    @property
    def exchanges_earlier(self) -> int:
        """Exchanges won."""
        return self.alone_exchanges - self.shared_exchanges


@dataclass(frozen=True)
class Day:
    """What the search of one provider's day found."""

    provider: str
    """The provider."""
    day: int
    """The day."""
    groups: tuple[Seen, ...]
    """The groups."""
    values: tuple[Mark, ...]
    """What it would tell others: values of the campaigns that it names."""
    wrong: frozenset[str]
    """Innocent accounts of groups that are for review and not listed."""


@dataclass(frozen=True)
class Cost:
    """What sharing costs where every member is honest."""

    seed: int
    """Seed of the worlds."""
    innocents: int
    """Innocent accounts that were ever in a group for review because of a report, over all providers."""
    accounts: int
    """Accounts of all providers that are innocent."""
    values: int
    """Values that were reported, over all providers and days, each once for each reporter."""


def one_day(worlds: Path, provider: str, day: int, work: Path, reports: Path | None) -> Day:
    """Search one provider's day."""
    world, aside = worlds / provider, work / f"{provider}-{day}"
    run = searched(until(world, day, aside), aside / "run", reports)
    truth, groups = Truth.of(world), tuple(groups_of(run))
    named = [one.group for one in groups if one.listed and one.verdict == ADVERSARIAL]
    raised = [one for one in groups if one.review and not one.listed]
    wrong = frozenset(a for one in raised if not one.mostly(truth) for a in one.members)
    found = tuple(reported_of(run, named)) if named else ()
    shutil.rmtree(aside)
    return Day(provider, day, groups, found, wrong - set(truth.operator))


def sights(worlds: Path, seed: int, pool: Executor, work: Path) -> tuple[list[Sight], Cost, list[Mark]]:
    """Search all providers day by day; each of them stops once it has seen every operator by itself.

    Also returns all that was reported.
    """
    names = sorted(path.name for path in worlds.iterdir() if path.is_dir())
    truths = {name: Truth.of(worlds / name) for name in names}
    length = len(days_of(worlds / names[0]))
    told: dict[str, set[Mark]] = {name: set() for name in names}
    seen: dict[tuple[str, str, bool], int] = {}
    wrong: dict[str, set[str]] = {name: set() for name in names}
    for day in range(length):
        left = [name for name in names if not _done(name, truths[name], seen)]
        given = {name: _reports(name, told, work / f"{name}-{day}.parquet") for name in left}
        calls = [partial(one_day, worlds, name, day, work, given[name]) for name in left]
        for found in [future.result() for future in [pool.submit(call) for call in calls]]:
            told[found.provider] |= set(found.values)
            wrong[found.provider] |= found.wrong
            for operator, by_itself in _seen(found, truths[found.provider]):
                seen.setdefault((found.provider, operator, by_itself), day)
    made = [
        _sight(worlds, seed, name, operator, truths[name], seen, length)
        for name in names
        for operator in sorted(set(truths[name].operator.values()))
    ]
    cost = Cost(
        seed,
        sum(map(len, wrong.values())),
        sum(len(truth.kind) - len(truth.operator) for truth in truths.values()),
        sum(map(len, told.values())),
    )
    return made, cost, sorted(set().union(*told.values()))


def unchanged(worlds: Path, provider: str, day: int, work: Path, values: Sequence[Mark]) -> bool:
    """Whether a search says the same of every group with reports and without."""
    aside = work / f"{provider}-{day}-both"
    inputs = until(worlds / provider, day, aside)
    reports = aside / "reports.parquet"
    write_reports(reports, {"another": values})
    same = verdicts(searched(inputs, aside / "run", None)) == verdicts(
        searched(inputs, aside / "run-shared", reports)
    )
    shutil.rmtree(aside)
    return same


def _reports(name: str, told: dict[str, set[Mark]], path: Path) -> Path | None:
    others = {other: sorted(values) for other, values in told.items() if other != name and values}
    if not others:
        return None
    write_reports(path, others)
    return path


def _done(name: str, truth: Truth, seen: dict[tuple[str, str, bool], int]) -> bool:
    return all((name, operator, True) in seen for operator in set(truth.operator.values()))


def _seen(found: Day, truth: Truth) -> Iterator[tuple[str, bool]]:
    """Which operators a day's search shows, and whether the provider needed nobody for it."""
    for one in found.groups:
        operator = one.mostly(truth)
        if operator and one.listed:
            yield operator, True
        if operator and (one.listed or one.review):
            yield operator, False


def _sight(
    worlds: Path,
    seed: int,
    name: str,
    operator: str,
    truth: Truth,
    seen: dict[tuple[str, str, bool], int],
    length: int,
) -> Sight:
    by_day = _made(worlds / name, {a for a, by in truth.operator.items() if by == operator})
    alone, shared = seen.get((name, operator, True)), seen.get((name, operator, False))
    return Sight(
        seed,
        operator,
        name,
        sum(1 for by in truth.operator.values() if by == operator),
        sum(by_day),
        next(day for day, made in enumerate(by_day) if made),
        alone,
        shared,
        sum(by_day[: _or(alone, length) + 1]),
        sum(by_day[: _or(shared, length) + 1]),
        length,
    )


def _made(world: Path, accounts: set[str]) -> list[int]:
    """Exchanges of some accounts on each day."""
    found = dict.fromkeys(days_of(world), 0)
    for path in sorted((world / "logs").iterdir()):
        users = pq.read_table(path, columns=["user"])["user"].to_pylist()
        found[path.name[:10]] += sum(1 for user in users if user in accounts)
    return list(found.values())


def _or(day: int | None, otherwise: int) -> int:
    return otherwise if day is None else day
