"""Compressed files and archives: read whole, or refused with the byte where they break off."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lz4.frame
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest_bench import Bench

from stillwatch.errors import InputError
from stillwatch.ingest import IngestContext, Quarantine, plan
from stillwatch.ingest.files.scratch import Scratch
from stillwatch.settings import IngestSettings

Make = Callable[..., dict[str, Any]]
Pack = Callable[[bytes], bytes]
PACKS: dict[str, Pack] = {
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lz4": lz4.frame.compress,
}


def lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def tar_of(files: dict[str, bytes], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def zip_of(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def accepting(bench: Bench) -> None:
    bench.settings = IngestSettings(accept_cut_files=True)
    bench.ingest_context = IngestContext(bench.settings)
    bench.quarantine = Quarantine()


@pytest.mark.parametrize("name", PACKS)
def test_each_compression_is_read_whatever_the_suffix(bench: Bench, spend_row: Make, name: str) -> None:
    data = lines([spend_row(i) for i in range(40)])
    pack = PACKS[name]
    assert len(bench.read(bench.write("log.txt", pack(data)))) == 40
    # Several streams behind one another, and a log that what ships it compressed again.
    assert len(bench.read(bench.write("two", pack(data[:900]) + pack(data[900:])))) == 40
    assert len(bench.read(bench.write("twice", gzip.compress(pack(data))))) == 40
    assert bench.quarantine.bad == 0


@pytest.mark.parametrize("name", PACKS)
@given(share=st.floats(0, 1, exclude_max=True), flip=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_cut_loses_rows_in_silence(
    bench: Bench, spend_row: Make, name: str, share: float, flip: bool
) -> None:
    whole = PACKS[name](lines([spend_row(i, session_id=str(hash(("s", i)))) for i in range(60)]))
    at = int(len(whole) * share)
    content = whole[:at]
    if at == 0:
        return  # an empty file, which is noted
    bench.settings = IngestSettings()
    bench.ingest_context = IngestContext(bench.settings)
    path = bench.write("cut.log", content)
    with pytest.raises(InputError):
        bench.read(path, "litellm_spend_logs")
    if flip and at > 8:
        accepting(bench)
        try:
            rows = bench.read(path, "litellm_spend_logs")
        except InputError:
            return  # nothing before the cut that could be read
        assert len(rows) <= 60  # all of them where only the sum at the end is cut off
        assert bench.quarantine.bad >= 1


def test_a_tar_is_a_folder(bench: Bench, spend_row: Make) -> None:
    files = {
        "logs/b.jsonl": lines([spend_row(1)]),
        "logs/a.jsonl.gz": gzip.compress(lines([spend_row(2), spend_row(3)])),
        "logs/.hidden": b"x",
        "__MACOSX/._a.jsonl": b"\0\5\26",
        "../../evil.jsonl": lines([spend_row(4)]),
        "day=2026-02-01/deep.tar": tar_of({"inner.jsonl": lines([spend_row(5)])}),
    }
    for name, content in {
        "logs.tar": tar_of(files),
        "logs.tar.gz": tar_of(files, "w:gz"),
        "logs.tar.zst": zstandard.compress(tar_of(files)),
        "logs.zip": zip_of(files),
        "stored.zip": zip_of(files, zipfile.ZIP_STORED),
        "bzip2.zip": zip_of(files, zipfile.ZIP_BZIP2),
    }.items():
        bench.quarantine = Quarantine()
        path = bench.write(name, content)
        sources = plan([path], settings=bench.settings)
        assert {s.name for s in sources} == {
            f"{name}/logs/b.jsonl",
            f"{name}/logs/a.jsonl.gz",
            f"{name}/evil.jsonl",
            f"{name}/day=2026-02-01/deep.tar/inner.jsonl",
        }
        assert {s.on_disk for s in sources} == {path}
        assert sorted(row["request_id"] for row in bench.read(path)) == ["r1", "r2", "r3", "r4", "r5"]
    assert not (bench.folder.parent.parent / "evil.jsonl").exists()


def test_parquet_in_archives(bench: Bench, spend_row: Make) -> None:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([spend_row(i) for i in range(20)]), out)
    data = out.getvalue()
    packed = {
        "a.tar": tar_of({"x.parquet": data}),
        "b.zip": zip_of({"x.parquet": data}),
        "c.gz": gzip.compress(data),
    }
    for name, content in packed.items():
        assert len(bench.read(bench.write(name, content))) == 20


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.9, 0.999])
def test_cut_archives_are_refused(bench: Bench, spend_row: Make, share: float) -> None:
    files = {
        f"{i}.jsonl": lines([spend_row(i, session_id=str(hash((i, j)))) for j in range(20)]) for i in range(6)
    }
    for content in (tar_of(files, "w:gz"), zip_of(files)):
        path = bench.write("cut", content[: int(len(content) * share)])
        with pytest.raises(InputError, match=r"byte [\d,]+"):
            bench.read(path, "litellm_spend_logs")
    bare = tar_of(files)
    last = bare.rstrip(b"\0")  # the zeros at the end are padding
    with pytest.raises(InputError, match=r"tar archive breaks off or is damaged at byte [\d,]+"):
        bench.read(bench.write("cut", bare[: max(600, int(len(last) * share))]), "litellm_spend_logs")


def test_a_cut_between_members_is_seen(bench: Bench, spend_row: Make) -> None:
    member = tar_of({"a.jsonl": lines([spend_row()])}).rstrip(b"\0")
    whole = member + bytes(-len(member) % 512)
    path = bench.write("cut.tar", whole)
    with pytest.raises(InputError, match="breaks off"):
        bench.read(path)
    accepting(bench)
    said: list[str] = []
    assert len(plan([path], settings=bench.settings, say=said.append)) == 1
    assert "breaks off" in said[0]


def test_a_damaged_zip_member_is_refused(bench: Bench, spend_row: Make) -> None:
    content = bytearray(zip_of({"a.jsonl": lines([spend_row(i) for i in range(9)])}, zipfile.ZIP_STORED))
    content[200] ^= 1
    with pytest.raises(InputError, match="another checksum"):
        bench.read(bench.write("a.zip", bytes(content)))


def test_an_encrypted_zip_is_refused(bench: Bench, spend_row: Make) -> None:
    content = bytearray(zip_of({"a.jsonl": lines([spend_row()])}))
    directory = content.rindex(b"PK\1\2")
    content[6] |= 1
    content[directory + 8] |= 1
    with pytest.raises(InputError, match="encrypted") as caught:
        bench.read(bench.write("a.zip", bytes(content)))
    assert "a.zip/a.jsonl" in str(caught.value)


def test_bombs_and_nests_are_refused(bench: Bench, spend_row: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stillwatch.ingest.files.found.FREELY", 1 << 20)
    bomb = gzip.compress(tar_of({"zeros.jsonl": b" " * (8 << 20)}))
    bench.settings = IngestSettings(max_unpacked_ratio=10)
    with pytest.raises(InputError, match="looks like a bomb"):
        bench.read(bench.write("bomb.tar.gz", bomb))
    nest = lines([spend_row()])
    for _ in range(4):
        nest = tar_of({"n.tar": nest})
    with pytest.raises(InputError, match="archive in an archive in an archive"):
        bench.read(bench.write("nest.tar", nest))


def test_copies_go_with_their_owner(bench: Bench, spend_row: Make, tmp_path: Path) -> None:
    path = bench.write("a.tar.gz", tar_of({"a.jsonl": lines([spend_row()])}, "w:gz"))
    beside = tmp_path / "beside"
    beside.mkdir()
    with Scratch(beside / "not" / "made") as scratch:
        plan([path], settings=bench.settings, scratch=scratch)
        (copy,) = [p for p in beside.rglob("*") if p.is_file()]
        assert copy.stat().st_mode & 0o077 == 0
    assert list(beside.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (zip_of({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}), "Excel workbook"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"ORC\x11\x00\x00\n\x08", "ORC"),
        (b"Obj\x01\x04\x14avro.codec", "Avro"),
        (b"SQLite format 3\0" + bytes(80), "SQLite"),
        (b"\x89PNG\r\n\x1a\n" + bytes(30), "image"),
        (b"\x7fELF\x02\x01\x01" + bytes(30), "program"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1" + bytes(30), "old Office"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "HTML"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "XML"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "7z"),
        (bytes(range(1, 200)) * 3, "binary"),
        (bytes(500), "NUL bytes"),
    ],
)
def test_what_is_no_log_is_named(bench: Bench, content: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        bench.read(bench.write("x.log", content))
    assert "take the file out of the folder" in caught.value.do


def test_text_that_looks_binary_is_read(bench: Bench, spend_row: Make) -> None:
    data = lines([spend_row(i) for i in range(3)])
    assert len(bench.read(bench.write("nul.jsonl", bytes(4096) + data))) == 3
    assert len(bench.read(bench.write("u16.jsonl", data.decode().encode("utf-16")))) == 3
    assert len(bench.read(bench.write("u16le.jsonl", data.decode().encode("utf-16-le")))) == 3
