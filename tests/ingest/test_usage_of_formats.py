"""Each format fills the five counts with one meaning."""

from __future__ import annotations

from typing import Any

import pytest
from ingest_bench import Bench
from otlp_rows import export, span

from stillwatch.ingest.token_parts import ADDED

COUNTS = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens", "cache_written_tokens")
AT = "2026-02-01T12:00:00Z"
SAID = [{"role": "user", "content": "what is a reef"}]
BODY = {"model": "heron", "messages": SAID}
LINE = {"account_id": "ada", "time": AT, "request_id": "r1"}
CHAT = {
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "prompt_tokens_details": {"cached_tokens": 60},
    "completion_tokens_details": {"reasoning_tokens": 5},
}
APART = {
    "input_tokens": 30,
    "cache_read_input_tokens": 60,
    "cache_creation_input_tokens": 10,
    "output_tokens": 20,
}
GEMINI = {
    "promptTokenCount": 100,
    "cachedContentTokenCount": 60,
    "candidatesTokenCount": 15,
    "thoughtsTokenCount": 5,
    "totalTokenCount": 120,
}
SPEND = {
    "request_id": "s1",
    "call_type": "acompletion",
    "api_key": "5f",
    "startTime": AT,
    "endTime": AT,
    "user": "ada",
    "status": "success",
    "spend": 0,
}


def _answer(usage: dict[str, Any]) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": "coral"}}], "usage": usage}


def _span(**attributes: Any) -> dict[str, Any]:
    head = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "heron", "user.id": "ada"}
    return export(span({**head, **attributes}))


