"""Semantic sketches as points: the 64 signs of column `semantic` replace sentence embeddings.

Two texts' signs disagree in a share of places that estimates their angle over pi (Charikar 2002, section 3).
So Hamming distance represents the angle, and a text is the unit vector of its signs. An embedding by a large
model would separate paraphrases and topics better.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
import numpy.typing as npt
from ibis import _

from baselines.streams import Array, Floats, Ints
from baselines.tables import Tables

BITS = 64
ROWS = 65_536
Points = npt.NDArray[np.float32]


def hamming(some: Ints, others: Ints) -> npt.NDArray[np.uint8]:
    """Return the number of signs in which sketches differ, elementwise or by broadcasting."""
    differ: npt.NDArray[np.uint8] = np.bitwise_count((some ^ others).view(np.uint64))
    return differ


def apart(differing: Array) -> Floats:
    """Return the distance of unit vectors whose sketches differ in so many signs.

    It is the chord of the angle that they estimate.
    """
    return 2.0 * np.sin(np.pi * differing.astype(np.float64) / (2 * BITS))


def points(sketches: Ints) -> Points:
    """Return each sketch as a unit vector of its signs."""
    bits = np.unpackbits(np.ascontiguousarray(sketches).view(np.uint8).reshape(-1, 8), axis=1)
    return (bits.astype(np.float32) * 2 - 1) / np.float32(np.sqrt(BITS))


def reference(tables: Tables, each: int, most: int) -> Ints:
    """Return sketches that represent ordinary traffic: a few prompts of each account, so that none dominates.

    Nobody knows which traffic is benign: campaigns are in it with their share of the accounts, as they would
    be at a provider. The order of request keys, which are hashes, is random.
    """
    chance = ibis.window(group_by=_.account, order_by=_.request)
    asked = tables.exchanges.filter(_.semantic.notnull()).select("account", "request", "semantic")
    few = (
        asked.mutate(rank=ibis.row_number().over(chance))
        .filter(_["rank"] < each)
        .order_by("request")
        .limit(most)
    )
    return tables.engine.collect(few.select("semantic"))["semantic"].to_numpy()


@dataclass(frozen=True)
class Features:
    """Random Fourier features of the Gaussian kernel (Rahimi and Recht 2007).

    Its width is the median distance (Gretton et al. 2012, section 8).
    """

    directions: Points
    """One direction per feature."""
    phases: Points
    """One phase per feature."""

    @staticmethod
    def fit(sketches: Ints, number: int, rng: np.random.Generator) -> Features:
        """Make features for the sketches of ordinary traffic."""
        some, others = (rng.choice(sketches, 20_000) for _ in range(2))
        distances = np.sqrt(4.0 * hamming(some, others) / BITS)
        width = float(np.median(distances[distances > 0])) if (distances > 0).any() else 1.0
        directions = (rng.standard_normal((BITS, number)) / width).astype(np.float32)
        return Features(directions, rng.uniform(0.0, 2 * np.pi, number).astype(np.float32))

    def of(self, sketches: Ints) -> Points:
        """Return features of each sketch; inner products are the kernel, in expectation."""
        scale = np.float32(np.sqrt(2.0 / len(self.phases)))
        parts = [
            np.cos(points(sketches[i : i + ROWS]) @ self.directions + self.phases) * scale
            for i in range(0, len(sketches), ROWS)
        ]
        return np.concatenate(parts) if parts else np.empty((0, len(self.phases)), np.float32)


def mmd(sums: Floats, squares: Floats, n: Array, mean: Floats, self_similarity: float) -> Floats:
    """Return the unbiased squared MMD of samples against a reference, from their sums of features.

    Gretton et al. 2012, equation 3. `squares` are the samples' sums of squared norms, n their sizes, `mean`
    the reference's mean feature and `self_similarity` its mean kernel over pairs of different prompts.
    """
    within = ((sums**2).sum(axis=1) - squares) / (n * (n - 1))
    across = (sums @ mean) / n
    return np.asarray(within + self_similarity - 2.0 * across)
