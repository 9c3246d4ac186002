"""Clauses with values in them, which read well with none, one and many.

A clause is a format string of Python. Beside Python's own formats a value takes these:

    {n:account}       1 account, 1,200 accounts, no accounts
    {n:reply|replies} the same with a plural of its own
    {n:#}             the number alone: 1,200
    {n:?is|are}       no number: the first word for 1, else the second
    {share:%}         a percentage: 97%, 0.4%, <0.1%
    {share:%~}        the same with its interval, from the values low and high: 51% (39-66%)
    {part:@}          a code as words: head is "first words"
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from stillwatch.report import formatting
from stillwatch.schema.values import Item

NOUN = re.compile(r"[a-z][a-z -]*(\|[a-z][a-z -]*)?")
TERMS = {"head": "first words", "tail": "last words", "system": "system prompt"}
"""What codes among the values are called."""
UNKNOWN = "an unknown number of"


def clause(template: str, values: Mapping[str, Item]) -> str:
    """The template with its values, without a capital and a full stop. Raises KeyError for a value that is
    not there, ValueError for a format that a value does not take.
    """
    return _Clause(values).vformat(template, (), values)


def between(share: float, low: float, high: float) -> str:
    """A share with its interval, unless that is a point: 51% (39-66%), with a dash between."""
    shown, ends = formatting.percent(share), formatting.interval({"low": low, "high": high})
    return shown if ends == shown or low == high else f"{shown} ({ends})"


def joined(words: Sequence[str]) -> str:
    """Words as a list: a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def sentences(clauses: Iterable[str]) -> str:
    """Clauses as sentences, one after the other."""
    return " ".join(formatting.sentence(one) for one in clauses)


def plural(number: float, noun: str) -> str:
    """A counted noun that may have a plural of its own: 1 account, 1,200 replies, no accounts."""
    one, _, many = noun.partition("|")
    whole = round(number)
    if whole == 1:
        return f"1 {one}"
    return f"{formatting.count(whole) if whole else 'no'} {many or one + 's'}"


class _Clause(string.Formatter):
    def __init__(self, values: Mapping[str, Item]) -> None:
        self._values = values

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec == "@":
            return formatting.DASH if value is None else TERMS.get(value, formatting.cut(str(value), 80))
        if format_spec == "#":
            return formatting.count(None if value is None else round(value))
        if format_spec.startswith("?"):
            one, _, other = format_spec[1:].partition("|")
            return one if value == 1 else other
        if format_spec in ("%", "%~"):
            return self._percent(value, interval=format_spec == "%~")
        if NOUN.fullmatch(format_spec):
            return f"{UNKNOWN} {plural(2, format_spec)[2:]}" if value is None else plural(value, format_spec)
        return self._plain(value, format_spec)

    def _percent(self, value: float | None, *, interval: bool) -> str:
        if value is None:
            return "an unknown share"
        low, high = self._values.get("low"), self._values.get("high")
        if not interval or not isinstance(low, int | float) or not isinstance(high, int | float):
            return formatting.percent(value)
        return between(value, low, high)

    def _plain(self, value: Any, format_spec: str) -> str:
        if value is None:
            return formatting.DASH
        if isinstance(value, datetime):
            return formatting.day(value)
        if isinstance(value, str):
            return formatting.cut(value, 80)
        return str(super().format_field(value, format_spec))
