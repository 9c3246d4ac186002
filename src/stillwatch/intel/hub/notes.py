"""Signed notes, checkpoints and cosignatures in the forms of C2SP: signed-note, tlog-checkpoint and
tlog-cosignature (https://c2sp.org/), with Ed25519.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from stillwatch.errors import IntelError
from stillwatch.intel.hub.merkle import HASH_BYTES

LOG, COSIGNER = 0x01, 0x04
"""Kinds of keys in a note: Ed25519 over its text, and a cosignature of a checkpoint with its time."""
LARGEST_NOTE = 64 << 10
"""Bytes of a note."""
MOST_LINES = 1_000
"""Signatures of a note."""
LARGEST_TREE = 2**62
SIGNATURE_BYTES = 64
NAME = re.compile(r"[!-*,-~]{1,200}")
"""Name of a key: printable ASCII without a space and without a plus."""
SIGNED = re.compile(r"— ([!-*,-~]{1,200}) ([A-Za-z0-9+/=]{1,400})")
FORGED = "fetch it again; if it stays so, it is not from the hub whose key you hold: ask its coordinator"


@dataclass(frozen=True)
class Verifier:
    """A key that signs notes, as others know it."""

    name: str
    """Its name: the log's origin, or the member's name at the hub."""
    kind: int
    """LOG or COSIGNER."""
    public: bytes
    """The public key (RFC 8032), 32 bytes."""

    @property
    def id(self) -> bytes:
        """Its four bytes in a signature."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def written(self) -> str:
        """Return it as people pass it on: name+id+key."""
        key = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{key}"

    def holds(self, signature: bytes, message: bytes) -> bool:
        """Whether a signature is this key's."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Checkpoint:
    """What a log was at a moment: all of its leaves, in 32 bytes."""

    origin: str
    """Name of the log."""
    size: int
    """Number of leaves."""
    root: bytes
    """Root of their tree."""

    def text(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True)
class Note:
    """A checkpoint and the signatures under it."""

    checkpoint: Checkpoint
    """What is signed."""
    lines: tuple[tuple[str, bytes], ...]
    """Name of the key, and id with signature, of each line."""

    def written(self) -> str:
        """Return the note as text."""
        signed = "".join(f"— {name} {base64.b64encode(data).decode()}\n" for name, data in self.lines)
        return f"{self.checkpoint.text()}\n{signed}"

    def with_line(self, line: tuple[str, bytes]) -> Note:
        """Return it with one more signature."""
        return Note(self.checkpoint, (*self.lines, line)) if line not in self.lines else self

    def signed_by(self, key: Verifier) -> bool:
        """Whether a line holds a signature of a log's key."""
        text = self.checkpoint.text().encode()
        return any(key.holds(data[4:], text) for data in self._of(key, 4 + SIGNATURE_BYTES))

    def cosigned_by(self, key: Verifier) -> int | None:
        """Return when a member cosigned it, in seconds; None where it did not."""
        for data in self._of(key, 12 + SIGNATURE_BYTES):
            time = int.from_bytes(data[4:12], "big")
            if key.holds(data[12:], _cosigned(self.checkpoint, time)):
                return time
        return None

    def _of(self, key: Verifier, length: int) -> list[bytes]:
        return [
            data
            for name, data in self.lines
            if name == key.name and data[:4] == key.id and len(data) == length
        ]


def signed(checkpoint: Checkpoint, name: str, key: Ed25519PrivateKey) -> Note:
    """Return a checkpoint signed by its log."""
    public = Verifier(name, LOG, key.public_key().public_bytes_raw())
    return Note(checkpoint, ((name, public.id + key.sign(checkpoint.text().encode())),))


def cosignature(checkpoint: Checkpoint, name: str, key: Ed25519PrivateKey, time: int) -> tuple[str, bytes]:
    """Return the line by which a member says that it saw a checkpoint. time: seconds since 1970."""
    public = Verifier(name, COSIGNER, key.public_key().public_bytes_raw())
    return name, public.id + time.to_bytes(8, "big") + key.sign(_cosigned(checkpoint, time))


def read_note(data: bytes, where: str) -> Note:
    """Return the note that a text holds. Raises IntelError, with the line, for one that is none."""
    if len(data) > LARGEST_NOTE:
        raise _bad(f"it is larger than {LARGEST_NOTE:,} bytes", where)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad("it is not UTF-8", where) from error
    head, blank, tail = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or len(lines) < 3 or not text.endswith("\n"):
        raise _bad("it is cut off, or another thing", where)
    if any(not line or not line.isprintable() for line in lines):
        raise _bad("a line is empty, or holds a control character", where)
    if len(lines) > 3:
        raise _bad("its text goes on after the root, and this version knows no such line", f"{where}, line 4")
    signatures = tail[:-1].split("\n")
    if len(signatures) > MOST_LINES:
        raise _bad(f"it has more than {MOST_LINES:,} signatures", where)
    found = tuple(_line(line, f"{where}, line {number}") for number, line in enumerate(signatures, 5))
    return Note(Checkpoint(lines[0], _size(lines[1], where), _root(lines[2], where)), found)


def read_verifier(text: str, where: str, kind: int = LOG) -> Verifier:
    """Return the key that a text name+id+key is. Raises IntelError for another text, and for another kind."""
    parts = text.strip().split("+", 2)
    do = "copy the whole key, as the one who gave it to you wrote it"
    if len(parts) != 3 or not NAME.fullmatch(parts[0]) or len(text) > 400:
        raise IntelError("this is no key of a log or a member", where=where, do=do)
    key = _base64(parts[2])
    if key is None or len(key) != 33 or key[0] != kind:
        raise IntelError("this key is of another kind, or not whole", where=where, do=do)
    found = Verifier(parts[0], kind, key[1:])
    if found.id.hex() != parts[1]:
        raise IntelError("a character of this key is wrong: its id does not fit", where=where, do=do)
    return found


def _cosigned(checkpoint: Checkpoint, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{checkpoint.text()}".encode()


def _line(line: str, where: str) -> tuple[str, bytes]:
    found = SIGNED.fullmatch(line)
    data = _base64(found[2]) if found else None
    if found is None or data is None or len(data) < 5:
        raise _bad("this is no signature", where)
    return found[1], data


def _size(line: str, where: str) -> int:
    if not re.fullmatch("0|[1-9][0-9]{0,18}", line) or int(line) > LARGEST_TREE:
        raise _bad("this is no number of entries", f"{where}, line 2")
    return int(line)


def _root(line: str, where: str) -> bytes:
    found = _base64(line)
    if found is None or len(found) != HASH_BYTES:
        raise _bad("this is no root", f"{where}, line 3")
    return found


def _base64(text: str) -> bytes | None:
    """The bytes of standard Base64; None for anything else, such as spare bits at its end."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if base64.b64encode(found).decode() == text else None


def _bad(why: str, where: str) -> IntelError:
    return IntelError(f"this is no checkpoint: {why}", where=where, do=FORGED)
