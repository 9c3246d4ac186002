"""The signed list of the service's public keys, one for each epoch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from stillwatch.errors import IntelError
from stillwatch.intel.private.epoch import Epoch
from stillwatch.intel.private.token import PURPOSE, SCHEME
from stillwatch.iso_time import iso

CONTEXT = b"stillwatch token keys 1\n"
"""What is signed begins with it, so that no signature of another thing passes for one of a list."""
LARGEST = 64 * 1024
"""Bytes of a list."""
MOST_EPOCHS = 64


class CheatingService(IntelError):
    """The service did what an honest one never does. Keep what the message names: it is evidence."""


@dataclass(frozen=True)
class KeyList:
    """A list as it was signed."""

    text: str
    """What was signed, as JSON."""
    signature: bytes
    """Ed25519 over CONTEXT and the text."""
    keys: Mapping[str, bytes]
    """The public key of each epoch."""

    def document(self) -> dict[str, str]:
        """It as JSON."""
        return {"list": self.text, "signature": self.signature.hex()}


def sign_list(keys: Sequence[tuple[Epoch, bytes]], made: float, signer: Ed25519PrivateKey) -> KeyList:
    """Sign the list of some epochs and their public keys."""
    document = {
        "format": "stillwatch-token-keys",
        "version": 1,
        "scheme": SCHEME,
        "purpose": PURPOSE,
        "made": _iso(made),
        "keys": [
            {
                "epoch": epoch.name,
                "public_key": key.hex(),
                "begins": _iso(epoch.begins),
                "ends": _iso(epoch.ends),
            }
            for epoch, key in keys
        ],
    }
    text = json.dumps(document, sort_keys=True)
    return KeyList(text, signer.sign(CONTEXT + text.encode()), {epoch.name: key for epoch, key in keys})


def read_list(document: Any, signer: bytes) -> KeyList:
    """Check a list that came from the service.

    signer: the 32 bytes of the key that this member pinned when it joined. Raises IntelError for what is no
    list, CheatingService where another key signed it.
    """
    try:
        text, signature = document["list"], bytes.fromhex(document["signature"])
        if len(text) > LARGEST:
            raise ValueError
        Ed25519PublicKey.from_public_bytes(signer).verify(signature, CONTEXT + text.encode())
        keys = _keys(json.loads(text))
    except InvalidSignature:
        raise CheatingService(
            "the list of the service's keys is not signed by the key that you pinned",
            do="use nothing of it; ask the hub and another member, by another way, which key is right",
        ) from None
    except (KeyError, TypeError, ValueError, RecursionError, AttributeError):
        raise IntelError(
            "the list of the service's keys cannot be read", do="check the address of the service"
        ) from None
    return KeyList(text, signature, keys)


def _keys(document: Any) -> dict[str, bytes]:
    if (document["format"], document["version"]) != ("stillwatch-token-keys", 1):
        raise ValueError
    if (document["scheme"], document["purpose"]) != (SCHEME, PURPOSE) or len(document["keys"]) > MOST_EPOCHS:
        raise ValueError
    found = {Epoch.named(row["epoch"]).name: bytes.fromhex(row["public_key"]) for row in document["keys"]}
    if len(found) != len(document["keys"]) or any(len(key) != 32 for key in found.values()):
        raise ValueError
    return found


def _iso(moment: float) -> str:
    return iso(datetime.fromtimestamp(moment, UTC))
