"""An OpenID provider: what it says of itself, its keys, and codes exchanged for tokens."""

from __future__ import annotations

import base64
import json
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.parse import quote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from stillwatch.console.site import loops
from stillwatch.errors import SettingError, StillwatchError

ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA")
"""How an id token may be signed: with the provider's own key; never none, never with the client's secret."""
LARGEST = 1 << 20
"""Bytes of an answer."""
PATIENCE_S = 10.0
KEPT_S = 3_600.0
"""Seconds for which keys and addresses are kept."""
AGAIN_S = 30.0
"""Seconds between two looks for a key that is not there."""
LEEWAY_S = 60
"""Seconds that clocks may differ."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


@dataclass
class Provider:
    """One provider. Threads share it."""

    issuer: str
    """Its issuer."""
    client: str
    """The console's id there."""
    secret: str = field(default="", repr=False)
    """The client's secret; empty: a public client."""
    _told: dict[str, Any] = field(default_factory=dict)
    _keys: KeySet | None = None
    _looked: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def metadata(self) -> dict[str, Any]:
        """Return what it says of itself (OpenID Connect Discovery 1.0). Raises SettingError."""
        with self._lock:
            return self._metadata()

    def exchanged(self, code: str, verifier: str, back: str) -> str:
        """Return the id token for a code. Raises StillwatchError."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "client_id": self.client,
            "code_verifier": verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self.secret:
            pair = f"{quote_plus(self.client)}:{quote_plus(self.secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        answer = _asked(str(self.metadata()["token_endpoint"]), headers, urlencode(fields).encode())
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise refused("the provider gave no id token")
        return token

    def claims(self, token: str, nonce: str) -> dict[str, Any]:
        """Return the claims of an id token, after its signature, issuer, audience, times and nonce were
        checked         (OpenID Connect Core 1.0, section 3.1.3.7). Raises StillwatchError.
        """
        found = self._decoded(token)
        now, audience = time.time(), found.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        expires, issued = found.get("exp"), found.get("iat")
        if found.get("iss") != self.issuer:
            raise refused("it is of another issuer")
        if self.client not in audiences or (len(audiences) > 1 and found.get("azp") != self.client):
            raise refused("it is for another client")
        if "azp" in found and found["azp"] != self.client:
            raise refused("it is for another client")
        if not isinstance(expires, int | float) or expires < now - LEEWAY_S:
            raise refused("it has expired")
        if not isinstance(issued, int | float) or issued > now + LEEWAY_S:
            raise refused("it is from the future")
        if not nonce or found.get("nonce") != nonce:
            raise refused("it answers another sign-in")
        if not isinstance(found.get("sub"), str) or not found["sub"]:
            raise refused("it names nobody")
        return found

    def _decoded(self, token: str) -> dict[str, Any]:
        for renew in (False, True):
            try:
                return dict(jwt.decode(token, self._key_set(renew), algorithms=list(ALGORITHMS)).claims)
            except (JoseError, ValueError, TypeError, KeyError) as error:
                if renew:
                    raise refused("its signature does not hold") from error
        raise AssertionError

    def _metadata(self) -> dict[str, Any]:
        if not self._told or time.monotonic() - self._looked > KEPT_S:
            told = _asked(f"{_usable(self.issuer)}/.well-known/openid-configuration", {})
            if told.get("issuer") != self.issuer:
                raise SettingError(
                    "the provider says that it is another",
                    where="console.oidc_issuer",
                    do="write the issuer as the provider's own discovery document has it",
                )
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                _usable(str(told.get(name, "")))
            self._told, self._keys, self._looked = told, None, time.monotonic()
        return self._told

    def _key_set(self, renew: bool) -> KeySet:
        with self._lock:
            told = self._metadata()
            late = time.monotonic() - self._looked > AGAIN_S
            if self._keys is None or (renew and late):
                try:
                    self._keys = KeySet.import_key_set(_asked(str(told["jwks_uri"]), {}))  # type: ignore[arg-type]
                except (JoseError, ValueError, TypeError, KeyError) as error:
                    raise refused("the provider's keys cannot be read") from error
                self._looked = time.monotonic()
            return self._keys


def refused(why: str) -> StillwatchError:
    """Return the error for a sign-in that a provider's answer does not carry."""
    return StillwatchError(
        "the sign-in with the provider was refused", where=why, do="try again; if it stays so, tell an admin"
    )


def _usable(address: str) -> str:
    """An address of a provider: https, or of this machine. Raises SettingError for another one."""
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and loops(parts.hostname or "")):
        return address.rstrip("/")
    raise SettingError(
        "a provider is reached over https",
        where=address[:120] or "console.oidc_issuer",
        do="give its https address",
    )


def _asked(address: str, headers: dict[str, str], data: bytes | None = None) -> dict[str, Any]:
    request = urllib.request.Request(_usable(address), data=data, headers=headers)  # noqa: S310 - checked above
    try:
        with _opener.open(request, timeout=PATIENCE_S) as answer:
            document = json.loads(answer.read(LARGEST))
    except urllib.error.HTTPError as error:
        error.close()
        raise refused(f"the provider answered with status {error.code}") from error
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        raise refused("the provider does not answer as one") from error
    if not isinstance(document, dict):
        raise refused("the provider does not answer as one")
    return document
