"""CSV as spreadsheets, databases and people write it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest_bench import Bench

from stillwatch.errors import InputError
from stillwatch.ingest import cut_cells
from stillwatch.ingest.cut_cells import CUT_ROW, CellCutter
from stillwatch.ingest.files.comma import TWICE, csv_rows, header_of
from stillwatch.ingest.notes import take_notes
from stillwatch.ingest.quarantine import BadRow

Make = Callable[..., dict[str, Any]]
HEAD = ["request_id", "account_id", "time", "prompt"]


def text_of(rows: list[list[str]], delimiter: str = ",", end: str = "\n", first: str = "") -> str:
    return first + end.join(delimiter.join(row) for row in [HEAD, *rows]) + end


ROWS = [[f"r{i}", f"u{i}", "2026-02-01T12:00:00Z", f"hello {i}"] for i in range(6)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("first", ["", "\ufeff", "sep"])
def test_each_shape_is_read(bench: Bench, delimiter: str, end: str, first: str) -> None:
    before = f"\ufeffsep={delimiter}{end}" if first == "sep" else first
    path = bench.write("log.csv", text_of(ROWS, delimiter, end, before))
    assert [row["request_id"] for row in bench.read(path)] == ["r0", "r1", "r2", "r3", "r4", "r5"]
    assert bench.quarantine.bad == 0


def test_an_empty_field_more_in_each_row(bench: Bench) -> None:
    assert len(bench.read(bench.write("log.csv", text_of([[*row, "", ""] for row in ROWS])))) == 6
    with pytest.raises(InputError, match="every row has 5 fields, the header 4"):
        bench.read(bench.write("bad.csv", text_of([[*row, "x"] for row in ROWS])))


def test_repeated_headers_are_stepped_over(bench: Bench) -> None:
    assert len(bench.read(bench.write("log.csv", text_of(ROWS) + text_of(ROWS)))) == 12
    assert bench.quarantine.stepped == {("log.csv", "repeated headers"): 1}
    assert bench.quarantine.bad == 0


def test_windows_text_is_read_and_said(bench: Bench) -> None:
    rows = [*ROWS, ["r6", "u6", "2026-02-01T12:00:00Z", "M\u00fcller \u20ac5"]]
    read = bench.read(bench.write("log.csv", text_of(rows).encode("cp1252")))
    assert read[6]["messages"][0]["text"] == "M\u00fcller \u20ac5"
    assert bench.quarantine.mended == {("prompt", "not UTF-8: read as Windows-1252"): 1}


def test_rounded_ids_are_refused(bench: Bench) -> None:
    rows = [[row[0], "1.23E+15", *row[2:]] for row in ROWS]
    with pytest.raises(InputError, match="'account_id' holds ids in scientific notation"):
        bench.read(bench.write("log.csv", text_of(rows)))
    # One user who calls himself so stops nothing.
    assert len(bench.read(bench.write("log.csv", text_of([*ROWS, rows[0]])))) == 7


def test_a_client_that_writes_a_rounded_id_ends_no_run(bench: Bench) -> None:
    head = "request_id,account_id,time,model,prompt,end_user,conversation\n"
    rows = [f"r{i},u{i},2026-02-01T12:00:00Z,m,hi,," for i in range(3)]
    rows += [f"1E+1{i},eve,2026-02-01T12:00:00Z,m,hi,1E+15,1.23E+14" for i in range(1, 9)]
    found = bench.read(bench.write("log.csv", head + "\n".join(rows)))
    assert len(found) == 11
    eve = [row for row in found if row["account_id"] == "eve"]
    assert {(row["end_user"], row["conversation"]) for row in eve} == {(None, None)}
    assert len({row["request_id"] for row in eve}) == 8
    assert bench.quarantine.mended["end_user", "in scientific notation, which stands for many: left out"] == 8
    short = bench.read(bench.write("b.csv", head + "r,1E+5,2026-02-01T12:00:00Z,m,hi,1E+5,"))
    assert (short[0]["account_id"], short[0]["end_user"]) == ("1E+5", "1E+5"), "a spreadsheet rounds no such"


@pytest.mark.parametrize("change", [str.lower, str.upper, lambda name: name.replace("_", " ").title()])
def test_names_are_known_in_any_case(bench: Bench, spend_row: Make, change: Callable[[str], str]) -> None:
    rows = [{change(name): value for name, value in spend_row(i).items()} for i in range(3)]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    pq.write_table(pa.Table.from_pylist(rows), parquet := bench.folder / "log.parquet")
    for path in (bench.write("log.csv", out.getvalue()), parquet):
        assert bench.format_of(path) == "litellm_spend_logs"
        read = bench.read(path)
        assert [(row["request_id"], row["account_id"], row["model"]) for row in read] == [
            (f"r{i}", "u1", "m-large") for i in range(3)
        ]
        assert read[0]["time"].isoformat() == "2026-02-01T10:00:00+00:00"


def test_generic_names_in_any_case(bench: Bench) -> None:
    text = text_of(ROWS).replace("request_id,account_id,time", "Request ID,Account-Id,TIME")
    assert bench.read(bench.write("log.csv", text))[0]["account_id"] == "u0"


def test_a_blank_line_in_quotes_stays(bench: Bench) -> None:
    text = text_of([[*ROWS[0][:3], '"a\n\nb"']]) + "\n\n" + ",".join(ROWS[1]) + "\n"
    read = bench.read(bench.write("log.csv", text))
    assert [row["messages"][0]["text"] for row in read] == ["a\n\nb", "hello 1"]


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


@given(
    rows=st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8),
    delimiter=st.sampled_from(",;\t|"),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_python_writes_is_read(rows: list[list[str]], delimiter: str, tmp_path: Path) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["id", "b", "c"], *rows])
    found = [row for _, row in csv_rows([out.getvalue().encode()], 1 << 20)]
    wanted = [{n: cell for n, cell in zip(("id", "b", "c"), row, strict=True) if cell} for row in rows]
    assert found == wanted or ["id", "b", "c"] in rows


def test_the_separator_is_counted_outside_quotes() -> None:
    header = header_of('"a,b,c,d";x;y')
    assert header is not None
    assert (header.names, header.delimiter) == (("a,b,c,d", "x", "y"), ";")


LONG = ['the "long" one; ü, or\r\nanother', '\u20ac""\n', "x", '"', "a,b"]


@pytest.mark.parametrize(("longest", "step"), [(2_000, 1), (2_000, 7), (15_000, 1 << 20)])
@pytest.mark.parametrize("words", LONG)
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
def test_a_row_too_long_keeps_its_fields(words: str, step: int, longest: int, quoting: Any) -> None:
    out = io.StringIO()
    writer = csv.writer(out, quoting=quoting, lineterminator="\n")
    writer.writerows([["id", "prompt", "model", "answer"], ["1", "a", "m", "b"]])
    writer.writerows([["2", words * 20_000, "m", words * 9], ["3", "", "m", words]])
    data = out.getvalue().encode()
    take_notes()
    pieces = (data[at : at + step] for at in range(0, len(data), step))
    found = [row for _, row in csv_rows(pieces, longest)]
    rows = [row for row in found if isinstance(row, dict)]
    assert [(row["id"], row["model"]) for row in rows] == [("1", "m"), ("2", "m"), ("3", "m")]
    assert (words * 20_000).startswith(rows[1]["prompt"])
    assert longest - 20 <= len(rows[1]["prompt"].encode().replace(b'"', b'""')) <= longest + 1_100
    assert rows[1]["answer"] == words * 9
    assert rows[2]["answer"] == words
    assert take_notes() == {("", CUT_ROW): 1}


def test_a_quote_never_closed_is_no_long_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays bad, and so is known from the text of a client: what it swallowed is counted as lost."""
    plain = b"".join(b"%d,words,m\n" % i for i in range(9_000))
    monkeypatch.setattr(cut_cells, "OPEN", 40_000)
    data = b'id,prompt,model\na,"words,m\n' + plain
    found = [row for _, row in csv_rows([data], 4_096) if not isinstance(row, dict)]
    assert sum(row.lost for row in found if isinstance(row, BadRow)) > 2_000
    assert [row.reason[:22] for row in found] == ["not readable as CSV: a"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(st.text(max_size=9), min_size=2, max_size=2), max_size=6), st.integers(1, 5))
