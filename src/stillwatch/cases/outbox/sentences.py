"""A message in words for people: a line of the house's own words, and facts whose values may be hostile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stillwatch.cases.outbox.envelope import Envelope
from stillwatch.plain import plain

TITLES: Mapping[str, str] = {
    "case.opened": "New case {case}",
    "case.reopened": "Case {case} is open again",
    "case.grew": "Case {case} has grown",
    "case.second_review": "Case {case} awaits a second review",
    "case.assigned": "Case {case} was assigned",
    "deadline.breached": "The deadline of case {case} has passed",
    "alarm": "New alarm",
    "appeal.opened": "A customer appeals in case {case}",
    "appeal.answered": "An appeal of case {case} was answered",
    "appeal.breached": "An appeal of case {case} is late",
    "plan.step": "A step of the plan of case {case}",
}
FIRST = ("severity", "kind", "verdict", "state", "assignee", "by", "deadline", "accounts", "accounts_before")
"""Facts that come first, in this order; the others follow by name."""
LEFT_OUT = ("case", "version", "event")
LONGEST = 200
MOST = 24


def title(envelope: Envelope) -> str:
    """Return what happened, in the house's own words and numbers only."""
    told = TITLES.get(envelope.topic, "{topic}" + (", case {case}" if envelope.case else ""))
    return told.format(case=envelope.case or "", topic=envelope.topic)


def facts(envelope: Envelope) -> Iterator[tuple[str, str]]:
    """Return what a message says, as names of the house and values that may be anybody's: on one line, short,
    and without control characters.
    """
    body = envelope.body
    names = [name for name in FIRST if name in body]
    names += sorted(name for name in body if name not in FIRST)
    told = [(name, _value(body[name])) for name in names if name not in LEFT_OUT]
    yield from [(plain(name.replace("_", " "))[:64], value) for name, value in told if value][:MOST]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, str | float):
        return plain(str(value))[:LONGEST]
    if isinstance(value, list):
        return ", ".join(one for item in value[:20] if (one := _value(item)))[:LONGEST]
    return ""
