"""How long pages of a large collection take, first and hundredth, and what an incremental fetch costs."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import numpy as np
import orjson
from starlette.requests import Request

from sharing_study.figure import Figure, figure
from stillwatch.cases.database import Database
from stillwatch.intel.member import Channel, Member
from stillwatch.intel.taxii.media import TAXII
from stillwatch.intel.taxii.moment import moment_text
from stillwatch.intel.taxii.server.adding import add
from stillwatch.intel.taxii.server.app import taxii_app
from stillwatch.intel.taxii.server.collection import Collection, Root, add_collection, add_root
from stillwatch.intel.taxii.server.envelope import Envelope, Prepared
from stillwatch.intel.taxii.server.settings import TaxiiSettings
from stillwatch.intel.taxii.server.tables import make_tables
from stillwatch.intel.tlp import Tlp
from stillwatch.intel.witness import unwitnessed
from study.loopback import free_port

OBJECTS, QUICK_OBJECTS = 1_000_000, 30_000
PAGE, QUICK_PAGE = 1_000, 100
DEEP = 100
"""The page that must be as fast as the first."""
ASKED, QUICK_ASKED = 40, 10
"""Times that a page is asked for in one repetition."""
REPETITIONS, QUICK_REPETITIONS = 5, 2
NEW = (0, 10, 100, 1_000)
"""Objects that are new to an incremental fetch."""
BATCH = 5_000
RATIO = 1.5
ANN = Member("identity--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "ann", Tlp.RED, frozenset(Channel), True)
SETTINGS = TaxiiSettings(objects_a_day=10**9, bytes_a_day=10**15, requests_a_minute=10**9)


def measured(place: Path, *, quick: bool) -> list[Figure]:
    """Make a collection below a folder, serve it in a process of its own, and ask."""
    objects, page = (QUICK_OBJECTS, QUICK_PAGE) if quick else (OBJECTS, PAGE)
    path = f"/info/collections/{(filled := Filled(place / 'hub.db', objects)).id}/objects/"
    figures = [figure("objects added a second, without their check", "1/s", filled.rates)]
    with served(place / "hub.db") as url, httpx2.Client(base_url=url, headers={"Accept": TAXII}) as client:
        times = [
            _pages(client, path, page, QUICK_ASKED if quick else ASKED)
            for _ in range(QUICK_REPETITIONS if quick else REPETITIONS)
        ]
        first, deep = ([pair[number] for pair in times] for number in (0, 1))
        figures += [
            figure(f"first page of {page} objects, p95", "ms", first),
            figure(f"page {DEEP} of {page} objects, p95", "ms", deep),
            figure("page 100 / first page, p95", "", [b / a for a, b in times], most=RATIO),
        ]
        figures += [_fresh(client, path, filled, new, quick=quick) for new in NEW]
    return figures


def _pages(client: httpx2.Client, path: str, page: int, asked: int) -> tuple[float, float]:
    """p95 of the first and of the deep page in milliseconds, asked for in turns: noise is equal for both."""
    query = {"limit": str(page)}
    for _ in range(DEEP - 1):
        query["next"] = client.get(path, params=query).json()["next"]
    first: list[float] = []
    deep: list[float] = []
    for _ in range(asked):
        first.append(_time(client, path, {"limit": str(page)}, page))
        deep.append(_time(client, path, query, page))
    return float(np.percentile(first, 95)), float(np.percentile(deep, 95))


def _fresh(client: httpx2.Client, path: str, filled: Filled, new: int, *, quick: bool) -> Figure:
    """What a fetch of the newest objects takes."""
    after = moment_text(filled.moments[-1 - new])
    query = {"added_after": after, "limit": "1000"}
    times = [_time(client, path, query, new) for _ in range(QUICK_ASKED if quick else ASKED)]
    return figure(f"fetch of {new} new objects", "ms", times)


def _time(client: httpx2.Client, path: str, query: dict[str, str], wanted: int) -> float:
    began = time.perf_counter()
    answer = client.get(path, params=query)
    took = (time.perf_counter() - began) * 1e3
    found = len(orjson.loads(answer.content).get("objects", []))
    if answer.status_code != 200 or found != wanted:
        raise AssertionError(f"BUG: {answer.status_code}, {found} objects")
    return took


class Filled:
    """A collection that was filled, by the function that adds what members post."""

    def __init__(self, place: Path, objects: int) -> None:
        self.rates: list[float] = []
        database = Database(place)
        database.make_file()
        with database.writing() as session:
            make_tables(session)
            add_root(session, Root("info", "Information"))
            collection = add_collection(session, Collection("Indicators", "info", ceiling=Tlp.RED))
        self.id = collection.id
        now = 1_700_000_000_000_000
        for start in range(0, objects, BATCH):
            ready = tuple(_indicator(number) for number in range(start, min(start + BATCH, objects)))
            began = time.perf_counter()
            with database.writing() as session:
                envelope = Envelope(len(ready), ready, ())
                add(session, collection, ANN, envelope, SETTINGS, unwitnessed, now + start)
            self.rates.append(len(ready) / (time.perf_counter() - began))
        database.close()
        self.moments = [now + number for number in range(objects)]


def _indicator(number: int) -> Prepared:
    object_id = f"indicator--{uuid.UUID(int=(number * 0x9E3779B97F4A7C15) % 2**64 << 64 | number, version=4)}"
    content = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": object_id,
        "created_by_ref": ANN.identity,
        "created": "2026-01-02T03:04:05.000Z",
        "modified": "2026-01-02T03:04:05.000Z",
        "indicator_types": ["anomalous-activity"],
        "pattern": f"token:v1:asn:2026-W01:{number:064x}",
        "pattern_type": "stillwatch-token",
        "valid_from": "2026-01-02T03:04:05Z",
        "valid_until": "2026-01-09T03:04:05Z",
        "confidence": 60,
        "object_marking_refs": [Tlp.GREEN.id],
    }
    data = orjson.dumps(content)
    return Prepared(
        id=object_id,
        type="indicator",
        creator=ANN.identity,
        version=1_767_323_045_000_000,
        version_text="2026-01-02T03:04:05.000Z",
        level=int(Tlp.GREEN),
        public=False,
        revoked=False,
        content=data,
        sha256=number.to_bytes(32, "big"),
    )


@contextmanager
def served(place: Path) -> Iterator[str]:
    """A server on granian in a process of its own, with its address."""
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(place, port), daemon=True)
    process.start()
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                httpx2.get(f"{url}/taxii2/", headers={"Accept": TAXII})
                break
            except httpx2.TransportError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.join()


def _serve(place: Path, port: int) -> None:
    from granian.server.embed import Server

    async def ann(_: Request) -> Member:
        return ANN

    app = taxii_app(Database(place), SETTINGS, ann)
    server = Server(app, "127.0.0.1", port, interface="asgi", log_enabled=False)  # type: ignore[arg-type]
    asyncio.run(server.serve())
