"""A model on loopback that speaks as OpenAI, streamed or not, and tells whether it saw a cohort.

It answers at once and of nothing: its answer's first word is the cohort that it was told, or `plain`. Offered
tools, it calls the first one until it gets a result. Tokens are those that the world has, where a header tells.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

from study.loopback import free_port

COHORT, TOKENS = b"x-stillwatch-cohort", b"x-world-tokens"
PIECES = 6
USED = 20
"""Tokens of an answer of which nothing is told."""


async def model(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI entry."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    data = b""
    while True:
        message = await receive()
        data += message.get("body", b"")
        if not message.get("more_body"):
            break
    asked = json.loads(data) if data else {}
    headers = dict(scope["headers"])
    words, tool = headers.get(COHORT, b"plain").decode(), _tool(asked)
    usage = _usage(asked, headers.get(TOKENS, b"").decode())
    if asked.get("stream"):
        await _streamed(send, asked, words, tool, usage)
    else:
        await _whole(send, asked, words, tool, usage)


def _tool(asked: Any) -> str:
    """The tool to call; empty where none is offered or one has answered."""
    messages = asked.get("messages") or []
    if not asked.get("tools") or any(message.get("role") == "tool" for message in messages):
        return ""
    return str(asked["tools"][0]["function"]["name"])


def _usage(asked: Any, told: str) -> dict[str, int]:
    read, written = len(json.dumps(asked.get("messages", ""))) // 4, USED
    if told:
        read, written = map(int, told.split("/"))
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _frame(asked: Any, kind: str, choices: list[Any]) -> dict[str, Any]:
    name = str(asked.get("model", ""))
    return {"id": "chatcmpl-1", "object": kind, "created": 1_770_000_000, "model": name, "choices": choices}


async def _whole(send: Any, asked: Any, words: str, tool: str, usage: Any) -> None:
    message: dict[str, Any] = {"role": "assistant", "content": f"{words} reef"}
    if tool:
        message["tool_calls"] = [
            {"id": "call_1", "type": "function", "function": {"name": tool, "arguments": "{}"}}
        ]
    ended = "tool_calls" if tool else "stop"
    many = range(int(asked.get("n") or 1))
    choices = [{"index": number, "message": message, "finish_reason": ended} for number in many]
    answer = {**_frame(asked, "chat.completion", choices), "usage": usage}
    body = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _streamed(send: Any, asked: Any, words: str, tool: str, usage: Any) -> None:
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    kind = "chat.completion.chunk"
    for number in range(PIECES):
        told = f"{words} " if number == 0 else "reef "
        choice = {"index": 0, "delta": {"role": "assistant", "content": told}, "finish_reason": None}
        await _event(send, _frame(asked, kind, [choice]))
    delta: dict[str, Any] = {}
    if tool:
        call = {"index": 0, "id": "call_1", "type": "function"}
        delta = {"tool_calls": [{**call, "function": {"name": tool, "arguments": "{}"}}]}
    end = {"index": 0, "delta": delta, "finish_reason": "tool_calls" if tool else "stop"}
    await _event(send, _frame(asked, kind, [end]))
    await _event(send, {**_frame(asked, kind, []), "usage": usage})
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


async def _event(send: Any, document: Any) -> None:
    line = b"data: " + json.dumps(document).encode() + b"\n\n"
    await send({"type": "http.response.body", "body": line, "more_body": True})


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


@contextlib.contextmanager
def serving(app: Any) -> Iterator[int]:
    """Serve an application with granian on a free port of 127.0.0.1, in a thread; gives the port."""
    from granian.server.embed import Server

    port = free_port()
    ready = threading.Event()
    stop: list[Callable[[], object]] = []

    async def run() -> None:
        # "asgi" is a value of granian's Interfaces, which takes the text too.
        options: dict[str, Any] = {"interface": "asgi", "log_enabled": False}
        server = Server(app, "127.0.0.1", port, **options)
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(server.stop))
        task = asyncio.create_task(server.serve())
        while not task.done() and not await _reachable(port):
            await asyncio.sleep(0.01)
        ready.set()
        await task

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    if not ready.wait(20):
        raise SystemExit("the server did not start")
    try:
        yield port
    finally:
        stop[0]()
        thread.join(20)


async def _reachable(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
