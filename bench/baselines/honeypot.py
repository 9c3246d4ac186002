"""The scoring rules of honeypotllm, one API key at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numba import njit

from baselines.called import Called, singles
from baselines.semantic_points import BITS, hamming
from baselines.streams import DAY, HOUR, MINUTE, SECOND, Floats, Stream, streams
from baselines.tables import Tables


@dataclass(frozen=True)
class Honeypot:
    """Scores the peak of an account's suspicion, which fades over time.

    Rate, likeness to the previous prompt, missing pauses and volume add to it.
    """

    name: ClassVar[str] = "honeypotllm's rules"
    source: ClassVar[str] = "honeypotllm 0.1.3 (scoring.py, ScoringConfig), re-expressed"
    blind: ClassVar[str] = (
        "other accounts, and varied prompts at a human pace; its overlap of word pairs is estimated from "
        "signs; text of the first 120 characters stands for equal heads"
    )
    per_minute: int = 30
    """Requests in 60 seconds above which the rate counts."""
    per_hour: int = 500
    """The same in an hour."""
    per_day: int = 5000
    """The same in 24 hours; above twice as many, volume counts."""
    rate_weight: float = 0.35
    """Weight of the rate: the share of requests beyond a limit."""
    sequential_weight: float = 0.30
    """Weight of likeness to the previous prompt."""
    gap_weight: float = 0.20
    """Weight of a missing pause."""
    volume_weight: float = 0.15
    """Weight of volume."""
    shortest_gap: float = 0.5
    """Seconds between two requests below which a pause is missing."""
    similarity: float = 0.40
    """Jaccard overlap of word pairs at which a prompt is like the one before it."""
    decay: float = 0.05
    """Suspicion that is lost per hour."""
    threshold: float = 0.75
    """Suspicion at which it acts."""

    def call(self, tables: Tables) -> Called:
        """Score accounts."""
        scores: dict[int, float] = {}
        for stream in streams(tables, ["semantic", "head", "prompt"]):
            scores |= stream.most(self.suspicion(stream))
        return singles(scores, self.threshold)

    def suspicion(self, stream: Stream) -> Floats:
        """Return the suspicion of each account after each of its requests."""
        gained = (
            self.rate_weight * self._rate(stream)
            + self.sequential_weight * self._likeness(stream)
            + self.gap_weight * self._no_pause(stream)
            + self.volume_weight * self._volume(stream)
        )
        return np.asarray(_fading(gained, stream.at / HOUR, stream.number, self.decay))

    def _rate(self, stream: Stream) -> Floats:
        limits = ((MINUTE, self.per_minute), (HOUR, self.per_hour), (DAY, self.per_day))
        counts = [(_within(stream, span), limit) for span, limit in limits]
        found: Floats = np.max([np.maximum(n - limit, 0.0) / n for n, limit in counts], axis=0)
        return found

    def _likeness(self, stream: Stream) -> Floats:
        """Return the likeness to the previous prompt, from the fourth request on."""
        meaning, head, prompt = (stream.columns[name] for name in ("semantic", "head", "prompt"))
        cosine = np.cos(np.pi * hamming(meaning[1:], meaning[:-1]) / BITS)
        overlap = np.clip(cosine / (2.0 - cosine), 0.0, 1.0)  # sets of one size: cosine = 2 J / (1 + J)
        same = (head[1:] == head[:-1]) | (prompt[1:] == prompt[:-1])
        like = np.append(0.0, np.where(same, 1.0, overlap))
        return np.where((stream.place >= 3) & (like >= self.similarity), like, 0.0)

    def _no_pause(self, stream: Stream) -> Floats:
        gap = np.append(np.inf, np.diff(stream.at) / SECOND)
        return np.where(stream.place >= 4, np.maximum(1.0 - gap / self.shortest_gap, 0.0), 0.0)

    def _volume(self, stream: Stream) -> Floats:
        return np.clip((_within(stream, DAY) - 2.0 * self.per_day) / (8.0 * self.per_day), 0.0, 1.0)


def _within(stream: Stream, span: int) -> Floats:
    return (np.arange(len(stream)) + 1 - stream.since(span)).astype(np.float64)


@njit(cache=True)  # type: ignore[untyped-decorator]
def _fading(gained: Floats, hours: Floats, number: Floats, decay: float) -> Floats:
    found = np.empty(len(gained))
    for i in range(len(gained)):
        before = 0.0
        if i and number[i] == number[i - 1]:
            before = max(found[i - 1] - decay * (hours[i] - hours[i - 1]), 0.0)
        found[i] = min(before + gained[i], 1.0)
    return found
