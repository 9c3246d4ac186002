"""run.json, read and recognised."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stillwatch.errors import RunError
from stillwatch.small_file import read_small

LARGEST = 256 * 2**20
"""Bytes of a run.json; it has a line for each log file and each day."""
AGAIN = "run `stillwatch detect … --out` again"


def read_about(path: Path) -> dict[str, Any]:
    """The document of a run.json. Raises RunError where it cannot be read or is no JSON object."""
    data = read_small(path, LARGEST, what="run's own description", error=RunError, do=AGAIN)
    try:
        about = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RunError("the run's own description is not JSON", where=str(path), do=AGAIN) from error
    if not isinstance(about, dict):
        raise RunError("the run's own description is not a JSON object", where=str(path), do=AGAIN)
    return about


def describes_run(about: dict[str, Any]) -> bool:
    """Whether a document is one that `detect` writes, in this version or an earlier one."""
    kinds = {"version": str, "settings": dict, "inputs": list, "sketch": dict, "exchanges": int}
    return all(isinstance(about.get(name), kind) for name, kind in kinds.items())


def identity_of(about: dict[str, Any], path: Path) -> tuple[str, str]:
    """The id and the digest of a run. Raises RunError where it has none."""
    name, digest = about.get("id"), about.get("digest")
    if not isinstance(name, str) or not isinstance(digest, str):
        raise RunError("the run has no id: it was made by an older version", where=str(path), do=AGAIN)
    return name, digest
