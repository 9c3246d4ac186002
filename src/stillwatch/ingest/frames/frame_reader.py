"""Reads rows by their frames: rows that differ only in ids, times, counts and words are read alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import orjson

from stillwatch.ingest.frames.outline import NUMBERS, Inside
from stillwatch.ingest.frames.taker import Slot, Taker
from stillwatch.ingest.frames.template import Outcome, Template, learnt
from stillwatch.ingest.frames.trials import MOST_COUNTS, RUNS, Clock, Given, listening, trial_row, values_of
from stillwatch.ingest.notes import give_back, take_notes
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.request import Context
from stillwatch.ingest.values import Row

Read = Callable[[Row, Context], Iterable[Outcome]]
Frame = tuple[bytes, tuple[int, ...]]
MOST_TEMPLATES = 20_000
MOST_BYTES = 1 << 25
"""Bytes of all frames that are remembered."""
LONGEST_FRAME = 1 << 16
"""Bytes of a frame that is remembered: the rest of a row that is longer is seldom the same twice."""
TRIED = 2_048
"""Rows after which it is judged whether frames help."""
REST = 16
"""How many times as many rows are then read one by one if they do not."""


class FrameReader:
    """Reads rows of one file in one format. What it cannot read is left to the format's own reader."""

    def __init__(self, read: Read, outline: Inside, context: Context) -> None:
        self._read = read
        self._context = context
        self._taker = Taker(outline)
        self._templates: dict[Frame, Template | None] = {}
        self._seen: set[int] = set()
        self._bytes = 0
        self._tried = self._found = self._resting = 0
        self.rows = 0
        """Rows that were read by their frames."""

    def template(self, row: Row) -> tuple[Template, list[Any]] | None:
        """Return how a row is read and its values; None: by the format's own reader."""
        if self._resting:
            self._resting -= 1
            return None
        if self._tried >= TRIED:
            self._resting = REST * TRIED if 4 * self._found < self._tried else 0
            self._tried = self._found = 0
        self._tried += 1
        try:
            frame, values = self._taker.take(row)
        except (orjson.JSONEncodeError, RecursionError):
            return None
        template = self._templates.get(frame)
        if template is None:
            if frame not in self._templates:
                self._meet(frame)
            return None
        self._found += 1
        self.rows += 1
        return template, values

    @property
    def resting(self) -> bool:
        """Whether rows are left to the format's reader for a while, since few frames came twice."""
        return self._resting > 0

    def _meet(self, frame: Frame) -> None:
        """Learn a frame at the second sight: most that are seen once are never seen again."""
        if len(frame[0]) > LONGEST_FRAME:
            return
        mark = hash(frame)
        if mark not in self._seen:
            if len(self._seen) > 4 * MOST_TEMPLATES:
                self._seen.clear()
            self._seen.add(mark)
            return
        if len(self._templates) >= MOST_TEMPLATES or self._bytes > MOST_BYTES:
            self._forget()
        template = self._learn(frame)
        if not isinstance(template, bool):
            self._templates[frame] = template
            self._bytes += len(frame[0])

    def _forget(self) -> None:
        self._templates.clear()
        self._bytes = 0

    def _learn(self, frame: Frame) -> Template | Literal[False] | None:
        """Return the template of a frame, None if it has none; False: the frame left out something."""
        slots = [self._taker.slots[number] for number in frame[1]]
        if sum(slot.kind in NUMBERS for slot in slots) > MOST_COUNTS:
            return None
        given = [values_of(frame[0], slots, run) for run in RUNS]
        clock = Clock(self._context)
        outcomes = [self._outcome(trial_row(frame[0], slots, run), clock.context) for run in given]
        if self._asked_for_more(frame[0], slots, given[0], outcomes[0]):
            return False
        if any(found is None for found in outcomes):
            return None
        marks = [number for number, slot in enumerate(slots) if slot.kind is not None]
        return learnt(
            [slots[n] for n in marks], outcomes, [[run[n] for n in marks] for run in given], clock.read
        )

    def _asked_for_more(self, frame: bytes, slots: list[Slot], given: Given, plain: Outcome | None) -> bool:
        """Let the reader read the row once more and note which names it asks for. If it asks for one that the
        frame left out, frames get larger and everything learnt is forgotten.
        """
        row, heard = listening(self._taker.root, trial_row(frame, slots, given))
        same = self._outcome(row, self._context) == plain
        more = False
        for place, asked in heard:
            if place.asked is None:
                continue
            if asked.all or not same:
                place.asked, more = None, True
            elif not asked.names <= place.asked:
                place.asked |= asked.names
                more = True
        if more:
            self._taker.forget_shapes()
            self._forget()
        return more

    def _outcome(self, row: Row, context: Context) -> Outcome | None:
        """Return what the format's reader makes of a row, if that is one request or one step over and it has
        nothing to note.
        """
        before = take_notes()
        try:
            found = list(self._read(row, context))
        except (
            BadRow,
            AttributeError,
            KeyError,
            IndexError,
            TypeError,
            ValueError,
            OverflowError,
            RecursionError,
        ):
            return None
        finally:
            noted = take_notes()
            give_back(before)
        return found[0] if len(found) == 1 and not noted else None
