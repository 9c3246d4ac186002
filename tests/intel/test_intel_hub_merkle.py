"""The tree of the log is RFC 6962's: pymerkle computes the same roots and proofs."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_consistency

from stillwatch.intel.hub import merkle


class Stored:
    """Complete subtrees in memory, as the store keeps them."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.nodes: dict[tuple[int, int], bytes] = {}
        for index, content in enumerate(leaves):
            for level, at, found in merkle.completed(self.node, index, merkle.leaf_hash(content)):
                self.nodes[level, at] = found

    def node(self, level: int, index: int) -> bytes:
        return self.nodes[level, index]


def leaves(count: int) -> list[bytes]:
    return [f"entry {index}".encode() for index in range(count)]


SIZES = st.integers(1, 300)


@given(SIZES)
@settings(max_examples=60, deadline=None)
def test_roots_are_those_of_pymerkle(size: int) -> None:
    oracle = InmemoryTree(algorithm="sha256")
    for leaf in leaves(size):
        oracle.append_entry(leaf)
    stored, growing = Stored(leaves(size)), merkle.Growing()
    for leaf in leaves(size):
        growing.add(merkle.leaf_hash(leaf))
    assert merkle.root(stored.node, size) == growing.root() == oracle.get_root(size)
    assert len(stored.nodes) < 2 * size


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_proofs_are_those_of_pymerkle_and_no_other_leaf_has_them(data: st.DataObject) -> None:
    size = data.draw(SIZES)
    index = data.draw(st.integers(0, size - 1))
    oracle = InmemoryTree(algorithm="sha256")
    for leaf in leaves(size):
        oracle.append_entry(leaf)
    stored = Stored(leaves(size))
    path = merkle.inclusion_path(stored.node, index, size)
    assert path == oracle.prove_inclusion(index + 1, size).path[1:]
    root, leaf_hash = merkle.root(stored.node, size), merkle.leaf_hash(leaves(size)[index])
    assert merkle.included(leaf_hash, index, size, path, root)
    assert not merkle.included(merkle.leaf_hash(b"another"), index, size, path, root)
    assert not merkle.included(leaf_hash, index, size, [*path, b"\0" * 32], root)
    other = data.draw(st.integers(-2, size + 3).filter(lambda found: found != index))
    assert not merkle.included(leaf_hash, other, size, path, root)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_tree_begins_with_each_of_its_beginnings_and_with_nothing_else(data: st.DataObject) -> None:
    size = data.draw(SIZES)
    old = data.draw(st.integers(1, size))
    stored = Stored(leaves(size))
    roots = merkle.root(stored.node, old), merkle.root(stored.node, size)
    path = merkle.consistency_path(stored.node, old, size)
    assert merkle.consistent(old, size, *roots, path)
    forked = leaves(size)
    forked[data.draw(st.integers(0, old - 1))] = b"changed"
    other = merkle.root(Stored(forked).node, old)
    assert not merkle.consistent(old, size, other, roots[1], path)
    assert not merkle.consistent(old, size, roots[0], other, path)
    if path:
        assert not merkle.consistent(old, size, *roots, path[:-1])
        place = data.draw(st.integers(0, len(path) - 1))
        assert not merkle.consistent(old, size, *roots, [*path[:place], b"\1" * 32, *path[place + 1 :]])
    assert not merkle.consistent(old, size, *roots, [*path, b"\1" * 32])


def reference(old: int, content: list[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962, 2.1.2, word for word and from the leaves: pymerkle has proofs of a form of its own."""
    size = len(content)
    if old == size:
        return [] if whole else [tree(content)]
    half = 1 << ((size - 1).bit_length() - 1)
    if old <= half:
        return [*reference(old, content[:half], whole), tree(content[half:])]
    return [*reference(old - half, content[half:], False), tree(content[:half])]


def tree(content: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1."""
    if len(content) == 1:
        return hashlib.sha256(b"\0" + content[0]).digest()
    half = 1 << ((len(content) - 1).bit_length() - 1)
    return hashlib.sha256(b"\1" + tree(content[:half]) + tree(content[half:])).digest()


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 33])
def test_every_proof_between_small_trees_is_that_of_rfc_6962(size: int) -> None:
    oracle = InmemoryTree(algorithm="sha256")
    for leaf in leaves(size):
        oracle.append_entry(leaf)
    stored = Stored(leaves(size))
    new = merkle.root(stored.node, size)
    for old in range(1, size + 1):
        path = merkle.consistency_path(stored.node, old, size)
        assert path == reference(old, leaves(size))
        root = merkle.root(stored.node, old)
        verify_consistency(root, new, oracle.prove_consistency(old, size))
        assert merkle.consistent(old, size, root, new, path)


def test_the_empty_tree_and_one_leaf_are_as_rfc_6962_says() -> None:
    assert merkle.root(Stored([]).node, 0) == hashlib.sha256(b"").digest()
    assert merkle.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.Growing().root() == merkle.EMPTY
    assert not merkle.consistent(0, 3, b"\0" * 32, b"\1" * 32, [])
    assert not merkle.consistent(4, 3, merkle.EMPTY, merkle.EMPTY, [])


def test_a_new_leaf_costs_one_subtree_on_average_and_never_the_whole_tree() -> None:
    reads = 0
    nodes: dict[tuple[int, int], bytes] = {}

    def node(level: int, index: int) -> bytes:
        nonlocal reads
        reads += 1
        return nodes[level, index]

    costs = [0]
    for index in range(4_096):
        for level, at, found in merkle.completed(node, index, merkle.leaf_hash(b"%d" % index)):
            nodes[level, at] = found
        costs.append(reads)
    assert reads < 4_096
    assert max(later - sooner for sooner, later in pairwise(costs)) <= 12
    reads = 0
    merkle.consistency_path(node, 1_000, 4_001)
    assert reads < 200
