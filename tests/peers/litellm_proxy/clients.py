"""Asks a proxy with the real clients of three libraries, and prints what each call sent and got, a line each.

python clients.py URL
"""

from __future__ import annotations

import json
import sys
from typing import Any

import anthropic
import openai
from langchain_openai import ChatOpenAI

URL = sys.argv[1]
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def told(customer: str, asked: str, **more: Any) -> None:
    """Print one call."""
    print(json.dumps({"customer": customer, "asked": asked, **more}), flush=True)


def by_openai(customer: str) -> None:
    """Chat completions: plain, streamed, with tools, with tools streamed, and one that fails."""
    client = openai.OpenAI(base_url=f"{URL}/v1", api_key=f"sk-{customer}", max_retries=0)
    for number, (stream, tools) in enumerate(((False, False), (True, False), (False, True), (True, True))):
        asked = f"openai question {number}"
        more: dict[str, Any] = {"tools": [TOOL]} if tools else {}
        if stream:
            more |= {"stream": True, "stream_options": {"include_usage": True}}
        messages: Any = [{"role": "system", "content": "be brief"}, {"role": "user", "content": asked}]
        got = client.chat.completions.create(model="heron", messages=messages, temperature=0.2, **more)
        chunks = list(got) if stream else []
        told(customer, asked, streamed=stream, tools=tools, chunks=len(chunks))
    try:
        client.chat.completions.create(model="heron", messages=[{"role": "user", "content": "please fail"}])
    except openai.RateLimitError:
        told(customer, "please fail", streamed=False, tools=False, failed=True)


def by_anthropic(customer: str) -> None:
    """Messages: plain, streamed, with tools."""
    client = anthropic.Anthropic(base_url=URL, api_key=f"sk-{customer}", max_retries=0)
    tool: Any = {"name": "weather", "description": "Weather", "input_schema": TOOL["function"]["parameters"]}
    for number, (stream, tools) in enumerate(((False, False), (True, False), (False, True))):
        asked = f"anthropic question {number}"
        call: dict[str, Any] = {
            "model": "heron",
            "max_tokens": 50,
            "system": "be brief",
            "messages": [{"role": "user", "content": asked}],
            **({"tools": [tool]} if tools else {}),
        }
        if stream:
            with client.messages.stream(**call) as got:
                got.get_final_message()
        else:
            client.messages.create(**call)
        told(customer, asked, streamed=stream, tools=tools)


def by_langchain(customer: str) -> None:
    """LangChain's chat model: plain, streamed, with tools."""
    model = ChatOpenAI(model="heron", base_url=f"{URL}/v1", api_key=f"sk-{customer}", max_retries=0)
    model.invoke([("system", "be brief"), ("human", "langchain question 0")])
    told(customer, "langchain question 0", streamed=False, tools=False)
    list(model.stream([("system", "be brief"), ("human", "langchain question 1")]))
    told(customer, "langchain question 1", streamed=True, tools=False)
    model.bind_tools([TOOL]).invoke([("human", "langchain question 2")])
    told(customer, "langchain question 2", streamed=False, tools=True)


by_openai("ann")
by_anthropic("bob")
by_langchain("cleo")
