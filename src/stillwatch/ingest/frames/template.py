"""How the values taken out of rows of one frame come back as a request, learnt from the row reader itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stillwatch.ingest.conversation import messages_of
from stillwatch.ingest.frames.outline import NUMBERS, Kind
from stillwatch.ingest.frames.taker import Slot
from stillwatch.ingest.frames.trials import COUNT_STEP, RUNS, Given
from stillwatch.ingest.request import PLAIN, Request, SteppedOver
from stillwatch.ingest.usage import counts_of
from stillwatch.ingest.values import span_ms

Values = list[Any]
Outcome = Request | SteppedOver


@dataclass
class Template:
    """What the rows of one frame become."""

    stepped: str | None = None
    """Rows of it ask no model, and this is what they are."""
    base: Values = field(default_factory=list)
    """Columns PLAIN of such a request."""
    same: list[tuple[int, int]] = field(default_factory=list)
    """Column, and the value that it is."""
    sums: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    """Column, and the counts that are added to its base."""
    texts: list[tuple[int, tuple[str | int, ...]]] = field(default_factory=list)
    """Column, and what is joined there: letters, and values by number."""
    moments: list[tuple[int, int, str, str]] = field(default_factory=list)
    """Column, the value that is its time, and the name and unit that it is read with."""
    gaps: list[tuple[int, int, int]] = field(default_factory=list)
    """Column of milliseconds between two times, and their numbers."""
    messages: list[tuple[str | None, Any]] | None = None
    """Pieces of the messages: a role with the number of its words; None with the number of a message list;
    or None with a list of messages that stand in the frame. None: there are no messages.
    """
    usages: list[tuple[int, list[tuple[int, int]]]] = field(default_factory=list)
    """Usage, and the columns that are parts of its Counts."""
    words: tuple[int, ...] = ()
    """Values that are words, for the size of a request."""
    size: int = 0
    """Characters that the frame itself brings."""

    def fill(self, values: Values, moment: Callable[..., int]) -> tuple[Values, Any, int]:
        """Return the columns PLAIN of a request, its messages, and its characters. Raises BadRow."""
        out = self.base.copy()
        size = self.size
        for column, number in self.same:
            out[column] = values[number]
        for column, numbers in self.sums:
            out[column] += values[numbers[0]] if len(numbers) == 1 else sum([values[n] for n in numbers])
        for number, parts in self.usages:
            counts = counts_of(values[number])
            for column, part in parts:
                out[column] = counts[part]
        for column, pieces in self.texts:
            out[column] = "".join([p if type(p) is str else values[p] for p in pieces])  # type: ignore[index]
        for column, number, name, unit in self.moments:
            out[column] = moment(values[number], name, unit)
        for column, start, end in self.gaps:
            gap = moment(values[end]) - moment(values[start])
            out[column] = gap // 1000 if gap >= 0 else None
        for number in self.words:
            size += len(values[number])
        if self.messages is None:
            return out, None, size
        found: list[tuple[str, str]] = []
        for role, piece in self.messages:
            if role is not None:
                found.append((role, values[piece]))
            elif type(piece) is int:
                for message in messages_of(values[piece]) or ():
                    size += len(message[1])
                    found.append(message)
            else:
                found += piece
        return out, found or None, size


def learnt(
    taken: list[Slot],
    outcomes: list[Outcome | None],
    given: list[Given],
    times: list[tuple[Any, str, str, int]],
) -> Template | None:
    """Return the template that explains what the reader made of the trial rows; None if none does.

    taken: the slots. outcomes: of each run. given: what stood in the slots in each run. times: each value
    that was read as a time, with its name and unit.
    """
    first = outcomes[0]
    if isinstance(first, SteppedOver):
        return Template(stepped=first.kind) if all(found == first for found in outcomes) else None
    requests = [found for found in outcomes if isinstance(found, Request)]
    if len(requests) < len(RUNS):
        return None
    template = Template(base=[getattr(requests[0], name) for name in PLAIN])
    for column, name in enumerate(PLAIN):
        seen = [getattr(request, name) for request in requests]
        if all(value == seen[0] and type(value) is type(seen[0]) for value in seen):
            continue
        if not any(explain(template, column, seen, taken, given, times) for explain in EXPLAINED):
            return None
    if not _explain_messages(template, [request.messages for request in requests], taken, given):
        return None
    numbers = {number for _, number in template.same}
    numbers.update(piece for role, piece in template.messages or () if role is not None)
    template.words = tuple(n for n in numbers if taken[n].kind in (Kind.WORDS, Kind.PROSE))
    template.size = sum(len(value) for value in template.base if isinstance(value, str))
    for _, piece in template.messages or ():
        template.size += sum(len(words) for _, words in piece) if isinstance(piece, list) else 0
    return template


def _same(
    template: Template, column: int, seen: Values, taken: list[Slot], given: list[Given], _times: Any
) -> bool:
    for number, slot in enumerate(taken):
        if slot.kind not in (*NUMBERS, Kind.TIME, Kind.MESSAGES, Kind.USAGE, None) and all(
            value == run[number] for value, run in zip(seen, given, strict=True)
        ):
            template.same.append((column, number))
            return True
    return False


def _sum(
    template: Template, column: int, seen: Values, taken: list[Slot], given: list[Given], _times: Any
) -> bool:
    """Counts are given in steps of powers of two from run to run, so the step tells which were added."""
    if any(type(value) is not int for value in seen):
        return False
    counts = [number for number, slot in enumerate(taken) if slot.kind in NUMBERS]
    steps, rest = divmod(seen[1] - seen[0], COUNT_STEP)
    if rest or steps <= 0 or steps >> len(counts):
        return False
    added = tuple(number for place, number in enumerate(counts) if steps >> place & 1)
    base = {value - sum(int(run[n]) for n in added) for value, run in zip(seen, given, strict=True)}
    if len(base) != 1:
        return False
    template.base[column] = base.pop()
    template.sums.append((column, added))
    return True


def _part(
    template: Template, column: int, seen: Values, taken: list[Slot], given: list[Given], _times: Any
) -> bool:
    for number, slot in enumerate(taken):
        if slot.kind is not Kind.USAGE:
            continue
        counts = [counts_of(run[number]) for run in given]
        for part in range(len(counts[0])):
            if all(value == found[part] for value, found in zip(seen, counts, strict=True)):
                parts = next((parts for n, parts in template.usages if n == number), None)
                if parts is None:
                    parts = []
                    template.usages.append((number, parts))
                parts.append((column, part))
                return True
    return False


def _text(
    template: Template, column: int, seen: Values, taken: list[Slot], given: list[Given], _times: Any
) -> bool:
    if any(type(value) is not str for value in seen):
        return False
    pieces: list[str | int] = [seen[0]]
    for number, slot in enumerate(taken):
        if slot.kind in (Kind.ID, Kind.TEXT, Kind.ADDRESS):
            pieces = [
                cut
                for piece in pieces
                for cut in (_cut(piece, given[0][number], number) if isinstance(piece, str) else [piece])
            ]
    for value, run in zip(seen, given, strict=True):
        if value != "".join(piece if isinstance(piece, str) else run[piece] for piece in pieces):
            return False
    template.texts.append((column, tuple(pieces)))
    return True


def _cut(text: str, value: str, number: int) -> list[str | int]:
    parts = text.split(value)
    found: list[str | int] = [parts[0]]
    for part in parts[1:]:
        found += [number, part]
    return [piece for piece in found if piece != ""]


def _moment(
    template: Template,
    column: int,
    seen: Values,
    taken: list[Slot],
    given: list[Given],
    times: list[tuple[Any, str, str, int]],
) -> bool:
    for number, slot in enumerate(taken):
        if slot.kind is not Kind.TIME:
            continue
        read = [
            {(name, unit) for value, name, unit, moment in times if value == run[number] and moment == found}
            for found, run in zip(seen, given, strict=True)
        ]
        shared = set.intersection(*read)
        if shared:
            template.moments.append((column, number, *min(shared)))
            return True
    return False


def _gap(
    template: Template, column: int, seen: Values, taken: list[Slot], given: list[Given], times: Any
) -> bool:
    numbers = [number for number, slot in enumerate(taken) if slot.kind is Kind.TIME]
    for start in numbers:
        for end in numbers:
            if start != end and all(
                value == span_ms(run[start], run[end]) for value, run in zip(seen, given, strict=True)
            ):
                template.gaps.append((column, start, end))
                return True
    return False


EXPLAINED: tuple[Callable[..., bool], ...] = (_same, _part, _sum, _text, _moment, _gap)


def _explain_messages(template: Template, seen: list[Any], taken: list[Slot], given: list[Given]) -> bool:
    if all(value is None for value in seen):
        return True
    pieces = _pieces(seen[0] or [], taken, given[0])
    for value, run in zip(seen, given, strict=True):
        made: list[Any] = []
        for role, piece in pieces:
            made += (
                [(role, run[piece])]
                if role is not None
                else (messages_of(run[piece]) or [])
                if type(piece) is int
                else piece
            )
        if made != value:
            return False
    template.messages = pieces
    return True


def _pieces(seen: list[tuple[str, str]], taken: list[Slot], run: Given) -> list[tuple[str | None, Any]]:
    lists = {
        number: messages_of(run[number]) for number, slot in enumerate(taken) if slot.kind is Kind.MESSAGES
    }
    prose = {run[number]: number for number, slot in enumerate(taken) if slot.kind is Kind.PROSE}
    pieces: list[tuple[str | None, Any]] = []
    at = 0
    while at < len(seen):
        role, words = seen[at]
        whole = next((n for n, own in lists.items() if own and seen[at : at + len(own)] == own), None)
        if whole is not None:
            pieces.append((None, whole))
            at += len(lists[whole] or ())
            continue
        pieces.append((role, prose[words]) if words in prose else (None, [(role, words)]))
        at += 1
    return pieces
