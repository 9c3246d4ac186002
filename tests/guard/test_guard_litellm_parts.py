"""The parts of the adapter for LiteLLM that need no LiteLLM; tests/peers has the real proxy."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from guard_parts import FixedPolicy, fired, guard, known
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import MissingExtra, SettingError
from stillwatch.guard.cohort import cohort
from stillwatch.guard.decide import Failure
from stillwatch.guard.litellm import Policy
from stillwatch.guard.litellm_reasoning import ReasoningFilter, without_reasoning
from stillwatch.guard.litellm_request import facts_of, request_of
from stillwatch.guard.litellm_rewrite import rewrite, unmarked, withholds
from stillwatch.guard.litellm_settings import AccountField, settings_of
from stillwatch.guard.litellm_usage import note_of, used_tokens
from stillwatch.guard.request import Answer, Decision, Request
from stillwatch.guard.shadow import shadowed
from stillwatch.response.inputs import RequestFacts
from stillwatch.response.ladder import Action, Step

GIVEN = {"state": "/state", "failure": "open", "unreachable_fallback": "fail_closed"}
WORDS = st.text("a1x-cé\ud800", max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    *("model", "stream", "messages", "system", "n", "max_tokens", "logprobs", "top_logprobs", "include"),
    *("thinking", "reasoning", "reasoning_effort", "tools", "generationConfig", "best_of", "metadata"),
    *("litellm_metadata", "extra_headers", "headers", "litellm_call_id"),
)


def decision(*actions: Action, answer: Answer = Answer.ALLOW, **more: Any) -> Decision:
    first, *also = actions or (Action(Step.OBSERVE),)
    return Decision("0" * 32, 5, answer, first, tuple(also), **more)


def test_settings_are_read() -> None:
    found = settings_of("policy", "logging_only", True, {**GIVEN, "account": "key", "timeout_s": 2})
    assert (found.state, found.config.failure, found.shadow) == (Path("/state"), Failure.OPEN, True)
    assert (found.account, found.timeout_s) == (AccountField.KEY, 2.0)
    assert not settings_of("policy", "pre_call", True, GIVEN).shadow


@pytest.mark.parametrize(
    ("name", "mode", "always", "change", "said"),
    [
        ("guard", "pre_call", True, {}, "'guard'"),
        ("policy", "during_call", True, {}, "during_call"),
        ("policy", ["pre_call"], True, {}, "pre_call"),
        ("policy", "pre_call", False, {}, "default_on"),
        ("policy", "pre_call", True, {"state": None}, "no state"),
        ("policy", "pre_call", True, {"failure": None}, "cannot tell"),
        ("policy", "pre_call", True, {"failure": "maybe"}, "maybe"),
        ("policy", "pre_call", True, {"account": "email"}, "email"),
        ("policy", "pre_call", True, {"timeout_s": True}, "timeout_s"),
    ],
)
def test_settings_that_cannot_be_used_are_said(
    name: str, mode: Any, always: Any, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingError, match=said):
        settings_of(name, mode, always, {**GIVEN, **change})


def test_the_rest_may_stand_in_the_configuration_of_the_service(tmp_path: Path) -> None:
    path = tmp_path / "guard.toml"
    path.write_text('[guard]\nfailure = "closed"\nappeal = "https://policy.example"\n')
    found = settings_of("policy", "pre_call", True, {"state": "/state", "config": str(path)}).config
    assert (found.failure, found.guard.appeal) == (Failure.CLOSED, "https://policy.example")
    with pytest.raises(SettingError, match="failure is open here and closed in"):
        settings_of("policy", "pre_call", True, {**GIVEN, "config": str(path)})


@pytest.mark.skipif(find_spec("litellm") is not None, reason="LiteLLM is installed here")
def test_without_litellm_it_says_what_is_missing() -> None:
    with pytest.raises(MissingExtra, match="LiteLLM"):
        Policy("policy", "pre_call", True, **GIVEN)


@pytest.mark.parametrize(
    ("account", "user", "expected"),
    [
        (AccountField.AUTO, "ada", "ada"),
        (AccountField.AUTO, None, "5f"),
        (AccountField.AUTO, "default_user_id", "5f"),
        (AccountField.KEY, "ada", "5f"),
        (AccountField.TEAM, "ada", ""),
    ],
)
def test_the_account_is_chosen_as_the_log_is_read(
    account: AccountField, user: str | None, expected: str
) -> None:
    auth = SimpleNamespace(user_id=user, api_key="5f", team_id=None)
    assert request_of(auth, {"litellm_call_id": "c"}, account) == Request(
        expected, RequestFacts(), "c", "litellm"
    )


def test_facts_of_each_dialect() -> None:
    chat = {
        "model": "m",
        "stream": True,
        "messages": [{"role": "user", "content": "hé"}],
        "n": "3",
        "logprobs": True,
    }
    assert facts_of(chat) == RequestFacts("m", True, 7, 0, 3, True, False, False)
    messages = {
        "model": "m",
        "system": "ab",
        "messages": [],
        "max_tokens": 9,
        "thinking": {"type": "enabled"},
    }
    assert facts_of(messages) == RequestFacts("m", False, 2, 9, 1, False, True, False)
    responses = {
        "input": "abc",
        "max_output_tokens": 4,
        "include": ["message.output_text.logprobs"],
        "tools": [{}],
    }
    assert facts_of(responses) == RequestFacts("", False, 3, 4, 1, True, False, True)
    contents = {"contents": [], "generationConfig": {"candidateCount": 2, "maxOutputTokens": 5}}
    assert facts_of(contents) == RequestFacts("", False, 0, 5, 2, False, False, False)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=8))
def test_nothing_that_a_client_writes_breaks_it(data: dict[str, Any]) -> None:
    facts = facts_of(data)
    assert facts.n >= 1
    assert facts.max_tokens >= 0
    unmarked(data)
    rewrite(data, decision(*(Action(step, model="m") for step in Step), cohort="c"), b"key")
    assert data["model"] == "m"
    assert data["extra_headers"]["x-stillwatch-cohort"] == cohort("c", b"key")
    assert data["extra_headers"]["x-stillwatch-reasoning"] == "summary"
    assert not facts_of(data).logprobs
    assert facts_of(data).n == 1
    assert withholds(data)
    note_of({"litellm_params": data}, "policy_decision")


def test_a_forged_cohort_is_taken_away_in_any_case_of_letters() -> None:
    forged = {"X-Stillwatch-Cohort": "1", "x-d": "2"}
    data: dict[str, Any] = {"extra_headers": forged, "headers": {"x-stillwatch-reasoning": "1"}}
    unmarked(data)
    assert data == {"extra_headers": {"x-d": "2"}, "headers": {}}


def test_trimming_reaches_the_other_dialects() -> None:
    data: dict[str, Any] = {
        "best_of": 9,
        "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
        "generationConfig": {"candidateCount": 8, "responseLogprobs": True, "temperature": 1},
    }
    rewrite(data, decision(Action(Step.TRIM, most_n=2)), b"")
    assert data == {
        "best_of": 2,
        "include": ["reasoning.encrypted_content"],
        "generationConfig": {"candidateCount": 2, "temperature": 1},
    }


def test_usage_of_each_dialect() -> None:
    assert used_tokens({"standard_logging_object": {"prompt_tokens": 7, "completion_tokens": 2}}, None) == 9
    assert used_tokens({}, {"usage": {"input_tokens": 3, "output_tokens": 4}}) == 7
    assert used_tokens({}, SimpleNamespace(usage=SimpleNamespace(prompt_tokens=1, completion_tokens=1))) == 2
    assert used_tokens({}, None) is None
    assert note_of({"litellm_params": {"metadata": {"policy_decision": "d"}}}, "policy_decision") == "d"


def test_a_whole_answer_loses_its_reasoning_and_keeps_signatures() -> None:
    chat: dict[str, Any] = {"choices": [{"message": {"content": "a", "reasoning_content": "secret"}}]}
    assert without_reasoning(chat)["choices"][0]["message"] == {"content": "a", "reasoning_content": None}
    messages: dict[str, Any] = {"content": [{"type": "thinking", "thinking": "secret", "signature": "s"}]}
    assert without_reasoning(messages)["content"] == [{"type": "thinking", "thinking": "", "signature": "s"}]
    item: dict[str, Any] = {"type": "reasoning", "summary": [{"text": "s"}], "content": [{"text": "secret"}]}
    assert without_reasoning({"output": [item]})["output"][0]["content"] == []
    assert item["summary"] == [{"text": "s"}]


EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": {"content": []}},
    {"type": "content_block_start", "content_block": {"type": "thinking", "thinking": ""}},
    {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "secret"}},
    {"type": "content_block_delta", "delta": {"type": "signature_delta", "signature": "s"}},
    {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "thinking is fun"}},
    {"type": "response.reasoning_text.delta", "delta": "secret"},
    {"type": "response.completed", "response": {"output": [{"type": "reasoning", "content": ["secret"]}]}},
]


@settings(deadline=None)
@given(st.lists(st.integers(min_value=1, max_value=60), max_size=30))
def test_a_stream_loses_its_reasoning_wherever_it_is_cut(sizes: list[int]) -> None:
    stream = b"".join(b"event: x\ndata: " + orjson.dumps(event) + b"\n\n" for event in EVENTS)
    found, out, rest = ReasoningFilter(), b"", stream
    for size in sizes:
        out += b"".join(found.pieces(rest[:size]))
        rest = rest[size:]
    out += b"".join(found.pieces(rest)) + found.end()
    told = [orjson.loads(line[6:]) for line in out.splitlines() if line.startswith(b"data:")]
    assert b"secret" not in out
    assert [event["type"] for event in told] == [
        event["type"] for at, event in enumerate(EVENTS) if at not in (2, 5)
    ]
    assert told[3] == EVENTS[4]


def test_an_event_that_is_none_goes_through() -> None:
    data = b"data: [thinking DONE]\n\n"
    assert list(ReasoningFilter().pieces(data)) == [data]
    assert ReasoningFilter().end() == b""


def test_shadow_decides_and_does_nothing(tmp_path: Path) -> None:
    policy = FixedPolicy((fired(Step.BLOCK),), (fired(Step.SLOW, rule="other"),))
    plain = guard(tmp_path, {"a": known()}, policy=policy, failure=Failure.CLOSED)
    request = Request("a")
    assert plain.decide(request).answer is Answer.DENY
    found = shadowed(plain).decide(request)
    assert (found.answer, found.action.step, found.fired) == (Answer.ALLOW, Step.OBSERVE, ())
    assert [one.action.step for one in found.shadow] == [Step.BLOCK, Step.SLOW]
    assert found.policy == policy.digest
    plain.records.close()  # type: ignore[attr-defined]
