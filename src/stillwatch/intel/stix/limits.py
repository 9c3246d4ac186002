"""How large what a stranger sends may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits on a bundle and on each object in it."""

    bundle_bytes: int = 16 * 2**20
    """Bytes of a bundle."""
    objects: int = 20_000
    """Objects of a bundle."""
    object_bytes: int = 256 * 2**10
    """Bytes of one object, as JSON."""
    depth: int = 12
    """Levels of lists and maps within an object."""
    values: int = 5_000
    """Values within an object, at all levels."""
    text: int = 64 * 2**10
    """Characters of one text."""
    pattern: int = 4 * 2**10
    """Characters of an indicator's pattern."""
    name: int = 250
    """Characters of a property's name."""


DEFAULT = Limits()
