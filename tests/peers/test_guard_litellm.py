"""The guard inside a real LiteLLM proxy, before a stub model: what each decision does, in both dialects.

LiteLLM needs an environment of its own (`make litellm`); without it these tests are skipped.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from litellm_asks import DIALECTS, Reply, ask
from litellm_runs import ABSENT, BIN, ROOT, free_port, proxy_words, settings, started, wait_for

from stillwatch.guard.cohort import cohort
from stillwatch.guard.records import decisions
from stillwatch.ingest import IngestContext, Quarantine, plan, read
from stillwatch.schema.requests import REQUESTS
from stillwatch.settings import IngestSettings

HERE = Path(__file__).parent / "litellm_guard"
pytestmark = pytest.mark.skipif(not (BIN / "litellm").exists(), reason=ABSENT)
EVERY = [(path, stream) for path in DIALECTS for stream in (False, True)]
KINDS = {
    DIALECTS[0]: {403: "permission_error", 429: "rate_limit_error"},
    DIALECTS[1]: {403: "permission_error", 429: "rate_limit_error", 503: "api_error"},
}
ACCOUNTS = {
    "bea": {"campaign": "block"},
    "ben": {"campaign": "block"},
    "bix": {"campaign": "block"},
    "old": {"campaign": "block", "permission": "ended"},
    "vera": {"campaign": "verify"},
    "sam": {"campaign": "slow"},
    "uma": {"campaign": "used"},
    "tim": {"campaign": "trim"},
    "rob": {"campaign": "route"},
    "mark": {"campaign": "mark"},
    "sue": {"campaign": "summarise"},
    "dee": {"campaign": "delay"},
    "bob": {"campaign": "broken"},
    "zed": {"campaign": "asleep"},
}


@dataclass(frozen=True)
class Proxied:
    """A running proxy."""

    url: str
    folder: Path
    """What the hooks, the stub and the guard write."""

    def ask(self, customer: str, path: str = DIALECTS[0], **body: Any) -> Reply:
        """Ask as a customer."""
        return ask(self.url, customer, path, **body)

    def know(self, accounts: dict[str, dict[str, str]]) -> None:
        """Change what the state holds."""
        aside = self.folder / "accounts.part"
        aside.write_text(json.dumps(accounts))
        os.replace(aside, self.folder / "accounts.json")

    def asked(self) -> dict[str, Any]:
        """What the model was asked last."""
        line: dict[str, Any] = json.loads((self.folder / "asked.jsonl").read_text().splitlines()[-1])
        return line

    def decided(self, account: str) -> list[dict[str, Any]]:
        """The decisions on an account, newest first, once what waits is written."""
        time.sleep(0.5)
        return [one for one in decisions(self.folder / "records") if one["account_id"] == account]

    def settled(self, campaign: str, count: int) -> list[dict[str, Any]]:
        """What was settled for a campaign."""
        until = time.monotonic() + 20
        found: list[dict[str, Any]] = []
        while time.monotonic() < until and len(found) < count:
            time.sleep(0.1)
            lines = (self.folder / "settled.jsonl").read_text().splitlines()
            found = [one for one in map(json.loads, lines) if one["campaign"] == campaign]
        return found


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """The proxy with the guard before the stub, once."""
    folder = tmp_path_factory.mktemp("guarded")
    stub_port, port = free_port(), free_port()
    found = Proxied(f"http://127.0.0.1:{port}", folder)
    found.know(ACCOUNTS)
    (folder / "settled.jsonl").touch()
    paths = f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests' / 'guard'}"
    stub = [str(BIN / "python"), "recording_stub.py", str(stub_port), str(folder / "asked.jsonl")]
    with (
        started(stub, folder, cwd=HERE),
        started(
            proxy_words(port, "config.yaml"),
            folder,
            cwd=HERE,
            PYTHONPATH=paths,
            **settings(stub_port, folder),
        ) as proxy,
    ):
        wait_for(f"{found.url}/health/liveliness", proxy)
        yield found


def reference_of(reply: Reply) -> str:
    """The appeal reference, which the message and the header both tell."""
    found = re.search(r"Reference: ([0-9a-f]{32})\.", reply.message)
    assert found, reply.text
    assert reply.headers["x-policy-reference"] == found[1]
    return found[1]


@pytest.mark.parametrize(("path", "stream"), EVERY)
def test_nobody_else_notices(proxied: Proxied, path: str, stream: bool) -> None:
    reply = proxied.ask("ann", path, stream=stream)
    assert reply.status == 200
    assert "what is a reef" in (reply.text if not stream else _streamed(reply))
    assert not [name for name in reply.headers if name.startswith("x-policy")]
    (decision, *_) = proxied.decided("ann")
    assert (decision["answer"], decision["surface"], decision["model"]) == ("allow", "litellm", "heron")
    assert decision["request_id"] == reply.headers["x-litellm-call-id"]


@pytest.mark.parametrize(("path", "stream"), EVERY)
def test_a_block_is_a_403_with_a_reference_and_what_was_seen_of_a_permit(
    proxied: Proxied, path: str, stream: bool
) -> None:
    for customer, said, seen in (
        ("bea", "A permit was looked for and none was found", "none"),
        ("old", "A permit was found and it has ended", "ended"),
    ):
        reply = proxied.ask(customer, path, stream=stream)
        assert reply.status == 403
        assert reply.body["error"]["type"] == KINDS[path][403]
        assert said in reply.message
        assert reply.headers["x-policy-permit"] == seen
        assert reply.headers["x-policy-reason"] == "restricted"
        assert "retry-after" not in reply.headers
        assert proxied.decided(customer)[0]["id"] == reference_of(reply)


def test_clients_do_not_try_a_block_again(proxied: Proxied) -> None:
    done = subprocess.run(
        [str(BIN / "python"), "refused_clients.py", proxied.url, "ben", "bix"],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.split() == ["PermissionDeniedError", "PermissionDeniedError"], done.stderr
    assert [len(proxied.decided(customer)) for customer in ("ben", "bix")] == [1, 1]


OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("/v1/responses", {"input": "a reef"}),
    ("/v1/completions", {"prompt": "a reef"}),
    ("/v1/embeddings", {"input": "a reef"}),
    ("/v1/moderations", {"input": "a reef"}),
    ("/v1/audio/speech", {"input": "a reef", "voice": "alloy"}),
    ("/v1beta/models/heron:generateContent", {"contents": [{"parts": [{"text": "a reef"}]}]}),
    ("/openai/deployments/heron/chat/completions", {}),
    ("/raw", {}),
]


@pytest.mark.parametrize(("path", "body"), OTHERS)
def test_other_dialects_and_what_is_passed_through_are_decided_on_too(
    proxied: Proxied, path: str, body: dict[str, Any]
) -> None:
    reply = proxied.ask("bea", path, **body)
    assert reply.status == 403
    reference_of(reply)
    reply = proxied.ask("sam", path, max_tokens=6_000, max_output_tokens=6_000, **body)
    assert (reply.status, reply.headers["retry-after"]) == (429, "8")


def test_what_is_passed_through_is_trimmed_and_not_marked(proxied: Proxied) -> None:
    assert proxied.ask("tim", "/raw", n=7).status == 200
    assert proxied.asked()["body"]["n"] == 2
    assert proxied.ask("mark", "/raw").status == 200
    assert "extra_headers" not in proxied.asked()["body"]


@pytest.mark.parametrize("path", DIALECTS)
def test_verification_is_asked_for(proxied: Proxied, path: str) -> None:
    reply = proxied.ask("vera", path)
    assert reply.status == 403
    assert "until its owner has been verified" in reply.message


@pytest.mark.parametrize(("path", "stream"), EVERY)
def test_a_spent_budget_is_a_429_with_retry_after(proxied: Proxied, path: str, stream: bool) -> None:
    assert proxied.ask("sam", path, stream=stream).status == 200
    reply = proxied.ask("sam", path, stream=stream, max_tokens=6_000)
    assert reply.status == 429
    assert reply.body["error"]["type"] == KINDS[path][429]
    assert reply.headers["retry-after"] == "8"  # the bucket says 7.5 seconds
    assert "try again in 8 s." in reply.message
    reference_of(reply)


def test_what_was_used_settles_what_was_reserved(proxied: Proxied) -> None:
    for path, stream in EVERY:
        assert proxied.ask("uma", path, stream=stream).status == 200
    assert proxied.ask("uma", messages=[{"role": "user", "content": "please fail"}]).status == 429
    settled = sorted((one["used"], one["reserved"]) for one in proxied.settled("used", 5))
    assert settled == [(0, 53), *[(134, 54)] * 4]


@pytest.mark.parametrize("stream", [False, True])
def test_log_probabilities_are_dropped_and_n_is_cut(proxied: Proxied, stream: bool) -> None:
    more: dict[str, Any] = {"n": 7, "logprobs": True, "top_logprobs": 5, "stream": stream}
    assert proxied.ask("tim", **more).status == 200
    asked = proxied.asked()["body"]
    assert asked["n"] == 2
    assert "logprobs" not in asked
    assert "top_logprobs" not in asked
    assert proxied.ask("ann", **more).status == 200
    asked = proxied.asked()["body"]
    assert (asked["n"], asked["logprobs"], asked["top_logprobs"]) == (7, True, 5)


@pytest.mark.parametrize(("path", "stream"), EVERY)
def test_another_model_answers_under_its_own_name(proxied: Proxied, path: str, stream: bool) -> None:
    reply = proxied.ask("rob", path, stream=stream)
    assert reply.status == 200
    assert proxied.asked()["body"]["model"] == "sparrow-1"
    answer = reply.body if not stream else reply.events[0]
    assert answer.get("model", answer.get("message", {}).get("model")) == "sparrow-1"


@pytest.mark.parametrize("path", DIALECTS)
def test_the_model_server_is_told_the_cohort_and_a_client_cannot_forge_it(
    proxied: Proxied, path: str
) -> None:
    forged = {"X-Stillwatch-Cohort": "forged"}
    for customer, told in (("mark", cohort("mark", b"key")), ("ann", None)):
        assert proxied.ask(customer, path, headers=forged, extra_headers=forged).status == 200
        assert proxied.asked()["headers"].get("x-stillwatch-cohort") == told


@pytest.mark.parametrize(("path", "stream"), EVERY)
def test_reasoning_is_withheld(proxied: Proxied, path: str, stream: bool) -> None:
    thinking: dict[str, Any] = {
        "model": "wren",
        "messages": [{"role": "user", "content": "please think"}],
        "stream": stream,
    }
    for customer, thoughts in (("ann", True), ("sue", False)):
        reply = proxied.ask(customer, path, **thinking)
        assert reply.status == 200
        assert "the answer" in reply.text
        assert ("thoughts" in reply.text) is thoughts
        told = proxied.asked()["headers"].get("x-stillwatch-reasoning")
        assert told == (None if thoughts else "summary")


def test_an_answer_is_held_back_by_the_delay_drawn(proxied: Proxied) -> None:
    waited = proxied.ask("dee").seconds
    delay_ms = proxied.decided("dee")[0]["delay_ms"]
    assert waited >= delay_ms / 1000
    assert 0 <= delay_ms <= 1_500


@pytest.mark.parametrize("path", DIALECTS)
def test_a_permit_issued_in_the_middle_lets_its_holder_through_at_once(proxied: Proxied, path: str) -> None:
    assert proxied.ask("old", path).status == 403
    proxied.know({**ACCOUNTS, "old": {"campaign": "block", "permission": "covers"}})
    assert proxied.ask("old", path).status == 200
    assert proxied.decided("old")[0]["held_back"] == "permit"
    proxied.know(ACCOUNTS)
    assert proxied.ask("old", path).status == 403


@pytest.mark.parametrize(("path", "stream"), EVERY)
def test_a_guard_that_breaks_and_fails_closed_refuses_for_a_while(
    proxied: Proxied, path: str, stream: bool
) -> None:
    reply = proxied.ask("bob", path, stream=stream)
    assert reply.status == 503
    assert reply.headers["retry-after"] == "30"
    assert "Whether a permit covers this request could not be looked up" in reply.message
    assert proxied.ask("ann", path, stream=stream).status == 200


def test_a_decision_that_takes_too_long_fails_and_keeps_nobody_else_waiting(proxied: Proxied) -> None:
    with ThreadPoolExecutor(1) as other:
        late = other.submit(proxied.ask, "zed")
        meanwhile = 0
        while not late.done():
            assert proxied.ask("ann").status == 200
            meanwhile += not late.done()
    assert meanwhile
    assert late.result().status == 503
    assert late.result().seconds < 3
    assert proxied.settled("asleep", 1) == [{"campaign": "asleep", "reserved": 54, "used": 0}]


def test_accounts_are_those_that_are_found_in_its_spend_logs(proxied: Proxied) -> None:
    calls = {proxied.ask(customer).headers["x-litellm-call-id"] for customer in ("ann", "keyed-zoe")}
    until = time.monotonic() + 20
    lines: list[dict[str, Any]] = []
    while time.monotonic() < until and len(lines) < len(calls):
        time.sleep(0.2)
        every = map(json.loads, (proxied.folder / "spend.jsonl").read_text().splitlines())
        lines = [one for one in every if one["litellm_call_id"] in calls]
    path = proxied.folder / "exported.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    settled, quarantine = IngestSettings(), Quarantine()
    context = IngestContext(settled)
    batches = [b for source in plan([path], settings=settled) for b in read(source, context, quarantine)]
    found = pa.Table.from_batches(batches, schema=REQUESTS.arrow).to_pylist()
    by_call = {line["litellm_call_id"]: row["account_id"] for line, row in zip(lines, found, strict=True)}
    time.sleep(0.5)
    recorded = {one["request_id"]: one["account_id"] for one in decisions(proxied.folder / "records")}
    assert by_call == {call: recorded[call] for call in calls}
    assert len(set(by_call.values())) == 2


def test_no_note_of_the_guard_reaches_a_model(proxied: Proxied) -> None:
    assert proxied.ask("uma", metadata={"mine": "1"}).status == 200
    assert "policy" not in (proxied.folder / "asked.jsonl").read_text()


def _streamed(reply: Reply) -> str:
    """The text of a stream."""
    parts = []
    for event in reply.events:
        for choice in event.get("choices", []):
            parts.append(choice["delta"].get("content") or "")
        parts.append(event.get("delta", {}).get("text", ""))
    return "".join(parts)
