"""Who a rule touches on replayed days, as asked and after the limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stillwatch.response.ladder import Stage, Step
from stillwatch.response.language.code import compiled
from stillwatch.response.language.expression import fields_of
from stillwatch.response.language.foreseen import fired
from stillwatch.response.language.rule import Rule, RuleKind
from stillwatch.response.language.unknown import certain, possible
from stillwatch.response.limits import HeldBack, cleared, held_back
from stillwatch.response.replay.people import CUSTOMERS
from stillwatch.response.replay.states import Replayed, unknown

Mask = npt.NDArray[np.bool_]
LEVEL = 0.05
"""Chance that an interval leaves the true share out."""


@dataclass(frozen=True, slots=True)
class Touched:
    """Accounts and exchanges that are touched."""

    accounts: int
    """Accounts."""
    exchanges: int
    """Their exchanges that are touched."""
    by_kind: dict[str, tuple[int, int]]
    """Accounts and exchanges by kind of customer, permit holders first; kinds with none are left out."""

    def row(self) -> dict[str, Any]:
        """Return it as a document."""
        kinds = {
            kind: {"accounts": accounts, "exchanges": exchanges}
            for kind, (accounts, exchanges) in self.by_kind.items()
        }
        return {"accounts": self.accounts, "exchanges": self.exchanges, "by_kind": kinds}


@dataclass(frozen=True, slots=True)
class Tested:
    """What one rule does on replayed days."""

    rule: Rule
    """The rule."""
    asked: Touched
    """Where its condition holds, or may hold."""
    done: Touched
    """Where the limits and the policy's permit rules let it act."""
    held: dict[str, int]
    """Accounts of those asked for that nothing is done about, by reason."""
    benign: int
    """Benign accounts among those asked for."""
    unknown: tuple[str, ...]
    """Fields of its condition that stored days do not tell: it is counted wherever it may hold."""


class Outcomes:
    """What each rule does in each state."""

    def __init__(self, replay: Replayed, rules: Sequence[Rule]) -> None:
        self.replay = replay
        self.rules = tuple(rules)
        may = compiled([possible(rule.when, unknown) for rule in rules])
        permits = [rule for rule in rules if rule.kind is RuleKind.PERMIT]
        must = compiled([certain(rule.when, unknown) for rule in permits])
        fires = [fired(rule, Stage.LIVE) for rule in rules]
        shape = (len(replay.states), len(rules))
        self.asked: Mask = np.zeros(shape, np.bool_)
        """Whether each rule, a column, is asked for in each state, a row."""
        self.done: Mask = np.zeros(shape, np.bool_)
        """Whether it acts."""
        self.why: list[list[HeldBack]] = []
        for place, state in enumerate(replay.states):
            given = state.inputs
            parts = (given.account, given.permit, given.campaign, given.request, given.budget)
            asked = may(*parts)
            allowed = True in must(*parts)
            clear = HeldBack.PERMIT if allowed else cleared(state.known)
            self.asked[place] = asked
            why = [
                HeldBack.NOT
                if not held or (one.action.step is Step.OBSERVE)
                else clear or held_back(state.known, one, 0.0, 0.0)
                for held, one in zip(asked, fires, strict=True)
            ]
            self.done[place] = [held and not reason for held, reason in zip(asked, why, strict=True)]
            self.why.append(why)

    def tested(self, column: int) -> Tested:
        """Return what one rule does."""
        asked, done = self.asked[:, column], self.done[:, column]
        reasons = np.array([row[column].value for row in self.why], dtype=object)
        held: dict[str, int] = {}
        for reason in sorted({str(one) for one in reasons[asked & ~done]}):
            held[reason] = len(self.accounts(asked & ~done & (reasons == reason)))
        touched = self.accounts(asked)
        rule = self.rules[column]
        told = sorted({str(field) for field in fields_of(rule.when) if unknown(field)})
        benign = int(self.replay.people.benign[touched].sum())
        return Tested(rule, self.touched(asked), self.touched(done), held, benign, tuple(told))

    def accounts(self, states: Mask) -> npt.NDArray[np.int64]:
        """Return the accounts that are ever in some of the states."""
        return self.replay.seen(states[self.replay.state])

    def touched(self, states: Mask) -> Touched:
        """Return the accounts and exchanges in some of the states."""
        replay = self.replay
        kind = replay.people.kind
        shapes = states[replay.state]
        accounts = replay.seen(shapes)
        many = len(CUSTOMERS)
        people = np.bincount(kind[accounts], minlength=many)
        asked = np.bincount(kind[replay.account[shapes]], replay.exchanges[shapes], many).astype(np.int64)
        by_kind = {
            str(customer): (int(people[place]), int(asked[place]))
            for place, customer in enumerate(CUSTOMERS)
            if people[place]
        }
        return Touched(len(accounts), int(asked.sum()), by_kind)

    def hardest(self) -> npt.NDArray[np.int64]:
        """Return the hardest step that each account of the run meets; -1 where no rule fires for it."""
        steps = np.array([int(rule.action.step) for rule in self.rules], np.int64)
        by_state = np.where(self.done, steps, -1).max(axis=1, initial=-1)
        found = np.full(len(self.replay.people.keys), -1, np.int64)
        np.maximum.at(found, self.replay.account, by_state[self.replay.state])
        return found


def interval(found: int, of: int) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson 1934)."""
    from scipy.stats import beta

    low = float(beta.ppf(LEVEL / 2, found, of - found + 1)) if found else 0.0
    high = float(beta.ppf(1 - LEVEL / 2, found + 1, of - found)) if found < of else 1.0
    return low, high
