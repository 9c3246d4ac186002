"""The words of plans: states, sorts of steps, stages."""

from __future__ import annotations

from enum import IntEnum, StrEnum

from stillwatch.cases.states import DISMISSES, Outcome


class PlanState(StrEnum):
    """Where a plan stands."""

    PLANNED = "planned"
    """Nothing of it was carried out."""
    CARRYING = "carrying out"
    """People decided, and its steps are being carried out; a server that was killed goes on with it."""
    CARRIED = "carried out"
    """All steps up to the stage that people decided on are done."""
    STOPPED = "stopped"
    """It was stopped on the way; it says why."""
    UNDOING = "undoing"
    """Its steps are being taken back."""
    UNDONE = "undone"
    """All that could be taken back was."""
    REPLACED = "replaced"
    """A later version took its place before it was carried out, or what it did ended with that."""


class StepState(StrEnum):
    """Where a step stands."""

    PLANNED = "planned"
    DONE = "done"
    UNDOING = "undoing"
    """Somebody decided to take it back."""
    UNDONE = "undone"
    FAILED = "failed"
    """It could not be carried out; it says why, and may be tried again."""
    SKIPPED = "skipped"
    """It will not be carried out; it says why."""


class StepKind(StrEnum):
    """What a step does."""

    RESTRICT = "restrict"
    """Named accounts of an operator meet a step of the ladder at the gateway: slow, verify, block."""
    LOOK = "look"
    """A person looks at accounts; nothing is done about them."""
    HOLD = "hold"
    """Nothing is done at the gateway about the campaign."""
    ROTATE_KEYS = "rotate keys"
    """The operator's own systems are asked to give customers new keys."""
    TAINT = "taint"
    """What was taken is handed to forensics."""
    LETTER = "letter"
    """A letter to customers is drafted; a person approves it before it goes."""
    SHARE = "share"
    """Marks of the campaign are offered to be shared; only by an order of its own."""
    TAKE_BACK = "take back"
    """What an earlier step wrote into the journal ends."""
    FREE = "free"
    """Nothing is done at the gateway about one account that people cleared."""


class Stage(IntEnum):
    """How far a plan is carried out; one after the other."""

    FIRST = 0
    """All that restricts nobody."""
    SLOW = 1
    VERIFY = 2
    BLOCK = 3
    APART = 9
    """Steps that are carried out by an order of their own only."""

    @property
    def shown(self) -> str:
        """Its name as people write it."""
        return self.name.lower()


RESTORES = (*DISMISSES, Outcome.LICENSED, Outcome.VICTIM)
"""Outcomes after which what was done against a case's accounts is taken back, and the gateway left alone."""
ACT, RESTORE = "act", "restore"
"""Sorts of plans."""
