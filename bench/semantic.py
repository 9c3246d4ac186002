"""Does the test of the prompts' meaning keep its promise, and does it find what shared keys no longer show?

python bench/semantic.py [--quick] [--seed 1] [--json FILE]

Worlds are those of made_worlds/semantic_world.py: accounts in cells that differ in topics, lengths and
volumes; prompts are hashes of words. Null groups are drawn at random within cells. Planted groups send
requests made with a template, and the rest of their traffic is cover. The requests are word for word,
paraphrased at two levels (one word in ten swapped in each request; three in ten, and put into another order),
rewritten (seven in ten), or only prompts of their own. `keys` is what the test of shared keys finds in the
same traffic if the template's sampled shingles are the only content keys. Intervals are exact (Clopper and
Pearson 1934) at 99 %; a promise is kept if the interval is not above it. The cost is that of the one grouped
query, in pure scans of the columns that the search reads; its interval is the span of three runs.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from made_worlds import semantic_world as sw
from made_worlds import sketched_world
from stillwatch.engine import DuckDBEngine
from stillwatch.heldout.content import HeldOut, held_out_evidence
from stillwatch.heldout.error_control import e_bh
from stillwatch.heldout.semantic_vectors import account_semantic_vectors
from stillwatch.run.layout import stored_days
from stillwatch.settings import EngineSettings
from study.promises import exact, finish, options
from study.scan import scan

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
CONFIDENCE = 0.99
COVERS = (0.0, 0.5, 0.8)
LEVELS = (*sw.LEVELS, "own prompts")
LISTED = float(np.log(20 * 50))
"""Log of the e-value that lists one campaign among fifty groups at a false discovery rate of 5 %."""
START = time.perf_counter()


@dataclass(frozen=True)
class Line:
    """One rate or mean with its interval."""

    what: str
    """What is measured."""
    case: str
    """Sizes and settings."""
    seen: float
    """What it was."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end."""
    runs: int
    """Number of draws."""
    promised: float | None = None
    """Its promised maximum; None if nothing is promised."""
    more: str = ""
    """What else was seen."""

    @property
    def kept(self) -> bool:
        """Whether the promise holds."""
        return self.promised is None or self.low <= self.promised


def rate(what: str, case: str, hits: int, runs: int, promised: float | None = None, more: str = "") -> Line:
    """Return a share of runs with its exact interval."""
    low, high = exact(hits, runs, CONFIDENCE)
    return Line(what, case, hits / runs, low, high, runs, promised, more)


def mean(what: str, case: str, values: Floats, promised: float | None = None, more: str = "") -> Line:
    """Return a mean with its normal interval."""
    reach = float(2.576 * values.std() / np.sqrt(len(values)))
    seen = float(values.mean())
    return Line(what, case, seen, seen - reach, seen + reach, len(values), promised, more)


def progress(step: str) -> None:
    """Print what has been done, on stderr."""
    print(f"{time.perf_counter() - START:6.1f} s  {step}", file=sys.stderr)


