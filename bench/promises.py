"""What the studies share: their arguments, how they end, and which state of the code a figure is of."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

import stillwatch

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
