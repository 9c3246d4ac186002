"""How well planted frames are recovered: from sketches alone, and word for word where text may be read.

python bench/templates.py [--quick] [--json FILE]

There are thirty frames of 12 to 120 words with one to four slots and a payload up to ten times as long. Every
second one has random padding around it, every third has worked examples in shuffled order. Each is used by 60
accounts. All are in one pool with ordinary prompts in the same vocabulary; no group tells them apart.
Paraphrase level 0 leaves a frame as it is. Level 1 swaps one of its words in ten, anew in each request. Level
2 swaps three in ten and changes the order of clauses.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from made_worlds.planted_frames import Frame, Prompts, exchanges, make_frame, prompts
from stillwatch.engine import DuckDBEngine
from stillwatch.prompt_templates import Family, Search, families_of, uses_of
from stillwatch.settings import EngineSettings
from stillwatch.sketch import frame_of
from study.promises import exact

FRAMES = 30
FOUND, PURE = 0.1, 0.9
"""Shares by which a frame is found.

A family has fingerprints of the frame's words, holds the first share of its prompts, and is made of them to
the second share.
"""
SEARCH = Search(least_share=0.0005, sample=100_000)
TEXTS, LEAST = 256, 20
"""Prompts that are read of one template, and accounts that must share words."""


@dataclass(frozen=True)
class Score:
    """The result for one planted frame."""

    words: int
    slots: int
    found: bool
    assigned: float
    """Share of its prompts in its best family."""
    families: int
    """Number of families that hold a tenth of its prompts."""
    steady: bool
    """Whether its slots can be counted.

    There are then no examples that change places, and no piece shorter than a fingerprint.
    """
    length: int
    covered: bool
    """Whether its length is in the stated range."""
    slots_seen: int
    shown: bool
    """Whether any words could be shown."""
    f1: float
    """F1 of the words recovered, against the frame's; 0 if none is shown."""
    slots_shown: int


def measure(level: int, seed: int, each: int, ordinary: int) -> tuple[list[Score], dict[str, float]]:
    """Plant, recover, score."""
    rng = np.random.default_rng((seed, level))
    frames = [make_frame(rng, i) for i in range(FRAMES)]
    made = prompts(frames, level, each, ordinary, rng)
    table = exchanges(made)
    with DuckDBEngine(EngineSettings()) as engine:
        rows = engine.load(
            "rows",
            table.select(
                ["group", "request", "account", "words", "shingles", "places", "head", "tail", "prompt"]
            ),
        )
        start = time.perf_counter()
        found = families_of(engine, rows, {1: table.num_rows}, SEARCH)
        used = engine.collect(uses_of(engine, rows, found).by_family())
        seconds = time.perf_counter() - start
    source = np.array(made.source)
    uses = {f.key: np.array([], np.int64) for f in found}
    order = np.argsort(used["family"].to_numpy(), kind="stable")
    keys, requests = used["family"].to_numpy()[order], used["request"].to_numpy()[order]
    for part in np.split(np.arange(len(keys)), np.flatnonzero(np.diff(keys)) + 1):
        uses[int(keys[part[0]])] = requests[part]
    scores = [score(i, frame, _of(frame, found), uses, source, made, each) for i, frame in enumerate(frames)]
    pure = [f for f in found if len(uses[f.key]) and np.mean(source[uses[f.key]] == -1) > 0.5]
    return scores, {
        "seconds": seconds,
        "exchanges": table.num_rows,
        "families": len(found),
        "of_ordinary_prompts": len(pure),
    }


def _of(frame: Frame, found: list[Family]) -> list[Family]:
    """Return families with fingerprints that are wholly inside the frame."""
    parts = [" ".join(part) for part in (*frame.pieces, *frame.examples)]
    table = exchanges(Prompts(parts, [1] * len(parts), [0] * len(parts)))
    own = {key for keys in table["shingles"].to_pylist() for key in keys or []} | {table["head"][0].as_py()}
    return [f for f in found if own & f.kinds.keys()]


def score(
    number: int,
    frame: Frame,
    found: list[Family],
    uses: dict[int, Any],
    source: Any,
    made: Prompts,
    each: int,
) -> Score:
    """Find the family that holds most of a frame's prompts, and score it."""
    shares = [(float(np.sum(source[uses[f.key]] == number)), len(uses[f.key]), f) for f in found]
    mine = [(n / each, f) for n, size, f in shares if size and n / size >= PURE]
    assigned, best = max(mine, key=lambda item: item[0], default=(0.0, None))
    several = sum(share >= 0.1 for share, _ in mine)
    steady = not frame.examples and min(map(len, frame.pieces)) >= SEARCH.shingle_words
    if best is None or assigned < FOUND:
        return Score(
            len(frame.words), frame.slots, False, assigned, several, steady, 0, False, 0, False, 0.0, 0
        )
    chosen = uses[best.key][:TEXTS]
    text = frame_of([(made.accounts[i], made.texts[i]) for i in chosen], LEAST, 20_000)
    tokens = (text or "").split()
    words = [token for token in tokens if not token.startswith("{")]
    shape = best.shape
    return Score(
        len(frame.words),
        frame.slots,
        True,
        assigned,
        several,
        steady,
        shape.about,
        shape.least <= len(frame.words) <= shape.most,
        shape.slots,
        text is not None,
        _f1(words, frame),
        len(tokens) - len(words),
    )


