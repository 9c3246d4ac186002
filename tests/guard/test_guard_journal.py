"""The journal: it only grows, tells when it was changed, and outranks every snapshot."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from guard_runs import START, Found, Licence, Member, World
from guard_states import Clocks, account, journal, lookup, published, reader, rewritten, until
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import RunError, SettingError, StillwatchError
from stillwatch.guard.journal import Journal
from stillwatch.guard.journal_entry import Entry, Kind, entry_of, hash_of, whole
from stillwatch.guard.overlay import overlay_of
from stillwatch.guard.publish import publish
from stillwatch.guard.published import PublishedState
from stillwatch.guard.state_folder import StateFolder
from stillwatch.guard.state_keys import make_keys, verifier
from stillwatch.response.ladder import Permission

WORLD = World(
    ["a", "b", "c"],
    [Found("camp-a", [Member("a"), Member("b")])],
    [Licence("licence", ["c"], models=["wren"])],
    verified={"b": "Acme"},
)


def say(journal: Journal, kind: Kind, subject: str, **more: Any) -> Entry:
    """Append an entry of Ann's."""
    return journal.append(kind, subject, actor="Ann", reason="we looked", **more)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    published(tmp_path, WORLD)
    return tmp_path


def test_entries_come_back_in_order_and_hold(place: Path) -> None:
    with journal(place) as opened:
        first = say(opened, Kind.EXEMPT, account(place, "a"), data={"as": "researcher"})
        second = say(opened, Kind.HOLD, "campaign:camp-a", expires=START + 9)
        assert opened.entries() == [first, second]
        assert opened.entries(after=1) == [second]
        found = opened.verify()
    assert (found.entries, found.head, found.fault) == (2, second.hash, "")
    assert second.previous == first.hash
    assert (place / "state" / "journal.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("statement", ["UPDATE entries SET reason = 'x'", "DELETE FROM entries"])
def test_sql_can_neither_change_nor_delete(place: Path, statement: str) -> None:
    with journal(place) as opened:
        say(opened, Kind.EXEMPT, account(place, "a"))
    db = sqlite3.connect(place / "state" / "journal.db")
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        db.execute(statement)
    db.close()


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE entries SET reason = 'none' WHERE seq = 2", "entry 2 was changed"),
        ("UPDATE entries SET expires = 1.0 WHERE seq = 2", "entry 2 was changed"),
        ("DELETE FROM entries WHERE seq = 2", "entry 2 is missing"),
        (
            "UPDATE entries SET signature = (SELECT signature FROM entries WHERE seq = 1) WHERE seq = 2",
            "not signed",
        ),
        ("UPDATE entries SET previous = hash WHERE seq = 2", "does not follow"),
    ],
)
def test_a_change_behind_its_back_is_seen_and_not_used(place: Path, statement: str, fault: str) -> None:
    with journal(place) as opened:
        for name in ("a", "b", "c"):
            say(opened, Kind.EXEMPT, account(place, name))
    rewritten(place / "state" / "journal.db", statement)
    with journal(place) as opened:
        found = opened.verify()
    assert found.entries == 1
    assert fault in found.fault
    state = reader(place)
    assert not state.fresh(START)
    assert state.problems.counts()["journal-unreadable"] == 1
    cleared = [
        name for name in ("a", "b", "c") if (one := state.known(name, "m", START)) and one.account.exempt
    ]
    assert cleared == ["a"], "what stands before it still counts"


def test_an_entry_that_somebody_without_the_key_wrote_clears_nobody(place: Path) -> None:
    fields: tuple[Any, ...] = (1, START, "exempt", account(place, "a"), {}, "Mallory", "me", None, "0" * 64)
    digest = hash_of(*fields)
    db = sqlite3.connect(place / "state" / "journal.db")
    row = (*fields[:4], "{}", *fields[5:], digest, "00" * 64)
    with db:
        db.execute(f"INSERT INTO entries VALUES ({', '.join('?' * 11)})", row)
    db.close()
    known = reader(place).known("a", "m", START)
    assert known is not None
    assert not known.account.exempt


def test_a_journal_that_lost_its_end_is_seen_by_its_readers_and_by_the_snapshot(place: Path) -> None:
    with journal(place) as opened:
        say(opened, Kind.EXEMPT, account(place, "a"))
        say(opened, Kind.EXEMPT, account(place, "b"))
    state = reader(place)
    publish(place / "run", place / "state", now=START)
    rewritten(place / "state" / "journal.db", "DELETE FROM entries WHERE seq = 2")
    state.refresh()
    assert not state.fresh(START)
    assert state.stale(START)
    known = state.known("b", "m", START)
    assert known is not None
    assert known.account.exempt, "what was read is not forgotten"
    assert not reader(place).fresh(START), "the snapshot was made when there were two"


