"""Calls of a policy's functions: their arguments, and what each step gives."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from stillwatch.response.inputs import Inputs
from stillwatch.response.ladder import HIDDEN, Action, Consent, Step
from stillwatch.response.language.conditions import Conditions
from stillwatch.response.language.expression import Const, Field, Kind, Scalar
from stillwatch.response.language.refused import near
from stillwatch.response.language.rule import Example, RuleKind
from stillwatch.response.language.values import Does, Span, Value, said
from stillwatch.response.language.vocabulary import (
    ARGUMENTS,
    SPANS,
    STEPS,
    known_values,
    listed,
)

V = TypeVar("V")
LONGEST_SPAN = 366 * 86_400
"""Seconds of the longest time that a step may last."""
MOST_TOKENS = 10**12
MOST_DELAY_MS = 60_000
REMEDIES = ("rotate-keys", "verify-owner", "check-permit")
"""What a review may ask a person to see to."""
SPEAKING = re.compile(r"[^\s].*")
KINDS = {
    Step.OBSERVE: RuleKind.OBSERVE,
    Step.VERIFY: RuleKind.BLOCK,
    Step.BLOCK: RuleKind.BLOCK,
}


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number as an argument."""

    least: int
    most: int
    default: int


WHOLES = {
    "account_tokens": Whole(0, MOST_TOKENS, 0),
    "campaign_tokens": Whole(0, MOST_TOKENS, 0),
    "most_n": Whole(1, 1_000, 1),
    "delay_ms": Whole(0, MOST_DELAY_MS, 0),
}
TAKES: dict[str, tuple[str, ...]] = {
    "observe": (),
    "mark": ("consent", "delay_ms"),
    "summarise": ("consent", "delay_ms"),
    "trim": ("most_n", "consent", "delay_ms"),
    "slow": ("account_tokens", "campaign_tokens", "delay_ms"),
    "verify": (),
    "route": ("model", "consent", "delay_ms"),
    "block": (),
    "review": ("remedy",),
    "permit": (),
}
"""The arguments of each step."""


