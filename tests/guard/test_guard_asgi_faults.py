"""What attackers and bad luck send: the middleware keeps its promises and its bounds, before a real server."""

from __future__ import annotations

import asyncio
import json
import resource
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgi_parts import CHAT, CHAT_STREAM, MESSAGES, Model, ask, asked, chunks, http, scope_of, serving
from guard_parts import OneBucket, fired, guard, known
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.guard import bodies
from stillwatch.guard.asgi import GuardMiddleware
from stillwatch.guard.callers import Accounts
from stillwatch.guard.decide import Failure, Guard
from stillwatch.guard.records import DecisionRecords
from stillwatch.guard.request_body import Bounds
from stillwatch.response.ladder import Action, Consent, Step

CONSENT = Consent("an open step shows which accounts are known", "Ada", "https://example.org/policy#marks")
ADA, EVE = ("x-account: ada",), ("x-account: eve",)
BODY = b'{"model":"heron","stream":true,"max_tokens":50}'


@pytest.fixture
def slowed(tmp_path: Path) -> Iterator[Guard]:
    """A guard by which ada reserves tokens, so that her answers are read."""
    made = guard(tmp_path, {"ada": known()}, fired(Action(Step.SLOW, 9, 9)), budgets=OneBucket(10**9))
    yield made
    assert isinstance(made.records, DecisionRecords)
    made.records.close()


def before(model: Any, made: Guard, **options: Any) -> GuardMiddleware:
    return GuardMiddleware(
        model, made, failure=Failure.CLOSED, accounts=Accounts(header="x-account"), **options
    )


def bucket_of(made: Guard) -> OneBucket:
    assert isinstance(made.budgets, OneBucket)
    return made.budgets


