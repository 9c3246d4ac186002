"""The log in its store: it grows with what it tells of, shows whom it concerns, and its check names faults."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from case_stores import BOTH
from hub_house import made_hub

from stillwatch.cases.database import Database
from stillwatch.errors import CaseError, IntelError
from stillwatch.intel.hub import log, merkle, notes
from stillwatch.intel.hub.hub import Hub, init, open_hub
from stillwatch.intel.hub.log_check import checked
from stillwatch.intel.hub.tables import VERSION, make_tables, version_of
from stillwatch.intel.member import Channel, Member
from stillwatch.intel.tlp import Tlp

ONE, TWO = (
    f"identity--{'1' * 8}-{'1' * 4}-4{'1' * 3}-8{'1' * 3}-{'1' * 12}",
    "identity--22222222-2222-4222-8222-222222222222",
)
ALPHA = Member(ONE, "alpha", Tlp.AMBER, frozenset({Channel.INFORMATION}), writes=True)
BETA = Member(TWO, "beta", Tlp.AMBER, frozenset({Channel.INFORMATION}), writes=True)


def written(hub: Hub, count: int) -> None:
    with hub.database.writing() as session:
        for number in range(count):
            log.witness(session, "object.added", ALPHA, {"number": number})


@pytest.mark.parametrize("kind", BOTH)
def test_the_log_grows_and_its_proofs_hold(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    place = str(tmp_path / "HUB.db") if kind == "sqlite" else request.getfixturevalue("postgresql")()
    hub = init(Database(place), "hub.example", tmp_path / "key")
    for count in (1, 1, 5, 30):
        written(hub, count)
        note = hub.checkpoint()
        with hub.database.reading() as session:
            size = log.size_of(session)
            rows = log.entries(session, 0, 1_000, None)
            root = log.root_of(session, size)
            for row in rows:
                path = log.inclusion(session, row.index, size)
                assert merkle.included(row.hash, row.index, size, path, root)
            for old in range(1, size + 1):
                path = log.consistency(session, old, size)
                assert merkle.consistent(old, size, log.root_of(session, old), root, path)
        assert note.checkpoint == notes.Checkpoint("hub.example", size, root)
        assert note.signed_by(hub.verifier)
    assert hub.checkpoint() == note, "a checkpoint of the same log is signed once"
    assert checked(hub).faults == ()
    with pytest.raises(CaseError, match="only grows"), hub.database.writing() as session:
        session.connection().exec_driver_sql('DELETE FROM log_leaves WHERE "index" = 3')
    hub.database.close()


def test_an_entry_goes_with_the_transaction_that_it_tells_of(tmp_path: Path) -> None:
    hub = made_hub(tmp_path)

    def broken() -> None:
        with hub.database.writing() as session:
            log.witness(session, "object.added", ALPHA, {"number": 1})
            raise RuntimeError("it broke")

    with pytest.raises(RuntimeError, match="broke"):
        broken()
    with hub.database.reading() as session:
        assert log.size_of(session) == 1


def test_each_member_reads_what_concerns_it(tmp_path: Path) -> None:
    hub = made_hub(tmp_path)
    with hub.database.writing() as session:
        log.witness(session, "object.read", BETA, {"creator": ONE, "objects": 3})
        log.witness(session, "object.added", ALPHA, {"note": f"{TWO} is only named here"})
        log.witness(session, "agreement.added", None, {"parties": f"{ONE} {TWO}"})
    with hub.database.reading() as session:

        def read(member: Member | None) -> list[bool]:
            return [entry.content is not None for entry in log.entries(session, 0, 10, member)]

        assert read(ALPHA) == [False, True, True, True]
        assert read(BETA) == [False, True, False, True]
        assert read(None) == [True] * 4
        assert [entry.index for entry in log.concerning(session, 0, 10, BETA)] == [1, 3]
        assert [entry.index for entry in log.concerning(session, 2, 10, BETA)] == [3]
        assert read(Member(TWO, "lead", Tlp.CLEAR, frozenset(), writes=False, coordinator=True)) == [True] * 4


def test_two_entries_that_say_the_same_have_other_hashes(tmp_path: Path) -> None:
    hub = made_hub(tmp_path)
    written(hub, 1)
    with hub.database.writing() as session:
        log.witness(session, "object.added", ALPHA, {"number": 0})
        one, other = log.entries(session, 1, 2, None)
    salts = [json.loads(entry.content or "")["salt"] for entry in (one, other)]
    assert len(set(salts)) == 2
    assert all(len(salt) == 32 for salt in salts)


@pytest.mark.parametrize(
    ("kind", "facts"),
    [("Object", {}), ("object.added", {"No": 1}), ("object.added", {f"f{n}": n for n in range(40)})],
)
def test_an_entry_without_form_is_a_bug(kind: str, facts: dict[str, int], tmp_path: Path) -> None:
    hub = made_hub(tmp_path)
    with pytest.raises(ValueError, match="BUG"), hub.database.writing() as session:
        log.witness(session, kind, None, facts)


def test_hostile_facts_are_kept_short_and_whole(tmp_path: Path) -> None:
    hub = made_hub(tmp_path)
    with hub.database.writing() as session:
        log.witness(
            session, "object.added", ALPHA, {"id": "\x00\ud800\u202e" + "x" * 100_000, "part": float("inf")}
        )
        (entry,) = log.entries(session, 1, 1, None)
    facts = json.loads(entry.content or "")["facts"]
    assert len(facts["id"]) == log.LONGEST_FACT
    assert facts["part"] is None
    assert checked(hub).faults == ()


@pytest.mark.parametrize(
    ("statement", "where", "what"),
    [
        (
            "UPDATE log_leaves SET content = content || ' ' WHERE \"index\" = 5",
            "entry 5",
            "not the one that was hashed",
        ),
        ('DELETE FROM log_leaves WHERE "index" = 5', "entry 5", "missing"),
        (
            'UPDATE log_leaves SET hash = zeroblob(32) WHERE "index" = 7',
            "entry 7",
            "not the one that was hashed",
        ),
        (
            'UPDATE log_nodes SET hash = zeroblob(32) WHERE level = 2 AND "index" = 1',
            "node 2, 1",
            "not the hash",
        ),
        ('DELETE FROM log_nodes WHERE level = 3 AND "index" = 0', "node 3, 0", "missing"),
        ("UPDATE log_checkpoints SET root = zeroblob(32)", "checkpoint 21", "another size or root"),
        ("UPDATE log_checkpoints SET note = replace(note, '21', '22')", "checkpoint 21", "did not sign"),
        ("UPDATE log_checkpoints SET note = 'x'", "checkpoint 21", "no checkpoint"),
        ('DELETE FROM log_leaves WHERE "index" > 15', "checkpoint 21", "the log only 16"),
    ],
)
def test_each_change_of_the_store_is_named(statement: str, where: str, what: str, tmp_path: Path) -> None:
    hub = made_hub(tmp_path)
    written(hub, 20)
    hub.checkpoint()
    assert checked(hub).faults == ()
    tampered(hub, statement)
    found = checked(hub).faults
    assert [fault for fault in found if fault.where == where and what in fault.what], found


def test_a_log_that_was_written_anew_shows_against_a_checkpoint_from_elsewhere(tmp_path: Path) -> None:
    hub = made_hub(tmp_path)
    written(hub, 5)
    kept = hub.checkpoint()
    again = init(Database(tmp_path / "AGAIN.db"), "hub.example", tmp_path / "HUB.db.key")
    written(again, 9)
    assert checked(again).faults == ()
    (fault,) = checked(again, [("kept.note", kept)]).faults
    assert (fault.where, fault.what) == ("kept.note", "its root is not that of the entries")


def test_a_lost_subtree_gives_an_error_that_says_where(tmp_path: Path) -> None:
    hub = made_hub(tmp_path)
    written(hub, 7)
    tampered(hub, "DELETE FROM log_nodes WHERE level = 2")
    with hub.database.reading() as session, pytest.raises(IntelError, match="lost a part") as caught:
        log.root_of(session, 7)
    assert caught.value.where == "level 2, index 0"


def test_a_hub_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    hub = made_hub(tmp_path)
    tampered(hub, "UPDATE intel_schema SET version = 99")
    with pytest.raises(IntelError, match="newer version"):
        open_hub(hub.database, tmp_path / "HUB.db.key")
    with hub.database.reading() as session:
        assert version_of(session) == 99


def test_tables_are_made_once_beside_those_of_others(tmp_path: Path) -> None:
    hub = made_hub(tmp_path)
    with hub.database.writing() as session:
        session.connection().exec_driver_sql("INSERT INTO intel_schema VALUES ('taxii', 7)")
        make_tables(session)
        assert version_of(session) == VERSION


def test_a_hub_needs_its_own_key(tmp_path: Path) -> None:
    made_hub(tmp_path)
    made_hub(tmp_path, "OTHER.db")
    with pytest.raises(IntelError, match="not the key"):
        open_hub(Database(tmp_path / "HUB.db"), tmp_path / "OTHER.db.key")
    (tmp_path / "HUB.db.key").chmod(0o644)
    with pytest.raises(IntelError, match="others may read"):
        open_hub(Database(tmp_path / "HUB.db"), tmp_path / "HUB.db.key")
    with pytest.raises(IntelError, match="no hub here"):
        open_hub(Database(tmp_path / "none.db"), tmp_path / "HUB.db.key")
    with pytest.raises(IntelError, match="there already"):
        made_hub(tmp_path)


def tampered(hub: Hub, statement: str) -> None:
    """Change the store as somebody would who has the file."""
    assert hub.database.file is not None
    connection = sqlite3.connect(hub.database.file, isolation_level=None)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(statement)
    connection.close()
