"""What was used of a side table (accounts file, edge log), for the account of use."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class TableUse:
    """One file beside the logs."""

    rows: int = 0
    """Rows that were used, before several of one account became one."""
    columns_used: dict[str, str] = field(default_factory=dict)
    """Our column to the column of the file; several are joined by a comma, the first with a value counts."""
    columns_ignored: list[str] = field(default_factory=list)
    """Columns of the file that nothing was taken from."""
    unread: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Our column to the number of values that could not be read, and of all values."""
    notes: tuple[str, ...] = ()
    """What was concluded or left out, in plain words."""

    def merged(self, other: TableUse) -> TableUse:
        """The use of two parts of one table; a column that either used is not ignored."""
        used = {**self.columns_used}
        for ours, theirs in other.columns_used.items():
            before = [name for name in used.get(ours, "").split(", ") if name]
            used[ours] = ", ".join(dict.fromkeys([*before, *theirs.split(", ")]))
        taken = {name for names in used.values() for name in names.split(", ")}
        ignored = dict.fromkeys(
            name for name in (*self.columns_ignored, *other.columns_ignored) if name not in taken
        )
        unread = {
            name: (
                self.unread.get(name, (0, 0))[0] + other.unread.get(name, (0, 0))[0],
                self.unread.get(name, (0, 0))[1] + other.unread.get(name, (0, 0))[1],
            )
            for name in {**self.unread, **other.unread}
        }
        notes = tuple(dict.fromkeys((*self.notes, *other.notes)))
        return TableUse(self.rows + other.rows, used, list(ignored), unread, notes)
