"""Backtests in a state folder, so that a rule can go live on one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from stillwatch.errors import PolicyError
from stillwatch.run.durable import FOLDER, write_text
from stillwatch.small_file import read_small

MOST_BYTES = 64 * 2**20
"""Bytes of one backtest."""


@dataclass(frozen=True, slots=True)
class BacktestKept:
    """What a backtest says about one version of a rule."""

    digest: str
    """SHA-256 of the whole document."""
    made: float
    """When it was made; POSIX seconds."""
    benign_touched: int
    """Benign accounts that the rule asked for, before the limits."""
    benign_accounts: int
    """All benign accounts of the replayed days."""


def keep_backtest(folder: Path, document: dict[str, Any]) -> str:
    """Keep a backtest; returns the SHA-256 of what is kept. Raises OSError."""
    text = json.dumps(document, sort_keys=True) + "\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    place = folder / "backtests"
    place.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    stamp = str(document["made"]).replace("-", "").replace(":", "").partition(".")[0].rstrip("Z")
    write_text(place / f"{stamp}Z-{digest}.json", text)
    return digest


def newest_backtest(folder: Path, rule: str, version: str) -> BacktestKept | None:
    """Return the newest backtest of a version; None if there is none. Raises PolicyError where one that is
    newer was changed.
    """
    for path in sorted((folder / "backtests").glob("*.json"), reverse=True):
        document, digest = _read(path)
        for row in document["rules"]:
            if (row["rule"], row["version"]) == (rule, version):
                made = datetime.fromisoformat(document["made"]).timestamp()
                benign = row["benign"]
                return BacktestKept(digest, made, int(benign["asked"]), int(benign["of"]))
    return None


def newest_document(folder: Path) -> tuple[dict[str, Any], str] | None:
    """Return the newest backtest whole, and its SHA-256; None where there is none. Raises PolicyError where
    it was changed.
    """
    found = sorted((folder / "backtests").glob("*.json"), reverse=True)
    return _read(found[0]) if found else None


def _read(path: Path) -> tuple[dict[str, Any], str]:
    do = "delete it, and make the backtest again"
    data = read_small(path, MOST_BYTES, what="backtest", error=PolicyError, do=do)
    digest = hashlib.sha256(data).hexdigest()
    if not path.name.endswith(f"-{digest}.json"):
        raise PolicyError("the backtest was changed", where=str(path), do=do)
    found = json.loads(data)
    if not isinstance(found, dict):
        raise PolicyError("the backtest is no document", where=str(path), do=do)
    return found, digest
