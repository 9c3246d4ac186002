"""The extension by which a step of a playbook is bound to a check or an action of Stillwatch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch.plain import plain
from stillwatch.playbooks.actions import ACTIONS
from stillwatch.playbooks.check import CHECKS
from stillwatch.playbooks.playbook import Binding

EXTENSION = "extension-definition--21e0efbd-e3bb-5c00-8bc8-e22df4173124"
"""Its id; a step_extensions object with it has check, action and place, all texts that may be left out."""
LONGEST = 200
"""Characters of a name in it."""


def binding_of(step: Mapping[str, Any], document: Mapping[str, Any]) -> Binding:
    """Return what a step is bound to. What this version does not know binds to nothing, and is told; an
    extension that the playbook does not define says nothing either.
    """
    said = step.get("step_extensions", {}).get(EXTENSION)
    if not isinstance(said, Mapping) or EXTENSION not in document.get("extension_definitions", {}):
        return Binding()
    names = {key: _name(said.get(key)) for key in ("check", "action", "place")}
    unknown = tuple(
        name
        for key, known in (("check", CHECKS.all()), ("action", ACTIONS))
        if (name := names[key]) and name not in known
    )
    check, action = ("" if names[key] in unknown else names[key] for key in ("check", "action"))
    return Binding(check, action, names["place"], unknown)


def _name(value: object) -> str:
    return plain(value) if isinstance(value, str) and len(value) <= LONGEST else ""
