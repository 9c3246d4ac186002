"""misp-stix, imported without its warnings: one of what it imports for STIX 1 uses what Python takes away."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any


@cache
def misp_stix() -> Any:
    """Return the package `misp_stix_converter`; it takes a second to import."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import misp_stix_converter
    return misp_stix_converter
