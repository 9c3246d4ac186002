"""A small OpenID provider on loopback: discovery, keys, code flow with PKCE, signed id tokens."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "stillwatch", "a secret / of : the client"


@dataclass
class LoopbackProvider:
    """What the provider tells, and what it was asked."""

    port: int = 0
    claims: dict[str, Any] = field(default_factory=dict)
    """What id tokens say beside, or instead of, what they must."""
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "one"})
    told_issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    signing: Any = None
    """Another key that signs; None: that which is published."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        """Its issuer."""
        return f"http://127.0.0.1:{self.port}"

    def discovery(self) -> dict[str, Any]:
        """The discovery document."""
        return {
            "issuer": self.told_issuer or self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def authorized(self, address: str) -> str:
        """Let the user agree at the provider; return where the browser is sent."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{urlsplit(asked['redirect_uri']).path}?code={code}&state={asked['state']}&iss={self.issuer}"

    def token(self, fields: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """The answer to a code; None: refused."""
        asked = self.codes.pop(fields.get("code", ""), None)
        given = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        if asked is None or [unquote_plus(part) for part in given.split(":")] != [CLIENT, SECRET]:
            return None
        proof = hashlib.sha256(fields["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(proof).decode().rstrip("=") != asked["code_challenge"]:
            return None
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "subject-1",
            "iat": now,
            "exp": now + 60,
            "auth_time": now,
            "nonce": asked["nonce"],
            "preferred_username": "Nadia",
            "groups": ["staff", "soc"],
            **self.claims,
        }
        told = {name: value for name, value in claims.items() if value is not None}
        key = self.key if self.signing is None else self.signing
        if self.header["alg"] == "none":  # no library makes one
            return {"access_token": "x", "id_token": f"{_part(self.header)}.{_part(told)}."}
        return {
            "access_token": "x",
            "id_token": jwt.encode(self.header, told, key, algorithms=["RS256", "HS256"]),
        }


def _part(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


@contextmanager
def running() -> Iterator[LoopbackProvider]:
    """A provider that answers on a free port."""
    provider = LoopbackProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            documents = {
                "/.well-known/openid-configuration": provider.discovery(),
                "/keys": {"keys": [provider.key.as_dict(private=False)]},
            }
            self._answer(documents.get(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            fields = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(provider.token(fields, self.headers.get("Authorization", "")))

        def _answer(self, document: Any) -> None:
            data = json.dumps(document or {"error": "invalid_grant"}).encode()
            self.send_response(200 if document else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
