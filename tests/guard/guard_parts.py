"""Parts of a guard for tests of its core: a state that is a dictionary, and a policy that is a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stillwatch.guard.decide import Failure, Guard
from stillwatch.guard.ports import Reserved
from stillwatch.guard.records import DecisionRecords
from stillwatch.response.inputs import AccountState, CampaignState, Inputs
from stillwatch.response.known import Known
from stillwatch.response.ladder import Action, Permission, Stage, Step
from stillwatch.response.outcome import Fired, Outcome

NOW = 1_790_000_000.0
OPERATORS = CampaignState(name="campaign", verdict="adversarial", role="operator")


@dataclass
class KnownAccounts:
    """A state that knows what it is given."""

    accounts: Mapping[str, Known] = field(default_factory=dict)
    digest: str = "snapshot"
    is_fresh: bool = True

    def known(self, account: str, model: str, now: float) -> Known | None:
        return self.accounts.get(account)

    def fresh(self, now: float) -> bool:
        return self.is_fresh


@dataclass
class FixedPolicy:
    """A policy that says the same of every account in a campaign."""

    acting: tuple[Fired, ...] = ()
    shadow: tuple[Fired, ...] = ()
    digest: str = "0123456789ab"
    seen: list[Inputs] = field(default_factory=list)

    @property
    def acts(self) -> bool:
        return any(one.action.step is not Step.OBSERVE for one in self.acting)

    def outcome(self, inputs: Inputs, draw: float) -> Outcome:
        self.seen.append(inputs)
        return Outcome(self.acting, self.shadow)


@dataclass
class OneBucket:
    """Budgets of which all that is reserved counts, without an end."""

    left: int = 10_000
    settled: list[tuple[int, int]] = field(default_factory=list)

    def reserve(
        self, account: int, campaign: str, tokens: int, account_rate: int, campaign_rate: int, now: float
    ) -> Reserved:
        if tokens > self.left:
            return Reserved(False, 7.5)
        self.left -= tokens
        return Reserved(True)

    def settle(self, account: int, campaign: str, reserved: int, used: int, now: float) -> None:
        self.left += reserved - used
        self.settled.append((reserved, used))

    def used(self, account: int, campaign: str, now: float) -> tuple[int, int]:
        return 11, 22


def known(
    tier: str = "named",
    campaign: CampaignState = OPERATORS,
    permission: Permission = Permission.NONE,
    *,
    exempt: bool = False,
    held: bool = False,
    since: float = NOW - 60,
) -> Known:
    account = AccountState(tier=tier, exempt=exempt, held=held)
    return Known(5, account, campaign, permission, since=since)


def fired(action: Action | Step, *, rule: str = "rule", expires_s: int = 3_600, onset_s: int = 0) -> Fired:
    step = Action(action) if isinstance(action, Step) else action
    return Fired(rule, "abcdef012345", Stage.LIVE, step, "restricted", expires_s, NOW - 120, onset_s)


def guard(
    folder: Path,
    accounts: Mapping[str, Known],
    *acting: Fired,
    shadow: tuple[Fired, ...] = (),
    failure: Failure = Failure.OPEN,
    digest: str = "snapshot",
    fresh: bool = True,
    budgets: OneBucket | None = None,
    policy: FixedPolicy | None = None,
) -> Guard:
    """A guard over these accounts whose records go below a folder. Close its records at the end."""
    chosen = policy or FixedPolicy(acting, shadow)
    return Guard(
        KnownAccounts(accounts, digest, fresh),
        lambda: chosen,
        budgets or OneBucket(),
        DecisionRecords(folder, lambda name: name),
        failure,
        lambda: NOW,
    )
