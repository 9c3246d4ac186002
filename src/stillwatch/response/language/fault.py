"""What is wrong with a policy file: each fault with its place, its line, a caret, and a hint."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from stillwatch.errors import PolicyError
from stillwatch.plain import plain

WIDEST = 96
"""Characters of a line that are shown; of a longer one, those around the place."""
MOST_SHOWN = 50
"""Faults that a message tells; the others are counted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, or one warning."""

    line: int
    """From 1."""
    column: int
    """In characters, from 1."""
    what: str
    """What is wrong."""
    hint: str
    """What to do."""
    text: str
    """The line of the file."""

    def __str__(self) -> str:
        """The place, what is wrong, the line with a caret below, and the hint."""
        begin = max(0, min(self.column - 1 - WIDEST // 2, len(self.text) - WIDEST))
        piece = plain(self.text.replace("\t", " ")[begin : begin + WIDEST])
        caret = " " * max(self.column - 1 - begin, 0) + "^"
        hint = f"\n      {plain(self.hint)}" if self.hint else ""
        return (
            f"    line {self.line}, column {self.column}: {plain(self.what)}\n"
            f"      {piece}\n      {caret}{hint}"
        )

    def row(self) -> dict[str, object]:
        """The fault as a document."""
        return {"line": self.line, "column": self.column, "what": self.what, "hint": self.hint}


class PolicyFaults(PolicyError):
    """A policy file that cannot be used, with all of its faults."""

    def __init__(self, faults: tuple[Fault, ...], where: str) -> None:
        count = f"{len(faults):,} faults" if len(faults) > 1 else "a fault"
        shown = "\n".join(str(fault) for fault in faults[:MOST_SHOWN])
        more = f"\n    and {len(faults) - MOST_SHOWN:,} more" if len(faults) > MOST_SHOWN else ""
        super().__init__(
            f"the policy has {count}\n{shown}{more}", where=where, do="mend what is marked; docs/policy.md"
        )
        self.faults = faults


class Faults:
    """Collects what is wrong with one file, and what is to be warned of."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._found: dict[tuple[int, int, str], Fault] = {}
        self.warnings: list[Fault] = []

    def __len__(self) -> int:
        return len(self._found)

    def at(self, line: int, offset: int, what: str, hint: str) -> Fault:
        """A fault at a place. offset: bytes before it in the line, as Python's parser counts them."""
        text = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        before = text.encode()[: max(offset, 0)].decode(errors="ignore")
        return Fault(line, len(before) + 1, what, hint, text)

    def add(self, node: ast.expr | ast.stmt | ast.keyword, what: str, hint: str = "") -> None:
        """Add the fault of a node; a second one at the same place that says the same is left out."""
        self.add_at(node.lineno, node.col_offset, what, hint)

    def add_at(self, line: int, offset: int, what: str, hint: str = "") -> None:
        """Add a fault at a place."""
        fault = self.at(line, offset, what, hint)
        self._found.setdefault((fault.line, fault.column, what), fault)

    def warn(self, node: ast.expr | ast.stmt, what: str, hint: str = "") -> None:
        """Add a warning."""
        self.warnings.append(self.at(node.lineno, node.col_offset, what, hint))

    def end(self, where: str) -> None:
        """Raise the faults, if there are any, in the order of the file."""
        if self._found:
            raise PolicyFaults(tuple(sorted(self._found.values(), key=lambda f: (f.line, f.column))), where)
