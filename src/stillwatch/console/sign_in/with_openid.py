"""Signing in with an OpenID provider: code flow with PKCE (RFC 7636), state and nonce."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from functools import partial
from typing import Any
from urllib.parse import urlencode

import anyio
import sqlalchemy as sa
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stillwatch.cases.access_models import CredentialRow
from stillwatch.console.access import users
from stillwatch.console.access.openid_provider import Provider, refused
from stillwatch.console.access.secrets import derived, fresh, same
from stillwatch.console.access.users import OIDC, Known
from stillwatch.console.desk import Desk
from stillwatch.console.fault_pages import fault
from stillwatch.console.not_there import NotThere
from stillwatch.console.role import Role
from stillwatch.console.sign_in.beginning import begun, safe_next
from stillwatch.errors import StillwatchError

COOKIE, PLACE, BACK = "openid", "/sign-in/openid", "/sign-in/openid/back"
MINUTES = 10.0
"""Minutes for which a sign-in at the provider may take."""


async def openid_out(desk: Desk, request: Request) -> Response:
    """Send a browser to the provider."""
    try:
        provider = _provider(desk)
        told = await anyio.to_thread.run_sync(provider.metadata, limiter=desk.asking)
    except StillwatchError as error:
        return fault(desk, request, error, status=404 if isinstance(error, NotThere) else 503)
    again = request.query_params.get("again") == "1"
    kept = {
        "state": fresh(),
        "nonce": fresh(),
        "verifier": fresh(),
        "next": safe_next(request.query_params.get("next", "/")),
        "until": time.time() + MINUTES * 60,
    }
    proof = (
        base64.urlsafe_b64encode(hashlib.sha256(str(kept["verifier"]).encode()).digest()).decode().rstrip("=")
    )
    asked = {
        "response_type": "code",
        "client_id": provider.client,
        "redirect_uri": desk.site.origin + BACK,
        "scope": " ".join(desk.settings.oidc_scopes),
        "state": kept["state"],
        "nonce": kept["nonce"],
        "code_challenge": proof,
        "code_challenge_method": "S256",
        **({"max_age": "0", "prompt": "login"} if again else {}),
    }
    endpoint = str(told["authorization_endpoint"])
    answer = RedirectResponse(f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}", 303)
    answer.set_cookie(
        COOKIE,
        _sealed(desk, kept),
        max_age=int(MINUTES * 60),
        path=PLACE,
        secure=desk.site.https,
        httponly=True,
        samesite="lax",
    )
    return answer


async def openid_back(desk: Desk, request: Request) -> Response:
    """Take what the provider sent, and begin a session."""
    try:
        provider = _provider(desk)
        kept = _opened(desk, request.cookies.get(COOKIE, ""))
        query = request.query_params
        if not same(query.get("state", ""), str(kept["state"])):
            raise refused("it answers another sign-in")
        # A provider that is not this one may have sent the browser here (RFC 9207).
        if "iss" in query and query["iss"] != provider.issuer:
            raise refused("it is of another issuer")
        if "code" not in query:
            raise refused("the provider gave no code")
        work = partial(_claimed, desk, provider, query["code"], kept)
        user, proved = await anyio.to_thread.run_sync(work, limiter=desk.asking)
    except StillwatchError as error:
        desk.slowing.refused += 1
        answer = fault(desk, request, error, status=404 if isinstance(error, NotThere) else 401)
    else:
        answer = await begun(desk, request, user, OIDC, str(kept["next"]), proved)
    answer.delete_cookie(COOKIE, path=PLACE, secure=desk.site.https, httponly=True, samesite="lax")
    return answer


def _claimed(desk: Desk, provider: Provider, code: str, kept: dict[str, Any]) -> tuple[Known, float]:
    """Whom a code names, and when the provider last asked them who they are."""
    token = provider.exchanged(code, str(kept["verifier"]), desk.site.origin + BACK)
    claims = provider.claims(token, str(kept["nonce"]))
    role = _role_of(desk, claims)
    with desk.doors.cases.database.writing() as session:
        user = _user(session, provider, claims, role, str(claims.get(desk.settings.oidc_name_claim) or ""))
    asked = claims.get("auth_time")
    return user, min(float(asked), time.time()) if isinstance(asked, int | float) else 0.0


def _user(session: Session, provider: Provider, claims: dict[str, Any], role: Role, name: str) -> Known:
    lookup = f"{provider.issuer} {claims['sub']}"
    row = session.scalars(
        sa.select(CredentialRow).where(CredentialRow.kind == OIDC, CredentialRow.lookup == lookup)
    ).first()
    if row is None:
        if users.named(session, name) is not None:
            # Else who may choose a name at the provider could become anybody here.
            raise refused("somebody else has this name here")
        user = users.add(session, name, role, f"OpenID {provider.issuer}")
        users.add_credential(session, user.id, OIDC, lookup=lookup)
        return user
    known = users.numbered(session, row.user_id)
    if known is None or known.disabled:
        raise refused("this user is kept out")
    if known.role is not role:
        users.give_role(session, known, role, f"OpenID {provider.issuer}", last=True)
    return Known(known.id, known.name, role, False, known.made)


def _role_of(desk: Desk, claims: dict[str, Any]) -> Role:
    groups = claims.get(desk.settings.oidc_groups_claim)
    listed = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
    pairs = [one.rpartition("=") for one in desk.settings.oidc_roles]
    roles = [Role.named(role) for group, _, role in pairs if group in listed]
    if not roles:
        raise refused("none of your groups has a role here")
    return max(roles)


def _provider(desk: Desk) -> Provider:
    if desk.provider is None:
        raise NotThere(
            "no provider is set", where="console.oidc_issuer", do="sign in with a password or a passkey"
        )
    return desk.provider


def _sealed(desk: Desk, kept: dict[str, Any]) -> str:
    text = base64.urlsafe_b64encode(json.dumps(kept).encode()).decode()
    return f"{text}.{derived(desk.secret, f'openid {text}')}"


def _opened(desk: Desk, cookie: str) -> dict[str, Any]:
    text, _, seal = cookie.partition(".")
    if not text or not same(seal, derived(desk.secret, f"openid {text}")):
        raise refused("this browser began no sign-in, or forgot it")
    kept = json.loads(base64.urlsafe_b64decode(text))
    if not isinstance(kept, dict) or kept["until"] < time.time():
        raise refused("it took too long")
    return kept
