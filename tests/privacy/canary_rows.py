"""A row of each log format, with a canary wherever a person's words, a secret or an identity can stand."""

from __future__ import annotations

import base64
import json

from canary_nest import AGENT, DOMAIN, FRAME, MODEL, Nest, Row


def headers(nest: Nest, name: str) -> Row:
    """Credentials and identities as clients send them."""
    named = (
        "Authorization",
        "Cookie",
        "x-api-key",
        "X-Auth-Token",
        "Proxy-Authorization",
        "X-Amz-Security-Token",
        "Set-Cookie",
        "Referer",
        "X-Prompt",
        "From",
        "x-session-key",
    )
    sent = {
        header: f"Bearer sk-{nest.id(f'{name} {header}')}" if "uth" in header else nest.id(f"{name} {header}")
        for header in named
    }
    return {**sent, "User-Agent": AGENT, "X-Stainless-Lang": "shownlang", "x-forwarded-for": "203.0.113.77"}


def base(nest: Nest, name: str, i: int) -> Row:
    return {
        "request_id": f"shownrequest-{name}-{i}",
        "time": f"2026-03-02T10:{i % 60:02d}:00Z",
        "account_id": f"shownaccount-{i}",
        "headers": headers(nest, name),
        "ip": "203.0.113.77",
        "email": f"{nest.id(f'{name} mail')}@{DOMAIN}",
        "note": nest(f"{name} note"),
        "url": f"https://api.example/v1?q={nest.id(f'{name} url')}",
        "conversation_id": nest.id(f"{name} conversation {i}"),
    }


def openai(nest: Nest, i: int) -> Row:
    """A chat completion with everything that such a body may hold."""
    c, d = nest.at(f"openai {i}")
    call = {
        "id": d("call id"),
        "type": "function",
        "function": {"name": d("call name"), "arguments": json.dumps({d("argument"): c("argument value")})},
    }
    image = "data:image/png;base64," + base64.b64encode(c("image").encode()).decode()
    messages = [
        {"role": "system", "content": c("system prompt")},
        {"role": "user", "name": d("user name"), "content": c("first prompt")},
        {
            "role": "assistant",
            "content": c("history"),
            "reasoning_content": c("reasoning"),
            "refusal": c("history refusal"),
            "tool_calls": [call],
        },
        {"role": "tool", "tool_call_id": d("call id"), "content": c("tool result")},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": f"{c('prompt start')} and then {c('prompt end')}"},
                {"type": "image_url", "image_url": {"url": image}},
                {"type": "file", "file": {"filename": d("file"), "file_data": image}},
            ],
        },
    ]
    tool = {
        "type": "function",
        "function": {
            "name": d("tool name"),
            "description": c("tool text"),
            "parameters": {"properties": {d("tool property"): {"description": c("property")}}},
        },
    }
    request = {
        "model": MODEL, "messages": messages, "tools": [tool], "stop": [c("stop")], "temperature": 0.25, "seed": 7, "user": f"{d('end user')}@mail.example",
        "response_format": {"type": "json_schema", "json_schema": {"name": d("format name"), "schema": {"properties": {d("format property"): {"description": c("format text")}}}}},
        "metadata": {d("metadata key"): c("metadata value"), "session_id": d("session")}, "tool_choice": {"type": "function", "function": {"name": d("tool choice")}},
        "prediction": {"content": c("prediction")}, "prompt_cache_key": d("cache key"), "reasoning_effort": d("effort"), "service_tier": d("service"),
    }  # fmt: skip
    message = {
        "role": "assistant",
        "content": c("answer"),
        "reasoning_content": c("answer reasoning"),
        "annotations": [{"url_citation": {"title": c("citation")}}],
    }
    body = {
        "id": "shownanswer",
        "choices": [{"message": message, "logprobs": {"content": [{"token": d("logprob")}]}}],
        "error": {"message": c("error")},
        "system_fingerprint": d("fingerprint"),
    }
    return base(nest, f"openai {i}", i) | {"request": request, "response": {"status_code": 200, "body": body}}


