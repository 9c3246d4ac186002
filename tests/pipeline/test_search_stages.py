"""The page of the search: its stages stand in the documented order, and each keeps to its own tables."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import stillwatch.pipeline
from stillwatch.pipeline import search as run_search

SEARCH = Path(inspect.getfile(run_search))


def opened() -> list[tuple[str, set[str]]]:
    """Each stage's scope that search.py opens: the stage and the tables that it leaves in the engine."""
    calls = [
        node
        for node in ast.walk(ast.parse(SEARCH.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Scope"
    ]
    found = []
    for call in sorted(calls, key=lambda node: node.lineno):
        values = [ast.literal_eval(part) for part in call.args[1:]]
        if values:
            found.append((values[0], set(values[1]) if len(values) > 1 else set()))
    return found


def documented() -> list[tuple[str, set[str]]]:
    text = inspect.getdoc(stillwatch.pipeline) or ""
    pattern = r"^ {4}(\w+) +\S[^\n]*?(?:\n {10}[^\n]*?)?-> ([^;]*);"
    return [
        (name, set(re.findall(r"\w+", tables))) for name, tables in re.findall(pattern, text, re.MULTILINE)
    ]


def test_the_docstring_of_the_pipeline_is_the_order_in_which_the_stages_run() -> None:
    assert len(opened()) == 11
    assert documented() == opened()


def test_each_stage_is_a_file() -> None:
    files = {path.stem for path in (SEARCH.parent / "stages").glob("*.py")}
    assert {name for name, _ in opened()} <= files
