"""Parts for tests of the service for Envoy: a guard whose accounts are called after the step they meet."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import grpc
from asgi_parts import free_port
from guard_parts import NOW, KnownAccounts, OneBucket, fired, known

from stillwatch.guard.decide import Guard
from stillwatch.guard.opened import Health, Opened
from stillwatch.guard.records import DecisionRecords, decisions
from stillwatch.guard.service_settings import ServiceConfig
from stillwatch.response.inputs import Inputs
from stillwatch.response.ladder import Action, Consent, Permission, Stage, Step
from stillwatch.response.outcome import Outcome

AGREED = Consent("it would be evaded", "Ada", "https://example.org/policy#quality")
STEPS = {
    "blocked": Action(Step.BLOCK),
    "slowed": Action(Step.SLOW, 9, 9),
    "late": Action(Step.SLOW, 9, 9, delay_ms=3_000),
    "marked": Action(Step.MARK, consent=AGREED),
    "trimmed": Action(Step.TRIM, most_n=1, consent=AGREED),
    "routed": Action(Step.ROUTE, model="wren-mini", consent=AGREED),
    "summarised": Action(Step.SUMMARISE, consent=AGREED),
    "watched": Action(Step.OBSERVE),
}
"""The step that each of these accounts meets; others are in no campaign."""
KEYS = {name: number for number, name in enumerate(STEPS, 1)}
BUDGET = 1_500
"""Tokens that all of them have together."""


class ByAccount:
    """A policy with a rule for each account."""

    digest = "0123456789ab"
    acts = True

    def outcome(self, inputs: Inputs, draw: float) -> Outcome:
        name = next(name for name, key in KEYS.items() if key == draw)
        rule = replace(fired(STEPS[name]), stage=Stage.LIVE, since=NOW - 120)
        return Outcome((rule,))


class ToldBucket(OneBucket):
    """Says in a file what was settled."""

    def __init__(self, file: Path) -> None:
        super().__init__(BUDGET)
        self._file = file

    def settle(self, account: int, campaign: str, reserved: int, used: int, now: float) -> None:
        super().settle(account, campaign, reserved, used, now)
        with self._file.open("a") as file:
            file.write(f"{reserved} {used}\n")


def guard_of(state: Path, config: ServiceConfig) -> Guard:
    accounts = {name: replace(known(), key=key) for name, key in KEYS.items()}
    accounts["permitted"] = replace(known(permission=Permission.COVERS), key=1)
    policy = ByAccount()
    return Guard(
        KnownAccounts(accounts),
        lambda: policy,
        ToldBucket(state / "settled"),
        DecisionRecords(state / "records", lambda name: name),
        config.failure,
        lambda: NOW,
    )


def open_steps(state: Path, config: ServiceConfig) -> Opened:
    """Opens a folder as the state of these accounts."""
    made = guard_of(state, config)
    records = made.records
    assert isinstance(records, DecisionRecords)
    return Opened(made, lambda now: Health(True, 1.0), records.close, b"k" * 32)


@dataclass
class RunningGuard:
    """The service as a process."""

    port: int
    state: Path
    process: subprocess.Popen[str]

    def settled(self) -> list[tuple[int, int]]:
        """Tokens reserved and used, of each request that was settled."""
        file = self.state / "settled"
        lines = file.read_text().splitlines() if file.exists() else []
        return [(int(reserved), int(used)) for reserved, used in map(str.split, lines)]

    def decided(self) -> list[dict[str, Any]]:
        return list(decisions(self.state / "records"))

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(30)


def configured(folder: Path, port: int, *, failure: str = "closed", more: str = "") -> Path:
    file = folder / "guard.toml"
    file.write_text(
        f'[guard]\nfailure = "{failure}"\nappeal = "https://example.org/appeal"\n'
        f'[envoy]\nport = {port}\naccount_header = "x-account"\nja4_header = "x-ja4"\n{more}'
    )
    return file


@contextlib.contextmanager
def running_guard(
    folder: Path,
    *,
    port: int = 0,
    command: bool = False,
    where: str = "",
    credentials: Any = None,
    **options: Any,
) -> Iterator[RunningGuard]:
    """Run the service over a state of these tests below a folder. command: as the real command over a real
    state. where: the address to ask whether it lives, if it is not the port.
    """
    port = port or free_port()
    state = folder / "state"
    state.mkdir(parents=True, exist_ok=True)
    file = configured(folder, port, **options)
    code = (
        "import sys; sys.path.insert(0, sys.argv[3])\n"
        "from pathlib import Path\n"
        "from envoy_guard import open_steps\n"
        "from stillwatch.guard.service_settings import load\n"
        "from stillwatch.guard.envoy_serving import serve\n"
        "if __name__ == '__main__': serve(load(Path(sys.argv[1])), Path(sys.argv[2]), open_steps)\n"
    )
    words = [sys.executable, "-c", code, str(file), str(state), str(Path(__file__).parent)]
    if command:
        words = [
            sys.executable,
            "-m",
            "stillwatch",
            "guard",
            "envoy",
            "--state",
            str(state),
            "--config",
            str(file),
        ]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    service = RunningGuard(port, state, process)
    try:
        for _ in range(600):
            if healthy(where or f"127.0.0.1:{port}", credentials=credentials) is True:
                break
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.05)
        yield service
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGTERM)
            process.wait(30)
        if process.stderr:
            process.stderr.close()


def healthy(where: str, name: bytes = b"", *, credentials: Any = None) -> bool | None:
    """Ask by gRPC's health protocol; None where nobody answers."""
    options = [("grpc.ssl_target_name_override", "localhost")] if credentials else []
    made = grpc.secure_channel(where, credentials, options) if credentials else grpc.insecure_channel(where)
    with made as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        try:
            return bool(check(b"\x0a" + bytes([len(name)]) + name if name else b"", timeout=2) == b"\x08\x01")
        except grpc.RpcError:
            return None
