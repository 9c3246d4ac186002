"""Sets that overlap become groups; each account ends in one; the order of the rows never matters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.linkage.link import assigned
from stillwatch.linkage.merge import (
    SHARED,
    Bools,
    Ints,
    best_claims,
    discounted_owners,
    merged,
    outweighed,
    parted,
    serious,
)
from stillwatch.schema.table import values

PAIRS = st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 12)), max_size=60)
CLAIMS = st.dictionaries(st.tuples(st.integers(0, 6), st.integers(0, 20)), st.integers(1, 40), max_size=50)


def ints(items: list[int]) -> Ints:
    return np.array(items, np.int64)


def all_of(rows: Sequence[object], *, held: bool) -> Bools:
    """One truth value for each row."""
    return np.full(len(rows), held)


def joined_by_hand(pairs: list[tuple[int, int]], overlap: float, of_smaller: bool) -> dict[int, int]:
    """The same rule, set by set: each set's group, named by the smallest set in it."""
    sets: dict[int, set[int]] = {}
    for name, account in pairs:
        sets.setdefault(name, set()).add(account)
    group = {name: name for name in sets}
    for one, other in combinations(sorted(sets), 2):
        shared, smaller = len(sets[one] & sets[other]), min(len(sets[one]), len(sets[other]))
        whole = smaller if of_smaller else len(sets[one] | sets[other])
        if shared >= max(overlap * whole, min(SHARED, smaller)):
            low, high = sorted((group[one], group[other]))
            group = {name: low if own == high else own for name, own in group.items()}
    return group


@given(pairs=PAIRS, overlap=st.sampled_from([0.1, 0.3, 0.5, 1.0]), of_smaller=st.booleans())
def test_merged_joins_what_overlaps_and_nothing_else(
    pairs: list[tuple[int, int]], overlap: float, of_smaller: bool
) -> None:
    found = merged(
        ints([name for name, _ in pairs]),
        ints([account for _, account in pairs]),
        overlap,
        of_smaller=of_smaller,
    )
    expected = joined_by_hand(pairs, overlap, of_smaller)
    number = {name: position for position, name in enumerate(sorted(set(expected.values())))}
    assert found.tolist() == [number[expected[name]] for name, _ in pairs], (
        "numbered by the smallest set, whatever the order of the rows"
    )


@given(claims=CLAIMS, share=st.sampled_from([0.5, 0.75, 1.0]))
def test_serious_keeps_the_best_claim_and_those_near_it(
    claims: dict[tuple[int, int], int], share: float
) -> None:
    rows = [(account, nats) for (_, account), nats in claims.items()]
    best: dict[int, int] = {}
    for account, nats in rows:
        best[account] = max(nats, best.get(account, 0))
    found = serious(ints([account for account, _ in rows]), ints([nats for _, nats in rows]), share)
    assert found.tolist() == [nats >= share * best[account] for account, nats in rows]


@given(claims=CLAIMS)
def test_best_claims_takes_one_row_an_account_and_the_lowest_group_of_equals(
    claims: dict[tuple[int, int], int],
) -> None:
    rows = [(account, -nats, group) for (group, account), nats in claims.items()]
    found = best_claims(
        ints([row[0] for row in rows]), ints([-row[1] for row in rows]), ints([row[2] for row in rows])
    )
    expected = {
        account: min(row for row in rows if row[0] == account) for account in {row[0] for row in rows}
    }
    assert [rows[position] for position in found.tolist()] == [
        expected[account] for account in sorted(expected)
    ]


