"""The guard as a whole, as `bench/guard_end_to_end.py --quick` shows it with the middleware."""

from __future__ import annotations

import json

import pytest
from end_to_end_work import end_to_end_work


def test_a_worlds_campaigns_meet_their_steps_and_nobody_else_does(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    work = end_to_end_work(tmp_path_factory)
    figures = json.loads((work / "figures.json").read_text(encoding="utf-8"))
    assert not [promise for promise in figures["promises"] if not promise["holds"]]
    assert (work / "code").read_text(encoding="utf-8") == "0"
    met = {(row["who"], row["tier"]): row for row in figures["rows"]}
    assert met["thistle", "named"]["blocked"] > 500
    assert met["teasel", "named"]["slowed"] > 100
    assert met["teasel", "named"]["marked"] > 10
    assert met["burdock", "named"]["marked"] > 500
    assert met["thistle", "exempt"]["untouched"] == 40
    assert met["permitted_distiller", "permit"]["untouched"] > 10
    assert met["benign", ""]["accounts"] > 200
    assert set(figures["shapes"]) == {"distilabel", "harvest", "lm-eval", "agent", "chat"}
    assert all(row["same"] for row in figures["read_back"])
