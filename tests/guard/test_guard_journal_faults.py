"""The journal on a full disk, under two writers, and under one that is killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from guard_runs import World
from guard_states import account, journal, published

from stillwatch.guard.journal_entry import Kind


@pytest.fixture
def place(tmp_path: Path) -> Path:
    published(tmp_path, World(["a"]))
    return tmp_path


WRITER = """
import resource, sys
from pathlib import Path
from stillwatch.errors import RunError
from stillwatch.guard.journal import Journal
from stillwatch.guard.journal_entry import Kind
from stillwatch.guard.state_folder import StateFolder
from stillwatch.guard.state_keys import signer, verifier
folder = StateFolder(Path(sys.argv[1]))
journal = Journal(folder.journal, verifier(folder.keys), signer(folder.keys))
if len(sys.argv) > 3:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    for number in range(int(sys.argv[2])):
        entry = journal.append(Kind.EXEMPT, f"account:{number:016x}", actor="A", reason="r" * 500)
        print(entry.seq, flush=True)
except RunError as error:
    print(error, file=sys.stderr)
    sys.exit(9)
"""


def writer(place: Path, *words: object) -> subprocess.Popen[str]:
    """A process that appends."""
    call = [sys.executable, "-c", WRITER, str(place / "state"), *map(str, words)]
    return subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_full_disk_is_said_and_nothing_is_half_written(place: Path) -> None:
    done = writer(place, 1_000, 100_000)
    out, told = done.communicate()
    assert done.returncode == 9, told
    assert "the disk is full; nothing was written" in told
    acknowledged = [int(line) for line in out.splitlines()]
    assert 3 < len(acknowledged) < 900
    with journal(place) as opened:
        found = opened.verify()
        assert (found.entries, found.fault) == (len(acknowledged), "")
        assert (
            opened.append(Kind.EXEMPT, account(place, "a"), actor="Ann", reason="we looked").seq
            == found.entries + 1
        )


def test_two_processes_that_append_at_once_make_one_chain(place: Path) -> None:
    both = [writer(place, 20), writer(place, 20)]
    numbers = [int(line) for one in both for line in one.communicate()[0].splitlines()]
    assert sorted(numbers) == list(range(1, 41))
    with journal(place) as opened:
        assert opened.verify().fault == ""
        assert opened.verify().entries == 40


def test_a_writer_that_was_killed_left_whole_entries_only(place: Path) -> None:
    one = writer(place, 100_000)
    assert one.stdout is not None
    acknowledged = 0
    for line in one.stdout:
        acknowledged = int(line)
        if acknowledged == 25:
            one.kill()
    one.communicate()
    with journal(place) as opened:
        found = opened.verify()
    assert found.fault == ""
    assert found.entries >= acknowledged
