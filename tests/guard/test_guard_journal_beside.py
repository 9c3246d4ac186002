"""One process opens a database twice, as the console's pages do; nothing that it writes later is lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from stillwatch.guard.journal import Journal
from stillwatch.guard.journal_entry import Kind
from stillwatch.guard.state_keys import make_keys, signer, verifier
from stillwatch.run.private_file import make_private

LOOK = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(c.execute(sys.argv[2]).fetchone()[0]); c.close()"
"""Another process: it reads one number and goes. Whoever closes a database last deletes its log."""


def seen_by_another(path: Path, question: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(path), question], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_a_journal_that_is_opened_twice_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    make_keys(tmp_path / "keys", used=False)
    path, known = tmp_path / "journal.db", verifier(tmp_path / "keys")
    with closing(Journal(path, known, signer(tmp_path / "keys"))) as journal:
        for number in range(1, 4):
            Journal(path, known).close()
            journal.append(Kind.EXEMPT, "account:00000000000000aa", actor="Ann", reason="we looked")
            assert seen_by_another(path, "SELECT COUNT(*) FROM entries") == number


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.symlink_to("elsewhere")])
def test_what_is_no_file_of_ours_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "journal.db"
    make(path)
    with pytest.raises(OSError):
        make_private(path)
    assert not (tmp_path / "elsewhere").exists()


def test_it_is_private_from_the_start(tmp_path: Path) -> None:
    make_private(tmp_path / "file")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    make_private(tmp_path / "file")
