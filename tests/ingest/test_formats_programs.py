"""Logs of vLLM, chat programs, batches and stored lists in the other shapes that they have."""

from __future__ import annotations

import json
from time import process_time
from typing import Any

import pytest
from ingest_bench import Bench, Rows

from stillwatch.ingest.formats.open_webui_chats import _words

USER = [{"role": "user", "text": "what is a reef"}]
MAPPING = """
[columns]
request_id = "request_id"
prompt = "prompt"
parameters = "parameters"
[defaults]
account_id = "ada"
time = "2026-02-01T12:00:00Z"
"""


@pytest.mark.parametrize(
    "line",
    [
        "INFO 02-01 12:00:00 [logger.py:39] Received request chatcmpl-1: prompt: 'what is a reef', params: "
        "SamplingParams(n=1, temperature=0.7, stop=['x, y']), prompt_token_ids: None, lora_request: None.",
        "(APIServer pid=7) INFO 02-01 12:00:00 [logger.py:41] Received request chatcmpl-1: prompt: 'what is a "
        "reef', params: SamplingParams(n=1, temperature=0.7), prompt_token_ids: [1], prompt_embeds shape: None, "
        "lora_request: None.",
        "INFO 02-01 12:00:00 async_llm_engine.py:370] Received request chatcmpl-1: prompt: 'what is a reef', "
        "sampling params: SamplingParams(n=1, temperature=0.7), prompt token ids: [1, 2].",
    ],
)
def test_vllm_lines_of_several_versions_are_read_with_a_mapping(bench: Bench, line: str) -> None:
    server = 'INFO:     203.0.113.4:1 - "POST /v1/chat/completions HTTP/1.1" 200 OK'
    path = bench.write("v.log", f"{server}\n{line}\nINFO 02-01 12:00:01 [loggers.py:1] Engine 000: idle\n")
    found = bench.read(path, mapping=bench.write("m.toml", MAPPING))
    assert [(r["request_id"], r["messages"], r["parameters"]) for r in found] == [
        ("chatcmpl-1", USER, "n=1 temperature=0.7")
    ]
    assert bench.quarantine.stepped["v.log", "lines of the server"] == 2


def test_vllm_without_an_account_or_a_year_is_refused_with_what_to_do(bench: Bench) -> None:
    line = "INFO 02-01 12:00:00 [logger.py:39] Received request c-1: prompt: 'x', params: SamplingParams(n=1), lora"
    assert bench.read(bench.write("v.log", line)) == []
    assert {column for column, _ in bench.reasons()} == {"account_id"}
    assert "mapping file" in next(iter(bench.reasons()))[1]


def test_vllm_joins_details_and_answers_of_a_json_log_and_keeps_a_reused_id_apart(bench: Bench) -> None:
    def row(message: str, second: int) -> dict[str, Any]:
        return {"asctime": f"2026-02-01 12:00:0{second}", "account": "ada", "message": message}

    received = "Received request c-1: params: SamplingParams(n=1), lora_request: None."
    rows = [
        row(received, 0),
        row(r"Request c-1 details: prompt: 'what\'s \"a\" reef', prompt_token_ids: None.", 0),
        row("Generated response c-1 (streaming complete): output: 'coral', finish_reason: stop", 1),
        row(received, 2),
        row(received, 3),
        {"asctime": "2026-02-01 12:00:04", "message": "Application startup complete."},
        row("error in text 'Received request c-9: prompt: 'x', params: SamplingParams(n=1), lora'", 5),
    ]
    found = bench.read(bench.lines("v.jsonl", rows))
    assert [(r["answer"], r["messages"]) for r in found] == [
        ("coral", [{"role": "user", "text": 'what\'s "a" reef'}]),
        (None, None),
        (None, None),
    ]
    assert bench.quarantine.bad == 0


def _message(key: str, parent: str, by_user: bool, text: str, **more: Any) -> dict[str, Any]:
    return {
        "messageId": key,
        "parentMessageId": parent,
        "conversationId": "c",
        "user": "ada",
        "isCreatedByUser": by_user,
        "text": text,
        "createdAt": "2026-02-01T12:00:00Z",
        **more,
    }


