"""Wording that some of a group share with others of it: rare, of three of them, and not to be guessed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from stillwatch.engine import DuckDBEngine
from stillwatch.heldout.shared_wording import share_wording
from stillwatch.settings import EngineSettings

HARVESTING = (1, 2, 3, 4)
BESIDE = {5: "their template", 6: "its own template", 7: "everybody's template", 8: "their parameters"}
STRANGERS = range(100, 400)


def test_only_rare_wording_that_nobody_can_guess_ties(tmp_path: Path) -> None:
    keys = {
        "their template": (11, "head"),
        "its own template": (12, "head"),
        "everybody's template": (13, "head"),
        "their parameters": (14, "parameters"),
    }
    carried = [
        (account, name)
        for account in HARVESTING
        for name in ("their template", "everybody's template", "their parameters")
    ]
    carried += list(BESIDE.items()) + [(account, "everybody's template") for account in STRANGERS]
    held = pa.table(
        {
            "account": pa.array([account for account, _ in carried], pa.int64()),
            "key": pa.array([keys[name][0] for _, name in carried], pa.int64()),
            "facet": [keys[name][1] for _, name in carried],
        }
    )
    some, beside = (
        pa.table(
            {"group": pa.array([3] * len(accounts), pa.int64()), "account": pa.array(accounts, pa.int64())}
        )
        for accounts in (list(HARVESTING), list(BESIDE))
    )
    with DuckDBEngine(EngineSettings(threads=1), tmp_path) as engine:
        tied = share_wording(engine, engine.load("held", held), len(carried), some, beside)
    assert np.flatnonzero(tied).tolist() == [list(BESIDE).index(5)]
