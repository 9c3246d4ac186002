"""What was made of the files given is told: on the terminal, on the page, in --json and in table use."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from stillwatch.cli import program
from stillwatch.errors import InputError, TooManyBadRows
from stillwatch.ingest import Quarantine, Source, otel_kinds
from stillwatch.ingest.accounts import SEVERAL
from stillwatch.ingest.columns_used import ColumnsOnce, ColumnsUsed, columns_used
from stillwatch.ingest.request import Context
from stillwatch.ingest.source import plan
from stillwatch.ingest.table_use import TableUse
from stillwatch.pipeline.account_of_use import AccountOfUse
from stillwatch.registry import FORMATS
from stillwatch.report.sentences import use as sentences
from stillwatch.run.reading import Run
from stillwatch.settings import IngestSettings

ROWS = 60


def lines(path: Path, rows: Iterable[Any]) -> Path:
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def asked(i: int, account: str) -> dict[str, Any]:
    return {
        "time": f"2026-02-01T12:{i:02d}:00Z",
        "request_id": f"r{i}",
        "account_id": account,
        "path": "/v1/chat/completions",
        "colour": "green",
        "request": {"model": "m", "messages": [{"role": "user", "content": f"question {i}"}]},
        "response": {"choices": [{"message": {"role": "assistant", "content": "answer"}}]},
    }


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty requests, nearly all of one account, among embeddings and health checks."""
    folder = tmp_path_factory.mktemp("logs")
    rows: list[dict[str, Any]] = [asked(i, "big" if i else "small") for i in range(ROWS)]
    rows[5:5] = [{**asked(0, "big"), "path": "/v1/embeddings"}, {"path": "/healthz", "time": 1_770_000_000}]
    rows.append({"time": "never", "account_id": "big", "request": {"messages": [], "model": "m"}})
    return lines(folder / "log.jsonl", rows).parent


def ran(logs: Path, out: Path, *more: str) -> tuple[dict[str, Any], str, Path]:
    """What detect says as JSON and on the terminal."""
    told = CliRunner().invoke(
        program, ["detect", str(logs), "--out", str(out), "--public-key", "--json", *more]
    )
    assert told.exit_code == 0, told.output
    document = orjson.loads(told.stdout)
    shown = CliRunner().invoke(program, ["report", str(out)])
    assert shown.exit_code == 0
    return document["use"], " ".join(shown.stdout.split()), out


def test_rows_and_columns_are_accounted_for(logs: Path, tmp_path: Path) -> None:
    used, _, out = ran(logs, tmp_path / "run")
    told = {(row["what"], row.get("name")): (row["count"], row.get("of")) for row in used["rows"]}
    assert told["read", None] == (ROWS, None)
    assert told["quarantined", None] == (1, None)
    assert told["stepped_over", "embeddings"] == told["stepped_over", "health checks"] == (1, None)
    assert told["ignored", "colour"] == (1, 1)
    assert ("ignored", "request") not in told
    assert told["filled", "messages"] == (ROWS, ROWS)
    assert told["largest_account", None] == (ROWS - 1, ROWS)
    assert [row["code"] for row in used["warnings"]] == ["one_account"]
    [line] = used["lines"]
    assert "60 rows read of 1 file; 2 stepped over (1 embeddings, 1 health checks); 1 not readable" in line
    page = (out / "report.html").read_text()
    assert "One account made 98" in page
    assert "rows stepped over" in page
    assert {row["file"] for row in Run(out).rows("use") if row["what"] == "read"} == {"log.jsonl"}


def test_a_file_that_names_nobody_is_warned_of(logs: Path, tmp_path: Path) -> None:
    accounts = lines(
        tmp_path / "accounts.jsonl", [{"account_id": f"cus_{i}", "plan": "pro"} for i in range(9)]
    )
    used, _, _ = ran(logs, tmp_path / "run", "--accounts", str(accounts))
    assert {"accounts_not_joined"} <= {row["code"] for row in used["warnings"]}
    assert any("names 0 of 2 accounts of the logs" in line for line in used["lines"])