def _f1(words: list[str], frame: Frame) -> float:
    """Return word-level F1 of matching blocks; worked examples count in the order in which they are shown."""
    ranked = sorted(frame.examples, key=lambda example: _place(words, example))
    first, *others = frame.pieces
    truth = [word for part in (first, *ranked, *others) for word in part]
    same = sum(
        block.size for block in SequenceMatcher(None, words, truth, autojunk=False).get_matching_blocks()
    )
    return 2 * same / (len(words) + len(truth)) if words else 0.0


def _place(words: list[str], example: list[str]) -> int:
    block = SequenceMatcher(None, words, example, autojunk=False).find_longest_match()
    return block.a


def share(hits: list[bool]) -> list[float]:
    """Return a share with its exact 95 % interval (Clopper and Pearson 1934)."""
    n, k = len(hits), sum(hits)
    if n == 0:
        return [float("nan")] * 3
    return [round(value, 3) for value in (k / n, *exact(k, n))]


def mean(values: list[float]) -> list[float]:
    """Return a mean over frames with its 95 % bootstrap interval."""
    if not values:
        return [float("nan")] * 3
    draws = np.random.default_rng(0).choice(np.array(values), (2_000, len(values))).mean(axis=1)
    return [round(float(value), 3) for value in (np.mean(values), *np.quantile(draws, [0.025, 0.975]))]


def summary(scores: list[Score]) -> dict[str, Any]:
    """Return what is reported of one level."""
    found = [s for s in scores if s.found]
    short, long = [s for s in scores if s.words < 24], [s for s in scores if s.words >= 24]
    return {
        "frames": len(scores),
        "found": share([s.found for s in scores]),
        "found_under_24_words": share([s.found for s in short]),
        "found_from_24_words": share([s.found for s in long]),
        "assigned": mean([s.assigned for s in found]),
        "in_one_family": share([s.families == 1 for s in found]),
        "length_error": mean([abs(s.length - s.words) / s.words for s in found]),
        "length_in_range": share([s.covered for s in found]),
        "slots_exact_from_sketches": share([s.slots_seen == s.slots for s in found if s.steady]),
        "slots_overstated": share([s.slots_seen > s.slots for s in found if s.steady]),
        "words_shown": share([s.shown for s in found]),
        "word_f1": mean([s.f1 for s in found if s.shown]),
        "word_for_word": share([s.f1 == 1.0 for s in found if s.shown]),
        "slots_exact_in_text": share([s.slots_shown == s.slots for s in found if s.shown and s.steady]),
    }


def scaling(copies: tuple[int, ...]) -> list[dict[str, float]]:
    """Measure seconds for a pool and for several times as much, with the same frames.

    Payload and ordinary prompts differ.
    """
    rng = np.random.default_rng(9)
    table = exchanges(prompts([make_frame(rng, i) for i in range(FRAMES)], 0, 300, 21_000, rng))
    results = []
    for times in copies:
        pool = pa.concat_tables([_copy(table, i) for i in range(times)])
        with DuckDBEngine(EngineSettings()) as engine:
            columns = ["group", "request", "account", "words", "shingles", "places", "head", "tail", "prompt"]
            rows = engine.load("rows", pool.select(columns))
            start = time.perf_counter()
            found = families_of(engine, rows, {1: pool.num_rows}, SEARCH)
            middle = time.perf_counter()
            uses_of(engine, rows, found)
            end = time.perf_counter()
        results.append(
            {
                "exchanges": pool.num_rows,
                "search_seconds": round(middle - start, 2),
                "count_seconds": round(end - middle, 2),
            }
        )
    return results


def _copy(table: pa.Table, number: int) -> pa.Table:
    """Copy the pool with other requests and accounts.

    Fingerprints that fewer than ten exchanges share are also replaced.
    """
    keys: Any = table["shingles"].combine_chunks()
    values = np.asarray(keys.values)
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    other = np.where(counts[inverse] < 10, values ^ (number << 48), values)
    lists: Any = pa.ListArray
    changed = lists.from_arrays(keys.offsets, pa.array(other, pa.int64()))
    for name, column in (
        ("request", table["request"].to_numpy() + number * 10**7),
        ("account", table["account"].to_numpy() + number * 10**7),
    ):
        table = table.set_column(table.column_names.index(name), name, pa.array(column))
    return table.set_column(table.column_names.index("shingles"), "shingles", changed)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one seed, fewer prompts")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    seeds, each, ordinary = (1, 200, 6_000) if given.quick else (3, 300, 8_000)
    document: dict[str, Any] = {"levels": {}, "worlds": []}
    for level in range(3):
        scores: list[Score] = []
        for seed in range(seeds):
            more, world = measure(level, seed, each, ordinary)
            scores += more
            document["worlds"].append({"level": level, "seed": seed} | world)
        document["levels"][level] = summary(scores)
        print(f"level {level}")
        for name, value in document["levels"][level].items():
            print(f"  {name:28} {value}")
    document["scaling"] = scaling((1, 4) if given.quick else (4, 16))
    for row in document["worlds"] + document["scaling"]:
        print(row)
    if given.json:
        given.json.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
