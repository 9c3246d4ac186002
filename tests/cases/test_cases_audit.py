"""Planted edits are found and named, on both databases."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from case_runs import Group, Sealed, sealed
from case_stores import sql, stocked

from stillwatch.cases import Cases
from stillwatch.cases.checkpoints import read_checkpoint
from stillwatch.cases.database import Database
from stillwatch.cases.event import canonical, hash_of
from stillwatch.errors import CaseError


@pytest.fixture
def cases(place: str, tmp_path: Path) -> Iterator[Cases]:
    """Two cases with a few events of every sort."""
    with stocked(place, tmp_path / "run", signing=tmp_path / "signing.key") as made:
        made.note(1, "first look", by="Anna")
        made.tag(1, ["relay"], by="Anna")
        made.link(1, "related", 2, by="Anna")
        made.move(1, "investigating", by="Anna", reason="odd")
        made.decide(1, Group("camp-small").accounts()[0], "cleared", by="Anna", reason="a student")
        made.close(1, "not distillation", by="Anna", reason="a class")
        made.assign(2, "Bela", by="Bela")
        yield made


def unlocked(place: str, *statements: str) -> None:
    """Run statements with the triggers away, as somebody may who owns the database; then put them back."""
    if "://" in place:
        tables = ("events", "evidence", "checkpoints")
        off = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables]
        on = [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables]
        sql(place, *off, *statements, *on)
        return
    with Database(place) as database, database.engine.connect() as connection:
        kept = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
    drop = [f"DROP TRIGGER {name}" for name, _ in kept]
    sql(place, "PRAGMA foreign_keys=OFF", *drop, *statements, *(made for _, made in kept))


def faults(cases: Cases) -> dict[str, str]:
    return {fault.where: fault.what for fault in cases.verify().faults}


def test_what_nobody_touched_holds(cases: Cases) -> None:
    found = cases.verify()
    assert (found.faults, found.events, found.cases) == ((), 9, 2)
    assert cases.rebuild(check=True) == ()


@pytest.mark.parametrize("table", ["events", "evidence", "checkpoints"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET seq = seq", "DELETE FROM {}"])
def test_the_database_itself_refuses(cases: Cases, place: str, table: str, statement: str) -> None:
    cases.checkpoint()
    with pytest.raises(sa.exc.DBAPIError, match="only grows"):
        sql(place, statement.format(table))
    if "://" in place:
        with pytest.raises(sa.exc.DBAPIError, match="only grows"):
            sql(place, f"TRUNCATE {table} CASCADE")


EDITS = [
    ("UPDATE events SET reason = 'nothing' WHERE seq = 6", "event 6", "edited"),
    ("UPDATE events SET actor = 'Bela' WHERE seq = 6", "event 6", "edited"),
    ("UPDATE events SET time = time + 1 WHERE seq = 6", "event 6", "edited"),
    ('UPDATE events SET new = \'{"state": "triage"}\' WHERE seq = 6', "event 6", "edited"),
    ("UPDATE events SET new = 'no JSON' WHERE seq = 6", "event 6", "edited"),
    ("UPDATE events SET new = new || ' ' WHERE seq = 6", "event 6", "edited"),
    ("UPDATE events SET case_id = 2 WHERE seq = 6", "event 6", "edited"),
    ("UPDATE events SET action = 'dreamt' WHERE seq = 6", "event 6", "edited"),
    ("UPDATE events SET seq = 60 WHERE seq = 9", "events 9 to 59", "missing"),
    ("DELETE FROM events WHERE seq = 4", "event 4", "missing"),
    ("UPDATE cases SET state = 'acting' WHERE id = 2", "case 2", "state is acting, and events make it open"),
    ("UPDATE cases SET assignee = 'Anna' WHERE id = 2", "case 2", "assignee is Anna"),
    ("UPDATE cases SET version = 7 WHERE id = 2", "case 2", "version is 7"),
    ("UPDATE cases SET found = '{}' WHERE id = 2", "case 2", "found is"),
    ("UPDATE cases SET deadline = 5 WHERE id = 2", "case 2", "deadline is 5.0"),
    ("UPDATE notes SET text = 'second look'", "case 1", "notes is"),
    ("DELETE FROM notes", "case 1", "notes is"),
    ("INSERT INTO tags VALUES (2, 'vip')", "case 2", "tags is"),
    ("DELETE FROM tags", "case 1", "tags is"),
    ("DELETE FROM links", "case 1", "links is"),
    ("UPDATE identities SET identity = 'camp-other' WHERE case_id = 2", "case 2", "identities is"),
    ("DELETE FROM labels WHERE scope = 'account'", "label 1 of event 7", "deleted"),
    ("UPDATE labels SET expires = expires + 1 WHERE scope = 'campaign'", "label 1 of event 8", "edited"),
    ("UPDATE evidence SET content = 'PK' WHERE case_id = 2", "evidence", "edited"),
    ("DELETE FROM evidence WHERE case_id = 2", "evidence", "deleted"),
    ("UPDATE evidence SET seq = 1 WHERE case_id = 2", "evidence", "event"),
    ("UPDATE events SET new = '5' WHERE seq = 6", "event 6", "edited"),
    ("UPDATE events SET previous = '[]' WHERE seq = 6", "event 6", "edited"),
    ("UPDATE events SET new = '{\"remedy\":5}' WHERE seq = 6", "event 6", "edited"),
    (f"UPDATE events SET new = '{'[' * 50_000}' WHERE seq = 6", "event 6", "edited"),
]
ORPHANS = [
    ("INSERT INTO identities (identity, case_id, place) VALUES ('camp-x', 99, 0)", "identities of case 99"),
    ("INSERT INTO tags (case_id, tag) VALUES (99, 'vip')", "tags of case 99"),
    ("INSERT INTO links (case_id, link, other_id) VALUES (99, 'related', 1)", "links of case 99"),
    (
        "INSERT INTO notes (seq, case_id, time, actor, text) VALUES (4, 99, 1, 'Anna', 'x')",
        "notes of case 99",
    ),
]
SQLITE_EDITS = [
    "UPDATE events SET actor = x'ff' WHERE seq = 6",
    "UPDATE events SET time = x'ff' WHERE seq = 6",
    "UPDATE events SET time = 'noon' WHERE seq = 6",
    "UPDATE events SET new = x'ff' WHERE seq = 6",
]


@pytest.mark.parametrize(("statement", "where", "what"), EDITS, ids=[edit[0][:80] for edit in EDITS])
def test_an_edited_row_is_named(cases: Cases, place: str, statement: str, where: str, what: str) -> None:
    if "://" in place:
        statement = statement.replace("content = 'PK'", "content = '\\x504b'")
        if statement.startswith("DELETE FROM events"):
            statement = f"ALTER TABLE notes DROP CONSTRAINT fk_notes_seq; {statement}"
    else:
        statement = statement.replace("content = 'PK'", "content = x'504b'")
    unlocked(place, statement)
    told = [fault for fault in cases.verify().faults if fault.where.startswith(where)]
    assert told, cases.verify().faults
    assert what in " ".join(fault.what for fault in told)


@pytest.mark.parametrize(("statement", "where"), ORPHANS, ids=[edit[1] for edit in ORPHANS])
def test_rows_of_a_case_that_never_was_are_named_and_taken_out(
    cases: Cases, place: str, statement: str, where: str
) -> None:
    if "://" in place:
        table = statement.split()[2]
        keys = f"ALTER TABLE {table} DROP CONSTRAINT fk_{table}_case_id"
        unlocked(
            place, keys, "DELETE FROM notes WHERE seq = 4" if table == "notes" else "SELECT 1", statement
        )
    else:
        with closing(sqlite3.connect(place)) as connection:  # it checks no keys unless it is asked to
            connection.executescript(f"DELETE FROM notes WHERE seq = 4; {statement};")
    assert "inserted" in faults(cases)[where]
    cases.rebuild(check=False)
    assert cases.verify().faults == ()


@pytest.mark.parametrize("statement", SQLITE_EDITS)
def test_values_of_another_sort_are_named(tmp_path: Path, statement: str) -> None:
    place = str(tmp_path / "CASES.db")
    with stocked(place, tmp_path / "run", signing=tmp_path / "signing.key") as made:
        for number in range(6):
            made.note(1, f"look {number}", by="Anna")
        unlocked(place, statement)
        assert "edited" in faults(made)["event 6"]


def test_reordered_events_are_named(cases: Cases, place: str) -> None:
    unlocked(
        place,
        *(
            [
                "ALTER TABLE labels DROP CONSTRAINT fk_labels_seq",
                "ALTER TABLE notes DROP CONSTRAINT fk_notes_seq",
            ]
            if "://" in place
            else []
        ),
        "UPDATE events SET seq = 100 WHERE seq = 4",
        "UPDATE events SET seq = 4 WHERE seq = 5",
        "UPDATE events SET seq = 5 WHERE seq = 100",
    )
    assert {"event 4", "event 5"} <= faults(cases).keys()


def forged(place: str, **changed: object) -> None:
    """Write an event at the end by hand, with a hash that fits it."""
    with Database(place) as database, database.engine.connect() as connection:
        seq, before = connection.exec_driver_sql(
            "SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1"
        ).one()
        row: dict[str, object] = {
            "seq": seq + 1,
            "time": 1.0,
            "case_id": 2,
            "action": "moved",
            "actor": "Anna",
            "reason": "forged",
            "previous": {"state": "open"},
            "new": {"state": "acting"},
            "before": before,
        } | changed
        row["hash"] = hash_of(*row.values())  # type: ignore[arg-type]
        row |= {name: canonical(row[name]) for name in ("previous", "new")}
        names = ", ".join(row)
        connection.execute(
            sa.text(f"INSERT INTO events ({names}) VALUES ({', '.join(f':{name}' for name in row)})"), row
        )
        connection.commit()


def test_an_inserted_event_is_seen_in_what_it_does_not_fit(cases: Cases, place: str) -> None:
    forged(place)
    told = [fault.what for fault in cases.verify().faults if fault.where == "case 2"]
    assert "edited without an event: state is open, and events make it acting" in told


def test_an_event_that_lies_about_what_was_is_named(cases: Cases, place: str) -> None:
    forged(place, previous={"state": "triage"})
    assert "state was otherwise before" in faults(cases)["event 10"]


def test_a_chain_that_was_rewritten_as_a_whole_shows_against_a_checkpoint(
    cases: Cases, place: str, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps(cases.checkpoint().document()), encoding="ascii")
    outside = read_checkpoint(kept)
    assert cases.verify([outside]).checkpoints == 2
    # The end is cut off, and everything that it made is taken back too.
    unlocked(
        place,
        "DELETE FROM checkpoints",
        "DELETE FROM events WHERE seq = 9",
        "UPDATE cases SET assignee = '', assigned_by = '', version = 1, updated = opened WHERE id = 2",
    )
    assert cases.verify().faults == ()
    assert "is missing now" in next(one.what for one in cases.verify([outside]).faults)
    forged(place, case_id=2)
    assert "was another when it was signed" in " ".join(one.what for one in cases.verify([outside]).faults)


def test_a_checkpoint_of_another_key_or_hand_is_refused(cases: Cases, tmp_path: Path) -> None:
    good = cases.checkpoint()
    assert (tmp_path / "signing.key").stat().st_mode & 0o777 == 0o600
    with Cases(cases.database.place, signing=tmp_path / "other.key") as others:
        foreign = others.checkpoint()
    assert "another key" in " ".join(fault.what for fault in cases.verify([foreign]).faults)
    bad = type(good)(good.seq - 1, good.hash, good.time, good.key, good.signature)
    assert "signature" in " ".join(fault.what for fault in cases.verify([bad]).faults)
    (tmp_path / "none.json").write_text("[]", encoding="ascii")
    with pytest.raises(CaseError, match="holds no checkpoint"):
        read_checkpoint(tmp_path / "none.json")


def test_triggers_that_were_taken_away_are_missed(cases: Cases, place: str) -> None:
    away = "DROP TRIGGER events_no_update" + (" ON events" if "://" in place else "")
    sql(place, away)
    assert "trigger" in faults(cases)["table events"]


def test_tables_are_made_anew_from_the_events(cases: Cases, place: str, tmp_path: Path) -> None:
    before = cases.all()
    sql(
        place,
        "UPDATE cases SET state = 'acting', assignee = 'Mallory'",
        "DELETE FROM tags",
        "DELETE FROM links",
        "DELETE FROM labels",
        "UPDATE identities SET identity = identity || '-x'",
    )
    assert cases.rebuild(check=True)
    assert cases.all() != before
    assert cases.rebuild(check=False)
    assert cases.all() == before
    assert cases.verify().faults == ()
    cases.sync(sealed(tmp_path / "r2", Sealed("run-2", [Group("camp-small", 9)], day=2)))
    unlocked(place, "UPDATE events SET reason = 'x' WHERE seq = 6")
    sql(place, "UPDATE cases SET assignee = 'Mallory'")
    assert cases.rebuild(check=False)
    assert {case.assignee for case in cases.all()} == {"Mallory"}, (
        "nothing is mended from a chain that is broken"
    )
