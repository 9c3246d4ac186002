"""What the journal of a guard said of a campaign and its accounts when a case was synced."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stillwatch.guard.journal import Journal
from stillwatch.guard.state_folder import state_at
from stillwatch.guard.state_keys import lookup_key, verifier


def guard_said(state: Path, identity: str, accounts: Sequence[str]) -> list[dict[str, Any]]:
    """Return the journal's entries about a campaign or its accounts, in order. accounts: ids as the run shows
    them. Raises RunError for a state that cannot be used.
    """
    folder = state_at(state)
    lookup = lookup_key(folder.keys)
    subjects = {f"campaign:{identity}"} | {f"account:{lookup.account(one):016x}" for one in accounts}
    with Journal(folder.journal, verifier(folder.keys)) as journal:
        return [entry.document() for entry in journal.entries() if entry.subject in subjects]
