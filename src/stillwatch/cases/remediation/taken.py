"""The taint set: what a campaign took, by the frozen evidence, as forensics looks for it in a model."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa

from stillwatch.cases.evidence import Frozen
from stillwatch.iso_time import iso
from stillwatch.schema.table import rows_in

MOST = 200
"""Templates that a plan names; all stand in the evidence."""


def taken(kept: Frozen) -> dict[str, Any]:
    """Return what was taken, in figures: models, templates, purposes, tokens, exchanges, first and last."""
    campaign = kept.table("campaigns").to_pylist()[0]
    models: Counter[str] = Counter()
    for row in _use(kept).to_pylist():
        models.update(set(row["models"] or ()))
    templates = sorted(kept.table("templates").to_pylist(), key=lambda row: -(row["exchanges"] or 0))
    names = ("part", "key", "accounts", "exchanges", "distinct_prompts")
    return {
        "run": str(kept.about.get("id") or ""),
        "digest": str(kept.about.get("digest") or ""),
        "evidence": kept.sha256,
        "first": iso(campaign["first"]),
        "last": iso(campaign["last"]),
        **{name: campaign[name] for name in ("accounts", "exchanges", "input_tokens", "output_tokens")},
        "models": [{"model": name, "accounts": count} for name, count in sorted(models.items())],
        "templates": [{name: row[name] for name in names} for row in templates[:MOST]],
        "templates_in_all": len(templates),
        "purposes": [
            {name: row[name] for name in ("label", "texts", "flagged")}
            for row in kept.table("intents").to_pylist()
        ],
    }


def takers(kept: Frozen) -> list[dict[str, Any]]:
    """Return who took it: account, tier, exchanges, tokens, models, first and last of each."""
    use = {row["account"]: row for row in _use(kept).to_pylist()}
    found = []
    for row in kept.table("members").to_pylist():
        of = use.get(row["account"], {})
        found.append(
            {
                "account": row["account_id"],
                "tier": row["tier"],
                "exchanges": row["exchanges"],
                "input_tokens": of.get("input_tokens"),
                "output_tokens": of.get("output_tokens"),
                "models": sorted(set(of.get("models") or ())),
                "first": iso(row["first"]),
                "last": iso(row["last"]),
            }
        )
    return sorted(found, key=lambda row: str(row["account"]))


def _use(kept: Frozen) -> pa.Table:
    members = set(kept.table("members")["account"].to_pylist())
    return rows_in(kept.table("account_use"), "account", members)
