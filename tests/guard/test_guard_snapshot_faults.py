"""Snapshots that are broken, forged or old are refused, are counted, and the one before stays in use."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from guard_runs import START, Found, Member, World, made_run
from guard_states import Clocks, published, reader, until
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import RunError
from stillwatch.guard.publish import publish
from stillwatch.guard.published import PublishedState
from stillwatch.guard.snapshot import Snapshot, open_snapshot
from stillwatch.guard.snapshot_format import MAGIC, Refused
from stillwatch.guard.state_folder import Current, StateFolder
from stillwatch.guard.state_keys import SIGNING, lookup_key, verifier
from stillwatch.guard.state_lock import writing_state

ACCOUNTS = [f"account-{number}" for number in range(60)]
WORLD = World(ACCOUNTS, [Found("camp-a", [Member(one) for one in ACCOUNTS[:20]])])


@pytest.fixture(scope="module")
def original() -> Iterator[Path]:
    """A state that no test changes."""
    with tempfile.TemporaryDirectory() as folder:
        published(Path(folder), WORLD)
        yield Path(folder) / "state"


def answers(snapshot: Snapshot, state: Path) -> list[tuple[str, int] | None]:
    lookup = lookup_key(state / "keys")
    rows = [snapshot.row(lookup.account(one)) for one in [*ACCOUNTS, "a stranger"]]
    return [None if row is None else (snapshot.plans[row.plan], row.campaign) for row in rows]


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_change_of_a_file_gives_another_answer(original: Path, data: st.DataObject) -> None:
    folder = StateFolder(original)
    whole = folder.snapshot(1).read_bytes()
    truth = answers(open_snapshot(folder.snapshot(1), verifier(folder.keys)), original)
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    kept = bytes(changed[: data.draw(st.one_of(st.just(len(whole)), st.integers(0, len(whole) - 1)))])
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "changed"
        path.write_bytes(kept)
        try:
            found = open_snapshot(path, verifier(folder.keys))
        except Refused:
            return
        assert answers(found, original) == truth  # only filling between sections was changed


def test_each_byte_of_keys_and_records_is_covered(original: Path, tmp_path: Path) -> None:
    folder = StateFolder(original)
    whole = folder.snapshot(1).read_bytes()
    for place in range(len(whole) - 60 * 48, len(whole), 97):
        changed = bytearray(whole)
        changed[place] ^= 1
        (tmp_path / "changed").write_bytes(changed)
        with pytest.raises(Refused) as refused:
            open_snapshot(tmp_path / "changed", verifier(folder.keys))
        assert refused.value.kind == "changed"


def put(state: Path, version: int, data: bytes, digest: str = "ff" * 32) -> None:
    """Put a file where the next snapshot would stand, and name it as the newest."""
    folder = StateFolder(state)
    folder.snapshot(version).write_bytes(data)
    folder.current.write_text(Current(version, digest).text(), encoding="ascii")


@pytest.mark.parametrize("kind", ["cut", "flipped", "unsigned", "signed by another", "no snapshot", "format"])
def test_the_snapshot_before_stays_in_use(original: Path, tmp_path: Path, kind: str) -> None:
    shutil.copytree(original, tmp_path / "state")
    folder = StateFolder(tmp_path / "state")
    state = reader(tmp_path)
    good = state.digest
    whole = folder.snapshot(1).read_bytes()
    if kind == "signed by another":
        made_run(tmp_path / "run", WORLD)
        publish(tmp_path / "run", tmp_path / "other")
        publish(tmp_path / "run", tmp_path / "other")
        whole = StateFolder(tmp_path / "other").snapshot(2).read_bytes()
    broken, said = {
        "cut": (whole[: len(whole) // 2], "snapshot-short"),
        "flipped": (whole[:-5] + bytes([whole[-5] ^ 8]) + whole[-4:], "snapshot-changed"),
        "unsigned": (whole[:40] + b"9" + whole[41:], "snapshot-signature"),
        "signed by another": (whole, "snapshot-signature"),
        "no snapshot": (b"PK\3\4" + b"\0" * 200, "snapshot-no-snapshot"),
        "format": (MAGIC + b"\2" + whole[9:], "snapshot-other-format"),
    }[kind]
    put(folder.path, 2, broken)
    for _ in range(3):
        state.refresh()
    assert state.problems.counts() == {said: 1}, "it is counted once, not at each look"
    assert state.digest == good
    assert state.fresh(START)
    known = state.known(ACCOUNTS[0], "m", START)
    assert known is not None
    assert known.campaign.name == "camp-a"
    made_run(tmp_path / "run2", WORLD)
    assert publish(tmp_path / "run2", folder.path, now=START).version == 3
    state.refresh()
    assert state.digest != good


def test_an_older_snapshot_is_refused_though_it_is_signed(original: Path, tmp_path: Path) -> None:
    shutil.copytree(original, tmp_path / "state")
    folder = StateFolder(tmp_path / "state")
    earlier = folder.read_current()
    assert earlier is not None
    published(tmp_path, World(["else"]))
    state = reader(tmp_path)
    newest = state.digest
    folder.current.write_text(earlier.text(), encoding="ascii")
    state.refresh()
    assert (state.digest, state.problems.counts()) == (newest, {"snapshot-older": 1})
    folder.current.write_text(Current(3, earlier.digest).text(), encoding="ascii")
    shutil.copyfile(folder.snapshot(1), folder.snapshot(3))
    state.refresh()
    assert (state.digest, state.problems.counts()["snapshot-another"]) == (newest, 1)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": -1, "digest": ""}', "x" * 5_000, '{"version": true}']
)
def test_a_name_that_cannot_be_understood_changes_nothing(original: Path, tmp_path: Path, text: str) -> None:
    shutil.copytree(original, tmp_path / "state")
    state = reader(tmp_path)
    good = state.digest
    (tmp_path / "state" / "current").write_text(text, encoding="ascii")
    state.refresh()
    assert state.digest == good
    assert state.problems.counts() == {"snapshot-unreadable": 1}
    made_run(tmp_path / "run", WORLD)
    assert publish(tmp_path / "run", tmp_path / "state").version == 2


def test_a_reader_without_a_state_waits_for_one(tmp_path: Path) -> None:
    state = reader(tmp_path)
    assert (state.digest, state.fresh(START), state.known("a", "m", START)) == ("", False, None)
    assert state.problems.counts() == {"no-keys": 1}
    published(tmp_path, World(["a"]))
    state.refresh()
    assert state.fresh(START)
    assert state.known("a", "m", START) is not None


def test_a_reader_takes_up_a_new_snapshot_within_a_second(original: Path, tmp_path: Path) -> None:
    shutil.copytree(original, tmp_path / "state")
    made_run(tmp_path / "run", World(["newcomer"]))
    state = PublishedState(tmp_path / "state")
    try:
        publish(tmp_path / "run", tmp_path / "state")
        took = until(lambda: state.known("newcomer", "m", time.time()) is not None)
        assert took < 1.0
        assert state.fresh(time.time())
    finally:
        state.close()


def test_a_dead_watcher_is_stale(original: Path, tmp_path: Path) -> None:
    clocks = Clocks()
    state = PublishedState(original, clock=clocks.wall, ticks=clocks.steady)
    try:
        assert state.fresh(START)
        state._stop.set()
        state._thread.join()
        clocks.pass_by(6.0)
        assert not state.fresh(clocks.now)
    finally:
        state.close()


def test_a_clock_that_jumps_neither_revives_nor_ends_a_snapshot_at_once(
    original: Path, tmp_path: Path
) -> None:
    shutil.copytree(original, tmp_path / "state")
    clocks = Clocks()
    state = reader(tmp_path, clocks)
    clocks.now += 10 * 86_400.0  # forward, for a moment
    state.refresh()
    assert not state.fresh(clocks.now)
    clocks.now = START
    state.refresh()
    assert state.fresh(START)
    clocks.now += 3 * 86_400.0  # for good
    state.refresh()
    clocks.pass_by(61.0)
    clocks.now = START  # and back: it was over for a minute
    state.refresh()
    assert not state.fresh(START)
    made_run(tmp_path / "run", WORLD)
    publish(tmp_path / "run", tmp_path / "state", now=START)
    state.refresh()
    assert state.fresh(START), "a new one is not expired"


def test_a_second_publisher_is_refused_clearly_where_the_first_does_not_end(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", WORLD)
    publish(run, tmp_path / "state")
    folder = StateFolder(tmp_path / "state")
    with writing_state(folder, 0.0), pytest.raises(RunError, match="another process is publishing"):
        publish(run, tmp_path / "state", wait_s=0.2)
    assert folder.versions() == [1]
    assert publish(run, tmp_path / "state", wait_s=0.2).version == 2


PUBLISHER = """
import sys, time
from pathlib import Path
from stillwatch.guard.publish import publish
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[3])):
    made = publish(Path(sys.argv[1]), Path(sys.argv[2]), keep_h=1.0)
    print(made.version, made.digest, flush=True)
