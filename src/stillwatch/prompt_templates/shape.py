"""The shape of a frame from where its fingerprints are: what keeps its distance is frame, the rest slot."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

START, END = 0, -1
"""Numbers that represent a prompt's two ends among the fingerprints' numbers, which begin at 1."""
RIGID = 0.6
"""Share of the commonest distance at which two fingerprints count as one piece.

A word swapped for two moves the rest.
"""
FEW_GAPS = 3
"""Distances that show how densely windows were sampled; with fewer, the requested rate is used."""
RARE = 0.05
"""A neighbour that follows in a smaller share of the exchanges joins nothing."""
OVERHANG = 0.8
"""Expected frame words between the outermost sampled window and a slot, in mean distances of windows.

It is (n - k) / (k + 1) for k of n.
"""
LONG_OVERHANG = 3.0
"""The same with 95 % certainty: exp(-3) = 0.05."""
SHORTEST = 0.05
"""Quantile of a slot's length that counts as its shortest filling."""


@dataclass(frozen=True)
class Step:
    """Two neighbouring fingerprints of a template in one prompt, and the words between their beginnings."""

    key: int
    """Number of the first, or START."""
    other: int
    """Number of the next, or END."""
    distance: int
    """Words from the beginning of the first to that of the next."""
    n: int
    """Exchanges with this distance."""


@dataclass(frozen=True)
class Shape:
    """The shape of a frame as the sketches show it."""

    least: int
    """Words that the sampled windows cover."""
    about: int
    """Expected number of words."""
    most: int
    """Largest number of words, with some certainty."""
    slots: int
    """Places of varying length, including those before and after the frame.

    A slot that always holds one masked word is not seen.
    """
    places: dict[int, tuple[int, int]]
    """For each fingerprint: its piece, and its place within the piece."""


@dataclass
class _Pieces:
    """Union-find in which each member has its distance from its root."""

    root: dict[int, int] = field(default_factory=dict)
    offset: dict[int, int] = field(default_factory=dict)

    def find(self, key: int) -> tuple[int, int]:
        """Return the root, and words from the root's beginning to the key's."""
        above = self.root.setdefault(key, key)
        if above == key:
            return key, 0
        root, offset = self.find(above)
        self.root[key], self.offset[key] = root, self.offset[key] + offset
        return root, self.offset[key]

    def join(self, key: int, other: int, distance: int) -> None:
        """Join the other, of another piece, which begins so many words after the key."""
        (a, at), (b, place) = self.find(key), self.find(other)
        self.root[b], self.offset[b] = a, at + distance - place


def shape_of(
    widths: Mapping[int, int], steps: Iterable[Step], order: Mapping[int, float], rate: int
) -> Shape:
    """Return the frame's shape.

    Takes widths in words and mean places of the fingerprints, the steps between them, and the sampling rate
    (one window in how many).
    """
    lengths: dict[tuple[int, int], Counter[int]] = defaultdict(Counter)
    for step in steps:
        lengths[step.key, step.other][step.distance] += step.n
    pieces = _rigid(widths, lengths)
    spans = _spans(widths, pieces)
    gaps = _gaps(lengths, pieces, spans)
    bare = {root for root, (low, high) in spans.items() if low == high}
    inside = sum(high - low for low, high in spans.values())
    apart = _apart(widths, pieces, rate)
    about, most = inside, inside
    for (a, b), shortest in gaps.items():
        sides = (a not in bare) + (b not in bare)
        filling = 0 if a in bare or b in bare else 1
        about += min(max(shortest - filling, 0), round(OVERHANG * apart * sides))
        most += min(max(shortest, 0), round(LONG_OVERHANG * apart * sides))
    ranked = sorted(
        {pieces.find(key)[0] for key in widths}, key=lambda root: _mean(root, widths, pieces, order)
    )
    number = {root: i for i, root in enumerate(ranked)}
    places = {
        key: (number[root], offset - spans[root][0]) for key in widths for root, offset in [pieces.find(key)]
    }
    return Shape(_covered(widths, pieces), about, most, len(spans) - 1, places)


