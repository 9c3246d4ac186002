"""The playbooks that ship with the package, by their short names."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from stillwatch.errors import PlaybookError
from stillwatch.playbooks.cacao_file import LARGEST, playbook_of
from stillwatch.playbooks.playbook import Playbook
from stillwatch.small_file import read_small
from stillwatch.toml_file import nearest

FOLDER = Path(__file__).parent / "shipped"
NAMES = (
    "identify",
    "mitigate",
    "remediate",
    "victim-support",
    "licensed-review",
    "share",
    "disclosure",
)
"""In the order in which they are listed."""


def shipped(name: str) -> Playbook:
    """Return one of them. Raises PlaybookError for another name."""
    if name not in NAMES:
        raise PlaybookError(
            f"there is no playbook {name[:80]!r}",
            where="PLAYBOOK",
            do=f"{nearest(name, NAMES)}; for a file of your own: --file FILE",
        )
    return _read(name)


@cache
def _read(name: str) -> Playbook:
    path = FOLDER / f"{name}.json"
    data = read_small(path, LARGEST, what="playbook", error=PlaybookError, do="install Stillwatch again")
    return playbook_of(data, name, str(path))
