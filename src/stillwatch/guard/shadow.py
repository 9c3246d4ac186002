"""A guard that records what it would do, and does nothing."""

from __future__ import annotations

from dataclasses import replace

from stillwatch.guard.decide import Failure, Guard
from stillwatch.response.inputs import Inputs
from stillwatch.response.outcome import Outcome, Policy


class ShadowPolicy:
    """A policy all of whose rules are in shadow."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.digest = policy.digest
        """The digest of the policy as it stands."""
        self.acts = False
        """Whether some rule takes a step: none does."""

    def outcome(self, inputs: Inputs, key: int) -> Outcome:
        """Evaluate the rules; those that act come before those that were in shadow anyway."""
        found = self._policy.outcome(inputs, key)
        return replace(found, acting=(), shadow=found.acting + found.shadow)


def shadowed(guard: Guard) -> Guard:
    """Return a guard that decides on the same and always allows."""
    return replace(guard, policy=lambda: ShadowPolicy(guard.policy()), failure=Failure.OPEN, shadow=True)
