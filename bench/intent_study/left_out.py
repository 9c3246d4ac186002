"""Models of intent that have not seen one pipeline, and their results on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from intent_study.baselines import cue_lists, keywords, nearest
from stillwatch.sketch.intent.calibrate import Rate, auroc, rate
from stillwatch.sketch.intent.fit import Floats, Mask, balance, design, folds
from stillwatch.sketch.intent.folder import Documents
from stillwatch.sketch.intent.labels import HARVEST_COLUMN, LABELS
from stillwatch.sketch.intent.train import calibrated, held_out, learn

PIPELINES = ("self-instruct", "alpaca", "airoboros", "cosmopedia", "instructlab-sdg", "distilabel")
OURS = ("own-asks", "range-distil")
SETS = {
    "ordinary prompts": ("oasst", "user-oriented"),
    "benchmark questions": ("gsm8k", "mmlu", "humaneval", "mt-bench"),
    "role plays": ("awesome-chatgpt",),
    "evaluation harness": ("lm-eval", "mmlu-harness", "range-evaluation"),
    "seed tasks": ("seed-tasks",),
    "our hard look-alikes": ("own-ordinary",),
    "the range's ordinary": ("range-ordinary", "range-tongues"),
    "jailbreak wrappers": ("gptfuzz_seed", "dan"),
    "bare harmful requests": ("advbench",),
}
AGAINST = tuple(
    source
    for name in ("ordinary prompts", "benchmark questions", "role plays", "seed tasks")
    for source in SETS[name]
)
"""What a pipeline is compared with: ordinary, benchmark and role-play traffic."""
MODELS = ("model", "as shipped")
METHODS = (*MODELS, "keywords", "nearest neighbour", "cue lists")
PARTS, INNER = 3, 3
FALSE_SHARE = 0.005
DRAWS = 300


@dataclass(frozen=True)
class Line:
    """One pipeline left out, by one method."""

    pipeline: str
    """The pipeline."""
    method: str
    """model, or a baseline."""
    auroc: float
    """Of its requests against ordinary, benchmark and role-play traffic."""
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end."""
    recall: float
    """Share of its templates found where FALSE_SHARE of that traffic is flagged."""
    found: Rate | None
    """Share of its templates flagged at the default threshold; only for the model."""
    templates: int
    """Number of its templates."""


class Bench:
    """Documents, and the scores that held-out models gave them."""

    def __init__(self, documents: Documents, seed: int, parts: int) -> None:
        self.documents, self.seed = documents, seed
        self.sure = ~documents.unsure
        self.pipeline = np.isin(documents.sources, PIPELINES)
        names, numbers = np.unique(documents.groups, return_inverse=True)
        self.part = (np.random.default_rng(seed).permutation(len(names)) % PARTS)[numbers]
        self.parts = range(parts)
        self.tested = np.isin(self.part, list(self.parts)) & ~self.pipeline
        self.scores = {method: np.full((len(PIPELINES), len(documents)), np.nan) for method in METHODS}
        self.flagged = {method: np.full((len(PIPELINES), len(documents)), np.nan) for method in MODELS}
        self.chances = {method: np.full((len(PIPELINES), len(documents)), np.nan) for method in MODELS}

    def run(self, at: int, part: int) -> None:
        """Train without pipeline number `at` and one part of the rest; score both."""
        documents = self.documents
        left = documents.sources == PIPELINES[at]
        out = left | ((self.part == part) & ~self.pipeline)
        used = ~out & self.sure
        public = used & ~np.isin(documents.sources, OURS)
        rows = np.flatnonzero(out)
        weight = np.where(left[rows], 1.0 / len(self.parts), 1.0)
        given = {}
        for method, learnt in zip(MODELS, (public, used), strict=True):
            logits, least, given[method] = fitted(documents, learnt, self.seed)
            _add(self.flagged[method][at], rows, np.where(logits[rows] >= least, weight, 0.0))
            _add(self.chances[method][at], rows, weight / (1.0 + np.exp(-logits[rows])))
        made = design(documents, public)
        given["keywords"] = keywords(documents, made, public)
        given["nearest neighbour"] = nearest(documents, made, public, out)
        given["cue lists"] = cue_lists(documents)
        for method, values in given.items():
            _add(self.scores[method][at], rows, values[rows] * weight)

    def line(self, at: int, method: str) -> Line:
        """Return how a method does on one pipeline."""
        documents, scores = self.documents, self.scores[method][at]
        mine = (documents.sources == PIPELINES[at]) & self.sure
        other = self.tested & np.isin(documents.sources, AGAINST)
        low, high = bootstrap(scores, mine, other, documents.groups, self.seed)
        least = np.nextafter(np.quantile(scores[other], 1.0 - FALSE_SHARE, method="higher"), np.inf)
        hit = rate(scores[mine] >= least, documents.groups[mine])
        found = rate(self.flagged[method][at][mine], documents.groups[mine]) if method in MODELS else None
        return Line(
            PIPELINES[at], method, auroc(scores[mine], scores[other]), low, high, hit.share, found, hit.groups
        )

    def false_positives(self, method: str) -> dict[str, Rate]:
        """Return, by set, the share flagged at the default threshold.

        It is the mean over the models that did not see the prompt.
        """
        flagged = self.flagged[method]
        mean = np.where(self.tested, flagged, 0.0).mean(axis=0)
        found = {}
        for name, sources in SETS.items():
            mine = self.tested & np.isin(self.documents.sources, sources)
            found[name] = rate(mean[mine], self.documents.groups[mine])
        unsure = self.documents.unsure & self.pipeline
        own = np.array(
            [np.flatnonzero(np.array(PIPELINES) == source)[0] for source in self.documents.sources[unsure]]
        )
        found["pipelines' plain steps"] = rate(
            flagged[own, np.flatnonzero(unsure)], self.documents.groups[unsure]
        )
        return found

    def reliability(self, method: str) -> tuple[list[dict[str, float]], float]:
        """Bins of the probability with the true share in each, and the expected calibration error.

        Both are at even odds.
        """
        chances, truth, weights = [], [], []
        for at, pipeline in enumerate(PIPELINES):
            mine = (self.documents.sources == pipeline) & self.sure
            other = self.tested & np.isin(self.documents.sources, AGAINST)
            for side, value in ((mine, 1.0), (other, 0.0)):
                chances.append(self.chances[method][at][side])
                truth.append(np.full(int(side.sum()), value))
                weights.append(balance(self.documents, side, side)[side])
        return bins(np.concatenate(chances), np.concatenate(truth), np.concatenate(weights))


