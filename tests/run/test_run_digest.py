"""The id, the manifest and the digest of a run, and `stillwatch run`, which checks them."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import re
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from small_runs import silent, small_logs, small_run
from village import ALONE, Ran

from stillwatch import errors
from stillwatch.cli import program
from stillwatch.errors import RunError
from stillwatch.pipeline import Inputs, detect
from stillwatch.pipeline.forget import forget
from stillwatch.pipeline.watch import TABLES, watch
from stillwatch.run.identity import uuid7
from stillwatch.run.manifest import Difference, verify
from stillwatch.schema.keyed import HashKey
from stillwatch.settings import EngineSettings, IngestSettings, Settings


def checked(run: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit code and document of the real command."""
    done = CliRunner().invoke(program, ["run", "verify", str(run), "--json", *options])
    return done.exit_code, json.loads(done.stdout)


def test_the_id_is_a_uuid_of_version_7_that_sorts_by_time() -> None:
    before = time.time_ns() // 10**6
    ids = [uuid7() for _ in range(3)]
    assert {(i.version, i.variant) for i in ids} == {(7, "specified in RFC 4122")}
    assert before <= ids[0].int >> 80 <= time.time_ns() // 10**6
    assert len(set(ids)) == 3
    time.sleep(0.002)
    assert uuid7() > max(ids)


def test_same_input_and_settings_same_digest(small_original: Ran, tmp_path: Path) -> None:
    """From two folders, by one process and by two, and at two times."""
    logs = small_logs(tmp_path / "elsewhere" / "a" / "logs")
    two = Settings(ingest=IngestSettings(workers=2), engine=EngineSettings(threads=2))
    first = small_original.about()
    second = Ran(small_run(logs, tmp_path / "elsewhere" / "run", two), tmp_path).about()
    assert first["digest"] == second["digest"]
    assert first["manifest"] == second["manifest"]
    assert first["inputs"] == second["inputs"]
    assert first["id"] != second["id"]
    (logs / "1.jsonl").unlink()
    assert Ran(small_run(logs, tmp_path / "other"), tmp_path).about()["digest"] != first["digest"]


def test_run_json_says_where_the_run_comes_from(small: Ran) -> None:
    about = small.about()
    made = datetime.fromisoformat(about["made"])
    assert made.tzinfo == UTC
    assert made <= datetime.now(UTC)
    assert about["engine"]["name"] == "duckdb"
    assert about["engine"]["version"] == about["packages"]["duckdb"]
    assert about["sketch"]["key"] == HashKey.public().name
    for row in about["inputs"]:
        content = (small.world / "logs" / row["file"]).read_bytes()
        assert (row["bytes"], row["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert (row["format"], row["rows"]) == ("openai_jsonl", 12)


def test_run_json_names_side_tables_and_nothing_of_the_machine(small: Ran, tmp_path: Path) -> None:
    accounts, key = tmp_path / "people.csv", tmp_path / "secret.key"
    accounts.write_text("account_id,plan\nsmall-0,free\n", encoding="utf-8")
    key.write_text("more than sixteen bytes of secret", encoding="ascii")
    inputs = Inputs((small.world / "logs",), accounts=accounts, key_file=key)
    out = detect(inputs, tmp_path / "out", ALONE, silent)
    (row,) = Ran(out, tmp_path).about()["side_inputs"]
    sha256 = hashlib.sha256(accounts.read_bytes()).hexdigest()
    size = accounts.stat().st_size
    assert row == {"option": "accounts", "file": "people.csv", "bytes": size, "sha256": sha256}
    text = (out / "run.json").read_text(encoding="utf-8")
    words = {str(tmp_path), "secret.key", hashlib.sha256(key.read_bytes()).hexdigest(), socket.gethostname()}
    assert [word for word in words if word in text] == []
    assert not re.search(rf'"[^"]*\b{re.escape(getpass.getuser())}\b[^"]*"', text)


def test_anyone_can_make_the_digest_with_sha256sum(small: Ran) -> None:
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(small.folder).as_posix()}\n"
        for path in sorted(small.folder.rglob("*.parquet"), key=str)
    ]
    assert hashlib.sha256("".join(lines).encode()).hexdigest() == small.about()["digest"]


def test_a_run_that_is_unchanged(small: Ran) -> None:
    (small.folder / "report.html").unlink()  # it can be written again
    code, document = checked(small.folder)
    assert (code, document["same"], document["differences"]) == (0, True, [])
    assert document["found"] == document["digest"] == small.about()["digest"]
    assert checked(small.folder, "--digest", document["digest"])[0] == 0


