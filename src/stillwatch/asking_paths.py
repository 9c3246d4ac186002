"""Which paths of an API ask a model for text. Imports nothing heavy, since a gateway asks it too."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

LONGEST_PATH = 1024
"""Characters of a path that are looked at."""
ASKS = re.compile(
    r"(?:/(?:chat/completions(?:/batch)?|completions?|complete|responses(?:/compact)?|messages|converse(?:-stream)?"
    r"|invoke(?:-with-(?:response|bidirectional)-stream)?|invocations|api/chat|api/generate|(?:vertex_)?generate(?:_stream)?)"
    r"|:(?:stream)?generatecontent|:(?:server)?streamrawpredict|:rawpredict|:predict)$"
)
"""Ends of the paths of calls that ask a model."""


def bare_path(path: Any) -> str:
    """Return a path in lower case, without host and query."""
    if not isinstance(path, str):
        return ""
    bare = unquote(path[:LONGEST_PATH].partition("?")[0].partition("#")[0]).rstrip("/").lower()
    scheme, there, rest = bare.partition("://")
    return f"/{rest.partition('/')[2]}" if there and "/" not in scheme else bare


def asks(path: Any) -> bool:
    """Return whether a path is known as one that asks a model for text."""
    bare = bare_path(path)
    return ASKS.search(bare) is not None and not bare.endswith("/batches/messages")
