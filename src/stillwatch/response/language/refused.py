"""What Python has and the language has not: what to say, and what to write instead."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable

from stillwatch.response.language.vocabulary import ARGUMENTS, FUNCTIONS, KNOWN, SECTIONS

OPERATORS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Div: ("there is no division", "multiply the other side instead: a > b / 2 is 2 * a > b"),
    ast.FloorDiv: ("there is no division", "multiply the other side instead: a > b // 2 is 2 * a > b"),
    ast.Mod: ("there is no remainder", "compare with a number"),
    ast.Pow: ("there are no powers", "write the number itself"),
    ast.BitAnd: ("& is not part of the language", "write `and`"),
    ast.BitOr: ("| is not part of the language", "write `or`"),
    ast.Is: ("`is` is not part of the language", "write =="),
    ast.IsNot: ("`is not` is not part of the language", "write !="),
    ast.Invert: ("~ is not part of the language", "write `not`"),
    ast.UAdd: ("a plus sign before a number is not part of the language", "leave it out"),
}
NODES: dict[type[ast.AST], tuple[str, str]] = {
    ast.IfExp: ("`if` is not part of the language", "join conditions by and, or, not"),
    ast.If: ("`if` is not part of the language", "write two rules with two conditions"),
    ast.Lambda: ("functions of your own are not part of the language", "assign the condition to a name"),
    ast.FunctionDef: ("functions of your own are not part of the language", "assign a condition to a name"),
    ast.ClassDef: ("classes are not part of the language", "write name = rule(...)"),
    ast.For: ("loops are not part of the language", "write `in` and a tuple of values"),
    ast.While: ("loops are not part of the language", "write `in` and a tuple of values"),
    ast.Import: ("nothing can be imported", "every name of the language is there already"),
    ast.ImportFrom: ("nothing can be imported", "every name of the language is there already"),
    ast.JoinedStr: ("f-strings are not part of the language", "write a plain string"),
    ast.Subscript: ("brackets after a name are not part of the language", "name a field, as account.tier"),
    ast.NamedExpr: (":= is not part of the language", "assign the name on a line of its own"),
    ast.AugAssign: ("a name is assigned once and never changed", "choose another name"),
    ast.AnnAssign: ("annotations are not part of the language", "write name = value"),
    ast.List: ("a list cannot stand here", "write a tuple, as (1, 2)"),
    ast.Set: ("a set cannot stand here", "write a tuple, as (1, 2)"),
    ast.Dict: ("dictionaries are not part of the language", "write a tuple, as (1, 2)"),
    ast.Starred: ("* before a value is not part of the language", "write out the values"),
}
NOT_PART = ("this is not part of the language", "docs/policy.md lists what is")
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def refused(node: ast.AST) -> tuple[str, str]:
    """Return what to say about a node or an operator that the language has not, and a hint."""
    if isinstance(node, COMPREHENSIONS):
        return NODES[ast.For]
    return OPERATORS.get(type(node)) or NODES.get(type(node)) or NOT_PART


def near(name: str, names: Iterable[str], otherwise: str = "") -> str:
    """Return a hint with the nearest of the names, or else all of them."""
    there = sorted(set(names))
    found = difflib.get_close_matches(name, there, n=1)
    return f"did you mean {found[0]}?" if found else (otherwise or f"known: {', '.join(there)}")


def unknown_name(name: str, assigned: Iterable[str]) -> str:
    """Return a hint for a name that stands for nothing."""
    if name in ARGUMENTS:
        return f"did you mean {ARGUMENTS[name]}?"
    if any(name in values for values in KNOWN.values()):
        return f'did you mean "{name}"? Texts stand in quotes'
    fixed = {"true": "True", "false": "False", "null": '"", which is what an unknown text is', "none": '""'}
    if name.lower() in fixed:
        return f"did you mean {fixed[name.lower()]}?"
    return near(name, [*assigned, *SECTIONS, *FUNCTIONS], f"assign it first: {name} = ...")


def unknown_field(section: str, name: str) -> str:
    """Return a hint for a field that is not there."""
    own = difflib.get_close_matches(name, SECTIONS[section], n=1)
    if own:
        return f"did you mean {section}.{own[0]}?"
    others = [str(field) for fields in SECTIONS.values() for field in fields.values() if field.name == name]
    if others:
        return f"did you mean {others[0]}?"
    return f"known: {', '.join(f'{section}.{known}' for known in SECTIONS[section])}"
