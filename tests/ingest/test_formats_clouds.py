"""Logs of clouds and gateways in the other shapes that these systems write."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ingest_bench import Bench

from stillwatch.settings import IngestSettings

ASKED = {"model": "heron", "messages": [{"role": "user", "content": "what is a reef"}]}
ANSWERED = {"choices": [{"message": {"role": "assistant", "content": "coral"}}]}
USER = [{"role": "user", "text": "what is a reef"}]


def _bedrock(**changes: Any) -> dict[str, Any]:
    return {
        "schemaType": "ModelInvocationLog",
        "timestamp": "2026-02-01T12:00:00Z",
        "identity": {"arn": "arn:aws:iam::1:user/ada"},
        "requestId": "b1",
        "operation": "InvokeModel",
        "modelId": "heron",
        "input": {"inputBodyJson": {"prompt": "what is a reef"}, "inputTokenCount": 9},
        "output": {"outputBodyJson": {"generation": "coral"}, "outputTokenCount": 4},
        **changes,
    }


@pytest.mark.parametrize(
    ("arn", "account"),
    [
        ("arn:aws:iam::1:user/ada", "arn:aws:iam::1:user/ada"),
        (
            "arn:aws:sts::1:assumed-role/app/ada@example.com",
            "arn:aws:sts::1:assumed-role/app/ada@example.com",
        ),
        ("arn:aws:sts::1:assumed-role/app/botocore-session-1769947200", "arn:aws:sts::1:assumed-role/app"),
        ("arn:aws:sts::1:assumed-role/p/app/i-0123456789abcdef0", "arn:aws:sts::1:assumed-role/p/app"),
    ],
)
def test_bedrock_takes_the_caller_and_no_session_that_software_made_up(
    bench: Bench, arn: str, account: str
) -> None:
    found = bench.read(bench.lines("b.json", [_bedrock(identity={"arn": arn})]))
    assert [row["account_id"] for row in found] == [account]


@pytest.mark.parametrize(
    ("body", "answer", "said", "words"),
    [
        ({"inputText": "what is a reef"}, {"results": [{"outputText": "coral"}]}, USER, "coral"),
        ({"prompt": "what is a reef"}, {"outputs": [{"text": "coral"}]}, USER, "coral"),
        ({"prompt": "what is a reef"}, [{"generation": "co"}, {"generation": "ral"}], USER, "coral"),
        (
            {"messages": [{"role": "user", "content": [{"text": "what is a reef"}]}]},
            [
                {"contentBlockDelta": {"delta": {"text": "co"}}},
                {"contentBlockDelta": {"delta": {"text": "ral"}}},
            ],
            USER,
            "coral",
        ),
        (
            {
                "anthropic_version": "bedrock-2023-05-31",
                "messages": [{"role": "user", "content": "what is a reef"}],
            },
            [
                {
                    "type": "message_start",
                    "message": {"type": "message", "content": [], "usage": {"input_tokens": 9}},
                },
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "co"}},
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "ral"}},
                {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 4}},
            ],
            USER,
            "coral",
        ),
        (None, None, None, None),
    ],
)
def test_bedrock_reads_every_family_of_models_and_keeps_rows_without_bodies(
    bench: Bench, body: Any, answer: Any, said: Any, words: str | None
) -> None:
    row = _bedrock(
        input={"inputBodyJson": body, "inputBodyS3Path": "s3://b/i", "inputTokenCount": 9},
        output={"outputBodyJson": answer, "outputTokenCount": 4},
    )
    found = bench.read(bench.lines("b.json", [row]))
    assert [(r["messages"], r["answer"], r["input_tokens"], r["output_tokens"]) for r in found] == [
        (said, words, 9, 4)
    ]


def test_bedrock_steps_over_embeddings_and_knows_errors_and_inclusive_counts(bench: Bench) -> None:
    counted = {"inputBodyJson": {"prompt": "x"}, "inputTokenCount": 35, "cacheReadInputTokenCount": 7}
    rows = [
        _bedrock(modelId="amazon.titan-embed-text-v2:0"),
        _bedrock(errorCode="ThrottlingException", output={}),
        _bedrock(input=counted, output={"outputBodyJson": {"usage": {"input_tokens": 28}}}),
        _bedrock(input=counted, output={"outputBodyJson": {"usage": {"input_tokens": 35}}}),
    ]
    found = bench.read(bench.lines("b.json", rows))
    assert [row["status"] for row in found] == [429, 200, 200]
    assert [row["input_tokens"] for row in found][1:] == [35, 42]
    assert set(bench.quarantine.stepped.items()) == {(("b.json", "embeddings"), 1)}


def test_api_management_joins_rows_in_any_order_with_the_row_of_the_gateway(bench: Bench) -> None:
    text = json.dumps(ASKED["messages"])
    rows = [
        {"CorrelationId": "a1", "SequenceNumber": 2, "RequestMessages": text[20:]},
        {
            "CorrelationId": "a2",
            "SequenceNumber": 1,
            "RequestMessages": text,
            "TimeGenerated": "2026-02-01T12:00:01Z",
        },
        {
            "CorrelationId": "a1",
            "ApimSubscriptionId": "ada",
            "CallerIpAddress": "203.0.113.4",
            "ResponseCode": 200,
        },
        {"CorrelationId": "a1", "SequenceNumber": 1, "RequestMessages": text[:20]},
        {
            "CorrelationId": "a1",
            "SequenceNumber": 0,
            "ModelName": "heron",
            "PromptTokens": 9,
            "TimeGenerated": "2026-02-01T12:00:00Z",
        },
        {
            "CorrelationId": "a3",
            "ApimSubscriptionId": "eve",
            "Url": "/other",
            "TimeGenerated": "2026-02-01T12:00:00Z",
        },
    ]
    found = bench.read(bench.lines("a.json", rows))
    assert [(r["request_id"], r["account_id"], r["address"], r["messages"]) for r in found] == [
        ("a1", "ada", "203.0.113.4", USER)
    ]
    assert bench.quarantine.bad == 1
    assert "names no account" in next(iter(bench.reasons()))[1]
    assert set(bench.quarantine.stepped) == {("a.json", "calls that the model log does not have")}


def test_api_management_reads_the_export_of_a_storage_account(bench: Bench) -> None:
    inside = {
        "correlationId": "a1",
        "sequenceNumber": 1,
        "requestMessages": ASKED["messages"],
        "userId": "ada",
    }
    record = {"time": "2026-02-01T12:00:00Z", "category": "GatewayLlmLogs", "properties": inside}
    found = bench.read(bench.write("a.json", json.dumps({"records": [record]})))
    assert [(r["request_id"], r["account_id"], r["messages"]) for r in found] == [("a1", "ada", USER)]


def test_azure_openai_steps_over_audits_and_embeddings(bench: Bench) -> None:
    def record(name: str, category: str = "RequestResponse") -> dict[str, Any]:
        inside = json.dumps({"objectId": "ada", "modelDeploymentName": "heron"})
        return {
            "TimeGenerated": "2026-02-01T12:00:00Z",
            "Category": category,
            "OperationName": name,
            "properties_s": inside,
            "CallerIPAddress": "203.0.113.***",
            "ResultSignature": "429",
        }

    rows = [record("ChatCompletions_Create"), record("Embeddings_Create"), record("ListKey", "Audit")]
    found = bench.read(bench.lines("d.json", rows))
    assert [(r["account_id"], r["status"], r["address"]) for r in found] == [("ada", 429, None)]
    assert {kind for _, kind in bench.quarantine.stepped} == {"embeddings", "audits"}


def test_vertex_puts_the_pieces_of_a_body_together(bench: Bench) -> None:
    text = json.dumps({"contents": [{"role": "user", "parts": [{"text": "what is a reef"}]}]})
    row = {
        "endpoint": "projects/1/locations/x/publishers/google/models/heron",
        "logging_time": "2026-02-01 12:00:00 UTC",
        "request_id": "1",
        "api_method": "GenerateContent",
        "request_payload": [text[:20], text[20:]],
        "metadata": {"labels": {"tenant": "ada"}},
    }
    found = bench.read(bench.lines("v.jsonl", [row, {**row, "model": "text-embedding-5"}]))
    assert [(r["account_id"], r["model"], r["messages"]) for r in found] == [("ada", "heron", USER)]
    assert set(bench.quarantine.stepped) == {("v.jsonl", "embeddings")}


def test_vertex_takes_the_principal_before_a_label_that_a_client_writes(bench: Bench) -> None:
    body = {"contents": [{"role": "user", "parts": [{"text": "what is a reef"}]}]}
    row = {
        "endpoint": "projects/1/locations/x/publishers/google/models/heron",
        "logging_time": "2026-02-01 12:00:00 UTC",
        "api_method": "GenerateContent",
        "full_request": {**body, "labels": {"user": "chosen"}},
        "metadata": {"principal_email": "ada@example.org"},
    }
    rows = [{**row, "request_id": "1"}, {**row, "request_id": "2", "metadata": {"principal": "-"}}]
    found = bench.read(bench.lines("v.jsonl", rows))
    assert [row["account_id"] for row in found] == ["ada@example.org", "chosen"]
    assert [row["end_user"] is None for row in found] == [False, True]


def test_kong_reads_its_older_names_and_steps_over_other_services(bench: Bench) -> None:
    row = {
        "client_ip": "10.0.0.1",
        "started_at": 1769947200000,
        "latencies": {"request": 8},
        "request": {"id": "k1", "uri": "/chat", "headers": {"x-forwarded-for": "203.0.113.4"}},
        "response": {"status": 200},
        "consumer": {"custom_id": "ada"},
    }
    older = {"ai-proxy": {"usage": {"prompt_token": 9}, "meta": {"request_model": "heron"}}}
    older["payload"] = {"request": json.dumps(ASKED)}
    found = bench.read(bench.lines("k.log", [row, {**row, "ai": older}]))
    assert [(r["account_id"], r["input_tokens"], r["address"], r["messages"]) for r in found] == [
        ("ada", 9, "203.0.113.4", USER)
    ]
    assert set(bench.quarantine.stepped) == {("k.log", "calls of other services")}


def test_cloudflare_keeps_rows_whose_bodies_are_encrypted_and_reads_its_api(bench: Bench) -> None:
    pushed = {
        "Cached": False,
        "Endpoint": "/v1/messages",
        "Gateway": "g",
        "Metadata": '{"user_id": "ada"}',
        "Metrics": {"durationMs": 800},
        "Model": "heron",
        "Provider": "p",
        "RateLimited": False,
        "RequestBody": {"type": "encrypted", "data": "AAAA"},
        "StatusCode": 200,
        "Timestamp": 1769947200000,
    }
    listed = {
        "id": "l1",
        "created_at": "2026-02-01T12:00:00Z",
        "provider": "p",
        "model": "heron",
        "status_code": 200,
        "tokens_in": 9,
        "tokens_out": 4,
        "cached": False,
        "metadata": {"user": "eve"},
        "path": "chat/completions",
    }
    found = bench.read(bench.lines("p.jsonl", [pushed, {**pushed, "Endpoint": "embeddings"}]))
    assert [(r["account_id"], r["duration_ms"], r["messages"]) for r in found] == [("ada", 800, None)]
    found = bench.read(bench.lines("l.jsonl", [listed]))
    assert [(r["account_id"], r["input_tokens"]) for r in found] == [("eve", 9)]


def test_openrouter_reads_a_generation_of_its_api(bench: Bench) -> None:
    inside = {
        "id": "gen-1",
        "created_at": "2026-02-01T12:00:00Z",
        "model": "heron",
        "tokens_prompt": 9,
        "tokens_completion": 4,
        "native_tokens_prompt": 11,
        "cancelled": True,
        "external_user": "ada",
    }
    found = bench.read(bench.write("g.json", json.dumps({"data": inside})))
    assert [(r["account_id"], r["input_tokens"], r["status"]) for r in found] == [("ada", 11, 499)]


def test_a_row_with_input_and_output_alone_is_no_bedrock_log_and_the_reverse(bench: Bench) -> None:
    plain = {
        "time": "2026-02-01T12:00:00Z",
        "account_id": "ada",
        "input": "what is a reef",
        "output": "coral",
    }
    bare = {name: value for name, value in _bedrock().items() if name != "schemaType"}
    assert bench.format_of(bench.lines("p.jsonl", [plain])) != "bedrock_invocations"
    assert bench.format_of(bench.lines("b.jsonl", [bare])) == "bedrock_invocations"


def test_the_field_of_the_operator_names_the_account(bench: Bench) -> None:
    bench.settings = IngestSettings(account_field="requestMetadata.team")
    bench.ingest_context = type(bench.ingest_context)(bench.settings)
    found = bench.read(bench.lines("b.json", [_bedrock(requestMetadata={"team": "blue"})]))
    assert [row["account_id"] for row in found] == ["blue"]
