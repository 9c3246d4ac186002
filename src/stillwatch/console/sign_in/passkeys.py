"""Passkeys (WebAuthn): added by who is signed in, and signing in without a name."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import Any

import sqlalchemy as sa
import webauthn
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from stillwatch.cases.access_models import CredentialRow
from stillwatch.cases.words import storable, text_of
from stillwatch.console.access import users
from stillwatch.console.access.log import Access, logged
from stillwatch.console.access.users import PASSKEY, Known
from stillwatch.console.body import JSON, body_of
from stillwatch.console.checked_post import foreign, forged
from stillwatch.console.desk import Desk
from stillwatch.console.fault_pages import fault
from stillwatch.console.seen import User
from stillwatch.console.sign_in.beginning import begun, safe_next
from stillwatch.console.sign_in.challenges import challenge, ours, spend
from stillwatch.console.told_json import json_answer
from stillwatch.errors import CaseError, InputError, StillwatchError

SIGN_IN = "passkey sign-in"
MOST = 20
"""Passkeys of one user."""
REFUSED = "the passkey cannot be used"


async def add_begin(desk: Desk, request: Request) -> Response:
    """Answer with what a browser needs to make a passkey."""
    user, refused = await _own(desk, request)
    if user is None:
        return refused
    there = await desk.reading(partial(users.passkeys_of, user=user.id))
    options = webauthn.generate_registration_options(
        rp_id=desk.site.name,
        rp_name="Stillwatch",
        user_name=user.name,
        user_id=f"user {user.id}".encode(),
        challenge=challenge(desk.secret, _adding(user), time.time()),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(base64url_to_bytes(one.lookup)) for one in there],
    )
    return json_answer(json.loads(options_to_json(options)))


async def add_end(desk: Desk, request: Request) -> Response:
    """Keep the passkey that a browser made."""
    user, refused = await _own(desk, request)
    if user is None:
        return refused
    try:
        document = await _document(request)
        name = text_of(str(document.get("name", "")), "name", 80)
        await run_in_threadpool(_keep, desk, user, document.get("credential"), name)
    except StillwatchError as error:
        return fault(desk, request, error, user=user)
    return json_answer({"said": "The passkey is kept.", "see": "/me"})


async def sign_in_begin(desk: Desk, request: Request) -> Response:
    """Answer with what a browser needs to sign in with a passkey."""
    refused = foreign(request, desk.site)
    if refused is not None:
        return fault(desk, request, refused, status=403)
    options = webauthn.generate_authentication_options(
        rp_id=desk.site.name,
        challenge=challenge(desk.secret, SIGN_IN, time.time()),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return json_answer(json.loads(options_to_json(options)))


async def sign_in_end(desk: Desk, request: Request) -> Response:
    """Check what a passkey signed, and begin a session. No signature can be guessed, so nothing slows it."""
    refused = foreign(request, desk.site)
    if refused is not None:
        return fault(desk, request, refused, status=403)
    try:
        document = await _document(request)
        user = await run_in_threadpool(_checked, desk, document.get("credential"))
    except StillwatchError as error:
        desk.slowing.refused += 1
        return fault(desk, request, error, status=401)
    there = safe_next(str(document.get("next", "/")))
    answer = await begun(desk, request, user, PASSKEY, there)
    told = json_answer({"see": there})
    told.raw_headers += [one for one in answer.raw_headers if one[0] == b"set-cookie"]
    return told


def _keep(desk: Desk, user: User, credential: Any, name: str) -> None:
    now, given = time.time(), _challenge_of(credential)
    if not ours(desk.secret, _adding(user), given, now):
        raise _refused("the challenge is not ours, or too old")
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=given,
            expected_rp_id=desk.site.name,
            expected_origin=desk.site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise _refused(type(error).__name__) from error
    with desk.doors.cases.database.writing() as session:
        lookup = bytes_to_base64url(made.credential_id)
        if len(users.passkeys_of(session, user.id)) >= MOST:
            raise CaseError(f"a user has {MOST} passkeys at most", where="passkeys", do="take one away first")
        if not spend(session, given, now) or _row(session, lookup) is not None:
            raise _refused("it was used before")
        users.add_credential(
            session,
            user.id,
            PASSKEY,
            lookup=lookup,
            secret=bytes_to_base64url(made.credential_public_key),
            name=name,
            counter=made.sign_count,
        )
        logged(session, user.name, Access.CREDENTIAL, user.name, done="passkey added")


def _checked(desk: Desk, credential: Any) -> Known:
    now, given = time.time(), _challenge_of(credential)
    if not ours(desk.secret, SIGN_IN, given, now):
        raise _refused("the challenge is not ours, or too old")
    with desk.doors.cases.database.writing() as session:
        row = _row(session, str(credential.get("id", ""))[:2_000])
        user = users.numbered(session, row.user_id) if row is not None else None
        if row is None or user is None or user.disabled:
            raise _refused("nobody has it")
        try:
            told = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=given,
                expected_rp_id=desk.site.name,
                expected_origin=desk.site.origin,
                credential_public_key=base64url_to_bytes(row.secret),
                credential_current_sign_count=row.counter,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, TypeError, KeyError) as error:
            raise _refused(type(error).__name__) from error
        if not spend(session, given, now):
            raise _refused("it was used before")
        session.execute(
            sa.update(CredentialRow)
            .where(CredentialRow.id == row.id)
            .values(counter=told.new_sign_count, used=now)
        )
        return user


def _row(session: Session, lookup: str) -> CredentialRow | None:
    if not storable(lookup):
        return None
    query = sa.select(CredentialRow).where(CredentialRow.kind == PASSKEY, CredentialRow.lookup == lookup)
    return session.scalars(query).first()


async def _own(desk: Desk, request: Request) -> tuple[User | None, Response]:
    """Who is signed in, and lately; else the answer that refuses."""
    user = await desk.who(request)
    if user is None:
        error = StillwatchError("nobody is signed in", where="session", do="sign in")
        return None, fault(desk, request, error, status=401)
    refused = forged(request, desk.site, {}, desk.csrf(request))
    if refused is not None:
        return None, fault(desk, request, refused, status=403)
    if not desk.fresh(user):
        return None, fault(desk, request, desk.stale(), user=user, status=403)
    return user, Response()


async def _document(request: Request) -> dict[str, Any]:
    try:
        document = json.loads(await body_of(request, JSON))
    except (ValueError, RecursionError) as error:
        raise InputError("what was sent is not JSON", where="body", do="send a JSON object") from error
    if not isinstance(document, dict):
        raise InputError("what was sent is no JSON object", where="body", do="send a JSON object")
    return document


def _challenge_of(credential: Any) -> bytes:
    """The challenge that a browser's answer says it is for."""
    try:
        data = json.loads(base64url_to_bytes(credential["response"]["clientDataJSON"]))
        return base64url_to_bytes(data["challenge"])
    except (ValueError, TypeError, KeyError, RecursionError, AttributeError) as error:
        raise _refused("it has no challenge") from error


def _adding(user: User) -> str:
    return f"passkey of {user.id} in {user.session}"


def _refused(why: str) -> CaseError:
    return CaseError(REFUSED, where=why, do="try again, or sign in another way")
