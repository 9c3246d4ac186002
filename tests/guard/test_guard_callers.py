"""Who asks: accounts from headers and keys, addresses from trusted proxies, facts from bodies, and counts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asgi_parts import CHAT_STREAM, MESSAGES_STREAM
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.account_names import account_name
from stillwatch.guard import bodies
from stillwatch.guard.answer_usage import MOST_KEPT, AnswerUsage
from stillwatch.guard.callers import Accounts, Addresses

PEER = "10.0.0.1"


def test_an_account_is_named_by_its_key_as_runs_have_it() -> None:
    for headers in (
        [(b"authorization", b"Bearer sk-abc")],
        [(b"authorization", b"bearer   sk-abc ")],
        [(b"x-api-key", b"sk-abc")],
        [(b"api-key", b"sk-abc"), (b"authorization", b"")],
    ):
        assert Accounts().named(headers) == (account_name("Bearer sk-abc", None),)
    assert "sk-abc" not in str(Accounts().named([(b"x-api-key", b"sk-abc")]))
    (raw,) = Accounts(hashed=False).named([(b"x-api-key", b"sk-abc")])
    assert account_name(raw, b"k" * 32) == account_name("sk-abc", b"k" * 32)
    assert Accounts().named([(b"cookie", b"x")]) == ()


def test_an_account_is_named_by_a_header_of_the_proxys() -> None:
    headers = [(b"x-user", b"ada"), (b"authorization", b"Bearer sk-abc")]
    assert Accounts("X-User").named(headers) == ("ada",)
    assert Accounts(of=lambda found: f"{len(found)} headers").named(headers) == ("2 headers",)
    assert len(Accounts("x-user").named([(b"x-user", b"%d" % n) for n in range(100)])) == 100


def test_only_trusted_proxies_tell_an_address() -> None:
    forwarded = [(b"x-forwarded-for", b"198.51.100.7, 203.0.113.9")]
    assert Addresses().of(PEER, forwarded) == PEER
    assert Addresses(("10.0.0.0/8",)).of(PEER, forwarded) == "203.0.113.9"
    assert Addresses(("10.0.0.0/8", "203.0.113.0/24")).of(PEER, forwarded) == "198.51.100.7"
    assert Addresses(("10.0.0.0/8",)).of("192.0.2.5", forwarded) == "192.0.2.5"
    assert Addresses(("10.0.0.0/8",)).of(PEER, [(b"forwarded", b'for="[2001:db8::7]:99"')]) == "2001:db8::7"
    assert Addresses(("10.0.0.0/8",)).of(PEER, [(b"x-forwarded-for", b"junk, " * 9_000)]) == PEER
    assert Addresses(("10.0.0.0/8",)).of("", forwarded) == ""


FACTS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"model": "heron", "stream": True, "n": 3}, {"model": "heron", "stream": True, "n": 3}),
    ({"max_tokens": 5, "max_completion_tokens": 9}, {"max_tokens": 9}),
    ({"max_output_tokens": "77"}, {"max_tokens": 77}),
    ({"max_tokens": 10**40}, {"max_tokens": bodies.MOST}),
    ({"model": 5, "stream": None, "max_tokens": [], "n": {}}, {"model": "", "stream": False, "n": 1}),
    ({"model": "m" * 9_999_999}, {"model": ""}),
    ({"logprobs": True}, {"logprobs": True}),
    ({"logprobs": 0}, {"logprobs": True}),
    ({"logprobs": False, "top_logprobs": 0}, {"logprobs": False}),
    ({"top_logprobs": 2}, {"logprobs": True}),
    ({"include": ["message.output_text.logprobs"]}, {"logprobs": True}),
    ({"reasoning_effort": "high"}, {"reasoning": True}),
    ({"reasoning_effort": "none"}, {"reasoning": False}),
    ({"reasoning": {"effort": "low"}}, {"reasoning": True}),
    ({"reasoning": {"effort": "none"}}, {"reasoning": False}),
    ({"thinking": {"type": "enabled", "budget_tokens": 99}}, {"reasoning": True}),
    ({"thinking": {"type": "disabled"}}, {"reasoning": False}),
    ({"include": ["reasoning.encrypted_content"]}, {"reasoning": True}),
    ({"tools": [{"name": "x"}]}, {"tools": True}),
    ({"tools": []}, {"tools": False}),
    ({"functions": [{}]}, {"tools": True}),
    ({"messages": [1, 2], "system": "ab", "input": "", "prompt": None}, {"input_bytes": 5 + 4 + 2 + 4}),
]


@pytest.mark.parametrize(("body", "facts"), FACTS, ids=[str(list(body))[:40] for body, _ in FACTS])
def test_facts_of_a_body(body: dict[str, Any], facts: dict[str, Any]) -> None:
    found = bodies.read(json.dumps(body, separators=(",", ":")).encode()).facts
    assert {name: getattr(found, name) for name in facts} == facts


@settings(deadline=None)
@given(
    st.sampled_from([b"".join(CHAT_STREAM), b"".join(MESSAGES_STREAM)]),
    st.lists(st.integers(1, 80), min_size=1),
)
def test_counts_are_found_wherever_a_stream_is_cut(stream: bytes, sizes: list[int]) -> None:
    reader, place, number = AnswerUsage(stream=True), 0, 0
    while place < len(stream):
        size = sizes[number % len(sizes)]
        reader.feed(stream[place : place + size])
        place, number = place + size, number + 1
    assert reader.tokens() == (13 if b"chatcmpl" in stream or b'"c1"' in stream else 27)
    assert reader.events == 4


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=20), st.booleans())
def test_no_answer_is_an_exception(pieces: list[bytes], stream: bool) -> None:
    reader = AnswerUsage(stream=stream)
    for piece in pieces:
        reader.feed(piece)
    reader.tokens()
    assert isinstance(reader.document(), dict)


def test_what_is_kept_of_an_answer_is_bounded() -> None:
    reader = AnswerUsage(stream=True)
    for _ in range(1_000):
        reader.feed(b"data: " + b"x" * 100_000)
        assert len(reader._kept) <= MOST_KEPT + 200_000
    reader.feed(b'","usage":{"input_tokens":5,"output_tokens":6}}}\n\n')
    assert reader.tokens() == 11


def test_words_of_an_answer_are_no_counts() -> None:
    words = json.dumps({"choices": [{"text": '"usage": {"prompt_tokens": 0, "completion_tokens": 0}'}]})
    real = words[:-1] + ', "usage": {"prompt_tokens": 7, "completion_tokens": 1}}'
    reader = AnswerUsage(stream=False)
    reader.feed(real.encode())
    assert reader.tokens() == 8
    long = AnswerUsage(stream=False)
    long.feed(b" " * MOST_KEPT + real.encode())
    assert long.tokens() == 8
    none = AnswerUsage(stream=False)
    none.feed(words.encode())
    assert none.tokens() is None
