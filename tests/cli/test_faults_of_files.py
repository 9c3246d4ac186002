"""A file that cannot be what it is given for never ends as a fault of Stillwatch."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from village import Row, small_row

from stillwatch import errors
from stillwatch.cli import main
from stillwatch.ingest import IngestContext, Quarantine, read_accounts, read_edge
from stillwatch.schema.keyed import HashKey
from stillwatch.settings import IngestSettings
from stillwatch.sketch import sketch_accounts


def told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object
) -> tuple[int, str]:
    """Exit code and stderr of the entry point in this process."""
    monkeypatch.setattr("sys.argv", ["stillwatch", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code, capsys.readouterr().err


def write_log(folder: Path, *rows: object) -> Path:
    path = folder / "log.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


OPTIONS = ("accounts", "edge", "networks", "permits", "releases", "mapping", "settings", "key-file")
GARBAGE = {
    "random bytes": random.Random(7).randbytes(5_000),
    "zeros": b"\0" * 5_000,
    "no end of line": b"\xfe" * 70_000,
    "half a Parquet file": b"PAR1" + random.Random(8).randbytes(500),
    "a line of quotes": b'"' * 501 + b"\n" + b'a,"b\n' * 30,
}


@pytest.mark.parametrize("option", OPTIONS[:-1])
def test_a_binary_file_given_for_anything_is_the_caller_s_mistake(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, option: str
) -> None:
    """But for a key file, which may hold any bytes."""
    log = write_log(tmp_path, *(small_row(i) for i in range(12)))
    for name, content in GARBAGE.items():
        for suffix in (".csv", ".mmdb") if option == "networks" else ("",):
            path = tmp_path / f"given{suffix}"
            path.write_bytes(content)
            words = ["detect", log, f"--{option}", path, "--out", tmp_path / "run"]
            code, said = told(capsys, monkeypatch, *words, "--public-key")
            assert code in (errors.EXIT_USER, errors.EXIT_BAD_ROWS), (name, said)
            assert "given" in said
            assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("option", OPTIONS)
def test_a_file_without_end_ends_in_a_message(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, option: str
) -> None:
    log = write_log(tmp_path, *(small_row(i) for i in range(12)))
    public = [] if option == "key-file" else ["--public-key"]
    words = ["detect", log, f"--{option}", "/dev/zero", "--out", tmp_path / "run", *public]
    code, said = told(capsys, monkeypatch, *words)
    assert code == errors.EXIT_USER
    assert "/dev/zero" in said


@pytest.mark.parametrize("header", ["", "account_id,created\n"], ids=["nothing", "a header alone"])
def test_an_empty_side_table_is_a_warning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, header: str
) -> None:
    log = write_log(tmp_path, *(small_row(i) for i in range(12)))
    accounts, edge = tmp_path / "accounts.csv", tmp_path / "edge.parquet"
    accounts.write_text(header, encoding="utf-8")
    pq.write_table(pa.table({"request_id": pa.array([], pa.string())}), edge)
    words = ("--accounts", accounts, "--edge", edge, "--out", tmp_path / "run", "--public-key")
    code, said = told(capsys, monkeypatch, "detect", log, *words)
    assert code == 0, said
    assert f"the accounts file holds no row: {accounts}" in said
    assert f"the edge log holds no row: {edge}" in said
    notes = pq.read_table(tmp_path / "run" / "quarantine.parquet").to_pylist()
    assert {(row["file"], row["row"]) for row in notes} == {("accounts.csv", 0), ("edge.parquet", 0)}


def test_a_header_that_names_no_account_is_an_error_even_without_rows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = write_log(tmp_path, *(small_row(i) for i in range(12)))
    (tmp_path / "accounts.csv").write_text("colour,size\n", encoding="utf-8")
    words = ("--accounts", tmp_path / "accounts.csv", "--out", tmp_path / "run", "--public-key")
    code, said = told(capsys, monkeypatch, "detect", log, *words)
    assert code == errors.EXIT_USER
    assert "no column that names the account" in said


def test_times_at_the_ends_of_the_calendar_and_huge_counts_are_rows_like_others(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ends = (
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        1e20,
        2**80,
        -(2**70),
    )
    rows = [small_row(i) for i in range(12)] + [small_row(20 + i, time=end) for i, end in enumerate(ends)]
    rows[0]["response"]["body"]["usage"] = {"prompt_tokens": 2**70, "completion_tokens": 1e300}
    log = write_log(tmp_path, *rows)
    accounts = tmp_path / "accounts.jsonl"
    known = [{"account_id": f"small-{i % 3}", "created": end, "banned": end} for i, end in enumerate(ends)]
    accounts.write_text("\n".join(map(json.dumps, known)), encoding="utf-8")
    releases = tmp_path / "releases.toml"
    releases.write_text("[[release]]\nmodel = 'wren-1'\ntime = 9999-12-31T23:59:59Z\n", encoding="utf-8")
    permits = tmp_path / "permits.toml"
    permits.write_text(
        "[[permit]]\nname = 'a'\naccounts = ['small-1']\nvolume = 9223372036854775807\n"
        "starts = 1970-01-01\nexpires = 9999-12-31T23:59:59Z\n",
        encoding="utf-8",
    )
    words = ("--accounts", accounts, "--releases", releases, "--permits", permits, "--public-key")
    code, said = told(capsys, monkeypatch, "detect", log, *words, "--out", tmp_path / "run")
    assert code == 0, said
    about = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert (about["exchanges"], about["quarantined"]) == (12, 6)
    stored = pq.read_table(tmp_path / "run" / "accounts.parquet")
    assert stored["created"].null_count == stored["banned"].null_count == stored.num_rows


def test_a_parquet_side_table_of_strange_types_is_read_or_refused(tmp_path: Path) -> None:
    columns: dict[str, pa.Array[Any]] = {
        "binary": pa.array([b"small-1", b"\xff\xfe"]),
        "unsigned": pa.array([2**64 - 1, 1], pa.uint64()),
        "dates": pa.array([10**6, -(10**6)], pa.date32()),
        "seconds": pa.array([2**52, -(2**52)], pa.timestamp("s")),
        "nanoseconds": pa.array([2**62, -(2**62)], pa.timestamp("ns", "UTC")),
        "lists": pa.array([["a"], []]),
        "structures": pa.array([{"a": 1}, None]),
        "durations": pa.array([1, 2], pa.duration("s")),
        "floats": pa.array([float("nan"), 1e300]),
        "truths": pa.array([True, None]),
        "nothing": pa.nulls(2),
    }
    context, path = IngestContext(IngestSettings()), tmp_path / "accounts.parquet"
    ids = pa.array(["small-1", "small-2"])
    for column in columns.values():
        for table in (
            {"account_id": column},
            {"account_id": ids, **dict.fromkeys(("created", "banned", "plan", "email"), column)},
        ):
            pq.write_table(pa.table(table), path)
            quarantine = Quarantine()
            try:
                rows = read_accounts(path, context, quarantine)
            except errors.InputError:  # an id made of parts is none
                assert table["account_id"] is columns["structures"]
                continue
            known, _ = sketch_accounts(rows, HashKey.public(), ())
            assert known.num_rows == rows.num_rows == 2 - quarantine.bad
            assert known.to_pylist() is not None, "times that Python cannot hold are left out"
            assert list(read_edge_side(path, context)) is not None


def read_edge_side(path: Path, context: IngestContext) -> list[Row]:
    """The same columns as those of an edge log."""
    table = pq.read_table(path)
    names = ["request_id", "address", "asn", "user_agent", "region"][: table.num_columns]
    edge = path.with_name("edge.parquet")
    pq.write_table(table.rename_columns(names), edge)
    return [row for batch in read_edge(edge, context, Quarantine()) for row in batch.to_pylist()]


def test_a_command_that_fails_makes_no_key(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = tmp_path / "home" / "key"
    monkeypatch.setenv("STILLWATCH_KEY_FILE", str(key))
    log, other = write_log(tmp_path, *(small_row(i) for i in range(12))), tmp_path / "other.log"
    other.write_text("no log at all\n", encoding="utf-8")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("dear reader", encoding="utf-8")
    (tmp_path / "permits.toml").write_text("[[permits]]\n", encoding="utf-8")
    run = tmp_path / "run"
    for words in (
        ("detect", tmp_path / "absent", "--out", run),
        ("detect", other, "--out", run),
        ("detect", log, "--out", tmp_path / "letters"),
        ("detect", log, "--accounts", tmp_path / "absent", "--out", run),
        ("detect", log, "--networks", tmp_path / "absent", "--out", run),
        ("detect", log, "--permits", tmp_path / "permits.toml", "--out", run),
    ):
        assert told(capsys, monkeypatch, *words)[0] == errors.EXIT_USER
        assert not key.exists(), words
    assert told(capsys, monkeypatch, "detect", log, "--out", run)[0] == 0
    assert key.exists()


def test_a_key_that_cannot_be_kept_is_told_with_its_place(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "home").write_text("a file where a folder is wanted", encoding="utf-8")
    monkeypatch.delenv("STILLWATCH_KEY_FILE")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    log = write_log(tmp_path, *(small_row(i) for i in range(12)))
    code, said = told(capsys, monkeypatch, "detect", log, "--out", tmp_path / "run")
    assert code == errors.EXIT_USER
    assert "none can be made" in said
    assert str(tmp_path / "home" / "stillwatch" / "key") in said
