"""Which candidates are told of: owners as one, or the accounts that ask; and the largest of those that
lost.
"""

from __future__ import annotations

import pyarrow as pa

from stillwatch.campaigns.candidate_selection import choose_candidates, keep_for_review
from stillwatch.schema.table import values

COMPANY = pa.table(
    {
        "group": [1, 2, 2, 2, 3, 4, 5],
        "kind": ["linked", "declared", "declared", "declared", "single", "single", "single"],
        "account": [90, 10, 11, 12, 10, 11, 80],
    }
)
"""A linked account, a company of three, its two accounts of great volume by themselves, and an account that
nobody owns.
"""


def told(bets: dict[int, float], permitted: set[int] | None = None) -> list[tuple[int, int]]:
    kept = choose_candidates(COMPANY, bets, permitted or set())
    return list(zip(values(kept, "group"), values(kept, "account"), strict=True))


def test_an_owner_most_of_whose_accounts_ask_is_one_candidate() -> None:
    assert told({2: 9.0, 3: 50.0, 4: -1.0, 5: 3.0}) == [(1, 90), (2, 10), (2, 11), (2, 12), (5, 80)]


def test_an_account_that_asks_where_its_owners_others_do_not_stands_alone() -> None:
    assert told({2: -1.0, 3: 50.0, 4: -1.0, 5: -1.0}) == [(1, 90), (2, 11), (2, 12), (3, 10), (5, 80)]
    assert told({2: -1.0, 3: -1.0, 4: -1.0, 5: -1.0}) == [(1, 90), (2, 10), (2, 11), (2, 12), (5, 80)]


def test_a_permit_for_all_keeps_an_owner_whole_and_one_for_some_sets_them_apart() -> None:
    lost = {2: -1.0, 3: -1.0, 4: -1.0, 5: -1.0}
    assert told(lost | {3: 50.0}, {10, 11, 12}) == [(1, 90), (2, 10), (2, 11), (2, 12), (5, 80)]
    assert told(lost, {10}) == [(1, 90), (2, 11), (2, 12), (3, 10), (5, 80)]


def test_lost_bets_are_let_go_but_not_the_permitted_nor_the_largest_that_fit() -> None:
    kinds = ["linked", "single", "declared", "single", "single", "single"]
    chosen = pa.table({"group": range(1, 7), "kind": kinds, "account": range(1, 7)})
    lost = {2: 5.0, 3: -1.0, 4: -2.0, 5: -2.0, 6: -2.0}
    kept = keep_for_review(chosen, lost, {3}, {4: 900, 5: 80, 6: 30}, 100)
    assert kept.column("group").to_pylist() == [1, 2, 3, 5]
