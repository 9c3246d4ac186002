"""Words that machines put into texts: what was cut, placeholders, encoded files."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa

from stillwatch.schema.keyed import buffers_of

STARTS = (
    b"litellm_truncated",
    b"redacted-by-litellm",
    b"runcat",
    b"RUNCAT",
    b"edacted",
    b"EDACTED",
    b";base64,",
    b"[image",
    b"[audio",
    b"[video",
    b"[file",
    b"[document",
    b"[blob",
    b"[uri",
    b" columns]",
)
"""Bytes that one of the marks has; texts without any of them are left as they are."""
NEEDLES = tuple(start.decode() for start in STARTS)
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


def unmarked(column: pa.Array[Any]) -> pa.Array[Any]:
    """Return a column of texts without such marks; the same column if it has none. Nulls stay."""
    data, offsets = buffers_of(column)
    held = data[int(offsets[0]) : int(offsets[-1])].tobytes()
    if not any(start in held for start in STARTS):
        return column
    cleaned: pa.Array[Any] = pa.array(
        [None if text is None else without_marks(text) for text in column.to_pylist()], column.type
    )
    return cleaned
