"""The language of a prompt, guessed from its scripts and common words."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from stillwatch.schema.keyed import Int64s
from stillwatch.sketch.bits import lowest
from stillwatch.sketch.characters import SCRIPTS
from stillwatch.sketch.counters import Planes, largest
from stillwatch.sketch.cues import lines_of
from stillwatch.sketch.kernel import kernel
from stillwatch.sketch.spans import Hashes, Whole
from stillwatch.sketch.words import INFO, SCRIPT, Words

SINGLE = {
    "greek": "el",
    "hebrew": "he",
    "devanagari": "hi",
    "han": "zh",
    "kana": "ja",
    "hangul": "ko",
    "thai": "th",
}
"""Scripts with the name of their main language."""
_OTHER_SCRIPTS = {
    "ru": "cyrillic",
    "uk": "cyrillic",
    "bg": "cyrillic",
    "ar": "arabic",
    "fa": "arabic",
    "ur": "arabic",
}
_LATIN, _HAN, _KANA = (SCRIPTS.index(name) for name in ("latin", "han", "kana"))


@lru_cache(maxsize=1)
def languages() -> tuple[list[str | None], Hashes]:
    """Names by number (none, scripts, languages with common words), and by script its languages' bits."""
    codes = [line.split(":", 1)[0] for line in lines_of("languages.txt")]
    of_script = np.zeros(len(SCRIPTS), np.uint64)
    for bit, code in enumerate(codes):
        of_script[SCRIPTS.index(_OTHER_SCRIPTS.get(code, "latin"))] |= np.uint64(1 << bit)
    return [None, *(SINGLE.get(script, script) for script in SCRIPTS), *codes], of_script


@kernel
def count_scripts(words: Words, n: Whole, counts: Int64s) -> None:
    """Count the words by script."""
    counts[:] = 0
    latin: Whole = np.int64(0)
    for i in range(np.uint64(n)):
        script = np.int64(words[i, INFO] & np.uint64(SCRIPT))
        if script == _LATIN:
            latin += 1
        else:
            counts[script] += 1
    counts[_LATIN] = latin


@kernel
def main_script(counts: Int64s) -> Whole:
    """Return the script of most words, -1 without any.

    `other` (numerals, rare scripts) is the result only if there is no better one. A tenth of kana makes
    ideographs Japanese.
    """
    main: Whole = np.int64(-1)
    most: Whole = np.int64(0)
    for script in range(1, len(counts)):
        if counts[script] > most:
            main, most = np.int64(script), counts[script]
    if main < 0:
        return np.int64(0) if counts[0] > 0 else np.int64(-1)
    if main == _HAN and 9 * counts[_KANA] > counts[_HAN]:
        main = np.int64(_KANA)
    return main


@kernel
def guess(main: Whole, votes: Planes, of_script: Hashes) -> Whole:
    """Return the number of a language.

    It is the one of the main script with most common words, else the script itself, else 0.
    """
    if main < 0:
        return np.int64(0)
    best = largest(votes, of_script[np.uint64(main)])
    return 1 + main if best == 0 else 1 + len(SCRIPTS) + lowest(best)


def scripts_of(numbers: Int64s) -> Any:
    """Return script names from their numbers, -1 for none."""
    return pa.DictionaryArray.from_arrays(
        pa.array(numbers, pa.int32(), mask=numbers < 0), pa.array(SCRIPTS, pa.string())
    ).cast(pa.string())


def names_of(numbers: Int64s) -> Any:
    """Return language names from their numbers."""
    return pa.DictionaryArray.from_arrays(
        pa.array(numbers, pa.int32()), pa.array(languages()[0], pa.string())
    ).cast(pa.string())
