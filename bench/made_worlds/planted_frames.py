"""Prompts made from planted frames among ordinary ones; the truth is known.

The frames have slots, padding, shuffled examples and rewording.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from stillwatch.schema.keyed import HashKey
from stillwatch.schema.requests import MESSAGE, REQUESTS
from stillwatch.settings import SketchSettings
from stillwatch.sketch import sketch

BOOKS = tuple(
    tuple(line.split())
    for line in (
        "list weigh draft trace sketch answer gather sort judge explain compare translate outline mend "
        "price count label read write find keep "
        "drop name rank check test plan show tell make turn lift hold build carry measure mark watch clear "
        "open close fold cut join split press",
        "the a each every this that some any one its their our your",
        "small heavy bright quiet early narrow plain costly distant gentle hollow modern patient rapid "
        "silver steady tender unusual vivid woollen "
        "broken careful dusty equal formal golden honest inner joint kind level mutual native vacant proper",
        "harbour ledger meadow lantern engine garden bridge market window letter kettle orchard signal "
        "carriage timber pattern recipe border "
        "station theatre compass mirror bottle anchor basket ladder needle pocket saddle tunnel valley "
        "warden whistle archive barrel candle",
        "and then so that before after while unless because until with without for from into under over near",
    )
)
"""Verbs, articles, adjectives, nouns, conjunctions: a text takes one of each in turn."""
NOISE = (
    "hello",
    "thanks",
    "please",
    "note",
    "kindly",
    "again",
    "today",
    "okay",
    "friend",
    "regards",
    "urgent",
    "version",
    "attached",
    "below",
)
REWORDED = 3
"""Other words that may replace a word of a frame."""
SWAPPED = (0.0, 0.1, 0.3)
"""Share of a frame's words swapped in each request, by paraphrase level."""
EXAMPLES = 3
"""Worked examples in a frame that has them; each request shuffles them."""


@dataclass(frozen=True)
class Frame:
    """One planted template."""

    pieces: list[list[str]]
    """Its words; a slot is between two pieces, and after the last."""
    examples: list[list[str]]
    """Fixed worked examples between the first piece and the rest, in another order in each request.

    May be empty.
    """
    padded: bool
    """Whether random words are before and after it."""
    payload: int
    """Most words in all of its slots together."""

    @property
    def words(self) -> list[str]:
        """All its words, in order."""
        first, *others = self.pieces
        return [word for part in (first, *self.examples, *others) for word in part]

    @property
    def slots(self) -> int:
        """Number of places that change, including the padding before it."""
        return len(self.pieces) + self.padded


@dataclass(frozen=True)
class Prompts:
    """Prompts and where they come from."""

    texts: list[str]
    """The prompts."""
    accounts: list[int]
    """The account of each."""
    source: list[int]
    """Number of the frame; -1 for an ordinary prompt."""


def phrase(rng: np.random.Generator, size: int) -> list[str]:
    """Return so many words of made-up, English-like text."""
    start, *drawn = rng.integers(0, 2**31, size + 1).tolist()
    return [
        book[n % len(book)] for n, book in ((n, BOOKS[(start + i) % len(BOOKS)]) for i, n in enumerate(drawn))
    ]