def test_librechat_pairs_each_answer_and_keeps_the_turns_before_it(bench: Bench) -> None:
    rows = [
        _message("m1", "0", True, "one"),
        _message(
            "m2", "m1", False, "", content=[{"type": "think", "think": "hm"}, {"type": "text", "text": "two"}]
        ),
        _message("m3", "m1", False, "again"),
        _message("m4", "m2", True, "three"),
        _message("m5", "m4", False, "fault", error=True),
        _message("m6", "m2", True, "alone"),
        _message("m8", "m7", False, "whose"),
    ]
    found = {r["request_id"]: r for r in bench.read(bench.lines("messages.json", rows))}
    assert {key: (r["answer"], r["status"]) for key, r in found.items()} == {
        "m2": ("two", 200),
        "m3": ("again", 200),
        "m5": (None, 500),
        "m6": (None, None),
    }
    assert [m["text"] for m in found["m5"]["messages"]] == ["one", "two", "three"]
    assert sum(bench.quarantine.stepped.values()) == 1


def test_librechat_keeps_strangers_with_the_same_ids_apart(bench: Bench) -> None:
    rows = [_message("m1", "0", True, "mine"), _message("m2", "m1", False, "yours", user="eve")]
    found = bench.read(bench.lines("messages.json", rows))
    assert [(r["account_id"], r["answer"]) for r in found] == [("ada", None)]


def test_open_webui_reads_branches_of_the_table_and_leaves_reasoning_out(bench: Bench) -> None:
    thought = '<details type="reasoning" done="true">hm</details>\ncoral'
    said = {
        "m1": {"role": "user", "content": "what is a reef", "parentId": None, "timestamp": 1769947200},
        "m2": {"role": "assistant", "content": thought, "parentId": "m1", "model": "heron"},
        "m3": {"role": "assistant", "content": "a ridge", "parentId": "m1", "info": {"eval_count": 4}},
    }
    row = {
        "id": "c1",
        "user_id": "ada",
        "chat": json.dumps({"models": ["egret"], "history": {"messages": said}}),
    }
    found = bench.read(bench.lines("chat.jsonl", [row]))
    assert [(r["model"], r["answer"], r["output_tokens"], r["messages"]) for r in found] == [
        ("heron", "coral", None, USER),
        ("egret", "a ridge", 4, USER),
    ]


def test_open_webui_keeps_a_prompt_that_is_written_as_reasoning(bench: Bench) -> None:
    mark = '<details type="reasoning">'
    said = {
        "m1": {"role": "user", "content": f"{mark}tell me all", "timestamp": 1769947200},
        "m2": {"role": "assistant", "content": f"{mark}hm</details>a{mark}b", "parentId": "m1", "model": "m"},
    }
    row = {"id": "c1", "user_id": "ada", "chat": {"models": ["m"], "history": {"messages": said}}}
    (found,) = bench.read(bench.lines("chat.jsonl", [row]))
    assert (found["messages"][0]["text"], found["answer"]) == (f"{mark}tell me all", "a")


def test_open_webui_reads_marks_without_number_in_time() -> None:
    text = '<details type="reasoning">x</details>' * 200_000
    began = process_time()
    assert _words({"role": "assistant", "content": text + "a"}) == "a"
    assert process_time() - began < 5


def _session(kind: str, second: int, content: Any, **more: Any) -> dict[str, Any]:
    message = {"role": kind, "content": content, **more.pop("message", {})}
    time = f"2026-02-01T12:00:0{second}Z"
    return {
        "type": kind,
        "uuid": f"x{second}",
        "sessionId": "s1",
        "account_id": "ada",
        "timestamp": time,
        "message": message,
        **more,
    }


def _told(rows: Rows) -> list[tuple[Any, ...]]:
    return [(r["request_id"], r["answer"], r["output_tokens"], len(r["messages"])) for r in rows]


def test_claude_code_joins_the_lines_of_an_answer_and_keeps_the_conversation(bench: Bench) -> None:
    first = {"id": "msg1", "model": "heron", "usage": {"input_tokens": 2, "output_tokens": 1}}
    rows = [
        {"type": "summary", "summary": "x", "leafUuid": "l"},
        _session("user", 0, "fix it"),
        _session("assistant", 1, [{"type": "text", "text": "a look"}], requestId="q1", message=first),
        _session(
            "assistant",
            2,
            [{"type": "tool_use", "id": "t", "name": "read", "input": {"p": 1}}],
            requestId="q1",
            message={**first, "usage": {"input_tokens": 2, "output_tokens": 9}},
        ),
        _session("user", 3, [{"type": "tool_result", "tool_use_id": "t", "content": "file"}]),
        _session(
            "assistant",
            4,
            [{"type": "text", "text": "done"}],
            requestId="q2",
            message={**first, "id": "msg2"},
        ),
        _session(
            "assistant", 5, "limit", isApiErrorMessage=True, message={"id": "e", "model": "<synthetic>"}
        ),
    ]
    found = bench.read(bench.lines("s.jsonl", rows))
    assert _told(found) == [("q1", 'a look\n[call read] {"p":1}', 9, 1), ("q2", "done", 1, 3)]
    assert {kind for _, kind in bench.quarantine.stepped} == {
        "lines about the session",
        "messages that the client wrote itself",
    }


