"""The keys of a state: one that hides accounts' ids, and a pair that signs what was published and decided.

A guard needs `lookup.key` and `signing.pub`. Who holds `signing.key` can publish and decide.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillwatch.account_names import account_name
from stillwatch.errors import MissingExtra, RunError
from stillwatch.run.durable import write_bytes
from stillwatch.small_file import read_small

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LOOKUP, SIGNING, PUBLIC = "lookup.key", "signing.key", "signing.pub"
"""Files of the keys: 32 bytes each."""
KEY_BYTES = 32
LONGEST_ID = 1024
"""Characters of an account's id that a run keeps: `ingest.values.LONGEST_ID`."""
GET = "copy the key from where the state was published first; without it nothing can be looked up"


class LookupKey:
    """Turns ids into 64-bit numbers: BLAKE2b with a key (RFC 7693), so that the numbers tell nobody an id."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._account = blake2b(digest_size=8, key=secret, person=b"stillwatch-acct").copy
        self._organisation = blake2b(digest_size=8, key=secret, person=b"stillwatch-orgn").copy

    def cohorts(self) -> bytes:
        """Return the key under which servers are told of cohorts, 32 bytes."""
        return blake2b(digest_size=32, key=self._secret, person=b"stillwatch-coho").digest()

    def account(self, shown: str) -> int:
        """Return the key of an account. shown: its id as the run keeps it."""
        made = self._account()
        made.update(shown.encode("utf-8", "replace"))
        return int.from_bytes(made.digest(), "little")

    def account_of(self, raw: str, pseudonyms: bytes | None) -> int:
        """Return the key of an account. raw: its id as the gateway has it; pseudonyms: the key of the run's
        pseudonyms, None if it has none.
        """
        return self.account(account_name(raw.strip()[:LONGEST_ID], pseudonyms))

    def accounts(self, shown: list[str]) -> bytes:
        """Return the keys of many accounts, eight bytes each, little-endian."""
        copy, found = self._account, bytearray()
        for one in shown:
            made = copy()
            made.update(one.encode("utf-8", "replace"))
            found += made.digest()
        return bytes(found)

    def organisation(self, name: str) -> int:
        """Return the key of an organisation, whatever its case and spacing; 0 for an empty name."""
        folded = " ".join(name.lower().split())
        if not folded:
            return 0
        made = self._organisation()
        made.update(folded.encode("utf-8", "replace"))
        return int.from_bytes(made.digest(), "little") or 1


@dataclass(frozen=True)
class Verifier:
    """Checks signatures."""

    key: Ed25519PublicKey
    """The public key (RFC 8032)."""

    def holds(self, signature: bytes, message: bytes) -> bool:
        """Return whether a signature is ours."""
        from cryptography.exceptions import InvalidSignature

        try:
            self.key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """Signs."""

    key: Ed25519PrivateKey
    """The private key (RFC 8032)."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes."""
        return self.key.sign(message)


def make_keys(folder: Path, *, used: bool) -> None:
    """Make the keys if there are none. Hold the state's lock. used: whether anything was made with them.

    Raises RunError where a state that was used has lost one: another would make everything in it unreadable.
    """
    ed25519 = _ed25519()
    lacking = [name for name in (SIGNING, PUBLIC, LOOKUP) if not (folder / name).exists()]
    if not lacking:
        return
    if used:
        raise RunError("a key of the state is missing", where=str(folder / lacking[0]), do=GET)
    private = ed25519.Ed25519PrivateKey.generate()
    write_bytes(folder / PUBLIC, private.public_key().public_bytes_raw())
    write_bytes(folder / SIGNING, private.private_bytes_raw())
    write_bytes(folder / LOOKUP, secrets.token_bytes(KEY_BYTES))


def lookup_key(folder: Path) -> LookupKey:
    """Read the lookup key. Raises RunError where it cannot be read."""
    return LookupKey(_read(folder / LOOKUP))


def verifier(folder: Path) -> Verifier:
    """Read the public key. Raises RunError where it cannot be read."""
    return Verifier(_ed25519().Ed25519PublicKey.from_public_bytes(_read(folder / PUBLIC)))


def signer(folder: Path) -> Signer:
    """Read the private key. Raises RunError where it cannot be read."""
    return Signer(_ed25519().Ed25519PrivateKey.from_private_bytes(_read(folder / SIGNING)))


def _read(path: Path) -> bytes:
    data = read_small(path, KEY_BYTES, what="key of the state", error=RunError, do=GET)
    if len(data) != KEY_BYTES:
        raise RunError(f"the key is not {KEY_BYTES} bytes long", where=str(path), do=GET)
    return data


def _ed25519() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise MissingExtra(
            "signing and checking a state needs cryptography", do="pip install 'stillwatch[guard]'"
        ) from error
    return ed25519