ROWS: dict[str, tuple[str, dict[str, Any], tuple[int | None, ...]]] = {
    "chat": ("openai_jsonl", {**LINE, "request": BODY, "response": _answer(CHAT)}, (100, 20, 5, 60, None)),
    "responses": (
        "openai_jsonl",
        {
            **LINE,
            "request": {"model": "heron", "input": "what is a reef"},
            "response": {
                "object": "response",
                "output": [],
                "usage": {
                    "input_tokens": 100,
                    "input_tokens_details": {"cached_tokens": 60},
                    "output_tokens": 20,
                    "output_tokens_details": {"reasoning_tokens": 5},
                },
            },
        },
        (100, 20, 5, 60, None),
    ),
    "anthropic": (
        "anthropic_messages_jsonl",
        {
            **LINE,
            "request": {**BODY, "model": "claude-x", "max_tokens": 9},
            "response": {"type": "message", "content": [], "usage": APART},
        },
        (100, 20, None, 60, 10),
    ),
    "spend": (
        "litellm_spend_logs",
        {
            **SPEND,
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "metadata": {"usage_object": {**CHAT, "cache_read_input_tokens": 60}},
        },
        (100, 20, 5, 60, None),
    ),
    "spend of an old version": (
        "litellm_spend_logs",
        {
            **SPEND,
            "prompt_tokens": 30,
            "completion_tokens": 20,
            "metadata": {"usage_object": {"cache_read_input_tokens": 60, "cache_creation_input_tokens": 10}},
        },
        (100, 20, None, 60, 10),
    ),
    "otel": (
        "otel_genai",
        _span(
            **{
                "gen_ai.usage.input_tokens": 100,
                "gen_ai.usage.cache_read.input_tokens": 60,
                "gen_ai.usage.cache_creation.input_tokens": 10,
                "gen_ai.usage.output_tokens": 20,
            }
        ),
        (100, 20, None, 60, 10),
    ),
    "otel with counts of Anthropic": (
        "otel_genai",
        _span(
            **{
                "gen_ai.usage.input_tokens": 30,
                "gen_ai.usage.cache_read.input_tokens": 60,
                "gen_ai.usage.cache_creation.input_tokens": 10,
                "gen_ai.usage.output_tokens": 20,
            }
        ),
        (100, 20, None, 60, 10),
    ),
    "openinference": (
        "otel_genai",
        _span(
            **{
                "llm.token_count.prompt": 100,
                "llm.token_count.prompt_details.cache_read": 60,
                "llm.token_count.completion": 20,
                "llm.token_count.completion_details.reasoning": 5,
            }
        ),
        (100, 20, 5, 60, None),
    ),
    "langfuse span": (
        "otel_genai",
        _span(
            **{
                "langfuse.observation.usage_details": '{"input": 40, "input_cached_tokens": 60, "output": 15, '
                '"output_reasoning_tokens": 5, "total": 120}'
            }
        ),
        (100, 20, 5, 60, None),
    ),
    "langsmith": (
        "langsmith_runs",
        {
            "id": "l1",
            "run_type": "llm",
            "trace_id": "t",
            "start_time": AT,
            "inputs": {"messages": SAID},
            "extra": {"metadata": {"user_id": "ada"}},
            "prompt_tokens": 7,
            "outputs": {
                "usage_metadata": {
                    "input_tokens": 100,
                    "input_token_details": {"cache_read": 60, "cache_creation": 10},
                    "output_tokens": 20,
                    "output_token_details": {"reasoning": 5},
                }
            },
        },
        (100, 20, 5, 60, 10),
    ),
    "langsmith's columns": (
        "langsmith_runs",
        {
            "id": "l1",
            "run_type": "llm",
            "trace_id": "t",
            "start_time": AT,
            "inputs": {"messages": SAID},
            "extra": {"metadata": {"user_id": "ada"}},
            "prompt_tokens": 100,
            "prompt_token_details": {"cache_read": 60},
            "completion_tokens": 20,
            "outputs": {},
        },
        (100, 20, None, 60, None),
    ),
    "vertex": (
        "vertex_request_response",
        {
            "logging_time": AT,
            "endpoint": "e",
            "request_id": "1",
            "model": "heron",
            "metadata": {"labels": {"user_id": "ada"}},
            "full_request": {
                "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
                "labels": {"user": "ada"},
            },
            "full_response": {"candidates": [], "usageMetadata": GEMINI},
        },
        (100, 20, 5, 60, None),
    ),
    "kong": (
        "kong_ai",
        {
            "client_ip": "203.0.113.4",
            "started_at": 1769947200000,
            "latencies": {},
            "request": {"id": "k1", "uri": "/v1/chat/completions"},
            "consumer": {"id": "ada"},
            "ai": {"proxy": {"meta": {"request_model": "heron"}, "usage": CHAT}},
        },
        (100, 20, 5, 60, None),
    ),
    "helicone": (
        "helicone_requests",
        {
            "request_id": "h1",
            "request_created_at": AT,
            "request_user_id": "ada",
            "response_status": 200,
            "prompt_tokens": 30,
            "prompt_cache_read_tokens": 60,
            "prompt_cache_write_tokens": 10,
            "completion_tokens": 20,
        },
        (100, 20, None, 60, 10),
    ),
    "openrouter": (
        "openrouter_activity",
        {
            "generation_id": "g1",
            "created_at": AT,
            "api_key_name": "ada",
            "tokens_prompt": 90,
            "tokens_completion": 18,
            "native_tokens_prompt": 100,
            "native_tokens_completion": 20,
            "native_tokens_reasoning": 5,
            "native_tokens_cached": 60,
        },
        (100, 20, 5, 60, None),
    ),
    "envoy": (
        "envoy_ai_gateway",
        {
            "start_time": AT,
            "response_code": 200,
            "response_flags": "-",
            "x-user-id": "ada",
            "gen_ai.request.model": "heron",
            "gen_ai.usage.input_tokens": 100,
            "gen_ai.usage.cached_input_tokens": 60,
            "gen_ai.usage.output_tokens": 20,
        },
        (100, 20, None, 60, None),
    ),
    "generic": (
        "generic",
        {
            "account_id": "ada",
            "time": AT,
            "prompt": "what is a reef",
            "input_tokens": 30,
            "cached_tokens": 60,
            "cache_written_tokens": 10,
            "output_tokens": 15,
            "reasoning_tokens": 20,
        },
        (100, 35, 20, 60, 10),
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_one_meaning_in_every_format(bench: Bench, name: str) -> None:
    form, row, right = ROWS[name]
    path = bench.lines("rows.jsonl", [row])
    assert bench.format_of(path) == form
    (found,) = bench.read(path)
    assert tuple(found[count] for count in COUNTS) == right


def test_what_was_added_is_said(bench: Bench) -> None:
    bench.read(bench.lines("rows.jsonl", [ROWS["generic"][1], ROWS["chat"][1]]), "generic")
    assert {(column, reason): n for (column, reason), n in bench.quarantine.mended.items()} == {
        ("input_tokens", ADDED["input_tokens"]): 1,
        ("output_tokens", ADDED["output_tokens"]): 1,
    }
