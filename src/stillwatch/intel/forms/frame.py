"""What a bundle brings along because its objects name it: definitions that are the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stillwatch.intel.forms.carried import Object
from stillwatch.intel.stix import project
from stillwatch.intel.tlp import LEVELS, Tlp

DEFINED = frozenset({project.IDENTITY, project.EXTENSION, *project.own_techniques(), *LEVELS})
"""Ids of what the project and OASIS define; a form need not carry them."""


def defined(name: str) -> Object:
    """Return what one of these ids stands for."""
    if name in LEVELS:
        return project.tlp_definition(LEVELS[name])
    if name == project.IDENTITY:
        return project.identity()
    return project.extension_definition() if name == project.EXTENSION else project.own_techniques()[name]


def with_frame(objects: Iterable[Object]) -> list[Object]:
    """Return objects with the definitions that they name, and without others of the same ids."""
    own = [one for one in objects if one.get("id") not in DEFINED]
    named: set[str] = set()
    for one in own:
        named |= DEFINED.intersection(texts(one))
    if any(isinstance(one.get("extensions"), dict) and project.EXTENSION in one["extensions"] for one in own):
        named.add(project.EXTENSION)
    if named - LEVELS.keys():
        named |= {project.IDENTITY, Tlp.CLEAR.id}
    return [*map(defined, sorted(named)), *own]


def without_frame(objects: Iterable[Object]) -> list[Object]:
    """Return objects without what the project and OASIS define."""
    return [one for one in objects if one.get("id") not in DEFINED]


def texts(value: Any) -> Iterator[str]:
    """Yield every text in an object that is within bounds, values and not names."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)
