"""One way to write a rule, so that its version depends on what it says and not on how it is laid out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from stillwatch.response.ladder import Action
from stillwatch.response.language.expression import (
    Arithmetic,
    Comparison,
    Const,
    Expression,
    Field,
    Logic,
    Member,
    Negative,
    Not,
    Scalar,
)
from stillwatch.response.language.rule import Example, Rule

DIGITS = 12
"""Hex digits of a version."""


def version_of(rule: Rule) -> str:
    """Return the first hex digits of the SHA-256 of a rule's canonical text."""
    return hashlib.sha256(canonical(rule).encode()).hexdigest()[:DIGITS]


def canonical(rule: Rule) -> str:
    """Return a rule as text: names written out, all defaults written, every part in brackets."""
    lines = [
        f"{rule.name} = rule(",
        f"    when = {written(rule.when)},",
        f"    do = {_step(rule)},",
        f"    expires = {rule.expires_s},",
        f"    onset = {rule.onset_s},",
        f"    reason = {_scalar(rule.reason)},",
        f"    kind = {_scalar(rule.kind)},",
        f"    ceiling = {rule.ceiling},",
        f"    touches = [{', '.join(map(_case, rule.touches))}],",
        f"    spares = [{', '.join(map(_case, rule.spares))}],",
        f"    about = {_scalar(rule.about)})",
    ]
    return "\n".join(lines) + "\n"


def written(expression: Expression) -> str:
    """Return an expression as text in which brackets stand around every part that has parts."""
    match expression:
        case Const(value):
            return _scalar(value)
        case Field():
            return str(expression)
        case Not(of):
            return f"(not {written(of)})"
        case Negative(of):
            return f"(-{written(of)})"
        case Logic(every, parts):
            return f"({(' and ' if every else ' or ').join(map(written, parts))})"
        case Comparison(first, rest):
            return f"({written(first)}{''.join(f' {sign} {written(after)}' for sign, after in rest)})"
        case Member(of, values, inside):
            return f"({written(of)} {'in' if inside else 'not in'} ({''.join(_each(values))}))"
        case Arithmetic(sign, left, right):
            return f"({written(left)} {sign} {written(right)})"


def _each(values: tuple[Scalar, ...]) -> Iterator[str]:
    for value in values:
        yield f"{_scalar(value)}, "


def _scalar(value: Scalar) -> str:
    """A value as a literal; escapes are ours, since those of `repr` follow a Python's own Unicode tables."""
    if isinstance(value, bool | int | float):
        return repr(value)
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _step(rule: Rule) -> str:
    action: Action = rule.action
    consent = action.consent
    hidden = "None"
    if consent is not None:
        parts = (consent.reason, consent.approver, consent.policy_line)
        hidden = f"hidden({', '.join(map(_scalar, parts))})"
    return (
        f"{action.step.name.lower()}(account_tokens={action.account_tokens}, "
        f"campaign_tokens={action.campaign_tokens}, model={_scalar(action.model)}, most_n={action.most_n}, "
        f"delay_ms={action.delay_ms}, remedy={_scalar(rule.remedy)}, consent={hidden})"
    )


def _case(example: Example) -> str:
    return f"case({', '.join(f'{name}={_scalar(value)}' for name, value in example.given)})"
