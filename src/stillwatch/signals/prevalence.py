"""How much of somebody's traffic asks for something, when the flags that say so err: adjusted counts with
intervals.

A classifier that flags a share p of prompts, finds a share `sensitivity` of those that ask for it and a share
`false_positive` of the others, saw (p - false_positive) / (sensitivity - false_positive) of them (Gart and
Buck 1966; Forman 2008 calls it adjusted count). Its interval recovers the variances of all three shares from
their own intervals (MOVER: Zou and Donner 2008, Donner and Zou 2012), since a sensitivity known from few
sources is skewed. The share p counts as measured on fewer prompts than there are, because prompts of one
account resemble each other: their number over the design effect of clusters (Kish 1965), by residuals that
leave each cluster out (Bell and McCaffrey 2002), with Student's t for few of them (Korn and Graubard 1998).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, t

LEVEL = 0.95
"""Chance with which an interval is meant to cover."""
LEAST_YOUDEN = 0.1
"""Sensitivity less false positives below which a flag says nothing of a share: the interval is then
everything.
"""

TOGETHER = 3.0
"""Weight of that prior, in flagged prompts: with one, intervals fall further short where a few of many
accounts do it all (see bench/prevalence.py); where much is flagged it weighs nothing."""

Z = float(norm.ppf((1 + LEVEL) / 2))
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rates:
    """Error rates of labels, one entry each, and how many prompts they were measured on; infinite where a
    rate is taken as it is.
    """

    sensitivity: Floats
    """Share of the prompts that ask for it which are flagged."""
    positives: Floats
    """Prompts that ask for it."""
    false_positive: Floats
    """Share of the other prompts that are flagged all the same."""
    negatives: Floats
    """Prompts that do not."""

    @staticmethod
    def perfect(labels: int) -> Rates:
        """Flags that never err."""
        one, never = np.ones(labels), np.full(labels, np.inf)
        return Rates(one, never, np.zeros(labels), never)


@dataclass(frozen=True)
class Shares:
    """Estimates, in the shape of what they were made from."""

    share: Floats
    """The adjusted share."""
    low: Floats
    """Lower end of its interval."""
    high: Floats
    """Upper end."""


def adjusted(flagged: Floats, texts: Floats, effective: Floats, rates: Rates) -> Shares:
    """Adjusted shares of `flagged` in `texts`, each worth `effective` independent prompts. Labels are the
    last axis.
    """
    p = flagged / np.maximum(texts, 1.0)
    sensitivity, false = rates.sensitivity, rates.false_positive
    known = sensitivity - false >= LEAST_YOUDEN
    above, span = p - false, np.where(known, sensitivity - false, 1.0)
    share = np.where(known, np.clip(above / span, 0.0, 1.0), p)
    seen, found, wrong = (
        _wilson(p, effective),
        _wilson(sensitivity, rates.positives),
        _wilson(false, rates.negatives),
    )
    low_above, high_above = _difference(p, seen, false, wrong)
    low_span, high_span = _difference(sensitivity, found, false, wrong)
    low = _ratio(np.maximum(above, 0.0), span, np.maximum(low_above, 0.0), np.maximum(high_span, span), -1.0)
    high = _ratio(
        np.maximum(above, 0.0), span, np.maximum(high_above, 0.0), np.maximum(low_span, LEAST_YOUDEN / 2), 1.0
    )
    return Shares(
        share, np.where(known, np.clip(low, 0.0, share), 0.0), np.where(known, np.clip(high, share, 1.0), 1.0)
    )


def _wilson(rate: Floats, count: Floats) -> tuple[Floats, Floats]:
    """Wilson's interval (1927); a point where the count is infinite."""
    weight = Z * Z / (count + Z * Z)
    middle = rate * (1 - weight) + weight / 2
    reach = np.sqrt(rate * (1 - rate) * weight * (1 - weight) + weight**2 / 4)
    return np.minimum(middle - reach, rate), np.maximum(middle + reach, rate)