def test_the_terminal_says_it_too(logs: Path, tmp_path: Path) -> None:
    told = CliRunner().invoke(program, ["detect", str(logs), "--out", str(tmp_path / "run"), "--public-key"])
    shown = " ".join(told.stdout.split())
    assert "One account made 98" in shown
    assert "ingest.account_field" in shown
    assert "2 stepped over" in shown


def test_a_log_without_an_exchange_says_what_was_read(tmp_path: Path) -> None:
    rows = [{**asked(i, "a"), "path": "/v1/embeddings"} for i in range(7)]
    log = lines(tmp_path / "log.jsonl", rows)
    call = ["detect", str(log), "--out", str(tmp_path / "run"), "--format", "openai_jsonl", "--public-key"]
    raised = CliRunner().invoke(program, call).exception
    assert isinstance(raised, InputError)
    assert "7 embeddings" in str(raised)
    assert "openai_jsonl" in raised.do


def test_a_column_is_used_if_a_row_without_it_reads_differently() -> None:
    rows = [asked(1, "a"), {**asked(2, "b"), "ip": "203.0.113.4"}]
    found = columns_used(FORMATS.all()["openai_jsonl"], rows, Context())
    assert set(found.used) == {"time", "request_id", "account_id", "request", "response", "ip"}
    assert set(found.ignored) == {"path", "colour"}


def test_every_warning_says_what_to_do() -> None:
    rows = [
        {
            "input": "edge",
            "file": None,
            "what": "joined",
            "name": None,
            "detail": None,
            "count": 0,
            "of": 100,
        },
        {
            "input": "permits",
            "file": None,
            "what": "permit",
            "name": "p",
            "detail": None,
            "count": 0,
            "of": 9,
        },
        {
            "input": "permits",
            "file": None,
            "what": "overlap",
            "name": "p",
            "detail": "q",
            "count": 2,
            "of": 9,
        },
        {
            "input": "accounts",
            "file": None,
            "what": "left_out",
            "name": "created",
            "detail": "no time",
            "count": 20,
            "of": 20,
        },
    ]
    found = sentences.warnings(rows)
    assert [one.code for one in found] == [
        "edge_not_joined",
        "times_left_out",
        "permit_of_nobody",
        "permits_overlap",
    ]
    assert "names 0 of 100 requests" in found[0].text
    assert "20 of 20 could not be read" in found[1].text
    assert all(one.text.endswith(".") and one.do.endswith(".") for one in found)


def row_of(what: str, count: int, **more: Any) -> dict[str, Any]:
    return {"input": "logs", "file": "a", "what": what, "name": None, "detail": None, "of": None} | {
        "count": count,
        **more,
    }


def test_a_file_of_which_most_is_left_out_is_warned_of() -> None:
    half = [row_of("read", 50), row_of("stepped_over", 50, name="embeddings")]
    assert sentences.warnings(half) == []
    [one] = sentences.warnings([*half, row_of("stepped_over", 1, name="images")])
    assert one.code == "mostly_stepped_over"
    assert one.text.startswith("51 of 101 rows of a were stepped over")
    assert "--mapping" in one.do
    few = [row_of("read", 1), row_of("stepped_over", 9, name="embeddings")]
    assert sentences.warnings(few) == []
    lost = [row_of("read", 40), row_of("quarantined", 60), row_of("without_account", 51)]
    [one] = sentences.warnings(lost)
    assert one.code == "mostly_without_account"
    assert "51 of 100 rows of a name no account" in one.text
    assert "ingest.account_field" in one.do


