"""Write the reference page of what `import stillwatch` offers, from its docstrings."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import is_dataclass
from itertools import pairwise
from typing import Any

import stillwatch
from stillwatch.api.tables import TableOf

GROUPS = {
    "Doing": ("detect", "watch", "open_run", "make_world", "sketch"),
    "A run and what is in it": ("Run", "Frame", "Campaign", "Account", "Explanation", "Picture", "World"),
    "One request": ("Sketcher", "Sketch", "Request", "Flag"),
    "What is given": ("HashKey", "Settings", "StillwatchError"),
}
"""Headings, and the names under them."""
ELSEWHERE = {
    "Settings": "[settings](settings.md)",
    "Flag": "[tables](tables.md#flags)",
    "StillwatchError": "[errors](errors.md)",
}
"""Names whose members are listed on another page."""


def python_names() -> Iterator[str]:
    """Return every name that the package offers, with its signature and its docstring."""
    yield "What `import stillwatch` offers. [From Python](../python.md) says how it is used.\n\n"
    for heading, names in GROUPS.items():
        yield f"## {heading}\n\n"
        for name in names:
            yield from _entry(name, getattr(stillwatch, name))


def _entry(name: str, item: Any) -> Iterator[str]:
    yield f"### {name}\n\n"
    if inspect.isfunction(item):
        yield f"```python\nstillwatch.{name}{_signature(item)}\n```\n\n"
    yield f"{_text(item)}\n\n"
    if name in ELSEWHERE:
        yield f"Its members: {ELSEWHERE[name]}.\n\n"
    elif inspect.isclass(item):
        rows = [*_attributes(item), *_methods(item)]
        yield "| name | meaning |\n| --- | --- |\n"
        yield "".join(f"| `{shown}` | {_cell(says)} |\n" for shown, says in rows) + "\n"


def _attributes(item: type) -> Iterator[tuple[str, str]]:
    """Return fields and attributes that have a docstring under them, then tables and properties."""
    tree = ast.parse(inspect.getsource(item)).body[0]
    assert isinstance(tree, ast.ClassDef)
    bodies = [tree.body]
    if not is_dataclass(item):
        bodies += [
            node.body for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"
        ]
    for body in bodies:
        for first, second in pairwise(body):
            if (
                isinstance(second, ast.Expr)
                and isinstance(second.value, ast.Constant)
                and isinstance(first, ast.Assign | ast.AnnAssign)
            ):
                target = first.targets[0] if isinstance(first, ast.Assign) else first.target
                shown = target.attr if isinstance(target, ast.Attribute) else ast.unparse(target)
                yield shown, str(second.value.value)
    for name, kept in vars(item).items():
        if isinstance(kept, TableOf):
            yield (
                name,
                f"Table [{kept.contract.name}](tables.md#{kept.contract.name}): {kept.contract.description}",
            )
        elif isinstance(kept, property):
            yield name, inspect.getdoc(kept) or ""


def _methods(item: type) -> Iterator[tuple[str, str]]:
    if "__init__" in vars(item) and not is_dataclass(item):
        yield f"{item.__name__}{_signature(item)}", "Makes one."
    for name, kept in vars(item).items():
        made = kept.__func__ if isinstance(kept, staticmethod | classmethod) else kept
        if inspect.isfunction(made) and not name.startswith("_"):
            yield f"{name}{_signature(made)}", inspect.getdoc(made) or ""


def _signature(item: Any) -> str:
    given = inspect.signature(item)
    kept = [one for one in given.parameters.values() if one.name not in ("self", "cls")]
    return str(given.replace(parameters=kept)).replace("'", "")


def _text(item: Any) -> str:
    return inspect.getdoc(item) or ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")
