"""Values that are null: MISP and OpenCTI write them for what is not set, and STIX forbids them."""

from __future__ import annotations

from typing import Any


def without_null(value: Any) -> Any:
    """Return a value from JSON without what is null in it, however deep. value: nested within bounds."""
    if isinstance(value, dict):
        return {name: without_null(inner) for name, inner in value.items() if inner is not None}
    return [without_null(one) for one in value if one is not None] if isinstance(value, list) else value
