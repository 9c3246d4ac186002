"""Rows that ask no model are stepped over and counted; placeholders and inner addresses hide nothing."""

from __future__ import annotations

from typing import Any

import pytest

from stillwatch.client_addresses import ClientAddress
from stillwatch.ingest.addresses import joined
from stillwatch.ingest.endpoints import other_call, other_path
from stillwatch.ingest.envelope import read_line
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.secrets import account_text, first_account
from stillwatch.ingest.values import absent, first, first_text

TALK = {"request": {"model": "m", "messages": [{"role": "user", "content": "hello"}]}, "time": 1_770_000_000}


def line(**more: Any) -> Request | SteppedOver:
    [found] = read_line({**TALK, "account_id": "a", **more}, Context())
    return found


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/embeddings", "embeddings"),
        ("/v1/images/generations?n=2", "images"),
        ("/v1/audio/speech", "audio"),
        ("/v1/messages/count_tokens", "token counts"),
        ("/v1beta/models/g:countTokens", "token counts"),
        ("/v1/models", "lists of models"),
        ("/healthz", "health checks"),
        ("/v1/chat/completions", None),
        ("/openai/deployments/gpt-x/chat/completions?api-version=2", None),
        ("/v1beta/models/g:streamGenerateContent", None),
        ("/model/a.b%3A0/converse-stream", None),
        ("/our/own/way", None),
        ("https://research.example.com/llm/ask", None),
        ("/v1/batch-team/generate/x", None),
        ("/v1beta/models/e:batchEmbedContents", "embeddings"),
    ],
)
def test_paths(path: str, kind: str | None) -> None:
    assert other_path(path) == kind
    found = line(path=path)
    assert found == SteppedOver(kind) if kind else isinstance(found, Request)


@pytest.mark.parametrize(
    "more",
    [
        {"request": {**TALK["request"], "model": "ft:m:acme:embedded-qa", "voice": "x"}},  # type: ignore[dict-item]
        {"request": {"model": "ft:m:acme:embedded-qa", "input": "hello"}, "path": "/v1/responses"},
        {
            "request": {"model": "m", "input": "hello", "voice": "x"},
            "response": {"output": [{"text": "yes"}]},
        },
        {"response": {"object": "list", "data": [], "choices": [{"message": {"content": "yes"}}]}},
    ],
)
def test_no_client_steps_out_by_what_it_writes(more: dict[str, Any]) -> None:
    assert isinstance(line(**more), Request)


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        ("acompletion", None),
        ("aresponses", None),
        ("anthropic_messages", None),
        ("text_completion", None),
        ("agenerate_content_stream", None),
        ("a_call_of_next_year", None),
        ("aembedding", "embeddings"),
        ("arerank", "reranking"),
        ("health_check", "health checks"),
        ("list_models", "lists of models"),
    ],
)
def test_calls_of_a_gateway(call: str, kind: str | None) -> None:
    assert other_call(call) == kind


def test_placeholders_are_absence() -> None:
    for nothing in ("", " ", "-", "NULL", "n/a", "None", "[REDACTED]", "***", "\\N", None):
        assert absent(nothing), nothing
    assert not any(map(absent, ("0", 0, "a", "nobody", False)))
    row = {"key": "[REDACTED]", "user": {"id": 1}, "user_id": "u1", "model": "-"}
    assert first(row, "key", "user_id") == "u1"
    assert first_text(row, "user", "user_id") == "u1"


def test_masked_keys_and_stand_ins_are_no_accounts() -> None:
    for nobody in (
        "sk-...9f2c",
        "sk-ab****cd",
        "default_user_id",
        "litellm-internal-health-check",
        "xxxxxxxx",
    ):
        assert account_text(nobody) is None, nobody
    assert first_account({"user": "default_user_id", "api_key": "abc"}, "user", "api_key") == "abc"


@pytest.mark.parametrize(
    ("trusted", "named", "forwarded", "peer", "client"),
    [
        ((), None, "203.0.113.7", "10.0.0.5", "203.0.113.7"),
        ((), "10.0.0.5", "203.0.113.7", None, "203.0.113.7"),
        ((), "198.51.100.2", "203.0.113.7", "10.0.0.5", "198.51.100.2"),
        ((), None, None, "10.0.0.5", "10.0.0.5"),
        (("192.0.2.0/24",), None, "203.0.113.7", "192.0.2.1", "203.0.113.7"),
        # Nobody of ours passed the header on: the client wrote it.
        (("192.0.2.0/24",), None, "203.0.113.7", "198.51.100.9", "198.51.100.9"),
    ],
)
def test_the_client_among_all_address_fields(
    trusted: tuple[str, ...], named: str | None, forwarded: str | None, peer: str | None, client: str
) -> None:
    value = joined(named, forwarded, peer)
    assert value is not None
    assert ClientAddress(trusted)(value) == client


def test_a_header_cannot_name_the_client_by_itself() -> None:
    value = joined(None, "8.8.8.8\x1f1.1.1.1\x1f9.9.9.9, 203.0.113.7", None)
    assert value is not None
    assert ClientAddress(())(value) == "203.0.113.7"


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("for=8.8.8.8, 203.0.113.9", "203.0.113.9"),
        ("a=b, 203.0.113.9", "203.0.113.9"),
        ('for=8.8.8.8;proto=https, for="[2001:db8::1]:4711";by=x', "2001:db8::1"),
    ],
)
def test_a_client_cannot_change_the_form_of_what_a_proxy_wrote(forwarded: str, client: str) -> None:
    assert ClientAddress(())(forwarded) == client


def test_a_tag_of_the_client_is_no_account_where_the_key_is_known() -> None:
    body = {**TALK["request"], "metadata": {"user_id": "chosen"}}  # type: ignore[dict-item]
    [flat] = read_line({**body, "time": 1_770_000_000, "headers": {"x-api-key": "secret-1"}}, Context())
    assert isinstance(flat, Request)
    assert flat.account_id == "Bearer secret-1"
