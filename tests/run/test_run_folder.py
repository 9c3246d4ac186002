"""A run folder replaces a run and nothing else, is on the disk and private when it is finished, and is never
found half-written.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from small_runs import contents, silent, small_run
from village import ALONE, Ran, command

from stillwatch.cli import program
from stillwatch.errors import RunError
from stillwatch.pipeline import Inputs, detect
from stillwatch.pipeline.forget import forget
from stillwatch.pipeline.watch import watch
from stillwatch.run import folder as run_folder
from stillwatch.run.exchange import exchange
from stillwatch.run.folder import RunFolder
from stillwatch.run.layout import aside_of, earlier_of
from stillwatch.run.manifest import verify
from stillwatch.run.reading import Run


def again(ran: Ran, out: Path, accounts: Path | None = None) -> Path:
    """Detect on the run's logs, over what stands there."""
    return detect(Inputs((ran.world / "logs",), accounts=accounts), out, ALONE, silent, force=True)


def beside(ran: Ran) -> list[str]:
    """What lies beside the run."""
    return sorted(path.name for path in ran.folder.parent.iterdir() if path != ran.folder)


def note(run: Path) -> Path:
    """Somebody's own file in it."""
    (run / "notes.txt").write_text("dear diary", encoding="utf-8")
    return run / "notes.txt"


def deep(run: Path) -> Path:
    """One among the days."""
    (run / "exchanges" / "day=2026-03-02" / "mine.parquet").write_bytes(b"mine")
    return run / "exchanges" / "day=2026-03-02" / "mine.parquet"


def link(run: Path) -> Path:
    """A link under the name of a table."""
    (run / "watched.parquet").symlink_to(run.parent.parent / "logs" / "0.jsonl")
    return run / "watched.parquet"


@pytest.mark.parametrize("strange", [note, deep, link])
def test_force_replaces_no_run_that_holds_something_else(small: Ran, strange: Callable[[Path], Path]) -> None:
    path = strange(small.folder)
    before = contents(small.folder.parent)
    with pytest.raises(RunError, match="a file that Stillwatch did not write") as caught:
        again(small, small.folder)
    assert caught.value.where == str(path)
    assert contents(small.folder.parent) == before


@pytest.mark.parametrize(
    "text", ["{}", "[1]", "not JSON", '{"version": "1", "settings": {}}', "[" * 100_000, '{"name": "a run"}']
)
def test_force_replaces_no_folder_that_holds_some_run_json(small: Ran, text: str) -> None:
    (small.folder / "run.json").write_text(text, encoding="utf-8")
    before = contents(small.folder)
    with pytest.raises(RunError):
        again(small, small.folder)
    assert contents(small.folder) == before
    assert beside(small) == []


def test_force_replaces_no_folder_with_an_input_inside(small: Ran) -> None:
    accounts = small.folder / "accounts.parquet"
    before = contents(small.folder)
    with pytest.raises(RunError, match="holds an input") as caught:
        again(small, small.folder, accounts=accounts)
    assert caught.value.where == str(accounts)
    with pytest.raises(RunError, match=r"holds an input of this command"):
        detect(
            Inputs((next(small.folder.glob("exchanges/day=*")),), format="generic", mapping=_mapping(small)),
            small.folder,
            ALONE,
            silent,
            force=True,
        )
    assert contents(small.folder) == before


def _mapping(ran: Ran) -> Path:
    path = ran.world / "mapping.toml"
    path.write_text('[columns]\ntime = "time"\naccount_id = "account"\n', encoding="utf-8")
    return path


def test_a_run_whose_exchange_was_cut_off_is_a_run_like_others(small: Ran) -> None:
    """Where folders cannot be exchanged in one step, a kill may leave the earlier run under another name."""
    note(small.folder)
    small.folder.rename(earlier_of(small.folder))
    with pytest.raises(RunError, match="exists already"):
        detect(Inputs((small.world / "logs",)), small.folder, ALONE, silent)
    assert (small.folder / "notes.txt").read_text(encoding="utf-8") == "dear diary"
    small.folder.rename(earlier_of(small.folder))
    with pytest.raises(RunError, match="did not write"):
        again(small, small.folder)
    assert (small.folder / "notes.txt").exists()