def test_files_of_batches_without_time_and_account_say_what_to_add(bench: Bench) -> None:
    line = {
        "custom_id": "c1",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "heron", "messages": [{"role": "user", "content": "what is a reef"}]},
    }
    path = bench.lines("in.jsonl", [line])
    assert bench.read(path) == []
    assert {column for column, _ in bench.reasons()} == {"time"}
    mapping = (
        '[columns]\nrequest_id = "custom_id"\nmessages = "body.messages"\n[defaults]\naccount_id = "ada"\n'
    )
    found = bench.read(path, mapping=bench.write("m.toml", f'{mapping}time = "2026-02-01T12:00:00Z"\n'))
    assert [(r["request_id"], r["account_id"], r["messages"]) for r in found] == [("c1", "ada", USER)]


def test_batch_results_know_errors_and_step_over_what_never_ran(bench: Bench) -> None:
    def result(**held: Any) -> dict[str, Any]:
        return {"custom_id": "c", "account_id": "ada", "time": "2026-02-01T12:00:00Z", "result": held}

    fault = {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}
    rows = [result(type="errored", error=fault), result(type="expired"), result(type="canceled")]
    found = bench.read(bench.lines("r.jsonl", rows))
    assert [(r["request_id"], r["status"]) for r in found] == [("c", 529)]
    assert sum(bench.quarantine.stepped.values()) == 2


def test_stored_responses_are_read_from_lists_and_lines(bench: Bench) -> None:
    item = {
        "object": "response",
        "id": "resp_1",
        "created_at": 1769947200,
        "model": "heron",
        "status": "completed",
        "output": [
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "coral"}]}
        ],
        "usage": {"input_tokens": 9, "output_tokens": 4},
        "safety_identifier": "eve",
        "metadata": {"customer": "ada"},
        "input_items": {
            "object": "list",
            "data": [{"type": "message", "role": "user", "content": "what is a reef"}],
        },
    }
    for name, rows in (("list.json", [{"object": "list", "data": [item]}]), ("lines.jsonl", [item])):
        found = bench.read(bench.lines(name, rows))
        assert [(r["account_id"], r["end_user"], r["answer"], r["messages"]) for r in found] == [
            ("ada", "eve", "coral", USER)
        ]


def test_what_somebody_nests_without_end_ends_no_run(bench: Bench) -> None:
    deep = "[" * 900 + "]" * 900
    session = json.dumps(_session("user", 0, "x")).replace('"x"', deep, 1)
    answer = json.dumps(_session("assistant", 1, "done", message={"id": "m", "model": "heron"}))
    bench.read(bench.write("s.jsonl", f"{answer}\n{session}\n{answer}\n"))
    message = json.dumps(_message("m1", "0", True, "x", content="DEEP")).replace('"DEEP"', deep)
    found = bench.read(bench.write("m.json", f"{message}\n"))
    assert [r["account_id"] for r in found] == ["ada"]


def test_error_files_of_batches_say_that_they_hold_no_time_and_what_never_ran(bench: Bench) -> None:
    failed = {"status_code": 400, "request_id": "q", "body": {"error": {"type": "invalid_request_error"}}}
    rows: list[dict[str, Any]] = [
        {"id": "b1", "custom_id": "c1", "account_id": "ada", "response": failed, "error": None},
        {
            "id": "b2",
            "custom_id": "c2",
            "account_id": "ada",
            "response": None,
            "error": {"code": "batch_expired"},
        },
    ]
    assert bench.read(bench.lines("errors.jsonl", rows)) == []
    assert {column for column, _ in bench.reasons()} == {"time"}
    assert bench.quarantine.stepped["errors.jsonl", "requests of a batch that never ran"] == 1
    timed = [{**rows[0], "time": "2026-02-01T12:00:00Z"}]
    assert [r["status"] for r in bench.read(bench.lines("timed.jsonl", timed))] == [400]
