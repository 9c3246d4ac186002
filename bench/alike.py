"""What the tests of sets that content formed promise, and what they find.

python bench/alike.py [--quick] [--seed 1] [--json FILE]

Sets of accounts with one template draw their prompts from lists as strangers do (each case below), or have a
list dealt out. Conversations go from account to account at random, or within a pool. Intervals are at 99 %.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from rich.console import Console

from stillwatch.heldout.coverage import coverage_log_e
from study.promises import Line, mean, rate, shown

Ints = npt.NDArray[np.int64]
Rows = list[Ints]
Draw = Callable[[np.random.Generator, int, Ints], Rows]
LISTED = 20.0
"""The least e-value that any set can be listed with."""
LIST = 600
"""Prompts in a list."""


def uniform(rng: np.random.Generator, prompts: int, sizes: Ints) -> Rows:
    """Each account draws from the whole list, every prompt alike."""
    return [np.unique(rng.integers(0, prompts, size)) for size in sizes]


def popular(rng: np.random.Generator, prompts: int, sizes: Ints) -> Rows:
    """Each account draws from the list, a few prompts far more often than others."""
    p = 1.0 / np.arange(1, prompts + 1)
    return [np.unique(rng.choice(prompts, size, p=p / p.sum())) for size in sizes]


def own_data(rng: np.random.Generator, prompts: int, sizes: Ints) -> Rows:
    """Each account has prompts of its own, and a few of a common list."""
    start = prompts + np.cumsum(sizes)
    return [
        np.unique(np.concatenate([rng.integers(0, prompts, size // 10), np.arange(last - size, last)]))
        for size, last in zip(sizes, start, strict=True)
    ]


def from_the_start(rng: np.random.Generator, prompts: int, sizes: Ints) -> Rows:
    """Each account goes through the file from its beginning, and stops somewhere."""
    return [np.arange(min(size, prompts)) for size in sizes]


def windows(rng: np.random.Generator, prompts: int, sizes: Ints) -> Rows:
    """Each account goes through the file from a place of its own."""
    starts = rng.integers(0, prompts, len(sizes))
    return [np.arange(start, min(start + size, prompts)) for start, size in zip(starts, sizes, strict=True)]


def shards(rng: np.random.Generator, prompts: int, sizes: Ints) -> Rows:
    """The list comes in eight files; each account takes one of them, as it happens."""
    parts = np.array_split(np.arange(prompts), 8)
    return [parts[rng.integers(8)] for _ in sizes]


def subjects(rng: np.random.Generator, prompts: int, sizes: Ints) -> Rows:
    """Each account has a subject, and draws from the prompts on it."""
    part = prompts // 6
    return [np.unique(rng.integers(0, part, size)) + part * rng.integers(6) for size in sizes]


def news(rng: np.random.Generator, prompts: int, sizes: Ints) -> Rows:
    """Every day has prompts of its own; each account is there on some days, more of them later on."""
    part = prompts // 12
    days = [np.unique(rng.choice(12, rng.integers(1, 5), p=np.arange(1, 13) / 78)) for _ in sizes]
    return [
        np.unique(
            np.concatenate([rng.integers(0, part, max(size // len(mine), 1)) + part * day for day in mine])
        )
        for size, mine in zip(sizes, days, strict=True)
    ]


def exercise(rng: np.random.Generator, prompts: int, sizes: Ints) -> Rows:
    """A class: each pupil does nearly all of twenty tasks."""
    return [np.flatnonzero(rng.random(20) < 0.9) for _ in sizes]


def two_of_one(rng: np.random.Generator, prompts: int, sizes: Ints) -> Rows:
    """Every person has two accounts, and asks half of its own prompts under both."""
    rows: Rows = []
    for number, size in enumerate(sizes):
        first = (number // 2) * prompts
        rows.append(first + np.unique(np.append(np.arange(size // 2), rng.integers(0, prompts, size // 2))))
    return rows


STRANGERS: dict[str, Draw] = {
    "one list": uniform,
    "popular prompts": popular,
    "data of their own": own_data,
    "a file from its start": from_the_start,
    "a file from anywhere": windows,
    "one of eight files": shards,
    "a subject each": subjects,
    "news of the day": news,
    "a class": exercise,
    "two accounts each": two_of_one,
}
"""Ways in which accounts that know nothing of each other ask with one template."""


def dealt(rng: np.random.Generator, prompts: int, accounts: int, times: int, slips: float) -> Rows:
    """A list that is dealt out `times` times, each prompt to other accounts; a share of requests is drawn."""
    hands = np.concatenate(
        [rng.permutation(accounts * -(-prompts // accounts))[:prompts] % accounts for _ in range(times)]
    )
    prompt = np.tile(np.arange(prompts), times)
    drawn = rng.random(len(prompt)) < slips
    prompt[drawn] = rng.integers(0, prompts, int(drawn.sum()))
    return [np.unique(prompt[hands == account]) for account in range(accounts)]


def _sizes(rng: np.random.Generator, accounts: int, typical: int) -> Ints:
    return np.maximum(rng.lognormal(np.log(typical), 0.8, accounts), 3).astype(np.int64)


def _log_e(rows: Rows, known: Ints) -> float:
    names, number = np.unique(np.concatenate([*rows, known]), return_inverse=True)
    ends = np.cumsum([len(row) for row in rows])
    parts = np.split(number, ends)
    return coverage_log_e(parts[:-1], parts[-1], len(names))


def _known(outsiders: Rows) -> Ints:
    """What two outsiders or more ask."""
    names, counts = np.unique(np.concatenate([np.zeros(0, np.int64), *outsiders]), return_counts=True)
    return np.asarray(names[counts > 1], np.int64)


def errors(rng: np.random.Generator, worlds: int) -> list[Line]:
    """Strangers: the mean e-value is at most one, and few are large."""
    lines: list[Line] = []
    for name, draw in STRANGERS.items():
        for accounts in (12, 60):
            for outsiders in (0, 40):
                values = []
                for _ in range(worlds):
                    typical = int(rng.choice((20, 120)))
                    rows = draw(rng, LIST, _sizes(rng, accounts + outsiders, typical))
                    own = [rows[place] for place in rng.permutation(len(rows))]
                    values.append(np.exp(_log_e(own[:accounts], _known(own[accounts:]))))
                e = np.array(values)
                case = f"{accounts} with {name}, {outsiders} outsiders"
                lines.append(mean("mean e-value, dealt", case, 1.0, e))
                lines.append(
                    rate(
                        f"e-value of {LISTED:g} or more, dealt",
                        case,
                        1 / LISTED,
                        int((e >= LISTED).sum()),
                        len(e),
                    )
                )
    return lines


def power(rng: np.random.Generator, worlds: int) -> Console:
    """A list dealt out: how often the set's e-value reaches LISTED and 1,000."""
    out = Console(width=110)
    for outsiders in (0, 40):
        for times in (1, 2, 4):
            for accounts in (12, 30, 100):
                for slips in (0.0, 0.2):
                    e = []
                    for _ in range(worlds):
                        rows = dealt(rng, LIST, accounts, times, slips)
                        # The test half holds half of what an account asks.
                        rows = [row[rng.random(len(row)) < 0.5] for row in rows]
                        known = _known(uniform(rng, LIST, _sizes(rng, outsiders, 60)))
                        e.append(_log_e([row for row in rows if len(row)], known))
                    found = np.array(e)
                    out.print(
                        f"{accounts} accounts, {times} times, {slips:.0%} drawn, {outsiders} outsiders: {(found >= np.log(LISTED)).mean():.2f} reach {LISTED:g}, {(found >= np.log(1000)).mean():.2f} 1,000, median {np.median(found):.1f} nats"
                    )
    return out


if __name__ == "__main__":
    rng = np.random.default_rng(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    n = int(sys.argv[1])
    power(rng, max(n // 5, 5))
    Console(width=140).print(shown(errors(rng, n)))