def test_a_journal_that_is_gone_or_no_journal_is_stale_and_what_was_read_stays(place: Path) -> None:
    with journal(place) as opened:
        say(opened, Kind.EXEMPT, account(place, "a"))
    state = reader(place)
    path = place / "state" / "journal.db"
    path.unlink()
    state.refresh()
    assert not state.fresh(START)
    path.write_bytes(b"no database at all" * 1_000)
    state.refresh()
    assert not state.fresh(START)
    known = state.known("a", "m", START)
    assert known is not None
    assert known.account.exempt


@pytest.mark.parametrize(
    ("kind", "subject", "data"),
    [
        (Kind.EXEMPT, "campaign:camp-a", {}),
        (Kind.EXEMPT, "account:zz", {}),
        (Kind.PERMIT, "permit:x", {}),
        (Kind.PERMIT, "permit:x", {"accounts": ["alice"]}),
        (Kind.UNDO, "decision:" + "0" * 32, {}),
        (Kind.REVOKE, "permit:", {}),
    ],
)
def test_an_entry_that_means_nothing_is_refused(
    place: Path, kind: Kind, subject: str, data: dict[str, object]
) -> None:
    with journal(place) as opened:
        with pytest.raises(SettingError):
            say(opened, kind, subject, data=data, expires=START)
        assert opened.entries() == []


@pytest.mark.parametrize(("actor", "reason"), [("", "r"), ("A", " "), ("A", "r" * 2_001), ("A" * 201, "r")])
def test_who_and_why_must_be_said(place: Path, actor: str, reason: str) -> None:
    with journal(place) as opened, pytest.raises(SettingError, match="who decided"):
        opened.append(Kind.EXEMPT, account(place, "a"), actor=actor, reason=reason)


def test_without_the_signing_key_nothing_is_appended(place: Path) -> None:
    folder = StateFolder(place / "state")
    with (
        Journal(folder.journal, verifier(folder.keys)) as opened,
        pytest.raises(RunError, match="signing key"),
    ):
        say(opened, Kind.EXEMPT, account(place, "a"))


TEXTS = st.text(max_size=20)
DATA = st.dictionaries(
    TEXTS, st.one_of(TEXTS, st.integers(), st.none(), st.lists(TEXTS, max_size=3)), max_size=4
)


@given(TEXTS, DATA, st.one_of(st.none(), st.floats(0, 1e10)), st.floats(0, 1e10))
def test_an_entry_survives_the_wire_and_any_change_of_it_shows(
    reason: str, data: dict[str, object], expires: float | None, time: float
) -> None:
    fields: tuple[Any, ...] = (
        7,
        time,
        Kind.EXEMPT,
        "account:" + "0" * 16,
        data,
        "Ann",
        reason,
        expires,
        "0" * 64,
    )
    entry = Entry(**dict(zip(Entry.__slots__, (*fields, hash_of(*fields), "ab" * 64), strict=True)))
    back = entry_of(json.loads(entry.line()))
    assert back == entry
    assert whole(back)
    for changed in (
        replace(entry, reason=reason + "x"),
        replace(entry, expires=1.0 if expires is None else expires + 1),
        replace(entry, data={**data, "one more": 1}),
        replace(entry, seq=8),
    ):
        assert not whole(changed)


def test_each_kind_does_what_it_says_and_an_end_takes_it_back(place: Path) -> None:
    state = reader(place)

    def found(name: str, model: str = "m") -> tuple[bool, bool, Permission, str]:
        state.refresh()
        known = state.known(name, model, START)
        assert known is not None
        return known.account.exempt, known.account.held, known.permission, known.appealed

    nothing = (False, False, Permission.NONE, "")
    with journal(place) as opened:
        for kind, subject, data, exempt in (
            (Kind.EXEMPT, account(place, "a"), {}, True),
            (Kind.APPEAL, account(place, "a"), {"decision": "0" * 32}, True),
            (Kind.HOLD, account(place, "a"), {}, False),
            (Kind.HOLD, "campaign:camp-a", {}, False),
            (Kind.UNDO, "campaign:camp-a", {}, False),
            (Kind.UNDO, "decision:" + "0" * 32, {"account": account(place, "a")[8:]}, False),
        ):
            assert found("a") == nothing
            entry = say(opened, kind, subject, data=data)
            assert found("a") == (exempt, not exempt, Permission.NONE, f"journal-{entry.seq}")
            assert found("b") == (found("a") if subject.startswith("campaign") else nothing)
            assert found("c")[:2] == nothing[:2]
            say(opened, Kind.END, f"entry:{entry.seq}")
        with pytest.raises(RunError, match="no entry of that number"):
            say(opened, Kind.END, "entry:99")
        with pytest.raises(RunError, match="no entry of that number"):
            say(opened, Kind.END, "entry:2")


