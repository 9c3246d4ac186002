"""What the processes of the tests share is made once, and the order in which they take files names real
ones.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from made_once import made_once
from several_processes import LONGEST, TESTS


def test_many_at_once_make_it_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "world").write_text("whole", encoding="ascii")

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(made_once, tmp_path_factory, "for this test", make) for _ in range(4)]
    (folder,) = {answer.result() for answer in asked}
    assert made == [folder]
    assert (folder / "world").read_text(encoding="ascii") == "whole"


def test_what_failed_is_made_anew(tmp_path_factory: pytest.TempPathFactory) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        made_once(tmp_path_factory, "failing at first", fail)
    folder = made_once(tmp_path_factory, "failing at first", lambda folder: (folder / "whole").touch())
    assert [path.name for path in folder.iterdir()] == ["whole"]


def test_the_longest_files_are_there() -> None:
    """A file that was renamed would begin last, and the other processes wait for it."""
    assert [name for name in LONGEST if not (TESTS / name).is_file()] == []
