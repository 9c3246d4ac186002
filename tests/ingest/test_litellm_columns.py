"""SpendLogs from Parquet, read by columns, are what the same rows are as lines, read one by one."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingest_bench import Bench

from stillwatch.ingest import IngestContext, Quarantine
from stillwatch.ingest.broken_off import CUT
from stillwatch.ingest.line_columns import holds_objects
from stillwatch.ingest.litellm_columns import JSON
from stillwatch.ingest.quarantine import BadRow
from stillwatch.registry import FORMATS

Make = Callable[..., dict[str, Any]]


def _said(*contents: Any) -> str:
    return json.dumps([{"role": "user", "content": content} for content in contents])


def _answer(**message: Any) -> str:
    return json.dumps({"id": "c", "choices": [{"message": {"role": "assistant", **message}}]})


def _usage(**usage: Any) -> str:
    return json.dumps({"usage_object": usage})


CHUNKS = (
    'data: {"choices": [{"index": 0, "delta": {"content": "Hel", "reasoning_content": "hm"}}]}\n\n'
    'data: {"choices": [{"index": 0, "delta": {"content": "lo"}}]}\n\ndata: [DONE]\n\n'
)
CACHED = {
    "input_tokens": 9,
    "cache_read_input_tokens": 100,
    "cache_creation_input_tokens": 5,
    "output_tokens": 4,
}
SPOKEN = json.dumps({"type": "message", "content": [{"type": "text", "text": "coral"}], "usage": CACHED})
PASSED = {"call_type": "pass_through_endpoint", "messages": "{}"}
CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {"metadata": _usage(prompt_tokens=12, completion_tokens=7, cache_read_input_tokens=5)},
    {"metadata": _usage(prompt_tokens_details={"cached_tokens": 50, "cache_creation_tokens": 2})},
    {"prompt_tokens": None, "metadata": _usage(input_tokens=4, output_tokens=9, cache_read_input_tokens=5)},
    {"completion_tokens": 3, "metadata": _usage(completion_tokens_details={"reasoning_tokens": 8})},
    {"completion_tokens": -4},
    {"response": SPOKEN, "metadata": "{}"},
    {"response": SPOKEN, "metadata": None, "prompt_tokens": None},
    {"response": SPOKEN, "metadata": '{"usage_object": {"other": 1}}'},
    {"response": SPOKEN, "metadata": _usage(prompt_tokens=12)},
    {"messages": _said("first", "what is a reef and why")[:-12]},
    {"messages": _said("first", 'a "quoted" word')[:-9]},
    {
        "messages": None,
        "proxy_server_request": '{"temperature": 0.5, "messages": [{"role": "user", "content": "kep',
    },
    *({"user": user} for user in ("-", "N/A", "***", "sk-...Ab3D", "default_user_id", " ", "null", "", None)),
    {"user": None, "api_key": None, "team_id": "team-1"},
    {"user": "-", "api_key": "[REDACTED]", "team_id": "default_team_id"},
    {"user": "sk-abcdefghijkl"},
    {"user": "litellm-internal-health-check"},
    {"api_key": "LITELLM_INTERNAL_x"},
    *(
        {"call_type": call}
        for call in ("aembedding", "aimage_generation", "atranscription", "aresponses", "-")
    ),
    {"call_type": "arerank", "messages": "[]", "response": "{}"},
    {**PASSED, "response": "{}", "completion_tokens": 0},
    {**PASSED, "response": "{}", "completion_tokens": 3},
    {**PASSED, "response": _answer(content="hi")},
    *(
        {name: value}
        for name in ("session_id", "end_user", "model", "requester_ip_address")
        for value in ("-", "")
    ),
    {"requester_ip_address": "-", "metadata": '{"requester_ip_address": "203.0.113.9"}'},
    *({"status": status} for status in ("failure", "", None, "null")),
    {"status": "failure", "metadata": '{"error_information": {"error_code": "429"}}'},
    {"messages": "{}", "response": "{}"},
    {"messages": None, "proxy_server_request": '{"messages": [{"role": "user", "content": "kept here"}]}'},
    {"messages": _said("hi", [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {}}])},
    {"messages": "[{'role': 'user', 'content': 'in Python'}]"},
    {"messages": "[{'role': 'user', 'content': cut"},
    {"messages": "{'a' is not there"},
    {"messages": "[" * 300 + "]" * 300},
    {"response": CHUNKS},
    {"response": json.dumps([{"choices": [{"index": 0, "delta": {"content": "Hello"}}]}])},
    {"response": _answer(content="half", refusal="No.")},
    {"response": _answer(content="", tool_calls=[{"function": {"name": "f", "arguments": "{}"}}])},
    {"response": _answer(content="so", reasoning_content="hmm", thinking_blocks=[])},
    {"response": '{"error": {"message": "no"}}'},
    {"metadata": '{"user_agent": "N/A", "headers": {"user-agent": "SDK/2"}}'},
    *(
        {"metadata": "{}", "request_tags": tags}
        for tags in (
            '["mine", "User-Agent: SDK", "User-Agent: SDK/4.1"]',
            '["User-Agent: -"]',
            '["User-Agent: SDK/1", 7',
            "[]",
            '{"User-Agent: ": 1}',
            "User-Agent: SDK",
        )
    ),
    {"request_tags": '["User-Agent: other"]'},
    {
        "proxy_server_request": json.dumps(
            {"url": "u", "headers": {"user-agent": "SDK/3"}, "body": {"temperature": 1, "system": "be kind"}}
        ),
        "metadata": "{}",
    },
)


@pytest.mark.parametrize("together", [False, True], ids=["each", "all"])
def test_columns_are_what_rows_are(bench: Bench, spend_row: Make, together: bool) -> None:
    rows = [
        spend_row(i, end_user="e", team_id=None, proxy_server_request=None, request_tags=None) | c
        for i, c in enumerate(CHANGES)
    ]
    for part in [rows] if together else [[row] for row in rows]:
        seen = []
        for form in ("jsonl", "parquet"):
            bench.quarantine = Quarantine()
            bench.ingest_context = IngestContext(bench.settings)
            path = bench.folder / f"spend.{form}"
            if form == "jsonl":
                bench.lines(path.name, part)
            else:
                pq.write_table(pa.Table.from_pylist(part), path)
            found = bench.read(path, "litellm_spend_logs")
            kept = bench.quarantine
            stepped = sorted((kind, n) for (_, kind), n in kept.stepped.items())
            seen.append((found, stepped, dict(kept.mended), sum(kept.reasons.values())))
        assert seen[0] == seen[1]


def test_lines_with_objects_are_told_from_lines_with_texts(
    spend_row: Callable[..., dict[str, Any]],
) -> None:
    """As columns, their objects would be written as text and parsed again; they have frames instead."""
    texts = spend_row()
    assert not holds_objects(texts, JSON)
    assert not holds_objects(BadRow("", "no row"), JSON)
    for name in ("metadata", "messages", "response"):
        assert holds_objects({**texts, name: json.loads(texts[name])}, JSON)
    assert FORMATS.all()["litellm_spend_logs"].outline is not None


FORM = "%d/%m/%Y %H:%M:%S"


@pytest.mark.parametrize("form", ["jsonl", "parquet", "csv", "openai"])
def test_a_duration_follows_the_form_of_times(bench: Bench, spend_row: Make, form: str) -> None:
    bench.settings = dataclasses.replace(bench.settings, time_format=FORM, time_zone="Europe/Berlin")
    bench.ingest_context = IngestContext(bench.settings)
    row = spend_row(startTime="29/03/2026 01:59:59", endTime="29/03/2026 03:00:01")
    path = bench.folder / f"log.{form}"
    if form == "parquet":
        pq.write_table(pa.Table.from_pylist([row]), path)
    elif form == "csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            writer.writeheader()
            writer.writerow(row)
    else:
        asked = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "account_id": "a"}
        bench.lines(
            path.name,
            [asked | {"time": row["startTime"], "ended_at": row["endTime"]}] if form == "openai" else [row],
        )
    (found,) = bench.read(path, "openai_jsonl" if form == "openai" else None)
    assert found["duration_ms"] == 2000
    assert not bench.quarantine.mended


@pytest.mark.parametrize("nothing", ["-", "null", "N/A", " ", "NaN", "undefined"])
def test_a_mark_for_no_count_is_no_unreadable_count(bench: Bench, spend_row: Make, nothing: str) -> None:
    (found,) = bench.read(bench.lines("log.jsonl", [spend_row(prompt_tokens=nothing, metadata="{}")]))
    assert found["input_tokens"] is None
    assert not bench.quarantine.mended


@pytest.mark.parametrize("by_columns", [True, False])
def test_what_the_answer_tells_and_words_before_a_cut(
    bench: Bench, by_columns: bool, spend_row: Make
) -> None:
    rows = [
        spend_row(response=SPOKEN, metadata="{}", prompt_tokens=114),
        spend_row(messages=_said("what is a reef", "and why is it there")[:-9], response="{}"),
    ]
    if by_columns:
        path = bench.folder / "a.parquet"
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path = bench.folder / "a.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    first, second = bench.read(path)
    assert (first["input_tokens"], first["cached_tokens"], first["cache_written_tokens"]) == (114, 100, 5)
    assert [message["text"] for message in second["messages"]] == ["what is a reef", "and why is it"]
    assert bench.quarantine.mended == {("messages", CUT): 1}
