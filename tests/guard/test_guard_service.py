"""The service, as a real process on granian: who may call it, what it answers to each gateway, how it ends."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from service_parts import NONE, SECRET, STALE, Running, running

from stillwatch.guard.records import decisions

LITELLM = "/beta/litellm_basic_guardrail_api"
POSTS = ("/v1/decide", "/v1/settle", LITELLM, "/portkey", "/kong")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("service")


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Running]:
    with running(folder) as found:
        yield found


def test_only_who_has_the_secret_is_answered(service: Running) -> None:
    assert service.call("/health/live", secret=None) == (200, {"status": "live"})
    for path in ("/health/ready", "/metrics", "/nothing"):
        for wrong in (None, "", SECRET[:-1], SECRET + "x", "0" * 64):
            assert service.call(path, secret=wrong)[0] == 401
    for path in POSTS:
        assert service.call(path, {"account": "eve"}, secret="0" * 64)[0] == 401
        assert service.call(path, headers={"authorization": f"Basic {SECRET}"}, secret=None)[0] == 401
    assert service.call("/health/ready", headers={"x-stillwatch-secret": SECRET}, secret=None)[0] == 200
    assert service.call("/nothing")[0] == 404
    assert service.call("/v1/decide")[0] == 405
    assert service.call("/metrics", {})[0] == 405


def test_decide_tells_what_to_do_and_what_to_tell_the_client(service: Running) -> None:
    status, allowed = service.call("/v1/decide", {"account": "eve", "path": "/v1/messages"})
    assert (status, allowed["answer"], allowed["refusal"], allowed["settle"]) == (200, "allow", None, None)
    body = {"model": "heron", "messages": [{"role": "user", "content": "words"}], "max_tokens": 5}
    _, denied = service.call("/v1/decide", {"account": "ada", "path": "/v1/messages", "body": body})
    assert (denied["answer"], denied["reason"], denied["permission"]) == ("deny", "restricted", "none")
    refusal = denied["refusal"]
    assert (refusal["status"], refusal["body"]["error"]["type"]) == (403, "permission_error")
    assert refusal["headers"]["x-policy-reference"] == denied["decision"]
    assert "https://example.org/appeal" in refusal["body"]["error"]["message"]
    _, holder = service.call("/v1/decide", {"account": "holder"})
    assert (holder["answer"], holder["permission"]) == ("allow", "covers")


@pytest.mark.parametrize(
    "call",
    [b"", b"[]", b"{", b'{"account":5}', b'{"account":"a","facts":{"n":"x"}}', b'{"model":"m"}',
     b'{"account":"a","unknown":1}', b'{"account":' + b"[" * 5_000, json.dumps({"account": "a" * 2_000}).encode()],
)  # fmt: skip
def test_a_call_that_cannot_be_read_is_400_and_says_why(service: Running, call: bytes) -> None:
    status, told = service.call("/v1/decide", call)
    assert status == 400
    assert told["error"].startswith("the call cannot be read: ")


def test_large_bodies_heads_and_slow_ones_end(service: Running) -> None:
    assert service.call("/v1/decide", b" " * (33 << 20))[0] == 413
    with socket.create_connection(("127.0.0.1", service.port), 30) as connection:
        head = f"POST /v1/decide HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {SECRET}\r\n"
        connection.sendall(f"{head}x-long: {'a' * 200_000}\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 431")
    assert service.call("/health/ready")[0] == 200


def test_litellm_is_told_none_or_blocked(service: Running) -> None:
    call: dict[str, Any] = {
        "input_type": "request",
        "litellm_call_id": "call-1",
        "texts": ["words"],
        "structured_messages": [{"role": "user", "content": "words"}],
        "model": "heron",
        "request_data": {"user_api_key_user_id": "default_user_id", "user_api_key_hash": "ada"},
        "request_headers": {"host": "x", "x-account": "[present]"},
    }
    status, told = service.call(LITELLM, call)
    assert (status, told["action"]) == (200, "BLOCKED")
    assert "Reference: " in told["blocked_reason"]
    assert service.call(LITELLM, {**call, "input_type": "response"})[1] == {"action": "NONE"}
    other = {**call, "request_data": {"user_api_key_user_id": "eve", "user_api_key_hash": "ada"}}
    assert service.call(LITELLM, other)[1] == {"action": "NONE"}


def test_portkey_is_told_a_verdict(service: Running) -> None:
    call = {
        "request": {"json": {"model": "heron", "messages": []}, "text": "words"},
        "provider": "openai",
        "requestType": "chatComplete",
        "metadata": {"_user": "ada"},
        "eventType": "beforeRequestHook",
    }
    status, told = service.call("/portkey", call)
    assert (status, told["verdict"], told["data"]["status"]) == (200, False, 403)
    assert told["data"]["reference"] in told["data"]["explanation"]
    assert service.call("/portkey", {**call, "metadata": {"_user": "eve"}})[1]["verdict"] is True
    assert service.call("/portkey", {**call, "eventType": "afterRequestHook"})[1]["verdict"] is True


def test_kong_is_told_whether_to_block(service: Running) -> None:
    status, told = service.call("/kong", {"account": "ada", "source": "INPUT", "content": "words"})
    assert (status, told["block"]) == (200, True)
    assert told["reference"] in told["block_message"]
    assert (
        service.call("/kong", {"account": "eve", "source": "INPUT", "content": "words"})[1]["block"] is False
    )
    assert (
        service.call("/kong", {"account": "ada", "source": "OUTPUT", "content": "words"})[1]["block"] is False
    )


def test_metrics_tell_what_was_done_and_name_nobody(service: Running) -> None:
    service.call("/v1/decide", {"account": "ada"})
    status, page = service.call("/metrics")
    assert status == 200
    assert 'stillwatch_guard_decisions_total{answer="deny",held_back="",stage="live",step="block"}' in page
    assert 'stillwatch_guard_problems{kind="snapshot-unreadable"} 3.0' in page
    assert "stillwatch_guard_state_age_seconds 12.5" in page
    assert "stillwatch_guard_fresh 1.0" in page
    assert 'stillwatch_guard_budgets{mode="embedded"} 1.0' in page
    assert "stillwatch_guard_decision_seconds_bucket" in page
    assert '"ada"' not in page
    assert "campaign" not in page


def test_every_decision_is_on_record_after_sigterm(tmp_path: Path) -> None:
    with running(tmp_path) as found:
        told = [found.call("/v1/decide", {"account": name})[1]["decision"] for name in ("eve", "ada") * 20]
        assert found.end() == 0
    kept = {row["id"]: row for row in decisions(tmp_path / "state" / "records")}
    assert set(told) == set(kept)
    assert {row["surface"] for row in kept.values()} == {"http"}


@pytest.mark.parametrize(
    ("failure", "answer", "action"), [("open", "allow", "NONE"), ("closed", "unavailable", "BLOCKED")]
)
def test_without_a_state_it_lives_is_not_ready_and_answers_as_chosen(
    tmp_path: Path, failure: str, answer: str, action: str
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / NONE).touch()
    with running(tmp_path, failure=failure) as found:
        assert found.call("/health/live")[0] == 200
        assert found.call("/health/ready") == (503, {"status": "not ready"})
        told = found.call("/v1/decide", {"account": "ada"})[1]
        assert told["answer"] == answer
        assert (told["refusal"] or {"status": 200})["status"] == (200 if failure == "open" else 503)
        hidden = {"request_data": {}, "request_headers": {"x-account": "[present]"}}
        assert found.call(LITELLM, hidden)[1]["action"] == action
        assert "stillwatch_guard_fresh 0.0" in found.call("/metrics")[1]


def test_a_header_that_litellm_hides_is_a_fault_and_answered_as_chosen(tmp_path: Path) -> None:
    hidden = {"request_data": {}, "request_headers": {"X-Account": "[present]"}}
    for failure, action in (("open", "NONE"), ("closed", "BLOCKED")):
        place = tmp_path / failure
        place.mkdir()
        more = 'litellm_account = ["header:x-account"]\n'
        with running(place, failure=failure, more=more) as found:
            assert found.call(LITELLM, hidden)[1]["action"] == action
            shown = {**hidden, "request_headers": {"X-Account": "ada"}}
            assert found.call(LITELLM, shown)[1]["action"] == "BLOCKED"
            assert "stillwatch_guard_faults_total 1.0" in found.call("/metrics")[1]


def test_budgets_are_reserved_and_settled_through_the_service(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "slow").touch()
    with running(tmp_path) as found:
        ask = {"account": "bob", "facts": {"max_tokens": 900}}
        first = found.call("/v1/decide", ask)[1]
        assert (first["answer"], first["settle"]["reserved"]) == ("allow", 900)
        assert found.call("/v1/decide", ask)[1]["answer"] == "wait"
        assert found.call("/v1/settle", {"settle": first["settle"], "used": 50}) == (200, {"settled": True})
        second = found.call("/v1/decide", ask)[1]
        assert second["answer"] == "allow"
        waiting = found.call("/v1/decide", ask)[1]
        assert waiting["refusal"]["headers"]["retry-after"] == "8"
        for wrong in (
            {"settle": {**first["settle"], "reserved": -5}, "used": 1},
            {"settle": {}, "used": 1},
            {},
        ):
            assert found.call("/v1/settle", wrong)[0] == 400


def test_several_processes_answer_and_count_together(tmp_path: Path) -> None:
    with running(tmp_path, workers=2) as found:
        for _ in range(40):
            assert found.call("/v1/decide", {"account": "ada"})[1]["answer"] == "deny"
        page = ""
        for _ in range(100):  # a process that is still beginning is not fresh
            page = found.call("/metrics")[1]
            if "stillwatch_guard_fresh 1.0" in page:
                break
            time.sleep(0.05)
        (line,) = [line for line in page.splitlines() if line.startswith("stillwatch_guard_decisions_total{")]
        assert line.endswith(" 40.0")
        assert "stillwatch_guard_fresh 1.0" in page
        assert found.end(signal.SIGINT) == 0
    assert len(list(decisions(tmp_path / "state" / "records"))) == 40


def test_a_worker_that_died_tells_nothing_any_more(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / STALE).touch()
    with running(tmp_path, workers=2) as found:
        told(found, "stillwatch_guard_fresh 0.0")
        (tmp_path / "state" / STALE).unlink()  # for the workers that come anew
        for worker in children(found.process.pid):
            os.kill(int(worker), signal.SIGKILL)
            time.sleep(0.5)
        told(found, "stillwatch_guard_fresh 1.0")


def told(service: Running, line: str) -> None:
    """Wait until the metrics say it."""
    for _ in range(200):
        with contextlib.suppress(OSError, http.client.HTTPException):
            if line in service.call("/metrics")[1]:
                return
        time.sleep(0.05)
    raise AssertionError(f"the metrics never said: {line}")


def children(process: int) -> list[str]:
    """The workers of a service: processes that it started and that hold its metrics."""
    found = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [one for one in found if b"resource_tracker" not in Path(f"/proc/{one}/cmdline").read_bytes()]
