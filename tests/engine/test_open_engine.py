"""Engines by name: what may be named, and what is said where it cannot be had."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from stillwatch.cli import program
from stillwatch.engine import DuckDBEngine, check_engine, open_engine
from stillwatch.engine.spark_session import host_of
from stillwatch.errors import MissingExtra, SettingError
from stillwatch.settings import ENGINES, EngineSettings

SETTINGS = EngineSettings(memory="1GB", threads=1)
SPARK = pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="pyspark is not installed")


def test_duckdb_is_opened_by_its_name(tmp_path: Path) -> None:
    with open_engine("duckdb", SETTINGS, tmp_path) as engine:
        assert isinstance(engine, DuckDBEngine)
        assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("duckbd", "did you mean duckdb?"),
        ("DuckDB", "did you mean duckdb?"),
        ("local[]", "did you mean local[2]?"),
        ("local[0]", "did you mean local[2]?"),
        ("spark:/host", "did you mean spark://?"),
        ("spark://", ""),
        ("spark://me:word@host:7077", ""),
        ("postgres://host/base", ""),
        ("", ""),
    ],
)
def test_another_name_is_refused_with_the_choices(name: str, near: str) -> None:
    with pytest.raises(SettingError, match="there is no engine") as raised:
        open_engine(name, SETTINGS)
    assert ENGINES in raised.value.do
    assert near in raised.value.do
    assert "word" not in str(raised.value), "a password is not shown"


@SPARK
@pytest.mark.parametrize(
    "name", ["local", "local[2]", "local[*]", "local[2,3]", "sc://host", "sc://host:15002/;token=a"]
)
def test_names_of_spark_are_names(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/somewhere")
    check_engine(name, SETTINGS)


@SPARK
def test_a_cluster_needs_a_folder_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/somewhere")
    with pytest.raises(SettingError, match="needs a folder") as raised:
        open_engine("sc://host", SETTINGS)
    assert raised.value.where == "engine.scratch"
    with pytest.raises(SettingError, match="is not there"):
        open_engine("sc://host", EngineSettings(scratch=str(tmp_path / "nowhere")), tmp_path)


@SPARK
def test_without_java_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingExtra, match="needs Java") as raised:
        open_engine("local[2]", SETTINGS)
    assert "Java 17" in raised.value.do


def test_without_pyspark_it_is_said_what_to_install_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text("{}\n", encoding="utf-8")
    code = "import sys; sys.modules['pyspark'] = None; from stillwatch.cli import main; main()"
    words = ["detect", str(tmp_path / "log.jsonl"), "--out", str(tmp_path / "run"), "--engine", "local[2]"]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == MissingExtra.exit_code, done.stderr
    assert "pip install 'stillwatch[spark]'" in done.stderr
    assert not (tmp_path / "run").exists()


def test_what_a_token_follows_is_the_host() -> None:
    assert host_of("sc://host:15002/;token=secret") == "sc://host:15002"
    assert host_of("spark://one:7077") == "spark://one:7077"
    assert host_of("local[2]") == "local[2]"


@pytest.mark.parametrize("command", ["detect", "watch"])
def test_a_wrong_name_ends_a_command_before_it_begins(command: str, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    out = ["--out", str(tmp_path / "run")] if command == "detect" else []
    done = CliRunner().invoke(program, [command, str(tmp_path / "logs"), "--engine", "duck", *out])
    assert done.exit_code != 0
    assert "there is no engine 'duck'" in str(done.exception) + done.output
