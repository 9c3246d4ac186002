"""Conditions as one Python function.

Why it is safe: the code is not the file's. It is built anew from checked expressions, of which there are
eight kinds, so it can hold nothing but constants, loads of known fields of five arguments, comparisons,
tests and sums: no call, no import, no name outside of the arguments, no assignment, no loop. It runs without
builtins, the names in it are compared with the known fields once it is compiled, and nothing in it can raise:
there is no division and no index, types were checked, and whole numbers stay below what a float holds.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from types import CodeType, FunctionType

from stillwatch.response.inputs import (
    AccountState,
    Budget,
    CampaignState,
    PermitState,
    RequestFacts,
)
from stillwatch.response.language.conditions import LARGEST
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
)
from stillwatch.response.language.vocabulary import SECTIONS

Holds = Callable[[AccountState, PermitState, CampaignState, RequestFacts, Budget], tuple[bool, ...]]
"""Tells which of the conditions hold, in their order."""
FEW = 4
"""Values up to which looking at each is faster than a set."""
COMPARE: dict[str, type[ast.cmpop]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
}
SUMS: dict[str, type[ast.operator]] = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult}
FIELDS = {name for fields in SECTIONS.values() for name in fields}


def compiled(conditions: Sequence[Expression]) -> Holds:
    """Return a function that evaluates the conditions."""
    body = ast.Tuple([_node(condition) for condition in conditions], ast.Load())
    arguments = ast.arguments([], [ast.arg(name) for name in SECTIONS], None, [], [], None, [])
    tree = ast.fix_missing_locations(ast.Expression(ast.Lambda(arguments, body)))
    outer = compile(tree, "<policy>", "eval", dont_inherit=True, optimize=2)
    (inner,) = [part for part in outer.co_consts if isinstance(part, CodeType)]
    assert set(inner.co_names) <= FIELDS, "BUG: a policy's code names something else than fields"
    assert not inner.co_freevars
    assert not inner.co_cellvars
    return FunctionType(inner, {"__builtins__": {}}, "policy")


def _node(expression: Expression) -> ast.expr:
    match expression:
        case Const(value):
            return ast.Constant(value)
        case Field(section, name):
            return ast.Attribute(ast.Name(section, ast.Load()), name, ast.Load())
        case Not(of):
            return ast.UnaryOp(ast.Not(), _node(of))
        case Logic(every, parts):
            return ast.BoolOp(ast.And() if every else ast.Or(), [_node(part) for part in parts])
        case Comparison(first, rest):
            signs = [COMPARE[sign]() for sign, _ in rest]
            return ast.Compare(_node(first), signs, [_node(after) for _, after in rest])
        case Member(of, values, inside):
            among: list[ast.expr] = [ast.Constant(value) for value in values]
            holds = ast.Tuple(among, ast.Load()) if len(among) <= FEW else ast.Set(among)
            return ast.Compare(_node(of), [ast.In() if inside else ast.NotIn()], [holds])
        case Arithmetic(sign, left, right):
            return ast.BinOp(_number(left), SUMS[sign](), _number(right))
        case Negative(of):
            return ast.UnaryOp(ast.USub(), _number(of))


def _number(expression: Expression) -> ast.expr:
    """A number that is computed with: a request may name one that no float holds, and it is cut here."""
    node = _node(expression)
    if not isinstance(expression, Field) or expression.kind is not Kind.WHOLE:
        return node
    least, most = ast.Constant(-LARGEST), ast.Constant(LARGEST)
    inside = ast.Compare(least, [ast.LtE(), ast.LtE()], [node, most])
    above = ast.Compare(_node(expression), [ast.Gt()], [most])
    return ast.IfExp(inside, _node(expression), ast.IfExp(above, most, least))
