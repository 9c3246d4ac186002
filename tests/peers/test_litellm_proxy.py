"""A real LiteLLM proxy, real clients, a stub model: what its own logs say is read as what the clients sent.

LiteLLM needs an environment of its own (`make litellm`); without it these tests are skipped.
"""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from litellm_runs import ABSENT, BIN, free_port, proxy_words, settings, started, wait_for

from stillwatch.ingest import IngestContext, Quarantine, plan, read
from stillwatch.ingest.litellm import CUT_BY_LITELLM
from stillwatch.ingest.litellm_settings import AGENT, EDGE, LENGTH, PAYLOADS, STORED
from stillwatch.schema.requests import REQUESTS
from stillwatch.settings import IngestSettings

HERE = Path(__file__).parent / "litellm_proxy"
CALLS = 11
pytestmark = pytest.mark.skipif(not (BIN / "litellm").exists(), reason=ABSENT)


@dataclass(frozen=True)
class Proxied:
    """What the clients did, and the folder with LiteLLM's own logs."""

    sent: list[dict[str, Any]]
    """A row for each call."""
    logs: Path
    """payloads.jsonl and spend.jsonl."""


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Proxied:
    """The proxy between three clients and the stub model, once; it stores what they say."""
    return asked_of(tmp_path_factory.mktemp("litellm"), STORE_PROMPTS="true")


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Proxied:
    """The same as it is by default, without the words."""
    return asked_of(tmp_path_factory.mktemp("silent"), STORE_PROMPTS="false")


def asked_of(folder: Path, **more: str) -> Proxied:
    """The calls of the clients to a proxy with these variables in its environment."""
    stub_port, port = free_port(), free_port()
    with (
        started([str(BIN / "python"), "stub.py", str(stub_port)], folder, cwd=HERE),
        started(
            proxy_words(port, "config.yaml"), folder, cwd=HERE, **{**settings(stub_port, folder), **more}
        ) as proxy,
    ):
        wait_for(f"http://127.0.0.1:{port}/health/liveliness", proxy)
        asked = subprocess.run(
            [str(BIN / "python"), "clients.py", f"http://127.0.0.1:{port}"],
            cwd=HERE,
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert asked.returncode == 0, asked.stderr.decode()[-2000:]
        until = time.monotonic() + 30
        while time.monotonic() < until and len(_lines(folder / "spend.jsonl")) < CALLS:
            time.sleep(0.2)
    return Proxied([json.loads(line) for line in asked.stdout.splitlines()], folder)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def rows_of(path: Path, quarantine: Quarantine | None = None) -> list[dict[str, Any]]:
    """The requests that we read from a log."""
    settings, quarantine = IngestSettings(), quarantine or Quarantine()
    context = IngestContext(settings)
    batches = [b for source in plan([path], settings=settings) for b in read(source, context, quarantine)]
    assert not quarantine.bad, quarantine.reasons
    return pa.Table.from_batches(batches, schema=REQUESTS.arrow).to_pylist()


def check(sent: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
    """Each call is one row, and the row says what the client did."""
    assert {row["spend"] for row in rows} == {0}, "LiteLLM knows no price of this model"
    read = {row["messages"][-1]["text"]: row for row in rows}
    assert len(rows) == len(sent) == CALLS
    for call in sent:
        row = read[call["asked"]]
        assert row["account_id"] == call["customer"]
        assert row["model"] == "heron"
        assert row["address"] == "127.0.0.1"
        if call.get("failed"):
            assert row["status"] == 429
            continue
        assert row["status"] == 200
        counts = (row["input_tokens"], row["cached_tokens"], row["output_tokens"], row["reasoning_tokens"])
        assert counts == (100 + len(call["asked"]), 64, 20, 5), call
        assert (row["tools"] is not None) == call["tools"]
        answer = '[call weather] {"city": "Oslo"}' if call["tools"] else f"you asked: {call['asked']}"
        assert row["answer"] == answer
        assert row["stainless"] is not None
        assert "lang=python" in row["stainless"]
        has_system = not call["asked"].startswith("langchain question 2")
        assert [message["role"] for message in row["messages"]] == ["system", "user"][not has_system :]


def test_the_payloads_of_its_json_logger(proxied: Proxied) -> None:
    check(proxied.sent, rows_of(proxied.logs / "payloads.jsonl"))


def test_the_rows_of_its_spend_logs(proxied: Proxied) -> None:
    check(proxied.sent, rows_of(proxied.logs / "spend.jsonl"))


def lacking(path: Path) -> set[str]:
    """The settings of which the first rows of a log show nothing."""
    return set(plan([path], settings=IngestSettings())[0].lacks)


def test_without_the_setting_its_table_has_no_words(silent: Proxied) -> None:
    """What we say that the setting adds is what is missing without it, and nothing more is."""
    rows = rows_of(silent.logs / "spend.jsonl")
    assert len(rows) == CALLS
    for column in ("messages", "answer", "tools", "parameters", "stainless"):
        assert {str(row[column]) for row in rows} == {"None"}, column
    assert all(row["user_agent"] for row in rows)
    assert lacking(silent.logs / "spend.jsonl") == {STORED.name, PAYLOADS.name, EDGE.name}
    assert lacking(silent.logs / "payloads.jsonl") == {EDGE.name}


def test_with_the_setting_only_the_edge_is_missing(proxied: Proxied) -> None:
    assert lacking(proxied.logs / "spend.jsonl") == {EDGE.name}
    assert AGENT.name not in lacking(proxied.logs / "spend.jsonl")


def test_its_mark_of_a_cut_is_counted(tmp_path: Path) -> None:
    """The limit is the one that the variable sets; the loggers' payloads are whole."""
    proxied = asked_of(tmp_path, STORE_PROMPTS="true", MAX_STRING_LENGTH_PROMPT_IN_DB="12")
    quarantine = Quarantine()
    rows_of(proxied.logs / "spend.jsonl", quarantine)
    long = [call for call in proxied.sent if len(call["asked"]) > 12]
    assert quarantine.mended["messages", CUT_BY_LITELLM] == len(long) == CALLS - 1
    assert LENGTH.name in lacking(proxied.logs / "spend.jsonl")
    whole = Quarantine()
    rows_of(proxied.logs / "payloads.jsonl", whole)
    assert not whole.mended
