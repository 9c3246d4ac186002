"""A real LiteLLM proxy that asks a guard over its Generic Guardrail API: what it really sends, and what becomes
of each answer. The guard here is a small HTTP server that speaks that API.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from litellm_asks import DIALECTS, ask
from litellm_runs import ABSENT, BIN, ROOT, free_port, proxy_words, settings, started, wait_for
from litellm_states import live_state

HERE = Path(__file__).parent / "litellm_guard"
SECRET = "a shared secret of the tests, of more than 32 bytes"
PATH = "/beta/litellm_basic_guardrail_api"
TOLD = "This request is refused under the usage policy. To appeal, quote reference 0123."
pytestmark = pytest.mark.skipif(not (BIN / "litellm").exists(), reason=ABSENT)


class Guard(ThreadingHTTPServer):
    """Blocks account bea, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []


class Answering(BaseHTTPRequestHandler):
    """POST."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Answer."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server = self.server
        assert isinstance(server, Guard)
        server.asked.append((self.path, {n.lower(): v for n, v in self.headers.items()}, body))
        blocked = body["request_data"].get("user_api_key_user_id") == "bea"
        answer = {"action": "BLOCKED", "blocked_reason": TOLD} if blocked else {"action": "NONE"}
        said = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Guard]]:
    """The address of a proxy, and the guard that it asks."""
    folder = tmp_path_factory.mktemp("generic")
    stub_port, port, served_port = free_port(), free_port(), free_port()
    (folder / "secret").write_text(SECRET)
    config = folder / "guard.toml"
    config.write_text(
        f'[guard]\nfailure = "closed"\n[service]\nport = {served_port}\nsecret_file = "secret"\n'
    )
    serve = [str(Path(sys.executable).with_name("stillwatch")), "guard", "serve"]
    serve += ["--state", str(live_state(folder)), "--config", str(config)]
    guard = Guard()
    threading.Thread(target=guard.serve_forever, daemon=True).start()
    more = {
        "GUARD_URL": f"http://127.0.0.1:{guard.server_address[1]}",
        "SERVED_URL": f"http://127.0.0.1:{served_port}",
        "GUARD_SECRET": SECRET,
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests' / 'guard'}",
    }
    stub = [str(BIN / "python"), "recording_stub.py", str(stub_port), str(folder / "asked.jsonl")]
    with (
        started(stub, folder, cwd=HERE),
        started(serve, folder, cwd=HERE, PYTHONPATH=str(ROOT / "src")),
        started(
            proxy_words(port, "generic.yaml"), folder, cwd=HERE, **more, **settings(stub_port, folder)
        ) as proxy,
    ):
        wait_for(f"http://127.0.0.1:{port}/health/liveliness", proxy)
        yield f"http://127.0.0.1:{port}", guard
    guard.shutdown()
    guard.server_close()


@pytest.mark.parametrize("path", DIALECTS)
def test_it_sends_who_asks_and_only_headers_that_are_listed(proxied: tuple[str, Guard], path: str) -> None:
    url, guard = proxied
    headers = {"x-ja4": "t13d1516h2", "x-other": "value", "x-stainless-lang": "python"}
    assert ask(url, "ann", path, headers=headers).status == 200
    called, told, body = guard.asked[-1]
    assert called == PATH
    assert told["x-stillwatch-secret"] == SECRET
    assert body["input_type"] == "request"
    assert body["model"] == "heron"
    assert body["request_data"]["user_api_key_user_id"] == "ann"
    assert len(body["request_data"]["user_api_key_hash"]) == 64
    sent = {name.lower(): value for name, value in body["request_headers"].items()}
    assert sent["x-ja4"] == "t13d1516h2"
    assert sent["x-other"] == "[present]"
    assert "authorization" not in sent
    assert sent["x-stainless-lang"] == "python"
    assert body["litellm_call_id"]
    assert body["litellm_version"] == "1.108.4"
    assert body["texts"] == ["what is a reef"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", DIALECTS)
def test_blocked_becomes_a_400(proxied: tuple[str, Guard], path: str, stream: bool) -> None:
    reply = ask(proxied[0], "bea", path, stream=stream)
    assert reply.status == 400
    assert TOLD in reply.message
    assert reply.body["error"]["type"] == "invalid_request_error"


def test_it_is_asked_once_for_a_stream(proxied: tuple[str, Guard]) -> None:
    url, guard = proxied
    before = len(guard.asked)
    assert ask(url, "ann", stream=True).status == 200
    assert len(guard.asked) == before + 1


@pytest.mark.parametrize("path", DIALECTS)
def test_the_service_of_this_package_answers_it(proxied: tuple[str, Guard], path: str) -> None:
    url, _ = proxied
    reply = ask(url, "bad-0", path, guardrails=["served"])
    assert reply.status == 400
    assert re.search(r"Reference: [0-9a-f]{32}\.", reply.message)
    assert "A permit was looked for and none was found" in reply.message
    assert ask(url, "good-1", path, guardrails=["served"]).status == 200


def test_a_guard_that_nobody_runs_is_passed_over_if_it_was_so_chosen(proxied: tuple[str, Guard]) -> None:
    assert ask(proxied[0], "ann", guardrails=["gone"]).status == 200


def test_a_guard_that_is_gone_refuses_all_if_it_was_so_chosen(proxied: tuple[str, Guard]) -> None:
    url, guard = proxied
    guard.shutdown()
    guard.server_close()
    assert ask(url, "ann").status == 500