def responses(nest: Nest) -> Row:
    """A call of the Responses API."""
    c, _ = nest.at("responses")
    spoken = [
        {"role": "user", "content": [{"type": "input_text", "text": c("prompt")}]},
        {
            "type": "reasoning",
            "id": "rs_" + nest.id("reasoning id"),
            "encrypted_content": nest.id("encrypted") * 3,
            "summary": [{"text": c("summary")}],
        },
        {"type": "function_call_output", "call_id": "c", "output": c("tool output")},
    ]
    made = [
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": c("answer")}]}
    ]
    body = {
        "model": MODEL,
        "instructions": c("instructions"),
        "input": spoken,
        "text": {"format": {"type": "json_schema", "name": nest.id("responses format")}},
    }
    return base(nest, "responses", 0) | {
        "request_id": "shownrequest-responses",
        "body": body,
        "response": {"id": "shownresponse", "object": "response", "output": made},
    }


def anthropic(nest: Nest, i: int) -> Row:
    """A call of the Messages API with thinking, signatures, documents and tools."""
    c, d = nest.at(f"anthropic {i}")
    thought = [
        {"type": "thinking", "thinking": c("thinking"), "signature": d("signature") * 4},
        {"type": "redacted_thinking", "data": d("redacted") * 4},
    ]
    document = {
        "type": "document",
        "title": c("title"),
        "context": c("context"),
        "source": {"type": "base64", "data": base64.b64encode(c("document").encode()).decode()},
    }
    messages = [
        {"role": "user", "content": [document, {"type": "text", "text": c("prompt")}]},
        {
            "role": "assistant",
            "content": [
                *thought,
                {"type": "tool_use", "id": "t", "name": d("tool use"), "input": {d("input key"): c("input")}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t",
                    "content": [{"type": "text", "text": c("tool result")}],
                },
                {"type": "text", "text": c("last prompt")},
            ],
        },
    ]
    request = {
        "model": MODEL, "max_tokens": 10, "system": [{"type": "text", "text": c("system")}], "messages": messages, "stop_sequences": [c("stop"), d("stop")],
        "metadata": {"user_id": d("user id")}, "thinking": {"type": d("thinking kind"), "budget_tokens": 1024}, "tools": [{"name": d("tool"), "description": c("tool"), "input_schema": {d("schema"): 1}}],
        "mcp_servers": [{"url": f"https://{d('mcp')}.example", "authorization_token": d("mcp token")}],
    }  # fmt: skip
    answer = {
        "type": "message",
        "id": "shownmessage",
        "content": [
            *thought,
            {"type": "text", "text": c("answer"), "citations": [{"cited_text": c("cited")}]},
        ],
    }
    row = {name: value for name, value in base(nest, f"anthropic {i}", i).items() if name != "headers"}
    return row | {
        "request_headers": headers(nest, f"anthropic {i}") | {"anthropic-version": "2023-06-01"},
        "request": request,
        "response": answer,
    }


