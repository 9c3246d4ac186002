"""What a server has to bear: kills, large bodies, hostile objects, nonsense."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
import sqlalchemy as sa
from taxii_parts import (
    ANN,
    BOB,
    HEADERS,
    MAIN,
    OBJECTS,
    POSTED,
    People,
    basic,
    client,
    envelope,
    indicator,
    made,
    post,
    seen,
    serving,
)
from test_intel_taxii_client import ALL, QUICK

from stillwatch.cases.database import Database
from stillwatch.intel.taxii.client.connection import Connection
from stillwatch.intel.taxii.client.fetching import fetch
from stillwatch.intel.taxii.client.inbox import Inbox, received
from stillwatch.intel.taxii.client.places import Source
from stillwatch.intel.taxii.client.publishing import publish
from stillwatch.intel.taxii.client.settings import ClientSettings
from stillwatch.intel.taxii.media import TAXII
from stillwatch.intel.taxii.server.app import taxii_app
from stillwatch.intel.taxii.server.models import FetchedRow, ObjectRow, UseRow
from stillwatch.intel.taxii.server.settings import TaxiiSettings

KILLS = int(os.environ.get("STILLWATCH_KILLS", "2"))
FUZZ = int(os.environ.get("STILLWATCH_FUZZ", "1"))
WORKER = Path(__file__).with_name("taxii_worker.py")
STUBBORN = ClientSettings(tries=2_000, first_wait_s=0.2, longest_wait_s=0.2, page=11, envelope_objects=9)


def quiet_port() -> int:
    """A free port that no connection has as its own: else, while nobody listens, a client that tries again
    and again may reach itself, and keep the port from the server.
    """
    for port in random.Random(os.getpid()).sample(range(15_000, 32_000), 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


class Mortal:
    """A server in a process of its own, at one port, that is killed and started again."""

    def __init__(self, place: Path) -> None:
        self.place, self.port = place, quiet_port()
        self.process = self._start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def wait(self) -> None:
        """Wait until it listens."""
        while True:
            assert self.process.poll() is None, "the server has ended by itself"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill it at once, and start it again."""
        self.process.kill()
        self.process.wait()
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        folders = [str(WORKER.parent), str(WORKER.parents[1] / "guard"), *sys.path]
        return subprocess.Popen(
            [sys.executable, str(WORKER), str(self.place), str(self.port)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@contextlib.contextmanager
def mortal(place: Path) -> Iterator[Mortal]:
    """Such a server, until the end of the block."""
    server = Mortal(place)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()


def test_a_server_that_is_killed_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    rounds = KILLS * 12
    objects = [indicator(f"a{number}") for number in range(rounds * 3)]
    own = Database(tmp_path / "own.db")
    chance = random.Random(26)
    made(tmp_path / "hub.db", MAIN).close()
    with mortal(tmp_path / "hub.db") as server:
        inbox = Inbox(own, Source(f"{server.url}/info/collections/{MAIN.id}/", ALL))
        ended = threading.Event()

        async def write() -> None:
            async with Connection(server.url, basic(ANN), STUBBORN) as connection:
                for start in range(0, len(objects), 3):
                    told = await publish(connection, inbox.source.collection, objects[start : start + 3])
                    assert len(told.taken) == 3, told

        async def read() -> None:
            async with Connection(server.url, basic(BOB), STUBBORN) as connection:
                while True:
                    last = ended.is_set()
                    await fetch(connection, inbox.source, inbox.place(), inbox.keep)
                    if last:
                        return

        faults: list[BaseException] = []

        def run(work: Any) -> None:
            try:
                asyncio.run(work())
            except BaseException as error:
                faults.append(error)

        writer, reader = (threading.Thread(target=run, args=(work,)) for work in (write, read))
        writer.start()
        reader.start()
        for _ in range(KILLS):
            server.wait()
            time.sleep(chance.uniform(0.1, 0.7))
            server.kill()
        writer.join()
        ended.set()
        reader.join()
        assert faults == []
        with own.reading() as session:
            came = received(session, inbox.source.collection)
    assert {one["id"] for one in came} == {one["id"] for one in objects}
    assert len(came) == len(objects)
    with Database(tmp_path / "hub.db") as database, database.reading() as session:
        kept = list(session.execute(sa.select(ObjectRow.object_id, ObjectRow.added)))
        assert sorted(one for one, _ in kept) == sorted(one["id"] for one in objects)
        assert session.scalar(sa.select(UseRow.objects)) == len(objects)
        read_of = set(session.scalars(sa.select(FetchedRow.added)))
    assert {added for _, added in kept} == read_of
    own.close()


def test_a_hundred_megabytes_are_refused_before_they_have_come(tmp_path: Path) -> None:
    block = b" " * 1_000_000
    sent: list[int] = []

    def blocks() -> Iterator[bytes]:
        for number in range(100):
            sent.append(number)
            yield block

    with made(tmp_path / "hub.db", MAIN) as database, serving(database) as url, client(url, ANN) as caller:
        started = time.monotonic()
        for headers in ({**POSTED, "Content-Length": str(10**8)}, POSTED):
            sent.clear()
            # The server closes while the client still sends; some clients see that before the answer.
            with contextlib.suppress(httpx2.TransportError):
                answer = caller.post(OBJECTS, content=blocks(), headers=headers)
                assert answer.status_code == 413
                assert "max_content_length" in answer.json()["description"]
        assert time.monotonic() - started < 20
        assert caller.get(OBJECTS).json() == {}


def test_too_many_objects_are_refused_whole(tmp_path: Path) -> None:
    settings = TaxiiSettings(envelope_objects=5)
    with made(tmp_path / "hub.db", MAIN) as database, serving(database, settings=settings) as url:
        with client(url, ANN) as caller:
            many = envelope(*(indicator(f"a{number}") for number in range(6)))
            answer = caller.post(OBJECTS, content=many, headers=POSTED)
        assert answer.status_code == 413
        assert seen(url, ANN) == []


def test_pages_are_cut_by_bytes(tmp_path: Path) -> None:
    settings = TaxiiSettings(answer_bytes=3_000)
    own = Database(tmp_path / "own.db")
    with made(tmp_path / "hub.db", MAIN) as database, serving(database, settings=settings) as url:
        post(url, ANN, *(indicator(f"a{number}", description="x" * 1_000) for number in range(7)))
        post(url, ANN, indicator("large", description="x" * 20_000))
        with client(url, BOB) as caller:
            assert len(caller.get(OBJECTS).json()["objects"]) == 1
        inbox = Inbox(own, Source(f"{url}/info/collections/{MAIN.id}/", ALL))

        async def run() -> int:
            async with Connection(url, basic(BOB), QUICK) as connection:
                return (await fetch(connection, inbox.source, inbox.place(), inbox.keep)).pages

        assert asyncio.run(run()) == 8
        assert inbox.fresh == 8
    own.close()


DEEP: Any = "x"
for _ in range(900):
    DEEP = [DEEP]
HOSTILE: list[Any] = [
    None,
    5,
    "indicator",
    [],
    {},
    {"id": "indicator--x"},
    {"type": "indicator", "id": 5},
    {"type": "indicator", "id": "../../etc/passwd"},
    indicator("x", type="campaign"),
    indicator("x", modified="9999-99-99T00:00:00Z"),
    indicator("x", modified="2026-01-02T03:04:05.0000001Z"),
    indicator("x", modified=12),
    indicator("x", created_by_ref=[ANN.identity]),
    indicator("x", created_by_ref={"$ne": ""}),
    indicator("x", object_marking_refs="all"),
    indicator("x", object_marking_refs=[{}]),
    indicator("x", granular_markings=[{"selectors": ["name"], "marking_ref": "marking-definition--x"}]),
    indicator("x", confidence=130),
    indicator("x", confidence=1e308),
    indicator("x", pattern="[" * 3_000),
    indicator("x", pattern="[a:b = '" + "\\" * 2_001 + "']"),
    indicator("x", description=DEEP),
    indicator("x", revoked="yes"),
    indicator("x", external_references=[{"source_name": "x", "url": "javascript:alert(1)"}] * 6_000),
    indicator("x") | {"x" * 300: 1},
    indicator("x", valid_until="2025-01-01T00:00:00Z"),
    {"type": "marking-definition", "id": "marking-definition--00000000-0000-4000-8000-00000000000g"},
    {"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000000", "objects": [indicator("x")]},
    {"type": "ipv4-addr", "id": "ipv4-addr--00000000-0000-4000-8000-000000000000", "value": "192.0.2.1"},
]


def test_hostile_objects_are_refused_one_by_one(tmp_path: Path) -> None:
    good = indicator("good")
    with made(tmp_path / "hub.db", MAIN) as database, serving(database) as url:
        status = post(url, ANN, *HOSTILE, good)
        assert status["total_count"] == len(HOSTILE) + 1
        assert [one["id"] for one in status["successes"]] == [good["id"]]
        assert status["failure_count"] == len(HOSTILE)
        assert all(one["message"] and len(one["message"]) <= 500 for one in status["failures"])
        assert status["failures"][0]["id"] == "objects[0]"
        assert "etc/passwd" not in json.dumps(status)
        assert seen(url, BOB) == [good]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe{}",
        b'{"objects": [' + b"[" * 100_000,
        b'{"objects": [NaN]}',
        b'{"objects": ["\\ud800"]}',
        b'{"objects": [{"id": "\xed\xa0\x80"}]}',
        b'{"objects": []}',
        b"null",
    ],
    ids=["nothing", "utf-16", "deep", "nan", "surrogate", "utf-8", "none", "null"],
)
def test_bodies_that_are_no_envelope_are_refused(tmp_path: Path, body: bytes) -> None:
    with made(tmp_path / "hub.db", MAIN) as database, serving(database) as url, client(url, ANN) as caller:
        answer = caller.post(OBJECTS, content=body, headers=POSTED)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == TAXII


