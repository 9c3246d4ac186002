"""Pipes, links, folders that may not be read, and columns of the path."""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingest_bench import Bench

from stillwatch.errors import InputError
from stillwatch.ingest import plan
from stillwatch.ingest.files.scratch import Scratch

Make = Callable[..., dict[str, Any]]


def said_of(bench: Bench, path: Path) -> tuple[list[str], list[str]]:
    said: list[str] = []
    return [s.name for s in plan([path], settings=bench.settings, say=said.append)], said


def test_a_pipe_is_read(bench: Bench, spend_row: Make) -> None:
    pipe = bench.folder / "pipe"
    os.mkfifo(pipe)
    content = b"".join(orjson.dumps(spend_row(i)) + b"\n" for i in range(5))
    writer = threading.Thread(target=lambda: pipe.write_bytes(content))
    writer.start()
    assert len(bench.read(pipe)) == 5
    writer.join()


def test_standard_input_is_read(bench: Bench, spend_row: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"".join(orjson.dumps(spend_row(i)) + b"\n" for i in range(5))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    with Scratch(bench.folder) as scratch:
        (source,) = plan([Path("-")], settings=bench.settings, scratch=scratch)
        assert (source.name, source.format, source.on_disk) == ("stdin", "litellm_spend_logs", None)
        assert list(bench.folder.iterdir()) != []
    assert list(bench.folder.iterdir()) == []


def test_a_full_disk_is_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stillwatch.ingest.files.scratch.FREE", 1 << 60)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x" * 100)))
    with Scratch(bench.folder) as scratch, pytest.raises(InputError, match="no room"):
        plan([Path("-")], settings=bench.settings, scratch=scratch)


def test_links_are_followed_once_and_said(bench: Bench, spend_row: Make) -> None:
    logs, other = bench.folder / "logs", bench.folder / "other"
    logs.mkdir()
    other.mkdir()
    bench.lines("logs/a.jsonl", [spend_row()])
    bench.lines("other/b.jsonl", [spend_row(1)])
    (logs / "linked").symlink_to(other)
    (logs / "loop").symlink_to(logs)
    (logs / "gone.jsonl").symlink_to(logs / "nothing")
    os.mkfifo(logs / "pipe")
    names, said = said_of(bench, logs)
    assert names == ["a.jsonl", "linked/b.jsonl"]
    assert {line.split(":")[0].split(" /")[0] for line in said} == {
        "followed the linked folder",
        "left out, since it links to a folder that is read already",
        "left out, since it links to nothing that can be read",
        "left out, since it is a pipe",
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read_is_named(bench: Bench, spend_row: Make) -> None:
    closed = bench.folder / "closed"
    closed.mkdir(mode=0)
    with pytest.raises(InputError, match="the folder cannot be read") as caught:
        bench.read(bench.folder)
    assert str(closed) in caught.value.where


def test_an_unreadable_folder_is_an_error(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("stillwatch.ingest.files.walk.os.scandir", refuse)
    with pytest.raises(InputError, match="the folder cannot be read: Permission denied"):
        bench.read(bench.folder)


def test_columns_of_the_path(bench: Bench, spend_row: Make) -> None:
    rows = [{k: v for k, v in spend_row(i).items() if k not in ("user", "api_key")} for i in range(2)]
    for user in ("a%20b", "__HIVE_DEFAULT_PARTITION__"):
        folder = bench.folder / "day=2026-02-01" / f"user={user}"
        folder.mkdir(parents=True)
        bench.lines(f"day=2026-02-01/user={user}/part.jsonl", rows)
        pq.write_table(pa.Table.from_pylist(rows), folder / "part.parquet")
    bench.lines("day=2026-02-01/own.jsonl", [spend_row(9, user="own")])
    assert [row["account_id"] for row in bench.read(bench.folder)] == ["own", "a b", "a b", "a b", "a b"]
    assert bench.quarantine.bad == 4
