"""Servers that are measured, each a process: an empty handler, the guard's service, a stub model with and
without the middleware.

python -m guard_study.servers KIND PORT WORKERS [STATE]
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from functools import partial
from pathlib import Path
from typing import Any

EMPTY, GUARD, BARE, BEHIND = "empty", "guard", "bare", "behind"
"""Kinds: an empty handler that reads the body; the service; a stub model alone; the same behind the guard."""
PIECES = 20
PAUSE_S = 0.002
"""Between two pieces of a streamed answer."""


async def empty(scope: Any, receive: Any, send: Any) -> None:
    """Read the body, and answer nothing."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


async def stub(scope: Any, receive: Any, send: Any) -> None:
    """Stream an answer as a model's server does."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for number in range(PIECES):
        piece = b'data: {"choices":[{"delta":{"content":"%03d"}}]}\n\n' % number
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(PAUSE_S)
    end = b'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":20}}\n\ndata: [DONE]\n\n'
    await send({"type": "http.response.body", "body": end})


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def application(kind: str, state: str) -> Any:
    """The application of one process."""
    if kind == EMPTY:
        return empty
    if kind == BARE:
        return stub
    from stillwatch.guard.asgi import GuardMiddleware
    from stillwatch.guard.callers import Accounts
    from stillwatch.guard.decide import Failure
    from stillwatch.guard.open_state import open_guard

    opened = open_guard(Path(state), Failure.OPEN)
    accounts = Accounts(header="x-account")
    return GuardMiddleware(stub, opened.guard, failure=Failure.OPEN, accounts=accounts)


def main() -> None:
    """Serve until SIGTERM."""
    kind, port, workers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    state = sys.argv[4] if len(sys.argv) > 4 else ""
    if kind == GUARD:
        _guard(state, port, workers)
        return
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels

    server: Any = Granian(
        "guard_study.servers",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        http=HTTPModes.http1,
        websockets=False,
        log_access=False,
        log_level=LogLevels.error,
    )
    with contextlib.suppress(SystemExit):
        server.serve(target_loader=partial(application, kind, state), wrap_loader=False)


def _guard(state: str, port: int, workers: int) -> None:
    from stillwatch.guard.open_state import open_state
    from stillwatch.guard.service_settings import load
    from stillwatch.guard.serving import serve

    config = Path(state).parent / f"guard-{port}.toml"
    config.write_text(
        f'[guard]\nfailure = "open"\n[service]\nport = {port}\nworkers = {workers}\n', encoding="utf-8"
    )
    serve(load(config), Path(state), open_state)


if __name__ == "__main__":
    main()