PARTS = ["info", "taxii2", MAIN.id, "indicators", "collections", "objects", "manifest", "versions", "status"]
NASTY = ["..", "%00", "'", '"', "é", "\u202e", "{}", "$(id)", "x" * 300, "-1", "0", "%ff", ";", "a b", "*"]
QUERY = [
    "limit",
    "next",
    "added_after",
    "match[id]",
    "match[type]",
    "match[version]",
    "match[spec_version]",
    "x",
]
VALUES = [
    "",
    "0",
    "1",
    "99999999999999999999",
    "last",
    "all",
    "first,last",
    ",",
    "2026-01-01T00:00:00Z",
    *NASTY,
]


def test_nonsense_is_answered_and_never_a_fault(place: str) -> None:
    chance = random.Random(26)
    credentials = base64.b64encode(b"ann:annann").decode()

    def nonsense() -> tuple[str, str, dict[str, str], bytes]:
        path = "/".join(chance.choice([*PARTS, *NASTY]) for _ in range(chance.randint(0, 7)))
        if chance.random() < 0.5:
            path = "/".join(OBJECTS.split("/")[1 : chance.randint(2, 6)])
        query = "&".join(
            f"{quote(chance.choice(QUERY))}={quote(chance.choice(VALUES), safe='%')}"
            for _ in range(chance.randint(0, 4))
        )
        headers = {
            "Authorization": chance.choice(["", "Basic x", "Basic \xe9", *[f"Basic {credentials}"] * 6]),
            "Accept": chance.choice(["*/*", *[TAXII] * 6, "text/html", ";;;q=,", ""]),
            "Content-Type": chance.choice([TAXII, TAXII, "", "text/plain", ";"]),
        }
        body = chance.choice([b"", b"{}", b"\x00", envelope(indicator("x")), chance.randbytes(50)])
        method = chance.choice(["GET", "GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS", "TRACE"])
        return method, f"/{path}/?{query}", headers, body

    async def run() -> list[int]:
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        found: list[int] = []
        async with httpx2.AsyncClient(transport=transport, base_url="http://hub") as caller:
            for _ in range(300 * FUZZ):
                method, path, headers, body = nonsense()
                coded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
                answer = await caller.request(method, path, headers=coded, content=body)
                found.append(answer.status_code)
                assert answer.status_code < 500, (method, path, headers, body)
                if answer.status_code >= 400 and method != "HEAD":
                    assert answer.headers["content-type"] == TAXII
                    assert answer.json()["http_status"] == str(answer.status_code)
        return found

    with made(place, MAIN) as database:
        app = taxii_app(database, TaxiiSettings(requests_a_minute=10**9), People(ANN))
        statuses = asyncio.run(run())
    assert {200, 400, 401, 404, 406}.issubset(statuses)


def test_a_stranger_learns_nothing_of_what_is_there(tmp_path: Path) -> None:
    with made(tmp_path / "hub.db", MAIN) as database, serving(database) as url:
        post(url, ANN, indicator("x"))
        with httpx2.Client(base_url=url, headers=HEADERS, trust_env=False) as caller:
            answers = {
                (answer := caller.get(path)).status_code: answer.content
                for path in (OBJECTS, f"{OBJECTS}{indicator('x')['id']}/", "/info/", "/nowhere/")
            }
    assert list(answers) == [401]