def test_spans_beside_calls_are_no_warning() -> None:
    beside = [row_of("stepped_over", 400, name=name) for name in ("HTTP spans", "tools", "other spans")]
    assert sentences.warnings([row_of("read", 30), *beside]) == []
    [one] = sentences.warnings(beside)
    assert one.code == "mostly_stepped_over"
    assert one.text.startswith("400 of 400 rows of a were stepped over")
    assert sentences.warnings(beside[:2]) == []


def test_kinds_of_spans_are_known_to_the_warning() -> None:
    texts = {"embeddings", "reranking", "images", "audio", "moderations"}
    kinds = {*otel_kinds.WORDS.values(), *(kind for _, kind in otel_kinds.TOLD)} - texts
    assert kinds <= sentences.BESIDE
    assert {otel_kinds.OTHER, otel_kinds.AROUND} <= sentences.UNCLEAR


def test_doubled_permits_and_accounts_are_in_the_account_of_use() -> None:
    permits = [row_of("permit", 3, input="permits", file="p.toml", name=name) for name in ("x", "y", "x")]
    [one] = sentences.warnings(permits)
    assert one.code == "permits_of_one_name"
    assert one.text == "2 permits are called x, so lists cannot tell them apart."
    found, account = Quarantine(), AccountOfUse()
    found.mend("account_id", SEVERAL, 2)
    found.use("a.csv", TableUse(4))
    account._counted("accounts", found)
    assert [(row["what"], row["file"], row["count"]) for row in account.rows] == [("merged", "a.csv", 2)]


def test_rows_without_an_account_are_told_with_the_cure(tmp_path: Path) -> None:
    rows = [asked(i, "a" if i < 20 else "") for i in range(ROWS)]
    log = lines(tmp_path / "log.jsonl", rows)
    call = ["detect", str(log), "--out", str(tmp_path / "run"), "--public-key", "--json"]
    (tmp_path / "s.toml").write_text("[ingest]\nbad_rows_grace = 0\n")
    raised = CliRunner().invoke(program, [*call, "--settings", str(tmp_path / "s.toml")]).exception
    assert isinstance(raised, TooManyBadRows)
    assert "ingest.account_field" in raised.do
    (tmp_path / "s.toml").write_text("[ingest]\nmax_bad_share = 0.9\n")
    told = CliRunner().invoke(program, [*call, "--settings", str(tmp_path / "s.toml")])
    assert told.exit_code == 0, told.output
    assert "mostly_without_account" in {row["code"] for row in orjson.loads(told.stdout)["use"]["warnings"]}


def test_names_beyond_those_told_are_one_more_row() -> None:
    quarantine = Quarantine()
    columns = ColumnsUsed((), tuple(f"c{i:03}" for i in range(75)))
    used = AccountOfUse()
    used.logs(quarantine, [Source(Path("log"), "log", "generic", columns=columns)])
    told = [(row["name"], row["count"], row["of"]) for row in used.rows if row["what"] == "ignored"]
    assert len(told) == 61
    assert told[-1] == ("others", 15, 75)
    assert "75 columns (c000, c001, c002, c003, c004 and 70 more)" in sentences.lines(used.rows)[0]


def test_columns_are_looked_at_again_where_other_ones_hold_a_value() -> None:
    format, look = FORMATS.all()["openai_jsonl"], ColumnsOnce()
    first = [asked(1, "a") | {"client_ip": "203.0.113.4", "remote_addr": None}]
    other = [asked(1, "a") | {"client_ip": None, "remote_addr": "203.0.113.4"}]
    assert "remote_addr" in look(format, first, Context()).ignored
    assert "remote_addr" in look(format, other, Context()).used


def test_columns_ignored_do_not_depend_on_the_order_of_the_files(tmp_path: Path) -> None:
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for path, usage in zip(files, ({"prompt_tokens": 7}, "of no form"), strict=True):
        path.write_bytes(orjson.dumps(asked(1, "a") | {"usage": usage}) + b"\n")
    one, other = (
        {source.name: source.columns for source in plan(given, settings=IngestSettings())}
        for given in (files, files[::-1])
    )
    assert one == other