def make_frame(rng: np.random.Generator, number: int, payload_times: int = 10) -> Frame:
    """Make a frame of 12 to 120 words with 1 to 4 slots.

    Every third has worked examples, every second is padded.
    """
    size = round(float(np.exp(rng.uniform(np.log(12), np.log(120)))))
    slots = int(rng.integers(1, 1 + max(1, min(4, size // 6))))
    examples = EXAMPLES if number % 3 == 2 and size >= 40 else 0
    inside = size // 2 if examples else 0
    words = phrase(rng, size - inside)
    cuts = sorted(int(cut) for cut in rng.choice(np.arange(3, len(words) - 2), slots - 1, replace=False))
    pieces = [words[a:b] for a, b in zip([0, *cuts], [*cuts, len(words)], strict=True)]
    each = inside // EXAMPLES
    return Frame(
        pieces,
        [phrase(rng, each) for _ in range(examples)],
        number % 2 == 0,
        int(size * rng.uniform(1, payload_times)),
    )


def reworded(words: list[str], level: int, rng: np.random.Generator) -> list[str]:
    """Return a piece with some of its words swapped for others, one to three each.

    One swap in five also changes the number of words.
    """
    out: list[str] = []
    for word, swap in zip(words, rng.random(len(words)) < SWAPPED[level], strict=True):
        out += (
            [
                f"{word}{'ish' * int(rng.integers(1, REWORDED + 1))}",
                *(["quite"] if rng.random() < 0.2 else []),
            ]
            if swap
            else [word]
        )
    return out


def fill(frame: Frame, level: int, rng: np.random.Generator) -> str:
    """Make one prompt from a frame; at level 2 its clauses also change places."""
    first, *others = [reworded(piece, level, rng) for piece in frame.pieces]
    if level == 2 and len(first) > 20:
        half = len(first) // 2
        first = first[half:] + first[:half] if rng.random() < 0.5 else first
    shuffled = [reworded(frame.examples[i], level, rng) for i in rng.permutation(len(frame.examples))]
    each = max(1, frame.payload // len(frame.pieces))
    parts = [first, *shuffled]
    for other in others:
        parts += [phrase(rng, int(rng.integers(1, each + 1))), other]
    parts.append(phrase(rng, int(rng.integers(1, each + 1))))
    if frame.padded:
        parts = [_noise(rng), *parts, _noise(rng)]
    return ". ".join(" ".join(part) for part in parts if part)


def _noise(rng: np.random.Generator) -> list[str]:
    return [NOISE[n % len(NOISE)] for n in rng.integers(0, 2**31, int(rng.integers(0, 12))).tolist()]


def prompts(
    frames: list[Frame], level: int, each: int, ordinary: int, rng: np.random.Generator, accounts: int = 60
) -> Prompts:
    """Make `each` prompts of every frame, by its own accounts, and ordinary ones, in random order."""
    rows = [
        (fill(frame, level, rng), 10_000 * (i + 1) + int(rng.integers(accounts)), i)
        for i, frame in enumerate(frames)
        for _ in range(each)
    ]
    rows += [
        (" ".join(phrase(rng, int(rng.integers(5, 150)))), int(rng.integers(2_000)), -1)
        for _ in range(ordinary)
    ]
    order = rng.permutation(len(rows))
    return Prompts([rows[i][0] for i in order], [rows[i][1] for i in order], [rows[i][2] for i in order])


def exchanges(made: Prompts, settings: SketchSettings | None = None) -> pa.Table:
    """Sketch the prompts as the pipeline does: table exchanges, in their order, all in group 1.

    request is the number of the prompt.
    """
    count = len(made.texts)
    messages = pa.array([[{"role": "user", "text": text}] for text in made.texts], pa.list_(MESSAGE))
    given = {
        "request_id": pa.array([str(i) for i in range(count)]),
        "account_id": pa.array([str(account) for account in made.accounts]),
        "time": pa.array([datetime(2026, 3, 1, tzinfo=UTC)] * count, REQUESTS.arrow.field("time").type),
        "messages": messages,
    }
    arrays = [given.get(c.name, pa.array([None] * count, c.type)).cast(c.type) for c in REQUESTS.columns]
    batch = pa.RecordBatch.from_arrays(arrays, schema=REQUESTS.arrow)
    table = pa.Table.from_batches([sketch(batch, HashKey.public(), settings or SketchSettings()).exchanges])
    numbers = {"request": np.arange(count), "account": np.array(made.accounts)}
    for name, column in numbers.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(column, pa.int64()))
    return table.append_column("group", pa.array(np.ones(count), pa.int32()))
