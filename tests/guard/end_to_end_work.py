"""What `bench/guard_end_to_end.py --quick` makes with the middleware: made once, for several modules."""

from __future__ import annotations

from pathlib import Path

import pytest

import guard_end_to_end
from made_once import made_once


def end_to_end_work(factory: pytest.TempPathFactory) -> Path:
    """A folder with world, run, state, exchanges and again, and figures.json and code beside them."""

    def made(folder: Path) -> None:
        words = ["--quick", "--front", "asgi", "--work", str(folder), "--json", str(folder / "figures.json")]
        (folder / "code").write_text(str(guard_end_to_end.main(words)), encoding="utf-8")

    return made_once(factory, "end to end", made)
