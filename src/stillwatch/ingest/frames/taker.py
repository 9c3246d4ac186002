"""Takes what differs from row to row out of rows; what is left of a row is its frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from stillwatch.ingest.frames.ordinary import (
    ADDRESSES,
    DIGITS,
    ISO,
    MOST,
    Ordinary,
    plain_id,
    plain_messages,
    plain_words,
    shape_of,
)
from stillwatch.ingest.frames.outline import Inside, Kind
from stillwatch.ingest.values import Row, micro_dollars

Path = tuple[str | int, ...]
AS_TEXT = "text"
"""Class of the mark that an object was JSON text."""
ID, TEXT, ADDRESS = Kind.ID, Kind.TEXT, Kind.ADDRESS
MOST_SLOTS = 4_096
"""Places that are told apart; rows with names of their own get no more."""
MOST_SHAPES = 1_024
"""Sets of names of one object that are remembered."""


@dataclass(frozen=True)
class Slot:
    """A place of which the value was taken out."""

    path: Path
    """Names and places in lists from the row on."""
    kind: Kind | None
    """None: the object there was JSON text."""
    form: str
    """How the value was written, where a kind is written in several ways."""


@dataclass
class Shape:
    """What to do with the objects of one place that have the same names."""

    keep: list[str] = field(default_factory=list)
    """Names that stay in the frame."""
    hollow: bool = False
    """Whether no name stays, so that an object that held something would become an empty one."""
    whole: bool = False
    """Whether every name stays."""
    letters: list[tuple[str, int, Kind]] = field(default_factory=list)
    """Name, slot and kind of ids, texts, addresses and words."""
    counts: list[tuple[str, int, int, int]] = field(default_factory=list)
    """Name, and the slots of whole numbers, fractions and digits."""
    dollars: list[tuple[str, int]] = field(default_factory=list)
    times: list[tuple[str, int, int, int]] = field(default_factory=list)
    """Name, and the slots of ISO times, epochs in seconds and in milliseconds."""
    usages: list[tuple[str, int]] = field(default_factory=list)
    messages: list[tuple[str, int, int]] = field(default_factory=list)
    inside: list[tuple[str, Place, int]] = field(default_factory=list)
    """Names of objects that are gone into, and the slots of the mark AS_TEXT."""


class Place:
    """An object that is gone into, wherever rows have it."""

    def __init__(self, path: Path, inside: Inside) -> None:
        self.path = path
        self.inside = inside
        self.asked: set[str] | None = set() if inside.by_name else None
        """Names that the reader has asked for; None: it may have looked at all."""
        self.shapes: dict[tuple[str, ...], Shape] = {}
        self.places: dict[str, Place] = {}


class Taker:
    """Takes rows of one format apart."""

    def __init__(self, outline: Inside) -> None:
        self.root = Place((), outline)
        self.slots: list[Slot] = []
        self._numbers: dict[Slot, int] = {}
        self._ordinary = Ordinary()

    def take(self, row: Row) -> tuple[tuple[bytes, tuple[int, ...]], list[Any]]:
        """Return the frame of a row with the places of what was taken out, and the values. The row stays as
        it is. Raises orjson.JSONEncodeError or RecursionError for what is no JSON.
        """
        taken: list[int] = []
        values: list[Any] = []
        frame = self._take(self.root, row, taken, values)
        return (orjson.dumps(frame), tuple(taken)), values

    def forget_shapes(self) -> None:
        """Make new shapes: the reader has asked for a name that it had not asked for before."""
        waiting = [self.root]
        while waiting:
            place = waiting.pop()
            place.shapes.clear()
            waiting.extend(place.places.values())

    def _take(self, place: Place, holder: Row, taken: list[int], values: list[Any]) -> Row:
        names = tuple(holder)
        shape = place.shapes.get(names)
        if shape is None:
            shape = self._shape(place, names)
        if shape.whole:
            return holder
        frame: Row = {}
        for name in shape.keep:
            frame[name] = holder[name]
        if shape.hollow:
            frame[""] = 0
        known, text = self._ordinary.seen, self._ordinary.text
        for name, number, kind in shape.letters:
            value = holder[name]
            if (
                (type(value) is str and (value in known or text(value)))
                if kind is TEXT
                else plain_id(value)
                if kind is ID
                else (type(value) is str and ADDRESSES.match(value))
                if kind is ADDRESS
                else plain_words(value, kind)
            ):
                taken.append(number)
                values.append(value)
            else:
                frame[name] = value
        if shape.counts:
            _take_counts(shape, holder, frame, taken, values)
        if shape.dollars:
            _take_dollars(shape, holder, frame, taken, values)
        if shape.times:
            _take_times(shape, holder, frame, taken, values)
        for name, number in shape.usages:
            usage = holder[name]
            counted = shape_of(usage)
            frame[name] = usage if counted is None else counted
            if counted is not None:
                taken.append(number)
                values.append(usage)
        for name, number, as_text in shape.messages:
            _take_messages(name, number, as_text, holder, frame, taken, values)
        for name, below, as_text in shape.inside:
            value = holder[name]
            frame[name] = self._below(below, value, as_text, taken, values) if value else value
        return frame

    def _below(self, place: Place, value: Any, as_text: int, taken: list[int], values: list[Any]) -> Any:
        if type(value) is str:
            if as_text < 0 or value[:1] != "{" or len(value) < 3:
                return value
            found = opened(value)
            if type(found) is not dict:
                return value
            taken.append(as_text)
            return self._take(place, found, taken, values)
        if type(value) is dict:
            return self._take(place, value, taken, values) if value and not place.inside.single else value
        if place.inside.single and type(value) is list and len(value) == 1 and type(value[0]) is dict:
            return [self._take(place, value[0], taken, values)]
        return value

    def _number(self, path: Path, kind: Kind | None, form: str = "") -> int:
        slot = Slot(path, kind, form)
        if slot not in self._numbers:
            self._numbers[slot] = len(self.slots)
            self.slots.append(slot)
        return self._numbers[slot]

    def _shape(self, place: Place, names: tuple[str, ...]) -> Shape:
        if len(place.shapes) >= MOST_SHAPES:
            place.shapes.clear()
        shape = Shape()
        for name in names:
            if place.asked is None or name in place.asked:
                self._settle(shape, place, name)
        if names and place.asked is not None and not place.asked.intersection(names):
            shape.hollow = True
        shape.whole = len(shape.keep) == len(names)
        place.shapes[names] = shape
        return shape

    def _settle(self, shape: Shape, place: Place, name: str) -> None:
        """Say what is done with a name."""
        path = (*place.path, name)
        below = place.inside.names.get(name)
        if isinstance(below, Inside):
            inner = place.places.setdefault(name, Place((*path, 0) if below.single else path, below))
            shape.inside.append((name, inner, self._number(path, None, AS_TEXT) if below.as_text else -1))
            return
        if (
            below is None
            and place.inside.others is not None
            and not name.lower().startswith(place.inside.but)
        ):
            below = place.inside.others
        if below is None or len(self.slots) > MOST_SLOTS:
            shape.keep.append(name)
        elif below is Kind.COUNT:
            numbers = (self._number(path, below, form) for form in ("whole", "fraction", "digits"))
            shape.counts.append((name, *numbers))  # type: ignore[arg-type]
        elif below is Kind.DOLLARS:
            shape.dollars.append((name, self._number(path, below)))
        elif below is Kind.TIME:
            numbers = (self._number(path, below, form) for form in ("iso", "seconds", "milliseconds"))
            shape.times.append((name, *numbers))  # type: ignore[arg-type]
        elif below is Kind.USAGE:
            shape.usages.append((name, self._number(path, below)))
        elif below is Kind.MESSAGES:
            as_text = self._number(path, None, AS_TEXT) if name in place.inside.texts else -1
            shape.messages.append((name, self._number(path, below), as_text))
        else:
            shape.letters.append((name, self._number(path, below), below))


def opened(text: str) -> Any:
    """Return what a JSON text holds; None if it is none."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _take_messages(
    name: str, number: int, as_text: int, holder: Row, frame: Row, taken: list[int], values: list[Any]
) -> None:
    value = holder[name]
    found = opened(value) if as_text >= 0 and type(value) is str and value[:2] == "[{" else value
    if not plain_messages(found):
        frame[name] = value
        return
    if found is not value:
        taken.append(as_text)
    taken.append(number)
    values.append(found)


