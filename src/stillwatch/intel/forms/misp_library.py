"""misp-stix, imported without its warnings: one of what it imports for STIX 1 uses what Python takes away."""

from __future__ import annotations

import sys
import warnings
from functools import cache
from typing import Any


@cache
def misp_stix() -> Any:
    """Return the package `misp_stix_converter`; it takes a second to import."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import misp_stix_converter
    # A copy of an old six, for STIX 1, leaves a finder that makes every later import of the process warn.
    sys.meta_path[:] = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]
    return misp_stix_converter
