"""From a run to a refusal in a real LiteLLM proxy, and back: publish, policy, block, permit, appeal, undo."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from litellm_asks import DIALECTS, Reply, ask
from litellm_runs import ABSENT, BIN, ROOT, free_port, proxy_words, settings, started, wait_for
from litellm_states import BY, live_state, said

HERE = Path(__file__).parent / "litellm_guard"
pytestmark = pytest.mark.skipif(not (BIN / "litellm").exists(), reason=ABSENT)
SOON_S = 5.0
"""A person's decision reaches every guard within so many seconds."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a proxy, and the state that its guard reads."""
    folder = tmp_path_factory.mktemp("whole")
    state = live_state(folder)
    stub_port, port = free_port(), free_port()
    more = {"STATE": str(state), "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests' / 'guard'}"}
    stub = [str(BIN / "python"), "recording_stub.py", str(stub_port), str(folder / "asked.jsonl")]
    with (
        started(stub, folder, cwd=HERE),
        started(
            proxy_words(port, "whole.yaml"), folder, cwd=HERE, **more, **settings(stub_port, folder)
        ) as proxy,
    ):
        wait_for(f"http://127.0.0.1:{port}/health/liveliness", proxy)
        yield f"http://127.0.0.1:{port}", state


def soon(url: str, account: str, status: int, path: str) -> Reply:
    """Ask until the answer is so, for as long as a person's decision may take."""
    until = time.monotonic() + SOON_S
    while (reply := ask(url, account, path)).status != status:
        assert time.monotonic() < until, (account, reply.status)
        time.sleep(0.1)
    return reply


@pytest.mark.parametrize("path", DIALECTS)
def test_only_the_campaign_is_blocked(whole: tuple[str, Path], path: str) -> None:
    url, _ = whole
    reply = ask(url, "bad-0", path)
    assert reply.status == 403
    assert reply.headers["x-policy-reason"] == "terms_automated_collection"
    for account in ("good-1", "nobody"):
        assert ask(url, account, path).status == 200


@pytest.mark.parametrize(("path", "account"), [(DIALECTS[0], "bad-1"), (DIALECTS[1], "bad-2")])
def test_a_permit_comes_and_goes_within_seconds(whole: tuple[str, Path], path: str, account: str) -> None:
    url, state = whole
    assert ask(url, account, path).headers["x-policy-permit"] == "none"
    permit = f"study-{account}"
    said(
        "guard",
        "permit",
        "issue",
        permit,
        "--account",
        account,
        "--until",
        "2099-01-01",
        "--state",
        state,
        *BY,
    )
    soon(url, account, 200, path)
    said("guard", "permit", "revoke", permit, "--state", state, *BY)
    assert soon(url, account, 403, path).headers["x-policy-permit"] == "revoked"


def test_an_appeal_upheld_and_an_undone_decision_let_through(whole: tuple[str, Path]) -> None:
    url, state = whole
    said("guard", "appeal", "uphold", "bad-3", "--state", state, *BY)
    soon(url, "bad-3", 200, DIALECTS[0])
    reference = ask(url, "bad-4").headers["x-policy-reference"]
    said("guard", "undo", reference, "--state", state, *BY)
    soon(url, "bad-4", 200, DIALECTS[0])
    assert ask(url, "bad-0").status == 403
