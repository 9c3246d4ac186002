"""One figure of a benchmark: its middle, its noise, and what it should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Figure:
    """One figure."""

    what: str
    """What was measured."""
    unit: str
    """Its unit."""
    middle: float
    """Median over repetitions."""
    low: float
    """Smallest of them."""
    high: float
    """Largest of them."""
    target: str = ""
    """What it should be; empty: nothing is promised."""
    met: bool | None = None
    """Whether it is; None: nothing is promised."""


def figure(
    what: str, unit: str, values: Sequence[float], *, most: float | None = None, least: float | None = None
) -> Figure:
    """Return a figure of several repetitions. most, least: what its median may be."""
    middle = float(np.median(values))
    target = f"<= {most:g}" if most is not None else f">= {least:g}" if least is not None else ""
    met = None
    if most is not None or least is not None:
        met = (most is None or middle <= most) and (least is None or middle >= least)
    return Figure(what, unit, middle, float(min(values)), float(max(values)), target, met)
