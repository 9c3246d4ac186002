"""Lays into a folder what each source system of docs/howto would have written."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import orjson
from howto_calls import ACCOUNTS, AGENT, CALLS, Call, iso, write_lines, write_table

ROLE = "arn:aws:sts::111122223333:assumed-role/gateway"


def lay_opentelemetry(folder: Path) -> None:
    """Write two files of the Collector's file exporter, the accounts, and a balancer's log."""
    half = len(CALLS) // 2
    write_lines(folder / "otel" / "genai-2026-02-03T00-00-00.000.jsonl", [_export(c) for c in CALLS[:half]])
    write_lines(folder / "otel" / "genai.jsonl", [_export(c) for c in CALLS[half:]])
    write_table(
        folder / "accounts.csv",
        "account_id,created,plan,payment_hash,email,organisation,banned_at",
        [(a, "2026-01-05T10:00:00Z", "api", f"pm{a}", f"{a}@mail.example", "", "") for a in ACCOUNTS],
    )
    write_lines(
        folder / "edge.jsonl", [{"request_id": c.id, "client_ip": c.address, "ja4": "t13d1"} for c in CALLS]
    )


def _export(call: Call) -> dict[str, Any]:
    """One export with the server's span and the model's span of one call, as Python's SDK writes them."""
    trace = f"{call.number + 1:032x}"
    server = {
        "http.request.method": "POST",
        "http.route": "/chat",
        "client.address": call.address,
        "user_agent.original": AGENT,
        "request.id": call.id,
    }
    words = [{"role": "user", "parts": [{"type": "text", "content": call.words}]}]
    model = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "heron-4",
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 30,
        "gen_ai.input.messages": orjson.dumps(words).decode(),
        "user.id": call.account,
        "request.id": call.id,
    }
    spans = [
        _span(call, trace, f"{2 * call.number + 1:016x}", "", 2, server),
        _span(call, trace, f"{2 * call.number + 2:016x}", f"{2 * call.number + 1:016x}", 3, model),
    ]
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {}, "spans": spans}]}]}


def _span(
    call: Call, trace: str, span: str, parent: str, kind: int, attributes: dict[str, Any]
) -> dict[str, Any]:
    return {
        "traceId": trace,
        "spanId": span,
        "parentSpanId": parent,
        "name": "call",
        "kind": kind,
        "startTimeUnixNano": str(int(call.start.timestamp()) * 10**9),
        "endTimeUnixNano": str(int(call.end.timestamp()) * 10**9),
        "attributes": [{"key": key, "value": _otlp(value)} for key, value in attributes.items()],
    }


def _otlp(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"arrayValue": {"values": [_otlp(item) for item in value]}}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def lay_langfuse(folder: Path) -> None:
    """Write a blob folder with observations and scores, the accounts, and the application's own edge log."""
    rows = [
        {
            "id": f"obs-{call.number}",
            "trace_id": f"trace-{call.number}",
            "type": "GENERATION",
            "start_time": f"{call.start:%Y-%m-%d %H:%M:%S.%f}",
            "end_time": f"{call.end:%Y-%m-%d %H:%M:%S.%f}",
            "user_id": call.account,
            "level": "DEFAULT",
            "provided_model_name": "heron-4",
            "input": [{"role": "user", "content": call.words}],
            "output": {"role": "assistant", "content": "gladly"},
            "usage_details": {"input": 12, "output": 30, "total": 42},
            "metadata": {"client_ip": call.address, "user_agent": AGENT},
        }
        for call in CALLS
    ]
    spans = [{**rows[0], "id": "obs-span", "type": "SPAN"}]
    score: dict[str, Any] = {"id": "s1", "trace_id": "trace-1", "name": "ok", "value": 1.0, "source": "API"}
    score["data_type"] = "NUMERIC"
    write_lines(folder / "langfuse" / "observations_v2" / "2026-02.jsonl", rows + spans)
    write_lines(folder / "langfuse" / "scores" / "2026-02.jsonl", [score])
    write_table(
        folder / "accounts.csv",
        "user_id,created_at,email,email_verified,app_metadata.plan,blocked",
        [(a, "2026-01-05T10:00:00.000Z", f"{a}@mail.example", "true", "pro", "false") for a in ACCOUNTS],
    )
    write_lines(
        folder / "edge.jsonl", [{"request_id": f"obs-{c.number}", "client_ip": c.address} for c in CALLS]
    )


