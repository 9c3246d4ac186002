"""The notebook of the docs runs from top to bottom and shows tables and pictures."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "notebook.md"
RUN = """
import sys
import jupytext, nbformat
from nbclient import NotebookClient

notebook = jupytext.read(sys.argv[1])
NotebookClient(notebook, timeout=900, kernel_name="python3").execute()
nbformat.write(notebook, "executed.ipynb")
"""


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The cells of code, executed in a process of its own: Jupyter's clients warn of much that is not
    ours.
    """
    place = tmp_path_factory.mktemp("notebook")
    homes = {
        name: str(place / name)
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN, PAGE],
        cwd=place,
        env={**os.environ, **homes},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    read: Any = nbformat.read
    found = read(place / "executed.ipynb", as_version=4)
    return [cell for cell in found.cells if cell.cell_type == "code"]


def shown(cell: Any) -> dict[str, str]:
    """What a cell shows, by kind."""
    kinds: dict[str, str] = {}
    for output in cell.outputs:
        kinds |= output.get("data", {})
        kinds |= {"stream": output.text} if output.output_type == "stream" else {}
    return kinds


def test_every_cell_shows_something_and_none_fails(cells: list[Any]) -> None:
    assert len(cells) > 10
    for cell in cells:
        assert shown(cell), cell.source
        assert not [o for o in cell.outputs if o.output_type == "error" or o.get("name") == "stderr"], (
            cell.outputs
        )


def test_campaigns_explain_themselves_with_figures(cells: list[Any]) -> None:
    (cell,) = (cell for cell in cells if cell.source == "first.explain()")
    assert '<div class="stillwatch">' in shown(cell)["text/html"]
    assert "<svg" in shown(cell)["text/html"]
    assert shown(cell)["text/plain"].startswith("C001 ")


@pytest.mark.parametrize("name", ["timeline", "waterfall", "graph"])
def test_pictures_show_themselves(cells: list[Any], name: str) -> None:
    (cell,) = (cell for cell in cells if cell.source == f"first.{name}")
    assert "<svg" in shown(cell)["image/svg+xml"]


def test_an_account_is_explained_in_words(cells: list[Any]) -> None:
    (cell,) = (cell for cell in cells if ".explain())" in cell.source)
    assert "in C001 " in shown(cell)["stream"]
