"""Streams through the middleware: untouched and at once, ten thousand together, broken off on either side."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgi_parts import (
    CHAT,
    CHAT_STREAM,
    Model,
    asked,
    before,
    bucket_of,
    chunks,
    http,
    opened,
    scope_of,
    serving,
    settled,
)
from guard_parts import OneBucket, fired, guard, known

from stillwatch.guard.decide import Guard
from stillwatch.guard.records import DecisionRecords
from stillwatch.response.ladder import Action, Step

ADA, EVE = ("x-account: ada",), ("x-account: eve",)
BODY = b'{"model":"heron","stream":true,"max_tokens":50}'


@pytest.fixture
def slowed(tmp_path: Path) -> Iterator[Guard]:
    """A guard by which ada reserves tokens, so that her answers are read."""
    made = guard(tmp_path, {"ada": known()}, fired(Action(Step.SLOW, 9, 9)), budgets=OneBucket(10**9))
    yield made
    assert isinstance(made.records, DecisionRecords)
    made.records.close()


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
