"""The middleware: who is refused, what is rewritten, and that nothing else changes for anybody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgi_parts import (
    CHAT,
    CHAT_ANSWER,
    CHAT_STREAM,
    MESSAGES,
    MESSAGES_STREAM,
    Model,
    ask,
    asked,
    scope_of,
)
from guard_parts import NOW, OneBucket, fired, guard, known

from stillwatch.guard.asgi import GuardMiddleware
from stillwatch.guard.callers import Accounts
from stillwatch.guard.decide import Failure, Guard
from stillwatch.guard.exchanges import ExchangeLog
from stillwatch.guard.gate import asks_model
from stillwatch.guard.records import DecisionRecords, decisions
from stillwatch.guard.refusals import Wording
from stillwatch.guard.request import Decision
from stillwatch.guard.rewriting import cohort
from stillwatch.response.inputs import CampaignState
from stillwatch.response.ladder import Action, Consent, Permission, Step

CONSENT = Consent("an open step shows which accounts are known", "Ada", "https://example.org/policy#marks")
Make = Callable[..., GuardMiddleware]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """A middleware before a model, over accounts and rules that act."""
    made: list[Guard] = []

    def one(
        model: Any, *acting: Any, accounts: Any = None, failure: Failure = Failure.OPEN, **options: Any
    ) -> GuardMiddleware:
        parts = {name: options.pop(name) for name in ("budgets", "digest", "fresh") if name in options}
        folder = tmp_path / str(len(made))
        made.append(guard(folder, accounts or {"ada": known()}, *acting, failure=failure, **parts))
        options.setdefault("named_by", Accounts(header="x-account"))
        options["accounts"] = options.pop("named_by")
        return GuardMiddleware(model, made[-1], failure=failure, **options)

    yield one
    for each in made:
        assert isinstance(each.records, DecisionRecords)
        each.records.close()


def test_a_block_is_403_in_the_dialect_of_the_path_and_never_reaches_the_model(make: Make) -> None:
    model = Model()
    app = make(model, fired(Step.BLOCK), wording=Wording(appeal="https://example.org/appeal"))
    got = ask(app, {"model": "heron", "stream": True})
    assert got.status == 403
    assert got.headers[b"content-type"] == b"application/json"  # for a request to stream, too
    assert got.headers[b"x-should-retry"] == b"false"
    assert got.body["error"]["type"] == "permission_error"
    reference = got.headers[b"x-policy-reference"].decode()
    assert reference in got.body["error"]["message"]
    assert "https://example.org/appeal" in got.body["error"]["message"]
    other = ask(app, {"model": "heron"}, MESSAGES)
    assert (other.status, other.body["type"]) == (403, "error")
    assert other.body["error"]["type"] == "permission_error"
    assert other.headers[b"request-id"].decode() == other.body["request_id"]
    assert model.seen == []


def test_whoever_is_not_known_or_let_alone_gets_the_very_same_call(make: Make) -> None:
    accounts = {
        "exempt": known(exempt=True),
        "holder": known(permission=Permission.COVERS),
        "present": known("present"),
        "victim": known(campaign=CampaignState("c", "adversarial", "victim")),
    }
    body = b'{ "n": 9, "logprobs":true,\n "temperature":1.10, "model":"heron" }'
    for account in ("stranger", *accounts):
        model = Model()
        app = make(model, fired(Action(Step.TRIM, consent=CONSENT)), fired(Step.BLOCK), accounts=accounts)
        assert ask(app, body, account=account).status == 200
        scope, seen = model.seen[0]
        assert seen == body
        assert scope["headers"] == [(b"x-account", account.encode())]


def test_other_calls_and_other_protocols_pass_untouched(make: Make) -> None:
    app = make(Model(), fired(Step.BLOCK))
    assert ask(app, path="/v1/embeddings").status == 200
    assert ask(app, method="GET").status == 200
    assert ask(app, path="/health").status == 200
    seen: list[str] = []

    async def socket(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    other = make(socket, fired(Step.BLOCK))
    for kind in ("websocket", "lifespan"):
        asyncio.run(other({"type": kind, "path": CHAT}, None, None))  # type: ignore[arg-type]
    assert seen == ["websocket", "lifespan"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "//v1/chat/completions/",
        "/V1/Chat/Completions",
        "/openai/deployments/" + "x" * 5_000 + "/chat/completions",
        "/engines/a?b/chat/completions",
        "/engines/a#b/chat/completions",
        "/engines/a://b/chat/completions",
        "/v1/messages",
        "/v1/responses",
        "/v1/completions",
    ],
)
def test_no_path_hides_that_a_model_is_asked(path: str) -> None:
    assert asks_model(path)


def test_a_spent_budget_is_429_with_whole_seconds(make: Make) -> None:
    app = make(Model(), fired(Action(Step.SLOW, 1, 1)), budgets=OneBucket(0))
    got = ask(app)
    assert (got.status, got.headers[b"retry-after"]) == (429, b"8")  # the bucket says 7.5 s
    assert got.body["error"]["type"] == "rate_limit_error"


def test_trim_drops_log_probabilities_and_cuts_n_and_nothing_else(make: Make) -> None:
    model = Model()
    app = make(model, fired(Action(Step.TRIM, consent=CONSENT)))
    body = b'{"seed": 12345678901234567890, "temperature":1.10,"n" : 8, "logprobs":true,"top_logprobs":5,"messages":[{"role": "user", "content": "\\u00e9 \xc3\xa9"}], "x":1e400}'
    assert ask(app, body, headers=[(b"content-length", str(len(body)).encode())]).status == 200
    seen = model.seen[0][1]
    assert seen == (
        b'{"seed":12345678901234567890,"temperature":1.10,"n":1,"messages":[{"role": "user", "content": "\\u00e9 \xc3\xa9"}],"x":1e400}'
    )
    assert model.header(b"content-length") == str(len(seen)).encode()


@pytest.mark.parametrize(
    "n", ['"7"', "7.0", "[3]", "1e1", "99999999999999999999", '"\\u0667"', "true", "1.9"]
)
def test_no_spelling_of_n_gets_round_trim(make: Make, n: str) -> None:
    model = Model()
    app = make(model, fired(Action(Step.TRIM, consent=CONSENT)))
    body = f'{{"N":5,"best_of":3,"n":2,"\\u006e":{n},"LogProbs":5,"include":["message.output_text.logprobs","x"]}}'
    assert ask(app, body.encode()).status == 200
    assert model.body == {"N": 1, "best_of": 1, "n": 1, "include": ["x"]}
    assert model.seen[0][1].count(b'"n"') == 1


def test_a_name_that_stands_twice_reaches_the_server_once(make: Make) -> None:
    model = Model()
    app = make(model, accounts={"ada": known(permission=Permission.COVERS)})
    ask(app, b'{"model":"heron","messages":[],"model":"other"}')
    assert model.seen[0][1] == b'{"model":"other","messages":[]}'
    ask(app, b'{"model":"heron", "mod\\u0065l":"other"}')
    assert model.seen[1][1] == b'{"model":"other"}'
    ask(app, b'{"model":"heron","model":"other"}', account="stranger")
    assert model.seen[2][1] == b'{"model":"heron","model":"other"}'


def test_route_changes_the_model_and_summarise_asks_for_no_readable_reasoning(make: Make) -> None:
    model = Model()
    rules = (
        fired(Action(Step.ROUTE, model="wren", consent=CONSENT)),
        fired(Action(Step.SUMMARISE, consent=CONSENT), rule="two"),
    )
    app = make(model, *rules)
    thinking = {"type": "enabled", "budget_tokens": 9, "display": "summarized"}
    ask(app, {"model": "heron", "thinking": thinking, "max_tokens": 9}, MESSAGES)
    assert model.body == {"model": "wren", "thinking": {**thinking, "display": "omitted"}, "max_tokens": 9}
    assert model.header(b"x-stillwatch-reasoning") == b"summary"
    ask(app, {"Model": "heron", "include_reasoning": True, "reasoning": {"exclude": False, "effort": "high"}})
    assert model.body == {
        "include_reasoning": False,
        "reasoning": {"exclude": True, "effort": "high"},
        "model": "wren",
    }


def test_a_cohort_goes_to_the_server_under_a_key_and_no_client_can_send_one(make: Make) -> None:
    model = Model()
    app = make(model, fired(Action(Step.MARK, consent=CONSENT)), cohort_key=b"k" * 32)
    ask(app, headers=[(b"x-stillwatch-cohort", b"forged")])
    assert model.header(b"x-stillwatch-cohort") == cohort("campaign", b"k" * 32).encode()
    assert cohort("campaign", b"k" * 32) != cohort("campaign", b"other")
    names = [name for name, _ in model.seen[0][0]["headers"]]
    assert names.count(b"x-stillwatch-cohort") == 1
    ask(app, headers=[(b"x-stillwatch-cohort", b"forged"), (b"x-other", b"1")], account="stranger")
    assert model.header(b"x-stillwatch-cohort") is None
    assert model.header(b"x-other") == b"1"


def test_a_delay_is_slept_and_ends_when_the_client_goes(make: Make) -> None:
    bucket = OneBucket(10_000)
    model = Model()
    slow = Action(Step.SLOW, 100, 100, delay_ms=60_000)
    app = make(model, fired(slow), budgets=bucket)

    async def one() -> None:
        loop = asyncio.get_running_loop()
        gone = asyncio.Event()
        sent = [{"type": "http.request", "body": b"{}", "more_body": False}]

        async def receive() -> Any:
            if sent:
                return sent.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            raise AssertionError(message)

        loop.call_later(0.05, gone.set)
        began = loop.time()
        await app(scope_of(headers=[(b"x-account", b"ada")]), receive, send)
        assert loop.time() - began < 5  # the draw of a delay under 5 s has a chance of 1 in 12

    asyncio.run(one())
    assert model.seen == []
    assert bucket.left == 10_000

    short = make(model, fired(Action(Step.SLOW, 100, 100, delay_ms=1)))
    assert ask(short).status == 200


def test_a_stream_passes_in_the_same_pieces_and_its_counts_are_settled(make: Make) -> None:
    for path, pieces, tokens in ((CHAT, CHAT_STREAM, 13), (MESSAGES, MESSAGES_STREAM, 27)):
        bucket = OneBucket(10_000)
        app = make(Model(pieces), fired(Action(Step.SLOW, 100, 100)), budgets=bucket)
        got = ask(app, {"model": "heron", "stream": True, "max_tokens": 500}, path)
        assert got.pieces == list(pieces)
        assert bucket.settled == [(500, tokens)]


def test_an_answer_that_is_no_stream_settles_what_it_tells(make: Make) -> None:
    large = (
        b'{"choices":['
        + b'{"usage":{"prompt_tokens":1}},' * 20_000
        + b'{}],"usage":{"prompt_tokens":9,"completion_tokens":4}}'
    )
    for pieces in ([CHAT_ANSWER], [CHAT_ANSWER[:50], CHAT_ANSWER[50:]], [large[:300_000], large[300_000:]]):
        bucket = OneBucket(10_000)
        app = make(Model(pieces, b"application/json"), fired(Action(Step.SLOW, 9, 9)), budgets=bucket)
        ask(app, {"model": "heron", "max_tokens": 500})
        assert bucket.settled == [(500, 13)]


def test_where_nothing_is_told_what_is_known_is_settled(make: Make) -> None:
    events = [b'data: {"choices":[{"delta":{}}]}\n\n'] * 40
    cases: list[tuple[Model, int]] = [
        (Model(events), 40),
        (Model([b"{}"], b"application/json"), 500),
        (Model([b"{}"], b"application/json", status=500), 0),
        (Model(fails_after=0), 0),
        (Model(events, fails_after=7), 7),
        (Model(MESSAGES_STREAM, fails_after=2), 23),
    ]
    for model, used in cases:
        bucket = OneBucket(10_000)
        app = make(model, fired(Action(Step.SLOW, 9, 9)), budgets=bucket)
        body = {"model": "heron", "max_tokens": 500}
        if model.fails_after < 0:
            ask(app, body)
        else:
            with pytest.raises(RuntimeError, match="the model failed"):
                ask(app, body)
        assert bucket.settled == [(500, used)]


def test_a_client_that_goes_in_the_middle_pays_for_what_it_got(make: Make) -> None:
    bucket = OneBucket(10_000)
    app = make(Model([b"data: {}\n\n"] * 40), fired(Action(Step.SLOW, 9, 9)), budgets=bucket)
    scope = scope_of(headers=[(b"x-account", b"ada")])
    with pytest.raises(OSError, match="gone"):
        asyncio.run(asked(app, scope, [b'{"max_tokens":500}'], gone_after=11))
    assert bucket.settled == [(500, 10)]


@pytest.mark.parametrize(
    "body", [b"\xef\xbb\xbf{}", b'{"n":NaN}', '{"n":2}'.encode("utf-16"), b'{"n":1,}', b"[]", b"[" * 9_000]
)
def test_a_body_that_only_the_server_reads_is_decided_on_the_account(make: Make, body: bytes) -> None:
    accounts = {"ada": known(), "holder": known(permission=Permission.COVERS), "near": known("near")}
    model = Model()
    app = make(model, accounts=accounts)
    got = ask(app, body)
    assert (got.status, got.body["error"]["code"]) == (400, "invalid_json")
    assert model.seen == []
    for account in ("holder", "near", "stranger"):
        assert ask(app, body, account=account).status == 200
        assert model.seen[-1][1] == body
    blocking = make(model, fired(Step.BLOCK))
    assert ask(blocking, body).status == 403


def test_a_fault_of_the_guard_is_answered_as_chosen_and_counted(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Guard, request: Any) -> Decision:
        raise ZeroDivisionError("secret words")

    for failure, status in ((Failure.OPEN, 200), (Failure.CLOSED, 503)):
        model = Model()
        app = make(model, fired(Step.BLOCK), failure=failure)
        with monkeypatch.context() as patch:
            patch.setattr(Guard, "decide", broken)
            got = ask(app)
        assert (got.status, app.faults) == (status, 1)
        assert b"secret words" not in b"".join(got.pieces)
        assert len(model.seen) == (failure is Failure.OPEN)
    assert got.headers[b"retry-after"] == b"30"


def test_failure_has_no_default(make: Make, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="failure"):
        GuardMiddleware(Model(), make(Model())._gate.guard)  # type: ignore[call-arg]


def test_a_second_credential_does_not_hide_a_known_one(make: Make) -> None:
    from stillwatch.account_names import account_name

    name = account_name("Bearer sk-known", None)
    blocked = make(Model(), fired(Step.BLOCK), accounts={name: known()}, named_by=Accounts())
    known_key, other = (b"authorization", b"bearer  sk-known"), (b"x-api-key", b"sk-other")
    for headers in ([known_key], [known_key, other], [other, known_key], [(b"x-api-key", b"sk-known")]):
        assert asyncio.run(asked(blocked, scope_of(headers=headers), [b"{}"])).status == 403
    assert asyncio.run(asked(blocked, scope_of(headers=[other]), [b"{}"])).status == 200


def test_exchanges_are_written_without_words_and_with_the_decision(make: Make, tmp_path: Path) -> None:
    log = ExchangeLog(tmp_path / "log", lambda name: name)
    app = make(Model(), fired(Step.BLOCK), exchanges=log, ja4_header="X-JA4")
    body = {"model": "heron", "temperature": 0.5, "messages": [{"role": "user", "content": "my words"}]}
    headers = [(b"user-agent", b"curl/8"), (b"x-ja4", b"t13d"), (b"x-stainless-lang", b"python")]
    ask(app, body, headers=headers, account="eve")
    ask(app, body, headers=headers)
    ask(app, b"x" * (33 << 20), headers=headers)
    log.close()
    (file,) = (tmp_path / "log").glob("exchanges-*")
    import zstandard

    lines = [
        json.loads(line)
        for line in zstandard.ZstdDecompressor().stream_reader(file.read_bytes()).read().splitlines()
    ]
    assert [line["status_code"] for line in lines] == [200, 403, 413]
    served, refused, _ = lines
    assert served["response"]["usage"] == {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
    assert served["request"] == {"model": "heron", "temperature": 0.5}
    assert served["headers"] == {"user-agent": "curl/8", "x-stainless-lang": "python"}
    assert (served["ja4"], served["client_ip"], served["path"]) == ("t13d", "203.0.113.9", CHAT)
    assert "my words" not in json.dumps(lines)
    (decided,) = [row for row in decisions(tmp_path / "0") if row["account_id"] == "ada"]
    assert refused["decision"] == decided["id"]
    assert app._gate.guard.clock() == NOW
