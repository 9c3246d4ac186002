"""The language of a prompt, guessed from its scripts and common words."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from stillwatch.schema.keyed import Int64s
from stillwatch.sketch.characters import SCRIPTS
from stillwatch.sketch.kernel import kernel
from stillwatch.sketch.lexicon import Numbers, lines_of
from stillwatch.sketch.spans import Whole

SINGLE = {"greek": "el", "hebrew": "he", "devanagari": "hi", "han": "zh", "kana": "ja", "hangul": "ko", "thai": "th"}
"""Scripts that are named by their main language."""
_OTHER_SCRIPTS = {"ru": "cyrillic", "uk": "cyrillic", "bg": "cyrillic", "ar": "arabic", "fa": "arabic", "ur": "arabic"}
_HAN, _KANA = SCRIPTS.index("han"), SCRIPTS.index("kana")


@lru_cache(maxsize=1)
def languages() -> tuple[list[str | None], Int64s]:
    """Names by number (none, scripts, languages with common words), and the script of each of the latter."""
    codes = [line.split(":", 1)[0] for line in lines_of("languages.txt")]
    of_script = [SCRIPTS.index(_OTHER_SCRIPTS.get(code, "latin")) for code in codes]
    return [None, *(SINGLE.get(script, script) for script in SCRIPTS), *codes], np.array(of_script, np.int64)


@kernel
def guess(sheet: Numbers, row: Whole, counts: Whole, votes: Whole, of_script: Int64s) -> int:
    """Number of a row's language: the one of its main script with most common words, else the script itself, else 0.

    `other` (numerals, rare scripts) is the main script only where there is no better; a tenth of kana makes ideographs Japanese.
    """
    main, most = -1, 0
    for script in range(1, len(SCRIPTS)):
        if sheet[row, counts + script] > most:
            main, most = script, sheet[row, counts + script]
    if main < 0:
        return 1 if sheet[row, counts] > 0 else 0
    if main == _HAN and 9 * sheet[row, counts + _KANA] > sheet[row, counts + _HAN]:
        main = _KANA
    best, most = 1 + main, 0
    for language in range(len(of_script)):
        if of_script[language] == main and sheet[row, votes + language] > most:
            best, most = 1 + len(SCRIPTS) + language, sheet[row, votes + language]
    return best


def names_of(numbers: Int64s) -> Any:
    """Column of language names from their numbers."""
    return pa.DictionaryArray.from_arrays(pa.array(numbers, pa.int32()), pa.array(languages()[0], pa.string())).cast(pa.string())
