"""SEAT: how many pairs of similar queries did one account send?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from baselines.called import Called, singles
from baselines.semantic_points import BITS, hamming, reference
from baselines.streams import Ints, streams
from baselines.tables import Tables


@dataclass(frozen=True)
class Seat:
    """Calls an account with more similar pairs than the limit; scores pairs.

    The limit of similarity is set so that ordinary traffic stays below.
    """

    name: ClassVar[str] = "SEAT-style, per account"
    source: ClassVar[str] = (
        "Zhang, Chen and Wagner 2021 (AISec), section 3; limits and calibration as in the version for text "
        "of arXiv 2606.05725"
    )
    blind: ClassVar[str] = (
        "what is spread over accounts: banning one costs one account; our signs stand for its encoder, "
        "which is trained against attacks"
    )
    pairs: int = 50
    """Similar pairs that an account may send."""
    queries: int = 1000
    """Queries of an account that are compared."""
    tail: float = 0.25
    """The expected number of similar pairs of ordinary traffic is kept below this share of the limit."""
    sampled: int = 200_000
    """Pairs of ordinary prompts that the calibration draws."""
    seed: int = 1
    """Seed of that draw."""

    def call(self, tables: Tables) -> Called:
        """Score accounts."""
        near = self.nearness(reference(tables, each=2, most=20_000))
        scores: dict[int, float] = {}
        for stream in streams(tables, ["semantic"], least=2, first=self.queries):
            for place, account in enumerate(stream.accounts.tolist()):
                scores[account] = float(
                    similar_pairs(
                        stream.columns["semantic"][stream.start[place] : stream.start[place + 1]], near
                    )
                )
        return singles(scores, self.pairs + 1)

    def nearness(self, ordinary: Ints) -> int:
        """Return the signs in which similar prompts may differ: that percentile of pairs of ordinary prompts.

        It is at least 0, which means equal sketches.
        """
        rng = np.random.default_rng(self.seed)
        some, others = rng.integers(len(ordinary), size=(2, self.sampled))
        differing = hamming(ordinary[some], ordinary[others])[some != others]
        allowed = self.tail * (self.pairs + 1) / (self.queries * (self.queries - 1) / 2)
        share = np.cumsum(np.bincount(differing, minlength=BITS + 1)) / len(differing)
        return int(np.searchsorted(share, max(allowed, 1.0 / self.sampled)))


def similar_pairs(sketches: Ints, near: int) -> int:
    """Count pairs of queries that differ in at most so many signs."""
    return sum(int((hamming(sketches[i:], sketch) <= near).sum()) for i, sketch in enumerate(sketches, 1))
