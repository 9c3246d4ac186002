"""The house keeps its shape: sizes, layers, a core that stands alone, and pins."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(
    path for folder in ("src", "tests", "bench", "tools") for path in (ROOT / folder).rglob("*.py")
)
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PINS = (ROOT / "requirements" / "constraints.txt").read_text(encoding="utf-8")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def too_long(path: Path) -> Iterator[str]:
    """What of a file is too long: itself, functions in it."""
    text = path.read_text(encoding="utf-8")
    if len(text.splitlines()) > LONGEST_FILE:
        yield f"{name(path)}: {len(text.splitlines())} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            if lines > LONGEST_FUNCTION:
                yield f"{name(path)}:{node.lineno}: {node.name} has {lines} lines"


def test_no_file_and_no_function_is_too_long() -> None:
    assert len(FILES) > 300, "files were not found"
    assert [fault for path in FILES for fault in too_long(path)] == []


def test_every_module_says_what_it_is() -> None:
    silent = [
        name(path)
        for path in FILES
        if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_no_module_is_called_utils() -> None:
    assert [name(path) for path in FILES if re.search(r"util|helper|misc|common", path.stem)] == []


def test_the_layers_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_core_stands_alone() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "core_only.py"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert PROJECT["project"]["license"] == "Apache-2.0"


def test_every_dependency_is_pinned_to_one_version_and_no_address_is_named() -> None:
    lines = [line for line in PINS.splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", line)] == []
    pinned = {_folded(line.split("==")[0]) for line in lines}
    development = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8").splitlines()
    wanted = [
        *PROJECT["project"]["dependencies"],
        *development,
        *PROJECT["project"]["optional-dependencies"]["spark"],
    ]
    names = {_folded(re.split(r"[\[<>=~ ]", line)[0]) for line in wanted if line and not line.startswith("#")}
    assert names - pinned == set()


def _folded(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def test_ci_is_a_script_that_can_be_run_and_stops_at_the_first_fault() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o100
    assert "set -euo pipefail" in script.read_text(encoding="utf-8")


def test_every_data_file_of_the_package_is_shipped() -> None:
    shipped = {
        Path(pattern).suffix for pattern in PROJECT["tool"]["setuptools"]["package-data"]["stillwatch"]
    } | {".py", ".typed"}
    package = ROOT / "src" / "stillwatch"
    files = [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert [name(path) for path in files if path.suffix not in shipped] == []
    code = {path.parent for path in files if path.suffix == ".py"}
    assert [name(folder) for folder in code if not (folder / "__init__.py").exists()] == []
