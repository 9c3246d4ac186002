"""The playbooks that ship with the package, as courses of action."""

from __future__ import annotations

from functools import cache
from typing import Any

from stillwatch.intel.stix import project
from stillwatch.intel.tlp import Tlp
from stillwatch.playbooks.shipped import shipped

ALWAYS = ("identify", "mitigate", "remediate")


def courses_of(verdict: str, role: str) -> list[dict[str, Any]]:
    """Return the courses of action for a campaign."""
    more = (
        ("victim-support",) if role == "victim" else ("licensed-review",) if verdict == "unlicensed" else ()
    )
    return [dict(course(name)) for name in (*ALWAYS, *more)]


@cache
def course(name: str) -> dict[str, Any]:
    """Return a playbook as a course of action. It is public, and Stillwatch's own."""
    playbook = shipped(name)
    made = {
        "type": "course-of-action",
        "spec_version": "2.1",
        "id": "course-of-action--" + playbook.id.partition("--")[2],
        "created_by_ref": project.IDENTITY,
        "created": playbook.modified,
        "modified": playbook.modified,
        "name": playbook.title,
        "description": playbook.description,
        "external_references": [{"source_name": "cacao", "external_id": playbook.id}],
    }
    return project.marked(made, Tlp.CLEAR)