def test_permits_are_issued_revoked_and_issued_again(place: Path) -> None:
    state = reader(place)

    def says(name: str, model: str = "wren") -> Permission:
        state.refresh()
        known = state.known(name, model, START)
        return Permission.NOT_ASKED if known is None else known.permission

    assert [says("a"), says("b"), says("c"), says("new")] == [
        Permission.NONE, Permission.NONE, Permission.COVERS, Permission.NOT_ASKED,
    ]  # fmt: skip
    data = {"accounts": [account(place, name)[8:] for name in ("a", "new")], "models": ["wren"]}
    owner = {"organisation": f"{lookup(place).organisation('ACME'):016x}"}
    with journal(place) as opened:
        say(opened, Kind.PERMIT, "permit:pilot", data=data, expires=START + 9)
        say(opened, Kind.PERMIT, "permit:firm", data=owner, expires=START + 9)
        assert [says("a"), says("b"), says("new")] == [Permission.COVERS] * 3
        assert says("a", "owl") is Permission.OTHER_MODEL
        say(opened, Kind.REVOKE, "permit:pilot")
        last = say(opened, Kind.REVOKE, "permit:licence")
        assert [says("a"), says("b"), says("c")] == [
            Permission.REVOKED,
            Permission.COVERS,
            Permission.REVOKED,
        ]
        say(opened, Kind.PERMIT, "permit:pilot", data=data, expires=START + 9)
        say(opened, Kind.END, f"entry:{last.seq}")
        assert [says("a"), says("c")] == [Permission.COVERS, Permission.COVERS]


def test_what_people_decided_survives_a_new_snapshot(place: Path) -> None:
    with journal(place) as opened:
        say(opened, Kind.EXEMPT, account(place, "a"))
    published(place, WORLD, "again", START + 5)
    state = reader(place)
    assert state.fresh(START + 5)
    known = state.known("a", "m", START + 5)
    assert known is not None
    assert known.account.exempt


def test_an_entry_reaches_a_guard_in_a_second_and_from_another_process(place: Path) -> None:
    state = PublishedState(place / "state")
    words = ["guard", "exempt", "a", "--state", str(place / "state"), "--by", "Ann", "--reason", "verified"]
    try:
        began = subprocess.run([sys.executable, "-m", "stillwatch", *words], check=True, capture_output=True)
        assert b"entry 1: exempt" in began.stdout

        def exempt() -> bool:
            known = state.known("a", "m", START)
            return known is not None and known.account.exempt

        assert until(exempt) < 1.5
    finally:
        state.close()


def test_clocks_that_jump_revive_nothing_that_was_over_and_end_nothing_in_a_moment(place: Path) -> None:
    clocks = Clocks()
    state = reader(place, clocks)
    with journal(place) as opened:
        say(opened, Kind.EXEMPT, account(place, "a"), expires=START + 3_600)

    def exempt() -> bool:
        state.refresh()
        known = state.known("a", "m", clocks.now)
        return known is not None and known.account.exempt

    assert exempt()
    clocks.now += 1e8  # forward for a moment, and back
    assert not exempt()
    clocks.ticks += 5
    clocks.now = START
    assert exempt()
    clocks.pass_by(3_700)
    assert not exempt()
    clocks.pass_by(61)
    assert not exempt()
    clocks.now = START  # back: it has been over for a minute
    assert not exempt()
    clocks.now = START - 1e8
    assert not exempt()


def test_no_state_no_journal(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    folder.make()
    make_keys(folder.keys, used=False)
    folder.journal.mkdir()
    with pytest.raises(StillwatchError, match="cannot be opened"):
        Journal(folder.journal, verifier(folder.keys))


def test_an_empty_journal_says_nothing() -> None:
    found = overlay_of([])
    assert (found.accounts, found.permits, found.revoked) == ({}, {}, {})
