"""One writer at a time, real processes: the second is refused, and a killed one leaves nothing in the way."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from small_runs import contents
from village import Ran, beside, command, options

from stillwatch.errors import RunError
from stillwatch.run.lock import Lock, writing
from stillwatch.run.manifest import verify


def waited(for_what: Callable[[], object], seconds: float = 60.0) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not for_what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def alive(process: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(process: int) -> list[int]:
    """The processes that a process started."""
    found = Path(f"/proc/{process}/task").glob("*/children")
    return [int(number) for file in found for number in file.read_text().split()]


@contextmanager
def detecting(world: Path, out: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A real detect over a world with two workers, which is writing rows; killed at the end."""
    settings = out.parent / "two.toml"
    settings.write_text("[ingest]\nworkers = 2\n", encoding="utf-8")
    words = [
        "detect",
        world / "logs",
        *options(beside(world)),
        "--settings",
        settings,
        "--out",
        out,
        "--force",
    ]
    running = subprocess.Popen(
        [sys.executable, "-m", "stillwatch", *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        part = out.with_name(f".{out.name}.part")
        assert waited(lambda: list(part.glob("stage/*.parquet")) or running.poll() is not None)
        assert running.poll() is None
        yield running
    finally:
        running.kill()
        running.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
def test_a_run_being_written_is_nobody_elses_and_a_kill_leaves_it_as_it_was(
    village: Path, small: Ran
) -> None:
    """Held still while others try; then killed: its workers end, and the next command clears up."""
    before = contents(small.folder)
    parent = small.folder.parent
    with detecting(village, small.folder) as running:
        workers = children(running.pid)
        assert len(workers) >= 2
        os.killpg(running.pid, signal.SIGSTOP)
        there = contents(parent)
        for words in (
            ("detect", small.world / "logs", "--out", small.folder, "--force", "--public-key"),
            ("watch", small.folder),
            ("forget", "small-1", "--run", small.folder),
            ("report", small.folder),
        ):
            said = command(*words, expect=2).stderr
            assert f"another process is writing this run (process {running.pid})" in said
            assert "what to do: wait until it has ended" in said
        assert contents(parent) == there
        command("run", "verify", small.folder)
        os.killpg(running.pid, signal.SIGCONT)
        assert all(map(alive, workers))
        running.kill()
        assert waited(lambda: not any(map(alive, workers)), 20)
    assert contents(small.folder) == before
    left = {path.name for path in parent.iterdir()}
    assert left == {"run", ".run.part", ".run.lock", "two.toml"}
    command("report", small.folder)
    assert {path.name for path in parent.iterdir()} == {"run", ".run.part", "two.toml"}
    command("forget", "small-1", "--run", small.folder)
    assert {path.name for path in parent.iterdir()} == {"run", "two.toml"}
    assert verify(small.folder).differences == ()


def test_a_lock_is_one_processs_and_goes_with_it(tmp_path: Path) -> None:
    run = tmp_path / "run"
    held = Lock(run)
    with pytest.raises(RunError, match=rf"another process is writing this run \(process {os.getpid()}\)"):
        Lock(run)
    assert stat.S_IMODE((tmp_path / ".run.lock").stat().st_mode) == 0o600
    held.release()
    held.release()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ".run.lock").write_text("of a process that was killed", encoding="utf-8")
    Lock(run).release()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_whose_file_was_removed_meanwhile_holds_nothing(tmp_path: Path) -> None:
    """The one who waits to lock a file that its holder removes must not share the run with a third."""
    run, lock = tmp_path / "run", tmp_path / ".run.lock"
    first = Lock(run)
    lock.rename(tmp_path / "removed")
    second = Lock(run)
    with pytest.raises(RunError):
        Lock(run)
    second.release()
    first.release()
    assert not lock.exists()


def test_a_link_in_the_locks_place_is_not_followed(tmp_path: Path) -> None:
    letter = tmp_path / "letter"
    letter.write_text("dear reader", encoding="utf-8")
    (tmp_path / ".run.lock").symlink_to(letter)
    with pytest.raises(RunError, match="cannot be locked"):
        Lock(tmp_path / "run")
    assert letter.read_text(encoding="utf-8") == "dear reader"


def test_nobody_writes_in_a_run_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such run folder"), writing(tmp_path / "absent"):
        pytest.fail("there is nothing to write in")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_where_only_the_run_may_be_written_its_folder_is_the_lock(small: Ran) -> None:
    small.folder.parent.chmod(0o500)
    try:
        with writing(small.folder), pytest.raises(RunError, match="another process"):
            Lock(small.folder)
    finally:
        small.folder.parent.chmod(0o700)
