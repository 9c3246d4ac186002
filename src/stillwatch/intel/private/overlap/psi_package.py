"""The package `openmined-psi`, which is optional: it pins a protobuf older than the one that others need."""

from __future__ import annotations

from typing import Any

from stillwatch.errors import MissingExtra


def psi() -> Any:
    """The package. Raises MissingExtra without it."""
    try:
        import private_set_intersection.python as found
    except ImportError as error:
        raise MissingExtra(
            "finding overlaps needs the package openmined-psi",
            do="pip install --no-deps -r requirements/psi.txt, or pip install 'stillwatch[psi]' where "
            "nothing else needs a newer protobuf",
        ) from error
    return found
