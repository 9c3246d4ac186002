"""The look-up service: who may ask, what it costs, what it tells, how keys come and go."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from token_parts import EPOCH, NOON, Parts, calling
from voprf import ristretto

from stillwatch.cases.database import Database
from stillwatch.errors import IntelError, SettingError
from stillwatch.intel.private import alarms, bodies
from stillwatch.intel.private.epoch_keys import EpochKeys
from stillwatch.intel.private.settings import LookupSettings
from stillwatch.intel.private.tables import EpochKey
from stillwatch.intel.witness import unwitnessed

T = TypeVar("T")
BINARY = {"content-type": bodies.BINARY}
PATH = f"v1/lookups/{EPOCH.name}"


@pytest.fixture
def placed(tmp_path: Path, place: str) -> Iterator[Parts]:
    """A service over a file, and over PostgreSQL."""
    parts = Parts(tmp_path, place)
    yield parts
    for database in parts.opened:
        database.close()


def blinded(count: int) -> bytes:
    return b"".join(ristretto.Client.blind(b"%d" % number)[1].serialize() for number in range(count))


def asked(
    parts: Parts, act: Callable[[httpx2.AsyncClient], Awaitable[T]], name: str = "ann", **chosen: Any
) -> T:
    async def run() -> T:
        async with calling(parts.app(**chosen), name) as http:
            return await act(http)

    return asyncio.run(run())


def posted(
    parts: Parts, body: bytes, name: str = "ann", path: str = PATH, kind: str = bodies.BINARY, **chosen: Any
) -> httpx2.Response:
    return asked(
        parts, lambda http: http.post(path, content=body, headers={"content-type": kind}), name, **chosen
    )


def test_a_batch_is_answered_under_the_key_that_the_signed_list_names(tmp_path: Path) -> None:
    async def run(http: httpx2.AsyncClient) -> tuple[httpx2.Response, bytes, list[bytes]]:
        listed = json.loads((await http.get("v1/keys")).json()["list"])["keys"]
        key = next(bytes.fromhex(row["public_key"]) for row in listed if row["epoch"] == EPOCH.name)
        pairs = [ristretto.Client.blind(value) for value in (b"one", b"two")]
        body = b"".join(one.serialize() for _, one in pairs)
        answer = await http.post(PATH, content=body, headers=BINARY)
        outputs = ristretto.VerifiableBatchOutput.deserialize(answer.content)
        found = ristretto.Client.finalize_batch(
            [client for client, _ in pairs], outputs, ristretto.PublicKey.deserialize(key)
        )
        return answer, key, found

    parts = Parts(tmp_path)
    answer, key, first = asked(parts, run)
    assert (answer.status_code, answer.headers[bodies.LEFT]) == (200, "19998")
    again, other, second = asked(parts, run, "ben")
    assert again.status_code == 200
    assert key == other
    assert first == second, "two members get one token for one value"
    assert [f["public_key"] for f in parts.of_kind("lookup.key")] == [key.hex()]
    assert parts.of_kind("lookup")[0] == {
        "epoch": EPOCH.name,
        "inputs": 2,
        "granted": True,
        "repeated": False,
        "left": 19_998,
    }


def test_json_gives_what_binary_gives(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    body = blinded(3)
    as_json = json.dumps(
        {"inputs": [b64encode(body[at : at + 32]).decode() for at in range(0, 96, 32)]}
    ).encode()
    document = posted(parts, as_json, kind=bodies.JSON).json()
    raw = posted(parts, body).content
    assert [b64encode(raw[at : at + 32]).decode() for at in range(64, 160, 32)] == document["evaluated"]
    assert document["left"] == 20_000 - 3


@pytest.mark.parametrize(
    ("name", "path", "kind", "body", "status"),
    [
        ("eve", PATH, bodies.BINARY, b"", 401),
        ("dan", PATH, bodies.BINARY, b"", 403),
        ("ann", PATH, "text/plain", b"", 415),
        ("ann", PATH, bodies.BINARY, b"", 400),
        ("ann", PATH, bodies.BINARY, b"a" * 33, 400),
        ("ann", PATH, bodies.BINARY, b"\x00" * 32, 400),
        ("ann", PATH, bodies.BINARY, b"\xff" * 64, 400),
        ("ann", PATH, bodies.BINARY, b"a" * 32 * 11, 413),
        ("ann", PATH, bodies.JSON, b"[" * 3_000, 400),
        ("ann", PATH, bodies.JSON, b'{"inputs": "AAAA"}', 400),
        ("ann", PATH, bodies.JSON, b'{"inputs": [1]}', 400),
        ("ann", PATH, bodies.JSON, b'{"inputs": ["AAAA"]}', 400),
        ("ann", PATH, bodies.JSON, b"\xff", 400),
        ("ann", "v1/lookups/2026-W48", bodies.BINARY, b"a" * 32, 400),
        ("ann", "v1/lookups/2026-W50", bodies.BINARY, b"a" * 32, 400),
        ("ann", "v1/lookups/next", bodies.BINARY, b"a" * 32, 400),
    ],
)
def test_what_is_wrong_is_refused_costs_nothing_and_says_why(
    tmp_path: Path, name: str, path: str, kind: str, body: bytes, status: int
) -> None:
    parts = Parts(tmp_path)
    answer = posted(parts, body, name, path, kind, largest_batch=10)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert parts.of_kind("lookup") == []


def test_the_budget_counts_inputs_and_says_what_is_left(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    assert posted(parts, blinded(7), budget=10).status_code == 200
    refused = posted(parts, blinded(4), budget=10)
    assert (refused.status_code, refused.json()["left"]) == (429, 3)
    assert posted(parts, blinded(3), budget=10).headers[bodies.LEFT] == "0"
    assert posted(parts, blinded(4), "ben", budget=10).status_code == 200
    left = asked(parts, lambda http: http.get("v1/budget"), budget=10).json()
    assert left == {"budget": 10, "epochs": [{"epoch": EPOCH.name, "left": 0}]}


def test_requests_at_once_cannot_spend_more_than_the_budget(placed: Parts) -> None:
    parts = placed

    async def run(http: httpx2.AsyncClient) -> list[int]:
        answers = await asyncio.gather(
            *(http.post(PATH, content=blinded(3), headers=BINARY) for _ in range(10))
        )
        return [answer.status_code for answer in answers]

    assert sorted(asked(parts, run, budget=10)) == [200] * 3 + [429] * 7


def test_the_same_batch_again_is_free_a_few_times(placed: Parts) -> None:
    parts = placed
    body = blinded(3)
    left = [posted(parts, body, budget=10).headers.get(bodies.LEFT) for _ in range(5)]
    assert left == ["7", "7", "7", "7", "4"]
    assert posted(parts, body, "ben", budget=10).headers[bodies.LEFT] == "7", "ben pays for himself"


def test_keys_are_published_ahead_answered_a_while_and_destroyed(placed: Parts) -> None:
    parts = placed
    keys = EpochKeys(parts.database(), parts.settings(), parts.witness)
    after = EPOCH.next()
    assert list(keys.published(NOON).keys) == [EPOCH.name]
    assert list(keys.published(EPOCH.ends - 3_600).keys) == [EPOCH.name, after.name]
    with pytest.raises(IntelError, match="not answered now"):
        keys.evaluator(after, EPOCH.ends - 3_600)
    keys.evaluator(after, EPOCH.ends - 60)
    keys.evaluator(EPOCH, EPOCH.ends + 3_600)
    assert list(keys.published(EPOCH.ends + 90_000).keys) == [after.name]
    with pytest.raises(IntelError, match="not answered now"):
        keys.evaluator(EPOCH, EPOCH.ends + 90_000)
    with parts.database().reading() as session:
        rows = {row.epoch: row.sealed is None for row in session.scalars(sa.select(EpochKey))}
    assert rows == {EPOCH.name: True, after.name: False}
    assert [f["epoch"] for f in parts.of_kind("lookup.key-destroyed")] == [EPOCH.name]


def test_no_two_epochs_have_one_key_and_a_restart_keeps_it(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    first = EpochKeys(parts.database(), parts.settings(), unwitnessed).published(EPOCH.ends - 60)
    again = EpochKeys(parts.database(), parts.settings(), unwitnessed).published(EPOCH.ends - 60)
    assert len(set(first.keys.values())) == 2
    assert first.keys == again.keys


def test_the_database_alone_does_not_open_the_keys(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    EpochKeys(parts.database(), parts.settings(), unwitnessed).keep(NOON)
    (tmp_path / "other").write_bytes(b"another secret, of somebody else")
    thief = EpochKeys(Database(tmp_path / "hub.db"), LookupSettings(key_file=tmp_path / "other"), unwitnessed)
    with pytest.raises(IntelError, match="cannot be opened"):
        thief.evaluator(EPOCH, NOON)


def test_a_key_file_that_is_too_short_is_told(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(SettingError, match="fewer than 16 bytes"):
        Parts(tmp_path).app()


@pytest.mark.parametrize("wrong", [{"budget": 0}, {"largest_batch": 5_000}, {"alarm_hour_share": 2}])
def test_settings_out_of_range_are_told(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(SettingError, match=next(iter(wrong))):
        Parts(tmp_path).settings(**wrong)


def raised(parts: Parts) -> list[str]:
    return [str(facts["alarm"]) for facts in parts.of_kind("lookup.alarm")]


def test_alarms_tell_of_spending_that_looks_like_enumeration_once_each(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    chosen: dict[str, Any] = {"budget": 40, "largest_batch": 5, "alarm_full_batches": 3}
    for _ in range(2):
        posted(parts, blinded(4), **chosen)
    assert raised(parts) == []
    for _ in range(3):
        posted(parts, blinded(5), **chosen)
    assert raised(parts) == [alarms.FAST, alarms.FULL]
    parts.now += 7_200
    for _ in range(5):
        posted(parts, blinded(5), **chosen)
    assert raised(parts) == [alarms.FAST, alarms.FULL, alarms.EXHAUSTED]


def test_a_slow_member_gives_no_alarm(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    for _ in range(8):
        parts.now += 3_601
        posted(parts, blinded(4), budget=40, largest_batch=5)
    assert raised(parts) == []


def test_a_burst_after_rotation_is_measured_by_the_epoch_before(placed: Parts) -> None:
    parts = placed
    for name, inputs in (("ann", 20), ("ben", 2)):
        posted(parts, blinded(inputs), name, budget=1_000)
    parts.now = EPOCH.ends + 60
    path = f"v1/lookups/{EPOCH.next().name}"
    for name in ("ann", "ben"):
        assert posted(parts, blinded(21), name, path, budget=1_000).status_code == 200
    told = [(member, facts["alarm"]) for kind, member, facts in parts.told if kind == "lookup.alarm"]
    assert told == [("ben", alarms.BURST)]


def test_alarms_are_for_the_member_and_for_who_runs_the_group(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    posted(parts, blinded(4), budget=3)
    seen = {
        name: [
            (row["member"], row["alarm"])
            for row in asked(parts, lambda http: http.get("v1/alarms"), name).json()["alarms"]
        ]
        for name in ("ann", "ben", "cora")
    }
    told = [("identity--ann", alarms.EXHAUSTED)]
    assert seen == {"ann": told, "ben": [], "cora": told}


def test_a_database_in_use_is_told_without_its_words(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    app = parts.app()
    (tmp_path / "hub.db").write_bytes(b"no database at all, but a text of some length" * 100)
    for beside in ("hub.db-wal", "hub.db-shm"):
        (tmp_path / beside).unlink(missing_ok=True)

    async def run() -> httpx2.Response:
        async with calling(app) as http:
            return await http.post(PATH, content=blinded(1), headers=BINARY)

    answer = asyncio.run(run())
    assert answer.status_code == 503
    assert "not a database" not in answer.text


@given(st.binary(max_size=300), st.sampled_from([bodies.BINARY, bodies.JSON]))
def test_no_body_breaks_the_reader(body: bytes, kind: str) -> None:
    try:
        found = bodies.inputs_of(body, kind, 5)
    except IntelError:
        return
    assert 0 < len(found) <= 5
    assert all(len(one) == bodies.ELEMENT for one in found)
