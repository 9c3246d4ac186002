"""A hub that is killed at any point has lost nothing that it confirmed, and takes back nothing that it signed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx2
from hub_house import LOOPBACK, House, free_port, made_hub, terms

from stillwatch.errors import IntelError, LogFault
from stillwatch.intel.hub import log
from stillwatch.intel.hub.client import Sharing, answer
from stillwatch.intel.hub.log_check import checked
from stillwatch.intel.hub.watching import EVIDENCE, Watching

KILLS = int(os.environ.get("STILLWATCH_KILLS", "2"))
"""Times that a hub is killed; see CONTRIBUTING.md."""


def started(db: Path, port: int) -> subprocess.Popen[bytes]:
    """A hub in a process of its own, once it answers."""
    command = [sys.executable, "-m", "stillwatch", "hub", "serve", "--db", str(db), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, (process.stderr.read() if process.stderr else b"").decode()
        try:
            if httpx2.get(f"http://{LOOPBACK}:{port}/hub/health", trust_env=False).status_code == 200:
                return process
        except httpx2.HTTPError:
            time.sleep(0.05)
    raise AssertionError("the hub did not start")


def ended(process: subprocess.Popen[bytes], number: int) -> None:
    """End it, and wait until its workers ended too."""
    process.send_signal(number)
    process.wait(30)
    if process.stderr:
        process.stderr.close()


def work(side: Sharing, stop: threading.Event, confirmed: list[int], faults: list[LogFault]) -> None:
    """Ask and look until told to stop; a hub that is away is asked again."""
    with side.client(timeout_s=5) as client:
        while not stop.is_set():
            try:
                found = Watching(side, client).look()
                confirmed.append(found.note.checkpoint.size)
                answer(client, "GET", "/hub/about")
            except LogFault as error:
                faults.append(error)
            except IntelError:
                pass
            time.sleep(0.02)


def test_a_hub_that_is_killed_takes_nothing_back(tmp_path: Path) -> None:
    hub = made_hub(tmp_path)
    port = free_port()
    house = House(hub, f"http://{LOOPBACK}:{port}", tmp_path)
    sides = [house.member(name) for name in ("alpha", "beta")]
    house.agree(terms("alpha", "beta"), "alpha", "beta")
    stop, confirmed = threading.Event(), [0]
    faults: list[LogFault] = []
    workers = [threading.Thread(target=work, args=(side, stop, confirmed, faults)) for side in sides]
    dice = random.Random(26)
    written = 0
    for worker in workers:
        worker.start()
    try:
        for _ in range(KILLS):
            process = started(tmp_path / "HUB.db", port)
            until = time.monotonic() + dice.uniform(0.05, 0.6)
            while time.monotonic() < until:
                with hub.database.writing() as session:
                    log.witness(session, "object.added", None, {"number": written})
                written += 1
            ended(process, signal.SIGKILL)
        process = started(tmp_path / "HUB.db", port)
        seen = len(confirmed)
        while len(confirmed) < seen + 4:
            time.sleep(0.02)
        ended(process, signal.SIGTERM)
        assert process.returncode == 0
    finally:
        stop.set()
        for worker in workers:
            worker.join(30)
    assert faults == []
    found = checked(hub)
    assert found.faults == ()
    assert written
    assert max(confirmed) <= found.entries
    assert found.entries >= written
    assert found.cosignatures
    assert not [side for side in sides if (side.folder / EVIDENCE).exists()]
