"""How far an object may go, by its markings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch.intel.tlp import LEVELS, Tlp, level_of


def level_of_object(item: Mapping[str, Any]) -> Tlp:
    """Return the strictest level that its markings give, those of single properties included. RED where one
    is unknown, and where it has none. A TLP marking itself has the level that it stands for.
    """
    if item.get("type") == "marking-definition" and str(item.get("id")) in LEVELS:
        return Tlp.CLEAR  # the definition says nothing that is not public
    whole = level_of(_texts(item.get("object_marking_refs")))
    granular = item.get("granular_markings")
    parts = granular if isinstance(granular, list) else []
    refs = [part.get("marking_ref") for part in parts if isinstance(part, Mapping) and "lang" not in part]
    return max([whole, *(LEVELS.get(str(ref), Tlp.RED) for ref in refs)])


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else []
