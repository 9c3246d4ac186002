"""End-user ids that are made of a device, an account and a session."""

from __future__ import annotations

from pathlib import Path

import orjson
import pyarrow as pa
import pytest

from stillwatch.api.sketching import Sketcher
from stillwatch.ingest.end_users import EndUser, end_user_of
from stillwatch.ingest.request import Request
from stillwatch.pipeline import Inputs, detect
from stillwatch.schema.keyed import HashKey
from stillwatch.settings import Settings

DEVICE, ACCOUNT, SESSION = (
    "ab" * 32,
    "0b5c0a52-93a4-4d0e-8f44-5f5f0f3a1111",
    "7c9e6679-7425-40de-944b-e07fc1f90ae7",
)


def as_json(**parts: object) -> str:
    return orjson.dumps(parts).decode()


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        (f"user_{DEVICE}_account_{ACCOUNT}_session_{SESSION}", EndUser(ACCOUNT, DEVICE, SESSION)),
        (f"user_{DEVICE}_account__session_{SESSION}", EndUser(None, DEVICE, SESSION)),
        (
            as_json(device_id=DEVICE, account_uuid=ACCOUNT, session_id=SESSION),
            EndUser(ACCOUNT, DEVICE, SESSION),
        ),
        (as_json(device_id=DEVICE, account_uuid="", session_id=SESSION), EndUser(None, DEVICE, SESSION)),
        (as_json(session_id=SESSION), EndUser(None, None, SESSION)),
        (as_json(device_id={"a": 1}, session_id=[1]), EndUser(as_json(device_id={"a": 1}, session_id=[1]))),
        (as_json(tenant="t"), EndUser(as_json(tenant="t"))),
        ('{"device_id": "cut', EndUser('{"device_id": "cut')),
        ("user_7", EndUser("user_7")),
        ("user_a_account_b", EndUser("user_a_account_b")),
        ("[1]", EndUser("[1]")),
    ],
)
def test_parts_of_an_end_user_id(value: str, parts: EndUser) -> None:
    assert end_user_of(value) == parts


def test_a_hostile_id_stays_an_id() -> None:
    deep = '{"device_id":' + "[" * 900 + "]" * 900 + "}"
    long = '{"device_id":"' + "x" * 5_000 + '"}'
    assert end_user_of(deep).end_user == deep
    assert end_user_of(long).end_user == long


def line(number: int, user: str, session: str | None = None) -> dict[str, object]:
    row = {"request_id": f"r{number}", "account_id": f"a{number}", "time": "2026-02-01T00:00:00Z"}
    return row | {"model": "m", "end_user": user, "conversation": session}


def test_device_and_session_become_columns_and_the_logs_own_session_wins(tmp_path: Path) -> None:
    joined = f"user_{DEVICE}_account__session_{SESSION}"
    rows = [line(1, joined), line(2, joined, "own"), line(3, "person"), line(4, joined)]
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"\n".join(orjson.dumps(row) for row in rows))
    key = HashKey.public()
    detect(Inputs((log,), key=key), tmp_path / "run", Settings(), lambda *_: None)
    (path,) = (tmp_path / "run" / "exchanges").rglob("*.parquet")
    found = sorted(pa.parquet.read_table(path).to_pylist(), key=lambda row: str(row["request_id"]))
    one, two, three, four = found
    assert one["device"] == two["device"] == four["device"] is not None
    assert one["conversation"] == four["conversation"] is not None
    assert two["conversation"] not in (None, one["conversation"])
    assert (one["end_user"], three["device"]) == (None, None)
    assert three["end_user"] is not None
    single = Sketcher(key=key).sketch(Request(request_id="r1", account_id="a1", end_user=joined))
    assert (single.device, single.conversation, single.end_user) == (one["device"], one["conversation"], None)
