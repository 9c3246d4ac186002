"""The hub of the demo: a process of its own, reached through a wire that keeps what passes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sharing_demo.wire import Wire

AGREEMENT = """agreement = "demo"
version = 1
purpose = "Find operators of distillation campaigns that work several of us"
channels = ["information"]
clearance = "AMBER"
retention_days = 90
parties = ["alder", "birch"]
"""
STARTS_S = 60.0


def commanded(*words: str | Path) -> Any:
    """Give a command, and return what it answers as JSON. Raises SystemExit with what it said where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "stillwatch", *map(str, words), "--json"], capture_output=True, check=False
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace")
        raise SystemExit(f"stillwatch {' '.join(map(str, words))}\nexit code {done.returncode}\n{said}")
    return json.loads(done.stdout) if done.stdout.strip() else None


def free_port() -> int:
    """A port of loopback that is free now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Joined:
    """A member's side of the hub."""

    name: str
    """Its name."""
    identity: str
    """Its STIX identity."""
    folder: Path
    """What it knows of the hub, and its key."""
    credentials: Path
    """File with its name and the token of its clients that cannot sign."""
    password: Path
    """File with the token alone."""


class Group:
    """A hub with its members. Used in `with`: the hub ends with it."""

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        self.folder, self.names = folder, names
        self.db = folder / "HUB.db"
        self.members: dict[str, Joined] = {}
        self.pin = ""
        self._process: subprocess.Popen[bytes] | None = None
        self.wire = Wire(free_port(), folder / "wire")

    @property
    def url(self) -> str:
        """How members reach the hub: by the wire."""
        return f"http://127.0.0.1:{self.wire.port}"

    def __enter__(self) -> Group:
        self.folder.mkdir(parents=True)
        self.wire.start()
        settings = self.folder / "settings.toml"
        settings.write_text(f'[hub]\npublic_url = "{self.url}"\n', encoding="utf-8")
        made = commanded("hub", "init", "--origin", "hub.demo", "--db", self.db)
        self.pin = str(commanded("hub", "pin", "--db", self.db)["pin"])
        commanded("hub", "collection", "add", "shared", "--db", self.db)
        agreement = self.folder / "agreement.toml"
        agreement.write_text(AGREEMENT, encoding="utf-8")
        known = {name: self._admit(name) for name in self.names}
        commanded("hub", "agreement", "add", agreement, "--db", self.db)
        self._serve(settings)
        for name, identity in known.items():
            self._join(name, identity, made["log_key"], agreement)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the hub, as somebody who runs it does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(30)
            self._process = None
            self.wire.stop()

    def cosign(self, name: str) -> dict[str, Any]:
        """Let a member check the log, and cosign it."""
        found: dict[str, Any] = commanded("hub", "log", "cosign", "--side", self.members[name].folder)
        return found

    def _admit(self, name: str) -> str:
        side = self.folder / name
        key = commanded("hub", "key", "--side", side)["key"]
        identity = commanded("hub", "member", "add", name, "--key", key, "--db", self.db)["identity"]
        token = commanded("hub", "member", "token", name, "--db", self.db)["token"]
        credentials, password = side / "credentials", side / "password"
        for path, text in ((credentials, f"{name}:{token}\n"), (password, f"{token}\n")):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(text)
        self.members[name] = Joined(name, identity, side, credentials, password)
        return str(identity)

    def _join(self, name: str, identity: str, log_key: str, agreement: Path) -> None:
        side = self.members[name].folder
        commanded(
            "hub", "join", "--side", side, "--hub", self.url, "--name", name, "--identity", identity,
            "--log-key", log_key,
        )  # fmt: skip
        commanded("hub", "agreement", "accept", agreement, "--side", side)
        self.cosign(name)

    def _serve(self, settings: Path) -> None:
        words = ("hub", "serve", "--db", self.db, "--settings", settings, "--port", str(self.wire.to))
        said = (self.folder / "hub.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "stillwatch", *map(str, words)], stdout=said, stderr=said
        )
        said.close()
        until = time.monotonic() + STARTS_S
        while time.monotonic() < until and self._process.poll() is None:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", self.wire.to)) == 0:
                    return
            time.sleep(0.1)
        raise SystemExit((self.folder / "hub.log").read_text(encoding="utf-8"))
