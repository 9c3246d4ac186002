"""The guard in a real Envoy, with the file of deploy/envoy: refusals, changed requests, streams.

Envoy needs an environment of its own (`make envoy`); without it these tests are skipped.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from asgi_parts import CHAT, CHAT_STREAM, MESSAGES, MESSAGES_STREAM, Model, serving
from asgi_parts import http as raw
from envoy_guard import RunningGuard, running_guard
from envoy_runs import Envoy, binary, running_envoy, soon

pytestmark = pytest.mark.skipif(binary() is None, reason="no .venv-envoy: run `make envoy`")


@dataclass
class Gateway:
    """A model behind Envoy behind a guard."""

    model: Model
    envoy: Envoy
    guard: RunningGuard

    def upstream(
        self, account: str, body: Any, path: str = CHAT, **headers: str
    ) -> tuple[Any, dict[bytes, bytes]]:
        """Ask, and return what the model got: the body, and the headers."""
        before = len(self.model.seen)
        status, _, answer = self.envoy.ask(account, body, path, **headers)
        assert status == 200, answer
        assert len(self.model.seen) == before + 1
        scope, got = self.model.seen[-1]
        return got, dict(scope["headers"])


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("envoy")
    model = Model()
    with (
        serving(model) as port,
        running_guard(folder, more='exchanges = "exchanges"\ndrain_seconds = 1\n') as guard,
        running_envoy(
            folder / "envoy", port, guard.port, changes={"message_timeout: 2s": "message_timeout: 1s"}
        ) as envoy,
    ):
        yield Gateway(model, envoy, guard)


@pytest.fixture(autouse=True)
def plain_model(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test begins with a model that answers at once."""
    yield
    if "gateway" in request.fixturenames:
        model = request.getfixturevalue("gateway").model
        model.pieces, model.before_piece, model.status, model.fails_after = CHAT_STREAM, None, 200, -1


