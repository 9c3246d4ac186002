"""How fast look-ups of blinded values are, with keys, budgets, database and HTTP included."""

from __future__ import annotations

import asyncio
import base64
import multiprocessing
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from granian.server.embed import Server
from starlette.requests import Request
from voprf import ristretto

from sharing_study.figure import Figure, figure
from stillwatch.cases.database import Database
from stillwatch.intel.member import Channel, Member
from stillwatch.intel.private.client import LookupClient
from stillwatch.intel.private.epoch import Epoch
from stillwatch.intel.private.epoch_keys import list_signer
from stillwatch.intel.private.service import lookup_app
from stillwatch.intel.private.settings import LookupSettings
from stillwatch.intel.private.token_cache import TokenCache
from stillwatch.intel.tlp import Tlp
from stillwatch.key_file import secret_of
from study.loopback import free_port

BATCH = 500
INPUTS, QUICK_INPUTS = 10_000, 2_000
TIMES, QUICK_TIMES = 5, 3
TARGET, HALF = 2_000.0, 0.5
TICKS = os.sysconf("SC_CLK_TCK")


async def _one_member(_request: Request) -> Member:
    return Member("identity--one", "one", Tlp.AMBER, frozenset({Channel.INFORMATION}), writes=True)


def _serve(folder: Path, port: int) -> None:
    app = lookup_app(Database(folder / "hub.db"), _settings(folder), _one_member)
    server = Server(app, "127.0.0.1", port, interface="asgi", log_enabled=False)  # type: ignore[arg-type]
    asyncio.run(server.serve())


def _settings(folder: Path) -> LookupSettings:
    return LookupSettings(folder / "key", budget=10**8)


@contextmanager
def _served(folder: Path) -> Iterator[tuple[str, Callable[[], float]]]:
    """The address of the application in a process of its own, and its processor seconds so far."""
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(folder, port), daemon=True)
    process.start()

    def used() -> float:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    url = f"http://127.0.0.1:{port}/"
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            httpx2.get(url + "v1/keys", timeout=5)
            break
        except httpx2.TransportError:
            time.sleep(0.1)
    try:
        yield url, used
    finally:
        process.kill()
        process.join()


def measured(place: Path, *, quick: bool) -> list[Figure]:
    """Measure look-ups, several times; the batches are blinded before."""
    inputs, times = (QUICK_INPUTS, QUICK_TIMES) if quick else (INPUTS, TIMES)
    (place / "key").write_bytes(base64.b64encode(os.urandom(32)))
    epoch = Epoch.at(time.time()).name
    walls: list[float] = []
    cores: list[float] = []
    bares: list[float] = []
    clients: list[float] = []
    with _served(place) as (url, used):
        with httpx2.Client(base_url=url, headers={"content-type": "application/octet-stream"}) as http:
            for _ in range(times):
                batches = [_blinded() for _ in range(inputs // BATCH)]
                processor, began = used(), time.perf_counter()
                for batch in batches:
                    assert http.post(f"v1/lookups/{epoch}", content=batch).status_code == 200
                walls.append(inputs / (time.perf_counter() - began))
                cores.append(inputs / (used() - processor))
                bares.append(_bare(batches))
        for number in range(times):
            clients.append(asyncio.run(_with_client(place, number, url, epoch, inputs)))
    shares = [core / bare for core, bare in zip(cores, bares, strict=True)]
    return [
        figure("look-ups of the service", "a second and core", cores, least=TARGET),
        figure("the bare function", "a second and core", bares),
        figure("the service, of the bare function", "share", shares, least=HALF),
        figure("look-ups, one request at a time", "a second of the wall", walls),
        figure("… with blinding, unblinding and proof", "a second of the wall", clients),
    ]


def _blinded() -> bytes:
    return b"".join(ristretto.Client.blind(secrets.token_bytes(40))[1].serialize() for _ in range(BATCH))


def _bare(batches: list[bytes]) -> float:
    evaluator = ristretto.Evaluator(os.urandom(32))
    began = time.process_time()
    for body in batches:
        evaluator.evaluate_batch(
            [ristretto.BlindedInput.deserialize(body[at : at + 32]) for at in range(0, len(body), 32)]
        )
    return len(batches) * BATCH / (time.process_time() - began)


async def _with_client(folder: Path, number: int, url: str, epoch: str, inputs: int) -> float:
    signer = list_signer(secret_of(folder / "key")).public_key().public_bytes_raw()
    cache = TokenCache(folder / f"cache{number}.db")
    async with httpx2.AsyncClient(base_url=url) as http:
        client = LookupClient(http, signer, cache, batch=BATCH)
        asked = [secrets.token_bytes(40) for _ in range(inputs)]
        began = time.perf_counter()
        found, paid = await client.tokens_of(asked, epoch)
        wall = time.perf_counter() - began
    assert len(found) == paid == inputs
    cache.close()
    return inputs / wall
