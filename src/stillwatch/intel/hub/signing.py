"""Signs a member's requests to a hub, for any client of httpx2."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable, Generator

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.intel.hub.keys import key_id
from stillwatch.intel.hub.signatures import COVERED, LABEL, Target, base_of, digest_of, parameters


class MemberAuth(httpx2.Auth):
    """Signs each request with a member's key: method, host, path, query, body, time, and a number used once.
    Give it as `auth=` to a client.
    """

    requires_request_body = True

    def __init__(self, key: Ed25519PrivateKey, clock: Callable[[], float] = time.time) -> None:
        """clock: seconds since 1970."""
        self._key = key
        self._id = key_id(key.public_key().public_bytes_raw())
        self._clock = clock

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Sign a request and send it."""
        request.headers["content-digest"] = digest_of(request.content)
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        target = Target(request.method, request.url.netloc.decode("ascii").lower(), path, f"?{query}")
        written = parameters(int(self._clock()), secrets.token_urlsafe(16), self._id)
        base = base_of(written, COVERED, target, {"content-digest": request.headers["content-digest"]})
        assert base is not None, "BUG: a request without a component of its own"
        request.headers["signature-input"] = f"{LABEL}={written}"
        request.headers["signature"] = f"{LABEL}=:{base64.b64encode(self._key.sign(base)).decode()}:"
        yield request
