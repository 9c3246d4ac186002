"""The package `voprf`, which is optional."""

from __future__ import annotations

from types import ModuleType

from stillwatch.errors import MissingExtra


def ristretto() -> ModuleType:
    """The functions over ristretto255 (typed by the package's own stubs). Raises MissingExtra without it."""
    try:
        from voprf import ristretto as found
    except ImportError as error:
        raise MissingExtra("tokens need the package voprf", do="pip install 'stillwatch[sharing]'") from error
    return found
