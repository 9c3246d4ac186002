"""What was shared before stays as it is; what changed since becomes a new version of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from stillwatch.errors import IntelError
from stillwatch.intel.stix.bundle import canonical
from stillwatch.intel.stix.own_checks import moment_of
from stillwatch.intel.stix.versions import stamp

OF_TIME = ("created", "modified", "published")
"""Properties that say when a version was made, and not what it says."""


def settled(
    objects: Sequence[Mapping[str, Any]], before: Mapping[str, Mapping[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    """Return objects as they go out. before: the newest version of each that was made before. One that says
    the same is that version again, byte for byte; another is a version after it. Raises IntelError for one
    that was revoked: it has no more versions.
    """
    made: list[dict[str, Any]] = []
    for one in map(canonical, objects):
        old = before.get(str(one["id"]))
        if old is None:
            made.append(one)
            continue
        if old.get("revoked"):
            raise IntelError(
                "this was shared before and revoked; what was revoked is not shared again",
                where=str(one["id"]),
                do="make a new object",
            )
        if _says(old) == _says(one):
            made.append(dict(old))
            continue
        earlier = moment_of(old.get("modified")) or now
        modified = stamp(max(now, earlier + timedelta(milliseconds=1)))
        made.append({**one, "created": old["created"], "modified": modified})
    return made


def _says(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in OF_TIME}


def own(objects: Iterable[Mapping[str, Any]], identity: str) -> list[Mapping[str, Any]]:
    """Return those of a provider's own making."""
    return [one for one in objects if one.get("created_by_ref") == identity]
