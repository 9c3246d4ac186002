"""vLLM's request log: lines of text, or the same messages as JSON."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from stillwatch.ingest.conversation import ROLES, Messages
from stillwatch.ingest.files.text import TEXT_LOGS, TextLog
from stillwatch.ingest.gateway import account_of
from stillwatch.ingest.held import Held
from stillwatch.ingest.parameters import parameters_of
from stillwatch.ingest.quarantine import Missing
from stillwatch.ingest.request import Context, Numbered, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, first, first_text
from stillwatch.registry import FORMATS, Format

EVENT = "event of the request log"
"""Field of a row of text, which no JSON log has."""
HEAD = re.compile(r"Received request |Request \S+ details: |Generated response ")
RECEIVED = re.compile(r"Received request (?P<id>[^\s:]+): (?P<rest>.*)", re.DOTALL)
DETAILS = re.compile(r"Request (?P<id>[^\s:]+) details: (?P<rest>.*)", re.DOTALL)
ANSWERED = re.compile(r"Generated response (?P<id>[^\s:]+)(?: \([^)]*\))?: (?P<rest>.*)", re.DOTALL)
LITERAL = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
PROMPT = re.compile(r"^prompt: " + LITERAL, re.DOTALL)
OUTPUT = re.compile(r"^output: " + LITERAL, re.DOTALL)
PARAMS = re.compile(
    r"^(?:, )?(?:sampling )?params: SamplingParams\((?P<inside>.*?)\)(?:, (?:prompt|lora)|\.?$)", re.DOTALL
)
PAIR = re.compile(r"(\w+)=(-?\d{1,15}(?:\.\d{1,20})?(?:e-?\d{1,3})?|None|True|False)(?=, |$)")
STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?")
SHORT = re.compile(r"\b\d\d-\d\d \d\d:\d\d:\d\d\b")
TURNS = (
    re.compile(r"<\|im_start\|>(\w+)\n(.*?)(?:<\|im_end\|>|$)", re.DOTALL),
    re.compile(r"<\|start_header_id\|>(\w+)<\|end_header_id\|>\n\n(.*?)(?:<\|eot_id\|>|$)", re.DOTALL),
)
"""Chat templates (ChatML, Llama 3) whose turns can be told apart again."""
ABSENT = (
    "vLLM's log names no account: read the log of the gateway before it, or give the account with a mapping "
    "file or ingest.account_field (docs/formats.md)"
)
YEARLESS = "vLLM's log lines have no year: let the time be written in full, or give it with a mapping file"


def parsed(message: str) -> Row | None:
    """Return the facts of a message of vLLM's request logger; None for any other message."""
    found = HEAD.search(message)
    if found is None or "'" in message[: found.start()] or '"' in message[: found.start()]:
        return None  # what stands inside a text that somebody sent is no message of the logger
    told = found.start()
    if (received := RECEIVED.match(message, told)) is not None:
        words = PROMPT.match(received["rest"])
        given = PARAMS.match(received["rest"][words.end() if words else 0 :])
        facts: Row = {EVENT: "received", "request_id": received["id"], "prompt": _literal(words)}
        if given is not None:
            facts["parameters"] = parameters_of(_pairs(given["inside"]))
        return facts
    if (details := DETAILS.match(message, told)) is not None:
        words = PROMPT.match(details["rest"])
        return {EVENT: "details", "request_id": details["id"], "prompt": _literal(words)}
    if (answered := ANSWERED.match(message, told)) is not None:
        words = OUTPUT.match(answered["rest"])
        return {EVENT: "answered", "request_id": answered["id"], "answer": _literal(words)}
    return None


def line_row(line: str) -> Row | SteppedOver:
    """Return a line's facts; lines of the server itself are stepped over."""
    facts = parsed(line)
    if facts is None:
        return SteppedOver("lines of the server")
    head = line[: line.find(f" {facts['request_id']}")]
    stamp = STAMP.search(head) or SHORT.search(head)
    return {"time": stamp[0].replace(",", ".") if stamp else None, **facts}


TEXT_LOGS["vllm_requests"] = TextLog(
    re.compile(r"Received request \S+: (?:prompt|params|sampling params): "), line_row
)


