"""HTTP Message Signatures (RFC 9421) with Ed25519, and Content-Digest (RFC 9530): what both sides compute."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TAG = "stillwatch-hub-v1"
"""Application tag: a signature that was made for something else does not fit."""
LABEL = "sig1"
COVERED = ("@method", "@authority", "@path", "@query", "content-digest")
"""What a request's signature covers; the digest is that of the empty body where none is sent."""
LONGEST = 4_096
"""Characters of a header of a signature."""
_ITEM = re.compile(r'"(@?[a-z0-9-]{1,64})"')
_INPUT = re.compile(
    r"([a-z*][a-z0-9_.*-]{0,63})=(\(([^()]*)\)((?:;[a-z]+=(?:[0-9]{1,15}|\"[!#-\[\]-~ ]*\"))*))"
)
_PARAMETER = re.compile(r';([a-z]+)=(?:([0-9]{1,15})|"([!#-\[\]-~ ]*)")')
_SIGNATURE = re.compile(r"([a-z*][a-z0-9_.*-]{0,63})=:([A-Za-z0-9+/=]{1,200}):")
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/=]{44}):")


@dataclass(frozen=True)
class Said:
    """What a Signature-Input says."""

    components: tuple[str, ...]
    """The covered components, in their order."""
    parameters: Mapping[str, str]
    """Its parameters."""
    written: str
    """Components and parameters as they stood there: they are signed so."""
    signature: bytes
    """The signature."""


@dataclass(frozen=True)
class Target:
    """What a request asks for, as both sides must see it."""

    method: str
    """GET, POST, …"""
    authority: str
    """Host, with the port where it is not that of the scheme; lower case."""
    path: str
    """Path as it was sent, percent signs and all."""
    query: str
    """Query with its question mark; a question mark alone where there is none."""

    def component(self, name: str) -> str | None:
        """Return the value of a derived component; None for one that is not known."""
        return {
            "@method": self.method,
            "@authority": self.authority,
            "@path": self.path,
            "@query": self.query,
        }.get(name)


def digest_of(body: bytes) -> str:
    """Return the Content-Digest of a body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def read_digest(header: str) -> bytes | None:
    """Return the SHA-256 that a Content-Digest states; None where it states none."""
    found = _DIGEST.fullmatch(header.strip()) if len(header) <= LONGEST else None
    return _base64(found[1]) if found else None


def parameters(created: int, nonce: str, keyid: str) -> str:
    """Return the components and parameters of a request's signature, as they are written."""
    items = " ".join(f'"{name}"' for name in COVERED)
    return f'({items});created={created};nonce="{nonce}";keyid="{keyid}";alg="ed25519";tag="{TAG}"'


def base_of(
    written: str, components: Sequence[str], target: Target, headers: Mapping[str, str]
) -> bytes | None:
    """Return the text that is signed; None where a covered component is missing."""
    lines = []
    for name in components:
        value = target.component(name) if name.startswith("@") else headers.get(name)
        if value is None or "\n" in value or not value.isascii():
            return None
        lines.append(f'"{name}": {value.strip()}\n')
    return f'{"".join(lines)}"@signature-params": {written}'.encode("ascii")


def read_said(given: str, signature: str) -> Said | None:
    """Return what the headers Signature-Input and Signature say; None where they are not one signature of the
    form that is taken here.
    """
    if len(given) > LONGEST or len(signature) > LONGEST:
        return None
    said, made = _INPUT.fullmatch(given.strip()), _SIGNATURE.fullmatch(signature.strip())
    if said is None or made is None or said[1] != made[1]:
        return None
    items = said[3].split(" ") if said[3] else []
    names = [found[1] for item in items if (found := _ITEM.fullmatch(item))]
    found_parameters = [(one[1], one[2] or one[3] or "") for one in _PARAMETER.finditer(said[4])]
    data = _base64(made[2])
    whole = len(names) == len(items) == len(set(names)) and len(dict(found_parameters)) == len(
        found_parameters
    )
    if not whole or data is None:
        return None
    return Said(tuple(names), dict(found_parameters), said[2], data)


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
