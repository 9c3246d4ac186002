"""Texts that may be a program's writing of messages, or words that only look like it."""

from __future__ import annotations

import re
from typing import Any

from stillwatch.ingest.broken_off import CUT, before_cut
from stillwatch.ingest.notes import note
from stillwatch.ingest.values import inner, literal

OURS = frozenset(
    (
        "role",
        "content",
        "parts",
        "text",
        "type",
        "messages",
        "message",
        "input",
        "prompt",
        "lc",
        "kwargs",
        "data",
        "tool_calls",
        "refusal",
        "choices",
        "candidates",
        "output",
        "outputs",
        "generation",
        "generations",
        "results",
        "completion",
        "outputText",
        "error",
        "errors",
        "detail",
        "usage",
        "object",
        "id",
        "model",
        "redacted",
    )
)
"""Names in messages and responses of some API. An object without any is a text that happens to be JSON."""
PYTHON = re.compile(
    r"(?:array\()?\[?\{'(?:role|content|type|parts|text|messages|lc|tool_calls|choices|id)': "
)
"""How Python's writing of messages and responses begins."""
BROKEN = re.compile(r'\s*[\[{]\s*(?:\{\s*)?"')
"""How JSON of objects begins."""
BETWEEN = re.compile(r"\}\s*\n\s*\{")
ARRAYS = re.compile(r"\barray\(|,\s*dtype=\w+\)")
"""What NumPy's writing of a list has instead of commas and brackets."""


def opened_text(value: str) -> Any:
    """Return the messages or the response in a text; the text itself where it holds none of an API."""
    if value[:6] == "array(":
        found = _arrays(value)
    else:
        found = inner(value)
        if found is value and PYTHON.match(value):
            found = _arrays(value)
        elif found is value and BROKEN.match(value) and (kept := before_cut(value)) is not None:
            found = kept
            if _of_an_api(found):
                note("messages", CUT)
    if isinstance(found, dict) and found and OURS.isdisjoint(found):
        return value
    if isinstance(found, list) and any(isinstance(item, dict) for item in found):
        known = any(not OURS.isdisjoint(item) for item in found if isinstance(item, dict))
        return found if known else value
    return found


def _of_an_api(found: Any) -> bool:
    """Return whether an object, or one in a list, has a name of some API."""
    items = found if isinstance(found, list) else [found]
    return any(isinstance(item, dict) and not OURS.isdisjoint(item) for item in items)


def is_lost(text: str, column: str) -> bool:
    """Return whether a text is surely Python's writing of messages, which cannot be read, and note it."""
    if PYTHON.match(text) is None:
        return False
    note(column, "Python's writing of messages, cut or with objects in it: left out; export them as JSON")
    return True


def _arrays(value: str) -> Any:
    """Read a text with NumPy's arrays in it, as data frames with lists from Parquet write to CSV."""
    bare = ARRAYS.sub("", BETWEEN.sub("}, {", value))
    found = literal(bare)
    return value if found is bare else found
