"""Glasswally's workers that look at one account's recent requests.

Each gives a score and a confidence for each request. Thresholds are those of the worker of the same name at
commit 300eedc. Sums over sliding windows are differences of running sums.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from baselines.streams import DAY, HOUR, SECOND, Array, Floats, Ints, Stream, spread, sums

Said = tuple[Floats, Floats]
Bools = npt.NDArray[np.bool_]


def velocity(stream: Stream) -> Said:
    """Score more than 60 (200) requests an hour, even gaps, even sizes, mostly at night by UTC."""
    first = stream.since(HOUR)
    here = np.arange(len(stream))
    n = here - first + 1
    span = np.maximum((stream.at - stream.at[first]) // SECOND, 1)
    rate = n / span * 3600.0
    score = _steps(rate, (200.0, 0.45), (60.0, 0.25))
    regular = np.where(n >= 4, np.maximum(1.0 - _gap_spread(stream, first), 0.0), 0.0)
    score += _steps(regular, (0.70, 0.30), (0.50, 0.15))
    score += 0.15 * (spread(stream.columns["tokens"], first) < 0.15)
    nightly = (stream.at // HOUR) % 24 < 6
    score += 0.10 * (_share(nightly, stream.since(DAY)) > 0.5)
    sure = np.minimum(n / 50.0, 1.0)
    enough = n >= 5
    return np.where(enough, np.minimum(score * (0.5 + 0.5 * sure), 1.0), 0.0), np.where(enough, sure, 0.1)


def reasoning(stream: Stream) -> Said:
    """Score requests for reasoning, now and in a fifth of the hour's requests; our flag replaces phrases."""
    first = stream.since(HOUR)
    asks = stream.columns["reasoning"].astype(np.bool_)
    n = np.arange(len(stream)) - first + 1
    score = 0.40 * asks + 0.35 * ((n >= 5) & (_share(asks, first) >= 0.20))
    return score, np.full(len(stream), 0.9)


def biometric(stream: Stream) -> Said:
    """Score prompts of one length or with one beginning; the head's key replaces the first 30 characters."""
    first = stream.since(HOUR)
    n = np.arange(len(stream)) - first + 1
    same = _same_within(stream, stream.columns["head"], first) / n
    length = spread(stream.columns["prompt_chars"], first)
    score = _steps(-length, (-0.10, 0.25), (-0.20, 0.10)) + _steps(same, (0.60, 0.30), (0.40, 0.15))
    sure = np.minimum(n / 50.0, 1.0)
    return np.where(n >= 10, np.minimum(score * (0.3 + 0.7 * sure), 1.0), 0.0), sure


def preamble(stream: Stream, carriers: dict[int, int]) -> Said:
    """Score one system prompt for most of the day, and one that other accounts have too."""
    system = stream.columns["system"]
    given = system != 0
    first = stream.since(DAY)
    total = _count(given, first)
    share = np.divide(_same_within(stream, system, first), total, out=np.zeros(len(stream)), where=total >= 5)
    reuse = _steps(share, (np.nextafter(0.80, 0), 0.35), (np.nextafter(0.60, 0), 0.20))
    keys, places = np.unique(system, return_inverse=True)
    others = np.array([carriers.get(key, 0) for key in keys.tolist()])[places]
    collision = _steps(others, (9, 0.50), (4, 0.35), (2, 0.18))
    score = np.where(given & (reuse + collision >= 0.15), reuse + collision, 0.0)
    return score, np.where(collision > 0, 0.90, 0.75)


def session_gap(stream: Stream) -> Said:
    """Score pauses of two minutes and more of equal length, and sessions of equal size, day by day."""
    day = stream.number * (1 << 20) + stream.at // DAY
    opens = (
        np.append(True, (np.diff(stream.at) >= 120 * SECOND) | (np.diff(day) != 0))
        if len(stream)
        else np.empty(0, np.bool_)
    )
    starts = np.flatnonzero(opens)
    sizes = np.diff(np.append(starts, len(stream)))
    days, requests = np.unique(day, return_counts=True)
    place = np.searchsorted(days, day[starts])
    inner = np.flatnonzero(np.diff(place, prepend=-1) == 0)
    gaps = (stream.at[starts[inner]] - stream.at[starts[inner] - 1]) / SECOND
    gap = _spread_by(gaps, place[inner], len(days))
    size = _spread_by(sizes, place, len(days))
    sessions = np.bincount(place, minlength=len(days))
    score = (
        _steps(-gap, (-0.05, 0.55), (-0.08, 0.40), (-0.15, 0.20))
        + 0.25 * ((size < 0.10) & (gap < 0.15))
        + 0.10 * (sessions > 20)
    )
    score = np.where((requests >= 8) & (sessions >= 4) & (score >= 0.15), np.minimum(score, 1.0), 0.0)
    sure = np.where(gap < 0.05, 0.88, np.where(gap < 0.08, 0.75, 0.55))
    found = np.searchsorted(days, day)
    return score[found], sure[found]


def _steps(values: Array, *steps: tuple[float, float]) -> Floats:
    """Return the value of the highest step below the value; steps fall."""
    return np.select([values > least for least, _ in steps], [worth for _, worth in steps], 0.0)


def _count(which: Array, first: Ints) -> Floats:
    total = sums(which)
    return total[1:] - total[first]


def _share(which: Array, first: Ints) -> Floats:
    return _count(which, first) / (np.arange(len(first)) + 1 - first)


def _gap_spread(stream: Stream, first: Ints) -> Floats:
    """Return the coefficient of variation of the gaps in each window; gaps of 0 count too."""
    gaps = np.diff(stream.at, prepend=stream.at[:1]) / SECOND
    gaps[stream.start[:-1]] = 0.0
    later = np.minimum(first + 1, np.arange(len(stream)))
    return spread(gaps, later)


def _same_within(stream: Stream, values: Ints, first: Ints) -> Floats:
    """Return, for each request, how many of its window have its value, itself included."""
    order = np.lexsort((np.arange(len(stream)), values, stream.number))
    line = stream.number[order].astype(np.int64)
    fresh = np.append(True, (np.diff(line) != 0) | (np.diff(values[order]) != 0))
    run = np.cumsum(fresh) - 1
    key = run * (len(stream) + 1) + order
    earlier = np.searchsorted(key, run * (len(stream) + 1) + first[order])
    found = np.empty(len(stream))
    found[order] = np.arange(len(stream)) - earlier + 1
    return found


def _spread_by(values: Array, place: Ints, number: int) -> Floats:
    """Return the coefficient of variation of the values of each place; infinite where there are none."""
    n = np.bincount(place, minlength=number)
    total = np.bincount(place, weights=values, minlength=number)
    squares = np.bincount(place, weights=values.astype(np.float64) ** 2, minlength=number)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / n
        found = np.sqrt(np.maximum(squares / n - mean**2, 0.0)) / mean
    return np.where(n > 0, found, np.inf)