def _take_counts(shape: Shape, holder: Row, frame: Row, taken: list[int], values: list[Any]) -> None:
    for name, whole, fraction, digits in shape.counts:
        value = holder[name]
        kind = type(value)
        if kind is int and 0 < value < MOST:
            taken.append(whole)
            values.append(value)
        elif kind is float and 1 <= value < MOST:
            taken.append(fraction)
            values.append(int(value))
        elif kind is str and DIGITS.match(value):
            taken.append(digits)
            values.append(int(value))
        else:
            frame[name] = value


def _take_dollars(shape: Shape, holder: Row, frame: Row, taken: list[int], values: list[Any]) -> None:
    for name, number in shape.dollars:
        value = holder[name]
        amount = micro_dollars(value) if type(value) is float else None
        if amount is not None and amount > 0:
            taken.append(number)
            values.append(amount)
        else:
            frame[name] = value


def _take_times(shape: Shape, holder: Row, frame: Row, taken: list[int], values: list[Any]) -> None:
    for name, iso, seconds, milliseconds in shape.times:
        value = holder[name]
        kind = type(value)
        if kind is str and ISO.match(value):
            taken.append(iso)
        elif kind in (int, float) and 10**9 <= value < 10**10:
            taken.append(seconds)
        elif kind in (int, float) and 10**12 <= value < 10**13:
            taken.append(milliseconds)
        else:
            frame[name] = value
            continue
        values.append(value)
