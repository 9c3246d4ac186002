"""The recipe for sharing, run as it is written: bash, the real command, a hub in a process of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from case_runs import NOON, Group, Sealed, sealed
from hub_house import free_port
from test_howto import blocks, sections
from village import small_row

SERVED = "In a terminal of its own"
MADE = "The hub is made"


def lay(folder: Path) -> None:
    """What the page says that is there: a run at one provider, a log at the other."""
    (folder / "hub").mkdir()
    days = (datetime.now(UTC) - NOON).days
    sealed(folder / "alder" / "run", Sealed("run-1", (Group("camp-a", 30),), day=days))
    (folder / "birch").mkdir()
    log = "".join(json.dumps(small_row(at)) + "\n" for at in range(12))
    (folder / "birch" / "log.jsonl").write_text(log, encoding="utf-8")
    owners = [f"small-{at},{'cheap-models' if at < 2 else 'other'}.example" for at in range(3)]
    text = "\n".join(["account_id,email_domain", *owners])
    (folder / "birch" / "accounts.csv").write_text(text, encoding="utf-8")
    (folder / "bin").mkdir()
    program = folder / "bin" / "stillwatch"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m stillwatch "$@"\n', encoding="utf-8")
    program.chmod(0o755)


def typed(text: str, folder: Path, port: int) -> subprocess.Popen[str]:
    """Give the commands of a part of the page to bash."""
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    return subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder,
        env={**os.environ, "PATH": path, "HUB_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def served(text: str, folder: Path, port: int) -> Iterator[None]:
    """A hub, until the end of the block."""
    # bash hands its place to the one command, so that it is the hub that is ended.
    with typed(f"exec {text.strip()}", folder, port) as process:
        try:
            until = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < until:
                with socket.socket() as trying:
                    if trying.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.communicate(timeout=30)


@pytest.mark.thorough
def test_the_recipe_for_sharing_works(tmp_path: Path) -> None:
    lay(tmp_path)
    page, port = sections("sharing"), free_port()

    def done(*titles: str) -> str:
        with typed("\n".join("\n".join(blocks(page[one], "sh")) for one in titles), tmp_path, port) as shell:
            said, _ = shell.communicate(timeout=300)
        assert shell.returncode == 0, said
        return said

    done(MADE)
    with served(blocks(page[SERVED], "sh")[0], tmp_path, port):
        said = done(*(one for one in page if one not in (MADE, SERVED)))
    assert "cheap-models.example\n" in said, "birch has it too"
    for shown in (
        "objects of export 1",
        "2 rows of 1 reports",
        "1 reports matched something in the run",
        "objects were corrected or taken back",
        "object.read",
    ):
        assert shown in said, f"{shown}: {said}"
    left = (tmp_path / "alder" / "read-this").read_text(encoding="utf-8")
    assert "token:v1:mail_domain" in left
    assert "cheap-models" not in left
