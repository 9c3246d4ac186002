"""What a log of LiteLLM lacks is said before it is read and with the result, with the setting that adds it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stillwatch import report
from stillwatch.ingest.litellm import CUT_BY_LITELLM
from stillwatch.ingest.litellm_settings import AGENT, EDGE, LENGTH, PAYLOADS, STORED
from stillwatch.pipeline import Inputs, detect
from stillwatch.report.page import html
from stillwatch.report.sentences.log_settings import Addition, additions
from stillwatch.run.reading import Run
from stillwatch.schema.keyed import HashKey
from stillwatch.settings import Settings

Row = dict[str, Any]
ROWS = 60
AGENTS = '["User-Agent: OpenAI", "User-Agent: OpenAI/Python 2.1"]'
CUT = (
    "Tell me at length... (litellm_truncated skipped 900 chars. Truncation is a DB storage safeguard. Full, "
    "untruncated data is logged to logging callbacks (OTEL, Datadog, etc.). To increase the truncation limit, "
    "set `MAX_STRING_LENGTH_PROMPT_IN_DB` in your env.) ...what became of it"
)
"""A text as LiteLLM 1.108 cuts it (spend_tracking_utils.py, constants.py)."""


def row_of(i: int, words: str | None, **more: Any) -> Row:
    """A row of its table; words: the prompt, where it stores them. Messages stand in the request alone."""
    sent = {
        "model": "heron",
        "temperature": 0.2,
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": f"{i}: {words}"}],
        "metadata": {"headers": {"user-agent": "OpenAI/Python 2.1", "x-stainless-lang": "python"}},
    }
    answer = {"choices": [{"message": {"role": "assistant", "content": "so be it"}}]}
    return {
        "request_id": f"chatcmpl-{i}",
        "call_type": "acompletion",
        "api_key": "a" * 64,
        "spend": 0.002,
        "prompt_tokens": 12 + i % 5,
        "completion_tokens": 7,
        "startTime": f"2026-02-01T10:{i % 60:02d}:00",
        "endTime": f"2026-02-01T10:{i % 60:02d}:02",
        "model": "heron",
        "user": f"customer-{i % 30}",
        "status": "success",
        "metadata": json.dumps({"user_api_key_user_id": f"customer-{i % 30}"}),
        "requester_ip_address": f"198.51.{i % 30}.7",
        "messages": "{}",
        "response": "{}" if words is None else json.dumps(answer),
        "proxy_server_request": "{}" if words is None else json.dumps(sent),
        "request_tags": AGENTS,
        **more,
    }


def found_in(folder: Path, row: Callable[[int], Row], **inputs: Any) -> tuple[Path, list[str]]:
    """A run over such rows, and what was said on the way, with "reading" where the reading began."""
    (folder / "spend.jsonl").write_text("".join(json.dumps(row(i)) + "\n" for i in range(ROWS)))
    said: list[str] = []

    def move(step: str, _done: int, _total: int) -> None:
        if step == "reading logs" and "reading" not in said:
            said.append("reading")

    given = Inputs((folder / "spend.jsonl",), key=HashKey.public(), **inputs)
    return detect(given, folder / "run", Settings(), move, say=said.append), said


def told(run: Path) -> dict[str, Addition]:
    return {one.setting: one for one in additions(Run(run))}


def test_a_table_as_it_is_by_default(tmp_path: Path) -> None:
    """No prompts; the user agent stands in the tags, so nothing is said of it."""
    run, said = found_in(tmp_path, lambda i: row_of(i, None))
    before = said[: said.index("reading")]
    assert [line.partition(". ")[0] for line in before] == [
        "the first rows of the log lack prompts and answers",
        "the first rows of the log lack TLS fingerprints and classes of networks",
    ]
    assert "general_settings.store_prompts_in_spend_logs: true" in before[0]
    found = told(run)
    assert list(found) == [STORED.name, EDGE.name]
    blind = {row["name"] for row in Run(run).rows("blindness") if row["share"] == 1.0}
    assert set(found[STORED.name].sees) < blind
    assert {"head", "shingle", "tools", "grading", "stainless"} <= set(found[STORED.name].sees)
    assert set(found[EDGE.name].sees) == {"coherence", "ja4", "network", "network_class"}
    page = html(Run(run))
    assert "What one setting would add" in page
    assert str(found[STORED.name]).partition(". ")[0] in page
    document = report.summary_document(run)
    assert [one["setting"] for one in document["use"]["settings"]] == [STORED.name, EDGE.name]


def test_what_is_said_to_come_does_come(tmp_path: Path) -> None:
    """Every facet named for the setting sees something once it is on, but those that need more of clients."""
    (tmp_path / "off").mkdir()
    (tmp_path / "on").mkdir()
    off, _ = found_in(tmp_path / "off", lambda i: row_of(i, None))
    on, said = found_in(tmp_path / "on", lambda i: row_of(i, "what is a reef"))
    assert [line for line in said if "prompts" in line] == []
    assert list(told(on)) == [EDGE.name]
    blind = {row["name"] for row in Run(on).rows("blindness") if row["share"] == 1.0}
    left = set(told(off)[STORED.name].sees) & blind
    assert left == {"handed_over", "handover", "output_format", "prefix", "shared_prefix", "tools"}


def test_texts_that_it_cut_are_counted(tmp_path: Path) -> None:
    run, said = found_in(tmp_path, lambda i: row_of(i, CUT if i % 3 == 0 else "short"))
    assert any("MAX_STRING_LENGTH_PROMPT_IN_DB" in line for line in said[: said.index("reading")])
    found = told(run)[LENGTH.name]
    assert found.text == f"{ROWS // 3} requests of the log lost the middles of long texts."
    assert LENGTH.name not in {name for name, one in told(run).items() if one.sees}
    assert any(row["detail"] == CUT_BY_LITELLM for row in Run(run).rows("use"))


def test_a_log_without_any_user_agent(tmp_path: Path) -> None:
    """The tags are left out of the export, and the metadata is of an older version."""
    run, said = found_in(tmp_path, lambda i: row_of(i, None, request_tags=None))
    assert any("disable_add_user_agent_to_request_tags" in line for line in said)
    assert set(told(run)[AGENT.name].sees) == {"client", "upgrade"}


def test_bodies_without_headers(tmp_path: Path) -> None:
    """A version that stores no headers beside the request: its loggers have them."""

    def row(i: int) -> Row:
        found = row_of(i, "what is a reef")
        sent = json.loads(found["proxy_server_request"])
        return found | {"proxy_server_request": json.dumps({**sent, "metadata": {}})}

    run, _ = found_in(tmp_path, row)
    assert told(run)[PAYLOADS.name].sees == ("stainless",)


def test_an_edge_log_is_given(tmp_path: Path) -> None:
    edge = tmp_path / "edge.jsonl"
    lines = [{"request_id": f"chatcmpl-{i}", "client_ip": "198.51.100.7", "ja4": "t13d"} for i in range(ROWS)]
    edge.write_text("".join(json.dumps(line) + "\n" for line in lines))
    run, said = found_in(tmp_path, lambda i: row_of(i, None), edge=edge)
    assert not [line for line in said if "edge" in line]
    assert list(told(run)) == [STORED.name]


@pytest.mark.parametrize(("address", "warned"), [("10.0.0.7", True), (None, False)])
def test_everybody_behind_the_balancer(address: str | None, warned: bool, tmp_path: Path) -> None:
    """Without use_x_forwarded_for the address is the balancer's."""
    more = {} if address is None else {"requester_ip_address": address}
    run, _ = found_in(tmp_path, lambda i: row_of(i, None, **more))
    warnings = {one["code"]: one for one in report.summary_document(run)["use"]["warnings"]}
    assert ("one_address" in warnings) == warned
    if warned:
        assert warnings["one_address"]["text"].startswith("30 of 30 accounts came from one address")
        assert "use_x_forwarded_for" in warnings["one_address"]["do"]


def test_other_formats_say_nothing(tmp_path: Path) -> None:
    """They name no settings."""

    def line(i: int) -> Row:
        return {"request_id": f"r{i}", "account_id": f"c{i % 30}", "time": f"2026-02-01T10:{i:02d}:00Z"}

    run, said = found_in(tmp_path, line)
    assert said == ["reading"]
    assert additions(Run(run)) == []
