"""LiteLLM SpendLogs as a Parquet export. This is the default, since it is the fastest to write."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.simulate.caches import STEP
from stillwatch.simulate.clients import as_json
from stillwatch.simulate.compose import take
from stillwatch.simulate.day import REASONING_STEP, Rows
from stillwatch.simulate.writers import WRITERS, Writer, account_ids, combined, model_names

TIME = pa.timestamp("us")
PRICE = 0.000_004
"""US dollars of a token."""


def write(rows: Rows, path: Path) -> None:
    """Write one part of table LiteLLM_SpendLogs."""
    pq.write_table(
        pa.table(columns(rows)),
        path,
        compression="zstd",
        compression_level=1,
        use_dictionary=DICTIONARY,
        write_statistics=["startTime"],
    )


def columns(rows: Rows) -> dict[str, pa.Array[Any]]:
    """Return the table's columns, named as in LiteLLM's schema.prisma; empty ones are left out."""
    n = len(rows)
    total = rows.input_tokens + rows.output_tokens
    model = model_names(rows)
    nothing = take(["{}"], np.zeros(n, np.int64))
    return {
        "request_id": rows.request_id,
        "call_type": take(["acompletion"], np.zeros(n, np.int64)),
        "api_key": _api_keys(rows),
        "spend": pa.array(np.round(total * PRICE, 6)),
        "total_tokens": pa.array(total.astype(np.int32)),
        "prompt_tokens": pa.array(rows.input_tokens.astype(np.int32)),
        "completion_tokens": pa.array(rows.output_tokens.astype(np.int32)),
        "startTime": pa.array(rows.time, TIME),
        "endTime": pa.array(rows.time + rows.duration * 1000, TIME),
        "request_duration_ms": pa.array(rows.duration.astype(np.int32)),
        "model": model,
        "model_group": model,
        "user": account_ids(rows),
        "metadata": metadata(rows),
        "end_user": rows.end_user.fill_null(""),
        "requester_ip_address": take(rows.world.addresses, rows.address),
        "messages": rows.messages if rows.messages is not None else nothing,
        "response": pc.if_else(pa.array(rows.status == 200), rows.response, "{}")
        if rows.response is not None
        else nothing,
        "session_id": rows.conversation,
        "status": take(["failure", "success"], (rows.status == 200).astype(np.int64)),
        "proxy_server_request": bodies(rows) if rows.messages is not None else nothing,
    }


DICTIONARY: Any = [
    "call_type",
    "api_key",
    "model",
    "model_group",
    "user",
    "metadata",
    "end_user",
    "requester_ip_address",
    "status",
    "proxy_server_request",
]


def _api_keys(rows: Rows) -> pa.Array[Any]:
    """Return the hash of each account's key, as LiteLLM keeps it."""
    present, inverse = np.unique(rows.account, return_inverse=True)
    ids = take(rows.world.account_ids, present).to_pylist()
    return take([hashlib.sha256(f"key of {name}".encode()).hexdigest() for name in ids], inverse)


def metadata(rows: Rows) -> pa.Array[Any]:
    """Return what LiteLLM keeps of the caller: user agent, custom headers, error code, reasoning tokens."""
    known, inverse = combined(
        rows.client,
        rows.status,
        np.minimum(rows.reasoning_tokens // REASONING_STEP, 2047),
        rows.cached_tokens // STEP,
    )
    return take(
        [
            as_json(metadata_of(rows, client, status, steps * REASONING_STEP, cached * STEP))
            for client, status, steps, cached in known
        ],
        inverse,
    )


def metadata_of(rows: Rows, client: int, status: int, reasoning: int, cached: int) -> dict[str, Any]:
    """Return one row's metadata."""
    build = rows.world.setting.clients.builds[client]
    found: dict[str, Any] = {
        "user_agent": build.user_agent,
        "applied_guardrails": [],
        "status": "success" if status == 200 else "failure",
    }
    if build.stainless:
        found["requester_custom_headers"] = build.stainless
    if status != 200:
        found["error_information"] = {"error_code": str(status)}
    if status == 200:
        usage: dict[str, Any] = {"prompt_tokens_details": {"cached_tokens": cached}}
        if reasoning:
            usage["completion_tokens_details"] = {"reasoning_tokens": reasoning}
        found["usage_object"] = usage
    return found


def bodies(rows: Rows) -> pa.Array[Any]:
    """Return the request bodies without their messages, which have a column of their own."""
    known, inverse = combined(rows.model, rows.parameters, rows.tools, rows.output_format)
    return take([as_json(body_of(rows, *key)) for key in known], inverse)


def body_of(rows: Rows, model: int, parameters: int, tools: int, output_format: int) -> dict[str, Any]:
    """Return one request's body: model, sampling parameters, tools and output format."""
    setting = rows.world.setting
    body: dict[str, Any] = {"model": setting.models[model].name, **setting.clients.parameters[parameters]}
    if tools:
        body["tools"] = orjson.loads(setting.jobs.toolsets[tools])
    if output_format:
        body["response_format"] = orjson.loads(setting.jobs.formats[output_format])
    return body


WRITERS.add("litellm-parquet", Writer("litellm-parquet", ".parquet", write))
