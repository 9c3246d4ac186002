"""Rows of one frame with made-up values, given to a row reader to see what becomes of the values."""

from __future__ import annotations

from typing import Any, cast

import orjson

from stillwatch.ingest.frames.asked import Asked
from stillwatch.ingest.frames.outline import NUMBERS, Kind
from stillwatch.ingest.frames.taker import Place, Slot, opened
from stillwatch.ingest.request import Context
from stillwatch.ingest.values import MICRO, Row

RUNS = (0, 1, 2)
"""Trials of one frame. The first two differ so that what was added can be told; the third puts counts and
times the other way round, and writes words and messages in another way, so that a reader that treats such
values unlike others is not taken for one that copies them.
"""
COUNT_STEP = 1
MOST_COUNTS = 22
"""Counts of one frame that can be told apart by powers of two below ordinary.MOST."""
PRIMES = (1009, 2003, 3001, 4001, 5003, 6007, 7001, 8009, 9001, 1511, 2503, 3511, 4507, 5501, 6521, 7507)
DAYS = (("2026-01-12", 1_768_176_000), ("2001-09-12", 1_000_252_800), ("2098-01-12", 4_040_323_200))
"""Days that lie before and after every other time of a row, with their seconds since 1970."""
Given = list[Any]
"""What stood in each slot in one trial."""
_WORDS = (
    "trial {0} words of nobody, long enough",
    '{{"trial": "{0} words of nobody"}}',
    'data: {{"trial": 1}}\n\n{0} words of nobody',
)
_PROSE = "trial {0} words of nobody, run {1}, long enough"


def values_of(frame: bytes, slots: list[Slot], run: int) -> Given:
    """Return a value for each slot, other than those of every other slot and run."""
    counts = [number for number, slot in enumerate(slots) if slot.kind in NUMBERS]
    row: Row = orjson.loads(frame)
    return [
        _usage(_holder(row, slot)[slot.path[-1]], number, run)
        if slot.kind is Kind.USAGE
        else _value(slot, number, run, counts)
        for number, slot in enumerate(slots)
    ]


def _usage(shape: Row, number: int, run: int) -> Row:
    """Return counts in place of the ones of a shape: primes, so that no sum is another's."""
    start = (0, 7, 3)[run] + number
    found: Row = {}
    for place, (name, value) in enumerate(shape.items()):
        if isinstance(value, dict):
            found[name] = _usage(value, number + place + 1, run)
        else:
            found[name] = value and (PRIMES[(start + place) % len(PRIMES)] + 10_000 * (run + 1))
    return found


def _value(slot: Slot, number: int, run: int, counts: list[int]) -> Any:
    if slot.kind in NUMBERS:
        place = counts.index(number)
        return (2_000 + 7 * place, 2_000 + 7 * place + COUNT_STEP * 2**place, 50_000_000 - 1_009 * place)[run]
    if slot.kind is Kind.TIME:
        return _time(slot.form, number, run)
    if slot.kind is Kind.ADDRESS:
        return f"2001:db8:{run}::{number + 4096:x}"
    if slot.kind is Kind.WORDS:
        return _WORDS[run].format(number + 10_000)
    if slot.kind is Kind.PROSE:
        return _PROSE.format(number + 10_000, run)
    if slot.kind is Kind.MESSAGES:
        return _messages(number, run)
    return f"trial{'abc'[run]}{number + 10_000}of-nobody"


def _time(form: str, number: int, run: int) -> Any:
    late = (number, 3 * number, 5_000 - number)[run]
    if form == "iso":
        return f"{DAYS[run][0]}T{late // 3600:02d}:{late // 60 % 60:02d}:{late % 60:02d}.{number:06d}"
    seconds = DAYS[run][1] + late
    return seconds if form == "seconds" else seconds * 1_000 + number % 1_000


def _messages(number: int, run: int) -> list[Row]:
    words = f"trial {number + 10_000} message of nobody, run {run}"
    if run == 0:
        return [{"role": "user", "content": words}]
    if run == 1:
        return [{"role": "user", "content": words}, {"role": "assistant", "content": f"{words}, answered"}]
    parts = [{"type": "text", "text": words}, {"type": "text", "text": "and more"}]
    return [{"role": "system", "content": f"{words}, told"}, {"role": "user", "content": parts}]


def trial_row(frame: bytes, slots: list[Slot], given: Given) -> Row:
    """Return a row of the frame with values in its slots, written as they were."""
    row: Row = orjson.loads(frame)
    texts = [slot for slot in slots if slot.kind is None]
    for slot, value in zip(slots, given, strict=True):
        if slot.kind is not None:
            _put(row, slot, value)
    for slot in reversed(texts):
        holder = _holder(row, slot)
        holder[slot.path[-1]] = orjson.dumps(holder[slot.path[-1]]).decode()
    return row


def _put(row: Row, slot: Slot, value: Any) -> None:
    if slot.kind is Kind.COUNT:
        value = {"whole": value, "fraction": value + 0.25, "digits": str(value)}[slot.form]
    if slot.kind is Kind.DOLLARS:
        value = value / MICRO
    _holder(row, slot)[slot.path[-1]] = value


def _holder(row: Row, slot: Slot) -> Any:
    holder: Any = row
    for step in slot.path[:-1]:
        holder = holder[step]
    return holder


def listening(place: Place, row: Row) -> tuple[Row, list[tuple[Place, Asked]]]:
    """Return the row with those objects that are asked by name in a form that remembers it."""
    heard: list[tuple[Place, Asked]] = []
    return _listening(place, row, heard), heard


def _listening(place: Place, holder: Row, heard: list[tuple[Place, Asked]]) -> Row:
    found = dict(holder)
    for name, below in place.places.items():
        value = found.get(name)
        if isinstance(value, str) and below.inside.as_text and value[:1] == "{":
            value = opened(value)
        if isinstance(value, dict) and _speaks(below):
            found[name] = _listening(below, value, heard)
    if place.asked is None:
        return found
    asked = Asked(found)
    heard.append((place, asked))
    return asked


def _speaks(place: Place) -> bool:
    return place.asked is not None or any(map(_speaks, place.places.values()))


class Clock:
    """A Context that remembers which values were read as times."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.read: list[tuple[Any, str, str, int]] = []
        """Value, name, unit, and microseconds since 1970."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def moment(self, value: Any, column: str = "time", unit: str = "") -> int:
        """Return a time as the context does. Raises BadRow."""
        found = self._context.moment(value, column, unit)
        self.read.append((value, column, unit, found))
        return found

    @property
    def context(self) -> Context:
        """Itself, as what it stands for."""
        return cast(Context, self)
