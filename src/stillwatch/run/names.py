"""What a person may call an account."""

from __future__ import annotations


def keys_named(name: str) -> list[int]:
    """The keys that a name may stand for: 16 hexadecimal digits, or a number."""
    found = []
    if len(name) == 16 and all(c in "0123456789abcdef" for c in name.lower()):
        value = int(name, 16)
        found.append(value - 2**64 if value >= 2**63 else value)
    if (
        name.removeprefix("-").isdecimal()
        and name.isascii()
        and len(name) <= 20
        and -(2**63) <= int(name) < 2**63
    ):
        found.append(int(name))
    return found
