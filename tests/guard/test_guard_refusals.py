"""Refusals: the shapes of both dialects, what is said of permits, and that no detector is named."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.guard import refusals
from stillwatch.guard.refusals import (
    PERMITS,
    Dialect,
    Fault,
    Wording,
    dialect_of,
    fault,
    refused,
    whole_seconds,
)
from stillwatch.guard.request import Answer, Decision
from stillwatch.response.ladder import Action, Permission, Stage, Step
from stillwatch.response.outcome import Fired

FIRED = Fired("one-template-rule", "abcdef012345", Stage.LIVE, Action(Step.BLOCK), "restricted", 60)
DENIED = Decision(
    "019499fe000070008000000000000001", 5, Answer.DENY, Action(Step.BLOCK), fired=(FIRED,),
    campaign="c-0f3a", tier="named", permit="secret-permit", reason="bulk_use",
)  # fmt: skip
FAULTS = [value for value in vars(refusals).values() if isinstance(value, Fault)]


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("permission", list(Permission))
@pytest.mark.parametrize("answer", [Answer.DENY, Answer.WAIT, Answer.UNAVAILABLE])
def test_every_refusal_has_its_shape_reference_and_permit(
    dialect: Dialect, permission: Permission, answer: Answer
) -> None:
    decision = replace(DENIED, answer=answer, permission=permission, retry_after_s=2.1)
    told = refused(decision, dialect, Wording("https://example.org/appeal"))
    document, headers = json.loads(told.body), dict(told.headers)
    assert headers[b"content-length"] == str(len(told.body)).encode()
    assert headers[b"x-policy-permit"] == permission.value.encode()
    assert headers[b"x-policy-reference"] == decision.id.encode()
    kinds = {Answer.DENY: "permission_error", Answer.WAIT: "rate_limit_error"}
    if dialect is Dialect.ANTHROPIC:
        assert set(document) == {"type", "error", "request_id"}
        assert set(document["error"]) == {"type", "message"}
        assert document["error"]["type"] == kinds.get(answer, "api_error")
        assert headers[b"request-id"].decode() == document["request_id"] == f"req_{decision.id}"
    else:
        assert set(document) == {"error"}
        assert set(document["error"]) == {"message", "type", "param", "code"}
        assert document["error"]["type"] == kinds.get(answer, "server_error")
        assert (document["error"]["param"], headers[b"x-request-id"]) == (None, decision.id.encode())
    message = document["error"]["message"]
    assert message == told.message
    assert PERMITS[permission] in message
    assert decision.id in message
    assert "https://example.org/appeal" in message
    for never in ("one-template-rule", "c-0f3a", "named", "secret-permit", "stillwatch", "abcdef012345"):
        assert never not in told.body.decode().lower()
        assert never not in str(told.headers).lower()
    assert headers.get(b"retry-after") == (None if answer is Answer.DENY else b"3")
    assert headers.get(b"x-should-retry") == (b"false" if answer is Answer.DENY else None)
    assert told.status == {Answer.DENY: 403, Answer.WAIT: 429, Answer.UNAVAILABLE: 503}[answer]


def test_the_reason_is_told_in_words_or_in_the_providers_own() -> None:
    told = refused(DENIED, Dialect.OPENAI, Wording())
    assert "(bulk use)" in told.message
    assert json.loads(told.body)["error"]["code"] == "bulk_use"
    own = refused(DENIED, Dialect.OPENAI, Wording(texts={"bulk_use": "Your plan does not allow this."}))
    assert own.message.startswith("Your plan does not allow this. ")
    verify = refused(replace(DENIED, action=Action(Step.VERIFY)), Dialect.OPENAI, Wording())
    assert "until its owner has been verified" in verify.message
    odd = refused(replace(DENIED, reason="Ünlawful\r\nx: y"), Dialect.OPENAI, Wording())
    assert b"\r\n" not in b"".join(value for _, value in odd.headers)
    assert json.loads(odd.body)["error"]["code"] == "policy_restricted"


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.code)
def test_what_is_refused_without_a_decision_has_the_same_shapes(kind: Fault) -> None:
    for dialect in Dialect:
        told = fault(kind, dialect, "1" * 32)
        document = json.loads(told.body)
        assert document["error"]["type"] == (kind.anthropic if dialect is Dialect.ANTHROPIC else kind.openai)
        assert told.status == kind.status


@given(st.floats())
def test_seconds_to_wait_are_whole_and_at_least_one(seconds: float) -> None:
    told = whole_seconds(seconds)
    assert 1 <= told <= 86_400
    assert math.isnan(seconds) or told >= min(seconds, 86_400)


def test_paths_tell_the_dialect() -> None:
    assert dialect_of("/v1/messages") is dialect_of("/anthropic/v1/messages/") is Dialect.ANTHROPIC
    assert dialect_of("/v1/chat/completions") is dialect_of("/v1/responses") is Dialect.OPENAI
