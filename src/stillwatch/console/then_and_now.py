"""How what a run says of a campaign differs from what was said before, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stillwatch.report import formatting
from stillwatch.report.sentences.clauses import joined

AXES = ("scale", "deception", "intent")
NOTICEABLE = 0.1
"""Difference of an axis that is told."""
COMPARED = ("verdict", "role", "accounts", "named", "at_least", "exchanges", *AXES, "signals", "families")
"""What the table of then and now has, line by line."""


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return sentences, the gravest difference first; none where nothing differs."""
    told = []
    if then.get("verdict") != now.get("verdict"):
        told.append(f"The verdict was {then.get('verdict') or 'none'} and is {now.get('verdict') or 'none'}.")
    if now.get("listed") is False and then.get("listed") is not False:
        told.append("The run does not list it any more.")
    if then.get("role") != now.get("role"):
        told.append(f"Its role was {_word(then.get('role'))} and is {_word(now.get('role'))}.")
    told += [
        sentence
        for name, noun in (("accounts", "accounts"), ("exchanges", "exchanges"))
        if (sentence := _counted(noun, then.get(name), now.get(name)))
    ]
    told += [sentence for axis in AXES if (sentence := _axis(axis, then.get(axis), now.get(axis)))]
    told += _sets("Signals", "carry it", then.get("signals"), now.get("signals"))
    told += _sets("Families of evidence", "speak for it", then.get("families"), now.get("families"))
    return told


def compared(columns: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return one row for each of COMPARED: what, and what each column says of it."""
    return [
        {"what": formatting.named(name), **{title: _cell(name, said) for title, said in columns.items()}}
        for name in COMPARED
        if any(said.get(name) not in (None, "", []) for said in columns.values())
    ]


def _cell(name: str, said: Mapping[str, Any]) -> str:
    value = said.get(name)
    if value is None:
        return formatting.DASH
    if isinstance(value, list):
        return joined([formatting.named(str(one)) for one in value]) or "none"
    if name in AXES:
        return f"{value:.2f}"
    return formatting.count(value) if isinstance(value, int) else _word(value)


def _counted(noun: str, then: Any, now: Any) -> str:
    if not isinstance(then, int) or not isinstance(now, int) or then == now:
        return ""
    verb = "grew" if now > then else "fell"
    return f"Its {noun} {verb} from {formatting.count(then)} to {formatting.count(now)}."


def _axis(axis: str, then: Any, now: Any) -> str:
    if not isinstance(then, int | float) or not isinstance(now, int | float) or abs(then - now) < NOTICEABLE:
        return ""
    return f"{axis.capitalize()} {'rose' if now > then else 'fell'} from {then:.2f} to {now:.2f}."


def _sets(what: str, verb: str, then: Any, now: Any) -> list[str]:
    was, are = set(_words(then)), set(_words(now))
    told = []
    if are - was:
        told.append(f"{what} that {verb} now: {joined(sorted(are - was))}.")
    if was - are:
        told.append(f"{what} that did and do not any more: {joined(sorted(was - are))}.")
    return told


def _words(names: Any) -> Sequence[str]:
    return [formatting.named(str(one)) for one in names or ()]


def _word(value: Any) -> str:
    return formatting.named(str(value)) if value else "none"
