"""The examples that a rule carries: what it must touch, and what it must spare."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.response.inputs import Inputs
from stillwatch.response.known import Known
from stillwatch.response.ladder import Permission, Stage
from stillwatch.response.language.code import compiled
from stillwatch.response.language.foreseen import fired
from stillwatch.response.language.rule import Example, Rule
from stillwatch.response.limits import HeldBack, cleared, held_back


@dataclass(frozen=True, slots=True)
class Tried:
    """One example, tried."""

    rule: str
    """The rule."""
    touch: bool
    """Whether it must be touched; else it must be spared."""
    example: Example
    """The state."""
    matched: bool
    """Whether the condition holds."""
    held_back: HeldBack
    """Why the limits let the rule do nothing there; NOT if they let it act."""

    @property
    def holds(self) -> bool:
        """Whether the example is as it must be."""
        return self.touch == (self.matched and not self.held_back)


def known_of(inputs: Inputs) -> Known:
    """Return a state as the limits look at it, at the moment at which a step begins."""
    permit = inputs.permit
    permission = Permission.COVERS if permit.covers else Permission.OTHER_MODEL if permit.named else None
    return Known(0, inputs.account, inputs.campaign, permission or Permission.NONE)


def tried(rule: Rule) -> tuple[Tried, ...]:
    """Try each example of a rule: those to touch, then those to spare."""
    holds = compiled([rule.when])
    one = fired(rule, Stage.LIVE)
    found = []
    for touch, examples in ((True, rule.touches), (False, rule.spares)):
        for example in examples:
            given = example.inputs
            (matched,) = holds(given.account, given.permit, given.campaign, given.request, given.budget)
            known = known_of(given)
            why = cleared(known) or held_back(known, one, 0.0, 0.0)
            found.append(Tried(rule.name, touch, example, matched, why))
    return tuple(found)
