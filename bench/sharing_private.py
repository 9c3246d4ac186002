"""How fast are look-ups of blinded values, and overlaps of two providers?

python bench/sharing_private.py [--quick] [--seed 1] [--json FILE]

lookups: the real application runs on granian in a process of its own. Batches are blinded before; then they are
sent over HTTP, one after another. `of the primitive` is the processor time that the bare function takes for the
same batches, as a share of what the whole server process takes for them: keys, budgets, the database and HTTP
included. `with its client` adds blinding and unblinding and the check of the proof, in the client's process.

psi: a request of 1,000 tokens against 100 thousand, as messages of `stillwatch intel overlap`: wall seconds of
each step, and bytes.

--quick: a tenth of the sizes. Targets are those of the issue: 2,000 look-ups a second and core, and at least
half of the primitive's own speed.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import multiprocessing
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx2
from granian.server.embed import Server
from rich.console import Console
from rich.table import Table
from starlette.requests import Request
from voprf import ristretto

from stillwatch.cases.database import Database
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.member import Channel, Member
from stillwatch.intel.private.client import LookupClient
from stillwatch.intel.private.epoch import Epoch
from stillwatch.intel.private.epoch_keys import list_signer
from stillwatch.intel.private.overlap.agreement import Agreement
from stillwatch.intel.private.overlap.answering import answer
from stillwatch.intel.private.overlap.asking import ask, finish
from stillwatch.intel.private.service import lookup_app
from stillwatch.intel.private.settings import LookupSettings
from stillwatch.intel.private.token import Token
from stillwatch.intel.private.token_cache import TokenCache
from stillwatch.intel.tlp import Tlp
from stillwatch.key_file import secret_of
from study.loopback import free_port
from study.promises import options

BATCH = 500
LOOKUPS, QUICK_LOOKUPS = 20_000, 2_000
ANSWERED, QUICK_ANSWERED = 100_000, 10_000
ASKED, QUICK_ASKED = 1_000, 100
TARGET, HALF = 2_000.0, 0.5
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Lookups:
    """What look-ups cost."""

    inputs: int
    """Inputs that were answered."""
    per_second: float
    """Inputs a second of wall time, one request at a time."""
    per_core: float
    """Inputs a second of the server's processor time."""
    primitive: float
    """Inputs a second of processor time of the bare function."""
    share: float
    """per_core / primitive."""
    with_client: float
    """Inputs a second of wall time through the whole client."""


@dataclass(frozen=True)
class Overlapping:
    """What an overlap costs."""

    asked: int
    """Tokens of the request."""
    answered: int
    """Tokens of who answers."""
    ask_s: float
    """Seconds to make the request."""
    answer_s: float
    """Seconds to answer, as the clock on the wall has them."""
    answer_core_s: float
    """Seconds of one core to answer."""
    finish_s: float
    """Seconds to read the answer."""
    request_bytes: int
    """Size of the request."""
    answer_bytes: int
    """Size of the answer."""


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


def lookups(folder: Path, inputs: int) -> Lookups:
    """Measure look-ups."""
    (folder / "key").write_bytes(base64.b64encode(os.urandom(32)))
    epoch = Epoch.at(time.time()).name
    batches = [
        b"".join(ristretto.Client.blind(secrets.token_bytes(40))[1].serialize() for _ in range(BATCH))
        for _ in range(inputs // BATCH)
    ]
    with _served(folder) as (url, used):
        headers = {"content-type": "application/octet-stream"}
        with httpx2.Client(base_url=url, headers=headers) as http:
            warm = b"".join(ristretto.Client.blind(b"warm")[1].serialize() for _ in range(8))
            http.post(f"v1/lookups/{epoch}", content=warm)
            processor, began = used(), time.perf_counter()
            for batch in batches:
                assert http.post(f"v1/lookups/{epoch}", content=batch).status_code == 200
            wall, processor = time.perf_counter() - began, used() - processor
        bare = _bare(batches)
        whole = asyncio.run(_with_client(folder, url, epoch, inputs))
    per_core = inputs / processor
    return Lookups(inputs, inputs / wall, per_core, bare, per_core / bare, whole)


def _bare(batches: list[bytes]) -> float:
    evaluator = ristretto.Evaluator(os.urandom(32))
    began = time.process_time()
    for body in batches:
        evaluator.evaluate_batch(
            [ristretto.BlindedInput.deserialize(body[at : at + 32]) for at in range(0, len(body), 32)]
        )
    return len(batches) * BATCH / (time.process_time() - began)


async def _with_client(folder: Path, url: str, epoch: str, inputs: int) -> float:
    signer = list_signer(secret_of(folder / "key")).public_key().public_bytes_raw()
    cache = TokenCache(folder / "cache.db")
    async with httpx2.AsyncClient(base_url=url) as http:
        client = LookupClient(http, signer, cache, batch=BATCH)
        asked = [secrets.token_bytes(40) for _ in range(inputs)]
        began = time.perf_counter()
        found, paid = await client.tokens_of(asked, epoch)
        wall = time.perf_counter() - began
    assert len(found) == paid == inputs
    cache.close()
    return inputs / wall


def psi(folder: Path, answered: int, asked: int) -> Overlapping:
    """Measure an overlap."""
    kind, epoch = IndicatorKind.ADDRESS, "2026-W49"
    held = [Token(secrets.token_bytes(32), kind, epoch) for _ in range(answered)]
    mine = [
        *held[: asked // 4],
        *(Token(secrets.token_bytes(32), kind, epoch) for _ in range(asked - asked // 4)),
    ]
    agreement = Agreement("bench", "ann", "ben", kind, epoch)
    times = [time.perf_counter()]
    made = ask(agreement, mine)
    times.append(time.perf_counter())
    processor = time.process_time()
    done = answer(agreement, held, made.request, Database(folder / "runs.db"), time.time())
    times.append(time.perf_counter())
    processor = time.process_time() - processor
    found = finish(made.state, done.answer)
    times.append(time.perf_counter())
    assert found.count == asked // 4
    steps = [after - before for before, after in itertools.pairwise(times)]
    return Overlapping(
        asked, answered, steps[0], steps[1], processor, steps[2], len(made.request), len(done.answer)
    )


def measured(quick: bool) -> dict[str, dict[str, Any]]:
    """Both parts, for the page of sharing."""
    with tempfile.TemporaryDirectory() as folder:
        return {
            "lookups": asdict(lookups(Path(folder), QUICK_LOOKUPS if quick else LOOKUPS)),
            "psi": asdict(
                psi(
                    Path(folder),
                    QUICK_ANSWERED if quick else ANSWERED,
                    QUICK_ASKED if quick else ASKED,
                )
            ),
        }


def main() -> None:
    """Measure and print."""
    asked = options(__doc__, "a tenth of the sizes")
    found = measured(asked.quick)
    for part, figures in found.items():
        table = Table(part, "figure")
        for name, value in figures.items():
            table.add_row(
                name, f"{value:,.3g}" if isinstance(value, float) and value < 100 else f"{value:,.0f}"
            )
        Console().print(table)
    told = found["lookups"]
    met = told["per_core"] >= TARGET and told["share"] >= HALF
    print(f"2,000 look-ups a second and core, at least half of the primitive: {'met' if met else 'missed'}")
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
