"""Do the promised error rates hold? Null e-values, e-BH, the 'at least m of n' bound, naming, the bets on owners.

python bench/calibration.py [--quick] [--seed 1] [--json FILE]

Worlds are made of accounts in cells and content keys whose rates differ from cell to cell; null groups are
drawn at random within cells. Intervals are exact (Clopper and Pearson 1934) at 99 %; a promise is kept if the
interval is not above it.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from rich.console import Console

from made_worlds.stock_agent_world import FILLED, MIXES, told
from stillwatch.engine import DuckDBEngine
from stillwatch.heldout.content import HeldOut, held_out_evidence
from stillwatch.heldout.error_control import at_least, e_bh
from stillwatch.heldout.owner_bets import account_bets, most_of
from stillwatch.heldout.owner_peers import FLOOR
from stillwatch.settings import EngineSettings
from study.promises import Line, finish, mean, options, rate, shown

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
FACETS = ("head", "parameters", "shingle", "token_shape")
KEYS = 200
PLANTED_KEYS = 4


@dataclass(frozen=True)
class World:
    """Accounts in cells, and the keys that they carry."""

    cell: Ints
    """The cell of each account; four cells (clients) per stratum, eight per region."""
    carried: npt.NDArray[np.bool_]
    """Shape (accounts, keys)."""
    client: Ints | None = None
    """The client of each account; None: every cell has its own."""

    def tested(self, engine: DuckDBEngine, groups: list[Ints]) -> HeldOut:
        """Run the groups' held-out tests as the pipeline does."""
        account, key = np.nonzero(self.carried)
        everyone = np.arange(len(self.cell))
        region = pa.array([f"r{number}" for number in self.cell // 8])
        facet = pa.array([FACETS[number] for number in key % len(FACETS)])
        client = self.cell if self.client is None else self.client
        cells = {"cell": self.cell, "client": client, "stratum": self.cell // 4, "region": region}
        strata = engine.load("strata", pa.table({"account": everyone, **cells}))
        held = engine.load(
            "held", pa.table({"account": account, "key": key + 1, "facet": facet, "cell": self.cell[account]})
        )
        number = np.repeat(np.arange(1, len(groups) + 1), [len(group) for group in groups])
        members = pa.table({"group": pa.array(number, pa.int32()), "account": np.concatenate(groups)})
        return held_out_evidence(engine, held, strata, members, None, None)


def world(rng: np.random.Generator, accounts: int, cells: int) -> World:
    """Make cells of unequal size, with keys from one account in two thousand to two in five.

    Some keys are in few cells only, and one is carried by all of a cell.
    """
    cell = rng.choice(cells, accounts, p=rng.dirichlet(np.full(cells, 2.0)))
    rates = np.exp(rng.uniform(np.log(0.0005), np.log(0.4), KEYS))[None, :] * np.exp(
        rng.normal(0.0, 1.0, (cells, KEYS))
    )
    rates[:, : KEYS // 4] *= rng.random((cells, KEYS // 4)) < 0.15
    rates[int(np.bincount(cell, minlength=cells).argmax()), 0] = 1.0
    return World(cell, rng.random((accounts, KEYS)) < np.minimum(rates, 1.0)[cell])


def group(rng: np.random.Generator, made: World, size: int) -> Ints:
    """Draw accounts at random within up to eight cells, at most half of each."""
    counts = np.bincount(made.cell)
    fit = np.flatnonzero(counts >= 2 * np.ceil(size / 8))
    chosen = rng.choice(fit, min(8, len(fit), size), replace=False)
    share = -(-size // len(chosen))
    drawn = [
        rng.choice(np.flatnonzero(made.cell == one), min(share, counts[one] // 2), replace=False)
        for one in chosen
    ]
    return np.sort(np.concatenate(drawn)[:size])


def of_nulls(logs: list[float], case: str) -> list[Line]:
    """Check what is promised for e-values of null groups: a mean of at most one, and few large ones.

    Takes their logarithms.
    """
    e = np.exp(np.array(logs))
    return [
        mean("mean e-value", case, 1.0, e),
        rate("e-value of 20 or more", case, 0.05, int((e >= 20).sum()), len(e)),
    ]


def null_e_values(
    engine: DuckDBEngine, rng: np.random.Generator, worlds: int, accounts: int, each: int
) -> list[Line]:
    """Measure e-values of null groups by size and number of strata, and their accounts' p-values."""
    lines: list[Line] = []
    for size in (8, 40, 200):
        for cells in (1, 8, 64):
            logs: list[float] = []
            small: list[float] = []
            for _ in range(worlds):
                made = world(rng, accounts, cells)
                found = made.tested(engine, [group(rng, made, size) for _ in range(each)])
                logs += [found.log_e.get(number, -np.inf) for number in range(1, each + 1)]
                p_values = [
                    np.array(list(found.by_group()[number].values())) for number in range(1, each + 1)
                ]
                small += [float((p <= 0.05).mean()) for p in p_values]
            case = f"{size} accounts, {cells} cells"
            lines += of_nulls(logs, case)
            lines.append(mean("account p-values up to 0.05", case, 0.05, np.array(small)))
            progress(f"null groups, {case}")
    return lines


def client_defaults(engine: DuckDBEngine, rng: np.random.Generator, worlds: int, each: int) -> list[Line]:
    """Measure e-values of users of one client, drawn at random among them, who fill their cells.

    They have only the client's defaults in common.
    """
    logs: list[float] = []
    for _ in range(worlds):
        # Four clients in each of four strata; the first client has few users in the first two strata and more
        # in the others.
        sizes = np.array([20, 400, 400, 400] * 2 + [60, 400, 400, 400] * 2)
        cell = np.repeat(np.arange(16), sizes)
        rates = np.exp(rng.uniform(np.log(0.0005), np.log(0.4), (4, KEYS)))
        rates[0, :PLANTED_KEYS] = 0.9
        made = World(cell, rng.random((len(cell), KEYS)) < rates[cell % 4], cell % 4)
        few = np.flatnonzero((cell == 0) | (cell == 4))
        groups = [np.sort(rng.choice(few, 36, replace=False)) for _ in range(each)]
        found = made.tested(engine, groups)
        logs += [found.log_e.get(number, -np.inf) for number in range(1, each + 1)]
    case = "36 of 40 users of a client in two strata, 120 elsewhere"
    progress(case)
    return of_nulls(logs, case)


def false_discoveries(
    engine: DuckDBEngine, rng: np.random.Generator, worlds: int, accounts: int, nulls: int
) -> list[Line]:
    """Measure the false discovery rate of e-BH over null groups and planted ones of several strengths."""
    strengths = (0.0, 0.2, 0.4, 0.6, 0.8)
    logs: list[list[float]] = []
    for number in range(worlds):
        made = world(rng, accounts, 16)
        size = int(rng.choice([12, 30, 80]))
        groups = [group(rng, made, size) for _ in range(nulls + len(strengths))]
        for position, strength in enumerate(strengths):
            keys = rng.choice(KEYS, PLANTED_KEYS, replace=False)
            made.carried[np.ix_(groups[position], keys)] |= (
                rng.random((len(groups[position]), PLANTED_KEYS)) < strength
            )
        found = made.tested(engine, groups)
        logs.append([found.log_e.get(place, -np.inf) for place in range(1, len(groups) + 1)])
        if number % 10 == 9:
            progress(f"false discoveries, world {number + 1} of {worlds}")
    lines: list[Line] = []
    for level in (0.01, 0.05):
        listed = np.array([e_bh(np.array(row), level) for row in logs])
        null = np.ones(listed.shape[1], np.bool_)
        null[1 : len(strengths)] = False
        shares = listed[:, null].sum(axis=1) / np.maximum(listed.sum(axis=1), 1)
        power = "found " + ", ".join(
            f"{listed[:, place].mean():.0%} at {strengths[place]}" for place in range(1, len(strengths))
        )
        case = f"level {level}, {nulls + 1} null and {len(strengths) - 1} planted"
        found_any = rate("worlds with a false one", case, 1.0, int((shares > 0).sum()), len(shares))
        line = mean("false discovery rate", case, level, shares, power)
        # The share is at most one, so its mean is at most the chance of any false one, which has an exact
        # interval.
        lines.append(replace(line, high=max(line.high, found_any.high)))
    return lines


def coverage(rng: np.random.Generator, runs: int) -> list[Line]:
    """Measure how often 'at least m' is too high, over choices made after the p-values were seen."""
    lines: list[Line] = []
    for accounts, guilty, effect in (
        (50, 0, 0.0),
        (50, 25, 1e-3),
        (300, 30, 1e-2),
        (300, 150, 1e-4),
        (300, 300, 0.05),
    ):
        wrong, bounds = 0, []
        for _ in range(runs):
            p = rng.random(accounts)
            p[:guilty] *= effect
            order = np.argsort(p)
            bad = False
            for size in (5, max(guilty, 1), accounts):
                named = np.isin(np.arange(accounts), order[:size])
                bound = at_least(p, 0.05, named)
                bad |= bound > int(named[:guilty].sum())
            wrong += bad
            bounds.append(bound)
        power = f"bound {np.mean(bounds):.0f} of {guilty}" if guilty else ""
        lines.append(
            rate(
                "bound above the truth",
                f"{guilty} guilty of {accounts}, p times {effect:g}",
                0.05,
                wrong,
                runs,
                power,
            )
        )
        progress(f"coverage, {guilty} of {accounts}")
    return lines


def conformal_coverage(engine: DuckDBEngine, rng: np.random.Generator, worlds: int, each: int) -> list[Line]:
    """Do the same with the p-values of the held-out test.

    In these groups some accounts carry planted keys, and the others are drawn at random.
    """
    lines: list[Line] = []
    for guilty in (0, 20, 50):
        wrong, bounds = 0, []
        for _ in range(worlds):
            made = world(rng, 3000, 16)
            groups = [group(rng, made, 60) for _ in range(each)]
            chosen = [rng.choice(one, guilty, replace=False) for one in groups]
            for accounts in chosen:
                made.carried[np.ix_(accounts, rng.choice(KEYS, PLANTED_KEYS, replace=False))] |= (
                    rng.random((guilty, PLANTED_KEYS)) < 0.7
                )
            found = made.tested(engine, groups)
            for number, accounts in enumerate(chosen, 1):
                tested = found.by_group()[number]
                p, truth = np.array(list(tested.values())), np.isin(list(tested), accounts)
                order = np.argsort(p)
                named = [np.isin(np.arange(len(p)), order[:size]) for size in (5, max(guilty, 1), len(p))]
                found_least = [at_least(p, 0.05, one) for one in named]
                wrong += any(
                    bound > int((one & truth).sum()) for bound, one in zip(found_least, named, strict=True)
                )
                bounds.append(found_least[-1])
        power = f"bound {np.mean(bounds):.0f} of {guilty}" if guilty else ""
        lines.append(
            rate(
                "bound above the truth",
                f"{guilty} guilty of 60, conformal p-values",
                0.05,
                wrong,
                len(bounds),
                power,
            )
        )
        progress(f"coverage with conformal p-values, {guilty} of 60")
    return lines


def stock_agent(engine: DuckDBEngine, rng: np.random.Generator, worlds: int) -> list[Line]:
    """Measure the bound and the tier `named` where strangers in the group use the campaign's agent.

    Users of one agent are not exchangeable with everybody; the bound speaks of the named accounts.
    """
    lines: list[Line] = []
    for mix in (*MIXES, FILLED):
        found = [told(engine, rng, mix) for _ in range(worlds)]
        case = f"{mix.guilty} guilty and {mix.strangers} strangers, {mix.outside} users outside"
        case += " (nothing promised)" if mix == FILLED else ""
        power = f"named {np.mean([one.named - one.strangers_named for one in found]):.0f} of {mix.guilty}, "
        power += f"bound {np.mean([one.at_least for one in found]):.0f}"
        promised = 1.0 if mix == FILLED else 0.05
        shares = np.array([one.strangers_named / max(one.named, 1) for one in found])
        lines += [
            rate(
                "bound above the truth, stock agent",
                case,
                promised,
                sum(one.above for one in found),
                worlds,
                power,
            ),
            mean("strangers among the named", case, promised, shares),
        ]
        progress(f"stock agent, {case}")
    return lines


def owners_at_the_limit(
    rng: np.random.Generator, accounts: int, days: int = 28, prompts: int = 50
) -> list[Line]:
    """Measure how often accounts at the limit reach an e-value of a thousand, by how their days differ.

    Also owners with half such accounts.
    """
    draws = {
        "prompts independent": np.full((accounts, days), FLOOR),
        "days differ much": rng.beta(0.2, 0.2 / FLOOR - 0.2, (accounts, days)),
        "days all or nothing": (rng.random((accounts, days)) < FLOOR).astype(np.float64),
        "weeks all or nothing (nothing promised)": np.repeat(
            rng.random((accounts, days // 7)) < FLOOR, 7, axis=1
        ).astype(np.float64),
    }
    lines, subject = [], np.repeat(np.arange(accounts), days)
    for case, rates in draws.items():
        asked = rng.binomial(prompts, rates).ravel()
        found = account_bets(subject, np.full(len(asked), prompts), asked, np.full(accounts, FLOOR))
        promised = 1.0 if case.startswith("weeks") else 0.001
        lines.append(
            rate("owner's e-value of 1,000", case, promised, int((found >= np.log(1000)).sum()), accounts)
        )
        if case == "days all or nothing":
            owners = found.reshape(-1, 5)
            pooled = np.array([most_of(np.concatenate([owner, np.full(5, 60.0)])) for owner in owners])
            lines.append(
                rate(
                    "owner's e-value of 1,000",
                    f"{case}, half of 10 accounts harvest",
                    0.001,
                    int((pooled >= np.log(1000)).sum()),
                    len(pooled),
                )
            )
    progress("owners at the limit")
    return lines


START = time.perf_counter()


def progress(step: str) -> None:
    """Print what has been done, on stderr."""
    print(f"{time.perf_counter() - START:6.1f} s  {step}", file=sys.stderr)


def main() -> None:
    """Run and print; the exit code is 1 if a promise is not kept."""
    given = options(__doc__, "smaller worlds and fewer of them, under a minute")
    print(f"seed {given.seed}, {'quick' if given.quick else 'full'}")
    rng = np.random.default_rng(given.seed)
    with DuckDBEngine(EngineSettings(memory="2GB")) as engine:
        lines = null_e_values(engine, rng, *((1, 3000, 60) if given.quick else (3, 6000, 200)))
        lines += client_defaults(
            engine, np.random.default_rng([given.seed, 1]), *((5, 8) if given.quick else (60, 10))
        )
        lines += false_discoveries(engine, rng, *((20, 2000, 25) if given.quick else (120, 3000, 35)))
        lines += conformal_coverage(engine, rng, *((3, 40) if given.quick else (15, 60)))
        lines += stock_agent(engine, np.random.default_rng([given.seed, 2]), 10 if given.quick else 200)
    lines += coverage(rng, 200 if given.quick else 1000)
    lines += owners_at_the_limit(rng, 2_000 if given.quick else 20_000)
    Console(width=170).print(shown(lines))
    finish(lines, given)


if __name__ == "__main__":
    main()
