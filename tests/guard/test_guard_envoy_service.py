"""The service for Envoy, asked by a gRPC client in Envoy's place."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from asgi_parts import CHAT, CHAT_STREAM, MESSAGES, free_port
from envoy.service.ext_proc.v3 import external_processor_pb2 as messages
from envoy.service.ext_proc.v3 import external_processor_pb2_grpc as services
from envoy_certificate import certified
from envoy_guard import RunningGuard, healthy, running_guard

BUFFERED, STREAMED = 2, 1


def headers(
    account: str,
    path: str = CHAT,
    *,
    method: str = "POST",
    end: bool = False,
    mode: int = BUFFERED,
    **more: str,
) -> Any:
    """The first message of a request."""
    made = messages.ProcessingRequest()
    made.protocol_config.request_body_mode = mode
    told = {":method": method, ":path": path, "x-account": account, **more}
    for name, value in told.items():
        made.request_headers.headers.headers.add(key=name.replace("_", "-"), raw_value=value.encode())
    made.request_headers.end_of_stream = end
    return made


def body(data: bytes = b'{"model": "wren"}') -> Any:
    made = messages.ProcessingRequest()
    made.request_body.body = data
    made.request_body.end_of_stream = True
    return made


def answer(status: str = "200", kind: str = "text/event-stream") -> Any:
    made = messages.ProcessingRequest()
    for name, value in ((":status", status), ("content-type", kind)):
        made.response_headers.headers.headers.add(key=name, raw_value=value.encode())
    return made


def pieces(*data: bytes) -> Iterator[Any]:
    for number, piece in enumerate(data, 1):
        made = messages.ProcessingRequest()
        made.response_body.body = piece
        made.response_body.end_of_stream = number == len(data)
        yield made


def told(guard: RunningGuard, *asked: Any) -> list[Any]:
    """All that the service says to these messages, sent one after another as Envoy does."""
    with grpc.insecure_channel(f"127.0.0.1:{guard.port}") as channel:
        said = InTurn(asked)
        found = []
        for one in services.ExternalProcessorStub(channel).Process(said.messages(), timeout=20):
            found.append(one)
            if not one.HasField("override_message_timeout"):
                said.go_on()
        return found


class InTurn:
    """Messages of which each waits for the answer to the one before."""

    def __init__(self, asked: Iterable[Any]) -> None:
        self._asked = list(asked)
        self._may = threading.Semaphore(1)

    def messages(self) -> Iterator[Any]:
        for one in self._asked:
            self._may.acquire()
            yield one

    def go_on(self) -> None:
        self._may.release()


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGuard]:
    with running_guard(tmp_path_factory.mktemp("envoy")) as running:
        yield running


def soon(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)


def set_headers(response: Any) -> dict[str, bytes]:
    return {one.header.key: one.header.raw_value for one in response.header_mutation.set_headers}


def test_a_request_of_nobody_needs_two_answers_and_no_more(guard: RunningGuard) -> None:
    first, second = told(guard, headers("nobody"), body(), answer())
    assert first.request_headers == messages.HeadersResponse(response=messages.CommonResponse())
    assert second.request_body == messages.BodyResponse(response=messages.CommonResponse())


def test_a_request_without_a_body_is_decided_at_its_headers(guard: RunningGuard) -> None:
    (refused,) = told(guard, headers("blocked", end=True))
    assert refused.immediate_response.status.code == 403
    (unreadable,) = told(guard, headers("marked", end=True))
    assert unreadable.immediate_response.status.code == 400
    (passed,) = told(guard, headers("nobody", end=True, x_stillwatch_cohort="forged"))
    assert list(passed.request_headers.response.header_mutation.remove_headers) == ["x-stillwatch-cohort"]


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_a_refusal_says_its_reference_and_has_no_length_of_its_own(guard: RunningGuard, path: str) -> None:
    _, refused = told(guard, headers("blocked", path), body())
    response = refused.immediate_response
    document = json.loads(response.body)
    assert ("type" in document) == (path == MESSAGES)
    set_too = {one.header.key: one.header.raw_value for one in response.headers.set_headers}
    assert set_too["x-policy-reference"].decode() in document["error"]["message"]
    assert "content-length" not in set_too
    assert all(one.append_action == 2 for one in response.headers.set_headers)


def test_a_changed_body_has_its_length_and_loses_what_told_of_the_other(guard: RunningGuard) -> None:
    _, second = told(guard, headers("trimmed", digest="sha-256=x"), body(b'{"n": 4}'))
    common = second.request_body.response
    assert common.body_mutation.body == b'{"n":1}'
    assert set_headers(common) == {"content-length": b"7"}
    assert list(common.header_mutation.remove_headers) == ["digest"]


def test_pieces_pass_unchanged_and_are_settled(guard: RunningGuard) -> None:
    before = len(guard.settled())
    said = told(guard, headers("slowed"), body(b'{"max_tokens":40}'), answer(), *pieces(*CHAT_STREAM))
    assert [one.WhichOneof("response") for one in said[2:]] == ["response_headers", *["response_body"] * 4]
    assert all(one.response_body == messages.BodyResponse() for one in said[3:])
    assert guard.settled()[before:] == [(40, 13)]


def test_envoy_s_own_answer_in_the_middle_is_no_body(guard: RunningGuard) -> None:
    before = len(guard.decided())
    said = told(guard, headers("blocked"), answer("413", "text/plain"))
    assert [one.WhichOneof("response") for one in said] == ["request_headers", "response_headers"]
    assert len(guard.decided()) == before


def test_trailers_are_answered(guard: RunningGuard) -> None:
    request = messages.ProcessingRequest(request_trailers=messages.HttpTrailers())
    said = told(guard, headers("blocked"), request)
    assert [one.WhichOneof("response") for one in said][1] == "request_trailers"
    end = messages.ProcessingRequest(response_trailers=messages.HttpTrailers())
    (piece, _) = pieces(b"data: {}\n\n", b"")
    said = told(guard, headers("slowed"), body(b'{"max_tokens":4}'), answer(), piece, end)
    assert said[-1].WhichOneof("response") == "response_trailers"


def test_a_delay_asks_envoy_for_time(guard: RunningGuard) -> None:
    said = told(guard, headers("late"), body(b'{"max_tokens":4}'))
    waited = [one.override_message_timeout for one in said if one.HasField("override_message_timeout")]
    assert len(waited) == 1
    assert 5 <= waited[0].seconds <= 8
    assert said[-1].WhichOneof("response") == "request_body"


def test_a_client_that_goes_while_it_waits_gives_its_tokens_back(guard: RunningGuard) -> None:
    before = len(guard.settled())
    with grpc.insecure_channel(f"127.0.0.1:{guard.port}") as channel:
        turn = InTurn([headers("slowed"), body(b'{"max_tokens":40}'), answer()])
        call = services.ExternalProcessorStub(channel).Process(turn.messages())
        next(call)
        turn.go_on()
        next(call)
        assert len(guard.settled()) == before
        call.cancel()
        turn.go_on()
    soon(lambda: len(guard.settled()) == before + 1)
    assert guard.settled()[-1] == (40, 0)


def test_bodies_and_headers_beyond_their_bounds(guard: RunningGuard) -> None:
    (early,) = told(guard, headers("nobody", content_length=str(33 << 20)))
    assert early.immediate_response.status.code == 413
    _, late = told(guard, headers("nobody"), body(b" " * (33 << 20)))
    assert late.immediate_response.status.code == 413
    bomb: dict[str, Any] = {f"x-{number}": "y" for number in range(300)}
    (many,) = told(guard, headers("nobody", **bomb))
    assert many.immediate_response.status.code == 431
    _, passed = told(guard, headers("nobody"), body(b" " * (31 << 20)))
    assert passed.WhichOneof("response") == "request_body"


def test_what_is_no_request_is_a_fault_and_the_service_lives(guard: RunningGuard) -> None:
    assert told(guard) == []
    (first,) = told(guard, body())
    assert first.immediate_response.status.code == 503
    (streamed,) = told(guard, headers("nobody", mode=STREAMED))
    assert streamed.immediate_response.status.code == 503
    watched = headers("nobody")
    watched.observability_mode = True
    assert told(guard, watched)[0].immediate_response.status.code == 503
    odd = headers("nobody", ":odd\xff")
    assert told(guard, odd)[0].WhichOneof("response") == "request_headers"
    assert healthy(f"127.0.0.1:{guard.port}")


def test_health_by_name(guard: RunningGuard) -> None:
    where = f"127.0.0.1:{guard.port}"
    assert healthy(where, b"ready")
    assert healthy(where, b"something") is None


def test_two_processes_share_a_port_and_count_together(tmp_path: Path) -> None:
    metrics = free_port()
    with running_guard(tmp_path, more=f"workers = 2\nmetrics_port = {metrics}\ndrain_seconds = 0\n") as guard:
        soon(lambda: b"stillwatch_guard_fresh" in page(metrics))
        for _ in range(20):  # each connection is one process's
            assert told(guard, headers("blocked", end=True))[0].immediate_response.status.code == 403
        soon(
            lambda: (
                b'decisions_total{answer="deny",held_back="",stage="live",step="block"} 20.0' in page(metrics)
            )
        )
        assert b"stillwatch_guard_fresh 1.0" in page(metrics)
        assert b"blocked" not in page(metrics)
        assert guard.end() == 0
    assert len(guard.decided()) == 20


def page(port: int) -> bytes:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answered:
            found: bytes = answered.read()
            return found
    except OSError:
        return b""


def test_metrics_count_faults(tmp_path: Path) -> None:
    port = free_port()
    with running_guard(tmp_path, more=f"metrics_port = {port}\n") as guard:
        told(guard, headers("nobody", mode=STREAMED))
        soon(lambda: b"stillwatch_guard_faults_total 1.0" in page(port))
        assert guard.end(signal.SIGINT) == 0


def test_a_unix_socket_is_the_owner_s_and_the_group_s(tmp_path: Path) -> None:
    place = tmp_path / "guard.sock"
    with running_guard(tmp_path, more='socket = "guard.sock"\n', where=f"unix:{place}") as guard:
        assert place.stat().st_mode & 0o777 == 0o660
        with socket.socket() as closed:
            assert closed.connect_ex(("127.0.0.1", guard.port)) != 0


def test_tls_lets_in_who_shows_a_certificate(tmp_path: Path) -> None:
    own, key = certified(tmp_path, "localhost")
    client, client_key = certified(tmp_path, "envoy")
    more = f'certificate = "{own.name}"\ncertificate_key = "{key.name}"\nclient_ca = "{client.name}"\n'
    shown = grpc.ssl_channel_credentials(own.read_bytes(), client_key.read_bytes(), client.read_bytes())
    with running_guard(tmp_path, more=more, credentials=shown) as guard:
        where = f"127.0.0.1:{guard.port}"
        assert healthy(where) is None
        assert healthy(where, credentials=grpc.ssl_channel_credentials(own.read_bytes())) is None
        assert healthy(where, credentials=shown) is True


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in folder.glob("*.jsonl") for line in file.read_text().splitlines()]


def test_addresses_are_believed_of_trusted_proxies_only(tmp_path: Path) -> None:
    more = 'exchanges = "log"\ntrusted_proxies = ["10.0.0.0/8"]\n'
    with running_guard(tmp_path, more=more) as guard:
        for peer in ("10.0.0.5:4000", "198.51.100.7:4000", ""):
            first = headers("nobody", x_forwarded_for="203.0.113.9, 10.0.0.7", x_ja4="t13d")
            if peer:
                first.attributes["envoy.filters.http.ext_proc"].update({"source.address": peer})
            told(guard, first, body(), answer(), *pieces(b"data: {}\n\n"))
        soon(lambda: len(lines_of(tmp_path / "log")) == 3)
        found = [(row["client_ip"], row["ja4"]) for row in lines_of(tmp_path / "log")]
    assert found == [("203.0.113.9", "t13d"), ("198.51.100.7", "t13d"), ("", "t13d")]


def test_bodies_are_not_kept_while_answers_pass(tmp_path: Path) -> None:
    large = b'{"model":"wren","messages":"' + b"x" * (2 << 20) + b'"}'
    with running_guard(tmp_path, more='exchanges = "log"\n') as guard:
        before = memory(guard.process.pid)
        with grpc.insecure_channel(f"127.0.0.1:{guard.port}") as channel:
            turns, calls = [], []
            for _ in range(100):
                turn = InTurn([headers("nobody"), body(large), answer()])  # which never comes
                call = services.ExternalProcessorStub(channel).Process(turn.messages())
                next(call)
                turn.go_on()
                next(call)
                turns.append(turn)
                calls.append(call)
            grown = memory(guard.process.pid) - before
            for call, turn in zip(calls, turns, strict=True):
                call.cancel()
                turn.go_on()
        soon(lambda: len(lines_of(tmp_path / "log")) == 100)
        assert all(row["request"] == {"model": "wren"} for row in lines_of(tmp_path / "log"))
    assert grown < 100 << 20, grown


def memory(pid: int) -> int:
    """Bytes that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4_096
