"""`stillwatch intel publish` and `fetch`, from one provider's gate to another's store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from intel_runs import NOW, told
from taxii_parts import ANN, BOB, MAIN, OBJECTS, indicator, made, post, seen, serving, sighting

from stillwatch.cases.database import Database
from stillwatch.cli import program
from stillwatch.cli._intel_taxii import _write_bundles
from stillwatch.errors import IntelError, StillwatchError
from stillwatch.intel.gate.gate import Gate
from stillwatch.intel.gate.passing import Purpose
from stillwatch.intel.stix.reading import read_bundle
from stillwatch.intel.taxii.client.connection import Connection
from stillwatch.intel.taxii.client.inbox import TOO_DEEP, Inbox, received
from stillwatch.intel.taxii.client.places import Arrived, Place, Source
from stillwatch.intel.tlp import Tlp
from stillwatch.intel_settings import IntelSettings


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A server with one collection."""
    with made(tmp_path / "hub.db", MAIN) as database, serving(database) as address:
        yield address


@dataclass(frozen=True)
class Done:
    """What a command did."""

    exit_code: int
    output: str


def run(*arguments: object) -> Done:
    """Run a command; its error, if it raises one, is its output."""
    done = CliRunner().invoke(program, [str(one) for one in arguments])
    if isinstance(done.exception, StillwatchError):
        assert done.exception.do
        return Done(done.exception.exit_code, str(done.exception))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return Done(done.exit_code, done.output)


def signed(tmp_path: Path, name: str) -> list[object]:
    """The options by which a server knows a member."""
    file = tmp_path / f"{name}.credentials"
    file.write_text(f"{name}:{name * 2}\n", encoding="utf-8")
    return ["--credentials", file]


def waiting(tmp_path: Path) -> tuple[int, str]:
    """Number and digest of an export that nobody has approved."""
    facts, watched = told(tmp_path / "run")
    with Database(tmp_path / "ann.db") as database:
        gate = Gate(database, IntelSettings())
        gate.name_itself("ann", ANN.identity)
        level = Tlp.GREEN
        made_one = gate.propose(
            facts, watched, by="Ann", purpose=Purpose.DETECTION, level=level, clearance=level, now=NOW
        )
    return made_one.number, made_one.sha256


def test_what_one_provider_publishes_the_other_fetches(tmp_path: Path, url: str) -> None:
    number, digest = waiting(tmp_path)
    target = f"{url}/info/collections/{MAIN.id}/"
    here = ["--db", tmp_path / "ann.db", "--by", "Ann", "--json"]
    publishing = ["intel", "publish", number, "--to", target, *signed(tmp_path, "ann"), *here]
    early = run(*publishing)
    assert early.exit_code == 2
    assert "nobody approved it" in early.output
    assert seen(url, BOB) == []
    approving = [
        "intel",
        "approve",
        number,
        "--sha256",
        digest[:12],
        "--db",
        tmp_path / "ann.db",
        "--by",
        "Ben",
    ]
    assert run(*approving).exit_code == 0
    first = run(*publishing)
    assert first.exit_code == 0, first.output
    taken = json.loads(first.output)["taken"]
    assert len(taken) == len(seen(url, BOB)) > 3
    assert json.loads(run(*publishing).output)["taken"] == taken

    fetching = ["intel", "fetch", url, *signed(tmp_path, "bob"), "--db", tmp_path / "bob.db", "--json"]
    came = run(*fetching)
    assert came.exit_code == 0, came.output
    [told_of] = json.loads(came.output)
    assert (told_of["collection"], told_of["new"]) == (target, len(taken))
    assert json.loads(run(*fetching).output)[0]["objects"] == 0
    with Database(tmp_path / "bob.db") as database, database.reading() as session:
        kept = received(session, target)
    assert sorted(one["id"] for one in kept) == sorted(taken)
    by_id = {one["id"]: one for one in seen(url, BOB)}
    assert all(by_id[one["id"]] == one for one in kept)

    # What was fetched before is taken in once the source has a name, and nothing twice.
    assert run(*fetching, "--from", "hub").exit_code == 0
    [of_hub] = json.loads(run("intel", "received", "--sources", "--db", tmp_path / "bob.db", "--json").output)
    assert of_hub["source"] == "hub"
    fresh = ["intel", "fetch", url, *signed(tmp_path, "bob"), "--db", tmp_path / "new.db", "--from", "hub"]
    assert run(*fresh).exit_code == run(*fresh).exit_code == 0
    [at_once] = json.loads(
        run("intel", "received", "--sources", "--db", tmp_path / "new.db", "--json").output
    )
    assert {**of_hub, "last": 0} == {**at_once, "last": 0}
    assert at_once["versions"] > 3


