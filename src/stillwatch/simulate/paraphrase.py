"""Paraphrased frames: a campaign's templates as its own small model might reword them. The payload stays.

Level 1 swaps about a tenth of a frame's words in place. Level 2 says the whole frame in other words and in
another order. Frames are rules of the grammar like all others, but draw from a random stream of their own, so
that the same seed gives the same payload at every level.
"""

from __future__ import annotations

import re
from typing import Any

Rules = dict[str, list[str]]
LEVELS, HEAVY = 3, 2
"""Number of levels (0 verbatim, 1 light, 2 heavy), and the highest."""
ENDS = ("", "_light", "_heavy")
"""Suffix of a symbol's name at each level."""
LIGHT_SHARE = 0.15
"""Mean share of a frame's words in phrases that level 1 swaps.

Synonyms keep some words, so about a tenth of all words change.
"""
FINEST = 40
"""Alternatives of a swap at most, including the original phrase: chances are met within one in so many."""
SLOT = re.compile(r"\{[a-z][a-z0-9_]*\}")
FIRST = "paraphrase_"
"""Prefix of the names of symbols inside frames; no phrase book has such a name."""


def rules(verbatim: Rules, books: dict[str, dict[str, Any]]) -> Rules:
    """Make rules for the frames of `verbatim` (symbol -> alternatives) at levels 1 and 2.

    books: the files of folder paraphrases by name. Raises ValueError for a reworded frame that does not
    exist, and for a frame that is not reworded.
    """
    synonyms: Rules = books["synonyms.toml"]
    shared: Rules = books["shared.toml"]
    found = {f"{FIRST}{name}": alternatives for name, alternatives in shared.items()}
    sections = {
        symbol: frames
        for name, book in books.items()
        if name not in ("synonyms.toml", "shared.toml")
        for symbol, frames in book.items()
    }
    for symbol, frames in sections.items():
        if len(frames) != len(verbatim.get(symbol, [])):
            raise ValueError(f"BUG: paraphrases of {symbol} do not match its frames")
        found[symbol + ENDS[1]] = [_light(text, synonyms, found) for text in verbatim[symbol]]
        found[symbol + ENDS[2]] = [
            _heavy(frame, f"{FIRST}{symbol}_{number}", shared, found) for number, frame in enumerate(frames)
        ]
    return found


def _light(text: str, synonyms: Rules, found: Rules) -> str:
    """Return the frame with a slot for each phrase that has synonyms.

    The fewer such phrases there are, the likelier each is swapped.
    """
    pattern = re.compile(
        rf"(?<!\w)(?:{'|'.join(re.escape(phrase) for phrase in sorted(synonyms, key=len, reverse=True))})(?!\w)"  # noqa: E501
    )
    parts = re.split(rf"({SLOT.pattern})", text)
    frame = parts[::2]
    words = sum(len(part.split()) for part in frame)
    swappable = sum(len(match[0].split()) for part in frame for match in pattern.finditer(part))
    chance = min(1.0, LIGHT_SHARE * words / max(swappable, 1))
    parts[::2] = [pattern.sub(lambda match: _swap(match[0], chance, synonyms, found), part) for part in frame]
    return "".join(parts)


def _swap(phrase: str, chance: float, synonyms: Rules, found: Rules) -> str:
    """Return a slot that gives one of the phrase's synonyms with a chance, else the phrase."""
    others = synonyms[phrase]
    swapped = max(1, round(FINEST * chance / len(others))) * len(others)
    kept = max(0, round(swapped / chance) - swapped)
    name = f"{FIRST}{'_'.join(re.findall('[a-z]+', phrase.lower()))}_{'upper' if phrase[0].isupper() else 'lower'}_{swapped}_{kept}"  # noqa: E501
    found[name] = [phrase] * kept + others * (swapped // len(others))
    return f"{{{name}}}"


def _heavy(frame: Rules, name: str, shared: Rules, found: Rules) -> str:
    """Return a slot that gives one of the frame's orders.

    Clauses of the frame and shared ones are slots in it; other slots are the payload's.
    """
    names = {clause: f"{name}_{clause}" for clause in frame} | {
        clause: f"{FIRST}{clause}" for clause in shared
    }

    def inside(text: str) -> str:
        return SLOT.sub(lambda match: f"{{{names.get(match[0][1:-1], match[0][1:-1])}}}", text)

    found |= {names[clause]: [inside(text) for text in texts] for clause, texts in frame.items()}
    return f"{{{names['orders']}}}"
