"""Licensees are judged by their permits, whomever they were linked with."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.campaigns.licensees import without_licensees
from stillwatch.campaigns.permits import Permit, permitted
from stillwatch.schema.table import values

SMALLEST = 3


def groups_of(*groups: list[int]) -> pa.Table:
    rows = [(number, account) for number, group in enumerate(groups, 1) for account in group]
    return pa.table(
        {
            "group": pa.array([row[0] for row in rows], pa.int32()),
            "account": pa.array([row[1] for row in rows], pa.int64()),
        }
    )


def pairs(table: pa.Table) -> list[tuple[int, int]]:
    return list(zip(values(table, "group"), values(table, "account"), strict=True))


def permit(name: str, organisation: str = "", accounts: tuple[str, ...] = ()) -> Permit:
    return Permit(
        name,
        frozenset(accounts),
        organisation,
        frozenset(),
        None,
        None,
        "",
        None,
        datetime(2026, 12, 31, tzinfo=UTC),
    )


def test_a_permit_names_accounts_by_id_and_by_verified_organisation() -> None:
    permits = [permit("a", "Heath"), permit("b", accounts=("acct_2", "acct_3")), permit("c", "Heath")]
    found = permitted(
        permits,
        {1: "acct_1", 2: "acct_2", 3: "acct_3", 4: "acct_4"},
        {1: "Heath", 3: "Heath", 4: "", 5: "Moor"},
    )
    assert found == {1: frozenset({0, 2}), 2: frozenset({1}), 3: frozenset({0, 1, 2})}


def test_two_licensees_that_were_linked_are_a_group_no_longer() -> None:
    licensed = {1: frozenset({0}), 2: frozenset({0}), 3: frozenset({0}), 4: frozenset({1}), 5: frozenset({1})}
    kept, near = without_licensees(groups_of([1, 2, 3, 4, 5]), groups_of([6]), licensed, SMALLEST)
    assert (pairs(kept), pairs(near)) == ([], [])


def test_who_was_linked_with_a_licensee_is_judged_without_it() -> None:
    kept, near = without_licensees(
        groups_of([1, 2, 3, 4], [7, 8, 9]),
        groups_of([5, 6], [2]),
        {1: frozenset({0}), 6: frozenset({0})},
        SMALLEST,
    )
    assert pairs(kept) == [(1, 2), (1, 3), (1, 4), (2, 7), (2, 8), (2, 9)]
    assert pairs(near) == [(1, 5), (2, 2)]


def test_a_group_under_one_permit_stays_whole_and_takes_in_nobody_else() -> None:
    licensed = {account: frozenset({0}) for account in (1, 2, 3, 5)} | {
        3: frozenset({0, 1}),
        6: frozenset({1}),
    }
    kept, near = without_licensees(groups_of([1, 2, 3]), groups_of([4, 5, 6]), licensed, SMALLEST)
    assert pairs(kept) == [(1, 1), (1, 2), (1, 3)]
    assert pairs(near) == [(1, 5)]


@given(
    st.lists(st.lists(st.integers(0, 30), min_size=SMALLEST, max_size=8, unique=True), max_size=5),
    st.dictionaries(st.integers(0, 30), st.frozensets(st.integers(0, 3), min_size=1)),
)
def test_no_group_holds_a_licensee_beside_somebody_it_shares_no_permit_with(
    groups: list[list[int]], licensed: dict[int, frozenset[int]]
) -> None:
    near = groups_of(*([account + 1 for account in group] for group in groups))
    kept, others = without_licensees(groups_of(*groups), near, licensed, SMALLEST)
    together: dict[int, list[int]] = {}
    for group, account in pairs(kept):
        together.setdefault(group, []).append(account)
    for group, accounts in together.items():
        assert len(accounts) >= SMALLEST
        common = frozenset.intersection(*(licensed.get(account, frozenset()) for account in accounts))
        assert common or not any(account in licensed for account in accounts)
        for account in (account for number, account in pairs(others) if number == group):
            assert licensed.get(account, frozenset()) & common or (not common and account not in licensed)
    assert {group for group, _ in pairs(others)} <= set(together)
    free = [
        (number, account)
        for number, group in enumerate(groups, 1)
        for account in group
        if not any(a in licensed for a in group)
    ]
    assert set(free) <= set(pairs(kept)), "groups without a licensee are left alone"
