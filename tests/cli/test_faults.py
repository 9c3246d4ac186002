"""What is the user's or the system's doing never ends as a fault of Stillwatch: each kind, on the real
command.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from village import Ran, small_row

import stillwatch
from stillwatch import errors
from stillwatch.cli import main

NOW = "2026-02-01T10:00:00Z"
SOURCE = Path(stillwatch.__file__).parent
LONG = """
import os, sys, threading
import click, ibis
from stillwatch import cli
from stillwatch.cli import report
from stillwatch.engine import DuckDBEngine
from stillwatch.settings import EngineSettings

def query():
    with DuckDBEngine(EngineSettings(threads=1)) as engine:
        rows = engine.create("rows", ibis.range(0, 300_000).unnest().name("n").as_table())
        other = rows.view()
        print("asking", flush=True)
        pairs = rows.cross_join(other.rename(m="n"))
        engine.collect(pairs.agg(total=((pairs.n * 7 + pairs.m) % 13).sum()))

report.command = click.Command("report", callback=query)
sys.argv = ["stillwatch", "report"]
cli.main()
"""


def call(*words: object, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """The real command; words may be bytes."""
    given = [word if isinstance(word, bytes) else str(word) for word in words]
    return subprocess.run(
        [sys.executable, "-m", "stillwatch", *given],
        capture_output=True,
        check=False,
        env={**os.environ, **variables},
    )


def told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object
) -> tuple[int, str]:
    """Exit code and stderr of the entry point in this process."""
    monkeypatch.setattr("sys.argv", ["stillwatch", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code, capsys.readouterr().err


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupt_within_a_query_ends_it(asked: signal.Signals) -> None:
    running = subprocess.Popen(
        [sys.executable, "-c", LONG], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert running.stdout is not None
    assert running.stdout.readline() == b"asking\n"
    time.sleep(0.5)
    running.send_signal(asked)
    said = running.communicate(timeout=60)[1]
    assert running.returncode == errors.EXIT_INTERRUPTED, said
    assert b"nothing half-written" in said


def test_an_argument_that_is_no_text_is_the_caller_s(tmp_path: Path) -> None:
    for words in ((b"detect", b"\xff.jsonl", b"--out", b"run"), (b"explain", b"run", b"acct\xfe")):
        done = call(*words)
        assert done.returncode == errors.EXIT_USER
        assert b"is not UTF-8" in done.stderr
        assert b"\\udcf" in done.stderr


def test_a_terminal_without_the_characters_shows_others(village_run: Ran) -> None:
    for variables in ({"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0"}):
        done = call("explain", village_run.folder, "C001", **variables)
        assert done.returncode == 0, done.stderr
        assert b"C001" in done.stdout
    assert b"?" in call("explain", village_run.folder, "C001", PYTHONIOENCODING="ascii").stdout


def test_a_reader_that_is_gone_is_no_error() -> None:
    done = subprocess.run(
        f"{sys.executable} -m stillwatch intent card --json | head -c 1",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        check=False,
        env={**os.environ, "BASH_ENV": "/dev/null"},
    )
    assert (done.stdout, done.stderr) == (b"{", b"")
    code = f"{sys.executable} -m stillwatch intent card --json | head -c 1; exit ${{PIPESTATUS[0]}}"
    assert subprocess.run(["bash", "-c", code], stdout=subprocess.DEVNULL, check=False).returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_an_output_that_takes_nothing_is_named() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "stillwatch", "intent", "card", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == errors.EXIT_USER
    assert b"No space left" in done.stderr
    assert b"where: the output of this command" in done.stderr
    assert b"Exception ignored" not in done.stderr


def mounted(folder: Path, size: str) -> None:
    """Mount a small disk there; skips the test where that cannot be done."""
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root can mount a disk")
    if subprocess.run([mount, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=False).returncode:
        pytest.skip("no disk can be mounted here")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 200 kilobytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted(folder, "200k")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_named(village: Path, small_disk: Path) -> None:
    done = call("detect", village / "logs", "--out", small_disk / "run", "--public-key")
    assert done.returncode == errors.EXIT_USER, done.stderr
    assert str(small_disk).encode() in done.stderr
    assert b"No space left" in done.stderr


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Path]:
    """The package where nothing can be written, and no file that Numba compiled."""
    folder = tmp_path / "installed"
    folder.mkdir()
    if os.geteuid() == 0:  # root may write wherever the disk takes it
        mounted(folder, "100m")
    shutil.copytree(SOURCE, folder / "stillwatch", ignore=shutil.ignore_patterns("__pycache__"))
    if os.geteuid() == 0:
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        yield folder
        subprocess.run(["umount", folder], check=True)
        return
    places = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in places:
        path.chmod(0o500)
    yield folder
    for path in places:
        path.chmod(0o700)


def test_kernels_are_compiled_without_a_place_beside_the_code_and_without_a_home(
    installed: Path, tmp_path: Path
) -> None:
    script = (
        "import stillwatch.numba_cache as cache; from stillwatch.schema.keyed import HashKey, keys_of_texts;"
        "print(cache.fallback, keys_of_texts(['a'], HashKey.public(), 'b')[0])"
    )
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    nowhere = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(installed),
        "HOME": str(installed / "home"),
        "TMPDIR": str(temporary),
    }
    ours = temporary / f"stillwatch-{os.getuid()}"
    for foreign in (False, True):
        done = subprocess.run(
            [sys.executable, "-c", script], env=nowhere, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        folder, _, key = done.stdout.strip().partition(" ")
        assert (Path(folder) == ours) != foreign, "a folder where others may write is not used"
        assert key.lstrip("-").isdigit()
        ours.chmod(0o777)
    assert list(temporary.iterdir()) == [ours]
    done = subprocess.run(
        [sys.executable, "-m", "stillwatch", "--log-level", "warning", "range", "list"],
        env=nowhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "takes about a minute longer" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        "detect https://me:hunter2@gateway.example/log --out run",
        "detect log.jsonl --out run --settings https://me:hunter2@gateway.example/s.toml",
        "watch run --window https://me:hunter2@gateway.example/",
        "report https://me:hunter2@gateway.example/run --json",
        "https://me:hunter2@gateway.example/",
        "range make https://me:hunter2@gateway.example/x --out world",
        "explain run C001 --section https://me:hunter2@gateway.example/",
    ],
)
def test_a_password_in_an_address_is_never_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.jsonl").write_text(json.dumps(small_row(1)), encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["stillwatch", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert ended.value.code == errors.EXIT_USER
    assert "hunter2" not in out + err
    assert "gateway.example" in out + err


def test_addresses_lose_what_is_secret_and_nothing_else() -> None:
    for given, shown in {
        "https://me:pass@word@host/x": "https://***@host/x",
        "https:/me:secret@host/x": "https:/***@host/x",
        "https://token@host": "https://***@host",
        "sc://host:443/;token=abc;user_id=me": "sc://host:443/;token=***;user_id=me",
        "s3://bucket/key?sig=abc&part=1": "s3://bucket/key?sig=***&part=1",
        "spark://host:7077": "spark://host:7077",
        "/home/me@work/a:b": "/home/me@work/a:b",
    }.items():
        assert errors.without_passwords(given) == shown
