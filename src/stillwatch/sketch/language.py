"""The language of a prompt, guessed from its scripts and common words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from stillwatch.schema.keyed import Int64s
from stillwatch.sketch.characters import SCRIPTS
from stillwatch.sketch.lexicon import lines_of

SINGLE = {"greek": "el", "hebrew": "he", "devanagari": "hi", "han": "zh", "kana": "ja", "hangul": "ko", "thai": "th", "other": "other"}
"""Scripts that are named by their main language."""
KANA_SHARE = 0.1
"""Share of kana among kana and ideographs from which a text is Japanese."""


def language_of(scripts: Int64s, votes: Int64s) -> pa.Array[Any]:
    """Language by row: a code, or the script's name where no common word decides; null where there is no word."""
    main = np.where(scripts[:, 1:].any(axis=1), scripts[:, 1:].argmax(axis=1) + 1, 0)
    kana, han = SCRIPTS.index("kana"), SCRIPTS.index("han")
    japanese = scripts[:, kana] > KANA_SHARE * (scripts[:, kana] + scripts[:, han])
    main = np.where((main == han) & japanese, kana, main)
    names, of_script = _languages()
    votes = votes[:, : len(names)]
    counted = np.where(of_script[None, :] == main[:, None], votes, 0)
    best = counted.argmax(axis=1)
    voted = counted[np.arange(len(main)), best] > 0
    by_script = np.array([SINGLE.get(script, script) for script in SCRIPTS], object)
    found = np.where(voted, np.array(names, object)[best], by_script[main])
    return pa.array(found, pa.string(), mask=scripts.sum(axis=1) == 0)


def _languages() -> tuple[list[str], Int64s]:
    """Codes in file order, and the script of each."""
    heads = [line.split(":", 1)[0] for line in lines_of("languages.txt")]
    special = {"ru": "cyrillic", "uk": "cyrillic", "bg": "cyrillic", "ar": "arabic", "fa": "arabic", "ur": "arabic"}
    return heads, np.array([SCRIPTS.index(special.get(code, "latin")) for code in heads], np.int64)
