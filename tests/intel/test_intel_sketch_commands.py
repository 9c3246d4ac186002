"""`stillwatch intel sketches`: from a run by the gate to another member's store, and compared there."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from village import Ran

from stillwatch.cli import program
from stillwatch.errors import StillwatchError
from stillwatch.intel.private.epoch import Epoch
from stillwatch.run.reading import Run


def intel(*words: object) -> Any:
    done = CliRunner().invoke(program, ["intel", *map(str, words), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refused(*words: object) -> StillwatchError:
    with pytest.raises(StillwatchError) as caught:
        CliRunner().invoke(program, ["intel", *map(str, words)], catch_exceptions=False)
    assert caught.value.do
    return caught.value


def campaign_of(folder: Path) -> str:
    """A campaign of a run that has templates enough for a sketch."""
    rows = Run(folder).rows("campaigns")
    return next(str(row["campaign"]) for row in rows if row["verdict"] == "adversarial")


def test_a_sketch_leaves_by_the_gate_and_is_compared_where_it_came(village_run: Ran, tmp_path: Path) -> None:
    run, campaign = village_run.folder, campaign_of(village_run.folder)
    key, mine, bundle = tmp_path / "group.key", tmp_path / "mine", tmp_path / "bundle.json"
    key.write_text("the secret of the group, in a file\n", encoding="utf-8")
    made = intel("sketches", "make", run, campaign, "--group-key", key, "--out", mine)
    assert made["sketches"] >= 1
    there, here = ["--db", tmp_path / "there.db"], ["--db", tmp_path / "here.db"]
    why = ["--purpose", "detection", "--tlp", "amber", "--by", "Ann", "--sketches", mine]
    waiting = intel("export", run, campaign, *why, *there)
    seen = ["--sha256", waiting["sha256"], "--by", "Ben", "--to", bundle]
    intel("approve", waiting["number"], *seen, *there)
    objects = json.loads(bundle.read_text(encoding="utf-8"))["objects"]
    [shared] = [one for one in objects if one.get("pattern_type") == "stillwatch-sketch"]
    ends = datetime.fromisoformat(shared["valid_until"]).timestamp()
    assert ends <= Epoch.named(made["epoch"]).ends, "it cannot be compared in another epoch"
    received = intel("receive", bundle, "--from", "ann", *here)
    assert received["new"] > 0

    found = intel("sketches", "compare", mine, *here)
    assert found["alike"] == [{"mine": 1, "likeness": 1.0, "report": shared["id"]}]
    # Under another secret nothing can be compared, and that is told.
    key.write_text("the secret of another group altogether\n", encoding="utf-8")
    other = tmp_path / "other"
    intel("sketches", "make", run, campaign, "--group-key", key, "--out", other)
    assert intel("sketches", "compare", other, *here) == {"compared": 0, "not_comparable": 1, "alike": []}
    assert intel("sketches", "compare", mine, mine)["alike"] == [{"mine": 1, "likeness": 1.0, "other": 1}]


def test_mistakes_are_told(village_run: Ran, tmp_path: Path) -> None:
    key, out = tmp_path / "group.key", tmp_path / "out"
    key.write_text("short", encoding="utf-8")
    making = ["sketches", "make", village_run.folder]
    assert "16 bytes" in refused(*making, "C001", "--group-key", key, "--out", out).what
    assert "no such campaign" in refused(*making, "C999", "--group-key", key, "--out", out).what
    out.write_text("sketch:v1:none\n", encoding="utf-8")
    assert "line 1" in refused("sketches", "compare", out, out).where
