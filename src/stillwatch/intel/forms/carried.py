"""What a form carried, and what it did not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stillwatch.intel.stix.checking import Refused

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Lost:
    """Something that a form does not carry."""

    id: str
    """Id of the object in STIX; of what has none, what it is called."""
    why: str
    """What is missing of it, and why."""


@dataclass(frozen=True)
class Written:
    """Objects in another form."""

    data: bytes
    """The form's bytes."""
    objects: int
    """The objects that it carries, wholly or in part."""
    lost: tuple[Lost, ...]
    """What it does not carry."""


@dataclass(frozen=True)
class Taken:
    """What was read from a form."""

    objects: tuple[Object, ...]
    """STIX objects, checked; each is marked."""
    refused: tuple[Refused, ...] = ()
    """What cannot be used, with the reason. Its place counts rows, lines or objects, from 0."""
    lost: tuple[Lost, ...] = field(default=())
    """What stands in the form and was not taken."""


def differences(before: Iterable[Object], after: Sequence[Object], form: str) -> tuple[Lost, ...]:
    """Return what is no longer there, or is otherwise, once objects were written in a form and read again:
    so nothing is lost in silence, whatever the form does. form: its name in a sentence.
    """
    found = {_version(one): one for one in after}
    lost = []
    for one in before:
        other = found.get(_version(one)) or found.get((str(one["id"]), ""))
        if other is None:
            lost.append(Lost(str(one["id"]), f"{form} has no place for it"))
            continue
        names = sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
        if names:
            lost.append(Lost(str(one["id"]), f"{form} does not hold as it was: {', '.join(names)}"))
    return tuple(lost)


def _version(item: Object) -> tuple[str, str]:
    return str(item["id"]), str(item.get("modified", ""))