def _add(to: Floats, rows: npt.NDArray[np.int64], values: Floats) -> None:
    to[rows] = np.nan_to_num(to[rows]) + values


def fitted(documents: Documents, used: Mask, seed: int) -> tuple[Floats, float, Floats]:
    """Calibrated logits of all documents, the logit from which harvest is flagged, and the raw scores."""
    inner = held_out(documents, [HARVEST_COLUMN], folds(documents, INNER, seed), lambda _: None, used)[
        :, HARVEST_COLUMN
    ]
    slope, intercept, least = calibrated(documents, inner, HARVEST_COLUMN, used)
    made = design(documents, used)
    one = learn(documents, made, HARVEST_COLUMN, used)
    raw = made.matrix @ one.weights + one.intercept
    return slope * raw + intercept, least, raw


def bootstrap(
    scores: Floats, mine: Mask, other: Mask, groups: npt.NDArray[Any], seed: int
) -> tuple[float, float]:
    """Return the interval of the AUROC when templates and prompts are drawn again.

    Not a number for a single template.
    """
    if len(np.unique(groups[mine])) < 2:
        return float("nan"), float("nan")
    chance = np.random.default_rng(seed)
    sides = [_clusters(scores[side], groups[side]) for side in (mine, other)]
    draws = [
        auroc(
            *(np.concatenate([side[i] for i in chance.integers(0, len(side), len(side))]) for side in sides)
        )
        for _ in range(DRAWS)
    ]
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def _clusters(scores: Floats, groups: npt.NDArray[Any]) -> list[Floats]:
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.r_[True, groups[order][1:] != groups[order][:-1]])
    return np.split(scores[order], starts[1:])


def bins(chances: Floats, truth: Floats, weights: Floats) -> tuple[list[dict[str, float]], float]:
    """Return ten bins of the probability, and the expected calibration error; both classes weigh the same."""
    for value in (0.0, 1.0):
        weights[truth == value] /= weights[truth == value].sum()
    number = np.minimum((chances * 10).astype(int), 9)
    rows = []
    for i in range(10):
        inside = number == i
        total = float(weights[inside].sum())
        mean = [
            float((weights[inside] * values[inside]).sum() / total) if total else float("nan")
            for values in (chances, truth)
        ]
        rows.append({"from": i / 10, "weight": total / 2, "chance": mean[0], "share": mean[1]})
    return rows, float(
        sum(row["weight"] * abs(row["chance"] - row["share"]) for row in rows if row["weight"])
    )


def unseen_sets(documents: Documents, seed: int) -> dict[str, Rate]:
    """Return false positives on sets of which no prompt at all was in training."""
    found = {}
    for name in ("ordinary prompts", "benchmark questions", "role plays", "evaluation harness"):
        out = np.isin(documents.sources, SETS[name])
        logits, least, _ = fitted(documents, ~out & ~documents.unsure, seed)
        found[name] = rate(logits[out] >= least, documents.groups[out])
    return found


def by_label(documents: Documents, seed: int) -> list[dict[str, Any]]:
    """Return, for each label with at least two sources, the AUROC against exchanges without any label.

    Each of the sources is left out in turn.
    """
    fold = folds(documents, 5, seed)
    held = held_out(documents, list(range(len(LABELS))), fold, lambda _: None)
    plain = ~documents.unsure & ~documents.labels.any(axis=1)
    rows = []
    for column, label in enumerate(LABELS[:HARVEST_COLUMN]):
        mine = ~documents.unsure & documents.labels[:, column]
        for source in np.unique(documents.sources[mine]):
            part = mine & (documents.sources == source)
            whole = len(np.unique(fold[documents.sources == source])) == 1
            score = auroc(held[part, column], held[plain, column])
            rows.append(
                {
                    "label": label,
                    "source": str(source),
                    "whole": whole,
                    "auroc": score,
                    "groups": len(np.unique(documents.groups[part])),
                }
            )
    return rows
