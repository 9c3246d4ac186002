"""What would happen to an account now, why, and since when; nothing is done, and nothing is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from stillwatch.errors import SettingError
from stillwatch.guard.decide import Failure, Guard
from stillwatch.guard.ports import Recorded, Reserved, State
from stillwatch.guard.records import MARK, decisions, document
from stillwatch.guard.request import Decision, Request
from stillwatch.response.inputs import RequestFacts
from stillwatch.response.known import Known
from stillwatch.response.outcome import Policy

LAST = 10
"""Recorded decisions that are told, the newest first."""
MOST_LINES = 2_000_000
"""Recorded decisions that are looked through."""


class _Nothing:
    """Budgets without an end, and records that keep nothing."""

    def reserve(
        self, account: int, campaign: str, tokens: int, account_rate: int, campaign_rate: int, now: float
    ) -> Reserved:
        return Reserved(True)

    def settle(self, account: int, campaign: str, reserved: int, used: int, now: float) -> None:
        pass

    def used(self, account: int, campaign: str, now: float) -> tuple[int, int]:
        return 0, 0

    def decided(self, request: Request, decision: Decision, now: float) -> Recorded:
        return Recorded.SOON


@dataclass(frozen=True)
class Explained:
    """An account as the guard sees it."""

    known: Known | None
    """What the state says; None if it does not have the account."""
    decision: Decision
    """What would be decided now, with unspent budgets."""
    now: float
    """When; POSIX seconds."""
    last: tuple[dict[str, Any], ...]
    """The newest recorded decisions about it."""
    looked_through: int
    """Recorded decisions that were looked through."""

    def document(self, request: Request) -> dict[str, Any]:
        """Return it as JSON holds it."""
        row = document(request, self.decision, request.account, self.now)
        kept = {
            name: value
            for name, value in row.items()
            if name not in ("stillwatch", "id", "latency_us", "surface", "reserved")
        }
        known = self.known
        return kept | {
            "known": known is not None,
            "exempt": bool(known and known.account.exempt),
            "held": bool(known and known.account.held),
            "cleared_by": known.appealed if known else "",
            "verdict": known.campaign.verdict if known else "",
            "role": known.campaign.role if known else "",
            "since": _time(known.since) if known and known.since else None,
            "recorded": list(self.last),
            "looked_through": self.looked_through,
        }


def explained(
    state: State, policy: Callable[[], Policy], request: Request, records: Path, now: float
) -> Explained:
    """Return what the state, the policy and the records of a guard say about an account. The guard is taken
    to hold what it knows, however old: whether the state is stale is told in the decision.
    """
    decision = decided_now(state, policy, request, now)
    known = state.known(request.account, request.facts.model, now)
    seen = 0

    def about() -> Iterator[dict[str, Any]]:
        nonlocal seen
        told: set[str] = set()
        for row in islice(decisions(records), MOST_LINES):
            seen += 1
            # Of two lines with one id the later one holds, and the later one comes first.
            if row.get("stillwatch") == MARK and row.get("key") == key and row["id"] not in told:
                told.add(row["id"])
                yield row

    key = f"{decision.key:016x}"
    last = tuple(islice(about(), LAST)) if decision.key else ()
    return Explained(known, decision, now, last, seen)


def decided_now(state: State, policy: Callable[[], Policy], request: Request, now: float) -> Decision:
    """Return what would be decided at a time with unspent budgets; nothing is done, and nothing recorded."""
    nothing = _Nothing()
    return Guard(state, policy, nothing, nothing, Failure.CLOSED, lambda: now).decide(request)


def asked(account: str, model: str) -> Request:
    """Return the request that is explained: an ordinary one of the account to a model. Raises SettingError
    for an empty account.
    """
    if not account.strip():
        raise SettingError("the account has no name", where="ACCOUNT", do="give its id")
    return Request(account, RequestFacts(model=model), surface="explain")


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