"""


def publisher(run: Path, state: Path, times: int) -> subprocess.Popen[str]:
    """A process that publishes again and again, once it is told to."""
    words = [sys.executable, "-c", PUBLISHER, str(run), str(state), str(times)]
    started = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def go(started: subprocess.Popen[str]) -> None:
    assert started.stdin is not None
    started.stdin.write("\n")
    started.stdin.flush()


def test_two_publishers_at_once_make_one_row_of_versions(tmp_path: Path) -> None:
    runs = [made_run(tmp_path / name, WORLD, name=name) for name in ("one", "two")]
    both = [publisher(run, tmp_path / "state", 8) for run in runs]
    for one in both:
        go(one)
    lines = [one.communicate()[0].splitlines() for one in both]
    assert [one.returncode for one in both] == [0, 0]
    versions = [[int(line.split()[0]) for line in some] for some in lines]
    assert sorted(versions[0] + versions[1]) == list(range(1, 17))
    assert all(some == sorted(some) for some in versions)
    state = reader(tmp_path)
    assert state.snapshot is not None
    assert state.snapshot.version == 16
    last = next(line.split()[1] for some in lines for line in some if line.startswith("16 "))
    assert state.digest == last


KILLED = """
import os, signal, sys, time
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric import ed25519
from stillwatch.guard.publish import publish
run, state, aside = map(Path, sys.argv[1:])
began = time.monotonic()
child = os.fork()
if not child:
    publish(run, aside)
    os._exit(0)
