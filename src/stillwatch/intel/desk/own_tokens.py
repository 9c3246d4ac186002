"""Tokens of our own values, made before by whoever may ask the service of tokens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from stillwatch.errors import IntelError
from stillwatch.intel.desk.matching import Tokenise
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.small_file import read_small

LARGEST = 256 * 2**20
"""Bytes of the file; a million tokens have about 150 MB."""


def read_tokens(path: Path) -> Tokenise:
    """Read tokens from JSON lines, each with kind, epoch, value and token. Raises IntelError for another
    file; no message shows a value.
    """
    data = read_small(
        path, LARGEST, what="file of tokens", error=IntelError, do="check the path given to --tokens"
    )
    found: dict[tuple[str, str, str], str] = {}
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            found |= dict([_read(line, f"{path}, line {number}")])

    def tokenise(kind: IndicatorKind, epoch: str, texts: Sequence[str]) -> Sequence[str]:
        return [found.get((kind.value, epoch, text), "") for text in texts]

    return tokenise


def _read(line: bytes, where: str) -> tuple[tuple[str, str, str], str]:
    try:
        row = json.loads(line)
        kind, epoch, value, token = (row[name] for name in ("kind", "epoch", "value", "token"))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _wrong(where) from None
    if not all(isinstance(one, str) and one for one in (kind, epoch, value, token)):
        raise _wrong(where)
    return (kind, epoch, value), token.lower()


def _wrong(where: str) -> IntelError:
    return IntelError(
        "a line is no token",
        where=where,
        do='write {"kind": "asn", "epoch": "…", "value": "…", "token": "…"}, all of them texts',
    )
