"""Looks at the real state of sharing for the checks of playbooks and readiness."""

from __future__ import annotations

import json
from pathlib import Path

from stillwatch.cases.cases import Cases
from stillwatch.cases.database import Database
from stillwatch.errors import IntelError
from stillwatch.intel.desk.correcting import proposed
from stillwatch.intel.desk.matched import changed_since
from stillwatch.intel.desk.tables import make_tables
from stillwatch.intel.gate.export import Stage
from stillwatch.intel.gate.gate import Gate
from stillwatch.intel_settings import IntelSettings
from stillwatch.playbooks.sharing_seen import LookAtSharing, SharingSeen

KEY, ABOUT, SEEN, PEERS, EVIDENCE = "member.key", "sharing.toml", "checkpoint.note", "peers.json", "evidence"
"""Files of a member's side, as stillwatch.intel.hub keeps them; a test holds the names against it."""


def looks_at(store: Database | None, side: Path | None, cases: Cases | None) -> LookAtSharing | None:
    """Return what looks at a store of sharing and a member's side; None where neither is given."""
    if store is None and side is None:
        return None
    return lambda: seen_of(store, side, cases)


def seen_of(store: Database | None, side: Path | None, cases: Cases | None) -> SharingSeen:
    """Look. Raises IntelError and CaseError where something cannot be read."""
    known = None if side is None else _knows_hub(side)
    looked = (side / SEEN).stat().st_mtime if side is not None and (side / SEEN).exists() else None
    there = store is not None and store.exists()
    waiting = left = to_correct = corrected = 0
    last: float | None = None
    if store is not None and there:
        gate = Gate(store, IntelSettings())
        exports = gate.exports()
        waiting = sum(one.stage is Stage.WAITING for one in exports)
        times = [release["at"] for one in exports for release in gate.releases(one.number)]
        left = sum(bool(gate.releases(one.number)) for one in exports)
        last = max(times, default=None)
        with store.writing() as session:
            make_tables(session)
        with store.reading() as session:
            corrected = len(changed_since(session))
            if cases is not None:
                with cases.database.reading() as decided:
                    to_correct = len(proposed(session, decided))
    return SharingSeen(
        side=known,
        looked=looked,
        members=_members(side) if side is not None else 0,
        evidence=len(list((side / EVIDENCE).glob("*"))) if side is not None else 0,
        store=there,
        waiting=waiting,
        left=left,
        last_left=last,
        to_correct=to_correct,
        corrected=corrected,
    )


def _knows_hub(side: Path) -> bool:
    """Whether the folder has a key and knows a hub with the key of its log."""
    if not (side / KEY).exists() or not (side / ABOUT).exists():
        return False
    from stillwatch.intel.hub.client import open_sharing

    try:
        open_sharing(side)
    except IntelError:
        return False
    return True


def _members(side: Path) -> int:
    """Members whose keys are known."""
    try:
        found = json.loads((side / PEERS).read_bytes())
    except (OSError, ValueError, RecursionError):
        return 0
    return len(found) if isinstance(found, dict | list) else 0
