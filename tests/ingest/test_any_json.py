"""Any shape of JSON, and files of any length: a log is read in bounded memory, and nothing stops a run."""

from __future__ import annotations

import gzip
import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest_bench import Bench

from stillwatch.ingest import IngestContext, plan, read
from stillwatch.settings import IngestSettings

Make = Callable[..., dict[str, Any]]


def jsonl(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def resident() -> int:
    """Bytes of this process in memory."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("memory is measured through /proc")
    return int(statm.read_text().split()[1]) * resource.getpagesize()


def test_memory_does_not_grow_with_the_file(bench: Bench, spend_row: Make) -> None:
    path = bench.folder / "log.jsonl.gz"
    line = jsonl([spend_row(messages=json.dumps([{"role": "user", "content": "w" * 8000}]))])
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(10):
            file.write(line * 1000)
    bench.settings = IngestSettings(batch_bytes=2**20)
    source = plan([path], settings=bench.settings)[0]
    batches = read(source, IngestContext(bench.settings), bench.quarantine)
    next(batches)
    before = resident()
    grown = [resident() - before for _ in batches]
    # 80 MB of text pass; what is held stays within a few batches of 1 MB.
    assert len(grown) > 50
    assert max(grown) < 30 * 2**20


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
        lambda x: (
            st.lists(x, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "messages",
                        "request",
                        "response",
                        "body",
                        "content",
                        "role",
                        "headers",
                        "metadata",
                        "attributes",
                        "choices",
                        "usage",
                        "type",
                        "tools",
                    ]
                ),
                x,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_shape_of_json_stops_a_run(bench: Bench, value: Any) -> None:
    """Whatever a field holds, each format gives a request or a bad row."""
    names = [
        "messages",
        "request",
        "response",
        "body",
        "metadata",
        "headers",
        "input",
        "output",
        "attributes",
        "resourceSpans",
        "proxy_server_request",
        "model_parameters",
        "tags",
        "spans",
        "observations",
        "inputs",
        "outputs",
        "extra",
        "SpanAttributes",
        "Events",
        "attributes.llm.input_messages",
        "attributes.llm.model_name",
    ]
    for format in (
        "openai_jsonl",
        "anthropic_messages_jsonl",
        "litellm_spend_logs",
        "litellm_standard_payload",
        "langfuse_observations",
        "langfuse_traces",
        "langsmith_runs",
        "otel_genai",
        "otel_clickhouse",
        "jaeger_traces",
        "zipkin_spans",
        "phoenix_spans",
        "mlflow_traces",
        "generic",
    ):
        rows = [
            {
                "time": 1769940000,
                "startTime": 1769940000,
                "account_id": "a",
                "user": "a",
                "type": "GENERATION",
                "userId": "a",
                name: value,
            }
            for name in names
        ]
        path: Path = bench.write("log.jsonl", b"".join(json.dumps(row).encode() + b"\n" for row in rows))
        for row in bench.read(path, format):
            assert row["account_id"]
