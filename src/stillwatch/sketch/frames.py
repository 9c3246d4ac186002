"""The words of a template's frame, from its prompts: only what enough accounts wrote word for word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.schema.keyed import Int64s
from stillwatch.sketch.flat import ROLES
from stillwatch.sketch.machine import without_marks
from stillwatch.sketch.masked import masked_words
from stillwatch.sketch.rows import USER
from stillwatch.sketch.spans import Hashes

SLOT = "{"
"""How a slot begins in a frame; no word begins so."""
WINDOW = 5
"""Number of consecutive words that must be in the prompts of enough accounts."""
COMMON = 0.5
"""A run of WINDOW words belongs to the frame if it is in this share of the prompts of the median run.

Otherwise it is a slot's value.
"""
FOLLOWS = 0.55
"""A run continues if this share of its prompts continues alike."""
STEADY = 0.8
"""Two runs adjoin, or a run begins its prompts, if this is so in this share of the prompts."""
APART = 0.2
"""Two runs that meet in less than this share of the prompts expected by chance are two wordings.

The commoner one is shown.
"""
FEW_PROMPTS = 3
"""Prompts needed to decide that."""
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class _Windows:
    """Every run of WINDOW words of some prompts; one entry per place; numbers are by distinct run."""

    number: Int64s
    """By place: the run that begins there."""
    prompt: Int64s
    """By place: the prompt."""
    at: Int64s
    """By place: the word of the prompt at which it begins."""
    accounts: Int64s
    """By run: number of accounts that wrote it."""
    prompts: Int64s
    """By run: number of prompts that hold it."""
    distinct: int
    """Number of distinct runs."""


@dataclass(frozen=True)
class _Run:
    """Runs of WINDOW words, each overlapping the next in all words but one."""

    windows: list[int]
    """Their numbers."""
    begins: dict[int, int]
    """By prompt that holds the first: where it is."""
    ends: dict[int, int]
    """By prompt that holds the last: the word after it."""
    prompts: set[int]
    """Prompts that hold any."""


def prompts_of(batch: pa.RecordBatch, rows: Sequence[int]) -> list[str]:
    """Return the last user message of some rows of table REQUESTS; empty where there is none.

    What machines put into it is left out, as it is before sketching.
    """
    taken: Any = batch.column("messages").take(pa.array(rows, pa.int64()))
    return [_last(messages or []) for messages in taken.to_pylist()]


def _last(messages: list[dict[str, str | None] | None]) -> str:
    texts = [m["text"] for m in messages if m and ROLES.get(str(m["role"]).lower(), USER) == USER]
    return without_marks(texts[-1] or "") if texts else ""


def frame_of(prompts: Sequence[tuple[int, str]], least: int, max_chars: int) -> str | None:
    """Return the frame of one template from rows (account, prompt), with {1}, {2} … for slots.

    None if nothing may be shown. Words are masked. A word is shown only inside a run of words of which each
    WINDOW is in the prompts of `least` different accounts; repetition by one account does not count. The runs
    are combined from all prompts, so the result need not be anybody's prompt.
    """
    read = [(account, *masked_words(_cut(text, max_chars))) for account, text in prompts]
    long = [(account, hashes, words) for account, hashes, words in read if len(hashes) >= WINDOW]
    if len({account for account, _, _ in long}) < least:
        return None
    windows = _windows([hashes for _, hashes, _ in long], np.array([account for account, _, _ in long]))
    lengths = [len(hashes) for _, hashes, _ in long]
    runs = _ordered(_told_apart(_runs(windows, _frame_windows(windows, least)), len(long)))
    if not runs:
        return None
    return _text(runs, lengths, _Speller(windows, long, least))


def head_of(frame: str, edge_words: int) -> str | None:
    """Return the first words of a frame that begins its prompts; None if there is a slot among them."""
    first = frame.split()[:edge_words]
    return (
        " ".join(first)
        if len(first) == edge_words and not any(word.startswith(SLOT) for word in first)
        else None
    )


def _cut(text: str, most: int) -> str:
    data = text.encode("utf-8", "replace")
    return text if len(data) <= 2 * most else (data[:most] + b"\n" + data[-most:]).decode("utf-8", "ignore")


def _windows(prompts: list[Hashes], accounts: Int64s) -> _Windows:
    values, owners, places = [], [], []
    for i, hashes in enumerate(prompts):
        total = np.zeros(len(hashes) - WINDOW + 1, np.uint64)
        for j in range(WINDOW):
            total = (total ^ (total >> np.uint64(29))) * _FACTOR + hashes[j : j + len(total)]
        values.append(total)
        owners.append(np.full(len(total), i))
        places.append(np.arange(len(total)))
    prompt, at = np.concatenate(owners), np.concatenate(places)
    found, number = np.unique(np.concatenate(values), return_inverse=True)
    return _Windows(
        number,
        prompt,
        at,
        _distinct(number, accounts[prompt], len(found)),
        _distinct(number, prompt, len(found)),
        len(found),
    )


def _distinct(number: Int64s, owner: Int64s, size: int) -> Int64s:
    """Return, by number, how many different owners it has."""
    pairs = np.unique(np.stack([number, owner]), axis=1)
    return np.bincount(pairs[0], minlength=size)


def _frame_windows(windows: _Windows, least: int) -> npt.NDArray[np.bool_]:
    certain = windows.accounts >= least
    usual = float(np.median(windows.prompts[certain])) if certain.any() else 0.0
    return np.asarray(certain & (windows.prompts >= COMMON * usual))


def _runs(windows: _Windows, frame: npt.NDArray[np.bool_]) -> list[_Run]:
    """Return chains of frame windows in which each is what mostly follows the one before."""
    follows = _follows(windows, frame)
    seen: set[int] = set()
    chains: list[list[int]] = []
    after = set(follows.values())
    places = np.flatnonzero(frame[windows.number])
    for start in [n for n in windows.number[places].tolist() if n not in after] + windows.number[
        places
    ].tolist():
        chain: list[int] = []
        while start not in seen:
            seen.add(start)
            chain.append(start)
            start = follows.get(start, start)
        if chain:
            chains.append(chain)
    where = _places(windows, frame)
    return [
        _Run(
            chain,
            where[chain[0]],
            {p: at + WINDOW for p, at in where[chain[-1]].items()},
            {p for n in chain for p in where[n]},
        )
        for chain in chains
    ]


def _follows(windows: _Windows, frame: npt.NDArray[np.bool_]) -> dict[int, int]:
    """For each frame window, the one that continues it, where both agree that they belong together."""
    next_to = (
        (windows.prompt[:-1] == windows.prompt[1:]) & frame[windows.number[:-1]] & frame[windows.number[1:]]
    )
    one, other, prompt = (
        windows.number[:-1][next_to],
        windows.number[1:][next_to],
        windows.prompt[:-1][next_to],
    )
    if len(one) == 0:
        return {}
    edges, number = np.unique(np.stack([one, other]), axis=1, return_inverse=True)
    prompts = _distinct(number.ravel(), prompt, edges.shape[1])
    forth: dict[int, int] = {}
    back: dict[int, int] = {}
    for a, b, n in sorted(zip(*edges.tolist(), prompts.tolist(), strict=True), key=lambda edge: edge[2]):
        if n >= FOLLOWS * windows.prompts[a] and n >= FOLLOWS * windows.prompts[b]:
            forth[a], back[b] = b, a
    return {a: b for a, b in forth.items() if back[b] == a}


def _places(windows: _Windows, frame: npt.NDArray[np.bool_]) -> dict[int, dict[int, int]]:
    """Return, by frame window, the prompts that hold it, and where first."""
    where: dict[int, dict[int, int]] = {int(n): {} for n in np.flatnonzero(frame)}
    chosen = frame[windows.number]
    for n, prompt, at in zip(
        *(column[chosen].tolist() for column in (windows.number, windows.prompt, windows.at)), strict=True
    ):
        where[n].setdefault(prompt, at)
    return where


def _told_apart(runs: list[_Run], prompts: int) -> list[_Run]:
    """Remove runs that are another wording of a commoner one, or of a part of it."""
    kept: list[_Run] = []
    for run in sorted(runs, key=lambda r: (-len(r.prompts) * len(r.windows), r.windows)):
        if not any(_rivals(run, other, prompts) or _inside(run, other) for other in kept):
            kept.append(run)
    return kept


def _rivals(run: _Run, other: _Run, prompts: int) -> bool:
    """Return whether two runs meet far less often than by chance."""
    return len(run.prompts & other.prompts) * prompts < APART * len(run.prompts) * len(other.prompts)


def _inside(run: _Run, other: _Run) -> bool:
    """Return whether a run is where the other one has words of its own."""
    both = run.begins.keys() & other.begins.keys() & other.ends.keys()
    held = [
        other.begins[p] < run.begins[p] < other.ends[p] <= other.begins[p] + len(other.windows) + 2 * WINDOW
        for p in both
    ]
    return len(held) >= FEW_PROMPTS and _mostly(held)


def _ordered(runs: list[_Run]) -> list[_Run]:
    return sorted(runs, key=lambda run: (float(np.median(list(run.begins.values()))), run.windows))


class _Speller:
    """How a word of the frame is spelled: as enough accounts write it there, else folded.

    So no single person's spelling is shown.
    """

    def __init__(self, windows: _Windows, prompts: list[tuple[int, Hashes, list[str]]], least: int) -> None:
        self._windows = windows
        self._prompts = prompts
        self._least = least
        self._order = np.argsort(windows.number, kind="stable")
        self._starts = np.searchsorted(windows.number[self._order], np.arange(windows.distinct + 1))

    def __call__(self, window: int, word: int) -> str:
        """Return the word so many places into a window."""
        places = self._order[self._starts[window] : self._starts[window + 1]]
        forms = {self._form(int(self._windows.prompt[i]), int(self._windows.at[i]) + word) for i in places}
        form, accounts = max(
            Counter(form for form, _account in forms).items(), key=lambda item: (item[1], item[0])
        )
        return form if accounts >= self._least else "".join(c for c in form.casefold() if c.isalnum())

    def _form(self, prompt: int, at: int) -> tuple[str, int]:
        account, _hashes, words = self._prompts[prompt]
        return words[at], account


def _text(runs: list[_Run], lengths: list[int], spell: _Speller) -> str:
    shown: list[str] = []
    slots = 0
    for slot, skipped, run in _laid_out(runs, lengths):
        if slot:
            slots += 1
            shown.append(f"{{{slots}}}")
        if run is not None:
            first, *others = run.windows
            words = [(first, word) for word in range(WINDOW)] + [(window, WINDOW - 1) for window in others]
            shown += [spell(window, word) for window, word in words[skipped:]]
    return " ".join(shown)


def _laid_out(runs: list[_Run], lengths: list[int]) -> Iterator[tuple[bool, int, _Run | None]]:
    """Each run, whether a slot is before it, and how many of its words the run before has already given.

    The end comes last.
    """
    starts = [at == 0 for at in runs[0].begins.values()]
    yield _mostly(starts) is False, 0, runs[0]
    for before, run in pairwise(runs):
        gaps = Counter(run.begins[p] - before.ends[p] for p in run.begins.keys() & before.ends.keys())
        gap, n = max(gaps.items(), key=lambda item: item[1], default=(0, 0))
        steady = n >= STEADY * gaps.total()
        # Only if the second begins at most one word after the first's last WINDOW is every WINDOW between
        # them known to be shared.
        yield not (steady and gap == 1 - WINDOW), max(0, -gap) if steady else 0, run
    yield _mostly([end == lengths[p] for p, end in runs[-1].ends.items()]) is False, 0, None


def _mostly(found: list[bool]) -> bool:
    return sum(found) >= STEADY * len(found)
