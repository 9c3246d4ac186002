"""Which accounts met a step that takes something from them, by the guard's records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from stillwatch.errors import RunError
from stillwatch.guard.records import decisions
from stillwatch.guard.state_folder import StateFolder
from stillwatch.response.limits import HeldBack

STOPPED, SLOWED = "stopped", "slowed"
STOPS = ("block", "verify")
CLEARS = (HeldBack.EXEMPT, HeldBack.HOLD, HeldBack.PERMIT)


@dataclass(frozen=True, slots=True)
class Restricted:
    """An account that met such a step."""

    fate: str
    """STOPPED: its requests were refused; SLOWED: they had to wait."""
    campaign: str
    """The campaign's identity in the newest of these decisions."""
    since: float
    """The first of them; POSIX seconds."""


def restricted(folder: Path) -> dict[str, Restricted]:
    """Return them by account id, as runs have it. folder: a state, or its records.

    An account that a person cleared since, or that has a permit now, is not among them. Raises RunError where
    there are no records.
    """
    inside = StateFolder(folder).records
    place = inside if inside.is_dir() else folder
    if not any(place.glob("decisions-*")):
        raise RunError(
            "there are no recorded decisions",
            where=str(folder),
            do="give the state folder of a guard, or its folder records",
        )
    found: dict[str, Restricted] = {}
    cleared: set[str] = set()
    for row in decisions(place):  # the newest first
        account = str(row.get("account_id"))
        if account not in found and row.get("held_back") in CLEARS:
            cleared.add(account)
        if account in cleared or row.get("answer") not in ("deny", "wait"):
            continue
        began = datetime.fromisoformat(row["time"]).timestamp()
        stopped = row["action"]["step"] in STOPS
        newer = found.get(account)
        fate = STOPPED if stopped or (newer is not None and newer.fate == STOPPED) else SLOWED
        campaign = newer.campaign if newer is not None else str(row["campaign"])
        found[account] = Restricted(fate, campaign, began)
    return found
