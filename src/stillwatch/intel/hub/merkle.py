"""Merkle trees and their proofs, as RFC 6962 defines them (2.1); checks as RFC 9162 writes them (2.1.3.2,
2.1.4.2).

A tree is known by its complete subtrees: node (level, index) covers the leaves from index * 2**level on, and
2**level of them. A new leaf completes one subtree on average, and no subtree changes later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

Node = Callable[[int, int], bytes]
"""Hash of the complete subtree of a level and an index."""
HASH_BYTES = 32
EMPTY = hashlib.sha256(b"").digest()
"""Root of the tree without leaves."""


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees side by side."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def completed(node: Node, index: int, leaf: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Level, index and hash of each subtree that a new leaf completes, the leaf first."""
    level, found = 0, leaf
    yield level, index, found
    while index & 1:
        found = node_hash(node(level, index - 1), found)
        level, index = level + 1, index >> 1
        yield level, index, found


def root(node: Node, size: int) -> bytes:
    """Return the root of the tree of the first `size` leaves."""
    return _range(node, 0, size) if size else EMPTY


def inclusion_path(node: Node, index: int, size: int) -> list[bytes]:
    """Return the proof that a leaf is in the tree of a size, nearest first. index: from 0, below size."""
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _half(end - start)
        if index < middle:
            path.append(_range(node, middle, end))
            end = middle
        else:
            path.append(_range(node, start, middle))
            start = middle
    return path[::-1]


def consistency_path(node: Node, old: int, size: int) -> list[bytes]:
    """Return the proof that the tree of a size begins with the tree of an older size; 0 < old <= size."""
    path: list[bytes] = []
    start, end, whole = 0, size, True
    while old != end:
        middle = start + _half(end - start)
        if old <= middle:
            path.append(_range(node, middle, end))
            end = middle
        else:
            path.append(_range(node, start, middle))
            start, whole = middle, False
    if not whole:
        path.append(_range(node, start, end))
    return path[::-1]


def included(leaf: bytes, index: int, size: int, path: Sequence[bytes], wanted: bytes) -> bool:
    """Whether a proof leads from a leaf to the root that is wanted."""
    if not 0 <= index < size:
        return False
    here, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if here & 1 or here == last:
            found = node_hash(step, found)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node_hash(found, step)
        here, last = here >> 1, last >> 1
    return last == 0 and found == wanted


def consistent(old: int, size: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether a proof shows that the tree of a size and root begins with an older one. The empty tree is the
    beginning of each.
    """
    if not 0 <= old <= size:
        return False
    if old == size:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY
    steps = list(path)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    here, last = old - 1, size - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    older = newer = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            older, newer = node_hash(step, older), node_hash(step, newer)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            newer = node_hash(newer, step)
        here, last = here >> 1, last >> 1
    return last == 0 and older == old_root and newer == new_root


class Growing:
    """The root of a tree whose leaves come one after the other: it keeps one hash a level, not the leaves."""

    def __init__(self) -> None:
        """An empty tree."""
        self.size = 0
        self.completed: list[bytes] = []
        """Subtrees of two leaves or more that the last leaf completed, the smallest first."""
        self._peaks: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        self.size += 1
        self.completed = []
        found, count = leaf, self.size
        while not count & 1:
            found = node_hash(self._peaks.pop(), found)
            self.completed.append(found)
            count >>= 1
        self._peaks.append(found)

    def root(self) -> bytes:
        """Return the root of what was added."""
        if not self._peaks:
            return EMPTY
        found = self._peaks[-1]
        for peak in self._peaks[-2::-1]:
            found = node_hash(peak, found)
        return found


def _half(size: int) -> int:
    """The largest power of 2 below a size of at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _range(node: Node, start: int, end: int) -> bytes:
    """Hash of the leaves from start, which is a multiple of the largest power of 2 in it, to before end."""
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, start >> level)
    middle = start + _half(size)
    return node_hash(_range(node, start, middle), _range(node, middle, end))
