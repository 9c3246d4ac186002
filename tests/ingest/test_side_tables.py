"""Accounts files, edge logs, pseudonyms and mapping files."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingest_bench import Bench

from stillwatch.errors import InputError, SettingError
from stillwatch.ingest import IngestContext, pseudonym_key, read_accounts, read_edge
from stillwatch.ingest.accounts import prefix_of, shape_of
from stillwatch.schema.requests import ACCOUNT_ROWS, EDGE

ACCOUNT = {
    "id": "u1",
    "created_at": "2025-11-02T08:00:00Z",
    "tier": "pro",
    "email": "Jo.Doe42@Mail.Example",
    "phone": "+49 151 2345678",
    "card_fingerprint": "4111 1111 1111 1111",
    "organization": "Acme",
    "country": "DE",
    "banned_at": None,
}


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_accounts(bench: Bench, kind: str) -> None:
    path = bench.folder / f"accounts.{kind}"
    if kind == "jsonl":
        bench.lines(path.name, [ACCOUNT])
    elif kind == "csv":
        bench.write(
            path.name, ",".join(ACCOUNT) + "\n" + ",".join(value or "" for value in ACCOUNT.values()) + "\n"
        )
    else:
        pq.write_table(pa.Table.from_pylist([ACCOUNT]), path)
    table = read_accounts(path, bench.ingest_context, bench.quarantine)
    assert table.schema == ACCOUNT_ROWS.arrow
    (row,) = table.to_pylist()
    assert row["created"] == datetime(2025, 11, 2, 8, tzinfo=UTC)
    assert (row["account_id"], row["plan"], row["organisation"], row["region"], row["banned"]) == (
        "u1",
        "pro",
        "Acme",
        "DE",
        None,
    )
    assert (row["email_domain"], row["email_shape"], row["phone_prefix"]) == (
        "mail.example",
        "a2.a392",
        "+491512",
    )
    assert not any(secret in json.dumps(row, default=str) for secret in ("Doe", "2345678", "4111"))


def test_accounts_faults(bench: Bench) -> None:
    rows = [
        {"account_id": "a", "created": "soon"},
        {"account_id": None, "created": "2025-01-01"},
        {"account_id": "b", "created": "2025-01-01"},
    ]
    table = read_accounts(bench.lines("accounts.jsonl", rows), bench.ingest_context, bench.quarantine)
    assert table["account_id"].to_pylist() == ["a", "b"]
    assert bench.quarantine.rows == [("accounts.jsonl", 2, "account_id", "no account")]
    assert bench.quarantine.mended == {("created", "no time that can be read: left out"): 1}
    with pytest.raises(InputError, match="no column that names the account"):
        read_accounts(bench.lines("other.jsonl", [{"name": "x"}]), bench.ingest_context, bench.quarantine)
    assert read_accounts(bench.write("empty.csv", ""), bench.ingest_context, bench.quarantine).num_rows == 0


def test_shapes() -> None:
    assert [shape_of(f"{local}@x") for local in ("anna", "a1b2", "x_99-y", "")] == [
        "a4",
        "a9a9",
        "a_92-a",
        None,
    ]
    assert [prefix_of(phone) for phone in ("+1 (415) 555-2671", "0049151234567", "12", "")] == [
        "+141555",
        "+491512",
        None,
        None,
    ]


EDGES: list[dict[str, Any]] = [
    {
        "request_id": "r1",
        "address": "203.0.113.9:55",
        "ja4": "t13d1516h2_8daaf6152771_b186095e22b6",
        "user_agent": "SDK/1",
        "asn": "AS64500",
        "country": "NL",
    },
    {"request_id": None, "address": "203.0.113.9"},
]
ENVOY = {
    "x-request-id": "r1",
    "downstream_remote_address": "203.0.113.9:55",
    "tls_ja4_fingerprint": EDGES[0]["ja4"],
    "user-agent": "SDK/1",
    "asn": 64500,
    "country": "NL",
}


def test_edge_logs_agree(bench: Bench) -> None:
    pq.write_table(pa.Table.from_pylist(EDGES), bench.folder / "edge.parquet")
    for path in (
        bench.lines("edge.jsonl", EDGES),
        bench.folder / "edge.parquet",
        bench.lines("envoy.jsonl", [ENVOY]),
    ):
        (batch,) = read_edge(path, bench.ingest_context, bench.quarantine)
        assert batch.schema == EDGE.arrow
        assert batch.to_pylist() == [
            {
                "request_id": "r1",
                "address": "203.0.113.9",
                "asn": 64500,
                "network_class": None,
                "region": "NL",
                "user_agent": "SDK/1",
                "stainless": None,
                "ja4": EDGES[0]["ja4"],
                "outside": True,
                "seen": None,
                "place": 1,
                "id_rank": 0,
                "id_column": "x-request-id" if path.stem == "envoy" else "request_id",
            }
        ]
    assert bench.quarantine.bad == 2
    with pytest.raises(InputError, match="names the request"):
        list(read_edge(bench.lines("bad.jsonl", [{"ja4": "x"}]), bench.ingest_context, bench.quarantine))


def test_pseudonyms_join_and_hide(bench: Bench, tmp_path: Path) -> None:
    keys = [bench.write(name, name * 20) for name in ("k1", "k2")]
    seen = []
    for key in keys:
        bench.ingest_context = IngestContext(bench.settings, pseudonym_key=pseudonym_key(key))
        (row,) = bench.read(
            bench.lines(
                "log.jsonl",
                [{"request_id": "r", "account_id": "person@x", "time": "2026-02-01", "end_user": "child"}],
            )
        )
        account = read_accounts(
            bench.lines("acc.jsonl", [{"account_id": "person@x"}]), bench.ingest_context, bench.quarantine
        )["account_id"][0].as_py()
        assert row["account_id"] == account
        assert len(account) == 16
        assert "person" not in str(row)
        assert "child" not in str(row)
        seen.append(account)
    assert seen[0] != seen[1]
    with pytest.raises(SettingError, match="fewer than 16"):
        pseudonym_key(bench.write("short", "abc"))


MAPPING = (
    '[columns]\nrequest_id = "rid"\naccount_id = "who.id"\ntime = "at"\nprompt = "payload.q"\nsystem '
    '= "payload.sys"\nanswer = "a"\n[defaults]\nmodel = "m"\nstatus = 200\n[time]\nunit = "ms"\n'
)
LOG = {
    "rid": 7,
    "who": {"id": "u1"},
    "at": 1769940000000,
    "payload": {"q": "hello", "sys": "be brief"},
    "a": "hi",
}


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_mapping(bench: Bench, kind: str) -> None:
    mapping = bench.write("map.toml", MAPPING)
    path = bench.folder / f"log.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist([LOG]), path)
    else:
        bench.lines(path.name, [LOG])
    (row,) = bench.read(path, mapping=mapping)
    assert (row["request_id"], row["account_id"], row["time"]) == (
        "7",
        "u1",
        datetime(2026, 2, 1, 10, tzinfo=UTC),
    )
    assert row["messages"] == [{"role": "system", "text": "be brief"}, {"role": "user", "text": "hello"}]
    assert (row["model"], row["status"], row["answer"]) == ("m", 200, "hi")


MISTAKES = {
    "columns = 3": r"\[columns\] must be a section",
    "[colums]\ntime='t'": "unknown section: colums",
    "[columns]\nacount_id='a'": r"unknown key in \[columns\]: acount_id",
    "[columns]\ntime=3\naccount_id='a'": "columns.time must be",
    "[columns]\ntime='t'": "does not say where account_id is",
    "[columns]\ntime='t'\naccount_id='a'\n[time]\nunit='days'": "time.unit must be one of",
    "[columns": "is not TOML",
}


@pytest.mark.parametrize(("content", "says"), MISTAKES.items())
def test_mapping_mistakes(bench: Bench, content: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        bench.read(bench.lines("log.jsonl", [LOG]), mapping=bench.write("map.toml", content))


PLAIN: list[dict[str, Any]] = [
    {"request_id": "a", "prompt": "hello", "system": "be brief", "answer": "hi"},
    {"request_id": "b", "prompt": None, "system": "only", "answer": None},
    {"request_id": "c", "prompt": "", "system": None, "answer": '{"choices":[{"message":{"content":"x"}}]}'},
    {
        "request_id": "d",
        "prompt": "[not json",
        "system": None,
        "answer": "hi",
        "input_tokens": 3.0,
        "status": 200,
    },
]


def test_generic_parquet_and_jsonl_agree(bench: Bench) -> None:
    rows = [
        {"account_id": "u", "time": "2026-02-01T10:00:00", "input_tokens": None, "status": None, **row}
        for row in PLAIN
    ]
    pq.write_table(pa.Table.from_pylist(rows), bench.folder / "log.parquet")
    assert bench.format_of(bench.folder / "log.parquet") == "generic"
    found = bench.read(bench.folder / "log.parquet")
    assert found == bench.read(bench.lines("log.jsonl", rows))
    assert [row["messages"] and [m["text"] for m in row["messages"]] for row in found] == [
        ["be brief", "hello"],
        ["only"],
        None,
        ["[not json"],
    ]
    assert [row["answer"] for row in found] == ["hi", None, "x", "hi"]
    assert found[3]["input_tokens"] == 3


def test_every_format_says_what_it_cannot_carry() -> None:
    from stillwatch.registry import FORMATS

    assert len(FORMATS.all()) >= 7
    for name, format in FORMATS.all().items():
        assert format.name == name
        assert format.title
        assert format.source
        assert format.blind_spots
