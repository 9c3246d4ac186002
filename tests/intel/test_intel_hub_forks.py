"""A hub that tells two stories is found, and what proves it is kept: real servers with two databases."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hub_house import House, made_hub, running

from stillwatch.cases.database import Database
from stillwatch.errors import EXIT_CHANGED, IntelError, LogFault
from stillwatch.intel.hub import log, notes
from stillwatch.intel.hub.client import Sharing, answer, join
from stillwatch.intel.hub.hub import Hub
from stillwatch.intel.hub.keys import public_text
from stillwatch.intel.hub.tables import CheckpointRow
from stillwatch.intel.hub.watching import EVIDENCE, SEEN, Watched, Watching, read_other


def write(hub: Hub, count: int, word: str = "same") -> None:
    """So many entries of the hub."""
    with hub.database.writing() as session:
        for number in range(count):
            log.witness(session, "object.added", None, {"number": number, "word": word})


def look(side: Sharing, *others: Path) -> Watched:
    with side.client() as client:
        return Watching(side, client).look([read_other(path) for path in others])


def evidence(side: Sharing) -> dict[str, object]:
    (path,) = (side.folder / EVIDENCE).iterdir()
    found: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return found


def copied(hub: Hub, folder: Path) -> Hub:
    """The same hub with a copy of its database: what a lying operator runs for one of the members."""
    assert hub.database.file is not None
    folder.mkdir()
    with hub.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(hub.database.file, folder / "HUB.db")
    return dataclasses.replace(hub, database=Database(folder / "HUB.db"))


def moved(side: Sharing, house: House) -> Sharing:
    """A member whose requests go to another hub."""
    return join(side.folder, house.url, side.name, side.identity, side.log_key.written(), side.ca)


def test_members_that_look_at_an_honest_log_agree(tmp_path: Path) -> None:
    with running(made_hub(tmp_path), tmp_path) as house:
        alpha, beta = house.member("alpha"), house.member("beta")
        first = look(alpha)
        assert (first.before, first.compared) == (None, ("alpha",))
        write(house.hub, 9)
        assert look(beta).compared == ("alpha", "beta")
        write(house.hub, 1)
        again = look(alpha)
        assert again.before == first.note.checkpoint.size
        assert again.compared == ("alpha", "beta")
        assert not (alpha.folder / EVIDENCE).exists()
        with alpha.client() as client:
            watching = Watching(alpha, client)
            assert watching.recount() == again.note.checkpoint.size
            assert [told.content["kind"] for told in watching.entries()] == ["member.added"]


@pytest.mark.parametrize("lengths", [(3, 3), (2, 9), (9, 2)])
def test_a_fork_is_found_by_checkpoints_that_members_give_each_other(
    tmp_path: Path, lengths: tuple[int, int]
) -> None:
    hub = made_hub(tmp_path)
    with running(hub, tmp_path) as house:
        alpha, beta = house.member("alpha"), house.member("beta")
        look(alpha)
        look(beta)
        forked = copied(hub, tmp_path / "fork")
        write(hub, lengths[0], "for alpha")
        write(forked, lengths[1], "for beta")
        with running(forked, tmp_path) as other:
            beta = moved(beta, other)
            given = tmp_path / "alpha.note"
            given.write_text(look(alpha).note.written(), encoding="utf-8")
            # Alone, beta sees nothing: its story goes on.
            look(beta)
            with pytest.raises(LogFault, match="shows alpha another log than beta") as caught:
                look(beta, given)
    assert caught.value.exit_code == EXIT_CHANGED
    found = evidence(beta)
    assert str(tmp_path) in caught.value.where
    held = [notes.read_note(str(one).encode(), "test") for one in found["checkpoints"]]  # type: ignore[attr-defined]
    assert len(held) == 2
    assert all(note.signed_by(hub.verifier) for note in held)


def test_a_fork_is_found_through_the_hub_where_it_passes_cosignatures_on(tmp_path: Path) -> None:
    hub = made_hub(tmp_path)
    with running(hub, tmp_path) as house:
        alpha, beta = house.member("alpha"), house.member("beta")
        look(alpha)
        look(beta)
        forked = copied(hub, tmp_path / "fork")
        write(hub, 4, "for alpha")
        write(forked, 4, "for beta")
        shown = look(alpha).note
        with forked.database.writing() as session:
            # The liar passes on what alpha cosigned, as members would ask it to.
            point = shown.checkpoint
            bare = notes.Note(point, shown.lines[:1]).written()
            session.add(CheckpointRow(size=point.size, root=point.root, note=bare, time=0.0))
            session.flush()
            line = next(data for name, data in shown.lines if name == "alpha")
            session.connection().exec_driver_sql(
                "INSERT INTO log_cosignatures (size, member, key, line, time)"
                " SELECT ?, 'alpha', id, ?, 0 FROM hub_keys WHERE member = 'alpha'",
                (point.size, line),
            )
        write(forked, 3, "for beta")
        with running(forked, tmp_path) as other, pytest.raises(LogFault, match="another log"):
            look(moved(beta, other))


def test_a_hub_that_changes_what_it_said_is_found_by_one_member_alone(tmp_path: Path) -> None:
    hub = made_hub(tmp_path)
    with running(hub, tmp_path) as house:
        alpha = house.member("alpha")
        old = copied(hub, tmp_path / "old")
        write(hub, 5, "shown")
        look(alpha)
        write(old, 7, "another story")
        with running(old, tmp_path) as other, pytest.raises(LogFault, match="took back or changed"):
            look(moved(alpha, other))
    assert evidence(alpha)["member"] == "alpha"


def test_a_hub_that_cuts_its_log_is_found(tmp_path: Path) -> None:
    hub = made_hub(tmp_path)
    with running(hub, tmp_path) as house:
        alpha = house.member("alpha")
        old = copied(hub, tmp_path / "old")
        write(hub, 5)
        last = look(alpha).note.checkpoint.size
        with running(old, tmp_path) as other, pytest.raises(LogFault, match="took back"):
            look(moved(alpha, other))
    seen = notes.read_note((alpha.folder / SEEN).read_bytes(), "test")
    assert seen.checkpoint.size == last, "what was seen is not forgotten"


def test_a_forged_checkpoint_is_refused(tmp_path: Path) -> None:
    hub = made_hub(tmp_path)
    with running(hub, tmp_path) as house:
        alpha = house.member("alpha")
        forger = dataclasses.replace(hub, key=Ed25519PrivateKey.generate())
        with running(forger, tmp_path) as other, pytest.raises(IntelError, match="forged"):
            look(moved(alpha, other))
        assert not (alpha.folder / SEEN).exists()
        point = house.hub.checkpoint().checkpoint
        forged = tmp_path / "forged.note"
        forged.write_text(notes.signed(point, "hub.example", forger.key).written(), encoding="utf-8")
        with pytest.raises(IntelError, match="forged"):
            look(moved(alpha, house), forged)


def test_a_checkpoint_that_nobody_known_cosigned_proves_nothing(tmp_path: Path) -> None:
    with running(made_hub(tmp_path), tmp_path) as house:
        alpha = house.member("alpha")
        note = house.hub.checkpoint()
        line = notes.cosignature(note.checkpoint, "beta", Ed25519PrivateKey.generate(), 1)
        given = tmp_path / "beta.note"
        given.write_text(note.with_line(line).written(), encoding="utf-8")
        with pytest.raises(IntelError, match="no member whose key is known"):
            look(alpha, given)


def test_the_hub_keeps_only_cosignatures_of_its_own_checkpoints(tmp_path: Path) -> None:
    hub = made_hub(tmp_path)
    with running(hub, tmp_path) as house:
        alpha, beta = house.member("alpha"), house.member("beta")
        note = look(alpha).note
        twisted = notes.signed(dataclasses.replace(note.checkpoint, root=b"\7" * 32), "hub.example", hub.key)
        mine = twisted.with_line(notes.cosignature(twisted.checkpoint, "alpha", alpha.key(), 1))
        with alpha.client() as client:
            found = client.post("/hub/log/cosign", content=mine.written().encode())
        assert found.status_code == 409
        assert "two hubs run with one key" in found.json()["description"]
        with beta.client() as client:
            # Another member's line under the right checkpoint is not beta's.
            assert client.post("/hub/log/cosign", content=note.written().encode()).status_code == 422


def test_an_entry_that_is_not_in_the_log_is_found_by_its_member(tmp_path: Path) -> None:
    hub = made_hub(tmp_path)
    with running(hub, tmp_path) as house:
        alpha = house.member("alpha")
        look(alpha)
        with hub.database.writing() as session:
            session.connection().exec_driver_sql("DROP TRIGGER log_leaves_no_update")
            session.connection().exec_driver_sql(
                "UPDATE log_leaves SET content = replace(content, 'AMBER', 'GREEN') WHERE \"index\" = 1"
            )
            session.connection().exec_driver_sql(
                "UPDATE log_leaves SET content = replace(content, 'RED', 'CLEAR') WHERE \"index\" = 1"
            )
        with alpha.client() as client:
            watching = Watching(alpha, client)
            with pytest.raises(LogFault, match="not what its hash says") as caught:
                list(watching.entries())
            assert "index 1" in caught.value.where
            with pytest.raises(LogFault, match="not what its hash says"):
                watching.recount()


def test_a_hub_that_is_too_busy_is_no_fork(tmp_path: Path) -> None:
    hub = made_hub(tmp_path)
    with running(hub, tmp_path) as house:
        alpha = house.member("alpha")
        look(alpha)
        with hub.database.writing() as session:
            session.connection().exec_driver_sql("UPDATE hub_members SET removed = 1 WHERE name = 'alpha'")
        with pytest.raises(IntelError) as caught:
            look(alpha)
        assert not isinstance(caught.value, LogFault)
        with alpha.client() as client, pytest.raises(IntelError, match=r"refused \(401\)"):
            answer(client, "GET", "/hub/about")
    assert not (alpha.folder / EVIDENCE).exists()


@contextlib.contextmanager
def lying(side: Sharing, path: str, said: object) -> Iterator[httpx2.Client]:
    """A client of a hub that answers one path with a lie, and passes on everything else."""
    with side.client() as honest:

        def answered(request: httpx2.Request) -> httpx2.Response:
            if request.url.path == path:
                return httpx2.Response(200, json=said)
            found = honest.request(request.method, request.url, content=request.content)
            return httpx2.Response(found.status_code, content=found.content)

        with httpx2.Client(base_url=side.hub, transport=httpx2.MockTransport(answered)) as client:
            yield client


@pytest.mark.parametrize(
    "lie",
    [
        {"members": ["alpha", 7, None, {"name": "eve", "key": "AA=="}, {"name": "../eve", "key": "x"}]},
        {"members": [{"name": f"m{n}", "key": public_text(n.to_bytes(32, "big"))} for n in range(2, 60_000)]},
    ],
    ids=["no-members", "too-many"],
)
def test_members_that_a_hub_makes_up_do_not_stop_the_watch_for_ever(tmp_path: Path, lie: object) -> None:
    with running(made_hub(tmp_path), tmp_path) as house:
        alpha = house.member("alpha")
        with contextlib.suppress(IntelError), lying(alpha, "/hub/members", lie) as client:
            Watching(alpha, client).look()
        assert look(alpha).compared == ("alpha",)


@pytest.mark.parametrize("index", ["1e999", "1"])
def test_entries_that_a_hub_makes_up_end(tmp_path: Path, index: str) -> None:
    with running(made_hub(tmp_path), tmp_path) as house:
        alpha = house.member("alpha")
        size = look(alpha).note.checkpoint.size
        turn = 0

        def endless(_: httpx2.Request) -> httpx2.Response:
            nonlocal turn
            turn += 1
            assert turn < 50, "it asks for ever"
            at = index if index != "1" else str(size + turn)
            content = json.dumps({"index": 1})
            leaf = base64.b64encode(b"x" * 32).decode()
            row = f'{{"index": {at}, "hash": "{leaf}", "content": {json.dumps(content)}}}'
            return httpx2.Response(200, content=f'{{"entries": [{row}]}}'.encode())

        with httpx2.Client(base_url=alpha.hub, transport=httpx2.MockTransport(endless)) as client:
            watching = Watching(alpha, client)
            if index == "1":
                assert list(watching.entries()) == []
            else:
                with pytest.raises(IntelError):
                    list(watching.entries())
