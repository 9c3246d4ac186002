"""A member's side of a hub: one folder that knows the hub, the member's key, and what was last seen."""

from __future__ import annotations

import json
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.errors import EXIT_CONFLICT, IntelError
from stillwatch.intel.hub.keys import make_key, public_text, read_key
from stillwatch.intel.hub.log import IDENTITY
from stillwatch.intel.hub.members import NAME
from stillwatch.intel.hub.notes import Verifier, read_verifier
from stillwatch.intel.hub.signing import MemberAuth
from stillwatch.run.durable import FOLDER, write_bytes, write_text
from stillwatch.toml_file import read_toml

ABOUT, KEY, NEXT_KEY = "sharing.toml", "member.key", "member.key.next"
FIELDS = ("hub", "name", "identity", "log_key", "ca")
LARGEST_ANSWER = 32 * 10**6
"""Bytes of an answer that are read."""
TIMEOUT_S = 30.0


class Unreachable(IntelError):
    """The hub did not answer; nothing is known about what it did."""

    exit_code = EXIT_CONFLICT


class HubRefused(IntelError):
    """The hub answered that it does not do this."""

    def __init__(self, status: int, what: str, *, where: str, do: str) -> None:
        """status: that of HTTP."""
        super().__init__(what, where=where, do=do)
        self.status = status


@dataclass(frozen=True)
class Sharing:
    """What a member knows of its hub, kept in a folder of its own."""

    folder: Path
    """Where it is kept, with the key and what was last seen of the log."""
    hub: str
    """Address of the hub: https://hub.example."""
    name: str
    """The member's name there."""
    identity: str
    """Id of the member's STIX identity; `created_by_ref` of what it makes."""
    log_key: Verifier
    """The key of the hub's log, got from its coordinator by another way."""
    ca: Path | None
    """Certificates of authorities for the hub's TLS, PEM; None: those of the system."""

    def key(self) -> Ed25519PrivateKey:
        """Return the member's key. Raises IntelError where it cannot be read."""
        return read_key(self.folder / KEY)

    def auth(self) -> MemberAuth:
        """Return what signs requests, for any client of httpx2."""
        return MemberAuth(self.key())

    def verify(self) -> ssl.SSLContext:
        """Return how the hub's certificate is checked. Raises IntelError for a file of none."""
        try:
            return ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
        except (OSError, ssl.SSLError) as error:
            raise IntelError(
                "the certificates of authorities cannot be read",
                where=str(self.ca),
                do="give a file in PEM that is there",
            ) from error

    def client(self, timeout_s: float = TIMEOUT_S) -> httpx2.Client:
        """Return a client of the hub that signs. It follows no redirects, since a signature is for one host,
        and takes no proxy from the environment.
        """
        return httpx2.Client(
            base_url=self.hub, auth=self.auth(), verify=self.verify(), timeout=timeout_s, trust_env=False
        )

    def async_client(self, timeout_s: float = TIMEOUT_S) -> httpx2.AsyncClient:
        """Return the same for asynchronous code."""
        return httpx2.AsyncClient(
            base_url=self.hub, auth=self.auth(), verify=self.verify(), timeout=timeout_s, trust_env=False
        )


def join(folder: Path, hub: str, name: str, identity: str, log_key: str, ca: Path | None = None) -> Sharing:
    """Write down what a member knows of its hub; a key is made if none is there. Raises IntelError for an
    address, a name, an identity or a key that is none.
    """
    text = "".join(
        f"{field} = {json.dumps(value)}\n"
        for field, value in (
            ("hub", hub.rstrip("/")),
            ("name", name),
            ("identity", identity),
            ("log_key", log_key.strip()),
            ("ca", str(ca.resolve()) if ca else ""),
        )
    )
    found = _read(
        folder, dict(zip(FIELDS, (hub.rstrip("/"), name, identity, log_key, str(ca or "")), strict=True))
    )
    if not (folder / KEY).exists():
        new_key(folder)
    write_text(folder / ABOUT, text)
    return found


