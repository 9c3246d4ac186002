"""A guard behind a real Envoy that is killed, stopped, or asked in a wrong way."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import signal
from pathlib import Path

import pytest
from asgi_parts import CHAT, CHAT_STREAM, Model, serving
from envoy_guard import running_guard
from envoy_runs import binary, running_envoy, soon

pytestmark = pytest.mark.skipif(binary() is None, reason="no .venv-envoy: run `make envoy`")


@pytest.mark.parametrize("allow", [False, True])
def test_a_guard_that_is_killed_is_what_failure_mode_allow_says_and_comes_back(
    tmp_path: Path, allow: bool
) -> None:
    model = Model()
    failure = "open" if allow else "closed"
    with (
        serving(model) as port,
        running_guard(tmp_path, failure=failure) as guard,
        running_envoy(tmp_path / "envoy", port, guard.port, allow=allow) as envoy,
    ):
        assert envoy.ask("blocked")[0] == 403
        guard.end(signal.SIGKILL)
        before = len(model.seen)
        for account in ("blocked", "nobody"):
            assert envoy.ask(account)[0] == (200 if allow else 503)
        assert len(model.seen) == before + (2 if allow else 0)
        with running_guard(tmp_path, port=guard.port, failure=failure):
            soon(lambda: envoy.ask("blocked")[0] == 403)
            soon(lambda: envoy.ask("nobody")[0] == 200)


@pytest.mark.parametrize("allow", [False, True])
def test_a_guard_that_is_killed_in_an_answer(tmp_path: Path, allow: bool) -> None:
    async def wait(number: int) -> None:
        await asyncio.sleep(0.7 if number else 0)

    model = Model(before_piece=wait)
    with (
        serving(model) as port,
        running_guard(tmp_path) as guard,
        running_envoy(tmp_path / "envoy", port, guard.port, allow=allow) as envoy,
        contextlib.closing(envoy.connection()) as connection,
    ):
        connection.request("POST", CHAT, b'{"stream":true,"max_tokens":50}', {"x-account": "slowed"})
        answer = connection.getresponse()
        assert answer.read1(1_000) == CHAT_STREAM[0]
        guard.end(signal.SIGKILL)
        if allow:
            assert answer.read() == b"".join(CHAT_STREAM[1:])
        else:
            with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                answer.read()


def test_a_guard_that_stops_lets_answers_go_on(tmp_path: Path) -> None:
    async def wait(number: int) -> None:
        await asyncio.sleep(1.2 if number else 0)

    model = Model(before_piece=wait)
    with (
        serving(model) as port,
        running_guard(tmp_path, more="drain_seconds = 1\n") as guard,
        running_envoy(tmp_path / "envoy", port, guard.port) as envoy,
        contextlib.closing(envoy.connection()) as connection,
    ):
        connection.request("POST", CHAT, b'{"stream":true,"max_tokens":50}', {"x-account": "slowed"})
        answer = connection.getresponse()
        assert answer.read1(1_000) == CHAT_STREAM[0]
        assert guard.end() == 0
        assert answer.read() == b"".join(CHAT_STREAM[1:])
        assert len(guard.settled()) == 1


@pytest.mark.parametrize(("failure", "status", "mode"), [("closed", 503, "NONE"), ("open", 200, "STREAMED")])
def test_an_envoy_that_is_set_wrongly_is_a_fault_and_said(
    tmp_path: Path, failure: str, status: int, mode: str
) -> None:
    changes = {"request_body_mode: BUFFERED": f"request_body_mode: {mode}"}
    with (
        serving(Model()) as port,
        running_guard(tmp_path, failure=failure) as guard,
        running_envoy(tmp_path / "envoy", port, guard.port, changes=changes) as envoy,
    ):
        assert [envoy.ask(account)[0] for account in ("blocked", "nobody")] == [status, status]
        assert envoy.ask("blocked", path="/v1/models", method="GET")[0] == 200
        soon(
            lambda: bool(
                guard.process.stderr and "request_body_mode BUFFERED" in guard.process.stderr.readline()
            )
        )
