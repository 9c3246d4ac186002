"""Dresses a world's exchanges as the programs that really send such requests.

The words, tools, models, sampling parameters, addresses and client software are the world's. What is added is
what the named program adds: distilabel's OpenAILLM, lm-eval's local-chat-completions, an agent's loop, a chat.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

DISTILABEL, HARVEST, EVALS, AGENT, CHAT = "distilabel", "harvest", "lm-eval", "agent", "chat"
SHAPES = (DISTILABEL, HARVEST, EVALS, AGENT, CHAT)
GENERATES: dict[str, Any] = {
    "max_tokens": 512,
    "n": 1,
    "temperature": 0.7,
    "top_p": 1.0,
    "frequency_penalty": 0.0,
    "presence_penalty": 0.0,
}
EVALUATES: dict[str, Any] = {"max_tokens": 64, "temperature": 0, "stop": ["Question:"], "seed": 1234}
TIME, TOKENS, ADDRESS, JA4 = "x-world-time", "x-world-tokens", "x-forwarded-for", "x-ja4"
"""Headers of the provider's own edge, which stands before the gateway; the first two are the range's."""


@dataclass(frozen=True)
class Ask:
    """One request."""

    account: str
    shape: str
    """One of SHAPES."""
    body: dict[str, Any]
    headers: dict[str, str]


def asks(rows: Iterable[dict[str, Any]], kinds: dict[str, str], guilty: frozenset[str]) -> Iterator[Ask]:
    """Dress each exchange; an agent's is a loop of two requests."""
    for number, row in enumerate(rows):
        kind = kinds[row["account_id"]]
        shape = _shape(row, kind, row["account_id"] in guilty, number)
        body = {"model": row["model"], **_parameters(row["parameters"]), "messages": row["messages"]}
        if row["tools"]:
            body["tools"] = row["tools"]
        if row["output_format"]:
            body["response_format"] = row["output_format"]
        if shape == DISTILABEL:
            body = {**GENERATES, **body}
        elif shape == EVALS:
            body = {**body, **EVALUATES}
        elif shape in (AGENT, CHAT):
            body = {**body, "stream": True, "stream_options": {"include_usage": True}}
        yield Ask(row["account_id"], shape, body, _headers(row))
        if shape == AGENT:
            yield Ask(row["account_id"], shape, _told(body), _headers(row))


def evaluation(rows: Iterable[dict[str, Any]], account: str, most: int) -> list[Ask]:
    """A closed set of questions, as lm-eval sends it, from one account."""
    found = []
    for row in rows:
        body = {"model": row["model"], "messages": row["messages"], **EVALUATES}
        found.append(Ask(account, EVALS, body, _headers(row)))
        if len(found) == most:
            break
    return found


def _shape(row: dict[str, Any], kind: str, guilty: bool, number: int) -> str:
    if guilty or kind == "permitted_distiller":
        return HARVEST if row["tools"] or number % 2 else DISTILABEL
    if kind == "eval_harness":
        return EVALS
    return AGENT if row["tools"] else CHAT


def _told(body: dict[str, Any]) -> dict[str, Any]:
    """The next turn of a loop: the tool's result follows the call."""
    name = body["tools"][0]["function"]["name"]
    call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": "{}"}}
    turns = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "done"},
    ]
    return {**body, "messages": [*body["messages"], *turns]}


def _parameters(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in text.split():
        name, _, value = pair.partition("=")
        if value in ("True", "False"):
            found[name] = value == "True"
        elif value.replace(".", "", 1).replace("-", "", 1).isdigit():
            found[name] = float(value) if "." in value else int(value)
    return {name: value for name, value in found.items() if name != "stream"}


def _headers(row: dict[str, Any]) -> dict[str, str]:
    edge = row["edge"]
    found = {"user-agent": edge["user_agent"] or "", TIME: row["time"], ADDRESS: edge["address"] or ""}
    found[TOKENS] = f"{row['input_tokens']}/{row['output_tokens']}"
    if edge["ja4"]:
        found[JA4] = edge["ja4"]
    for pair in (edge["stainless"] or "").split():
        name, _, value = pair.partition("=")
        found[f"x-stainless-{name}"] = value
    return found
