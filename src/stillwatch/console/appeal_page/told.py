"""What the page tells a customer of an appeal: its state and its answer, in plain words."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.cases.remedy import Appeal


@dataclass(frozen=True)
class ToldAppeal:
    """One appeal, as its customer sees it; who answered and why stays inside."""

    opened: float
    """When it came in, POSIX seconds."""
    due: float
    """By when it is answered, POSIX seconds."""
    answered: float | None
    """When it was, POSIX seconds; None: it is open."""
    heading: str
    """The answer in a few words."""
    sentences: tuple[str, ...]
    """What it means."""
    until: float | None
    """How long the account is left alone, POSIX seconds."""
    compensation: str
    """What the customer gets for it."""
    late: bool
    """Whether the time for an answer has passed."""


def told(appeal: Appeal, now: float) -> ToldAppeal:
    """Return an appeal as its customer sees it. now: POSIX seconds."""
    heading, sentences = _words(appeal)
    late = appeal.answered is None and appeal.due < now
    return ToldAppeal(
        appeal.opened,
        appeal.due,
        appeal.answered,
        heading,
        sentences,
        appeal.until,
        appeal.compensation,
        late,
    )


def _words(appeal: Appeal) -> tuple[str, tuple[str, ...]]:
    if appeal.state == "open":
        return "Your objection is here", ("A person who did not take part in the decision reads it.",)
    if appeal.answer == "uphold":
        return "The decision stands", ("We looked at it again, and came to the same result.",)
    still = (
        "The account is being restored; this can take a little while."
        if appeal.restoration == "due"
        else "What we had done about the account has ended."
    )
    if appeal.answer == "partly":
        return "We agree with you in part", ("Nothing is done about your account for some time.", still)
    return "You were right", ("The decision was wrong, and we are sorry.", still)
