"""Displacement: whether a campaign's keys and templates come back after the steps, where, and how fast."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stillwatch.cases.case import Case
from stillwatch.cases.evidence import Frozen
from stillwatch.errors import RunError
from stillwatch.guard.displacement.measured import displacement
from stillwatch.guard.restricted import STOPPED, Restricted
from stillwatch.iso_time import iso
from stillwatch.run.reading import Run
from stillwatch.settings import IdentitySettings

MOST = 100
"""Marks that a plan names, the strongest first; all stand in the evidence."""


def watch_of(kept: Frozen, case: Case) -> dict[str, Any]:
    """Return what is watched for: identities, and marks that are the campaign's own."""
    keys = sorted(kept.table("campaign_keys").to_pylist(), key=lambda row: -row["nats"])
    return {
        "identities": list(case.identities),
        "marks": [{"facet": row["facet"], "key": row["key"]} for row in keys[:MOST]],
        "marks_in_all": len(keys),
    }


def measured(
    kept: Frozen, case: Case, later: Path, since: float, restricted: Iterable[str]
) -> dict[str, Any]:
    """Return what a later run shows. since: when the first step was done, POSIX seconds; restricted: the
    accounts that met it. Raises RunError for a run that cannot be read, or that ends before the steps.
    """
    run = Run(later)
    last = datetime.fromisoformat(str(run.about["last"])) if run.about.get("last") else None
    began = datetime.fromtimestamp(since, UTC)
    if last is None or last <= began:
        raise RunError(
            "the run ends before the first step, so nothing can have moved",
            where=str(later),
            do="give a run of later days",
        )
    gone = set(restricted)
    comparable = _keys_of(kept.about) == _keys_of(run.about)
    mine = {(row["facet"], row["key"]) for row in kept.table("campaign_keys").to_pylist()}
    carried: dict[int, set[tuple[str, int]]] = {}
    if comparable:
        for row in run.rows("campaign_keys"):
            if (row["facet"], row["key"]) in mine:
                carried.setdefault(row["group"], set()).add((row["facet"], row["key"]))
    linked = {
        row["group"]: row["link"]
        for row in run.rows("campaign_links")
        if row["other_identity"] in case.identities
    }
    where = [
        _place(run, row, linked.get(row["group"], ""), carried.get(row["group"], set()), gone, began)
        for row in run.rows("campaigns")
        if row["group"] in carried or row["group"] in linked or row["identity"] in case.identities
    ]
    back = set().union(*carried.values()) if carried else set()
    hours = [one["hours"] for one in where if one["hours"] is not None]
    return {
        "run": str(run.about.get("id") or ""),
        "digest": str(run.about.get("digest") or ""),
        "since": iso(began),
        "last": iso(last),
        "marks": {"compared": comparable, "own": len(mine), "back": len(back)},
        "templates_back": len({key for facet, key in back if facet in ("system", "template", "head")}),
        "where": where,
        "first_after_hours": min(hours, default=None),
    }


def compared(
    earlier: Path, later: Path, case: Case, since: float, restricted: Iterable[str]
) -> dict[str, Any]:
    """Return what `guard displacement` measures from the two runs for a case's campaign: successors, volume,
    marks, probing. Raises RunError as that does.
    """
    fates = {name: Restricted(STOPPED, case.identity, since) for name in restricted}
    found = displacement(earlier, later, fates, IdentitySettings())
    mine = [one for one in found["campaigns"] if one["identity"] in case.identities]
    return {name: found[name] for name in ("before", "after", "since", "keys")} | {"campaigns": mine}


def _place(
    run: Run,
    campaign: dict[str, Any],
    link: str,
    marks: set[tuple[str, int]],
    gone: set[str],
    began: datetime,
) -> dict[str, Any]:
    """One campaign of the later run: what it has of ours, and since when its new accounts ask."""
    members = [row for row in run.rows("members", campaign["group"]) if row["account_id"] not in gone]
    after = [row["first"] for row in members if row["first"] is not None and row["first"] >= began]
    return {
        "campaign": campaign["campaign"],
        "identity": campaign["identity"],
        "verdict": campaign["verdict"],
        "link": link,
        "marks": len(marks),
        "facets": sorted({facet for facet, _ in marks}),
        "other_accounts": len(members),
        "hours": round((min(after) - began).total_seconds() / 3_600, 2) if after else None,
    }


def _keys_of(about: dict[str, Any]) -> tuple[Any, Any]:
    sketch = about.get("sketch") or {}
    return sketch.get("version"), sketch.get("key")