def exchanges(guard: RunningGuard) -> list[dict[str, Any]]:
    files = sorted((guard.state.parent / "exchanges").glob("exchanges-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_a_block_in_both_dialects(gateway: Gateway) -> None:
    before = len(gateway.model.seen)
    status, headers, body = gateway.envoy.ask("blocked", {"model": "wren", "stream": True})
    error = json.loads(body)["error"]
    assert (status, headers["content-type"], headers["x-should-retry"]) == (403, "application/json", "false")
    assert (error["type"], error["code"]) == ("permission_error", "restricted")
    assert headers["x-policy-permit"] == "none"
    assert headers["x-policy-reference"] in error["message"]
    assert "https://example.org/appeal" in error["message"]
    assert "retry-after" not in headers
    status, headers, body = gateway.envoy.ask("blocked", path=MESSAGES)
    document = json.loads(body)
    assert (status, document["type"], document["error"]["type"]) == (403, "error", "permission_error")
    assert document["request_id"] == headers["request-id"]
    assert len(gateway.model.seen) == before
    (first,) = [row for row in gateway.guard.decided() if row["id"] == headers["x-policy-reference"]]
    assert (first["account_id"], first["answer"], first["surface"]) == ("blocked", "deny", "envoy")


@pytest.mark.parametrize(("path", "kind"), [(CHAT, "rate_limit_error"), (MESSAGES, "rate_limit_error")])
def test_a_spent_budget_says_when_to_try_again(gateway: Gateway, path: str, kind: str) -> None:
    status, headers, body = gateway.envoy.ask("slowed", {"max_tokens": 100_000}, path)
    assert (status, headers["retry-after"], json.loads(body)["error"]["type"]) == (429, "8", kind)


def test_a_permit_holder_passes(gateway: Gateway) -> None:
    assert gateway.envoy.ask("permitted")[0] == 200


@pytest.mark.parametrize("path", [
    "/v1/chat/completions?stream=1", "/v1/chat%2Fcompletions", "//v1//messages/", "/V1/Messages",
    "/v1/chat/completions?" + "x" * 3_000, "/a/../v1/messages",
])  # fmt: skip
def test_a_path_written_in_another_way_is_decided_too(gateway: Gateway, path: str) -> None:
    assert gateway.envoy.ask("blocked", path=path)[0] == 403


def test_what_asks_no_model_passes_undecided_and_without_our_headers(gateway: Gateway) -> None:
    before = len(gateway.guard.decided())
    assert (
        gateway.envoy.ask("blocked", path="/v1/models", method="GET", x_stillwatch_cohort="forged")[0] == 200
    )
    assert gateway.model.header(b"x-stillwatch-cohort") is None
    body = b"x" * 300_000
    assert gateway.upstream("blocked", body, "/v1/embeddings")[0] == body
    assert len(gateway.guard.decided()) == before


def test_a_trimmed_a_routed_and_a_summarised_request(gateway: Gateway) -> None:
    body = b'{"model": "wren",  "n":5,"logprobs":true,"top_logprobs":3, "messages": [{"content":"\xc3\xa4"}]}'
    got, headers = gateway.upstream("trimmed", body)
    assert got == b'{"model":"wren","n":1,"messages":[{"content":"\xc3\xa4"}]}'
    assert headers[b"content-length"] == str(len(got)).encode()
    got, headers = gateway.upstream("routed", body, digest="sha-256=abc")
    assert json.loads(got) == {**json.loads(body), "model": "wren-mini"}
    assert b"digest" not in headers
    got, headers = gateway.upstream("summarised", {"include_reasoning": True}, x_stillwatch_reasoning="all")
    assert json.loads(got) == {"include_reasoning": False}
    assert headers[b"x-stillwatch-reasoning"] == b"summary"


def test_a_changed_body_that_came_in_chunks(gateway: Gateway) -> None:
    pieces = [b'{"model": "wr', b'en", "n": 7}']
    with contextlib.closing(gateway.envoy.connection()) as connection:
        connection.request("POST", CHAT, iter(pieces), {"x-account": "trimmed"}, encode_chunked=True)
        assert connection.getresponse().status == 200
    scope, got = gateway.model.seen[-1]
    assert got == b'{"model":"wren","n":1}'
    assert dict(scope["headers"])[b"content-length"] == str(len(got)).encode()


def test_a_cohort_is_told_to_the_server_and_never_by_the_client(gateway: Gateway) -> None:
    first = gateway.upstream("marked", {}, x_stillwatch_cohort="forged", X_Stillwatch_Other="1")[1]
    assert len(first[b"x-stillwatch-cohort"]) == 16
    assert b"x-stillwatch-other" not in first
    assert gateway.upstream("marked", {})[1][b"x-stillwatch-cohort"] == first[b"x-stillwatch-cohort"]
    assert b"x-stillwatch-cohort" not in gateway.upstream("nobody", {}, x_stillwatch_cohort="forged")[1]


def test_what_nothing_is_done_about_arrives_byte_for_byte(gateway: Gateway) -> None:
    body = b' {"n" : 5, "n": 6, "model":"wren" , "x": 1e400}\n'
    assert gateway.upstream("nobody", body)[0] == body
    clear = b'{"n" :  5, "model":"wren" , "x": 1e400}\n'
    assert gateway.upstream("watched", clear)[0] == clear


@pytest.mark.parametrize(
    ("path", "pieces", "used"), [(CHAT, CHAT_STREAM, 13), (MESSAGES, MESSAGES_STREAM, 27)]
)
@pytest.mark.parametrize("account", ["nobody", "slowed"])
def test_each_piece_of_an_answer_arrives_before_the_next_is_made(
    gateway: Gateway, path: str, pieces: tuple[bytes, ...], used: int, account: str
) -> None:
    may = [threading.Event() for _ in pieces]

    async def wait(number: int) -> None:
        while not may[number].is_set():
            await asyncio.sleep(0.002)

    gateway.model.pieces, gateway.model.before_piece = pieces, wait
    before = len(gateway.guard.settled())
    got = []
    with contextlib.closing(gateway.envoy.connection()) as connection:
        connection.request("POST", path, b'{"stream":true,"max_tokens":50}', {"x-account": account})
        may[0].set()
        answer = connection.getresponse()
        for number, piece in enumerate(pieces):
            may[number].set()
            got.append(answer.read1(65_536))
            assert got[-1] == piece
        assert answer.read() == b""
    if account == "slowed":
        soon(lambda: len(gateway.guard.settled()) == before + 1)
        assert gateway.guard.settled()[-1][1] == used


def test_an_answer_that_is_no_stream_and_a_failed_one_are_settled(gateway: Gateway) -> None:
    gateway.model.pieces = (b'{"id":"c1","usage":{"prompt_tokens":3,', b'"completion_tokens":2}}')
    gateway.model.kind = b"application/json"
    try:
        before = len(gateway.guard.settled())
        assert gateway.envoy.ask("slowed", {"max_tokens": 50})[0] == 200
        gateway.model.status, gateway.model.pieces = 500, (b"{}",)
        assert gateway.envoy.ask("slowed", {"max_tokens": 50})[0] == 500
        soon(lambda: len(gateway.guard.settled()) == before + 2)
        assert [used for _, used in gateway.guard.settled()[before:]] == [5, 0]
    finally:
        gateway.model.kind = b"text/event-stream"


def test_a_client_that_goes_is_settled_with_what_was_sent(gateway: Gateway) -> None:
    async def wait(number: int) -> None:
        await asyncio.sleep(0 if number == 0 else 3)

    gateway.model.before_piece = wait
    before = len(gateway.guard.settled())
    connection = gateway.envoy.connection()
    connection.request("POST", CHAT, b'{"max_tokens":50,"messages":"12345678"}', {"x-account": "slowed"})
    assert connection.getresponse().read1(1_000) == CHAT_STREAM[0]
    connection.close()
    soon(lambda: len(gateway.guard.settled()) == before + 1, 2.5)
    assert gateway.guard.settled()[-1][1] == len('"12345678"') // 4 + 1


def test_bodies_of_a_megabyte_and_of_too_many(gateway: Gateway) -> None:
    large = json.dumps({"model": "wren", "n": 3, "messages": [{"content": "x" * (1 << 20)}]}).encode()
    assert gateway.upstream("nobody", large)[0] == large
    got = json.loads(gateway.upstream("trimmed", large)[0])
    assert got == {**json.loads(large), "n": 1}
    assert gateway.envoy.ask("blocked", large)[0] == 403
    before = len(gateway.model.seen)
    for path in (CHAT, MESSAGES):  # told by its length: refused before it is sent
        with contextlib.closing(gateway.envoy.connection()) as connection:
            connection.putrequest("POST", path)
            connection.putheader("content-length", str(100 << 20))
            connection.putheader("x-account", "nobody")
            connection.endheaders(b"{")
            answer = connection.getresponse()
            assert answer.status == 413
            kind = json.loads(answer.read())["error"]["type"]
            assert kind == ("invalid_request_error" if path == CHAT else "request_too_large")
    assert too_large_in_chunks(gateway.envoy) == 413
    assert len(gateway.model.seen) == before


def too_large_in_chunks(envoy: Envoy) -> int:
    """Send 40 MB without telling their length; the answer may come before all is sent."""
    with contextlib.closing(envoy.connection()) as connection:
        connection.putrequest("POST", CHAT)
        connection.putheader("transfer-encoding", "chunked")
        connection.putheader("x-account", "trimmed")
        connection.endheaders()
        with contextlib.suppress(OSError):
            for _ in range(40):
                connection.send(b"100000\r\n" + b" " * (1 << 20) + b"\r\n")
        return connection.getresponse().status


def test_a_body_that_cannot_be_read(gateway: Gateway) -> None:
    for body in (b'{"model": "wren", ', b"\xff\xfe", b"", b"[]"):
        assert gateway.upstream("nobody", body)[0] == body
        status, _, answer = gateway.envoy.ask("watched", body, MESSAGES)
        assert (status, json.loads(answer)["error"]["type"]) == (400, "invalid_request_error")
        assert gateway.envoy.ask("blocked", body)[0] == 403


def test_many_and_large_headers(gateway: Gateway) -> None:
    many = {f"x-{number}": "1" for number in range(60)}
    assert gateway.envoy.ask("nobody", **many)[0] == 200
    large = {f"x-{number}": "y" * 8_000 for number in range(7)}
    assert gateway.envoy.ask("nobody", **large)[0] == 200
    before = len(gateway.model.seen)
    with contextlib.suppress(ConnectionError):  # Envoy may close before all of them are sent
        assert gateway.envoy.ask("nobody", **large, x_more="y" * 8_000)[0] == 431
    assert len(gateway.model.seen) == before


def test_a_slow_server_and_a_request_that_is_held_back_are_waited_for(gateway: Gateway) -> None:
    async def wait(number: int) -> None:
        await asyncio.sleep(1.5 if number == 0 else 0)

    gateway.model.before_piece = wait
    assert gateway.envoy.ask("slowed", {"max_tokens": 50})[0] == 200
    assert gateway.envoy.ask("nobody")[0] == 200
    gateway.model.before_piece = None
    began = time.monotonic()
    for _ in range(4):  # up to 3 s each, where Envoy waits for one
        assert gateway.envoy.ask("late", {"max_tokens": 50})[0] == 200
    assert time.monotonic() - began > 0.5


def test_exchanges_tell_the_address_and_the_fingerprint_that_envoy_saw(gateway: Gateway) -> None:
    gateway.envoy.ask("nobody", {"model": "seen"}, x_ja4="forged", x_forwarded_for="203.0.113.7")
    gateway.envoy.ask("blocked", {"model": "seen"}, x_ja4="forged")
    soon(lambda: sum(row["request"].get("model") == "seen" for row in exchanges(gateway.guard)) == 2)
    served, refused = (row for row in exchanges(gateway.guard) if row["request"].get("model") == "seen")
    assert (served["status_code"], refused["status_code"]) == (200, 403)
    assert served["response"]["usage"]["completion_tokens"] == 4
    for row in (served, refused):
        assert row["client_ip"] == "127.0.0.1"
        assert row["ja4"][:3] == "t13"
        assert len(row["ja4"]) == 36


def test_many_requests_at_once(gateway: Gateway) -> None:
    async def wait(number: int) -> None:
        await asyncio.sleep(0.3)

    gateway.model.before_piece = wait
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    async def one(number: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.envoy.port, ssl=context)
        account = "blocked" if number % 2 else "nobody"
        writer.write(raw(CHAT, b"{}", [f"x-account: {account}", "connection: close"]))
        got = await reader.read()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        assert (b"[DONE]" in got) == (account == "nobody")
        return got.split()[1]

    async def all_of_them() -> list[bytes]:
        async with asyncio.timeout(30):
            return await asyncio.gather(*map(one, range(200)))

    assert asyncio.run(all_of_them()) == [b"200", b"403"] * 100