def claims_table(claims: dict[tuple[int, int], int], order: list[int]) -> pa.Table:
    rows = [
        {"claim": claim, "account": account, "nats": nats, "weight": nats, "group": claim // 2}
        for (claim, account), nats in claims.items()
    ]
    schema = pa.schema([(name, pa.int64()) for name in ("claim", "account", "nats", "weight", "group")])
    return pa.Table.from_pylist([rows[place] for place in order], schema=schema)


@given(claims=CLAIMS, smallest=st.integers(1, 5), data=st.data())
def test_settled_puts_each_account_in_one_group_numbered_by_size(
    claims: dict[tuple[int, int], int], smallest: int, data: st.DataObject
) -> None:
    order = list(range(len(claims)))
    found = assigned(claims_table(claims, order), smallest)
    accounts, groups = values(found, "account"), values(found, "group")
    assert len(set(accounts)) == len(accounts)
    sizes = Counter(groups)
    assert sorted(sizes) == list(range(1, len(sizes) + 1))
    assert [sizes[number] for number in sorted(sizes)] == sorted(sizes.values(), reverse=True)
    assert all(size >= smallest for size in sizes.values())
    for account, group, nats, claim in zip(
        accounts, groups, values(found, "nats"), values(found, "claim"), strict=True
    ):
        assert nats * 1e6 == max(own for (_, who), own in claims.items() if who == account)
        others = {
            groups[place] for place, other in enumerate(values(found, "claim")) if other // 2 == claim // 2
        }
        assert others == {group}, "claims of one group stay together"
    assert assigned(claims_table(claims, data.draw(st.permutations(order))), smallest).equals(found)


def test_the_accounts_of_an_anchor_are_parted_where_no_key_ties_them() -> None:
    rows = (
        [(1, account, 10 + account // 3) for account in range(6)]
        + [(2, account, 20) for account in range(4)]
        + [(2, 9, 21), (2, 8, 21)]
    )
    anchors, accounts, keys = (ints(list(column)) for column in zip(*rows, strict=True))
    part, anchor, account = parted(
        anchors, accounts, keys, 3, all_of(rows, held=True), all_of(rows, held=False)
    )
    sets: dict[int, set[tuple[int, int]]] = {}
    for number, of, person in zip(part.tolist(), anchor.tolist(), account.tolist(), strict=True):
        sets.setdefault(number, set()).add((of, person))
    assert sorted(map(sorted, sets.values())) == [
        [(1, 0), (1, 1), (1, 2)],
        [(1, 3), (1, 4), (1, 5)],
        [(2, 0), (2, 1), (2, 2), (2, 3)],
    ], "and two who have only each other are no set"


def sets_of(rows: list[tuple[int, int, bool]], *, hub: bool) -> list[list[int]]:
    """The sets of one anchor whose carriers (account, key, whether it is held) are these."""
    accounts, keys = (ints([row[place] for row in rows]) for place in range(2))
    held = np.array([row[2] for row in rows])
    part, _, account = parted(ints([1] * len(rows)), accounts, keys, 5, held, all_of(rows, held=hub))
    found: dict[int, list[int]] = {}
    for number, person in zip(part.tolist(), account.tolist(), strict=True):
        found.setdefault(number, []).append(person)
    return sorted(map(sorted, found.values()))


def test_neither_a_moment_nor_a_browser_joins_two_places() -> None:
    schools = [(account, 10 + account // 6, True) for account in range(12)]
    browser, day = ([(account, key, False) for account in range(12)] for key in (30, 31))
    apart = [list(range(6)), list(range(6, 12))]
    for hub in (False, True):
        assert sets_of(schools + browser + day, hub=hub) == apart
    nobody_s_place = [(account, 10 + account // 2, True) for account in range(12)]
    assert sets_of(nobody_s_place, hub=False) == []
    assert sets_of(nobody_s_place + day, hub=False) == [list(range(12))]


def test_a_network_that_a_few_have_at_home_joins_no_two_places() -> None:
    schools = [(account, 10 + account // 12, True) for account in range(24)]
    apart = [list(range(12)), list(range(12, 24))]
    at_home = [(account, 40 + account % 12 // 2, True) for account in (0, 1, 2, 12, 13, 14)]
    assert sets_of(schools + at_home, hub=False) == apart
    both = [(0, 11, True)]  # one pupil who was seen at both
    assert [len(one) for one in sets_of(schools + both, hub=False)] == [13, 11], "and is of one of them"


def test_places_of_which_most_accounts_have_more_in_common_are_one() -> None:
    ranges = [(account, 10 + account // 6, True) for account in range(18)]
    mail = [(account, 40 + account % 3, True) for account in range(18)]
    assert sets_of(ranges + mail, hub=False) == [list(range(18))]
    # A pool from which each account draws three addresses: its keys overlap, and are no places.
    pool = [(account, 60 + (account + step) % 7, True) for account in range(20) for step in (1, 2, 3)]
    assert sets_of(pool, hub=False) == [list(range(20))]
    exits = [(account, 80 + side, True) for account in range(20) for side in range(2) if account % 5 or side]
    assert sets_of(exits, hub=False) == [list(range(20))]


def test_a_hub_joins_small_pieces_but_no_account_that_is_tied_to_nobody() -> None:
    pairs = [(account, 10 + account // 2, True) for account in range(12)]
    alone = [(account, 50 + account, True) for account in range(12, 15)]
    assert sets_of(pairs + alone, hub=False) == []
    assert sets_of(pairs + alone, hub=True) == [list(range(12))]


@given(rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 8), st.integers(0, 8)), max_size=40))
def test_parts_are_what_chains_of_shared_keys_reach(rows: list[tuple[int, int, int]]) -> None:
    anchors, accounts, keys = (ints([row[place] for row in rows]) for place in range(3))
    part, anchor, account = parted(
        anchors, accounts, keys, 1, all_of(rows, held=True), all_of(rows, held=False)
    )
    found = dict(zip(zip(anchor.tolist(), account.tolist(), strict=True), part.tolist(), strict=True))
    assert set(found) == {(of, person) for of, person, _ in rows}
    for of, person, key in rows:
        for other, another, same in rows:
            if (of, key) == (other, same):
                assert found[of, person] == found[other, another]
    for one, first in found.items():
        for two, second in found.items():
            assert first != second or one[0] == two[0]


OWNERS = st.dictionaries(st.integers(0, 20), st.integers(1, 3), max_size=21)


@given(claims=CLAIMS, owners=OWNERS)
def test_claims_of_a_set_that_one_owner_explains_weigh_half(
    claims: dict[tuple[int, int], int], owners: dict[int, int]
) -> None:
    rows = [(name, account, nats) for (name, account), nats in claims.items()]
    best = {
        who: min((-nats, name) for name, account, nats in rows if account == who)[1] for _, who, _ in rows
    }
    explained = set()
    for name in {name for name, _, _ in rows}:
        claimed = [who for who, most in best.items() if most == name]
        declared = Counter(owners[who] for who in claimed if who in owners)
        if declared and max(declared.values()) >= len(claimed) / 2:
            explained.add(name)
    known = sorted(owners)
    set_, account, nats = (ints([row[place] for row in rows]) for place in range(3))
    found = discounted_owners(set_, account, nats, (ints(known), ints([owners[who] for who in known])))
    assert found.tolist() == [nats // 2 if name in explained else nats for name, _, nats in rows]


def test_a_set_that_an_owner_explains_gives_way_to_a_weightier_claim_only() -> None:
    account, weight = ints([1, 1, 2, 2, 3, 4, 4]), ints([9, 10, 11, 10, 5, 7, 6])
    explained = np.array([True, False, True, False, True, True, True])
    assert outweighed(account, weight, explained).tolist() == [True, False, False, False, False, False, False]
    none = ints([])
    assert outweighed(none, none, np.zeros(0, np.bool_)).tolist() == []