os.waitpid(child, 0)
print(time.monotonic() - began, flush=True)
for line in sys.stdin:
    child = os.fork()
    if not child:
        while True:
            publish(run, state)
    time.sleep(float(line))
    os.kill(child, signal.SIGKILL)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Tells how long one publication takes, and then kills one after so many seconds as each line says."""


def test_a_publisher_killed_at_any_moment_leaves_a_state_that_can_be_read(tmp_path: Path) -> None:
    chance = random.Random(24)
    run = made_run(tmp_path / "run", WORLD)
    words = [sys.executable, "-c", KILLED, str(run), str(tmp_path / "state"), str(tmp_path / "aside")]
    killer = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert killer.stdin is not None
    assert killer.stdout is not None
    takes = float(killer.stdout.readline())
    seen = rounds = 0
    for _ in range(14):
        killer.stdin.write(f"{chance.uniform(0.0, 2.5 * takes)}\n")
        killer.stdin.flush()
        assert int(killer.stdout.readline()) == -signal.SIGKILL
        if (tmp_path / "state" / "current").exists():
            rounds += 1
            state = reader(tmp_path)
            assert state.problems.counts() == {}
            assert state.snapshot is not None
            assert state.snapshot.version >= seen
            seen = state.snapshot.version
            assert state.known(ACCOUNTS[0], "m", START) is not None
    killer.communicate()
    assert rounds > 3, "many were killed after their first one"
    made = publish(run, tmp_path / "state")
    assert made.version > seen
    left = [name for name in os.listdir(tmp_path / "state" / "snapshots") if name.startswith(".")]
    assert left == [], "what killed publishers left is removed"


def test_the_first_publisher_killed_while_it_makes_the_keys_is_made_good(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", WORLD)
    folder = StateFolder(tmp_path / "state")
    folder.make()
    (folder.keys / SIGNING).write_bytes(b"half")
    made = publish(run, folder.path)
    assert made.version == 1
    assert reader(tmp_path).digest == made.digest


def test_a_run_whose_tables_were_changed_is_not_signed(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", WORLD)
    other = made_run(tmp_path / "other", World(ACCOUNTS, [Found("camp-a", [Member(ACCOUNTS[59])])]))
    shutil.copyfile(other / "members.parquet", run / "members.parquet")
    with pytest.raises(RunError, match="table members is not the one that the run's manifest lists"):
        publish(run, tmp_path / "state")
    assert StateFolder(tmp_path / "state").versions() == []
    assert reader(tmp_path).digest == ""


def test_a_disk_that_is_full_leaves_the_snapshot_in_use(original: Path, tmp_path: Path) -> None:
    shutil.copytree(original, tmp_path / "state")
    run = made_run(tmp_path / "run", World([f"{number}" for number in range(3_000)]))
    limited = (
        "import resource, sys; from pathlib import Path; from stillwatch.guard.publish import publish\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "publish(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    words = [sys.executable, "-c", limited, str(run), str(tmp_path / "state")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "File too large" in done.stderr
    assert os.listdir(tmp_path / "state" / "snapshots") == ["000000000001.snapshot"]
    assert reader(tmp_path).snapshot is not None
