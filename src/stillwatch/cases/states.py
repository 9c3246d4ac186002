"""The states of a case, and the moves between them that are allowed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where the review of a case stands."""

    OPEN = "open"
    """Found, and nobody has looked yet."""
    TRIAGE = "triage"
    """Somebody decides whether it is worth a look."""
    INVESTIGATING = "investigating"
    """Somebody looks into it."""
    SECOND_REVIEW = "awaiting second review"
    """Somebody wants to act, and a second person must agree."""
    ACTING = "acting"
    """Measures against its accounts are decided, and carried out."""
    APPEALED = "appealed"
    """A customer objects, and the decision is looked at again."""
    CLOSED = "closed"
    """Decided, with an outcome."""


class Outcome(StrEnum):
    """What a case turned out to be."""

    CONFIRMED = "confirmed"
    """Distillation without a licence."""
    NOT_DISTILLATION = "not distillation"
    """Something else; the verdict was wrong."""
    LICENSED = "licensed"
    """Distillation under a licence that the search did not know."""
    VICTIM = "victim"
    """The accounts are robbed customers'."""
    DUPLICATE = "duplicate"
    """Another case is about the same."""
    INSUFFICIENT = "insufficient evidence"
    """Nobody can tell."""


class Kind(StrEnum):
    """What a case is about; each kind needs other work."""

    OPERATOR = "operator"
    """Accounts of somebody who harvests."""
    VICTIM = "victim"
    """Accounts of customers whose keys somebody else uses: help them first."""
    COORDINATED = "coordinated"
    """Accounts that are hidden and organised, by a provider of accounts or for a purpose that is unknown."""
    UNLICENSED = "unlicensed"
    """Large and open use that is made to harvest: ask, and offer terms."""


class Link(StrEnum):
    """How a case is linked to another."""

    DUPLICATE = "duplicate of"
    """The other case is about the same accounts."""
    SUCCESSOR = "successor of"
    """Its campaign follows the other's, known by its own keys."""
    RELATED = "related"
    """The two have something to do with each other."""


MOVES: Mapping[State, tuple[State, ...]] = {
    State.OPEN: (State.TRIAGE, State.INVESTIGATING),
    State.TRIAGE: (State.OPEN, State.INVESTIGATING),
    State.INVESTIGATING: (State.TRIAGE, State.SECOND_REVIEW, State.ACTING),
    State.SECOND_REVIEW: (State.INVESTIGATING,),
    State.ACTING: (State.INVESTIGATING, State.SECOND_REVIEW, State.APPEALED),
    State.APPEALED: (State.INVESTIGATING, State.ACTING),
    State.CLOSED: (State.OPEN, State.APPEALED),
}
"""The moves a person may make; only `review` leads from a second review to acting, and only `close` to
closed. A move to acting needs that the case is small enough for one person, or that a second one has agreed
to as many accounts as it has now.
"""
CLOSES: Mapping[Outcome, tuple[State, ...]] = {
    Outcome.CONFIRMED: (State.INVESTIGATING, State.ACTING, State.APPEALED),
    Outcome.NOT_DISTILLATION: (State.OPEN, State.TRIAGE, State.INVESTIGATING, State.ACTING, State.APPEALED),
    Outcome.LICENSED: (State.OPEN, State.TRIAGE, State.INVESTIGATING, State.ACTING, State.APPEALED),
    Outcome.VICTIM: (State.TRIAGE, State.INVESTIGATING, State.ACTING, State.APPEALED),
    Outcome.DUPLICATE: (State.OPEN, State.TRIAGE, State.INVESTIGATING),
    Outcome.INSUFFICIENT: (State.TRIAGE, State.INVESTIGATING, State.ACTING, State.APPEALED),
}
"""The states from which a case may be closed, by outcome: a case that awaits a second review has that
answered first, and nothing is confirmed unseen.
"""
DISMISSES = (Outcome.NOT_DISTILLATION, Outcome.INSUFFICIENT)
"""Outcomes after which the campaign is not listed with the others unless it changes."""
