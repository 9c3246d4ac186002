"""Everything a log can have wrong with it: rows go to quarantine, the run goes on, or it stops with a clear
error.
"""

from __future__ import annotations

import gzip
import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from ingest_bench import Bench

from stillwatch.errors import InputError, TooManyBadRows
from stillwatch.ingest import IngestContext, Quarantine, check_share, plan, read
from stillwatch.ingest.quarantine import STORED_ROWS
from stillwatch.schema.requests import QUARANTINE, REQUESTS
from stillwatch.settings import IngestSettings

Make = Callable[..., dict[str, Any]]


def jsonl(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def test_compressed_whole(bench: Bench, spend_row: Make) -> None:
    data = jsonl([spend_row(i) for i in range(50)])
    for content in (
        gzip.compress(data),
        gzip.compress(data[:900]) + gzip.compress(data[900:]),
        zstandard.compress(data),
    ):
        bench.quarantine = Quarantine()
        # The suffix is not trusted: the first bytes tell.
        assert len(bench.read(bench.write("log.bin", content))) == 50
        assert bench.quarantine.bad == 0


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_compressed_file_breaks_off(bench: Bench, spend_row: Make, pack: Callable[[bytes], bytes]) -> None:
    noise = [
        spend_row(i, messages=json.dumps([{"role": "user", "content": str(hash((i, "x")))}]))
        for i in range(5000)
    ]
    content = pack(jsonl(noise))
    path = bench.write("log.jsonl.z", content[: len(content) * 3 // 4])
    with pytest.raises(InputError, match=f"breaks off at byte {path.stat().st_size:,}"):
        bench.read(path)
    bench.settings = IngestSettings(accept_cut_files=True)
    bench.ingest_context = IngestContext(bench.settings)
    bench.quarantine = Quarantine()
    rows = bench.read(path)
    assert 100 < len(rows) < 5000
    assert rows[:100] == bench.read(bench.lines("whole.jsonl", noise[:100]))
    assert any("breaks off" in reason or "JSON" in reason for _, reason in bench.reasons())
    assert 1 <= bench.quarantine.bad <= 2


def test_gzip_garbage_is_named(bench: Bench) -> None:
    with pytest.raises(InputError, match="gzip data is damaged at byte 0 to 352"):
        bench.read(bench.write("log.gz", b"\x1f\x8b" + b"garbage" * 50))


def test_empty_files_are_noted(bench: Bench, spend_row: Make) -> None:
    bench.write("a.jsonl", b"")
    bench.write("b.jsonl", b"\n\n  \n")
    bench.write("b.jsonl.gz", gzip.compress(b""))
    bench.lines("c.jsonl", [spend_row()])
    assert len(bench.read(bench.folder)) == 1
    assert bench.quarantine.bad == 0
    assert {(file, row) for file, row, _, _ in bench.quarantine.rows} == {
        ("a.jsonl", 0),
        ("b.jsonl", 0),
        ("b.jsonl.gz", 0),
    }


def test_empty_tables(bench: Bench, spend_row: Make) -> None:
    bench.write("a.csv", ",".join(spend_row()) + "\n")
    pq.write_table(pa.Table.from_pylist([spend_row()]).slice(0, 0), bench.folder / "a.parquet")
    assert bench.read(bench.folder) == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_encodings_with_a_mark(bench: Bench, spend_row: Make, encoding: str) -> None:
    row = spend_row(messages='[{"role":"user","content":"grüße 你好"}]')
    content = json.dumps(row, ensure_ascii=False).encode(encoding)
    assert bench.read(bench.write("log.jsonl", content))[0]["messages"] == [
        {"role": "user", "text": "grüße 你好"}
    ]


def test_wrong_encoding_is_replaced_in_json_and_a_bad_row_in_csv(bench: Bench, spend_row: Make) -> None:
    good, bad = jsonl([spend_row()]), jsonl([spend_row(user="grüße")]).decode().encode("latin-1")
    rows = bench.read(bench.write("log.jsonl", good + bad + good))
    assert [row["account_id"] for row in rows] == ["u1", "gr\ufffd\ufffde", "u1"]
    assert bench.quarantine.rows == []
    assert bench.quarantine.mended["(row)", "not valid UTF-8: the bytes at fault are replaced"] == 1
    bench.quarantine = Quarantine()
    header = "request_id,account_id,time,prompt\n"
    path = bench.write("log.csv", header.encode() + b"r1,u1,2026-02-01,gr\xfc\xdfe\nr2,u1,2026-02-01,ok\n")
    assert [row["request_id"] for row in bench.read(path)] == ["r1", "r2"]
    assert bench.quarantine.mended == {("prompt", "not UTF-8: read as Windows-1252"): 1}


HOSTILE = {
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "cut": b'{"request_id": "r1", "startTime',
    "no object": b"17",
    "bare words": b"ERROR connection lost",
    "control": b"\x00\x01\x02",
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_lines(bench: Bench, spend_row: Make, line: bytes) -> None:
    good = jsonl([spend_row()])
    assert len(bench.read(bench.write("log.jsonl", good + line + b"\n" + good))) == 2
    assert [row for _, row, _, _ in bench.quarantine.rows] == [2]


def test_hostile_values(bench: Bench, spend_row: Make) -> None:
    base = jsonl([spend_row()]).decode()
    numbers = ["1" + "0" * 5000, "1e400", "NaN", "-5", "true", '"many"', "99999999999"]
    rows = [base.replace('"prompt_tokens":12', f'"prompt_tokens":{number}') for number in numbers]
    rows.append(base.replace('"user":"u1"', '"user":"u0","user":"u2"'))
    rows.append(base.replace('"user":"u1"', '"user":"u\\ud800"'))
    rows.append(base.replace('"metadata":"', '"metadata":"[[[[[').replace('"user":"u1"', '"user":{"a":1}'))
    found = bench.read(bench.write("log.jsonl", "".join(rows)))
    assert [row["input_tokens"] for row in found[:7]] == [None] * 7
    assert bench.quarantine.mended["input_tokens", "negative, too large or no number: left out"] == 6
    assert [row["account_id"] for row in found[7:]] == ["u2", "u\ufffd", "a" * 64]


TIMES = {
    "no time": None,
    "early": "2019-12-31T23:59:59Z",
    "future": "2031-01-01T00:00:00Z",
    "garbage": "yesterday",
    "zero": 0,
    "negative": -5,
}


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_times(bench: Bench, spend_row: Make, kind: str) -> None:
    bench.ingest_context = IngestContext(bench.settings, newest=datetime(2026, 3, 1, tzinfo=UTC))
    rows = [
        spend_row(i, startTime=None if value is None else str(value))
        for i, value in enumerate(TIMES.values())
    ]
    rows += [spend_row(9, startTime="2026-02-03T00:00:00"), spend_row(8, startTime="2026-02-02T00:00:00")]
    path = bench.folder / "log"
    path.write_bytes(jsonl(rows)) if kind == "jsonl" else pq.write_table(pa.Table.from_pylist(rows), path)
    # Out of order is fine.
    assert [row["request_id"] for row in bench.read(path)] == ["r9", "r8"]
    assert bench.quarantine.bad == len(TIMES)


@pytest.mark.parametrize(
    "value",
    [
        1769940000,
        1769940000.0,
        1769940000000,
        1769940000000000,
        1769940000000000000,
        "1769940000",
        "2026-02-01 10:00:00",
        "2026-02-01T12:00:00+02:00",
    ],
)
def test_ways_to_write_a_time(bench: Bench, value: Any) -> None:
    (row,) = bench.read(bench.lines("log.jsonl", [{"request_id": "r", "account_id": "a", "time": value}]))
    assert row["time"] == datetime(2026, 2, 1, 10, tzinfo=UTC)


def test_ten_megabyte_prompt(bench: Bench, spend_row: Make) -> None:
    prompt = "word " * 2_000_000
    rows = [
        spend_row(0),
        spend_row(1, messages=json.dumps([{"role": "user", "content": prompt}])),
        spend_row(2),
    ]
    pq.write_table(pa.Table.from_pylist(rows), bench.folder / "log.parquet")
    for path in (bench.lines("log.jsonl", rows), bench.folder / "log.parquet"):
        found = bench.read(path)
        assert [len(row["messages"][-1]["text"]) for row in found] == [5, 10_000_000, 5]


@pytest.mark.parametrize("name", ["log.jsonl", "log.json", "log.csv"])
def test_too_long_rows_are_cut(bench: Bench, spend_row: Make, name: str) -> None:
    bench.settings = IngestSettings(max_row_bytes=20_000)
    bench.ingest_context = IngestContext(bench.settings)
    rows = [
        {
            "request_id": f"r{i}",
            "account_id": "a",
            "time": "2026-02-01",
            "prompt": "x" * (3_000_000 if i == 1 else 10),
        }
        for i in range(3)
    ]
    content = jsonl(rows) if name == "log.jsonl" else orjson.dumps(rows, option=orjson.OPT_INDENT_2)
    if name == "log.csv":
        content = (
            "request_id,account_id,time,prompt\n" + "".join(",".join(row.values()) + "\n" for row in rows)
        ).encode()
    read = bench.read(bench.write(name, content))
    assert [row["request_id"] for row in read] == ["r0", "r1", "r2"]
    assert bench.quarantine.bad == 0
    assert bench.quarantine.mended.total() == 1
    assert "xxx" not in str(bench.quarantine.rows)


def test_csv_faults(bench: Bench) -> None:
    content = (
        'request_id,account_id,time,prompt\nr1,a,2026-02-01,"two\nlines, one '
        '""field"""\nr2,a\nr3,a,2026-02-01,nul\0byte\nr4,a,2026-02-01,"open'
    )
    rows = bench.read(bench.write("log.csv", content))
    assert rows[0]["messages"] == [{"role": "user", "text": 'two\nlines, one "field"'}]
    assert [row["request_id"] for row in rows] == ["r1", "r3"]
    assert [(row, reason[:22]) for _, row, _, reason in bench.quarantine.rows] == [
        (2, "row has 2 fields, the "),
        (4, "not readable as CSV: a"),
    ]


def test_what_a_stray_mark_swallows_is_counted(bench: Bench, spend_row: Make) -> None:
    """One quote or bracket too many must not turn a lost file into one bad row."""
    plain = "".join(f"r{i},a,2026-02-01,words\n" for i in range(100))
    bench.read(
        bench.write(
            "log.csv", "request_id,account_id,time,prompt\n" + plain + 'x,a,2026-02-01,"open\n' + plain
        )
    )
    assert (bench.quarantine.good, bench.quarantine.bad) == (100, 101)
    bench.quarantine = Quarantine()
    rows = json.dumps([spend_row(i) for i in range(100)], indent=1)
    half = rows.index('"r50"')
    bench.read(bench.write("log.json", rows[:half] + "{" + rows[half:]))
    assert bench.quarantine.good == 50
    assert 40 < bench.quarantine.bad < 60


def test_document_breaks_off(bench: Bench, spend_row: Make) -> None:
    content = json.dumps([spend_row(i) for i in range(3)], indent=1)
    assert len(bench.read(bench.write("log.json", content[:-200]))) == 2
    assert bench.quarantine.rows == [("log.json", 3, "", "the JSON document breaks off here")]


def test_looking_at_many_files_is_told(bench: Bench, spend_row: Make) -> None:
    for number in range(3):
        pq.write_table(pa.Table.from_pylist([spend_row(number)]), bench.folder / f"log-{number}.parquet")
    told: list[tuple[int, int]] = []
    plan(
        [bench.folder],
        settings=bench.settings,
        progress=lambda _step, done, total: told.append((done, total)),
    )
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_damaged_parquet(bench: Bench, spend_row: Make) -> None:
    path = bench.folder / "log.parquet"
    pq.write_table(pa.Table.from_pylist([spend_row(i) for i in range(40)]), path, row_group_size=20)
    whole = path.read_bytes()
    place = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    path.write_bytes(whole[:place] + b"\xff" * 64 + whole[place + 64 :])
    source = plan([path], settings=bench.settings)[0]
    assert sum(map(len, read(source, bench.ingest_context, bench.quarantine))) == 20
    assert (bench.quarantine.good, bench.quarantine.bad) == (20, 20)
    path.write_bytes(whole[:-100])
    with pytest.raises(InputError, match="Parquet"):
        plan([path], settings=bench.settings)


def test_share_of_bad_rows(bench: Bench, spend_row: Make) -> None:
    quarantine = Quarantine(good=100)
    for row in range(20):
        quarantine.add("a.jsonl", row, "time", "no time")
    check_share(quarantine, bench.settings)
    quarantine.add("a.jsonl", 21, "", "not valid JSON")
    with pytest.raises(TooManyBadRows, match=r"21 of 121 rows \(17.4%\)") as caught:
        check_share(quarantine, bench.settings)
    assert "20  time: no time" in str(caught.value)
    assert "a.jsonl" in caught.value.where
    check_share(Quarantine(good=10_000, bad=400), bench.settings)


def test_quarantine_is_bounded_travels_and_merges() -> None:
    quarantine = Quarantine()
    for row in range(STORED_ROWS + 5):
        quarantine.add("a", row, "", "bad")
    quarantine.mend("address", "no address")
    merged = Quarantine()
    merged.merge(pickle.loads(pickle.dumps(quarantine)))
    assert (merged.bad, len(merged.rows), merged.mended.total()) == (STORED_ROWS + 5, STORED_ROWS, 1)
    assert merged.table().schema == QUARANTINE.arrow
    assert Quarantine().table().num_rows == 0


def test_schema_and_batch_size(bench: Bench, spend_row: Make) -> None:
    bench.settings = IngestSettings(batch_rows=10, batch_bytes=4_000)
    bench.ingest_context = IngestContext(bench.settings)
    rows = [spend_row(i) for i in range(25)] + [
        spend_row(i, messages=json.dumps([{"role": "user", "content": "w" * 9_000}])) for i in range(3)
    ]
    pq.write_table(pa.Table.from_pylist(rows), bench.folder / "log.parquet")
    for path in (bench.lines("log.jsonl", rows), bench.folder / "log.parquet"):
        batches = list(read(plan([path], settings=bench.settings)[0], bench.ingest_context, bench.quarantine))
        assert all(batch.schema == REQUESTS.arrow and len(batch) <= 10 for batch in batches)
        assert sum(map(len, batches)) == 28
        assert max(batch.nbytes for batch in batches) < 30_000
