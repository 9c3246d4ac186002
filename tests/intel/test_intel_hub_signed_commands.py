"""Members that sign: every command of `stillwatch intel` that asks a hub, with a member's key alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hub_house import House, made_hub, running, terms
from intel_runs import NOW
from intel_runs import told as told_of_run

from stillwatch.cases.database import Database
from stillwatch.cli import program
from stillwatch.errors import StillwatchError
from stillwatch.intel.gate.gate import Gate
from stillwatch.intel.gate.passing import Purpose
from stillwatch.intel.hub.parts import PARTS
from stillwatch.intel.member import Channel
from stillwatch.intel.private.beside_hub import pin_of
from stillwatch.intel.taxii.server.collection import Collection, Root, add_collection, add_root
from stillwatch.intel.tlp import Tlp
from stillwatch.intel_settings import IntelSettings


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with running(made_hub(tmp_path), tmp_path, PARTS) as found:
        yield found


def intel(*words: object) -> Any:
    done = CliRunner().invoke(program, ["intel", *map(str, words), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refused(*words: object) -> StillwatchError:
    with pytest.raises(StillwatchError) as caught:
        CliRunner().invoke(program, ["intel", *map(str, words)], catch_exceptions=False)
    assert caught.value.do
    return caught.value


def collection(house: House) -> str:
    """The address of a new collection."""
    with house.hub.database.writing() as session:
        add_root(session, Root("sharing", "Sharing"))
        wanted = Collection("shared", "sharing", Channel.INFORMATION, Tlp.AMBER, alias="shared")
        made = add_collection(session, wanted)
    return f"{house.url}/sharing/collections/{made.id}/"


def approved(folder: Path, identity: str) -> Path:
    """A store of sharing with one export that a second person approved."""
    facts, watched = told_of_run(folder / "run")
    with Database(folder / "alpha.db") as database:
        gate = Gate(database, IntelSettings())
        gate.name_itself("alpha", identity)
        level = Tlp.GREEN
        made = gate.propose(
            facts, watched, by="Ann", purpose=Purpose.DETECTION, level=level, clearance=level, now=NOW
        )
        gate.decide(made.number, by="Ben", sha256=made.sha256, agree=True, now=NOW)
    return folder / "alpha.db"


def test_a_member_publishes_fetches_and_looks_up_with_its_key_alone(house: House, tmp_path: Path) -> None:
    alpha, beta = house.member("alpha"), house.member("beta")
    house.agree(terms("alpha", "beta"), "alpha", "beta")
    place, store = collection(house), approved(tmp_path, alpha.identity)
    sides = {one.name: ["--side", one.folder] for one in (alpha, beta)}
    given = intel("publish", 1, "--to", place, *sides["alpha"], "--db", store, "--by", "Ann")
    assert len(given["taken"]) > 3
    assert given["refused"] == []
    [came] = intel("fetch", house.url, *sides["beta"], "--db", tmp_path / "beta.db")
    assert came["new"] == len(given["taken"])

    pin = ["--pin", pin_of(house.hub.database), "--kind", "mail_domain"]
    theirs, mine = tmp_path / "theirs", tmp_path / "mine"
    theirs.write_text("a.example\nb.example\n", encoding="utf-8")
    mine.write_text("b.example\nc.example\n", encoding="utf-8")
    shared, cache = tmp_path / "tokens", tmp_path / "cache"
    intel("tokens", theirs, *pin, *sides["alpha"], "--out", shared, "--cache", cache)
    found = intel("lookup", mine, *pin, *sides["beta"], "--against", shared, "--cache", tmp_path / "other")
    assert found["both"] == ["b.example"]


def test_who_asks_is_said_once_and_to_the_own_hub_only(house: House, tmp_path: Path) -> None:
    side = house.member("alpha")
    credentials = tmp_path / "credentials"
    credentials.write_text("alpha:secret\n", encoding="utf-8")
    assert "nothing says who asks" in refused("fetch", house.url).what
    both = ["--side", side.folder, "--credentials", credentials]
    assert "exclude" in refused("fetch", house.url, *both).what
    assert "another hub" in refused("fetch", "http://127.0.0.1:9", "--side", side.folder).what
    assert "cannot be read" in refused("fetch", house.url, "--side", tmp_path / "none").what
    tmp_path.joinpath("values").write_text("a.example\n", encoding="utf-8")
    words = ["tokens", tmp_path / "values", "--kind", "mail_domain", "--pin", "00" * 32]
    assert "no address" in refused(*words, "--credentials", credentials).what
