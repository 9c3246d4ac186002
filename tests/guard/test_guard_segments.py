"""Lines that are kept: what a crash, a full disk and a turn of files leave of them."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import zstandard

from stillwatch.errors import RunError
from stillwatch.guard.segments import Segments

WRITER = """
import sys, time
from pathlib import Path
from stillwatch.guard.segments import Segments
segments = Segments(Path(sys.argv[1]), "decisions", most_bytes=2_000)
for number in range(1_000_000):
    segments.now(b"%d\\n" % number)
    print(number, flush=True)
"""
FULL = """
import resource, signal, sys
from pathlib import Path
from stillwatch.guard.segments import Segments
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
segments = Segments(Path(sys.argv[1]), "decisions", every_s=0.05)
line = b"x" * 99 + b"\\n"
resource.setrlimit(resource.RLIMIT_FSIZE, (1_050, resource.RLIM_INFINITY))
print([segments.now(line) for _ in range(15)], segments.waiting, bool(segments.failing))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
segments.close()
print(segments.waiting, segments.lost)
"""


def lines_of(folder: Path) -> list[bytes]:
    found: list[bytes] = []
    for path in sorted(folder.glob("decisions-*")):
        data = path.read_bytes()
        if path.suffix == ".zst":
            data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
        found += data.split(b"\n")[:-1]
    return found


def test_what_was_given_is_there_when_it_is_closed_and_files_are_packed(tmp_path: Path) -> None:
    segments = Segments(tmp_path, "decisions", most_bytes=1_000)
    for number in range(200):
        if number % 2:
            segments.soon(b"%03d soon\n" % number)
        else:
            assert segments.now(b"%03d now\n" % number)
    segments.close()
    assert sorted(lines_of(tmp_path)) == [
        b"%03d %s" % (number, b"soon" if number % 2 else b"now") for number in range(200)
    ]
    assert all(path.name.endswith(".jsonl.zst") for path in tmp_path.iterdir())
    assert len(list(tmp_path.iterdir())) > 1


def test_a_line_that_is_put_off_is_written_in_a_moment(tmp_path: Path) -> None:
    segments = Segments(tmp_path, "decisions", every_s=0.02)
    segments.soon(lambda: b"made late\n")
    deadline = time.monotonic() + 10
    while not lines_of(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert lines_of(tmp_path) == [b"made late"]
    segments.close()


def test_nothing_that_was_written_at_once_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        told = -1
        for line in writer.stdout:
            told = int(line)
            if told >= 900:
                break
        os.kill(writer.pid, signal.SIGKILL)
        told = max([told, *(int(line) for line in writer.stdout if line.endswith(b"\n"))])
    found = {int(line) for line in lines_of(tmp_path)}
    assert set(range(told + 1)) <= found
    # The next process takes the killed one's file over, and packs it.
    Segments(tmp_path, "decisions").close()
    assert {int(line) for line in lines_of(tmp_path)} == found
    assert not list(tmp_path.glob("*.jsonl"))


def test_half_a_line_of_a_killed_process_is_cut_off(tmp_path: Path) -> None:
    (tmp_path / "decisions-20260101T000000.000000Z-1-aa.jsonl").write_bytes(b"whole\nhal")
    Segments(tmp_path, "decisions").close()
    assert lines_of(tmp_path) == [b"whole"]


def test_the_file_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    first = Segments(tmp_path, "decisions", every_s=60)
    first.now(b"mine\n")
    Segments(tmp_path, "decisions").close()
    assert len(list(tmp_path.glob("*.jsonl"))) == 1
    first.now(b"mine too\n")
    first.close()
    assert lines_of(tmp_path) == [b"mine", b"mine too"]


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit of file sizes here")
def test_a_full_disk_loses_nothing_and_leaves_no_half_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True
    )
    first, last = done.stdout.splitlines()
    assert first == f"{[True] * 10 + [False] * 5} 5 True"
    assert last == "0 0"
    assert lines_of(tmp_path) == [b"x" * 99] * 15


def test_lines_beyond_the_memory_for_them_are_counted(tmp_path: Path) -> None:
    segments = Segments(tmp_path, "decisions", every_s=60, most_waiting=10)
    segments.soon(b"a\n")
    # The file is closed under it: every write fails from now on.
    os.close(segments._handle)
    for _ in range(20):
        segments.soon(b"b\n")
    assert segments.waiting == 10
    assert segments.lost == 11
    segments._handle = os.open(tmp_path / "other", os.O_WRONLY | os.O_CREAT)
    segments.close()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="no records can be written"):
        Segments(tmp_path / "file", "decisions")
