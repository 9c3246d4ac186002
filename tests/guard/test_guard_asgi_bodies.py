"""Bodies and heads that attackers send: every bound is kept, before a real server, and none is a way round."""

from __future__ import annotations

import asyncio
import json
import resource
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgi_parts import CHAT, MESSAGES, Model, ask, before, http, opened, scope_of, serving
from guard_parts import OneBucket, fired, guard, known
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.guard import bodies
from stillwatch.guard.decide import Guard
from stillwatch.guard.records import DecisionRecords
from stillwatch.guard.request_body import Bounds
from stillwatch.response.ladder import Action, Consent, Step

CONSENT = Consent("an open step shows which accounts are known", "Ada", "https://example.org/policy#marks")
ADA = ("x-account: ada",)
BODY = b'{"model":"heron","stream":true,"max_tokens":50}'


@pytest.fixture
def slowed(tmp_path: Path) -> Iterator[Guard]:
    """A guard by which ada reserves tokens, so that her answers are read."""
    made = guard(tmp_path, {"ada": known()}, fired(Action(Step.SLOW, 9, 9)), budgets=OneBucket(10**9))
    yield made
    assert isinstance(made.records, DecisionRecords)
    made.records.close()


def test_a_body_that_trickles_in_ends_after_a_while(slowed: Guard) -> None:
    model = Model()
    app = before(model, slowed, bounds=Bounds(body_seconds=0.5))

    async def one(port: int, path: str) -> tuple[int, bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(http(path, b"{", ADA, length=1_000))
        for _ in range(100):
            await asyncio.sleep(0.02)
            if writer.is_closing() or reader.at_eof() or len(reader._buffer):  # type: ignore[attr-defined]
                break
            writer.write(b" ")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        length = int(head.lower().split(b"content-length: ")[1].split()[0])
        body = await reader.readexactly(length)
        writer.close()
        return int(head.split()[1]), body

    async def run(port: int) -> list[tuple[int, bytes]]:
        return await asyncio.gather(*(one(port, path) for path in (CHAT, MESSAGES) for _ in range(100)))

    with serving(app) as port:
        answers = asyncio.run(run(port))
    assert {status for status, _ in answers} == {408}
    assert json.loads(answers[0][1])["error"]["code"] == "request_timeout"
    assert json.loads(answers[-1][1])["type"] == "error"
    assert model.seen == []
    assert app._reader.held == 0


def test_bodies_that_are_read_together_are_bounded(slowed: Guard) -> None:
    app = before(Model(), slowed, bounds=Bounds(together_bytes=10 << 20, body_seconds=20))
    stop = asyncio.Event()

    async def never_ending(statuses: list[int]) -> None:
        sent = 0

        async def receive() -> Any:
            nonlocal sent
            sent += 1
            if sent > 4:
                await stop.wait()
            return {"type": "http.request", "body": b" " * (1 << 20), "more_body": True}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        await app(scope_of(), receive, send)

    async def run() -> list[int]:
        statuses: list[int] = []
        tasks = [asyncio.create_task(never_ending(statuses)) for _ in range(50)]
        await asyncio.sleep(0.2)
        assert app._reader.held <= 11 << 20
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return statuses

    statuses = asyncio.run(run())
    assert set(statuses) == {503}
    assert len(statuses) >= 40
    assert app._reader.held == 0


@pytest.mark.parametrize("told", [True, False])
def test_a_body_of_100_mb_is_413_and_is_not_kept(slowed: Guard, told: bool) -> None:
    model = Model()
    app = before(model, slowed)

    async def run(port: int) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = http(CHAT, b"", ADA, length=100 << 20)
        if not told:
            head = head.replace(b"content-length: 104857600", b"transfer-encoding: chunked")
        writer.write(head)
        piece = b" " * (1 << 20)
        for _ in range(100):  # as clients do, all of it before the answer is read
            writer.write(piece if told else b"100000\r\n" + piece + b"\r\n")
            await writer.drain()
        writer.write(b"" if told else b"0\r\n\r\n")
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
        writer.close()
        return int(answer.split()[1])

    before_it = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with serving(app) as port:
        assert asyncio.run(run(port)) == 413
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_it < 80_000  # KiB
    assert model.seen == []


def test_a_body_too_large_that_never_ends_is_answered(slowed: Guard) -> None:
    app = before(Model(), slowed, bounds=Bounds(body_bytes=1 << 20, body_seconds=0.2))
    statuses: list[int] = []
    sent = 0

    async def receive() -> Any:
        nonlocal sent
        sent += 1
        if sent == 5:
            await asyncio.sleep(3_600)
        return {"type": "http.request", "body": b" " * (1 << 20), "more_body": True}

    async def send(message: Any) -> None:
        statuses.extend([message["status"]] if message["type"] == "http.response.start" else [])

    asyncio.run(app(scope_of(), receive, send))  # slow
    sent = -10_000
    asyncio.run(app(scope_of(), receive, send))  # without an end
    assert statuses == [413, 413]
    assert sent < -9_900


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from([*bodies.Fields.__struct_fields__, "N", "temperature", "metadata"])
ANYTHING = st.one_of(
    st.binary(max_size=200),
    st.dictionaries(NAMES, JSON, max_size=8).map(lambda body: json.dumps(body).encode()),
    st.lists(st.tuples(NAMES, JSON), max_size=6).map(
        lambda pairs: b"{" + b",".join(f"{json.dumps(k)}:{json.dumps(v)}".encode() for k, v in pairs) + b"}"
    ),
    st.tuples(st.integers(1, 3_000), st.sampled_from([b"[", b'{"a":', b'{"n":'])).map(
        lambda two: two[1] * two[0]
    ),
)


@settings(max_examples=300, deadline=None)
@given(ANYTHING)
def test_no_body_is_an_exception_or_a_way_round(body: bytes) -> None:
    read = bodies.read(body)
    assert read.facts.n >= 1
    assert 0 <= read.facts.max_tokens <= bodies.MOST
    found = bodies.members(read)
    if found is not None:
        again = bodies.read(bodies.written(found))
        assert again.facts == read.facts  # what the server gets says what was decided on
        assert bodies.clear(again.data, found)


@settings(max_examples=40, deadline=None)
@given(ANYTHING)
def test_a_blocked_account_is_blocked_whatever_it_sends(
    tmp_path_factory: pytest.TempPathFactory, body: bytes
) -> None:
    made = guard(tmp_path_factory.mktemp("guard"), {"ada": known()}, fired(Step.BLOCK))
    model = Model()
    assert ask(before(model, made), body).status == 403
    assert model.seen == []
    made.records.close()  # type: ignore[attr-defined]


def test_a_body_of_a_million_fields_is_not_taken_apart(tmp_path: Path) -> None:
    made = guard(tmp_path, {"ada": known()}, fired(Action(Step.TRIM, consent=CONSENT)))
    body = b"{" + b",".join(b'"f%d":1' % n for n in range(1_000_000)) + b',"n":5}'
    tracemalloc.start()
    try:
        got = ask(before(Model(), made), body)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    made.records.close()  # type: ignore[attr-defined]
    assert (got.status, got.body["error"]["code"]) == (400, "invalid_json")
    assert peak < 3 * len(body)


@pytest.mark.parametrize(
    "headers",
    [
        [(b"x-%d" % n, b"1") for n in range(5_000)],
        [(b"x-long", b"a" * (1 << 20))],
        [(b"cookie", b"a" * 900)] * 100,
    ],
)
def test_a_header_bomb_is_431(slowed: Guard, headers: list[tuple[bytes, bytes]]) -> None:
    for path in (CHAT, MESSAGES):
        got = ask(before(Model(), slowed), headers=headers, path=path)
        assert got.status == 431
        assert "error" in got.body


def test_a_header_bomb_over_a_socket_leaves_the_server_alive(slowed: Guard) -> None:
    async def run(port: int) -> tuple[int, int]:
        bomb = [f"x-{n}: {'a' * 2_000}" for n in range(90)]
        _, writer, status = await opened(port, http(CHAT, BODY, [*ADA, *bomb]))
        writer.close()
        _, writer, after = await opened(port, http(CHAT, BODY, ADA))
        writer.close()
        return status, after

    with serving(before(Model(), slowed)) as port:
        assert asyncio.run(run(port)) == (431, 200)
