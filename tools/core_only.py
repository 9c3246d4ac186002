"""Prove that the core works alone: every module imports and the command answers without any optional part.

Use --alone where only the package and its own dependencies should be installed; a development tool found
there makes the proof invalid.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import subprocess
import sys
from pathlib import Path

import stillwatch
from stillwatch.errors import MissingExtra

HEAVY = ("torch", "pyspark", "starlette", "fastapi", "uvicorn", "sqlalchemy", "jsonschema")
"""What belongs to optional parts; none of it may be imported by the core."""
OPTIONAL = ("stillwatch.cases", "stillwatch.console", "stillwatch.intel", "stillwatch.playbooks")
"""Folders that are an optional part as a whole, and may import what it brings."""
DEVELOPMENT = ("pytest", "hypothesis", "mypy")
"""Packages that only developers have."""


def faults(*, alone: bool) -> list[str]:
    """Return the faults that disprove it; empty if there are none."""
    found_in = pkgutil.walk_packages(stillwatch.__path__, "stillwatch.", onerror=lambda _name: None)
    modules = [module.name for module in found_in]
    optional = [name for name in modules if name.startswith(OPTIONAL)]
    _import([name for name in modules if name not in optional])
    found = [f"the core imports {name}" for name in HEAVY if name in sys.modules]
    _import(optional)
    if alone:
        found += [
            f"{name} is installed here, so this proves nothing"
            for name in (*HEAVY, *DEVELOPMENT)
            if importlib.util.find_spec(name)
        ]
    command = Path(sys.executable).with_name("stillwatch")
    helped = subprocess.run([command, "--help"], capture_output=True, text=True, check=False)
    if helped.returncode:
        found.append(f"stillwatch --help failed: {helped.stderr}")
    return found


def _import(modules: list[str]) -> None:
    for name in modules:
        try:
            importlib.import_module(name)
        except MissingExtra:  # a part of its own, which says that it is not installed
            continue


if __name__ == "__main__":
    problems = faults(alone="--alone" in sys.argv)
    for problem in problems:
        print(f"core_only: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)
