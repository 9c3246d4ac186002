"""Do the intervals of "what was asked for" cover the truth? Adjusted and plain shares of flagged prompts.

python bench/prevalence.py [--quick] [--seed 1] [--json FILE]

Groups are made of accounts whose own shares are beta-distributed around the group's, alike to a stated degree
(the intraclass correlation), with 5 to 500 prompts each. The flag's rates are measured on as many prompts as
a card might have. In the last rows the flag's sensitivity differs from pipeline to pipeline, the group writes
its prompts in yet another way, and the rates are those of as_one_more.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from stillwatch.signals.prevalence import LEVEL, Rates, Shares, adjusted, as_one_more, effective_texts
from study.promises import options

Floats = npt.NDArray[np.float64]
SENSITIVITY, FALSE = 0.88, 0.004
POSITIVES, NEGATIVES = 400, 20_000
SIZES = np.array([5.0, 20.0, 60.0, 200.0, 500.0])
LEAST = 0.8
"""Coverage below which the study fails.

Intervals fall short where a few of many accounts do it all, and where the group's sensitivity is outside all
that the card has seen; the table says by how much.
"""


@dataclass(frozen=True)
class Line:
    """One case."""

    case: str
    """What was drawn."""
    truth: float
    """The true share."""
    covered: float
    """Share of intervals that hold it."""
    width: float
    """Their mean width."""
    plain: float
    """Coverage of the plain share with the interval of independent prompts (Wilson 1927)."""
    draws: int
    """Groups drawn."""


def flagged_of(
    rng: np.random.Generator, truth: float, alike: float, texts: Floats, sensitivity: float
) -> Floats:
    """Flagged prompts of each account."""
    weight = 1.0 / alike - 1.0
    own = rng.beta(truth * weight, (1.0 - truth) * weight, len(texts))
    return rng.binomial(texts.astype(np.int64), own * sensitivity + (1.0 - own) * FALSE).astype(np.float64)


def estimates(flagged: Floats, texts: Floats, rates: Rates) -> tuple[Shares, Shares]:
    """Return the adjusted share, and the plain one."""
    total, all_texts = flagged.sum(keepdims=True), texts.sum(keepdims=True)
    worth = effective_texts(flagged[:, None], texts, np.zeros(len(texts), np.int64), 1, few=True)[0]
    return adjusted(total, all_texts, worth, rates), adjusted(total, all_texts, all_texts, Rates.perfect(1))


def one_rate(sensitivity: float, positives: float, false: float, negatives: float) -> Rates:
    """Return rates of a single label."""
    return Rates(*(np.array([value]) for value in (sensitivity, positives, false, negatives)))


def known_rates(rng: np.random.Generator, truth: float, accounts: int, alike: float, draws: int) -> Line:
    """Return rates measured on prompts like the group's."""
    found = []
    for _ in range(draws):
        texts = rng.choice(SIZES, accounts)
        rates = one_rate(
            rng.binomial(POSITIVES, SENSITIVITY) / POSITIVES,
            POSITIVES,
            rng.binomial(NEGATIVES, FALSE) / NEGATIVES,
            NEGATIVES,
        )
        found.append(estimates(flagged_of(rng, truth, alike, texts, SENSITIVITY), texts, rates))
    return line(f"{accounts} accounts, alike {alike:g}", truth, found)


def new_pipeline(rng: np.random.Generator, truth: float, pipelines: int, draws: int) -> Line:
    """Draw sensitivities for the card's pipelines and for the group's own.

    They are from a beta distribution around 0.85 (0.5 to 1 in nine of ten).
    """
    found = []
    for _ in range(draws):
        texts = rng.choice(SIZES, 60)
        sensitivity = rng.beta(5.1, 0.9, pipelines + 1)
        hits, count = as_one_more(
            rng.binomial(200, sensitivity[1:]).astype(np.float64), np.full(pipelines, 200.0)
        )
        rates = one_rate(hits / count, count, rng.binomial(NEGATIVES, FALSE) / NEGATIVES, NEGATIVES)
        found.append(estimates(flagged_of(rng, truth, 0.1, texts, float(sensitivity[0])), texts, rates))
    return line(f"60 accounts of a pipeline never seen, {pipelines} on the card", truth, found)


def line(case: str, truth: float, found: list[tuple[Shares, Shares]]) -> Line:
    """Measure coverage over draws."""
    ours, plain = ([shares[i] for shares in found] for i in (0, 1))
    hit = [
        float(np.mean([shares.low[0] <= truth <= shares.high[0] for shares in one])) for one in (ours, plain)
    ]
    print(f"{case}, {truth:g}: {hit[0]:.3f}", file=sys.stderr)
    return Line(
        case,
        truth,
        hit[0],
        float(np.mean([shares.high[0] - shares.low[0] for shares in ours])),
        hit[1],
        len(found),
    )


def main() -> None:
    """Run and print; the exit code is 1 if intervals cover less than LEAST."""
    given = options(__doc__, "fewer draws, under half a minute")
    rng, draws = np.random.default_rng(given.seed), 400 if given.quick else 4_000
    lines = [
        known_rates(rng, truth, accounts, alike, draws)
        for accounts in (6, 20, 60, 600)
        for alike in (0.02, 0.1, 0.3)
        for truth in (0.005, 0.02, 0.1, 0.4, 0.9)
    ]
    lines += [
        new_pipeline(rng, truth, pipelines, draws) for pipelines in (4, 12) for truth in (0.1, 0.4, 0.9)
    ]
    table = Table(
        "case",
        "true share",
        "covered",
        "mean width",
        "plain share covers",
        title=f"{draws} groups a row; meant to cover: {LEVEL:.0%}",
    )
    for row in lines:
        table.add_row(
            row.case, f"{row.truth:g}", f"{row.covered:.3f}", f"{row.width:.3f}", f"{row.plain:.3f}"
        )
    Console(width=120).print(table)
    least = min(row.covered for row in lines)
    print(f"least coverage {least:.3f}, of plain shares {min(row.plain for row in lines):.3f}")
    if given.json:
        given.json.write_text(
            json.dumps({"least": least, "lines": [asdict(row) for row in lines]}, indent=2) + "\n"
        )
    sys.exit(least < LEAST)


if __name__ == "__main__":
    main()
