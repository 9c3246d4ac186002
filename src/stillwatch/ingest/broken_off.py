"""JSON texts that break off, as columns of limited length leave them: what stands before the cut."""

from __future__ import annotations

import re
from typing import Any

from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.values import loads

TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?$)|[\[\]{},:]', re.DOTALL)
CLOSED = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
DANGLING = re.compile(r"(?<!\\)((?:\\\\)*)\\(?:u[0-9A-Fa-f]{0,3})?$")
"""The beginning of an escape."""
BEGUN = r'(?:"[^"]{0,64}"?\s*:?\s*[\w.+-]{0,32}|[\w.+-]{0,32})\s*'
FIRST = re.compile(rf"\s*{BEGUN}")
NEXT = re.compile(rf"\s*(?:,\s*{BEGUN})?")
"""What may stand after a bracket, and after a whole value: a name, or the beginning of a number or a word."""
DEEPEST = 128
ENDS = {"{": "}", "[": "]"}
CUT = "the log cut the JSON text: the words before the cut are kept"


def before_cut(text: str) -> Any:
    """Return the object or list of which a text is the beginning; None if it is not the beginning of any.

    A text with anything else in it, which a client may have written, is no such beginning.
    """
    open_: list[str] = []
    whole = depth = 0
    value_next = True
    for found in TOKEN.finditer(text):
        mark = found[0]
        if mark[0] == '"':
            if found.end() == len(text) and not CLOSED.fullmatch(mark):
                if value_next:
                    return _parsed(DANGLING.sub(r"\1", text) + '"', open_)
                break  # the name of a value that does not follow
            if value_next:
                whole, depth = found.end(), len(open_)
            value_next = False
        elif mark in ENDS:
            open_.append(mark)
            if len(open_) > DEEPEST:
                return None
            whole, depth = found.end(), len(open_)
            value_next = mark == "["
        elif mark in "}]":
            if not open_ or ENDS[open_.pop()] != mark or not open_:
                return None
            whole, depth = found.end(), len(open_)
        else:
            if mark == "," and open_:
                whole, depth = found.start(), len(open_)
            value_next = mark == ":" or open_[-1:] == ["["]
    rest = FIRST if text[whole - 1 : whole] in ENDS else NEXT
    # A value that is not whole is left out; nothing else may stand there.
    return _parsed(text[:whole], open_[:depth]) if whole and rest.fullmatch(text, whole) else None


def _parsed(text: str, open_: list[str]) -> Any:
    try:
        return loads(text + "".join(ENDS[mark] for mark in reversed(open_)))
    except BadRow:
        return None
