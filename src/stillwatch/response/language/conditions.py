"""Expressions of a policy: names resolved, types and bounds checked."""

from __future__ import annotations

import ast
import math

from stillwatch.response.language.expression import (
    Arithmetic,
    Comparison,
    Const,
    Expression,
    Field,
    Kind,
    Logic,
    Member,
    Negative,
    Not,
    Scalar,
)
from stillwatch.response.language.fault import Faults
from stillwatch.response.language.refused import refused, unknown_field, unknown_name
from stillwatch.response.language.values import Names, Several, Typed, Value, said
from stillwatch.response.language.vocabulary import FUNCTIONS, SECTIONS, known_values, listed

LARGEST = 2**63 - 1
"""The largest whole number of a file; a larger one of a request counts as this where it is computed with."""
MOST = 2**256
"""How far from zero a whole number may get in an expression; a float holds it, so nothing overflows."""
MOST_INLINED, DEEPEST_INLINED = 2_000, 60
"""Nodes of an expression, and how deep they may be in each other, with every name written out."""
LONGEST = 1_000
"""Characters of a string."""
ORDER: dict[type[ast.cmpop], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
EQUAL: dict[type[ast.cmpop], str] = {ast.Eq: "==", ast.NotEq: "!="}
SUMS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}


class Conditions:
    """Reads expressions. What is faulty is added to the faults once, and read as None."""

    def __init__(self, faults: Faults, names: Names) -> None:
        self.faults = faults
        self.names = names

    def condition(self, node: ast.expr) -> Typed | None:
        """Return an expression that is true or false."""
        found = self.typed(node)
        if found is not None and found.kind is not Kind.BOOL:
            hint = "compare it with something" if found.kind is not Kind.TEXT else 'compare it, as == "named"'
            self.faults.add(node, f"a condition must be true or false, and this is {found.kind}", hint)
            return None
        return found

    def typed(self, node: ast.expr) -> Typed | None:
        """Return an expression of any type."""
        match node:
            case ast.Constant(value):
                found = self._constant(node, value)
            case ast.Name():
                found = self._named(node)
            case ast.Attribute():
                found = self._field(node)
            case ast.UnaryOp(op, operand):
                found = self._unary(node, op, operand)
            case ast.BoolOp(op, values):
                parts = [self.condition(value) for value in values]
                found = _joined(isinstance(op, ast.And), parts)
            case ast.Compare():
                found = self._compared(node)
            case ast.BinOp():
                found = self._sum(node)
            case ast.Call():
                self._called(node)
                return None
            case _:
                self.faults.add(node, *refused(node))
                return None
        if found is not None and (found.size > MOST_INLINED or found.depth > DEEPEST_INLINED):
            self.faults.add(
                node,
                f"with every name written out it has more than {MOST_INLINED:,} nodes, or is more than "
                f"{DEEPEST_INLINED} deep",
                "split the rule into several",
            )
            return None
        return found

    def value_of(self, node: ast.Name) -> Value | None:
        """Return what a name stands for."""
        name = node.id
        if name in self.names.values:
            self.names.used.add(name)
            return self.names.values[name]
        if name in self.names.lines:
            self.faults.add(
                node,
                f"{name} is used before it is assigned, on line {self.names.lines[name]}",
                "move the assignment up",
            )
        elif name in SECTIONS:
            first = next(iter(SECTIONS[name]))
            self.faults.add(node, f"{name} alone is no value", f"name a field, as {name}.{first}")
        elif name in FUNCTIONS:
            self.faults.add(node, f"{name} is a function", f"call it: {name}(...)")
        else:
            self.faults.add(node, f"there is no name {name}", unknown_name(name, self.names.values))
        return None

    def several(self, node: ast.expr) -> Several | None:
        """Return a tuple of literals of one type."""
        if isinstance(node, ast.Name):
            value = self.value_of(node)
            if value is not None and not isinstance(value, Several):
                self.faults.add(
                    node, f"{node.id} is {said(value)}, and a tuple is needed", 'write ("a", "b")'
                )
                return None
            return value
        if not isinstance(node, ast.Tuple):
            hint = 'write a tuple, as ("a", "b"); a tuple of one has a comma at its end: ("a",)'
            self.faults.add(node, "after `in` stands a tuple of values", hint)
            return None
        parts = [self.literal(part) for part in node.elts]
        if not parts:
            self.faults.add(node, "the tuple is empty", "write at least one value")
            return None
        if any(part is None for part in parts):
            return None
        whole = [part for part in parts if part is not None]
        if len({Kind.REAL if part.kind is Kind.WHOLE else part.kind for part in whole}) > 1:
            self.faults.add(node, "the values of a tuple are not all of one type", "split it into two")
            return None
        values = tuple(part.expression.value for part in whole if isinstance(part.expression, Const))
        kind = Kind.REAL if any(part.kind is Kind.REAL for part in whole) else whole[0].kind
        return Several(values, kind)

    def literal(self, node: ast.expr) -> Typed | None:
        """Return a value that is known when the file is read."""
        found = self.typed(node)
        if found is not None and not isinstance(found.expression, Const):
            self.faults.add(node, "the value must be known when the file is read", "write it out")
            return None
        return found

    def _constant(self, node: ast.expr, value: object) -> Typed | None:
        match value:
            case bool():
                return Typed(Const(value), Kind.BOOL)
            case int() if abs(value) <= LARGEST:
                return Typed(Const(value), Kind.WHOLE, most=abs(value))
            case float() if math.isfinite(value):
                return Typed(Const(value), Kind.REAL)
            case str() if len(value) <= LONGEST and value.isprintable():
                return Typed(Const(value), Kind.TEXT)
            case int() | float():
                self.faults.add(node, "the number is too large", f"write one up to {LARGEST}")
            case str():
                hint = f"write up to {LONGEST:,} characters that can be shown on one line"
                self.faults.add(node, "the string is too long, or cannot be shown", hint)
            case _:
                hint = 'write True, False, a number or a string; an unknown text is ""'
                self.faults.add(node, "a value of this type is not part of the language", hint)
        return None

    def _named(self, node: ast.Name) -> Typed | None:
        value = self.value_of(node)
        if value is not None and not isinstance(value, Typed):
            self.faults.add(node, f"{node.id} is {said(value)}, and cannot stand here", "see docs/policy.md")
            return None
        return value

    def _field(self, node: ast.Attribute) -> Typed | None:
        if not isinstance(node.value, ast.Name):
            self.faults.add(node, "there is nothing below a field", "name a field, as account.tier")
            return None
        section = node.value.id
        if section not in SECTIONS:
            if self.names.values.get(section) is None and section in self.names.lines:
                return None
            hint = f"known: {', '.join(SECTIONS)}"
            self.faults.add(node, f"there is nothing called {section}.{node.attr}", hint)
            return None
        field = SECTIONS[section].get(node.attr)
        if field is None:
            what = f"{section} has no field {node.attr}"
            self.faults.add(node, what, unknown_field(section, node.attr))
            return None
        return Typed(field, field.kind, most=LARGEST if field.kind is Kind.WHOLE else 0)

    def _called(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in FUNCTIONS:
            self.faults.add(node, f"{name}(...) gives no value to compute with", "see docs/policy.md")
        elif name:
            self.faults.add(node, f"there is no function {name}", unknown_name(name, ()))
        else:
            self.faults.add(
                node, "there are no methods", "compare strings with ==, != and `in`; see docs/policy.md"
            )

    def _unary(self, node: ast.expr, operator: ast.unaryop, operand: ast.expr) -> Typed | None:
        if isinstance(operator, ast.Not):
            inner = self.condition(operand)
            return inner and Typed(Not(inner.expression), Kind.BOOL, inner.size + 1, inner.depth + 1)
        if not isinstance(operator, ast.USub):
            self.faults.add(node, *refused(operator))
            return None
        inner = self._number(operand)
        if inner is None:
            return None
        match inner.expression:
            case Const(value) if not isinstance(value, str):
                return Typed(Const(-value), inner.kind, most=inner.most)
        return Typed(Negative(inner.expression), inner.kind, inner.size + 1, inner.depth + 1, inner.most)

    def _number(self, node: ast.expr) -> Typed | None:
        found = self.typed(node)
        if found is not None and not found.kind.number:
            self.faults.add(node, f"only numbers can be computed with, not {found.kind}", "compare it")
            return None
        return found

    def _sum(self, node: ast.BinOp) -> Typed | None:
        if type(node.op) not in SUMS:
            self.faults.add(node, *refused(node.op))
            return None
        left, right = self._number(node.left), self._number(node.right)
        if left is None or right is None:
            return None
        sign = SUMS[type(node.op)]
        kind = Kind.WHOLE if left.kind is right.kind is Kind.WHOLE else Kind.REAL
        most = left.most * right.most if sign == "*" else left.most + right.most
        if kind is Kind.REAL:
            most = 0
        if most > MOST:
            self.faults.add(node, "the number can get too large", "multiply fewer fields with each other")
            return None
        match left.expression, right.expression:
            case Const(one), Const(two) if not isinstance(one, str) and not isinstance(two, str):
                return self._constant(node, _computed(sign, one, two))
        size, depth = left.size + right.size + 1, max(left.depth, right.depth) + 1
        return Typed(Arithmetic(sign, left.expression, right.expression), kind, size, depth, most)

    def _compared(self, node: ast.Compare) -> Typed | None:
        if any(isinstance(op, ast.In | ast.NotIn) for op in node.ops):
            return self._member(node)
        nodes = [node.left, *node.comparators]
        parts = [self.typed(one) for one in nodes]
        rest: list[tuple[str, Expression]] = []
        sound = all(part is not None for part in parts)
        for place, op in enumerate(node.ops):
            sign = EQUAL.get(type(op)) or ORDER.get(type(op))
            left, right = parts[place], parts[place + 1]
            if sign is None:
                self.faults.add(nodes[place + 1], *refused(op))
                sound = False
            elif left is not None and right is not None:
                sound &= self._comparable(nodes[place + 1], left, right, op)
                rest.append((sign, right.expression))
        whole = [part for part in parts if part is not None]
        if not sound or not whole:
            return None
        size, depth = sum(part.size for part in whole) + 1, max(part.depth for part in whole) + 1
        return Typed(Comparison(whole[0].expression, tuple(rest)), Kind.BOOL, size, depth)

    def _comparable(self, node: ast.expr, left: Typed, right: Typed, op: ast.cmpop) -> bool:
        if left.kind is not right.kind and not (left.kind.number and right.kind.number):
            what = f"{left.kind} is compared with {right.kind}"
            self.faults.add(node, what, _instead(left, right))
            return False
        if type(op) in ORDER and not left.kind.number:
            self.faults.add(node, f"only numbers have an order, and this is {left.kind}", "write == or !=")
            return False
        pairs = ((left.expression, right.expression), (right.expression, left.expression))
        return all(self._known(node, one, other) for one, other in pairs)

    def _known(self, node: ast.expr, field: Expression, other: Expression) -> bool:
        if not isinstance(field, Field) or not isinstance(other, Const):
            return True
        return self._one_of(node, field, other.value)

    def _one_of(self, node: ast.expr, field: Field, value: Scalar) -> bool:
        values = known_values(field)
        if not values or value in values:
            return True
        self.faults.add(node, f"{field} is never {listed((value,))}", f"known: {listed(values)}")
        return False

    def _member(self, node: ast.Compare) -> Typed | None:
        if len(node.ops) > 1:
            self.faults.add(node, "`in` cannot stand in a chain", "split it, and join the parts by `and`")
            return None
        of, among = self.typed(node.left), self.several(node.comparators[0])
        if of is None or among is None:
            return None
        place = node.comparators[0]
        if of.kind is not among.kind and not (of.kind.number and among.kind.number):
            self.faults.add(place, f"{of.kind} is looked for among values of another type", "mend one")
            return None
        if isinstance(of.expression, Field):
            marks = place.elts if isinstance(place, ast.Tuple) else [place] * len(among.values)
            told = [self._one_of(mark, of.expression, v) for mark, v in zip(marks, among.values, strict=True)]
            if not all(told):
                return None
        inside = isinstance(node.ops[0], ast.In)
        size = of.size + len(among.values) + 1
        return Typed(Member(of.expression, among.values, inside), Kind.BOOL, size, of.depth + 1)


def _joined(every: bool, parts: list[Typed | None]) -> Typed | None:
    whole = [part for part in parts if part is not None]
    if len(whole) < len(parts):
        return None
    size, depth = sum(part.size for part in whole) + 1, max(part.depth for part in whole) + 1
    return Typed(Logic(every, tuple(part.expression for part in whole)), Kind.BOOL, size, depth)


def _computed(sign: str, one: float, two: float) -> float:
    return one * two if sign == "*" else one + two if sign == "+" else one - two


def _instead(left: Typed, right: Typed) -> str:
    if Kind.BOOL in (left.kind, right.kind):
        return "leave out the comparison, or compare with True or False"
    if Kind.TEXT in (left.kind, right.kind):
        return "a number has no quotes, and a text has"
    return "compare values of one type"
