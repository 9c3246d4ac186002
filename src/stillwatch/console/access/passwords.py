"""Passwords: argon2id, and never more hashes at once than the machine has memory for."""

from __future__ import annotations

import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from stillwatch.cases.words import folded, storable
from stillwatch.errors import CaseError

SHORTEST, LONGEST = 12, 256
"""Characters of a password. NIST SP 800-63B asks for length and against rules of composition."""
AT_ONCE = 2
"""Passwords that are hashed at once; each takes 64 MiB and tens of milliseconds."""
_turns = threading.BoundedSemaphore(AT_ONCE)
_own_turn = threading.BoundedSemaphore(1)
HASHER = PasswordHasher()
"""The library's defaults: argon2id with 64 MiB, three passes, four lanes (RFC 9106, section 4)."""


def acceptable(password: str, name: str) -> str:
    """Return a new password in the form that is hashed. Raises CaseError for one that is easy to guess."""
    text = _normal(password)
    bare = folded(text)
    if not SHORTEST <= len(text) <= LONGEST or not storable(text):
        raise CaseError(
            f"a password has from {SHORTEST} to {LONGEST} characters",
            where="password",
            do="take four random words, or let a password manager make one",
        )
    if len(set(bare)) < 5 or len(bare.replace(folded(name), "")) < SHORTEST / 2:
        raise CaseError(
            "this password is too easy to guess",
            where="password",
            do="make it more than your name, with more than four different characters",
        )
    return text


def hash_of(password: str) -> str:
    """Return what is kept of a password that `acceptable` gave; only who proved who they are comes here."""
    with _own_turn:
        return HASHER.hash(_normal(password))


def verified(kept: str | None, password: str, *, known: bool = False) -> bool:
    """Return whether a password is that of a hash; with None as slow as otherwise, and False.

    known: of a device from which the user signed in before; such devices have a turn of their own, so that
    strangers who try passwords cannot keep them waiting.
    """
    with _own_turn if known else _turns:
        try:
            right = HASHER.verify(kept or _nobody(), _normal(password[: LONGEST * 4]))
        except (VerificationError, InvalidHashError):
            return False
    return right and kept is not None


def outdated(kept: str) -> bool:
    """Return whether a hash was made with other parameters than are used now."""
    return HASHER.check_needs_rehash(kept)


@cache
def _nobody() -> str:
    """The hash of nobody's password."""
    return HASHER.hash("nobody has this password")


def _normal(password: str) -> str:
    # Keyboards write one letter in several ways; NIST SP 800-63B, section 5.1.1.2.
    return unicodedata.normalize("NFKC", password)
