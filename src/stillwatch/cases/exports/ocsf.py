"""A case as a Detection Finding of OCSF 1.5.0 (class 2004). Source: schema.ocsf.io, events/findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch import __version__
from stillwatch.cases.exports.finding import Finding
from stillwatch.cases.states import State

VERSION = "1.5.0"
CATEGORY, CLASS = 2, 2004
SEVERITIES: Mapping[str, tuple[int, str]] = {
    "info": (1, "Informational"),
    "low": (2, "Low"),
    "medium": (3, "Medium"),
    "high": (4, "High"),
    "critical": (5, "Critical"),
}
ACTIVITIES = {1: "Create", 2: "Update", 3: "Close"}
STATUSES = {1: "New", 2: "In Progress", 3: "Suppressed", 4: "Resolved"}
BEHAVIOURAL = 2
"""The type of analytic that looks at behaviour."""


def ocsf_of(finding: Finding) -> dict[str, Any]:
    """Return the finding as JSON has it; times are POSIX milliseconds."""
    case = finding.case
    activity = 3 if case.state == State.CLOSED else 1 if case.version == 1 else 2
    severity, caption = SEVERITIES[finding.severity]
    first, last = finding.seen
    document: dict[str, Any] = {
        "category_uid": CATEGORY,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Detection Finding",
        "activity_id": activity,
        "activity_name": ACTIVITIES[activity],
        "type_uid": CLASS * 100 + activity,
        "type_name": f"Detection Finding: {ACTIVITIES[activity]}",
        "time": _milliseconds(case.updated),
        "start_time": _milliseconds(first),
        "end_time": _milliseconds(last),
        "severity_id": severity,
        "severity": caption,
        **_status(finding),
        "is_alert": activity != 3,
        "message": finding.title,
        "metadata": {
            "version": VERSION,
            "uid": f"{finding.uid}:{case.version}",
            "product": {"name": "Stillwatch", "vendor_name": "Stillwatch", "version": __version__},
        },
        "finding_info": {
            "uid": finding.uid,
            "title": finding.title,
            "types": [str(case.kind), *([str(case.found["verdict"])] if "verdict" in case.found else [])],
            "analytic": {
                "uid": "stillwatch",
                "name": "Stillwatch",
                "type": "Behavioral",
                "type_id": BEHAVIOURAL,
                "version": __version__,
            },
            "created_time": _milliseconds(case.opened),
            "modified_time": _milliseconds(case.updated),
            "first_seen_time": _milliseconds(first),
            "last_seen_time": _milliseconds(last),
        },
        "evidences": [{"name": kind, "data": {"kind": kind}} for kind in finding.evidence],
        "resources": [{"uid": one.id, "type": "account", "labels": [one.tier]} for one in finding.accounts],
        "unmapped": finding.facts(),
    }
    made: dict[str, Any] = _without_nothing(document)
    return made


def _status(finding: Finding) -> dict[str, Any]:
    state = finding.case.state
    number = 1 if state == State.OPEN else 2
    if state == State.CLOSED:
        number = 3 if finding.dismissed else 4
    return {"status_id": number, "status": STATUSES[number]}


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _without_nothing(value: Any) -> Any:
    """A value without fields that are not known, and without empty lists."""
    if isinstance(value, dict):
        return {
            name: _without_nothing(item) for name, item in value.items() if item is not None and item != []
        }
    return [_without_nothing(item) for item in value] if isinstance(value, list) else value
