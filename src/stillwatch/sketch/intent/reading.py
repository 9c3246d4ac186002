"""Texts to masked words and their features, outside the kernels' loop.

For training, and to check the kernels.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillwatch.schema.flags import HARVEST
from stillwatch.sketch.cues import OF_FLAGS, words_of
from stillwatch.sketch.intent.labels import BITS
from stillwatch.sketch.intent.scoring import (
    BUCKET_BITS,
    COLUMNS,
    CONFIRMED,
    CONTEXT,
    DAMPING,
    FRAMED,
    HITS,
    LIKELY,
    PAIR,
    SHIFT,
    TAG_SHIFT,
    WORD,
)
from stillwatch.sketch.lexicon import lexicon_of, unseen
from stillwatch.sketch.masked import masked
from stillwatch.sketch.matching import match
from stillwatch.sketch.rows import APART
from stillwatch.sketch.skeleton import VALUE
from stillwatch.sketch.spans import Hashes


def masked_of(text: str, system: bool = False) -> Hashes:
    """Return hashes of a text's masked words, as the kernels give them to `score`.

    In a system prompt, quotations and code are not masked.
    """
    return masked(text, system=system)[1][:, VALUE].copy()


def cues_of(*texts: str | None) -> int:
    """Return bits of schema.flags that the cues in an exchange's texts support: system prompt and message."""
    lexicon = lexicon_of(OF_FLAGS)
    seen, base, bits = unseen(lexicon), 0, 0
    for text in texts:
        if text:
            words = words_of(text)
            bits |= int(match(words, len(words), lexicon, seen, base, 1))
            base += len(words) + APART
    return bits


def features_of(parts: tuple[Hashes, ...]) -> Hashes:
    """Return the distinct features of an exchange, ascending.

    They are its words, and the pairs of neighbours within its system prompt and within its message.
    """
    found = [np.zeros(0, np.uint64)]
    for words in parts:
        found.append(words * WORD)
        found.append(((words[:-1] * PAIR) ^ words[1:]) * WORD)
    return np.unique(np.concatenate(found))


def buckets_of(features: Hashes) -> npt.NDArray[np.uint16]:
    """Return the bucket of each feature."""
    return (features >> SHIFT).astype(np.uint16)


def tags_of(features: Hashes) -> npt.NDArray[np.uint16]:
    """Return the tag that separates each feature from others of its bucket."""
    return ((features >> TAG_SHIFT).astype(np.uint16)) | np.uint16(1)


def sums_of(parts: tuple[Hashes, ...], table: npt.NDArray[np.void]) -> npt.NDArray[np.int64]:
    """Compute the slow way what the kernel `score` must give for rows of model.FEATURE.

    Returns the sums by label, and how many features were known.
    """
    known = np.full(1 << BUCKET_BITS, -1, np.int64)
    known[table["bucket"]] = np.arange(len(table))
    places = {
        int(known[bucket])
        for bucket, tag in _keys(parts)
        if known[bucket] >= 0 and table["tag"][known[bucket]] == tag
    }
    sums = np.zeros(COLUMNS + 1, np.int64)
    for place in places:
        sums[:COLUMNS] += table["weights"][place]
    sums[HITS] = len(places)
    return sums


def _keys(parts: tuple[Hashes, ...]) -> list[tuple[int, int]]:
    features = features_of(parts)
    return list(zip(buckets_of(features).tolist(), tags_of(features).tolist(), strict=True))


def logits_of(sums: npt.NDArray[np.int64], scales: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Compute calibrated logits of sums, the slow way."""
    return np.asarray(
        scales[:, 0] * sums[..., :COLUMNS] / np.sqrt(sums[..., HITS, None] + DAMPING) + scales[:, 1]
    )


def flagged(
    logits: npt.NDArray[np.float64], least: npt.NDArray[np.float64], cues: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Return, by exchange and label, whether the flag is set, as the kernel `told` does.

    The last column is whether any flag of a harvest is set. logits: (exchanges, labels), calibrated. least:
    (labels,), thresholds. cues: (exchanges,), bits.
    """
    bits = np.array(BITS, np.int64)
    harvests = (bits & int(HARVEST)) > 0
    said = (cues[:, None] & bits) > 0
    believed = (logits[:, -1:] >= LIKELY) & ((cues[:, None] & FRAMED) == 0)
    alone = (logits >= least) & (~harvests | believed)
    found = alone | (said & ((logits >= CONFIRMED) | ((bits & CONTEXT) > 0)))
    found[:, -1] = found[:, harvests].any(axis=1)
    return np.asarray(found)
