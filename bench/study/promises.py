"""What the studies share: their arguments, the promises that they check, how they end, and which state of the
code a figure is of.
"""

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
"""Of the intervals that a promise is checked with."""
EARLY = 0.05
"""Share of a campaign's exchanges before which an alarm is early."""


def options(description: str | None, quick: str) -> argparse.Namespace:
    """quick, seed and json, as every study takes them; `quick` says what is less of it."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def exact(hits: int, runs: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of a share (Clopper and Pearson 1934); 0 to 1 where nothing was run."""
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
    """What it may be at most."""
    seen: float
    """What it was."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end."""
    runs: int
    """Draws it rests on."""
    power: str
    """What the method found meanwhile; empty where nothing was planted."""

    @property
    def kept(self) -> bool:
        """Whether the promise stands."""
        return bool(self.low <= self.promised)


def rate(what: str, case: str, promised: float, hits: int, runs: int, power: str = "") -> Line:
    """A share of runs with its exact interval."""
    low, high = exact(hits, runs, CONFIDENCE)
    return Line(what, case, promised, hits / runs, low, high, runs, power)


def mean(what: str, case: str, promised: float, values: Floats, power: str = "") -> Line:
    """A mean with its normal interval: not exact, since these have no bound that helps."""
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
    """The lines as a table."""
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
    """How the line of worlds with a false campaign of a verdict is called."""
    return f"worlds with a false {verdict} campaign"


def nominal(study: str, level: float) -> str:
    """The case of a study at a false discovery rate, in words."""
    return f"{study}, nominal {level:.0%}"


@cache
def state() -> str:
    """A fingerprint of the package's source files and tables, so that figures of different states of it are
    not taken for those of one.
    """
    root = Path(stillwatch.__file__).parent
    digest = hashlib.blake2b(digest_size=5)
    for path in sorted(path for path in root.rglob("*") if path.suffix in (".py", ".toml", ".npy")):
        digest.update(
            f"{path.relative_to(root).as_posix()} {path.stat().st_size}\n".encode() + path.read_bytes()
        )
    return digest.hexdigest()


def finish(lines: Sequence[Any], given: argparse.Namespace) -> None:
    """Write the lines (dataclasses with `kept`) where asked, and leave: with code 1 where a promise is not
    kept.
    """
    if given.json:
        rows: list[dict[str, Any]] = [asdict(line) | {"kept": line.kept} for line in lines]
        given.json.write_text(
            json.dumps({"seed": given.seed, "quick": given.quick, "lines": rows}, indent=2) + "\n"
        )
    sys.exit(0 if all(line.kept for line in lines) else 1)
