"""A compiled policy: which rules fire for one request, in their order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from stillwatch.response.draws import draw
from stillwatch.response.inputs import Inputs
from stillwatch.response.ladder import Stage
from stillwatch.response.language.code import compiled
from stillwatch.response.language.foreseen import fired
from stillwatch.response.language.rule import Rule, RuleKind
from stillwatch.response.outcome import Fired, Outcome

IN_FORCE = (Stage.SHADOW, Stage.CANARY, Stage.LIVE)
"""Stages in which a rule is evaluated."""
ACTING = (Stage.CANARY, Stage.LIVE)
"""Stages in which a rule takes steps."""
ORDER = tuple(RuleKind)
NOTHING = Outcome()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a version of a rule stands."""

    rule: Rule
    """The rule."""
    stage: Stage
    """Its stage."""
    share: float = 0.0
    """Canary: the share of accounts on which it acts."""
    since: float = 0.0
    """When it came to this stage; POSIX seconds."""


@dataclass(frozen=True, slots=True)
class _Row:
    fired: Fired
    kind: RuleKind
    acts: bool
    """Whether it acts on every account."""
    share: float
    """Share of accounts on which it acts; of the live version beside a canary: on which it does not."""
    drawn: str
    """The version, turned round, that the accounts of a canary are drawn with; empty: nobody is drawn."""


class CompiledPolicy:
    """The rules in force; see response.outcome.Policy."""

    def __init__(self, standings: Iterable[Standing]) -> None:
        found = [one for one in standings if one.stage in IN_FORCE]
        found.sort(key=lambda one: (ORDER.index(one.rule.kind), one.rule.name, one.stage, one.rule.version))
        self.standings = tuple(found)
        """What it was made of, in the order in which rules are taken."""
        self.digest = _digest(found)
        """SHA-256 of each rule's version and stage."""
        self.acts = any(
            one.stage in ACTING and one.rule.kind in (RuleKind.BLOCK, RuleKind.FRICTION) for one in found
        )
        """Whether some rule that is live or in canary takes more than observation."""
        self._holds = compiled([one.rule.when for one in found])
        canaries = {one.rule.name: one for one in found if one.stage is Stage.CANARY}
        self._rows = tuple(_row(one, canaries) for one in found)

    def outcome(self, inputs: Inputs, key: int, /) -> Outcome:
        """Evaluate the rules. key: the account's keyed hash; with a rule's version it chooses canaries."""
        holds = self._holds(inputs.account, inputs.permit, inputs.campaign, inputs.request, inputs.budget)
        if True not in holds:
            return NOTHING
        acting: list[Fired] = []
        shadow: list[Fired] = []
        review: list[str] = []
        permitted = False
        for held, row in zip(holds, self._rows, strict=True):
            if not held:
                continue
            acts = row.acts
            if row.drawn:
                drawn = draw(key, row.drawn) < row.share
                if acts and drawn:  # the canary decides about this account
                    continue
                acts = acts or drawn
            if not acts or permitted:
                shadow.append(row.fired)
            elif row.kind is RuleKind.REVIEW:
                review.append(row.fired.rule)
            else:
                acting.append(row.fired)
                permitted = row.kind is RuleKind.PERMIT
        return Outcome(tuple(acting), tuple(shadow), tuple(review))


def _row(one: Standing, canaries: dict[str, Standing]) -> _Row:
    acts = one.stage is Stage.LIVE
    canary = canaries.get(one.rule.name) if one.stage is not Stage.SHADOW else None
    # A step's beginning is drawn with the version itself: the canary's accounts would all begin first.
    drawn = canary.rule.version[::-1] if canary else ""
    return _Row(
        fired(one.rule, one.stage, one.since), one.rule.kind, acts, canary.share if canary else 0.0, drawn
    )


def _digest(standings: list[Standing]) -> str:
    lines = [
        f"{one.rule.name} {one.rule.version} {one.stage} {one.share!r} {one.since!r}\n" for one in standings
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


EMPTY = CompiledPolicy(())
"""No rule: nothing is done about anybody."""
