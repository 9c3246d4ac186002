"""What the extension `adversarial-distillation` says beside an object."""

from __future__ import annotations

from typing import Any

from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.stix.atlas import atlas
from stillwatch.intel.stix.facts import Facts
from stillwatch.intel.stix.project import EXTENSION, SCHEMA_VERSION
from stillwatch.intel.tlp import Tlp

NAMES_BEHAVIOURS = Tlp.AMBER
"""The least level at which it names behaviours; below it, kinds of evidence only."""


def told(facts: Facts, level: Tlp) -> dict[str, Any]:
    """Return the property `extensions` of an object about a campaign."""
    said: dict[str, Any] = {
        "extension_type": "property-extension",
        "schema_version": SCHEMA_VERSION,
        "detector": facts.detector,
        "rule_set": facts.rule_set,
        "evidence": [{"kind": kind, "strength": strength} for kind, strength in facts.kinds],
        "review": str(facts.review),
        "role": facts.role,
        "accounts": facts.band,
        "atlas_version": atlas().version,
    }
    if facts.run_digest:
        said["run_digest"] = facts.run_digest
    if level >= NAMES_BEHAVIOURS and facts.behaviours:
        said["behaviours"] = list(facts.behaviours)
    return {EXTENSION: said}


def told_of_token(facts: Facts, level: Tlp, scheme: str, kind: IndicatorKind, epoch: str) -> dict[str, Any]:
    """Return the property `extensions` of an indicator that holds a token."""
    said = told(facts, level)
    said[EXTENSION] |= {"token_scheme": scheme, "token_kind": str(kind), "token_epoch": epoch}
    return said
