"""Detect and watch from Python: as the command, with values in the shapes in which a caller has them."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from village import small_row

import stillwatch
from stillwatch.run.manifest import verify

PUBLIC = stillwatch.HashKey.public()
SCRIPT = """
import sys, stillwatch
run = stillwatch.detect(sys.argv[1], key=stillwatch.HashKey.public(), settings={"ingest": {"workers": 2}})
print("exchanges:", len(run.exchanges))
"""


def test_detect_writes_what_the_command_writes(small_log: Path, tmp_path: Path) -> None:
    words = ["detect", small_log, "--public-key", "--out", tmp_path / "command"]
    subprocess.run([sys.executable, "-m", "stillwatch", *map(str, words)], capture_output=True, check=True)
    steps: list[str] = []
    run = stillwatch.detect(
        small_log, tmp_path / "api", key=PUBLIC, progress=lambda step, done, total: steps.append(step)
    )
    assert run.report.exists()
    assert "writing the report" in steps
    ours = {path.relative_to(tmp_path / "api") for path in (tmp_path / "api").rglob("*.parquet")}
    assert ours == {
        path.relative_to(tmp_path / "command") for path in (tmp_path / "command").rglob("*.parquet")
    }
    for path in ours:
        assert pq.read_table(tmp_path / "api" / path) == pq.read_table(tmp_path / "command" / path), path


def test_a_temporary_run_lives_as_long_as_what_reads_it(small_log: Path) -> None:
    run = stillwatch.detect([small_log], key=PUBLIC, report=False)
    folder, frame = run.folder, run.exchanges
    assert not run.report.exists()
    del run
    gc.collect()
    assert len(frame) == 12
    table = frame.ibis()
    del frame
    gc.collect()
    assert table.count().to_pyarrow().as_py() == 12
    del table
    gc.collect()
    assert not folder.exists()
    assert not folder.parent.exists()


def test_closing_a_temporary_run_removes_it(small_log: Path) -> None:
    with stillwatch.detect(small_log, key=PUBLIC) as run:
        folder = run.folder
        assert run.exchanges.ibis().count().to_pyarrow().as_py() == 12
    assert not folder.parent.exists()


def test_settings_and_keys_come_in_several_shapes(small_log: Path, tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("[linkage]\nsmallest_group = 9\n", encoding="utf-8")
    secret = tmp_path / "key"
    secret.write_text("a secret of more than sixteen bytes\n", encoding="ascii")
    for given in (settings, {"linkage": {"smallest_group": 9}}):
        run = stillwatch.detect(small_log, key=secret, settings=given)
        assert run.about["settings"]["linkage"]["smallest_group"] == 9
        assert not any(row["account_id"].startswith("small-") for row in run.accounts.rows())
    run = stillwatch.detect(small_log, key=stillwatch.HashKey.from_file(secret))
    assert all(row["account_id"].startswith("small-") for row in run.accounts.rows())


def test_watching_adds_its_tables(small_log: Path) -> None:
    run = stillwatch.watch(stillwatch.detect(small_log, key=PUBLIC), every=1, window=3)
    assert len(run.watched) == 1
    assert len(run.alarms) == 0
    assert verify(run.folder, run.digest).differences == (), "the object knows the run as it is now"
    with pytest.raises(stillwatch.StillwatchError, match=r"there is no setting watch\.windows"):
        stillwatch.watch(run, windows=3)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"logs": "no/such/log"}, "no/such/log"),
        ({"settings": {"linkage": {"smallest": 9}}}, "there is no setting linkage.smallest"),
        ({"format": "acme"}, "acme"),
        ({"key": "no/such/key"}, "the key file cannot be read"),
    ],
)
def test_a_mistake_is_told_and_leaves_nothing(
    small_log: Path, tmp_path: Path, changed: dict[str, object], what: str
) -> None:
    given: dict[str, object] = {"logs": small_log, "out": tmp_path / "run", "key": PUBLIC} | changed
    with pytest.raises(stillwatch.StillwatchError) as told:
        stillwatch.detect(**given)  # type: ignore[arg-type]
    assert what in str(told.value)
    assert not (tmp_path / "run").exists()


def test_a_script_needs_no_guard_around_its_call(small_log: Path, tmp_path: Path) -> None:
    (small_log.parent / "more.jsonl").write_text(json.dumps(small_row(99)) + "\n", encoding="utf-8")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script, small_log.parent], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "exchanges: 13\n", "")


def test_a_world_is_made_with_what_detect_takes(village_file: Path, tmp_path: Path) -> None:
    world = stillwatch.make_world(str(village_file), tmp_path / "world", scale=0.1, seed=1)
    assert set(world.inputs) == {"logs", "edge", "accounts", "permits", "releases"}
    assert all(path.exists() for path in world.inputs.values())
