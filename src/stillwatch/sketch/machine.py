"""Words that machines put into texts: what was cut, placeholders, encoded files."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa

from stillwatch.schema.keyed import Int64s, buffers_of
from stillwatch.sketch.arrow import compute
from stillwatch.sketch.kernel import kernel
from stillwatch.sketch.spans import Bytes, Whole

NEEDLES = (
    "runcat",
    "RUNCAT",
    "edacted",
    "EDACTED",
    ";base64,",
    "[image",
    "[audio",
    "[video",
    "[file",
    "[document",
    "[blob",
    "[uri",
    " columns]",
)
"""What one of the marks has; texts without any of them are left as they are."""
SEARCHED = 4
"""Bytes of a needle that the kernel looks for."""
SMALL = np.uint8(0x20)
"""Makes a letter small; a bracket becomes a brace."""
_A, _B, _C, _D, _E, _F, _I, _L, _M, _N, _O, _R, _S, _U, _V = (
    np.uint8(ord(letter)) for letter in "abcdefilmnorsuv"
)
_OPEN, _CLOSED, _SEMICOLON = np.uint8(ord("{")), np.uint8(ord("}")), np.uint8(ord(";"))
ASIDE = (
    r"[\s\d.,:;_=%-]{1,12}|(?:chars?|characters?|bytes?|tokens?|lines?|more|by|for|of|to|at|after|len|length|"
    r"omitted|removed|email|phone|pii|name|content|output|text|data|privacy|limit|size|k?i?b|mb)\b"
)
"""What a mark says of what was cut. Any other word is somebody's own, and stays: brackets hide no prompt."""
MARKS = re.compile(
    r"(?:\.{3} ?)?\(litellm_truncated(?: skipped)?[^()]{0,200}(?:\([^()]{0,80}\)[^()]{0,300}){0,3}\)?"
    r"(?: ?\.{3})?"
    r"|\"?redacted-by-litellm\"?"
    r"|data:[\w.+-]{1,40}/[\w.+-]{1,80}(?:;[\w=.-]{1,40}){0,4};base64,[A-Za-z0-9+/_=-]*"
    r"|(?:\.{3}|\u2026)? ?[\[(<{]{1,2} ?(?:\.{3}|\u2026)? ?"
    r"(?:(?<!\()(?:\w{1,20} ){1,3})?(?:truncat\w{0,5}|redacted)\b"
    rf"(?:{ASIDE}){{0,16}}[\])>}}]{{1,2}}(?: ?\.{{3}}| ?\u2026)?"
    r"|(?:\.{3}|\u2026) ?(?:truncated|and \d+ more)\b"
    r"|\[(?:image|audio|video|file|document|blob|uri)(?:[ _](?:url|data|omitted|removed|\#?\d{1,4})){0,2}\]"
    r"|\[\d+ rows x \d+ columns\]",
    re.IGNORECASE,
)
"""Marks of LiteLLM (all versions), Langfuse, Datadog, Sentry, OpenTelemetry, pandas, and our placeholders."""


def without_marks(text: str) -> str:
    """Return a text without what machines put into it."""
    return MARKS.sub(" ", text) if any(needle in text for needle in NEEDLES) else text


@kernel
def find_marked(data: Bytes, offsets: Int64s, out: Bytes) -> Whole:
    """Write 1 for each text that may hold a needle, 0 for one that holds none; returns how many may.

    One pass over all bytes, without branches: searching for each needle took as long as half of the kernels.
    """
    many: Whole = np.int64(0)
    for number in range(len(out)):
        text = data[offsets[number] : offsets[number + 1]]
        found = False
        for at in range(len(text) - SEARCHED + 1):
            a, b, c, d = text[at] | SMALL, text[at + 1] | SMALL, text[at + 2] | SMALL, text[at + 3] | SMALL
            found |= (a == _R) & (b == _U) & (c == _N) & (d == _C)  # runc
            found |= (a == _E) & (b == _D) & (c == _A) & (d == _C)  # edac
            found |= (a == _SEMICOLON) & (b == _B) & (c == _A) & (d == _S)  # ;bas
            found |= (b == _N) & (c == _S) & (d == _CLOSED)  # ns]
            # [im, [au, [vi, [fi, [do, [bl, [ur
            begun = ((b == _I) & (c == _M)) | ((b == _A) & (c == _U)) | ((b == _V) & (c == _I))
            begun |= ((b == _F) & (c == _I)) | ((b == _D) & (c == _O)) | ((b == _B) & (c == _L))
            found |= (a == _OPEN) & (begun | ((b == _U) & (c == _R)))
        out[number] = np.uint8(found)
        many += np.int64(found)
    return many


def unmarked(column: pa.Array[Any]) -> pa.Array[Any]:
    """Return a column of texts without such marks; the same column if it has none. Nulls stay."""
    data, offsets = buffers_of(column)
    marked = np.empty(len(column), np.uint8)
    if not find_marked(data, offsets, marked):
        return column
    places = np.flatnonzero(marked)
    before: pa.Array[Any] = compute.take(column, pa.array(places))
    after = [None if text is None else without_marks(text) for text in before.to_pylist()]
    cleaned: pa.Array[Any] = pa.array(after, column.type)
    if cleaned.equals(before):
        return column
    changed: pa.Array[Any] = compute.replace_with_mask(column, pa.array(marked.astype(bool)), cleaned)
    return changed
