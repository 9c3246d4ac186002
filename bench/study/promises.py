"""What the studies share: arguments, promises that they check, their exit, and the state of the code."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.table import Table
from scipy.stats import binomtest

import stillwatch

Floats = npt.NDArray[np.float64]
CONFIDENCE = 0.99
"""Confidence of the intervals that check a promise."""
EARLY = 0.05
"""An alarm before this share of a campaign's exchanges is early."""


def options(description: str | None, quick: str) -> argparse.Namespace:
    """Read quick, seed and json, as every study takes them; `quick` says what is reduced."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def exact(hits: int, runs: int, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a share (Clopper and Pearson 1934); 0 to 1 if nothing was run."""
    if not runs:
        return 0.0, 1.0
    interval = binomtest(hits, runs).proportion_ci(level, "exact")
    return float(interval.low), float(interval.high)


@dataclass(frozen=True)
class Line:
    """One promise and what was seen."""

    what: str
    """The rate that is measured."""
    case: str
    """Sizes and settings."""
    promised: float
    """Its promised maximum."""
    seen: float
    """What it was."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end."""
    runs: int
    """Number of draws."""
    power: str
    """What the method found at the same time; empty if nothing was planted."""

    @property
    def kept(self) -> bool:
        """Whether the promise holds."""
        return bool(self.low <= self.promised)


def rate(what: str, case: str, promised: float, hits: int, runs: int, power: str = "") -> Line:
    """Return a share of runs with its exact interval."""
    low, high = exact(hits, runs, CONFIDENCE)
    return Line(what, case, promised, hits / runs, low, high, runs, power)


def mean(what: str, case: str, promised: float, values: Floats, power: str = "") -> Line:
    """Return a mean with its normal interval, which is not exact, since these means have no useful bound."""
    reach = float(2.576 * values.std() / np.sqrt(len(values)))
    return Line(
        what,
        case,
        promised,
        float(values.mean()),
        max(float(values.mean()) - reach, 0.0),
        float(values.mean()) + reach,
        len(values),
        power,
    )


def shown(lines: list[Line]) -> Table:
    """Show the lines as a table."""
    table = Table("rate", "case", "promised", "seen", "99 % interval", "draws", "kept", "power")
    for line in lines:
        interval = f"{line.low:.4g} to {line.high:.4g}"
        verdict = "yes" if line.kept else "NO"
        table.add_row(
            line.what,
            line.case,
            f"{line.promised:g}",
            f"{line.seen:.4g}",
            interval,
            f"{line.runs:,}",
            verdict,
            line.power,
        )
    return table


def false_worlds(verdict: str) -> str:
    """Name the line of worlds with a false campaign of a verdict."""
    return f"worlds with a false {verdict} campaign"


def nominal(study: str, level: float) -> str:
    """Name the case of a study at a false discovery rate."""
    return f"{study}, nominal {level:.0%}"


@cache
def state() -> str:
    """Return a fingerprint of the package's source files and tables.

    So figures of different states are not taken for those of one.
    """
    root = Path(stillwatch.__file__).parent
    digest = hashlib.blake2b(digest_size=5)
    for path in sorted(path for path in root.rglob("*") if path.suffix in (".py", ".toml", ".npy")):
        digest.update(
            f"{path.relative_to(root).as_posix()} {path.stat().st_size}\n".encode() + path.read_bytes()
        )
    return digest.hexdigest()


def finish(lines: Sequence[Any], given: argparse.Namespace) -> None:
    """Write the lines (dataclasses with `kept`) if requested; exit with code 1 if a promise is not kept."""
    if given.json:
        rows: list[dict[str, Any]] = [asdict(line) | {"kept": line.kept} for line in lines]
        given.json.write_text(
            json.dumps({"seed": given.seed, "quick": given.quick, "lines": rows}, indent=2) + "\n"
        )
    sys.exit(0 if all(line.kept for line in lines) else 1)
