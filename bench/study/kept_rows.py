"""Finished worlds as lines of JSON, so that an interrupted study continues, and which of them count."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

Row = TypeVar("Row")


def finished(path: Path | None) -> list[dict[str, Any]]:
    """Return the rows of a file, in its order; none if there is no file.

    A line that an interruption cut off is left out.
    """
    texts = path.read_text(encoding="utf-8").splitlines() if path is not None and path.exists() else []
    return [row for row in map(_whole, texts) if row]


def add(path: Path, row: dict[str, Any]) -> None:
    """Write a row at the end; a line that was cut off is ended first, so that the row is not lost with it."""
    cut = path.exists() and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" * cut + json.dumps(row) + "\n")


def going_on(
    wanted: Mapping[str, Callable[[], dict[str, Any]]],
    path: Path | None,
    say: Callable[[str], None],
    mark: str = "cell_name",
) -> Iterator[dict[str, Any]]:
    """Return the row of each world, by what `mark` holds.

    It is the row in the file, else what is made now and added to it with that mark.
    """
    done = {row[mark]: row for row in finished(path)}
    for number, (name, make) in enumerate(wanted.items(), 1):
        if name not in done:
            say(f"{number}/{len(wanted)} {name} …")
            done[name] = make() | {mark: name}
            if path is not None:
                add(path, done[name])
        yield done[name]


def _whole(text: str) -> dict[str, Any]:
    try:
        row: dict[str, Any] = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return row


def of_largest(
    rows: Sequence[Row], same: Callable[[Row], Hashable], scale: Callable[[Row], float]
) -> list[Row]:
    """Return the rows with the largest scale among those that differ only in it, in their order."""
    largest: dict[Hashable, float] = {}
    for row in rows:
        largest[same(row)] = max(scale(row), largest.get(same(row), 0.0))
    return [row for row in rows if scale(row) == largest[same(row)]]