def judged(
    engine: DuckDBEngine,
    made: sw.World,
    groups: list[Ints],
    shingles: tuple[Ints, Ints] | None = None,
    *,
    sketched: bool = True,
) -> HeldOut:
    """Run the groups' held-out tests as the pipeline does.

    shingles: (account, key) of content keys, none by default.
    """
    region = pa.array([f"r{number}" for number in made.cell // 8])
    cells = {"cell": made.cell, "client": made.cell, "stratum": made.cell // 4, "region": region}
    strata = engine.load("strata", pa.table({"account": np.arange(len(made.cell)), **cells}))
    account, key = shingles or (np.zeros(0, np.int64), np.zeros(0, np.int64))
    facet = pa.array(["shingle"] * len(account), pa.string())
    held = engine.load(
        "held", pa.table({"account": account, "key": key, "facet": facet, "cell": made.cell[account]})
    )
    exchanges = engine.load("exchanges", pa.table({"account": made.account, "semantic": made.semantic}))
    number = np.repeat(np.arange(1, len(groups) + 1), [len(group) for group in groups])
    members = pa.table({"group": pa.array(number, pa.int32()), "account": np.concatenate(groups)})
    return held_out_evidence(engine, held, strata, members, exchanges if sketched else None, None)


def drawn_group(rng: np.random.Generator, made: sw.World, size: int, cells: int = 6) -> Ints:
    """Draw accounts at random within a few cells, at most half of each."""
    counts = np.bincount(made.cell)
    while not (counts >= 2 * np.ceil(size / cells)).any():
        cells += 1
    fit = np.flatnonzero(counts >= 2 * np.ceil(size / cells))
    chosen = rng.choice(fit, min(cells, len(fit), size), replace=False)
    share = -(-size // len(chosen))
    drawn = [
        rng.choice(np.flatnonzero(made.cell == one), min(share, counts[one] // 2), replace=False)
        for one in chosen
    ]
    return np.sort(np.concatenate(drawn)[:size])


def null(engine: DuckDBEngine, rng: np.random.Generator, worlds: int, accounts: int, each: int) -> list[Line]:
    """Measure e-values and p-values of null groups, and e-BH over those of a world."""
    logs: dict[int, list[float]] = {8: [], 40: [], 200: []}
    small: list[float] = []
    nats: list[float] = []
    listed = 0
    for place in range(worlds):
        made = sw.world(rng, accounts, int(rng.choice([4, 16, 48])))
        sizes = rng.choice(list(logs), each)
        found = judged(
            engine, made, [drawn_group(rng, made, int(size), int(rng.integers(1, 9))) for size in sizes]
        )
        here = [found.semantic.log_e[number] for number in range(1, each + 1)]
        for size, value in zip(sizes, here, strict=True):
            logs[int(size)].append(value)
        listed += int(e_bh(np.array(here), 0.05).any())
        small += [float((fit.p_value <= 0.05).mean()) for fit in found.semantic.fits.values()]
        nats += [
            float(found.semantic.of(group, fit.account).mean()) for group, fit in found.semantic.fits.items()
        ]
        progress(f"null groups, world {place + 1} of {worlds}")
    lines = []
    for size, values in logs.items():
        e = np.exp(np.array(values))
        lines.append(mean("mean e-value", f"null, {size} accounts", e, 1.0))
        lines.append(
            rate("e-value of 20 or more", f"null, {size} accounts", int((e >= 20).sum()), len(e), 0.05)
        )
    lines.append(rate("worlds with a false one", f"e-BH at 5 %, {each} null groups", listed, worlds, 0.05))
    lines.append(mean("account p-values up to 0.05", "null, all sizes", np.array(small), 0.05))
    lines.append(mean("nats for an account", "null, all sizes", np.array(nats)))
    return lines


@dataclass(frozen=True)
class Planted:
    """A world with one campaign in it."""

    world: sw.World
    """The world."""
    group: Ints
    """The campaign's accounts."""
    shingles: tuple[Ints, Ints]
    """(account, key) of the template's sampled shingles that its requests still hold."""


def plant(rng: np.random.Generator, made: sw.World, group: Ints, level: str, cover: float) -> Planted:
    """Replace the group's prompts, except the cover share, by requests made with a new template.

    Accounts keep their volumes.
    """
    mine = np.flatnonzero(np.isin(made.account, group))
    sent = mine[rng.random(len(mine)) >= cover] if level in sw.LEVELS else mine[:0]
    meaning = made.semantic.copy()
    pairs = np.zeros((0, 2), np.int64)
    if len(sent):
        frame = sw.new_frame(rng)
        words, meaning[sent] = sw.templated(
            rng, frame, sw.drawn_topics(rng, made.topics, made.account[sent]), level
        )
        places, keys = np.nonzero(sw.shingles_left(frame, words))
        pairs = np.unique(np.stack([made.account[sent[places]], keys + 1], axis=1), axis=0)
    return Planted(sw.World(made.cell, made.account, meaning, made.topics), group, (pairs[:, 0], pairs[:, 1]))


def power(
    engine: DuckDBEngine, rng: np.random.Generator, sizes: tuple[int, ...], accounts: int, runs: int
) -> Iterator[Line]:
    """Measure what is found of planted campaigns, with `keys` for comparison."""
    worlds = [sw.world(rng, accounts, 16) for _ in range(2)]
    for size, level in itertools.product(sizes, LEVELS):
        for cover in COVERS if level in sw.LEVELS else (0.0,):
            logs: dict[str, list[float]] = {"semantic": [], "keys": [], "both": []}
            shares: list[list[float]] = []
            for run in range(runs):
                made = worlds[run % len(worlds)]
                planted = plant(rng, made, drawn_group(rng, made, size), level, cover)
                found = judged(engine, planted.world, [planted.group], planted.shingles)
                fit = found.semantic.fits[1]
                without = judged(engine, planted.world, [planted.group], planted.shingles, sketched=False)
                for name, log_e in (
                    ("semantic", found.semantic.log_e[1]),
                    ("keys", without.log_e.get(1, -np.inf)),
                    ("both", found.log_e[1]),
                ):
                    logs[name].append(log_e)
                alone = [float((one.semantic.fits[1].p_value <= 0.05).mean()) for one in (found, without)]
                shares.append(
                    [*alone, float((found.semantic.of(1, fit.account) >= 2.0).mean()), found.carried[1]]
                )
            case = f"{size} accounts, {level}" + (f", cover {cover:.0%}" if level in sw.LEVELS else "")
            listed, by_keys, by_both = (
                int((np.array(logs[name]) >= LISTED).sum()) for name in ("semantic", "keys", "both")
            )
            medians = [float(np.median(logs[name])) for name in ("semantic", "keys")]
            found_alone, keys_alone, two_nats, carried = np.mean(shares, axis=0)
            more = (
                f"by keys {by_keys}/{runs}, both {by_both}/{runs}; median log e {medians[0]:.1f} (keys "
                f"{medians[1]:.1f}); "
                f"accounts p ≤ 0.05: {found_alone:.0%} (keys {keys_alone:.0%}), 2 nats of meaning: "
                f"{two_nats:.0%}, a shared key: {carried:.0%}"
            )
            yield rate(
                "listed among fifty", case, listed, runs, 0.05 if level == "own prompts" else None, more
            )
        progress(f"{size} accounts, {level}")


def cost(exchanges: int, accounts: int) -> list[Line]:
    """Measure the grouped query, for all accounts and a tenth of them, as multiples of the pure scan.

    The scan is timed before and after.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        sketched_world.make(run, exchanges, accounts)
        scan(run)
        scans = [scan(run) for _ in range(3)]
        with DuckDBEngine(EngineSettings(memory="3GB"), run) as engine:
            table = engine.read("exchanges", stored_days(run))
            everyone = (
                engine.collect(table.select("account").distinct().order_by("account"))
                .column("account")
                .to_numpy()
            )
            seconds: dict[str, list[float]] = {"all accounts": [], "a tenth of the accounts": []}
            for who, chosen in [("all accounts", None), ("a tenth of the accounts", everyone[::10])] * 3:
                start = time.perf_counter()
                account_semantic_vectors(engine, table, chosen)
                seconds[who].append(time.perf_counter() - start)
        scans += [scan(run) for _ in range(3)]
    unit = float(np.median(scans))
    more = f"scan {unit:.2f} s, from {min(scans):.2f} to {max(scans):.2f}"
    return [
        Line(
            "units of the scan",
            f"{exchanges:,} exchanges, {who}",
            float(np.median(own)) / unit,
            min(own) / unit,
            max(own) / unit,
            3,
            None,
            more,
        )
        for who, own in seconds.items()
    ]


def shown(lines: list[Line]) -> Table:
    """Show the lines as a table."""
    table = Table("what", "case", "promised", "seen", "99 % interval", "draws", "kept", "more")
    for line in lines:
        promised = f"{line.promised:g}" if line.promised is not None else ""
        kept = "" if line.promised is None else "yes" if line.kept else "NO"
        table.add_row(
            line.what,
            line.case,
            promised,
            f"{line.seen:.3g}",
            f"{line.low:.3g} to {line.high:.3g}",
            f"{line.runs:,}",
            kept,
            line.more,
        )
    return table


def main() -> None:
    """Run and print; the exit code is 1 if a promise is not kept."""
    given = options(__doc__, "fewer and smaller, a minute or two")
    print(f"seed {given.seed}, {'quick' if given.quick else 'full'}")
    rng = np.random.default_rng(given.seed)
    with DuckDBEngine(EngineSettings(memory="2GB")) as engine:
        lines = null(engine, rng, *((3, 3000, 100) if given.quick else (20, 4000, 150)))
        lines += power(
            engine, rng, *(((10, 100), 3000, 4) if given.quick else ((10, 30, 100, 300, 1000), 6000, 20))
        )
    lines += cost(*((400_000, 20_000) if given.quick else (20_000_000, 120_000)))
    Console(width=190).print(shown(lines))
    finish(lines, given)


if __name__ == "__main__":
    main()
