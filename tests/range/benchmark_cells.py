"""Finished worlds as the benchmark keeps them, made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark_page.cells import STUDIES
from benchmark_page.lines import OURS


def detector(
    name: str, recall: float, precision: float, innocents: dict[str, int] | None = None
) -> dict[str, Any]:
    row = {
        "campaign": "heath",
        "found": recall >= 0.5,
        "precision": precision,
        "recall": recall,
        "reached": recall,
    }
    own = {
        "rows": [row],
        "precision": precision,
        "recall": recall,
        "groups": 1,
        "false_groups": {},
        "innocents": innocents or {},
    }
    return {"name": name, "source": "a paper", "seconds": 1.0, "own": own, "flattered": None}


def cell(
    *detectors: dict[str, Any],
    seed: int = 1,
    gone: float = 0.01,
    false: dict[str, int] | None = None,
    state: str = "0a",
) -> dict[str, Any]:
    ours = detectors[0]["own"]["rows"][0]
    campaign = {
        "name": "heath",
        "found": ours["found"],
        "verdict": "adversarial",
        "account_precision": ours["precision"],
        "account_recall": ours["recall"],
        "accounts": 20,
    }
    day = None if gone >= 1 else "2026-02-03"
    return {
        "cell": {"scenario": "moor", "scale": 0.05, "seed": seed},
        "cell_name": f"moor seed {seed} {state}",
        "rate": 0.05,
        "every": 1,
        "quick": False,
        "machine": {"version": "1", "state": state, "python": "3.11", "processors": 2, "system": "Linux"},
        "exchanges": 1_000,
        "accounts": 120,
        "innocents": 100,
        "seconds": {"make": 60.0, "detect": 120.0},
        "score": {"campaigns": [campaign], "false_campaigns": false or {}},
        "alarms": {"campaigns": [{"name": "heath", "day": day, "delay_days": 2, "gone": gone}]},
        "detectors": list(detectors),
    }


def document(*cells: dict[str, Any], **studies: Any) -> dict[str, Any]:
    return {"cells": list(cells)} | dict.fromkeys(STUDIES) | studies


GOOD = cell(detector(OURS, 1.0, 1.0), detector("ranking", 0.4, 0.9, {"classroom": 3}))


def whole(folder: Path) -> str:
    """The page and the files of tables beside it, as one text."""
    files = [folder / "benchmark.md", *sorted((folder / "benchmark").glob("*.md"))]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)
