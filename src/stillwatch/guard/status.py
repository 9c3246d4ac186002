"""What a state holds, as a document for people and metrics."""

from __future__ import annotations

from typing import Any

from stillwatch.guard.published import PublishedState


def status_of(state: PublishedState, now: float) -> dict[str, Any]:
    """Return what a state holds. now: POSIX seconds."""
    snapshot, overlay = state.snapshot, state.overlay
    document: dict[str, Any] = {"fresh": state.fresh(now), "digest": state.digest}
    if snapshot is not None:
        head = snapshot.header
        document |= {
            "version": snapshot.version,
            "run": head["run"]["id"],
            "run digest": head["run"]["digest"],
            "made": head["made"],
            "expires": head["expires"],
            "pseudonyms": head["pseudonyms"],
            "counts": head["counts"],
        }
    return document | {
        "entries": state.entries,
        "in force": {
            "accounts cleared": sum(
                any(one.holds(now) for one in found) for found in overlay.accounts.values()
            ),
            "campaigns cleared": sum(
                any(one.holds(now) for one in found) for found in overlay.campaigns.values()
            ),
            "accounts with permits": len(overlay.permits),
            "organisations with permits": len(overlay.organisations),
            "permits revoked": len(overlay.revoked),
        },
        "problems": state.problems.last(),
    }
