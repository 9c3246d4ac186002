"""Whom content may group: nobody who is in a group already."""

from __future__ import annotations

import pyarrow as pa

from stillwatch.pipeline.stages.alike import taken_accounts


def accounts(*numbers: int) -> pa.Table:
    return pa.table({"account": pa.array(numbers, pa.int64())})


def test_an_account_named_close_to_a_group_is_grouped_no_more() -> None:
    members, counted = accounts(1, 2, 3), accounts(1, 2, 9)
    assert taken_accounts(members, counted, {7}).tolist() == [1, 2, 3, 7, 9]


def test_without_groups_only_permits_take_accounts() -> None:
    assert taken_accounts(accounts(), accounts(), frozenset({5})).tolist() == [5]
