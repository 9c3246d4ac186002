"""Somebody else was first: what they did, what was written, and the way to decide all the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from stillwatch.cases.cases import Cases
from stillwatch.console.shown import Shown
from stillwatch.errors import CaseConflict

OURS = ("csrf", "version")
"""Fields of a form that are made anew."""


class SeenConflict(CaseConflict):
    """A conflict that a browser may answer: it knows which case, and its version now."""

    def __init__(self, error: CaseConflict, case: int, version: int) -> None:
        do = f"look at case {case} again, and decide with version {version}"
        super().__init__(error.what, where=error.where, do=do)
        self.case, self.version = case, version


@contextmanager
def told(cases: Cases, number: int) -> Iterator[None]:
    """Let a conflict about a case be one that a browser may answer."""
    try:
        yield
    except SeenConflict:
        raise
    except CaseConflict as error:
        raise SeenConflict(error, number, cases.show(number).version) from error


def conflict_page(error: SeenConflict, written: Mapping[str, Sequence[str]]) -> Shown:
    """Return the page of a conflict."""
    about, *changes = error.where.split("\n")
    kept = [(name, value) for name, values in written.items() if name not in OURS for value in values]
    values = {
        "what": error.what,
        "about": about,
        "changes": changes,
        "case": error.case,
        "version": error.version,
        "kept": [(name, value) for name, value in kept if name not in ("reason", "text")],
        "words": [(name, value) for name, value in kept if name in ("reason", "text")],
    }
    return Shown("conflict.html", values, title="Changed meanwhile")
