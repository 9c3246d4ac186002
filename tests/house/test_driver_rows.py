"""The documented list of what an engine hands to the driver is the code's."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "stillwatch"


def collecting() -> set[str]:
    """Modules that ask an engine for rows, the engines themselves left out."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "collect" and path.parent.name != "engine":
                found.add(str(path.relative_to(SOURCE)))
    return found


def test_every_module_that_collects_states_its_bound() -> None:
    text = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    section = text.split("## What an engine hands to the driver", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| `([\w/]+\.py)` \| (.+) \| (.+) \|$", section, re.MULTILINE)
    listed = [module for module, _, _ in rows]
    assert len(listed) == len(set(listed))
    assert set(listed) == collecting()
