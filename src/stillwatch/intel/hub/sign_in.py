"""Finds out who makes a request: by a member's signature, or by a token."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.orm import Session

from stillwatch.cases.database import Database
from stillwatch.intel.hub.members import TOKEN, member_named, secret_hash
from stillwatch.intel.hub.signatures import COVERED, TAG, Said, Target, base_of, read_digest, read_said
from stillwatch.intel.hub.tables import KeyRow, SeenRow, TokenRow
from stillwatch.intel.member import Member

NO_SECRET = secret_hash("")
"""Compared with where there is no such token, so that an answer takes as long."""
PURGED_AT_ONCE = 200
"""Old numbers that a signed request clears away."""


@dataclass(frozen=True)
class Refused:
    """Why a request is nobody's. It says nothing that helps to guess."""

    why: str
    """In a sentence."""


@dataclass(frozen=True)
class Admitted:
    """Who makes a request."""

    member: Member
    """The member."""
    digest: bytes | None
    """SHA-256 that the body must have, where the request was signed."""


Found = Admitted | Refused | None
"""None: the request names nobody."""


class SignIn:
    """Admits members to a hub. Threads may share it."""

    def __init__(self, database: Database, skew_s: float, clock: Callable[[], float] = time.time) -> None:
        """skew_s: seconds by which clocks may differ."""
        self._database = database
        self._skew = skew_s
        self._clock = clock

    def __call__(self, target: Target, headers: Mapping[str, str]) -> Found:
        """Return who makes a request. headers: by lower-case name, each once."""
        given, authorization = headers.get("signature-input"), headers.get("authorization")
        if given is not None:
            said = read_said(given, headers.get("signature", ""))
            if said is None:
                return Refused("The signature is not in the form that this hub takes.")
            return self._signed(said, target, headers)
        if authorization is not None:
            return self._token(authorization)
        return None

    def _signed(self, said: Said, target: Target, headers: Mapping[str, str]) -> Found:
        known, now = said.parameters, self._clock()
        created, nonce = known.get("created", ""), known.get("nonce", "")
        if set(COVERED) - set(said.components) or known.get("tag") != TAG or known.get("alg") != "ed25519":
            return Refused("The signature does not cover what it must.")
        if not created.isdigit() or not 16 <= len(nonce) <= 64:
            return Refused("The signature has no time, or no number used once.")
        if abs(now - int(created)) > self._skew:
            off = int(created) - now
            return Refused(
                f"The request was signed {abs(off):.0f} seconds {'after' if off > 0 else 'before'} the hub's "
                f"time, and {self._skew:g} are allowed; set your clock."
            )
        base = base_of(said.written, said.components, target, headers)
        digest = read_digest(headers.get("content-digest", ""))
        if base is None or digest is None:
            return Refused("The request lacks something that its signature covers.")
        keyid = known.get("keyid", "")
        with self._database.reading() as session:
            row = session.get(KeyRow, keyid)
            member = self._of(session, row, said.signature, base, now)
        if member is None:
            return Refused("The signature is not that of a member's key.")
        return Admitted(member, digest) if self._first(keyid, nonce, now) else _REPLAYED

    def _of(
        self, session: Session, row: KeyRow | None, signature: bytes, base: bytes, now: float
    ) -> Member | None:
        """The member whose key is in use and made a signature."""
        if row is None or row.ended is not None:
            return None
        try:
            Ed25519PublicKey.from_public_bytes(bytes(row.public)).verify(signature, base)
        except (InvalidSignature, ValueError):
            return None
        return member_named(session, row.member, now)

    def _first(self, keyid: str, nonce: str, now: float) -> bool:
        """Note a signed request; return False where it was taken before, in whichever process."""
        number = hashlib.sha256(f"{keyid}\n{nonce}".encode()).hexdigest()
        # Signed requests are many; a hub that loses its power is away longer than a signature is fresh.
        with self._database.writing(durable=False) as session:
            if session.get(SeenRow, number) is not None:
                return False
            old = sa.select(SeenRow.id).where(SeenRow.until < now).limit(PURGED_AT_ONCE)
            session.execute(sa.delete(SeenRow).where(SeenRow.id.in_(old)))
            session.add(SeenRow(id=number, until=now + 2 * self._skew + 1))
        return True

    def _token(self, authorization: str) -> Found:
        scheme, _, rest = authorization.partition(" ")
        name, secret = _credentials(scheme.lower(), rest.strip())
        form = TOKEN.fullmatch(secret)
        now = self._clock()
        with self._database.reading() as session:
            row = session.get(TokenRow, form[1]) if form else None
            good = hmac.compare_digest(row.hash if row else NO_SECRET, secret_hash(form[2] if form else "-"))
            if row is None or not good or row.ended is not None or row.expires <= now:
                return _WRONG
            if name is not None and not hmac.compare_digest(name.encode(), row.member.encode()):
                return _WRONG
            member = member_named(session, row.member, now)
        return Admitted(member, None) if member else _WRONG


_WRONG = Refused("The token is wrong, ended, or another member's.")
_REPLAYED = Refused("This request was taken before; sign each one anew.")


def _credentials(scheme: str, rest: str) -> tuple[str | None, str]:
    """Name and secret of an Authorization header; a bearer gives no name."""
    if len(rest) > 1_000:
        return None, ""
    if scheme == "bearer":
        return None, rest
    if scheme != "basic":
        return None, ""
    try:
        name, _, secret = base64.b64decode(rest, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return None, ""
    return name, secret