def test_what_fits_is_read_as_it_stands(rows: list[list[str]], step: int) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([["\u20ac", "b"], *rows])
    data = out.getvalue().encode("utf-8", "replace")
    cut = CellCutter(1 << 20, ",").cut(data[at : at + step] for at in range(0, len(data), step))
    assert b"".join(cut) == data


def test_a_column_named_twice_replaces_nothing(bench: Bench) -> None:
    head = ["request_id", "account_id", "time", "prompt", "account_id", "account_id"]
    rows = [[f"r{i}", "right", "2026-02-01T00:00:00Z", "some words", "wrong", ""] for i in range(3)]
    found = bench.read(
        bench.write("log.csv", "\n".join(",".join(row) for row in [head, rows[0], head, *rows[1:]])),
        "generic",
    )
    assert [row["account_id"] for row in found] == ["right"] * 3
    assert bench.quarantine.stepped == {("log.csv", "repeated headers"): 1}
    assert {column for column, reason in bench.quarantine.mended if reason == TWICE} == {
        "account_id (2)",
        "account_id (3)",
    }


def test_null_without_quotes_is_no_value(bench: Bench) -> None:
    head = "request_id,user_id,timestamp,model,prompt,response\n"
    rows = [
        "r0,ada,2026-02-01T12:00:00Z,heron,NULL,NULL",
        "r1,ada,2026-02-01T12:00:00Z,heron,what is a reef,\\N",
        'r2,ada,2026-02-01T12:00:00Z,heron,"NULL",coral',
        "r3,NULL,2026-02-01T12:00:00Z,heron,null pointers,coral",
    ]
    read = bench.read(bench.write("log.csv", head + "\n".join(rows) + "\n"))
    words = [[message["text"] for message in row["messages"] or ()] for row in read]
    assert words == [[], ["what is a reef"], ["NULL"], ["null pointers"]]
    assert [row["answer"] for row in read] == [None, None, "coral", "coral"]
    assert [row["account_id"] for row in read] == ["ada", "ada", "ada", "NULL"]


def test_headers_as_people_write_them(bench: Bench) -> None:
    head = "Timestamp,Account,Model,Prompt,Response,Input Tokens,Output Tokens,Client IP,User Agent\n"
    line = "2026-02-01T12:00:00Z,ada,heron,what is a reef,coral,9,4,203.0.113.9,openai/1\n"
    (row,) = bench.read(bench.write("log.csv", head + line))
    assert (row["account_id"], row["input_tokens"], row["output_tokens"]) == ("ada", 9, 4)
    assert (row["messages"][0]["text"], row["answer"]) == ("what is a reef", "coral")
    assert (row["address"], row["user_agent"]) == ("203.0.113.9", "openai/1")