class Calls:
    """Reads values of every kind. What is faulty is added to the faults once, and read as None."""

    def __init__(self, conditions: Conditions) -> None:
        self.conditions = conditions
        self.faults = conditions.faults

    def value(self, node: ast.expr) -> Value | None:
        """Return any value that may be assigned to a name."""
        if isinstance(node, ast.Tuple):
            return self.conditions.several(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = node.func.id
            if name in SPANS:
                return self._span(node, name)
            if name in STEPS:
                return self._step(node, name)
            if name == "hidden":
                return self._hidden(node)
            if name == "case":
                return self._case(node)
        if isinstance(node, ast.Name):
            return self.conditions.value_of(node)
        return self.conditions.typed(node)

    def of(self, node: ast.expr, kind: type[V], what: str, hint: str) -> V | None:
        """Return a value of one class."""
        found = self.value(node)
        if found is not None and not isinstance(found, kind):
            self.faults.add(node, f"{what} is needed here, and this is {said(found)}", hint)
            return None
        return found

    def arguments(self, node: ast.Call, name: str, known: tuple[str, ...]) -> dict[str, ast.expr]:
        """Return the arguments of a call by name."""
        found: dict[str, ast.expr] = {}
        for positional in node.args:
            example = known[0] if known else ""
            hint = f"name it, as {example} = ..." if example else f"write {name}()"
            self.faults.add(positional, f"an argument of {name} has no name", hint)
        for keyword in node.keywords:
            if keyword.arg is None:
                self.faults.add(keyword.value, "** is not part of the language", "name each argument")
            elif keyword.arg in found:
                self.faults.add(keyword, f"{keyword.arg} is given twice", "leave out one of them")
            elif keyword.arg not in known:
                hint = near(keyword.arg, known) if known else f"write {name}()"
                self.faults.add(keyword, f"{name} takes no {keyword.arg}", hint)
            else:
                found[keyword.arg] = keyword.value
        return found

    def text(self, node: ast.expr, what: str) -> str | None:
        """Return a text that is not empty."""
        found = self._literal(node, Kind.TEXT, f'{what} must be a string, as "..."')
        if found is None:
            return None
        if not SPEAKING.fullmatch(str(found)):
            self.faults.add(node, f"{what} is empty", "say it")
            return None
        return str(found)

    def whole(self, node: ast.expr, what: str, least: int, most: int) -> int | None:
        """Return a whole number within bounds."""
        found = self._literal(node, Kind.WHOLE, f"{what} must be a whole number")
        if found is None:
            return None
        if not least <= int(found) <= most:
            self.faults.add(node, f"{what} cannot be {found}", f"allowed: from {least:,} to {most:,}")
            return None
        return int(found)

    def _literal(self, node: ast.expr, kind: Kind, says: str) -> Scalar | None:
        found = self.conditions.literal(node)
        if found is None or not isinstance(found.expression, Const):
            return None
        if found.kind is not kind:
            self.faults.add(node, f"{says}, and this is {found.kind}", "mend the value")
            return None
        return found.expression.value

    def _span(self, node: ast.Call, name: str) -> Span | None:
        if len(node.args) != 1 or node.keywords:
            self.faults.add(node, f"{name} takes one number", f"write {name}(14)")
            return None
        unit = SPANS[name]
        found = self.whole(node.args[0], name, 0, LONGEST_SPAN // unit)
        return None if found is None else Span(found * unit)

    def _step(self, node: ast.Call, name: str) -> Does | None:
        before = len(self.faults)
        given = self.arguments(node, name, TAKES[name])
        step = Step.OBSERVE if name in ("review", "permit") else Step[name.upper()]
        action, remedy = Action(step), ""
        for argument, value in given.items():
            if argument in WHOLES:
                bounds = WHOLES[argument]
                number = self.whole(value, argument, bounds.least, bounds.most)
                change: dict[str, Any] = {argument: bounds.default if number is None else number}
                action = replace(action, **change)
            elif argument == "model":
                action = replace(action, model=self.text(value, "model") or "")
            elif argument == "remedy":
                remedy = self._remedy(value)
            else:
                hint = "write hidden(reason = ..., approver = ..., policy_line = ...)"
                action = replace(action, consent=self.of(value, Consent, "a consent", hint))
        if len(self.faults) == before:
            self._complete(node, name, action, given)
        if len(self.faults) > before:
            return None
        kind = KINDS.get(step, RuleKind.FRICTION) if name not in ("review", "permit") else RuleKind(name)
        return Does(action, kind, remedy)

    def _complete(self, node: ast.Call, name: str, action: Action, given: dict[str, ast.expr]) -> None:
        if action.step in HIDDEN and action.consent is None:
            self.faults.add(
                node,
                f"the customer cannot see {name}, and nobody has consented to it",
                "add consent = hidden(reason = ..., approver = ..., policy_line = ...)",
            )
        if action.step is Step.SLOW and not (action.account_tokens or action.campaign_tokens):
            self.faults.add(node, "slow has no budget", "add account_tokens or campaign_tokens (a minute)")
        if action.step is Step.ROUTE and "model" not in given:
            self.faults.add(node, "route names no model", 'add model = "..."')

    def _remedy(self, node: ast.expr) -> str:
        found = self.text(node, "remedy") or ""
        if found and found not in REMEDIES:
            self.faults.add(node, f'there is no remedy "{found}"', f"known: {listed(REMEDIES)}")
        return found

    def _hidden(self, node: ast.Call) -> Consent | None:
        before = len(self.faults)
        parts = ("reason", "approver", "policy_line")
        given = self.arguments(node, "hidden", parts)
        for part in parts:
            if part not in given:
                what = f"a step that the customer cannot see needs its {part.replace('_', ' ')}"
                self.faults.add(node, what, f"add {part} = ...")
        texts = {part: self.text(value, part) or "" for part, value in given.items()}
        return None if len(self.faults) > before else Consent(**texts)

    def _case(self, node: ast.Call) -> Example | None:
        before = len(self.faults)
        found: dict[str, Scalar] = {}
        for name, value in self.arguments(node, "case", tuple(ARGUMENTS)).items():
            field = ARGUMENTS[name]
            scalar = self._field_value(value, field)
            if scalar is None:
                continue
            if str(field) in found:
                self.faults.add(value, f"{field} is given twice", "leave out one of them")
            found[str(field)] = scalar
        if len(self.faults) > before:
            return None
        return Example(tuple(sorted(found.items())), inputs_of(found))

    def _field_value(self, node: ast.expr, field: Field) -> Scalar | None:
        found = self.conditions.literal(node)
        if found is None or not isinstance(found.expression, Const):
            return None
        value = found.expression.value
        if found.kind is Kind.WHOLE and field.kind is Kind.REAL:
            return float(value)
        if found.kind is not field.kind:
            self.faults.add(node, f"{field} is {field.kind}, and this is {found.kind}", "mend the value")
            return None
        values = known_values(field)
        if values and value not in values:
            self.faults.add(node, f"{field} is never {listed((value,))}", f"known: {listed(values)}")
            return None
        return value


def inputs_of(given: dict[str, Scalar]) -> Inputs:
    """Return a state in which some fields, by full name, have other values than their defaults."""
    inputs = Inputs()
    for name, value in given.items():
        section, _, field = name.partition(".")
        change: dict[str, Any] = {field: value}
        inputs = replace(inputs, **{section: replace(getattr(inputs, section), **change)})
    return inputs