def _rigid(widths: Mapping[int, int], lengths: Mapping[tuple[int, int], Counter[int]]) -> _Pieces:
    """Join fingerprints and ends into pieces that keep their distances, the surest first."""
    leaving: Counter[int] = Counter()
    for (key, _), found in lengths.items():
        leaving[key] += found.total()
    sure: list[tuple[int, int, int, int]] = []
    for (key, other), found in lengths.items():
        distance, n = max(found.items(), key=lambda item: (item[1], -item[0]))
        if n >= RIGID * found.total() and n >= max(3.0, RARE * leaving[key]):
            sure.append((-n, key, other, distance))
    pieces = _Pieces()
    for key in (START, END, *widths):
        pieces.find(key)
    led: set[int] = set()
    followed: set[int] = set()
    for _, key, other, distance in sorted(sure):
        # One neighbour on either side: examples that change their order are then in a line, not on top of
        # each other.
        if key not in followed and other not in led and pieces.find(key)[0] != pieces.find(other)[0]:
            pieces.join(key, other, distance)
            followed.add(key)
            led.add(other)
    return pieces


def _spans(widths: Mapping[int, int], pieces: _Pieces) -> dict[int, tuple[int, int]]:
    """Return where each piece begins and ends, from its root."""
    spans: dict[int, tuple[int, int]] = {}
    for key, width in (*widths.items(), (START, 0), (END, 0)):
        root, offset = pieces.find(key)
        low, high = spans.get(root, (offset, offset + width))
        spans[root] = min(low, offset), max(high, offset + width)
    return spans


def _apart(widths: Mapping[int, int], pieces: _Pieces, rate: int) -> float:
    """Return the mean distance of sampled windows within a piece, at least the rate.

    It is larger in long prompts, which keep fewer windows.
    """
    found: dict[int, list[int]] = defaultdict(list)
    for key in widths:
        root, offset = pieces.find(key)
        found[root].append(offset)
    gaps = sum(len(offsets) - 1 for offsets in found.values())
    return max(
        float(rate),
        sum(max(offsets) - min(offsets) for offsets in found.values()) / gaps if gaps >= FEW_GAPS else 0.0,
    )


def _covered(widths: Mapping[int, int], pieces: _Pieces) -> int:
    """Count the words inside some window."""
    words: dict[int, set[int]] = defaultdict(set)
    for key, width in widths.items():
        root, offset = pieces.find(key)
        words[root] |= set(range(offset, offset + width))
    return sum(map(len, words.values()))


def _gaps(
    lengths: Mapping[tuple[int, int], Counter[int]], pieces: _Pieces, spans: Mapping[int, tuple[int, int]]
) -> dict[tuple[int, int], int]:
    """Return the shortest filling between each piece and the one that follows it most often."""
    between: dict[int, dict[int, Counter[int]]] = defaultdict(lambda: defaultdict(Counter))
    for (key, other), found in lengths.items():
        (a, at), (b, place) = pieces.find(key), pieces.find(other)
        if a != b:
            for distance, n in found.items():
                between[a][b][distance - (spans[a][1] - at) - (place - spans[b][0])] += n
    shortest: dict[tuple[int, int], int] = {}
    for a, after in between.items():
        b = max(after, key=lambda root: (after[root].total(), root))
        shortest[a, b] = _quantile(after[b], SHORTEST)
    return shortest


def _quantile(found: Counter[int], share: float) -> int:
    seen, wanted = 0, share * found.total()
    for value in sorted(found):
        seen += found[value]
        if seen >= wanted:
            return value
    raise ValueError("BUG: a quantile of nothing")


def _mean(root: int, widths: Mapping[int, int], pieces: _Pieces, order: Mapping[int, float]) -> float:
    inside = [order[key] for key in widths if pieces.find(key)[0] == root]
    return sum(inside) / len(inside)