def spend(nest: Nest, i: int) -> Row:
    """A row of LiteLLM's spend logs."""
    c, d = nest.at(f"spend {i}")
    body = openai(nest, 100 + i)["request"]
    meta = {
        "user_api_key": d("key hash"), "user_api_key_alias": d("alias"), "user_api_key_user_email": f"{d('mail')}@{DOMAIN}", "requester_custom_headers": headers(nest, f"spend {i}"),
        "error_information": {"error_message": c("error"), "traceback": c("traceback"), "error_code": "429"}, "spend_logs_metadata": {d("meta key"): c("meta")}, "guardrail_information": c("guardrail"),
        "user_agent": AGENT,
    }  # fmt: skip
    return {
        "request_id": f"shownrequest-spend-{i}", "call_type": "acompletion", "api_key": "f" * 64, "spend": 0.1, "prompt_tokens": 3, "completion_tokens": 4,
        "startTime": f"2026-03-02T11:{i:02d}:00", "endTime": f"2026-03-02T11:{i:02d}:01", "model": MODEL, "user": f"shownaccount-{i % 3}", "status": "success",
        "metadata": json.dumps(meta), "requester_ip_address": "203.0.113.77", "messages": json.dumps([{"role": "user", "content": c("prompt")}]),
        "response": json.dumps({"choices": [{"message": {"role": "assistant", "content": c("answer"), "thinking_blocks": [{"thinking": c("thought"), "signature": d("signature") * 3}]}}]}),
        "proxy_server_request": json.dumps({"body": body, "headers": headers(nest, f"spend body {i}"), "url": c("url")}), "request_tags": json.dumps([c("tag")]),
        "end_user": d("end user"), "session_id": d("session"), "cache_key": d("cache"), "team_id": d("team"),
    }  # fmt: skip


def payload(nest: Nest, i: int) -> Row:
    """LiteLLM's StandardLoggingPayload."""
    c, d = nest.at(f"payload {i}")
    body = openai(nest, 200 + i)["request"]
    meta = {
        "user_api_key_user_id": f"shownaccount-{i}",
        "user_api_key_user_email": d("mail"),
        "requester_metadata": {d("key"): c("meta")},
        "requester_custom_headers": headers(nest, f"payload {i}"),
    }
    return {
        "id": f"shownrequest-payload-{i}", "trace_id": d("trace"), "session_id": d("session"), "call_type": "acompletion", "stream": False, "status": "success", "error_str": c("error"),
        "response_cost": 0.0, "total_tokens": 7, "prompt_tokens": 3, "completion_tokens": 4, "startTime": 1772445600.0 + i, "endTime": 1772445601.0 + i, "model": MODEL, "model_group": MODEL,
        "model_parameters": {name: value for name, value in body.items() if name not in ("model", "messages")}, "metadata": meta, "end_user": d("end user"), "request_tags": [c("tag")],
        "messages": body["messages"], "response": {"choices": [{"message": {"role": "assistant", "content": c("answer")}}]},
    }  # fmt: skip


def langfuse(nest: Nest, i: int) -> Row:
    """A Langfuse observation."""
    c, d = nest.at(f"langfuse {i}")
    body = openai(nest, 300 + i)["request"]
    return {
        "id": f"shownrequest-langfuse-{i}", "trace_id": d("trace"), "type": "GENERATION", "name": c("name"), "start_time": "2026-03-02 12:00:00.250000", "end_time": "2026-03-02 12:00:01.250000",
        "provided_model_name": MODEL, "model_parameters": json.dumps({"temperature": 0.25, "stop": c("stop")}), "input": json.dumps({"messages": body["messages"], "tools": body["tools"]}),
        "output": json.dumps({"role": "assistant", "content": c("answer")}), "usage_details": {"input": 3, "output": 4}, "level": "DEFAULT", "status_message": c("status"), "user_id": f"shownaccount-{i}",
        "session_id": d("session"), "prompt_name": c("prompt name"), "version": d("version"), "tags": [c("tag")],
        "metadata": {"client_ip": "203.0.113.77", "user_agent": AGENT, d("meta key"): c("meta"), "headers": headers(nest, f"langfuse {i}")},
    }  # fmt: skip


