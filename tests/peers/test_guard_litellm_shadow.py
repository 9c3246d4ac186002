"""The guard inside a real LiteLLM proxy with mode logging_only: all is recorded and nothing is done. And a
proxy that does not start.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litellm_asks import DIALECTS, ask
from litellm_runs import ABSENT, BIN, ROOT, free_port, proxy_words, settings, started, wait_for

from stillwatch.guard.records import decisions

HERE = Path(__file__).parent / "litellm_guard"
PATHS = f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests' / 'guard'}{os.pathsep}{HERE}"
ACCOUNTS = {
    name: {"campaign": name} for name in ("block", "slow", "trim", "route", "mark", "delay", "broken")
}
pytestmark = pytest.mark.skipif(not (BIN / "litellm").exists(), reason=ABSENT)


@pytest.fixture(scope="module")
def shadowed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a proxy whose guard is in shadow, and the folder of what it writes."""
    folder = tmp_path_factory.mktemp("shadowed")
    stub_port, port = free_port(), free_port()
    (folder / "accounts.json").write_text(json.dumps(ACCOUNTS))
    stub = [str(BIN / "python"), "recording_stub.py", str(stub_port), str(folder / "asked.jsonl")]
    proxy_settings = settings(stub_port, folder)
    with (
        started(stub, folder, cwd=HERE),
        started(
            proxy_words(port, "shadow.yaml"), folder, cwd=HERE, PYTHONPATH=PATHS, **proxy_settings
        ) as proxy,
    ):
        wait_for(f"http://127.0.0.1:{port}/health/liveliness", proxy)
        yield f"http://127.0.0.1:{port}", folder


@pytest.mark.parametrize("path", DIALECTS)
def test_shadow_records_and_does_nothing(shadowed: tuple[str, Path], path: str) -> None:
    url, folder = shadowed
    for customer in ACCOUNTS:
        more: dict[str, Any] = {"n": 7} if path == DIALECTS[0] else {}
        reply = ask(url, customer, path, max_tokens=6_000, **more)
        assert reply.status == 200, (customer, reply.text)
        assert reply.body["model"] == "heron"
        asked = json.loads((folder / "asked.jsonl").read_text().splitlines()[-1])
        assert asked["body"]["model"] == "heron-1"
        assert asked["body"].get("n") == more.get("n")
        assert "x-stillwatch-cohort" not in asked["headers"]
    time.sleep(0.5)
    found = {one["account_id"]: one for one in decisions(folder / "records")}
    assert set(found) == set(ACCOUNTS) - {"broken"}
    for customer, decision in found.items():
        step = "slow" if customer == "delay" else customer
        assert [rule["step"] for rule in decision["shadow"]] == [step]
        assert (decision["answer"], decision["action"]["step"], decision["rules"]) == ("allow", "observe", [])
        assert (decision["reserved"], decision["delay_ms"], decision["cohort"]) == (0, 0, "")


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        ("failure: closed", "it is not said what happens while the guard cannot tell"),
        ("default_on: true", "default_on is not true"),
    ],
)
def test_a_proxy_does_not_start_with_half_a_configuration(tmp_path: Path, taken: str, said: str) -> None:
    config = tmp_path / "config.yaml"
    config.write_text((HERE / "config.yaml").read_text().replace(taken, ""))
    (tmp_path / "guard_hooks.py").write_text((HERE / "guard_hooks.py").read_text())
    done = subprocess.run(
        proxy_words(free_port(), str(config)),
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": PATHS, **settings(9, tmp_path)},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode != 0
    assert said in done.stderr + done.stdout
