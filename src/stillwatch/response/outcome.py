"""What a policy says about one request, before anything is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from stillwatch.response.inputs import Inputs
from stillwatch.response.ladder import Action, Stage


@dataclass(frozen=True, slots=True)
class Fired:
    """One rule whose condition holds."""

    rule: str
    """Its name."""
    version: str
    """Its version: the first 12 hex digits of the SHA-256 of its canonical source."""
    stage: Stage
    """Where that version stands."""
    action: Action
    """What it asks for."""
    reason: str
    """The code that the customer is told; names no detector."""
    expires_s: int
    """Seconds that the step lasts for an account, from its beginning on."""
    since: float = 0.0
    """When this version came to this stage; POSIX seconds."""
    onset_s: int = 0
    """Seconds over which the beginning is spread, by account, so that its time tells an operator little."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """All rules that fired: those that act, in the order permit, block, friction, review; and those that
    would.
    """

    acting: tuple[Fired, ...] = ()
    """Rules live, and rules in canary whose share the account is in."""
    shadow: tuple[Fired, ...] = ()
    """Rules in shadow, and in canary for the others."""
    review: tuple[str, ...] = ()
    """Rules that only ask a person to look."""


class Policy(Protocol):
    """A compiled policy."""

    digest: str
    """SHA-256 of the source and of each rule's stage, as hexadecimal digits."""

    @property
    def acts(self) -> bool:
        """Whether some rule that is live or in canary takes more than observation."""
        ...

    def outcome(self, inputs: Inputs, key: int, /) -> Outcome:
        """Evaluate the rules. key: the account's keyed hash; with a rule's version it chooses canaries."""
        ...
