"""Patterns that would make whoever runs them work for ever."""

from __future__ import annotations

import re

WITH_EXPRESSIONS = ("pcre", "yara", "sigma", "snort", "suricata")
"""Types of patterns that hold regular expressions somewhere."""
MOST_COMPARISONS = 64
MOST_BRACKETS = 32
MOST_TEXTS = 256
"""Texts of a pattern: each costs who parses it a moment, and a hub parses what all of its members send."""
MOST_REPEATS = 8
"""Repeats side by side take time to that power."""
LITERAL = re.compile(r"'(?:[^'\\]|\\.)*+(?:'|\Z)")
"""A text of a STIX pattern. One that does not end goes on to the end of the pattern: were it passed over, it
would be tried again from each quote in it.
"""
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
"""What a text of a STIX pattern writes with a backslash before it."""
MATCHES = re.compile(r"\bMATCHES\s*+'((?:[^'\\]|\\.)*+)(?:'|\Z)", re.IGNORECASE)


def hostile(pattern: str, kind: str) -> str:
    """Return why a pattern is not passed on; empty if it may be. Nothing of it is run."""
    if kind == "stix":
        plain = LITERAL.sub("''", pattern)
        if "/*" in plain or "//" in plain:
            # What stands after a comment would be read otherwise here than by who runs it.
            return "its pattern holds a comment"
        brackets, texts = plain.count("(") + plain.count("["), plain.count(",") + plain.count("''")
        comparisons = len(re.findall(r"\b(?:AND|OR)\b", plain))
        if brackets > MOST_BRACKETS or texts > 2 * MOST_TEXTS or comparisons > MOST_COMPARISONS:
            return "its pattern has too many parts"
        if any(explodes(ESCAPED.sub(r"\1", one)) for one in MATCHES.findall(pattern)):
            return "its pattern holds a regular expression that may never end"
        return ""
    if kind in WITH_EXPRESSIONS and explodes(pattern):
        return "its pattern holds a regular expression that may never end"
    return ""


def explodes(expression: str) -> bool:
    """Return whether a regular expression repeats what repeats or branches itself, repeats it a thousand
    times, repeats more than a few things, or refers back: what takes exponential or high polynomial time in
    engines that backtrack. It errs on the side of yes.
    """
    repeating: list[bool] = [False]
    at, size, repeats = 0, len(expression), 0
    closed = False
    while at < size:
        char = expression[at]
        was_closed, closed = closed, False
        if char == "\\":
            if at + 1 < size and expression[at + 1] in "123456789k":
                return True
            at += 2
            continue
        if char == "[":
            at = _end_of_class(expression, at)
            continue
        if char == "(":
            repeating.append(False)
        elif char == ")" and len(repeating) > 1:
            closed = repeating.pop()
            repeating[-1] = repeating[-1] or closed
        elif char == "|":
            repeating[-1] = True
        elif char in "*+{" and (char != "{" or re.match(r"\{\d*,?\d*\}", expression[at:])):
            repeats += 1
            if was_closed or repeats > MOST_REPEATS or _large(expression[at:]):
                return True
            repeating[-1] = True
        at += 1
    return False


def _end_of_class(expression: str, at: int) -> int:
    at += 1
    start = at
    while at < len(expression) and (expression[at] != "]" or at == start):
        at += 2 if expression[at] == "\\" else 1
    return at + 1


def _large(quantifier: str) -> bool:
    found = re.match(r"\{(\d*),?(\d*)\}", quantifier)
    return found is not None and any(len(part) > 3 for part in (found[1], found[2]))
