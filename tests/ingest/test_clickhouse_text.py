"""Maps as ClickHouse writes them in tables of text."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from ingest_bench import Bench

from stillwatch.ingest.clickhouse_text import clickhouse_value


def escaped(text: str) -> str:
    for mark, written in (("\\", "\\\\"), ("'", "\\'"), ("\t", "\\t"), ("\n", "\\n")):
        text = text.replace(mark, written)
    return text


def written(attributes: dict[str, str]) -> str:
    return "{" + ",".join(f"'{escaped(name)}':'{escaped(value)}'" for name, value in attributes.items()) + "}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{}", {}),
        ("{'a':'b','c':1}", {"a": "b", "c": "1"}),
        (r"{'a':'it\'s \\ \x41\n'}", {"a": "it's \\ A\n"}),
        ("['a','b']", ["a", "b"]),
        ("[{'a':'b'},{}]", [{"a": "b"}, {}]),
        ("{'a'", "{'a'"),
        ("{'a':'b'} more", "{'a':'b'} more"),
        ("[" * 50 + "'a'", "[" * 50 + "'a'"),
        ('{"a": 1}', '{"a": 1}'),
        ("{'" + "a" * 100_000, "{'" + "a" * 100_000),
    ],
)
def test_values_and_what_is_none(text: str, value: Any) -> None:
    assert clickhouse_value(text) == value


@pytest.mark.parametrize("kind", ["csv", "tsv"])
def test_a_prompt_with_many_brackets_takes_no_span_out(bench: Bench, kind: str) -> None:
    prompt = "what's a reef" + "[(" * 3000
    messages = json.dumps([{"role": "user", "parts": [{"type": "text", "content": prompt}]}])
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "heron", "user.id": "ada"}
    attributes["gen_ai.input.messages"] = messages
    names = ["Timestamp", "TraceId", "SpanId", "SpanName", "SpanAttributes", "Duration"]
    row = ["2026-02-01 12:00:00.5", "t1", "s1", "chat heron", written(attributes), "8000"]
    out = io.StringIO()
    if kind == "csv":
        csv.writer(out).writerows([names, row])
    else:
        out.write("\t".join(names) + "\n" + "\t".join(map(escaped, row)) + "\n")
    (read,) = bench.read(bench.write(f"spans.{kind}", out.getvalue()))
    assert read["account_id"] == "ada"
    assert read["messages"][0]["text"] == prompt
