"""Parts for tests of the middleware: a model of a few lines, a driver without sockets, and a real server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from granian.server.embed import Server
from guard_parts import OneBucket

from stillwatch.guard.asgi import GuardMiddleware
from stillwatch.guard.asgi_types import Application, Message, Receive, Scope, Send
from stillwatch.guard.callers import Accounts
from stillwatch.guard.decide import Failure, Guard

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
CHAT_STREAM = (
    b'data: {"id":"c1","model":"heron","choices":[{"delta":{"content":"Hel"}}]}\n\n',
    b'data: {"id":"c1","model":"heron","choices":[{"delta":{"content":"lo \\"usage\\": {}"}}]}\n\ndata: {"id":"c1",',
    b'"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}\n\n',
    b"data: [DONE]\n\n",
)
MESSAGES_STREAM = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"m1","model":"heron","usage":'
    b'{"input_tokens":20,"output_tokens":1}}}\n\n',
    b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"Hi"}}\n\n',
    b'event: message_delta\ndata: {"type":"message_delta","delta":{},"usage":{"output_tokens":7}}\n\n',
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
)
CHAT_ANSWER = b'{"id":"c1","model":"heron","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4}}'


@dataclass
class Model:
    """A server that answers every call with the same pieces, and remembers what it was asked."""

    pieces: Sequence[bytes] = CHAT_STREAM
    kind: bytes = b"text/event-stream"
    status: int = 200
    fails_after: int = -1
    """Pieces after which it raises; -1: never."""
    before_piece: Callable[[int], Any] | None = None
    """Awaited before each piece."""
    seen: list[tuple[Scope, bytes]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
            return
        self.seen.append((scope, b"".join([piece async for piece in body_of(receive)])))
        if self.fails_after == 0:
            raise RuntimeError("the model failed")
        headers = [(b"content-type", self.kind)]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        for number, piece in enumerate(self.pieces):
            if number == self.fails_after:
                raise RuntimeError("the model failed")
            if self.before_piece is not None:
                await self.before_piece(number)
            self.events.append(f"sent {number}")
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    @property
    def body(self) -> Any:
        """The last body that it got, as a document."""
        return json.loads(self.seen[-1][1])

    def header(self, name: bytes) -> bytes | None:
        """A header of the last request that it got."""
        return dict(self.seen[-1][0]["headers"]).get(name)


async def body_of(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def scope_of(
    path: str = CHAT, headers: Sequence[tuple[bytes, bytes]] = (), method: str = "POST"
) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": list(headers),
        "client": ("203.0.113.9", 50_000),
        "server": ("127.0.0.1", 80),
    }


@dataclass
class Got:
    """What a client got."""

    messages: list[Message] = field(default_factory=list)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.messages[0]["headers"])

    @property
    def pieces(self) -> list[bytes]:
        return [message["body"] for message in self.messages[1:] if message["body"]]

    @property
    def body(self) -> Any:
        return json.loads(b"".join(self.pieces))


async def asked(app: Application, scope: Scope, pieces: Sequence[bytes], *, gone_after: int = -1) -> Got:
    """Ask an application without a socket. gone_after: messages of the answer after which the client goes."""
    got = Got()
    waiting = list(pieces)
    gone = asyncio.Event()

    async def receive() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if len(got.messages) == gone_after:
            gone.set()
            raise OSError("the client is gone")
        got.messages.append(message)

    await app(scope, receive, send)
    return got


def ask(
    app: Application,
    body: object = None,
    path: str = CHAT,
    headers: Sequence[tuple[bytes, bytes]] = (),
    *,
    account: str = "ada",
    method: str = "POST",
) -> Got:
    """Ask once, as an account that a header names."""
    data = (
        body if isinstance(body, bytes) else json.dumps({"model": "heron"} if body is None else body).encode()
    )
    named = [(b"x-account", account.encode()), *headers]
    return asyncio.run(asked(app, scope_of(path, named, method), [data]))


@contextlib.contextmanager
def serving(app: Application, **options: Any) -> Iterator[int]:
    """Serve an application with granian on a free port of 127.0.0.1; gives the port."""
    port = free_port()
    ready = threading.Event()
    stop: list[Callable[[], object]] = []

    async def run() -> None:
        chosen = {"backlog": 4_096, "backpressure": 4_096, "log_enabled": False, **options}
        server = Server(app, "127.0.0.1", port, interface="asgi", **chosen)  # type: ignore[arg-type]
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(server.stop))
        task = asyncio.create_task(server.serve())
        while not task.done() and not await reachable(port):
            await asyncio.sleep(0.01)
        ready.set()
        await task

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield port
    finally:
        stop[0]()
        thread.join(20)


async def reachable(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def http(path: str, body: bytes, headers: Sequence[str] = (), *, length: int | None = None) -> bytes:
    """A request as it goes over the wire."""
    head = [
        f"POST {path} HTTP/1.1",
        "host: 127.0.0.1",
        "content-type: application/json",
        f"content-length: {len(body) if length is None else length}",
        *headers,
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


async def chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The chunks of a chunked answer (RFC 9112, section 7.1), each when it is there."""
    while size := int((await reader.readline()).strip() or b"0", 16):
        yield await reader.readexactly(size)
        await reader.readexactly(2)


def before(model: Any, made: Guard, **options: Any) -> GuardMiddleware:
    return GuardMiddleware(
        model, made, failure=Failure.CLOSED, accounts=Accounts(header="x-account"), **options
    )


def bucket_of(made: Guard) -> OneBucket:
    assert isinstance(made.budgets, OneBucket)
    return made.budgets


async def opened(port: int, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int]:
    """Send a request; returns the connection and the status once the head of the answer is there."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await writer.drain()
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
    return reader, writer, int(head.split()[1])


async def settled(made: Guard, number: int) -> list[tuple[int, int]]:
    """What was settled, once it is so many; the server ends a call a moment after its client has the answer."""
    for _ in range(500):
        if len(bucket_of(made).settled) >= number:
            break
        await asyncio.sleep(0.01)
    return bucket_of(made).settled
