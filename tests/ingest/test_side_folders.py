"""Edge logs and accounts files that are folders or archives."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputError
from stillwatch.ingest import IngestContext, Quarantine, plan, read_accounts, read_edge
from stillwatch.run.provenance import side_inputs
from stillwatch.settings import IngestSettings

EDGE = {
    "a.csv": b"request_id,client_ip\nr0,203.0.113.1\nr1,203.0.113.2\n",
    "b.jsonl": b'{"request_id": "r2", "client_ip": "203.0.113.3", "ja4": "t13"}\n',
    "c/d.csv": b"request_id;client_ip\nr3;203.0.113.4\n",
}


def folder_of(path: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def packed(path: Path, files: dict[str, bytes], kind: str) -> Path:
    out = path / f"edge.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(out, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    else:
        with tarfile.open(out, "w:gz") as tar:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return out


def edge(path: Path) -> tuple[list[dict[str, Any]], Quarantine]:
    quarantine = Quarantine()
    batches = list(read_edge(path, IngestContext(IngestSettings()), quarantine))
    return [row for batch in batches for row in batch.to_pylist()], quarantine


@pytest.mark.parametrize("kind", ["folder", "packed files", "parquet", "zip", "tar.gz"])
def test_an_edge_log_of_several_files(tmp_path: Path, kind: str) -> None:
    if kind == "folder":
        path = folder_of(tmp_path / "edge", EDGE)
    elif kind == "packed files":
        path = folder_of(
            tmp_path / "edge", {f"{name}.gz": gzip.compress(text) for name, text in EDGE.items()}
        )
    elif kind == "parquet":
        path = folder_of(tmp_path / "edge", {"x.csv": EDGE["a.csv"]})
        for i in (2, 3):
            table = {"request_id": [f"r{i}"], "client_ip": [f"203.0.113.{i + 1}"]}
            pq.write_table(pa.table(table | ({"ja4": ["t13"]} if i == 2 else {})), path / f"y{i}.parquet")
    else:
        path = packed(tmp_path, EDGE, kind)
    rows, quarantine = edge(path)
    told = {row["request_id"]: row["address"] for row in rows}
    assert told == {f"r{i}": f"203.0.113.{i + 1}" for i in range(4)}
    assert len({row["place"] for row in rows}) == 4
    assert [row["ja4"] for row in rows if row["request_id"] == "r2"] == ["t13"]
    assert quarantine.bad == 0
    assert quarantine.uses[path.name].rows == 4


def test_accounts_of_several_files(tmp_path: Path) -> None:
    files = {"a.csv": b"account_id,email\nada,a@example.com\nbob,b@example.com\n"}
    files["b.csv"] = b"Account ID,Email\ncid,c@example.com\nada,a@example.com\n"
    path = folder_of(tmp_path / "accounts", files)
    quarantine = Quarantine()
    table = read_accounts(path, IngestContext(IngestSettings()), quarantine)
    assert sorted(map(str, table["account_id"].to_pylist())) == ["ada", "bob", "cid"]
    assert [one["file"] for one in side_inputs([("accounts", path)])] == ["accounts/a.csv", "accounts/b.csv"]
    assert all(len(one["sha256"]) == 64 for one in side_inputs([("accounts", path)]))


def test_a_file_of_another_kind_in_the_folder_is_refused(tmp_path: Path) -> None:
    path = folder_of(tmp_path / "edge", {**EDGE, "z.csv": b"name,colour\nada,red\n"})
    with pytest.raises(InputError, match="no column that names the request"):
        edge(path)


def test_files_beside_the_logs_are_no_logs(tmp_path: Path) -> None:
    path = folder_of(tmp_path / "edge", EDGE)
    (tmp_path / "log.csv").write_text(
        "request_id,account_id,time,prompt\nr0,ada,2026-02-01T12:00:00Z,hello\n"
    )
    found = plan([tmp_path], settings=IngestSettings(), aside=[path])
    assert [source.name for source in found] == ["log.csv"]