def _difference(
    a: Floats, of_a: tuple[Floats, Floats], b: Floats, of_b: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Interval of a - b from theirs (Newcombe 1998, method 10)."""
    low = a - b - np.sqrt((a - of_a[0]) ** 2 + (of_b[1] - b) ** 2)
    return low, a - b + np.sqrt((of_a[1] - a) ** 2 + (b - of_b[0]) ** 2)


def _ratio(a: Floats, b: Floats, end_a: Floats, end_b: Floats, sign: float) -> Floats:
    """One end of the interval of a / b from the ends of theirs that push it there (Donner and Zou 2012; sign
    -1: the lower end).
    """
    inner = (a * b) ** 2 - end_a * end_b * (2 * a - end_a) * (2 * b - end_b)
    below = end_b * (2 * b - end_b)
    # An end of b beyond twice b has no bounded ratio: the lower end is then nothing.
    return np.where(
        below > 0, (a * b + sign * np.sqrt(np.maximum(inner, 0.0))) / np.where(below > 0, below, 1.0), 0.0
    )


def effective_texts(flagged: Floats, texts: Floats, subject: Ints, subjects: int, *, few: bool) -> Floats:
    """How many independent prompts the clusters of each subject are worth, for each label. Shape (subjects,
    labels).

    flagged: (clusters, labels); texts and subject: one for each cluster. With `few`, Student's t makes up for
    a handful of clusters. A subject with one cluster is taken to have independent prompts: nothing in it
    shows otherwise.
    """
    several = (np.bincount(subject, minlength=subjects) > 1)[:, None]
    spread, chance, size = _scatter(flagged, texts, subject, subjects)
    effect = np.where(several, _effect(spread, chance, size), 1.0)
    total = totals(texts, subject, subjects)[:, None]
    if few:
        worth = np.maximum(total / np.maximum(size, 1.0) - 1.0, 1.0)
        effect = effect * np.where(several, t.ppf((1 + LEVEL) / 2, worth) / Z, 1.0) ** 2
    return np.asarray(total / effect)


def pooled_effect(
    flagged: Floats, texts: Floats, subject: Ints, subjects: int, group: Ints, groups: int
) -> Floats:
    """The design effect of clusters within subjects, pooled over the subjects of each group. Shape (groups,
    labels).
    """
    spread, chance, size = _scatter(flagged, texts, subject, subjects)
    several = (np.bincount(subject, minlength=subjects) > 1)[:, None]
    spread, chance = (totals(np.where(several, part, 0.0), group, groups) for part in (spread, chance))
    weight = totals(texts, subject, subjects)[:, None] * several
    sizes = totals(size * weight, group, groups) / np.maximum(totals(weight, group, groups), 1.0)
    return _effect(spread, chance, np.maximum(sizes, 1.0))


def _scatter(flagged: Floats, texts: Floats, subject: Ints, subjects: int) -> tuple[Floats, Floats, Floats]:
    """For each subject: variance of its flagged count by its clusters, that of independent prompts, and the
    size of a cluster (one column).
    """
    total = totals(texts, subject, subjects)
    rate = totals(flagged, subject, subjects) / np.maximum(total, 1.0)[:, None]
    rest = 1.0 - texts / np.maximum(total, 1.0)[subject]
    left = (flagged - rate[subject] * texts[:, None]) / np.where(rest > 1e-6, rest, 1.0)[:, None]
    spread = totals(left**2, subject, subjects)
    size = totals(texts**2, subject, subjects) / np.maximum(total, 1.0)
    return spread, rate * (1 - rate) * total[:, None], size[:, None]


def _effect(spread: Floats, chance: Floats, size: Floats) -> Floats:
    """Design effect, with a few prompts' worth of prior that whole clusters go together: what is hardly ever
    flagged shows no clusters.
    """
    return np.maximum((spread + TOGETHER * size) / (chance + TOGETHER), 1.0)


def totals(values: Floats, subject: Ints, subjects: int) -> Floats:
    """Sums of the values of each subject; of each column where there are several."""
    if values.ndim == 1:
        return np.asarray(np.bincount(subject, values, subjects), np.float64)
    return np.stack([totals(column, subject, subjects) for column in values.T], axis=1)


def as_one_more(hits: Floats, of: Floats) -> tuple[float, float]:
    """(hits, count) that say of one more source what these sources show: their mean rate, on as few prompts
    as their differences allow.

    A group writes its prompts its own way: the flag's sensitivity for it is one more draw from what differs
    between pipelines, however many prompts of each were counted. hits, of: one for each source.
    """
    rates = hits / np.maximum(of, 1.0)
    k = len(rates)
    middle = float(rates.mean())
    between = (
        float(rates.var(ddof=1)) * (1 + 1 / k) * float(t.ppf((1 + LEVEL) / 2, k - 1) / Z) ** 2
        if k > 1
        else 0.25
    )
    # Sources that all agree at 0 or 1 are worth one prompt each.
    count = (middle * (1 - middle) + 1 / (4 * k)) / (between + 1 / (4 * k * k))
    count = min(count, float(of.sum()))
    return middle * count, count
