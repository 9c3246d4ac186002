"""A gateway imports the guard: it must be quick, and bring none of what searches need."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("numba", "pyarrow", "numpy", "scipy", "duckdb", "ibis", "rich", "jinja2")
LIGHT = (
    "decide",
    "records",
    "exchanges",
    "asgi",
    "published",
    "embedded_budgets",
    "valkey_budgets",
    "journal_mirror",
    "people",
    "status",
    "litellm",
    "open_state",
)


def test_the_core_of_the_guard_imports_nothing_heavy() -> None:
    code = f"import sys\n{''.join(f'import stillwatch.guard.{name}' + chr(10) for name in LIGHT)}"
    code += f"print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