def test_what_stands_where_a_run_is_written_is_nobody_elses_loss(small: Ran) -> None:
    out = small.folder.with_name("new")
    aside_of(out).mkdir()
    (aside_of(out) / "thesis.txt").write_text("precious", encoding="utf-8")
    with pytest.raises(RunError, match="no run left it"):
        detect(Inputs((small.world / "logs",)), out, ALONE, silent)
    assert (aside_of(out) / "thesis.txt").read_text(encoding="utf-8") == "precious"
    (aside_of(out) / "thesis.txt").unlink()
    shutil.copytree(small.world / "logs", aside_of(out) / "stage" / "logs")
    with pytest.raises(RunError, match="an input of this command"):
        detect(Inputs((aside_of(out) / "stage" / "logs",)), out, ALONE, silent)
    assert any((aside_of(out) / "stage" / "logs").iterdir())


def test_a_pipe_in_a_run_ends_in_a_message(small: Ran) -> None:
    (small.folder / "members.parquet").unlink()
    os.mkfifo(small.folder / "members.parquet")
    with pytest.raises(RunError, match="is no file"):
        Run(small.folder).table("members")


def test_force_replaces_a_run_and_its_leftovers(small: Ran) -> None:
    first = small.about()["id"]
    (small.folder / ".report.html.part").write_text("cut off", encoding="utf-8")
    again(small, small.folder)
    assert small.about()["id"] != first
    assert verify(small.folder).differences == ()
    assert beside(small) == []


def test_what_cannot_be_a_run_folder(small: Ran) -> None:
    there = small.folder.parent
    (there / "letter").write_text("dear reader", encoding="utf-8")
    (there / "link").symlink_to(small.folder)
    (there / "nowhere").symlink_to(there / "absent")
    (there / "circle").symlink_to(there / "circle")
    before = contents(there)
    for out, said in (
        (Path("/"), "the root of the file system"),
        (there / "letter", "a file stands there"),
        (there / "link", "a symbolic link stands there"),
        (there / "nowhere", "a symbolic link stands there"),
        (there / "circle" / "run", "cannot be"),
        (there / "letter" / "run", "cannot be made"),
        (there / ("n" * 300), "cannot be"),
    ):
        done = CliRunner().invoke(
            program, ["detect", str(small.world / "logs"), "--out", str(out), "--force", "--public-key"]
        )
        assert isinstance(done.exception, RunError), out
        assert said in done.exception.what
        assert done.exception.exit_code == 2
    assert contents(there) == before


def test_a_run_is_its_owners_alone(small: Ran) -> None:
    small_run(small.world / "logs", small.world / "new")
    before = os.umask(0)
    try:
        watch(small.folder, {}, silent)
        forget(small.folder, ["small-1"], silent)
        small_run(small.world / "logs", small.world / "open")
        command("report", small.world / "open")
    finally:
        os.umask(before)
    for folder in (small.folder, small.world / "new", small.world / "open"):
        for path in [folder, *folder.rglob("*")]:
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_everything_is_on_the_disk_before_the_run_takes_its_place(
    small: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, bool]] = []
    sync = os.fsync

    def watched_sync(handle: int) -> None:
        sync(handle)
        synced.append((os.fstat(handle).st_ino, False))

    def watched_swap(one: Path, other: Path) -> bool:
        synced.append((one.stat().st_ino, True))
        return exchange(one, other)

    monkeypatch.setattr(os, "fsync", watched_sync)
    monkeypatch.setattr(run_folder, "exchange", watched_swap)
    again(small, small.folder)
    place = synced.index((small.folder.stat().st_ino, True))
    before, after = synced[:place], synced[place:]
    parts = [small.folder, *small.folder.rglob("*")]
    assert {path.stat().st_ino for path in parts} <= {number for number, _ in before}
    assert (small.folder.parent.stat().st_ino, False) in after


