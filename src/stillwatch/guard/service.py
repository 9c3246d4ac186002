"""The guard as an HTTP service: a plain ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from pathlib import Path

from stillwatch.guard.asgi_types import Receive, Scope, Send, answer
from stillwatch.guard.bodies import msgspec
from stillwatch.guard.decide import Failure
from stillwatch.guard.decision_id import decision_id
from stillwatch.guard.metrics import KIND, Metrics
from stillwatch.guard.opened import Opened, Opener
from stillwatch.guard.refusals import UNAVAILABLE, Refusal, Wording, fault, refused
from stillwatch.guard.request import Decision
from stillwatch.guard.request_body import BodyReader, BodyRefused, Bounds, ClientGone
from stillwatch.guard.service_settings import ServiceConfig
from stillwatch.guard.webhooks.kong import KongCall
from stillwatch.guard.webhooks.litellm import LitellmCall
from stillwatch.guard.webhooks.own import OwnCall, settled
from stillwatch.guard.webhooks.portkey import PortkeyCall
from stillwatch.guard.webhooks.webhook import Asked, BadCall, Webhook

LIVE, READY, METRICS, DECIDE, SETTLE = "/health/live", "/health/ready", "/metrics", "/v1/decide", "/v1/settle"
LITELLM, PORTKEY, KONG = "/beta/litellm_basic_guardrail_api", "/portkey", "/kong"
METHODS = {
    **dict.fromkeys((LIVE, READY, METRICS), "GET"),
    **dict.fromkeys((DECIDE, SETTLE, LITELLM, PORTKEY, KONG), "POST"),
}
"""The calls, each with its method."""
MOST_DELAY_S = 2.0
"""Seconds that an answer to a gateway is held back at most: Portkey gives up after 3."""
LOOK_S = 5.0
"""Seconds between two looks at how the guard is, for the metrics of all processes."""
SECRET_HEADER = b"x-stillwatch-secret"
JSON = b"application/json"


class Answered(Exception):
    """The call is answered by a status and a sentence."""

    def __init__(self, status: int, says: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(says)
        self.status, self.says, self.headers = status, says, headers


class Service:
    """One process of the service."""

    def __init__(self, config: ServiceConfig, state: Path, opener: Opener) -> None:
        """opener: opens the state when the server starts."""
        self._config, self._state, self._opener = config, state, opener
        self._wording = Wording(config.guard.appeal, config.texts)
        service = config.service
        bounds = Bounds(service.body_bytes, service.body_seconds, max(64 << 20, 4 * service.body_bytes))
        self._reader = BodyReader(bounds)
        self._metrics = Metrics()
        self._opened: Opened | None = None
        self._hooks: dict[str, Webhook] = {}
        self._looking: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1003})

    def start(self) -> None:
        """Open the state. Raises StillwatchError."""
        opened = self._opened = self._opener(self._state, self._config)
        self._hooks = {
            DECIDE: OwnCall(opened.cohort_key),
            LITELLM: LitellmCall(self._config.service.litellm_account),
            PORTKEY: PortkeyCall(self._config.service.portkey_account),
            KONG: KongCall(),
        }

    def stop(self) -> None:
        """Write what waits, and end."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self.start()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        self._looking = asyncio.create_task(self._look())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._looking
        self.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _look(self) -> None:
        while True:
            with contextlib.suppress(Exception):  # what fails here fails in /health/ready too, and is seen
                self._healthy()
            await asyncio.sleep(LOOK_S)

    def _healthy(self) -> bool:
        opened = self._open()
        health = opened.health(opened.guard.clock())
        self._metrics.healthy(health)
        return health.fresh and bool(opened.guard.state.digest)

    def _open(self) -> Opened:
        if self._opened is None:
            raise Answered(503, "the guard is not open")
        return self._opened

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        known = path if path in METHODS else "other"
        try:
            self._allowed(scope)
            status, kind, body = await self._called(path, scope, receive)
            headers: tuple[tuple[bytes, bytes], ...] = ()
        except ClientGone:
            return
        except Answered as said:
            status, kind, body, headers = said.status, JSON, _error(said.says), said.headers
        except BodyRefused as said:
            status, kind, body, headers = said.fault.status, JSON, _error(said.fault.text), ()
        except BadCall as said:
            status, kind, body, headers = 400, JSON, _error(f"the call cannot be read: {said}"), ()
        except Exception:  # a fault of ours: counted, and nothing of it is told
            self._metrics.fault()
            status, kind, body, headers = 503, JSON, _error("the guard cannot answer"), ()
        self._metrics.called(known, status)
        length = (b"content-length", str(len(body)).encode())
        await answer(send, status, [(b"content-type", kind), length, *headers], body)

    def _allowed(self, scope: Scope) -> None:
        """Raises Answered for who has not the secret, and for what is no call."""
        path = scope["path"]
        if path != LIVE and self._config.secret and not self._knows_secret(scope["headers"]):
            raise Answered(401, "the shared secret is missing or wrong", ((b"www-authenticate", b"Bearer"),))
        wanted = METHODS.get(path)
        if wanted is None:
            raise Answered(404, "there is no such call")
        if scope["method"] != wanted:
            raise Answered(405, f"it is a {wanted}", ((b"allow", wanted.encode()),))

    def _knows_secret(self, headers: list[tuple[bytes, bytes]]) -> bool:
        given = b""
        for name, value in headers:
            if name == SECRET_HEADER:
                given = value
            elif name == b"authorization" and value[:7].lower() == b"bearer ":
                given = given or value[7:].strip()
        return hmac.compare_digest(given, self._config.secret)

    async def _called(self, path: str, scope: Scope, receive: Receive) -> tuple[int, bytes, bytes]:
        if path == LIVE:
            return 200, JSON, b'{"status":"live"}'
        if path == READY:
            ready = self._healthy()
            return (200, JSON, b'{"status":"ready"}') if ready else (503, JSON, b'{"status":"not ready"}')
        if path == METRICS:
            self._healthy()
            return 200, KIND.encode(), self._metrics.page()
        data = await self._reader.read(receive, scope["headers"])
        if path == SETTLE:
            decision, used = settled(data)
            self._open().guard.settle(decision, used)
            return 200, JSON, b'{"settled":true}'
        return 200, JSON, await self._asked(self._hooks_of(path), data)

    def _hooks_of(self, path: str) -> Webhook:
        self._open()
        return self._hooks[path]

    async def _asked(self, hook: Webhook, data: bytes) -> bytes:
        asked = hook.asked(data)
        decision, refusal = (None, None) if asked is None else self._decided(asked)
        if hook.waits and refusal is None and decision is not None and decision.delay_ms:
            await asyncio.sleep(min(decision.delay_ms / 1000, MOST_DELAY_S))
        return msgspec.json.encode(hook.told(decision, refusal))

    def _decided(self, asked: Asked) -> tuple[Decision | None, Refusal | None]:
        """Decide. What cannot be told is answered as the owner chose, and counted."""
        guard = self._open().guard
        decision: Decision | None = None
        try:
            if not asked.unseen:
                decision = guard.decide(asked.request)
                self._metrics.decided(decision)
                refusal = None if decision.allowed else refused(decision, asked.dialect, self._wording)
                return decision, refusal
        except Exception:
            decision = None
        self._metrics.fault()
        if self._config.failure is Failure.OPEN:
            return None, None
        return None, fault(UNAVAILABLE, asked.dialect, decision_id(guard.clock()))


def _error(says: str) -> bytes:
    return msgspec.json.encode({"error": says})
