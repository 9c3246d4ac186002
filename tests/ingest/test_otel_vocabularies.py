"""Spans in the words of each instrumentation: what asks a model is read, what does not is counted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ingest_bench import Bench, Rows
from otlp_rows import export, pairs, span


def read(bench: Bench, *attributes: dict[str, Any]) -> Rows:
    """The calls of spans with these attributes, each in a trace of its own."""
    rows = [export(span(given, trace=f"a{i}")) for i, given in enumerate(attributes)]
    path = bench.lines("otlp.jsonl", rows)
    assert bench.format_of(path) == "otel_genai"
    return bench.read(path)


INFERENCE: dict[str, Any] = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "m-1",
    "llm.input_messages.0.message.role": "system",
    "llm.input_messages.0.message.content": "be brief",
    "llm.input_messages.1.message.role": "user",
    "llm.input_messages.1.message.contents.0.message_content.type": "text",
    "llm.input_messages.1.message.contents.0.message_content.text": "what is this",
    "llm.input_messages.1.message.contents.1.message_content.type": "image",
    "llm.input_messages.1.message.contents.1.message_content.image.image.url": "data:image/png;base64,AA",
    "llm.input_messages.2.message.role": "assistant",
    "llm.input_messages.2.message.tool_calls.0.tool_call.id": "c1",
    "llm.input_messages.2.message.tool_calls.0.tool_call.function.name": "look",
    "llm.input_messages.2.message.tool_calls.0.tool_call.function.arguments": '{"q":1}',
    "llm.input_messages.10.message.role": "tool",
    "llm.input_messages.10.message.content": "four",
    "llm.input_messages.10.message.tool_call_id": "c1",
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.content": "a reef",
    "llm.token_count.prompt": 50,
    "llm.token_count.completion": 9,
    "llm.token_count.prompt_details.cache_read": 30,
    "llm.token_count.prompt_details.cache_write": 5,
    "llm.token_count.completion_details.reasoning": 4,
    "llm.invocation_parameters": '{"temperature":0,"max_tokens":100}',
    "llm.tools.0.tool.json_schema": '{"type":"function","function":{"name":"look"}}',
    "user.id": "u1",
    "session.id": "s1",
}


def test_openinference(bench: Bench) -> None:
    (row,) = read(bench, INFERENCE)
    assert [(m["role"], m["text"]) for m in row["messages"]] == [
        ("system", "be brief"),
        ("user", "what is this\n[image]"),
        ("assistant", '[call look] {"q":1}'),
        ("tool", "four"),
    ]
    assert (row["model"], row["answer"], row["account_id"], row["conversation"]) == (
        "m-1",
        "a reef",
        "u1",
        "s1",
    )
    assert (row["input_tokens"], row["output_tokens"], row["reasoning_tokens"]) == (50, 9, 4)
    assert (row["cached_tokens"], row["cache_written_tokens"]) == (30, 5)
    assert row["parameters"] == "max_tokens=100 temperature=0"
    assert row["tools"] == '[{"function":{"name":"look"},"type":"function"}]'


def test_openinference_without_lists_has_the_bodies(bench: Bench) -> None:
    head = {"openinference.span.kind": "LLM", "llm.model_name": "m", "user.id": "u"}
    body = {"messages": [{"role": "user", "content": "tide"}], "temperature": 1}
    reply = {
        "choices": [{"message": {"content": "moon"}}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 2},
    }
    rows = read(
        bench,
        {**head, "input.value": json.dumps(body), "output.value": json.dumps(reply)},
        {**head, "input.value": "tide", "output.value": "moon"},
    )
    assert [row["messages"] for row in rows] == [[{"role": "user", "text": "tide"}]] * 2
    assert [row["answer"] for row in rows] == ["moon", "moon"]
    assert (rows[0]["input_tokens"], rows[0]["output_tokens"], rows[0]["parameters"]) == (
        7,
        2,
        "temperature=1",
    )


TRACELOOP: dict[str, Any] = {
    "gen_ai.system": "OpenAI",
    "llm.request.type": "chat",
    "gen_ai.request.model": "m-1",
    "gen_ai.prompt.0.role": "user",
    "gen_ai.prompt.0.content": '[{"type":"text","text":"what is fog"}]',
    "gen_ai.completion.0.role": "assistant",
    "gen_ai.completion.0.content": "cloud",
    "gen_ai.completion.0.tool_calls.0.name": "look",
    "gen_ai.completion.0.tool_calls.0.arguments": "{}",
    "llm.request.functions.0.name": "look",
    "llm.request.functions.0.parameters": '{"type":"object"}',
    "llm.usage.total_tokens": 10,
    "gen_ai.usage.prompt_tokens": 7,
    "gen_ai.usage.completion_tokens": 3,
    "traceloop.association.properties.user_id": "u1",
    "traceloop.association.properties.session_id": "s1",
}


def test_traceloop(bench: Bench) -> None:
    (row,) = read(bench, TRACELOOP)
    assert row["messages"] == [{"role": "user", "text": "what is fog"}]
    assert row["answer"] == "cloud\n[call look] {}"
    assert row["tools"] == ('[{"function":{"name":"look","parameters":{"type":"object"}},"type":"function"}]')
    assert (row["account_id"], row["conversation"], row["input_tokens"]) == ("u1", "s1", 7)


SDK: dict[str, Any] = {
    "operation.name": "ai.streamText.doStream my-function",
    "ai.operationId": "ai.streamText.doStream",
    "ai.model.id": "m-1",
    "ai.prompt.messages": json.dumps(
        [
            {"role": "system", "content": "be kind"},
            {"role": "user", "content": [{"type": "text", "text": "hi owl"}]},
            {
                "role": "assistant",
                "content": [{"type": "tool-call", "toolCallId": "c", "toolName": "look", "input": {"q": 1}}],
            },
            {
                "role": "tool",
                "content": [
                    {
                        "type": "tool-result",
                        "toolCallId": "c",
                        "toolName": "look",
                        "output": {"type": "json", "value": {"a": 2}},
                    }
                ],
            },
        ]
    ),
    "ai.response.text": "hoo",
    "ai.response.toolCalls": '[{"toolCallId":"d","toolName":"fly","input":"{}"}]',
    "ai.response.reasoning": "an owl",
    "ai.response.finishReason": "stop",
    "ai.prompt.tools": ['{"type":"function","name":"look"}'],
    "ai.settings.temperature": 0.5,
    "ai.settings.maxOutputTokens": 10,
    "ai.usage.inputTokens": 5,
    "ai.usage.outputTokens": 2,
    "ai.usage.reasoningTokens": 1,
    "ai.usage.cachedInputTokens": 4,
    "ai.telemetry.metadata.userId": "u1",
    "ai.telemetry.metadata.sessionId": "s1",
}


def test_vercel(bench: Bench) -> None:
    (row,) = read(bench, SDK)
    assert [(m["role"], m["text"]) for m in row["messages"]] == [
        ("system", "be kind"),
        ("user", "hi owl"),
        ("assistant", '[call look] {"q":1}'),
        ("tool", '{"a":2}'),
    ]
    assert (row["answer"], row["reasoning_chars"], row["status"]) == ("hoo\n[call fly] {}", 6, 200)
    assert (row["account_id"], row["conversation"], row["model"]) == ("u1", "s1", "m-1")
    assert (row["input_tokens"], row["output_tokens"], row["reasoning_tokens"], row["cached_tokens"]) == (
        5,
        2,
        1,
        4,
    )
    assert row["parameters"] == "max_tokens=10 temperature=0.5"
    assert row["tools"] == '[{"name":"look","type":"function"}]'


@pytest.mark.parametrize("operation", ["ai.generateText", "ai.streamObject", "ai.generateObject"])
def test_the_outer_span_of_vercel_is_no_second_call(bench: Bench, operation: str) -> None:
    outer = {
        "ai.operationId": operation,
        "ai.model.id": "m-1",
        "ai.prompt": '{"system":"be kind","prompt":"hi owl"}',
        "ai.response.text": "hoo",
        "ai.telemetry.metadata.userId": "u1",
    }
    both = bench.lines("both.jsonl", [export(span(SDK, span_id="b2", parent="b1"), span(outer))])
    assert len(bench.read(both)) == 1
    assert bench.quarantine.stepped == {("both.jsonl", "spans around a call"): 1}
    apart = bench.lines("apart.jsonl", [export(span(outer)), export(span(SDK, span_id="b2"))])
    assert [row["request_id"] for row in bench.read(apart)] == ["a1:b2"]
    alone = bench.lines("alone.jsonl", [export(span(outer))])
    (row,) = bench.read(alone)  # an exporter that keeps outer spans only
    assert [m["text"] for m in row["messages"]] == ["be kind", "hi owl"]


def test_logfire(bench: Bench) -> None:
    asked = {"model": "m", "messages": [{"role": "user", "content": "tide"}], "temperature": 0.2}
    replied = {
        "message": {"role": "assistant", "content": "moon"},
        "usage": {"prompt_tokens": 4, "completion_tokens": 2},
    }
    head = {"logfire.msg": "Chat Completion", "request_data": json.dumps(asked), "user.id": "u"}
    events = [
        {"event.name": "gen_ai.user.message", "role": "user", "content": "tide"},
        {"event.name": "gen_ai.choice", "index": 0, "message": {"role": "assistant", "content": "moon"}},
    ]
    rows = read(
        bench,
        {**head, "logfire.span_type": "span", "response_data": json.dumps(replied)},
        {**head, "response_data": json.dumps({"combined_chunk_content": "moon", "chunk_count": 2})},
        {
            "gen_ai.operation.name": "chat",
            "events": json.dumps(events),
            "gen_ai.request.model": "m",
            "user.id": "u",
        },
        {**head, "logfire.span_type": "pending_span"},
    )
    assert [row["messages"] for row in rows] == [[{"role": "user", "text": "tide"}]] * 3
    assert [row["answer"] for row in rows] == ["moon"] * 3
    assert [row["model"] for row in rows] == ["m"] * 3
    assert (rows[0]["input_tokens"], rows[0]["parameters"]) == (4, "temperature=0.2")
    assert bench.quarantine.stepped == {("otlp.jsonl", "pending spans"): 1}


def test_langfuse_mlflow_and_langsmith_attributes(bench: Bench) -> None:
    said = [{"role": "user", "content": "tide"}]
    rows = read(
        bench,
        {
            "langfuse.observation.type": "generation",
            "langfuse.observation.model.name": "m",
            "langfuse.observation.input": json.dumps(said),
            "langfuse.observation.output": "moon",
            "langfuse.observation.usage_details": '{"input":7,"output":2}',
            "langfuse.user.id": "u",
        },
        {
            "mlflow.spanType": '"CHAT_MODEL"',
            "mlflow.spanInputs": json.dumps({"messages": said, "model": "m"}),
            "mlflow.spanOutputs": json.dumps({"choices": [{"message": {"content": "moon"}}]}),
            "mlflow.chat.tokenUsage": '{"input_tokens":7,"output_tokens":2}',
            "mlflow.trace.user": "u",
        },
        {
            "langsmith.span.kind": "llm",
            "gen_ai.request.model": "m",
            "gen_ai.prompt": json.dumps({"messages": said}),
            "gen_ai.completion": json.dumps({"messages": [{"role": "assistant", "content": "moon"}]}),
            "gen_ai.usage.input_tokens": 7,
            "gen_ai.usage.output_tokens": 2,
            "langsmith.metadata.user_id": "u",
        },
    )
    for row in rows:
        assert row["messages"] == [{"role": "user", "text": "tide"}]
        assert (row["answer"], row["model"], row["account_id"]) == ("moon", "m", "u")
        assert (row["input_tokens"], row["output_tokens"]) == (7, 2)
    assert len(rows) == 3


def test_litellm_accounts_are_never_its_default(bench: Bench) -> None:
    head = {"gen_ai.operation.name": "acompletion", "gen_ai.request.model": "m"}
    rows = read(
        bench,
        {**head, "metadata.user_api_key_user_id": "u1", "metadata.user_api_key_hash": "h1"},
        {**head, "metadata.user_api_key_user_id": "default_user_id", "metadata.user_api_key_hash": "h2"},
        {
            **head,
            "user.id": "[REDACTED]",
            "metadata.user_api_key_user_id": "None",
            "metadata.user_api_key_hash": "h3",
            "metadata.user_api_key_end_user_id": "e",
            "metadata.requester_ip_address": "192.0.2.7",
        },
    )
    assert [row["account_id"] for row in rows] == ["u1", "h2", "h3"]
    assert (rows[2]["end_user"], rows[2]["address"]) == ("e", "192.0.2.7")


def test_enduser_is_the_account_only_where_nobody_else_is(bench: Bench) -> None:
    head = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "enduser.id": "e"}
    alone, beside = read(bench, head, {**head, "traceloop.association.properties.user_id": "u"})
    assert (alone["account_id"], alone["end_user"]) == ("e", None)
    assert (beside["account_id"], beside["end_user"]) == ("u", "e")


OTHERS = [
    ({"openinference.span.kind": "CHAIN", "input.value": "x"}, "chains"),
    ({"openinference.span.kind": "EMBEDDING", "embedding.model_name": "e"}, "embeddings"),
    ({"openinference.span.kind": "RETRIEVER"}, "retrievals"),
    ({"openinference.span.kind": "RERANKER"}, "reranking"),
    ({"openinference.span.kind": "GUARDRAIL"}, "guardrails"),
    ({"openinference.span.kind": "EVALUATOR"}, "evaluations"),
    ({"openinference.span.kind": "AGENT"}, "agents"),
    ({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "f"}, "tools"),
    ({"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "e"}, "embeddings"),
    ({"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "m"}, "agents"),
    ({"llm.request.type": "embedding", "gen_ai.request.model": "e"}, "embeddings"),
    ({"llm.request.type": "aembedding"}, "embeddings"),
    ({"traceloop.span.kind": "workflow", "traceloop.entity.input": "x"}, "chains"),
    ({"ai.operationId": "ai.embed.doEmbed", "ai.model.id": "e"}, "embeddings"),
    ({"ai.operationId": "ai.toolCall", "ai.toolCall.name": "f"}, "tools"),
    ({"langfuse.observation.type": "span", "langfuse.observation.input": "x"}, "other spans"),
    ({"langsmith.span.kind": "retriever"}, "retrievals"),
    ({"mlflow.spanType": '"TOOL"', "mlflow.spanInputs": "{}"}, "tools"),
    (
        {"request_data": '{"model":"e","input":["x"]}', "response_data": '{"data":[{"embedding":[1]}]}'},
        "embeddings",
    ),
    ({"http.request.method": "GET", "user.id": "u"}, "HTTP spans"),
    ({"db.system.name": "postgresql"}, "database spans"),
    ({"messaging.system": "kafka"}, "messaging spans"),
    ({"thread.id": 4}, "other spans"),
]


@pytest.mark.parametrize(("attributes", "kind"), OTHERS)
def test_what_asks_no_model_is_counted_by_kind(bench: Bench, attributes: dict[str, Any], kind: str) -> None:
    assert read(bench, attributes) == []
    assert bench.quarantine.bad == 0
    assert bench.quarantine.stepped == {("otlp.jsonl", kind): 1}


@pytest.mark.parametrize(
    "more",
    [
        {"gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"hello"}]}]'},
        {"gen_ai.completion": "yes"},
        {"gen_ai.usage.output_tokens": 4},
        {"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "hello"},
        {"llm.output_messages.0.message.content": "yes"},
    ],
)
def test_a_model_named_like_embeddings_may_talk(bench: Bench, more: dict[str, Any]) -> None:
    head = {"gen_ai.request.model": "my-embed-chat", "gen_ai.usage.input_tokens": 3, "user.id": "u"}
    assert len(read(bench, head | more)) == 1
    quiet = {**head, "gen_ai.prompt.0.content": "a text to embed", "gen_ai.usage.output_tokens": 0}
    assert read(bench, quiet) == []
    assert bench.quarantine.stepped == {("otlp.jsonl", "embeddings"): 1}


def test_parts_of_the_convention_that_are_no_text(bench: Bench) -> None:
    said = [
        {
            "role": "user",
            "parts": [
                {"type": "text", "content": "look"},
                {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "aGk="},
                {"type": "uri", "modality": "audio", "uri": "https://files.example/a"},
                {"type": "file", "mime_type": "application/pdf", "file_id": "f"},
            ],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c", "response": {"a": 1}}]},
    ]
    head = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "user.id": "u"}
    (row,) = read(bench, {**head, "gen_ai.input.messages": said})
    assert row["messages"] == [
        {"role": "user", "text": "look\n[image]\n[audio]\n[file]"},
        {"role": "tool", "text": '{"a":1}'},
    ]


@pytest.mark.parametrize(("counted", "cached", "right"), [(900, 400, 900), (5, 900, 905)])
def test_cached_tokens_are_part_of_the_input(bench: Bench, counted: int, cached: int, right: int) -> None:
    head = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "user.id": "u"}
    usage = {"gen_ai.usage.input_tokens": counted, "gen_ai.usage.cache_read.input_tokens": cached}
    (row,) = read(bench, {**head, **usage})
    assert (row["input_tokens"], row["cached_tokens"]) == (right, cached)


def test_the_agent_around_its_calls_is_no_call(bench: Bench) -> None:
    history = [{"role": "user", "content": "tide"}, {"role": "assistant", "content": "moon"}]
    agent = {"agent_name": "a", "model_name": "m", "all_messages_events": json.dumps(history), "user.id": "u"}
    asked = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}
    both = bench.lines("both.jsonl", [export(span(asked, span_id="b2", parent="b1"), span(agent))])
    (row,) = bench.read(both)
    assert (row["request_id"], row["account_id"]) == ("a1:b2", "u")
    (alone,) = bench.read(bench.lines("alone.jsonl", [export(span(agent))]))
    assert (alone["messages"], alone["answer"]) == ([{"role": "user", "text": "tide"}], "moon")


def test_names_that_lie_deep_or_wide_stop_nothing(bench: Bench) -> None:
    deep = "gen_ai.prompt.0" + ".a" * 5_000
    odd = {
        "gen_ai.prompt.0": "x",
        deep: "y",
        "gen_ai.prompt.99999999999.role": "user",
        "llm.input_messages.0.message": "z",
    }
    head = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "user.id": "u"}
    assert len(read(bench, {**head, **odd})) + bench.quarantine.bad == 1
    assert pairs(odd)