def test_one_collection_and_one_type_may_be_fetched(tmp_path: Path, url: str) -> None:
    post(url, ANN, indicator("x"), sighting("x"), indicator("x", version=1))
    address = f"{url}{OBJECTS.removesuffix('objects/')}"
    here = [*signed(tmp_path, "bob"), "--db", tmp_path / "bob.db"]
    one = run("intel", "fetch", address, "--type", "sighting", *here)
    assert (one.exit_code, one.output) == (0, f"{address}: 1 new of 1 that came\n")
    every = run("intel", "fetch", address, "--all-versions", *here)
    assert every.output == f"{address}: 2 new of 3 that came\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["fetch", "http://hub.example"], "unencrypted"),
        (["fetch", "hub"], "no address"),
        (["publish", "1", "--to", "https://hub.example", "--by", "Ann"], "no address of a collection"),
    ],
    ids=["plain", "word", "server"],
)
def test_an_address_that_cannot_be_used_is_told(tmp_path: Path, arguments: list[str], says: str) -> None:
    found = run("intel", *arguments, *signed(tmp_path, "bob"), "--db", tmp_path / "bob.db")
    assert found.exit_code == IntelError.exit_code
    assert says in found.output


def test_a_wrong_password_is_told(tmp_path: Path, url: str) -> None:
    options = signed(tmp_path, "bob")
    (tmp_path / "bob.credentials").write_text("bob:wrong", encoding="utf-8")
    found = run("intel", "fetch", url, *options, "--db", tmp_path / "bob.db")
    assert found.exit_code == IntelError.exit_code
    assert "check name and password" in found.output


def test_what_a_server_refuses_is_told(tmp_path: Path, url: str) -> None:
    number, digest = waiting(tmp_path)
    here: list[Any] = ["--db", tmp_path / "ann.db", "--by", "Ben"]
    run("intel", "approve", number, "--sha256", digest[:12], *here)
    target = f"{url}/info/collections/{MAIN.id}/"
    # It is posted by a member whose identity is another.
    found = run("intel", "publish", number, "--to", target, *signed(tmp_path, "bob"), *here)
    assert found.exit_code == 3
    assert "own identity" in found.output


def test_a_member_that_floods_does_not_stop_others_from_receiving(tmp_path: Path) -> None:
    with Database(tmp_path / "bob.db") as database:
        inbox = Inbox(database, Source("http://127.0.0.1:9/info/collections/x/"))
        text = "x" * 60_000
        inbox.keep(
            Arrived(tuple(indicator(f"n{n}", description=text) for n in range(300)), "", ""),
            Place("2026-01-01T00:00:00Z"),
        )
        inbox.keep(Arrived(({"id": "huge", "text": "x" * 17_000_000},), "", ""), Place())
        files = _write_bundles(tmp_path / "in.json", database, [inbox.source.collection])
    assert [file.name for file in files] == ["in.json", "in.2.json"]
    found = [read_bundle(file.read_bytes()).objects for file in files]
    assert len({one["id"] for part in found for one in part.good} & ids_of(300)) == 300
    assert [len(part.refused) for part in found].count(1) == 1


def ids_of(count: int) -> set[str]:
    return {indicator(f"n{n}")["id"] for n in range(count)}


def test_an_object_that_is_nested_too_deeply_spoils_no_other(tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(300):
        deep = {"a": deep}
    with Database(tmp_path / "own.db") as own:
        inbox = Inbox(own, Source("http://127.0.0.1/c/"))
        inbox.keep(Arrived((deep, [deep], indicator("x")), "", ""), Place("2026-01-01T00:00:00Z"))
        with own.reading() as session:
            assert received(session, inbox.source.collection) == [indicator("x"), TOO_DEEP]


@pytest.mark.parametrize("root", ["http://[::1/", "/r\x00/", "/" + "a" * 70_000])
def test_an_address_that_a_server_makes_up_is_told(root: str) -> None:
    with pytest.raises(IntelError, match="no address"):
        Connection("http://127.0.0.1:9").within(root)