def test_watch_stops_where_the_run_was_replaced_meanwhile(small: Ran) -> None:
    """By somebody who asks for no lock."""
    other = small.world / "other"
    shutil.copytree(small.folder, other)

    def replace(step: str, done: int, total: int) -> None:
        if done == 0:
            small.folder.rename(small.world / "away")
            other.rename(small.folder)

    before = contents(small.folder)
    with pytest.raises(RunError, match="replaced or changed meanwhile"):
        watch(small.folder, {}, replace)
    assert contents(small.folder) == before
    assert contents(small.world / "away") == before
    assert beside(small) == []


def test_watch_stops_where_the_run_was_changed_meanwhile(small: Ran) -> None:
    mark = small.folder / "run.json"

    def change(step: str, done: int, total: int) -> None:
        mark.write_text(mark.read_text(encoding="utf-8").replace(small.about()["id"], "x"), encoding="utf-8")

    with pytest.raises(RunError, match="replaced or changed meanwhile"):
        watch(small.folder, {}, change)
    assert not (small.folder / "watched.parquet").exists()


def test_watch_keeps_what_somebody_else_put_there(small: Ran) -> None:
    path = note(small.folder)
    watch(small.folder, {}, silent)
    assert path.read_text(encoding="utf-8") == "dear diary"
    assert (small.folder / "watched.parquet").exists()


def test_a_file_cut_off_by_a_kill_does_not_block_forget(small: Ran) -> None:
    (small.folder / ".report.html.part").write_text("small-1", encoding="utf-8")
    (small.folder / ".watched.parquet.part").write_text("small-1", encoding="utf-8")
    (small.folder.parent / ".run.part" / "stage").mkdir(parents=True)
    forget(small.folder, ["small-1"], silent)
    assert verify(small.folder).differences == ()
    assert beside(small) == []


def test_two_folders_are_exchanged_in_one_step(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for path in (one, other):
        path.mkdir()
        (path / path.name).touch()
    assert exchange(one, other) == (sys.platform == "linux")
    if sys.platform == "linux":
        assert [path.name for path in one.iterdir()] == ["other"]
        assert [path.name for path in other.iterdir()] == ["one"]
    assert not exchange(one, tmp_path / "absent")


KILLED = """
import os, signal, sys
from pathlib import Path
import pyarrow as pa
from stillwatch.run import folder
from stillwatch.run.layout import TABLES as CONTRACTS
from stillwatch.run.reading import Run

TABLES = ("watched", "alarms", "alarm_members")
run, last, at_once = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "exchange"
if not at_once:
    folder.exchange = lambda one, other: False
seen = 0

def count(event, given):
    global seen
    if event.startswith(("os.", "shutil.", "open", "ctypes.dlsym")):
        seen += 1
        if seen == last:
            os.kill(os.getpid(), signal.SIGKILL)

with folder.RunFolder.of(run) as writing:
    about = Run(run).about
    writing.keep(about, TABLES)
    for name in TABLES:
        writing.write(name, CONTRACTS[name].arrow.empty_table())
    writing.about(about)
    sys.addaudithook(count)
    writing.finish()
print(seen)
"""


@pytest.mark.parametrize("way", ["exchange", pytest.param("rename", marks=pytest.mark.thorough)])
def test_killed_at_any_step_a_run_is_the_old_one_or_the_new_one(small: Ran, way: str) -> None:
    """A real process is killed at one system call after the other, while three tables take their place."""
    old, at, done = contents(small.folder), 1, 1
    while done != 0:
        ended = subprocess.run(
            [sys.executable, "-c", KILLED, str(small.folder), str(at), way], capture_output=True, check=False
        )
        done = ended.returncode
        assert done in (0, -signal.SIGKILL), ended.stderr
        if way == "rename":
            RunFolder.of(small.folder).abandon()
        found = contents(small.folder)
        assert verify(small.folder).differences == ()
        if found != old:
            assert {f"{name}.parquet" for name in ("watched", "alarms", "alarm_members")} <= found.keys()
            again_old = {name: data for name, data in found.items() if name in old and name != "run.json"}
            assert again_old == {name: data for name, data in old.items() if name != "run.json"}
        at += max(1, at // 2)
    RunFolder.of(small.folder).abandon()
    assert beside(small) == []