def otel(nest: Nest, i: int) -> Row:
    """An export with one GenAI span, as text and as structures, and an event."""
    c, d = nest.at(f"otel {i}")
    said = [
        {
            "role": "user",
            "parts": [
                {"type": "text", "content": c("prompt")},
                {"type": "reasoning", "content": c("reasoning")},
            ],
        }
    ]
    made = [
        {
            "role": "assistant",
            "parts": [
                {"type": "text", "content": c("answer")},
                {"type": "tool_call", "name": d("call"), "arguments": {d("argument"): c("argument")}},
            ],
            "finish_reason": "stop",
        }
    ]
    attributes = {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": MODEL, "gen_ai.response.id": f"shownrequest-otel-{i}", "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 4, "user.id": f"shownaccount-{i}", "user.email": f"{d('mail')}@{DOMAIN}", "user.full_name": c("full name"), "enduser.id": d("end user"),
        "gen_ai.conversation.id": d("conversation"), "gen_ai.input.messages": json.dumps(said), "gen_ai.output.messages": json.dumps(made), "gen_ai.tool.definitions": json.dumps([{"name": d("tool"), "description": c("tool")}]),
        "gen_ai.system_instructions": json.dumps([{"type": "text", "content": c("system")}]), "gen_ai.request.stop_sequences": c("stop"), "http.request.header.authorization": "Bearer sk-" + d("authorization"),
        "http.request.header.cookie": d("cookie"), "url.full": "https://api.example/?q=" + d("url"), "user_agent.original": AGENT, "gen_ai.prompt.0.content": c("old prompt"), d("odd attribute"): c("odd value"),
    }  # fmt: skip
    span = {
        "traceId": f"a{i}", "spanId": f"shownrequest-otel-{i}", "name": c("span name"), "startTimeUnixNano": f"17724492{i:02d}000000000", "endTimeUnixNano": f"17724493{i:02d}000000000", "status": {"message": c("status")},
        "attributes": pairs(attributes), "events": [{"name": "exception", "attributes": pairs({"exception.message": c("exception"), "exception.stacktrace": c("stack")})}],
    }  # fmt: skip
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": pairs({"service.name": c("service"), "host.name": d("host")})},
                "scopeSpans": [{"scope": {"name": d("scope")}, "spans": [span]}],
            }
        ]
    }


def generic(nest: Nest, i: int, name: str) -> Row:
    """A row with the names of the table `requests`."""
    c, d = nest.at(f"{name} {i}")
    return {
        "request_id": f"shownrequest-{name}-{i}", "account_id": f"shownaccount-{i}", "time": f"2026-03-02T13:{i:02d}:00Z", "model": MODEL, "status": 200, "input_tokens": 3, "output_tokens": 4,
        "user_agent": AGENT, "parameters": f"stop={d('stop')} temperature=0.25 tool_choice={d('choice')} "
                                           f"{d('loose')}", "end_user": d("end user"), "conversation": d("conversation"),
        "messages": [{"role": "system", "content": c("system")}, {"role": "user", "content": c("prompt")}], "tools": [{"name": d("tool"), "description": c("tool")}],
        "output_format": {"name": d("format")}, "answer": c("answer"), "signatures": [d("signature") * 3], "signed": [d("signed") * 3], "comment": c("comment"),
    }  # fmt: skip


def shared(nest: Nest, i: int) -> Row:
    """One of many accounts that use a public frame, with words of its own in the slot."""
    told = f"{FRAME} about {nest(f'slot {i}')} before the evening comes and the marsh grows dark again"
    return generic(nest, 30 + i, "shared") | {
        "account_id": f"sharer-{i}",
        "messages": [{"role": "user", "content": told}],
    }


def stranger(nest: Nest, i: int) -> Row:
    """One of many accounts that have nothing in common."""
    return {
        "request_id": f"shownrequest-stranger-{i}", "account_id": f"stranger-{i}", "time": f"2026-03-02T{i % 24:02d}:{i % 60:02d}:00Z", "model": MODEL, "status": 200,
        "input_tokens": 3, "output_tokens": 4, "messages": [{"role": "user", "content": nest(f"stranger {i}")}], "answer": nest(f"answer to stranger {i}"),
    }  # fmt: skip


def pairs(attributes: Row) -> list[Row]:
    """Attributes as OTLP writes them."""
    return [
        {"key": name, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for name, value in attributes.items()
    ]
