"""The user's own key: made once, kept to its owner, named in every run; tables of two keys or versions are
never compared.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from village import ALONE, small_row

from stillwatch.cli import program
from stillwatch.errors import RunError, SettingError
from stillwatch.pipeline import Inputs, detect
from stillwatch.pipeline.keys import own_key, own_key_file
from stillwatch.run.layout import stored_days
from stillwatch.run.sketched import Sketched, must_agree
from stillwatch.schema.keyed import HashKey
from stillwatch.schema.stored import EXCHANGES, SKETCH_VERSION


def quiet(note: str) -> None:
    """A note that nobody reads."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without a key."""
    monkeypatch.delenv("STILLWATCH_KEY_FILE")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def test_it_is_made_once_and_for_its_owner_only(home: Path) -> None:
    said: list[str] = []
    first = own_key(said.append)
    file = home / ".config" / "stillwatch" / "key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert len(bytes.fromhex(file.read_text(encoding="ascii"))) == 32
    assert [str(file) in note for note in said] == [True]
    assert first.private
    assert own_key(said.append) == first == HashKey.from_file(file)
    assert len(said) == 1
    assert [path.name for path in file.parent.iterdir()] == ["key"]


def test_each_home_has_another(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = own_key(quiet)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "settings"))
    second = own_key(quiet)
    monkeypatch.setenv("STILLWATCH_KEY_FILE", str(home / "elsewhere" / "my.key"))
    third = own_key(quiet)
    assert len({first.name, second.name, third.name, HashKey.public().name}) == 4
    assert (home / "settings" / "stillwatch" / "key").exists()
    assert own_key_file() == home / "elsewhere" / "my.key"
    assert own_key_file().exists()


def test_two_processes_that_start_together_end_with_one_key(home: Path) -> None:
    script = "from stillwatch.pipeline.keys import own_key; print(own_key(lambda note: None).name)"
    running = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    assert len({process.communicate()[0] for process in running}) == 1


@pytest.mark.parametrize("fault", ["a file in the way", "too short", "a folder"])
def test_a_key_that_cannot_be_had_is_an_error_that_helps(home: Path, fault: str) -> None:
    if fault == "a file in the way":
        (home / ".config").write_text("", encoding="ascii")
    else:
        own_key_file().parent.mkdir(parents=True)
        own_key_file().mkdir() if fault == "a folder" else own_key_file().write_text(
            "short", encoding="ascii"
        )
    with pytest.raises(SettingError) as caught:
        own_key(quiet)
    assert "STILLWATCH_KEY_FILE" in caught.value.do or fault == "too short"
    assert str(home) in caught.value.where


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_that_cannot_be_written(home: Path) -> None:
    home.chmod(0o500)
    with pytest.raises(SettingError, match="none can be made") as caught:
        own_key(quiet)
    assert "--public-key" in caught.value.do


def test_a_key_that_others_may_read_is_said_to_be_so(home: Path) -> None:
    own_key(quiet)
    own_key_file().chmod(0o644)
    said: list[str] = []
    own_key(said.append)
    assert len(said) == 1
    assert "chmod 600" in said[0]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(small_row(i)) + "\n" for i in range(6)), encoding="utf-8")
    return path


def silent(step: str, done: int, total: int) -> None:
    """Progress that nobody sees."""


def test_the_command_makes_it_says_so_once_and_names_it_in_the_run(home: Path, log: Path) -> None:
    done = CliRunner().invoke(program, ["detect", str(log), "--out", str(log.parent / "run")])
    assert done.exit_code == 0
    assert done.stderr.count("a private key was made in") == 1
    about = json.loads((log.parent / "run" / "run.json").read_text(encoding="utf-8"))
    ours = Sketched.by(own_key(quiet))
    assert (about["key"], about["sketch"]) == ("private", {"version": SKETCH_VERSION, "key": ours.key})
    assert {Sketched.of_schema(pq.read_schema(path), "") for path in stored_days(log.parent / "run")} == {
        ours
    }
    assert {
        row["account_id"] for row in pq.read_table(log.parent / "run" / "accounts.parquet").to_pylist()
    } == {"small-0", "small-1", "small-2"}


def test_the_public_key_is_asked_for_and_warned_of(home: Path, log: Path) -> None:
    done = CliRunner().invoke(program, ["detect", str(log), "--public-key", "--out", str(log.parent / "run")])
    assert "protects nobody" in done.stderr
    about = json.loads((log.parent / "run" / "run.json").read_text(encoding="utf-8"))
    assert (about["key"], about["sketch"]["key"]) == ("public", HashKey.public().name)
    assert list(home.iterdir()) == []


def test_public_and_private_exclude_each_other(log: Path) -> None:
    (log.parent / "key").write_text("enough bytes for a key", encoding="ascii")
    words = ("detect", log, "--public-key", "--key-file", log.parent / "key", "--out", log.parent / "run")
    assert isinstance(CliRunner().invoke(program, [str(word) for word in words]).exception, SettingError)
    with pytest.raises(SettingError, match="both given"):
        detect(
            Inputs((log,), key_file=log.parent / "key", key=HashKey.public()),
            log.parent / "run",
            ALONE,
            silent,
        )


def test_only_equal_versions_and_keys_may_be_compared() -> None:
    ours = Sketched.by(HashKey.public())
    must_agree(ours, Sketched(SKETCH_VERSION, HashKey.public().name), "here")
    with pytest.raises(RunError, match="version 1"):
        must_agree(ours, Sketched(1, ours.key), "here")
    with pytest.raises(RunError, match="under key 00000000") as caught:
        must_agree(ours, Sketched(SKETCH_VERSION, "00000000"), "there")
    assert caught.value.where == "there"
    assert "--key-file" in caught.value.do


def test_a_table_says_of_itself_how_it_was_sketched() -> None:
    ours = Sketched(7, "0123abcd")
    marked = ours.marked(EXCHANGES.arrow)
    assert Sketched.of_schema(marked, "here") == ours
    assert marked.equals(EXCHANGES.arrow)
    with pytest.raises(RunError, match="does not say"):
        Sketched.of_schema(EXCHANGES.arrow, "here")
    assert Sketched.of_run({"sketch": ours.document()}, "here") == ours
    with pytest.raises(RunError, match="does not say"):
        Sketched.of_run({}, "here")
