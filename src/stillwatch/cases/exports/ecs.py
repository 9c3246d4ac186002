"""A case as an alert of the Elastic Common Schema. Source: elastic.co/docs/reference/ecs, version 8.16."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch import __version__
from stillwatch.cases.exports.finding import Finding
from stillwatch.cases.states import State
from stillwatch.guard.moments import told, told_or_none

VERSION = "8.16.0"
SEVERITIES: Mapping[str, int] = {"info": 21, "low": 21, "medium": 47, "high": 73, "critical": 99}
"""The risk scores of Elastic's own detection rules, so that alerts of both sort together."""


def ecs_of(finding: Finding) -> dict[str, Any]:
    """Return the alert as JSON has it. What ECS has no field for stands under `stillwatch`, as ECS says of
    custom fields.
    """
    case = finding.case
    first, last = finding.seen
    event: dict[str, Any] = {
        "kind": "alert",
        "category": ["intrusion_detection"],
        "type": ["info"],
        "action": _action(finding),
        "id": f"{finding.uid}:{case.version}",
        "module": "stillwatch",
        "dataset": "stillwatch.cases",
        "provider": "stillwatch",
        "created": told(case.opened),
        "start": told_or_none(first),
        "end": told_or_none(last),
        "severity": SEVERITIES[finding.severity],
    }
    document: dict[str, Any] = {
        "@timestamp": told(case.updated),
        "ecs": {"version": VERSION},
        "event": {name: value for name, value in event.items() if value is not None},
        "message": finding.title,
        "tags": list(case.tags),
        "observer": {
            "vendor": "Stillwatch",
            "product": "Stillwatch",
            "type": "abuse-detection",
            "version": __version__,
        },
        "rule": {"id": finding.uid, "name": finding.title, "category": str(case.kind)},
        "stillwatch": finding.facts() | {"severity": finding.severity, "evidence": finding.evidence},
    }
    if finding.accounts:
        document["related"] = {"user": [one.id for one in finding.accounts]}
        document["stillwatch"]["tiers"] = {
            tier: [one.id for one in finding.accounts if one.tier == tier]
            for tier in sorted({one.tier for one in finding.accounts})
        }
    return document


def _action(finding: Finding) -> str:
    if finding.case.state == State.CLOSED:
        return "case-closed"
    return "case-opened" if finding.case.version == 1 else "case-changed"
