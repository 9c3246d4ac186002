"""A run that cannot be done stops with a reason and leaves nothing half-written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from village import ALONE, beside, small_row

from stillwatch.errors import InputError, RunError, SettingError, StillwatchError, TooManyBadRows
from stillwatch.pipeline import Inputs, detect
from stillwatch.pipeline.read_logs import uninterrupted
from stillwatch.settings import EngineSettings, Settings, load

DESCRIBED = json.dumps({"version": "0.1.0", "settings": {}, "inputs": [], "sketch": {}, "exchanges": 1})
"""What an earlier version wrote to run.json, as far as it matters here."""


def silent(step: str, done: int, total: int) -> None:
    """Progress that nobody sees."""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"small"}


@pytest.mark.parametrize(
    ("option", "text", "kind", "said"),
    [
        ("permits", "[[permit]]\nname = 'a'\n", InputError, "has no expires"),
        ("permits", "[[permit]\n", InputError, "not TOML"),
        ("releases", "[[release]]\nmodel = 'm'\n", InputError, "needs model and time"),
        ("accounts", "colour,shape\nred,round\n", InputError, "no column that names the account"),
        ("key_file", "short", SettingError, "fewer than 16 bytes"),
        ("networks", "colour\nred\n", InputError, "has no column network"),
        ("mapping", "time = 3\n", SettingError, "must be a section"),
    ],
)
def test_a_faulty_file_beside_the_log(
    small_log: Path, tmp_path: Path, option: str, text: str, kind: type[StillwatchError], said: str
) -> None:
    given: dict[str, Any] = {option: write(small_log.parent.parent / "small" / f"{option}.csv", text)}
    with pytest.raises(kind, match=said) as caught:
        detect(Inputs((small_log,), **given), tmp_path / "run", ALONE, silent)
    assert caught.value.do
    assert left(tmp_path) == set()


@pytest.mark.parametrize(
    "option", ["accounts", "edge", "networks", "permits", "releases", "mapping", "key_file"]
)
def test_a_missing_file_beside_the_log(small_log: Path, tmp_path: Path, option: str) -> None:
    given: dict[str, Any] = {option: tmp_path / "absent.file"}
    with pytest.raises(StillwatchError) as caught:
        detect(Inputs((small_log,), **given), tmp_path / "run", ALONE, silent)
    assert "absent.file" in caught.value.where
    assert left(tmp_path) == set()


def test_no_such_log_and_no_such_format(small_log: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        detect(Inputs((tmp_path / "absent",)), tmp_path / "run", ALONE, silent)
    with pytest.raises(InputError, match="no log format 'telegraph'"):
        detect(Inputs((small_log,), format="telegraph"), tmp_path / "run", ALONE, silent)
    with pytest.raises(InputError, match="hold no exchange"):
        detect(Inputs((write(tmp_path / "small" / "empty.jsonl", ""),)), tmp_path / "run", ALONE, silent)
    lone = json.dumps(small_row(0, time="2026-02-01 12:00:00 CET"))
    with pytest.raises(InputError, match=r"1 rows cannot be read\n.*time zone is a short name"):
        detect(Inputs((write(tmp_path / "small" / "log.jsonl", lone),)), tmp_path / "run", ALONE, silent)
    assert left(tmp_path) == set()


def test_too_many_bad_rows(tmp_path: Path) -> None:
    rows = [json.dumps(small_row(i)) for i in range(10)] + ["{broken"] * 30
    with pytest.raises(TooManyBadRows, match=r"30 of 40 rows \(75.0%\)"):
        detect(
            Inputs((write(tmp_path / "small" / "log.jsonl", "\n".join(rows)),)),
            tmp_path / "run",
            ALONE,
            silent,
        )
    assert left(tmp_path) == set()


def test_a_bad_engine_setting(small_log: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError):
        detect(Inputs((small_log,)), tmp_path / "run", Settings(engine=EngineSettings(memory="much")), silent)
    assert left(tmp_path) == set()


def test_a_fault_in_the_middle_leaves_the_earlier_run_alone(small_log: Path, tmp_path: Path) -> None:
    class Fault(Exception):
        pass

    def fail(step: str, done: int, total: int) -> None:
        if step == "searching: strata":
            raise Fault

    write(tmp_path / "run" / "run.json", DESCRIBED)
    with pytest.raises(Fault):
        detect(Inputs((small_log,)), tmp_path / "run", ALONE, fail, force=True)
    assert left(tmp_path) == {"run"}
    assert left(tmp_path / "run") == {"run.json"}


def test_force_replaces_a_run_and_nothing_else(small_log: Path, tmp_path: Path) -> None:
    out, papers = tmp_path / "run", write(tmp_path / "papers" / "letter.txt", "dear reader")
    with pytest.raises(RunError, match="is no run folder"):
        detect(Inputs((small_log,)), papers.parent, ALONE, silent, force=True)
    with pytest.raises(RunError, match="a file stands there"):
        detect(Inputs((small_log,)), papers, ALONE, silent, force=True)
    assert papers.read_text(encoding="utf-8") == "dear reader"
    write(out / "run.json", DESCRIBED)
    write(out / "alarms.parquet", "old")
    with pytest.raises(RunError, match="exists already"):
        detect(Inputs((small_log,)), out, ALONE, silent)
    assert (out / "alarms.parquet").exists()
    detect(Inputs((small_log,)), out, ALONE, silent, force=True)
    assert not (out / "alarms.parquet").exists()
    assert (out / "campaigns.parquet").exists()
    assert left(tmp_path) == {"run", "papers"}


def test_settings_files(tmp_path: Path) -> None:
    for text, said in (
        ("[linkage]\nsmallest_grup = 3\n", "did you mean smallest_group"),
        ("[linkage]\nsmallest_group = 'three'\n", "must be int"),
        ("[linkages]\n", "did you mean linkage"),
        ("linkage = 3\n", "must be a section"),
        ("[linkage\n", "not TOML"),
    ):
        with pytest.raises(SettingError) as caught:
            load(write(tmp_path / "small" / "settings.toml", text))
        assert said in str(caught.value)
        assert "settings.toml" in caught.value.where
    with pytest.raises(SettingError, match="cannot be read"):
        load(tmp_path / "absent.toml")


def interrupted(running: subprocess.Popen[bytes]) -> bytes:
    """Press the keys, and again if nothing came of it: Python drops an interrupt that falls into a
    finaliser.
    """
    for _attempt in range(3):
        os.killpg(running.pid, signal.SIGINT)
        try:
            return running.communicate(timeout=20)[1]
        except subprocess.TimeoutExpired:
            continue
    running.kill()
    return running.communicate()[1]


@pytest.mark.parametrize("delay", [0.0, 0.6])
def test_an_interrupt_leaves_nothing_and_says_so(village: Path, tmp_path: Path, delay: float) -> None:
    """As from a keyboard: the interrupt reaches the workers as well, while they start and while they read."""
    words = map(
        str,
        ("detect", village / "logs", "--accounts", beside(village)["accounts"], "--out", tmp_path / "run"),
    )
    running = subprocess.Popen(
        [sys.executable, "-m", "stillwatch", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / ".run.part").exists() and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(delay)
    said = interrupted(running)
    assert running.returncode == 130, said
    assert b"nothing half-written" in said
    assert b"Traceback" not in said
    assert left(tmp_path) == set()


def test_being_ended_from_outside_ends_the_workers_and_leaves_nothing(village: Path, tmp_path: Path) -> None:
    """As by `timeout` or a service manager, which tell the command alone; `communicate` waits until the last
    worker has closed its end.
    """
    words = map(
        str,
        ("detect", village / "logs", "--accounts", beside(village)["accounts"], "--out", tmp_path / "run"),
    )
    running = subprocess.Popen(
        [sys.executable, "-m", "stillwatch", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while (
        not list(tmp_path.rglob("stage/*.parquet")) and running.poll() is None and time.monotonic() < deadline
    ):
        time.sleep(0.02)
    running.send_signal(signal.SIGTERM)
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 130, said
    assert b"nothing half-written" in said
    assert left(tmp_path) == set()


def test_an_interrupt_that_another_thread_takes_waits_until_the_workers_have_started() -> None:
    ended = threading.Event()
    finished: list[str] = []
    other = threading.Thread(target=ended.wait, args=(30,))
    other.start()
    answer = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # started in the background, a shell has it ignored
    try:
        with pytest.raises(KeyboardInterrupt):
            _interrupted_within(finished)
    finally:
        signal.signal(signal.SIGINT, answer)
        ended.set()
        other.join()
    assert finished == ["all of it"]


def _interrupted_within(finished: list[str]) -> None:
    with uninterrupted():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
        finished.append("all of it")
