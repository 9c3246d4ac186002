"""A small load generator: some connections, each with one request under way, latencies in microseconds.

python -m guard_study.load PORT PATH CONNECTIONS SECONDS FIRST, with bodies as lines of stdin; prints JSON.
FIRST is 1 to time the first piece of the body instead of the whole answer.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Load:
    """What one run of the load saw."""

    requests: int
    """Answers."""
    per_second: float
    """Answers a second."""
    p50: float
    """Microseconds."""
    p99: float
    """Microseconds."""


async def _connection(
    port: int, calls: Sequence[bytes], first: bool, end: float, found: list[float], offset: int
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    place = offset
    while time.monotonic() < end:
        writer.write(calls[place % len(calls)])
        place += 1
        began = time.perf_counter_ns()
        head = await reader.readuntil(b"\r\n\r\n")
        fields = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
        }
        if b"content-length" in fields:
            await reader.readexactly(int(fields[b"content-length"]))
            took = time.perf_counter_ns() - began
        else:
            took = 0
            while size := int(await reader.readuntil(b"\r\n"), 16):
                await reader.readexactly(size + 2)
                took = took or time.perf_counter_ns() - began
            await reader.readexactly(2)
            if not first:
                took = time.perf_counter_ns() - began
        found.append(took / 1000)
    writer.close()


async def _run(port: int, path: str, connections: int, seconds: float, first: bool) -> None:
    calls = []
    for line in sys.stdin.buffer:
        account, _, body = line.rstrip(b"\n").partition(b" ")
        calls.append(
            b"POST %s HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nx-account: %s\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (path.encode(), account, len(body), body)
        )
    found: list[float] = []
    end = time.monotonic() + seconds
    step = max(1, len(calls) // connections)
    await asyncio.gather(
        *(_connection(port, calls, first, end, found, number * step) for number in range(connections))
    )
    told = np.array(found)
    print(
        json.dumps(
            {
                "requests": len(found),
                "per_second": len(found) / seconds,
                "p50": float(np.percentile(told, 50)),
                "p99": float(np.percentile(told, 99)),
            }
        )
    )


def load(
    port: int, path: str, lines: Sequence[bytes], *, connections: int, seconds: float, first: bool = False
) -> Load:
    """Put load on a server from a process of its own. lines: account, a space, the body."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "guard_study.load", str(port), path),
            *(str(connections), str(seconds), str(int(first))),
        ],
        input=b"\n".join(lines),
        capture_output=True,
        check=True,
        cwd=Path(__file__).resolve().parents[1],
    )
    return Load(**json.loads(done.stdout))


if __name__ == "__main__":
    words = sys.argv[1:]
    asyncio.run(_run(int(words[0]), words[1], int(words[2]), float(words[3]), words[4] == "1"))