def bend(path: Path) -> None:
    """Change one bit."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def grow(path: Path) -> None:
    """Add a byte."""
    path.write_bytes(path.read_bytes() + b"\0")


def link(path: Path) -> None:
    """Put a link to an equal file elsewhere in its place."""
    elsewhere = path.parents[2] / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


@pytest.mark.parametrize(
    ("file", "change", "kind", "what"),
    [
        ("members.parquet", bend, "differs", "content"),
        ("exchanges/day=2026-03-02/exchanges.parquet", grow, "differs", "bytes"),
        ("traces.parquet", Path.unlink, "missing", "No such file"),
        ("traces.parquet", link, "missing", "link"),
        ("notes.txt", Path.touch, "unknown", "manifest"),
        ("exchanges/day=2026-03-03.parquet", Path.touch, "unknown", "manifest"),
    ],
)
def test_the_file_that_differs_is_named(
    small: Ran, file: str, change: Callable[[Path], None], kind: str, what: str
) -> None:
    change(small.folder / file)
    (found,) = verify(small.folder).differences
    assert (found.file, found.kind) == (file, kind)
    assert what in found.what
    done = CliRunner().invoke(program, ["run", "verify", str(small.folder)])
    assert done.exit_code == errors.EXIT_CHANGED
    assert f"{kind}: {file}" in done.stdout


def test_a_manifest_that_was_changed_with_its_table_is_told_by_a_digest_kept_elsewhere(small: Ran) -> None:
    about, kept = small.about(), small.about()["digest"]
    bend(small.folder / "members.parquet")
    entry = next(row for row in about["manifest"] if row["file"] == "members.parquet")
    entry["sha256"] = hashlib.sha256((small.folder / "members.parquet").read_bytes()).hexdigest()
    (small.folder / "run.json").write_text(json.dumps(about), encoding="utf-8")
    verified = verify(small.folder)
    assert verified.differences == (
        Difference("run.json", "differs", "its digest is not that of its manifest"),
    )
    about["digest"] = verified.found
    (small.folder / "run.json").write_text(json.dumps(about), encoding="utf-8")
    assert verify(small.folder).differences == ()
    code, document = checked(small.folder, "--digest", kept)
    assert (code, document["differences"][0]["file"]) == (5, "run.json")


@pytest.mark.parametrize("lost", ["id", "digest", "manifest"])
def test_a_run_of_an_older_version_cannot_be_verified(small: Ran, lost: str) -> None:
    about = {name: value for name, value in small.about().items() if name != lost}
    (small.folder / "run.json").write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(RunError, match="has no"):
        verify(small.folder)


@pytest.mark.parametrize("row", [{"bytes": "3"}, {"file": "a\0b"}, {"sha256": None}, {"more": 1}])
def test_a_manifest_of_somebody_else_s_making_is_refused(small: Ran, row: dict[str, Any]) -> None:
    about = small.about()
    about["manifest"][0] |= row
    about |= {"engine": "duckdb", "sketch": 3, "exchanges": "many", "inputs": [7, {"bytes": "9"}]}
    (small.folder / "run.json").write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(RunError, match="manifest"):
        verify(small.folder)
    assert CliRunner().invoke(program, ["run", "show", str(small.folder)]).exit_code == 0


def test_a_pipe_in_a_table_s_place_is_told_and_not_read(small: Ran) -> None:
    (small.folder / "groups.parquet").unlink()
    os.mkfifo(small.folder / "groups.parquet")
    assert [(d.file, d.kind) for d in verify(small.folder).differences] == [("groups.parquet", "missing")]


def test_show_tells_the_id_and_the_inputs(small: Ran) -> None:
    done = CliRunner().invoke(program, ["run", "show", str(small.folder)])
    about = small.about()
    assert done.exit_code == 0
    for word in (about["id"], about["made"], about["digest"], "0.jsonl", about["inputs"][0]["sha256"]):
        assert word in done.stdout
    assert (
        json.loads(CliRunner().invoke(program, ["run", "show", str(small.folder), "--json"]).stdout) == about
    )


def test_watch_and_forget_keep_the_manifest_right(small: Ran) -> None:
    before = small.about()
    watch(small.folder, {}, silent)
    watched = small.about()
    assert verify(small.folder).differences == ()
    assert watched["id"] == before["id"]
    assert watched["digest"] != before["digest"]
    new = {row["file"] for row in watched["manifest"]} - {row["file"] for row in before["manifest"]}
    assert new == {f"{name}.parquet" for name in TABLES}
    assert (small.folder / "report.html").exists()
    forget(small.folder, ["small-1"], silent)
    forgotten = small.about()
    assert verify(small.folder).differences == ()
    assert forgotten["came_from"] == before["id"] != forgotten["id"]
    assert {row["file"] for row in forgotten["manifest"]} <= {row["file"] for row in before["manifest"]}


def test_watch_does_not_hide_what_was_changed_before(small: Ran) -> None:
    bend(small.folder / "links.parquet")
    watch(small.folder, {}, silent)
    (found,) = verify(small.folder).differences
    assert (found.file, found.kind) == ("links.parquet", "differs")
