"""PRADA: are the distances between one account's queries spread as a person's are, or as an algorithm's?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.stats import shapiro

from baselines.called import Called, singles
from baselines.semantic_points import apart, hamming
from baselines.streams import Floats, Ints, streams
from baselines.tables import Tables


@dataclass(frozen=True)
class Prada:
    """Calls an account if the distances of its queries to earlier ones are not normal.

    It scores 1 - W, with the lowest W seen.
    """

    name: ClassVar[str] = "PRADA, per account"
    source: ClassVar[str] = (
        "Juuti, Szyller, Marchal and Asokan 2019 (EuroS&P), section V, algorithm 3; for text as in arXiv "
        "2606.05725"
    )
    blind: ClassVar[str] = (
        "accounts of 100 queries or fewer, and what several accounts do together; no classes here, so one "
        "growing set for each account"
    )
    delta: float = 0.9
    """W below which the alarm is raised. The paper tunes it for each model on its benign users."""
    least: int = 100
    """More distances than this are needed before the first test."""
    outliers: float = 3.0
    """Distances beyond so many standard deviations are left out of the test."""
    most: int = 3000
    """Queries of an account that are read: the length of stream in the version for text."""
    every: int = 25
    """Queries between two tests; the paper tests at each.

    Fewer tests can only miss a W that is low for fewer queries than that.
    """

    def call(self, tables: Tables) -> Called:
        """Score accounts."""
        scores: dict[int, float] = {}
        for stream in streams(tables, ["semantic"], least=self.least + 2, first=self.most):
            for place, account in enumerate(stream.accounts.tolist()):
                scores[account] = 1.0 - self.lowest(
                    stream.columns["semantic"][stream.start[place] : stream.start[place + 1]]
                )
        return singles(scores, float(np.nextafter(1.0 - self.delta, 1.0)))

    def lowest(self, sketches: Ints) -> float:
        """Return the lowest W of a stream of queries, up to the first alarm; 1 if none was tested."""
        distances, lowest = distances_of(sketches), 1.0
        for seen in range(self.least + 1, len(distances) + 1, self.every):
            lowest = min(lowest, self._w(distances[:seen]))
            if lowest < self.delta:
                break
        return lowest

    def _w(self, distances: Floats) -> float:
        kept = distances[np.abs(distances - distances.mean()) <= self.outliers * distances.std()]
        if len(kept) < 3 or np.ptp(kept) == 0:
            return 0.0  # all alike: nothing is less normal
        return float(shapiro(kept).statistic)


def distances_of(sketches: Ints) -> Floats:
    """Return, for each query but the first, its distance to the nearest of the growing set.

    The set holds queries that were far from all earlier ones in it.
    """
    growing = np.empty_like(sketches)
    growing[0] = sketches[0]
    size, total, squares, threshold = 1, 0.0, 0.0, 0.0
    distances = np.empty(len(sketches) - 1)
    for place, sketch in enumerate(sketches[1:]):
        nearest = float(apart(np.asarray(hamming(growing[:size], sketch).min())))
        distances[place] = nearest
        if nearest > threshold:
            growing[size] = sketch
            size, total, squares = size + 1, total + nearest, squares + nearest**2
            mean = total / size
            threshold = max(threshold, mean - float(np.sqrt(max(squares / size - mean**2, 0.0))))
    return distances
