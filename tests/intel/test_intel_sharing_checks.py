"""What checks of playbooks see of sharing: a real store, a real member's side, a real hub."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from hub_house import House, made_hub, running, terms
from intel_runs import NOW
from intel_runs import told as told_of_run

from stillwatch.cases.database import Database
from stillwatch.cli import program
from stillwatch.intel.desk.sharing_seen import KEY, PEERS, SEEN, looks_at, seen_of
from stillwatch.intel.gate.gate import Gate
from stillwatch.intel.gate.passing import Purpose
from stillwatch.intel.hub import client, watching
from stillwatch.intel.tlp import Tlp
from stillwatch.intel_settings import IntelSettings
from stillwatch.playbooks.check import CHECKS, Holds
from stillwatch.playbooks.places import Places
from stillwatch.playbooks.sharing_seen import LookAtSharing


def holds(name: str, sharing: LookAtSharing | None, now: float | None = None) -> Holds:
    with Places(sharing=sharing, now=now) as places:
        return CHECKS.all()[name].answer(places).holds


def shared(folder: Path, *, left: bool) -> Database:
    """A store with one export, that left or waits."""
    facts, watched = told_of_run(folder / "run")
    database = Database(folder / "SHARING.db")
    gate = Gate(database, IntelSettings())
    level = Tlp.GREEN
    made = gate.propose(
        facts, watched, by="Ann", purpose=Purpose.DETECTION, level=level, clearance=level, now=NOW
    )
    if left:
        gate.decide(made.number, by="Ben", sha256=made.sha256, agree=True, now=NOW)
        gate.release(made.number, by="Ann", to="hub", now=NOW)
    return database


def test_nothing_given_cannot_be_told() -> None:
    assert looks_at(None, None, None) is None
    for name in ("hub_joined", "sharing_log_checked", "shared_corrected"):
        assert holds(name, None) is Holds.CANNOT_TELL


def test_an_export_counts_once_a_second_person_let_it_leave(tmp_path: Path) -> None:
    for left in (False, True):
        folder = tmp_path / str(left)
        with shared(folder, left=left) as database:
            seen = seen_of(database, None, None)
            assert (seen.waiting, seen.left) == (int(not left), int(left))
            look = looks_at(database, None, None)
            assert holds("shared_corrected", look) is (Holds.MET if left else Holds.NOT_APPLICABLE)
            assert (holds("sharing_confirmed", look) is Holds.MET) == left


def test_a_hub_that_was_looked_at_lately_and_one_that_lied(tmp_path: Path) -> None:
    with running(made_hub(tmp_path), tmp_path) as house:
        assert isinstance(house, House)
        side = house.member("alpha")
        house.agree(terms("alpha"), "alpha")
        look = looks_at(None, side.folder, None)
        assert holds("hub_joined", look) is Holds.MET
        assert holds("sharing_log_checked", look) is Holds.MISSING, "nobody has looked yet"
        done = CliRunner().invoke(program, ["hub", "log", "cosign", "--side", str(side.folder)])
        assert done.exit_code == 0, done.output
    assert holds("sharing_log_checked", look) is Holds.MET
    old = time.time() - 8 * 86_400
    os.utime(side.folder / SEEN, (old, old))
    assert holds("sharing_log_checked", look) is Holds.MISSING
    os.utime(side.folder / SEEN)
    (side.folder / "evidence").mkdir()
    (side.folder / "evidence" / "fork.json").write_text("{}", encoding="utf-8")
    assert holds("sharing_log_checked", look) is Holds.MISSING
    assert holds("hub_joined", looks_at(None, tmp_path / "empty", None)) is Holds.MISSING
    assert (KEY, SEEN, PEERS) == (client.KEY, watching.SEEN, watching.PEERS)


def test_readiness_counts_it(tmp_path: Path) -> None:
    with shared(tmp_path, left=True) as database:
        words = ["readiness", "--sharing", str(database.file), "--side", str(tmp_path / "none"), "--json"]
        found = json.loads(CliRunner().invoke(program, words).stdout)
    [point] = [one for one in found["points"] if one["playbook"] == "share"]
    told = {one["check"]: one["holds"] for one in point["checks"]}
    assert told == {
        "sharing_confirmed": "met",
        "hub_joined": "missing",
        "sharing_log_checked": "not applicable",
        "shared_corrected": "met",
    }
    assert point["holds"] == "missing"


@pytest.mark.parametrize("content", ["[1", "7", '"a"'])
def test_a_list_of_keys_that_is_none_breaks_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / PEERS).write_text(content, encoding="utf-8")
    assert seen_of(None, tmp_path, None).members == 0