def new_key(folder: Path) -> str:
    """Make a member's key; return its public key as text. Raises IntelError where one is there."""
    return public_text(make_key(folder / KEY).public_key().public_bytes_raw())


def open_sharing(folder: Path) -> Sharing:
    """Return what a folder knows. Raises IntelError where it is none."""
    document = read_toml(folder / ABOUT, "file of a member's side", option="--side", error=IntelError)
    return _read(folder, document)


def put_next_key(folder: Path) -> None:
    """Let the next key be the member's key."""
    os.replace(folder / NEXT_KEY, folder / KEY)


def keep(folder: Path, name: str, data: bytes) -> Path:
    """Write a file of the member's side, durable and private; return where."""
    path = folder / name
    path.parent.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    write_bytes(path, data)
    return path


def answer(client: httpx2.Client, method: str, path: str, **options: Any) -> httpx2.Response:
    """Return a hub's answer of success. Raises Unreachable where there is none, and IntelError, in the hub's
    words, where it refuses.
    """
    try:
        with client.stream(method, path, **options) as response:
            pieces, size = [], 0
            for piece in response.iter_bytes():
                size += len(piece)
                if size > LARGEST_ANSWER:
                    raise IntelError(
                        f"the hub's answer is larger than {LARGEST_ANSWER:,} bytes",
                        where=f"{method} {path}",
                        do="ask for less; a hub of this version does not do that",
                    )
                pieces.append(piece)
            whole = httpx2.Response(response.status_code, content=b"".join(pieces), request=response.request)
    except httpx2.HTTPError as error:
        raise Unreachable(
            f"the hub does not answer: {error or type(error).__name__}",
            where=str(client.base_url),
            do="try again later; check its address, and that it runs",
        ) from error
    if whole.status_code // 100 != 2:
        raise _refusal(whole, f"{method} {path}")
    return whole


def document(response: httpx2.Response) -> Mapping[str, Any]:
    """Return the JSON object of an answer. Raises IntelError for another."""
    try:
        found = json.loads(response.content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise not_understood(str(response.request.url.path))
    return found


def not_understood(where: str) -> IntelError:
    """Return the error for an answer that this version does not understand."""
    return IntelError(
        "the hub's answer cannot be understood", where=where, do="check the hub's address and its version"
    )


def _refusal(response: httpx2.Response, where: str) -> HubRefused:
    try:
        said = json.loads(response.content)
        title, why = str(said["title"])[:300], str(said.get("description", ""))[:500]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        title, why = "no reason", ""
    todo = {401: "check key, name and clock", 403: "ask the coordinator", 429: "try again later"}
    return HubRefused(
        response.status_code,
        f"the hub refused ({response.status_code}): {title} {why}".rstrip(),
        where=where,
        do=todo.get(response.status_code, "mend what it names"),
    )


def _read(folder: Path, document: Mapping[str, Any]) -> Sharing:
    where = str(folder / ABOUT)
    if set(document) != set(FIELDS) or not all(isinstance(value, str) for value in document.values()):
        raise IntelError(
            f"these texts are wanted: {', '.join(FIELDS)}", where=where, do="run `stillwatch hub join`"
        )
    parts = urlsplit(document["hub"])
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or "@" in parts.netloc:
        raise IntelError(
            "this is no address of a hub", where=f"{where}, hub", do='give "https://hub.example"'
        )
    loops = re.fullmatch(r"localhost|127(\.[0-9]{1,3}){3}|::1", parts.hostname or "")
    if parts.scheme == "http" and not loops:
        raise IntelError("a hub elsewhere is reached by https", where=f"{where}, hub", do='give "https://…"')
    if not NAME.fullmatch(document["name"]):
        raise IntelError("this is no name of a member", where=f"{where}, name", do="ask the coordinator")
    if not IDENTITY.fullmatch(document["identity"]):
        raise IntelError("this is no id of an identity", where=f"{where}, identity", do="ask the coordinator")
    key = read_verifier(document["log_key"], f"{where}, log_key")
    return Sharing(
        folder,
        document["hub"],
        document["name"],
        document["identity"],
        key,
        Path(document["ca"]) if document["ca"] else None,
    )