def lay_bedrock(folder: Path) -> None:
    """Write the objects of invocation logging by day, one of CloudTrail, and the customers."""
    days: dict[str, list[bytes]] = {}
    for call in CALLS:
        row = {
            "schemaType": "ModelInvocationLog",
            "schemaVersion": "1.0",
            "timestamp": iso(call.start),
            "accountId": "111122223333",
            "identity": {"arn": f"{ROLE}/{call.account}"},
            "region": "us-east-1",
            "requestId": f"aws-{call.number}",
            "operation": "Converse",
            "modelId": "heron-large-v1:0",
            "input": {
                "inputContentType": "application/json",
                "inputBodyJson": {"messages": [{"role": "user", "content": [{"text": call.words}]}]},
                "inputTokenCount": 12,
            },
            "output": {"outputContentType": "application/json", "outputTokenCount": 30},
        }
        days.setdefault(f"{call.start:%Y/%m/%d}", []).append(orjson.dumps(row) + b"\n")
    for day, lines in days.items():
        path = folder / "bedrock" / "us-east-1" / day / "12" / "20260201T120000000Z_a1.json.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(gzip.compress(b"".join(lines)))
    records = [
        {
            "eventVersion": "1.09",
            "eventTime": iso(call.start),
            "eventSource": "bedrock.amazonaws.com",
            "eventName": "Converse",
            "sourceIPAddress": call.address,
            "userAgent": "Boto3/1.40",
            "requestID": f"aws-{call.number}",
        }
        for call in CALLS
    ]
    for day, part in (("01", records[:100]), ("02", records[100:])):
        trail = folder / "cloudtrail" / day / "trail.json.gz"
        trail.parent.mkdir(parents=True)
        trail.write_bytes(gzip.compress(orjson.dumps({"Records": part})))
    write_table(
        folder / "customers.csv",
        "name,created,plan,payment_hash,email,organisation",
        [(a, "2026-01-05", "api", f"pm{a}", f"{a}@mail.example", "") for a in ACCOUNTS],
    )


def lay_gateway(folder: Path) -> None:
    """Write Envoy's access log, the log of an nginx before it, and the log of an nginx in its place."""
    rows: list[dict[str, Any]] = [_access(call) for call in CALLS]
    probe = {**rows[0], "path": "/health", "gen_ai.request.model": "-", "x-request-id": "probe"}
    write_lines(folder / "envoy" / "access.jsonl", [*rows, probe])
    lines = [
        f'{c.address} - - [{c.start:%d/%b/%Y:%H:%M:%S} +0000] "POST /v1/chat/completions HTTP/2.0" 200 512 '
        f'"-" "{AGENT}" {c.id}'
        for c in CALLS
    ]
    (folder / "nginx").mkdir()
    (folder / "nginx" / "access.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_lines(
        folder / "nginx" / "llm.jsonl",
        [
            {
                "time": c.start.isoformat(),
                "id": c.id,
                "account": c.account,
                "model": "heron-4",
                "path": "/v1/chat/completions",
                "status": 200,
                "seconds": 2.000,
                "ip": c.address,
                "agent": AGENT,
            }
            for c in CALLS
        ],
    )
    write_table(
        folder / "accounts.csv",
        "account_id,created,plan,payment_hash,email,organisation,rpm_limit,banned_at",
        [(a, "2026-01-05", "api", f"pm{a}", f"{a}@mail.example", "", "60", "") for a in ACCOUNTS],
    )


def _access(call: Call) -> dict[str, Any]:
    return {
        "start_time": iso(call.start),
        "method": "POST",
        "path": "/v1/chat/completions",
        "response_code": 200,
        "duration": 2000,
        "upstream_cluster": "vllm",
        "x-request-id": call.id,
        "x-forwarded-for": "10.0.0.3",
        "downstream_remote_address": "10.0.0.3:41222",
        "user-agent": AGENT,
        "ja4": None,
        "x-account-id": call.account,
        "gen_ai.request.model": "heron-4",
        "gen_ai.usage.input_tokens": "12",
        "gen_ai.usage.output_tokens": "30",
    }