async def opened(port: int, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int]:
    """Send a request; returns the connection and the status once the head of the answer is there."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await writer.drain()
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
    return reader, writer, int(head.split()[1])


async def settled(made: Guard, number: int) -> list[tuple[int, int]]:
    """What was settled, once it is so many; the server ends a call a moment after its client has the answer."""
    for _ in range(500):
        if len(bucket_of(made).settled) >= number:
            break
        await asyncio.sleep(0.01)
    return bucket_of(made).settled


def test_a_stream_over_a_socket_has_the_same_bytes_and_boundaries_as_without(slowed: Guard) -> None:
    async def pieces(port: int) -> list[bytes]:
        reader, writer, status = await opened(port, http(CHAT, BODY, ADA))
        found = [piece async for piece in chunks(reader)]
        writer.close()
        assert status == 200
        return found

    async def turn(number: int) -> None:
        await asyncio.sleep(0.02)  # so that the server does not join pieces

    model = Model(before_piece=turn)
    with serving(model) as bare, serving(before(model, slowed)) as guarded:
        without, with_guard = asyncio.run(pieces(bare)), asyncio.run(pieces(guarded))
        assert without == with_guard == list(CHAT_STREAM)
        assert asyncio.run(settled(slowed, 1)) == [(50, 13)]


def test_the_first_piece_is_there_before_the_second_is_made(slowed: Guard) -> None:
    async def run(port: int) -> None:
        reader, writer, _ = await opened(port, http(CHAT, BODY, ADA))
        stream = chunks(reader)
        assert await asyncio.wait_for(anext(stream), 20) == CHAT_STREAM[0]
        assert model.events == ["sent 0"]
        seen.set()
        assert [piece async for piece in stream] == list(CHAT_STREAM[1:])
        writer.close()

    seen = asyncio.Event()

    async def wait(number: int) -> None:
        while number and not seen.is_set():
            await asyncio.sleep(0.005)

    model = Model(before_piece=wait)
    with serving(before(model, slowed)) as port:
        asyncio.run(run(port))


def test_ten_thousand_streams_at_once(slowed: Guard) -> None:
    """Without sockets: 10,000 streams are open at the same moment, and each is settled by its own counts."""
    everybody = 10_000
    arrived = 0

    async def all_at_once(number: int) -> None:
        nonlocal arrived
        if number == 1:
            arrived += 1
            while arrived < everybody:
                await asyncio.sleep(0.01)

    model = Model(before_piece=all_at_once)
    app = before(model, slowed)

    async def run() -> list[Any]:
        scope = scope_of(headers=[(b"x-account", b"ada")])
        return await asyncio.gather(*(asked(app, dict(scope), [BODY]) for _ in range(everybody)))

    answers = asyncio.run(run())
    assert arrived == everybody
    assert all(answer.pieces == list(CHAT_STREAM) for answer in answers)
    assert bucket_of(slowed).settled == [(50, 13)] * everybody
    assert app.faults == 0


def test_hundreds_of_streams_over_sockets_at_once(slowed: Guard) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    everybody = min(800, (hard if hard > 0 else 10_000) // 4)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4 * everybody)), hard))
    arrived = 0

    async def all_at_once(number: int) -> None:
        nonlocal arrived
        if number == 1:
            arrived += 1
            while arrived < everybody:
                await asyncio.sleep(0.01)

    async def one(port: int) -> list[bytes]:
        reader, writer, _ = await opened(port, http(CHAT, BODY, ADA))
        found = [piece async for piece in chunks(reader)]
        writer.close()
        return found

    async def run(port: int) -> list[list[bytes]]:
        found = await asyncio.gather(*(one(port) for _ in range(everybody)))
        await settled(slowed, everybody)
        return found

    with serving(before(Model(before_piece=all_at_once), slowed)) as port:
        answers = asyncio.run(run(port))
    assert all(b"".join(found) == b"".join(CHAT_STREAM) for found in answers)
    assert bucket_of(slowed).settled == [(50, 13)] * everybody


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


def test_a_client_that_closes_its_socket_in_the_middle_is_settled(slowed: Guard) -> None:
    async def slowly(number: int) -> None:
        await asyncio.sleep(0.02)

    model = Model([b"data: {}\n\n"] * 60, before_piece=slowly)

    async def run(port: int) -> list[tuple[int, int]]:
        reader, writer, _ = await opened(port, http(CHAT, BODY, ADA))
        await anext(chunks(reader))
        writer.transport.abort()
        return await settled(slowed, 1)

    with serving(before(model, slowed)) as port:
        ((reserved, used),) = asyncio.run(run(port))
    assert reserved == 50
    assert 1 <= used <= 50


def test_a_model_that_fails_in_the_middle_ends_as_it_does_without_a_guard(slowed: Guard) -> None:
    async def got(port: int, headers: Any) -> tuple[list[bytes], str]:
        """The pieces, and how the stream ended; how a server ends it is its own matter."""
        reader, writer, status = await opened(port, http(CHAT, BODY, headers))
        assert status == 200
        pieces: list[bytes] = []
        try:
            async for piece in chunks(reader):
                pieces.append(piece)
        except (asyncio.IncompleteReadError, ValueError, ConnectionError) as error:
            return pieces, type(error).__name__
        finally:
            writer.close()
        return pieces, "whole"

    async def pause(number: int) -> None:
        await asyncio.sleep(0.02)

    async def run(bare: int, guarded: int) -> None:
        without, with_guard = await got(bare, ADA), await got(guarded, ADA)
        assert without == with_guard
        assert with_guard[0] == [b"data: {}\n\n"] * 2
        assert await settled(slowed, 1) == [(50, 2)]
        model.fails_after = -1
        assert len((await got(guarded, EVE))[0]) == 9

    model = Model([b"data: {}\n\n"] * 9, fails_after=2, before_piece=pause)
    with serving(model) as bare, serving(before(model, slowed)) as guarded:
        asyncio.run(run(bare, guarded))


def test_a_delay_over_a_socket_leaves_the_body_whole(tmp_path: Path) -> None:
    made = guard(tmp_path, {"ada": known()}, fired(Action(Step.SLOW, 9, 9, delay_ms=300)))
    model = Model()

    async def run(port: int) -> None:
        for _ in range(5):
            reader, writer, status = await opened(port, http(CHAT, BODY, ADA))
            assert status == 200
            assert [piece async for piece in chunks(reader)]
            writer.close()

    with serving(before(model, made)) as port:
        asyncio.run(run(port))
    assert [body for _, body in model.seen] == [BODY] * 5
    made.records.close()  # type: ignore[attr-defined]
