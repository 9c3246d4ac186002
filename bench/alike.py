"""What the tests of sets that content formed promise, and what they find.

python bench/alike.py [--quick] [--seed 1] [--json FILE]

Sets of accounts with one template draw their prompts from lists as strangers do (each case below), or have a
list dealt out. Conversations go from account to account at random, or within a pool. Intervals are at 99 %.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from itertools import product

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from stillwatch.engine import DuckDBEngine
from stillwatch.heldout.coverage import coverage_log_e
from stillwatch.heldout.passing_on import passing_on
from stillwatch.linkage.alike import alike_sets
from stillwatch.schema.table import schema_of
from stillwatch.settings import EngineSettings, LinkageSettings
from study.promises import Line, exact, finish, mean, options, rate, shown

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


def power(rng: np.random.Generator, worlds: int) -> Table:
    """A list dealt out: how often a set's e-value reaches LISTED and a thousand."""
    table = Table("accounts", "dealt", "requests drawn", "outsiders", f"{LISTED:g}", "95 %", "1,000", "nats")
    for outsiders, times, accounts, slips in product((0, 40), (1, 2, 4), (12, 30, 100), (0.0, 0.2)):
        found = []
        for _ in range(worlds):
            # The test half holds half of what an account asks.
            rows = [row[rng.random(len(row)) < 0.5] for row in dealt(rng, LIST, accounts, times, slips)]
            known = _known(uniform(rng, LIST, _sizes(rng, outsiders, 60)))
            found.append(_log_e([row for row in rows if len(row)], known))
        e = np.array(found)
        hits = int((e >= np.log(LISTED)).sum())
        low, high = exact(hits, worlds)
        table.add_row(
            str(accounts),
            f"{times} times",
            f"{slips:.0%}",
            str(outsiders),
            f"{hits / worlds:.2f}",
            f"{low:.2f} to {high:.2f}",
            f"{(e >= np.log(1000)).mean():.2f}",
            f"{np.median(e):.1f}",
        )
    return table


def passes(rng: np.random.Generator, pool: int, strangers: int) -> pa.Table:
    """Exchanges of 400 accounts of four clients, of which pairs hand conversations on.

    Strangers hand on so many, at random, within a client, the busier the more often; where they do so much,
    chains of them form sets. The last `pool` accounts hand ten each on to each other.
    """
    accounts, parts = 400, 56
    weight = rng.lognormal(0.0, 1.0, accounts)
    rows: list[tuple[int, int, int | None, int | None]] = []
    for number in range(strangers + 10 * pool):
        part = int(rng.integers(parts))
        inside = number >= strangers
        giver = int(rng.choice(accounts, p=weight / weight.sum()))
        giver = int(rng.integers(accounts - pool, accounts)) if inside else giver
        fit = np.arange(accounts - pool, accounts) if inside else np.arange(giver % 4, accounts, 4)
        fit = fit[fit != giver]
        taker = int(rng.choice(fit, p=weight[fit] / weight[fit].sum()))
        rows += [(giver, part, None, 2 * number + 1), (taker, part, 2 * number + 1, 2 * number + 2)]
    for account in range(accounts):
        turns = int(np.ceil(3 * weight[account]))
        rows += [(account, int(rng.integers(parts)), -1 - account, None) for _ in range(turns)]
    table = pa.Table.from_pylist(
        [dict(zip(("account", "part", "continues", "leaves"), row, strict=True)) for row in rows],
        schema=schema_of(account=pa.int64(), part=pa.int64(), continues=pa.int64(), leaves=pa.int64()),
    )
    table = table.append_column("request", pa.array(rng.integers(-(2**62), 2**62, len(rows))))
    for name in ("prompt", "head", "tail", "system", "tools"):
        table = table.append_column(name, pa.nulls(len(rows), pa.int64()))
    for name in ("signatures", "signed"):
        table = table.append_column(name, pa.nulls(len(rows), pa.list_(pa.int64())))
    return table


def conversations(engine: DuckDBEngine, rng: np.random.Generator, worlds: int) -> list[Line]:
    """Sets that form among strangers who hand conversations on, and a pool beside them."""
    nobody = np.zeros(0, np.int64)
    owners = engine.load("owners", pa.table({"account": nobody, "owner": nobody}))
    strata = engine.load(
        "strata", pa.table({"account": np.arange(400), "client": pa.array(np.arange(400) % 4, pa.int64())})
    )
    lines = []
    for pool, handed in ((0, 500), (0, 2_000), (16, 10), (30, 10), (30, 100)):
        strangers: list[float] = []
        hits = large = 0
        for _ in range(worlds):
            exchanges = engine.load("exchanges", passes(rng, pool, handed))
            sets = alike_sets(engine, exchanges, owners, nobody, 1, LinkageSettings())
            tested = passing_on(engine, exchanges, sets.handed, sets.halves, strata, sets.members)
            group, account = (sets.members.column(name).to_numpy() for name in ("group", "account"))
            pooled = {int(name) for name in np.unique(group[account >= 400 - pool])}
            others = [float(np.exp(one.log_e)) for name, one in tested.items() if name not in pooled]
            strangers += others
            large += any(e >= LISTED for e in others)
            hits += any(tested[name].log_e >= np.log(LISTED) for name in pooled)
        case = f"{handed} of 400 strangers" + (f", a pool of {pool}" if pool else "")
        told = f"{hits} of {worlds} pools reach {LISTED:g}" if pool else ""
        if strangers:
            lines.append(mean("mean e-value, conversations", case, 1.0, np.array(strangers)))
        what = f"worlds with a set of strangers of {LISTED:g} or more"
        lines.append(rate(what, case, 1 / LISTED, large, worlds, told))
    return lines


START = time.perf_counter()


def progress(step: str) -> None:
    """Print what has been done, on stderr."""
    print(f"{time.perf_counter() - START:6.1f} s  {step}", file=sys.stderr)


def main() -> None:
    """Run and print; the exit code is 1 if a promise is not kept."""
    given = options(__doc__, "fewer draws, about a minute")
    print(f"seed {given.seed}, {'quick' if given.quick else 'full'}")
    rng = np.random.default_rng(given.seed)
    lines = errors(rng, 20 if given.quick else 300)
    progress("strangers' prompts")
    table = power(rng, 5 if given.quick else 60)
    progress("lists that are dealt out")
    with DuckDBEngine(EngineSettings(memory="1GB", threads=1)) as engine:
        lines += conversations(engine, rng, 5 if given.quick else 60)
    progress("conversations")
    out = Console(width=150)
    out.print(shown(lines))
    out.print(table)
    finish(lines, given)


if __name__ == "__main__":
    main()