def detect(sample: Sample) -> float:
    """A message of the request logger, as a row of text or inside a JSON log."""
    if not sample.rows:
        return 0.0
    if sample.kind == "text":
        return (
            0.98 if all(row.get(EVENT) in ("received", "details", "answered") for row in sample.rows) else 0.0
        )
    return 0.95 if any(parsed(_message(row)) for row in sample.rows) else 0.0


def gather(rows: Numbered) -> Numbered:
    """Join what was received, its details, and what was answered."""
    held: Held[tuple[int, Row]] = Held()
    for number, row in rows:
        facts = _facts(row) if isinstance(row, dict) else None
        if facts is None:
            yield number, SteppedOver("lines of the server") if isinstance(row, dict) else row
            continue
        key = str(facts["request_id"])
        if facts[EVENT] == "received" and (before := held.pop(key)) is not None:
            yield before
        begun, whole_row = held.pop(key) or (number, {})
        merged = {**whole_row, **{n: v for n, v in facts.items() if v is not None and n not in whole_row}}
        if facts[EVENT] == "answered":
            yield begun, merged
            continue
        held.put(key, (begun, merged), 400 + len(merged.get("prompt") or ""))
        yield from held.overdue()
    yield from held.rest()


def read(row: Row, context: Context) -> Iterator[Request]:
    """Read one request. Raises BadRow where nothing says whose it is, or of which year."""
    account = account_of(row, context, "account_id", "account")
    if account is None:
        raise Missing("account_id", ABSENT)
    time = row.get("time")
    if isinstance(time, str) and SHORT.fullmatch(time):
        raise Missing("time", YEARLESS)
    yield Request(
        request_id=first_text(row, "request_id"),
        account_id=account,
        time=context.moment(time, "time"),
        parameters=row.get("parameters"),
        messages=_turns(row.get("prompt")),
        answer=row.get("answer"),
    )


def _facts(row: Row) -> Row | None:
    if EVENT in row:
        return row
    facts = parsed(_message(row))
    if facts is None:
        return None
    return {**row, "time": first(row, "timestamp", "time", "asctime", "ts", "created"), **facts}


def _message(row: Row) -> str:
    return first_message(row, "message", "msg", "event", "text", "log")


def first_message(row: Row, *names: str) -> str:
    """Return the first text among several fields; empty if there is none."""
    return next((row[name] for name in names if isinstance(row.get(name), str)), "")


def _literal(found: re.Match[str] | None) -> str | None:
    """Return a text that Python wrote as a literal."""
    if found is None:
        return None
    try:
        value = ast.literal_eval(found[1])
    except (ValueError, SyntaxError, MemoryError):
        return found[1][1:-1]
    return value if isinstance(value, str) else None


def _pairs(inside: str) -> Row:
    pairs = {name: ast.literal_eval(value) for name, value in PAIR.findall(inside)}
    return {name: value for name, value in pairs.items() if value is not None}


def _turns(prompt: str | None) -> Messages | None:
    """Return a prompt's turns; one of an unknown template is one message."""
    if not prompt:
        return None
    for template in TURNS:
        found = [(ROLES.get(role, "user"), words.strip()) for role, words in template.findall(prompt)]
        if any(words for _, words in found):
            return [(role, words) for role, words in found if words]
    return [("user", prompt)]


FORMATS.add(
    "vllm_requests",
    Format(
        name="vllm_requests",
        title="vLLM request logs (--enable-log-requests): text lines, or JSON lines of its logger",
        source="vLLM, vllm/entrypoints/logger.py, class RequestLogger",
        suffixes=(".log", ".jsonl", ".txt"),
        detect=detect,
        read=read,
        gather=gather,
        blind_spots="The log names no account and no client, and its own time format has no year: the log of "
        "the gateway before it is the better one. Prompts are cut at --max-log-len. Answers only with "
        "--enable-log-outputs. Which model served is not said",
        sample='{"timestamp": "2026-02-01T12:00:00Z", "level": "INFO", "account": "ada", "message": '
        "\"Received request chatcmpl-1: prompt: '<|im_start|>user\\\\nwhat is a reef<|im_end|>\\\\n', "
        "params: SamplingParams(n=1, temperature=0.7, seed=None), prompt_token_ids: None, "
        'lora_request: None."}\n',
        gives=(
            {
                "request_id": "chatcmpl-1",
                "account_id": "ada",
                "parameters": "n=1 temperature=0.7",
                "messages": [{"role": "user", "text": "what is a reef"}],
            },
        ),
    ),
)
