"""Sets that content forms on half of the time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from content_parts import Log, no_owners
from ibis import _

from stillwatch.engine import DuckDBEngine
from stillwatch.linkage.alike import Alike, alike_sets
from stillwatch.linkage.halves import halves
from stillwatch.linkage.handed_on import TAKERS, handed_on
from stillwatch.schema.codes import Tie
from stillwatch.schema.table import values
from stillwatch.settings import LinkageSettings

NOBODY = np.zeros(0, np.int64)


def formed(engine: DuckDBEngine, log: Log, taken: list[int] | None = None) -> Alike:
    accounts = np.array(taken or [], np.int64)
    return alike_sets(engine, log.table(engine), no_owners(engine), accounts, 1, LinkageSettings())


def groups(found: Alike) -> list[tuple[Tie, list[int]]]:
    rows = found.members.to_pylist()
    return [
        (tie, sorted(row["account"] for row in rows if row["group"] == name))
        for name, tie in sorted(found.ties.items())
    ]


def pool(log: Log, accounts: list[int], parts: range) -> None:
    """Each hands a conversation to the next, in every part."""
    for part in parts:
        for giver, taker in zip(accounts, accounts[1:] + accounts[:1], strict=True):
            log.hand_on(giver, taker, part)


def test_every_second_part_tests_and_requests_decide_which(duck: DuckDBEngine) -> None:
    log = Log()
    for part in range(20):
        for _number in range(3):
            log.ask(1, part)
    split = duck.collect(halves(duck, log.table(duck)).order_by("part"))
    tests = values(split, "tests")
    assert sum(tests) == 10
    log.rows[0]["request"] = -5
    other = values(duck.collect(halves(duck, log.table(duck)).order_by("part")), "tests")
    assert sum(other) == 10
    assert other != tests


def test_only_what_one_account_left_and_few_take_on_ties(duck: DuckDBEngine) -> None:
    log = Log()
    log.ask(1, 0, leaves=11)
    log.ask(2, 0, continues=11)
    for account in (3, 4):
        log.ask(account, 0, leaves=12)
    log.ask(5, 0, continues=12)
    log.ask(6, 0, leaves=13)
    for account in range(10, 11 + TAKERS):
        log.ask(account, 0, continues=13)
    log.ask(7, 0, leaves=14)
    log.ask(7, 0, continues=14)
    log.ask(8, 0, signed=[21, 22])
    log.ask(9, 0, signatures=[21, 22])
    exchanges = log.table(duck)
    found = duck.collect(handed_on(duck, exchanges, halves(duck, exchanges)).order_by("giver"))
    assert [tuple(row[name] for name in ("giver", "taker", "facet")) for row in found.to_pylist()] == [
        (1, 2, "handover"),
        (8, 9, "signature"),
    ]


def test_a_chain_of_conversations_forms_a_set(duck: DuckDBEngine) -> None:
    log = Log()
    pool(log, [1, 2, 3, 4, 5, 6], range(8))
    pool(log, [11, 12, 13], range(8))
    found = formed(duck, log)
    assert groups(found) == [(Tie.CONVERSATIONS, [1, 2, 3, 4, 5, 6])]
    assert set(values(found.evidence, "facet")) == {"handover"}
    assert min(values(found.members, "nats")) > 0


def test_who_only_takes_on_is_not_drawn_in(duck: DuckDBEngine) -> None:
    log = Log()
    pool(log, [1, 2, 3, 4, 5, 6], range(8))
    for part in range(8):
        # A pool can share conversations with strangers, but cannot know theirs word for word.
        for lured in range(20, 26):
            log.hand_on(1 + lured % 6, lured, part)
    assert groups(formed(duck, log)) == [(Tie.CONVERSATIONS, [1, 2, 3, 4, 5, 6])]


def test_whose_stored_conversations_are_replayed_is_not_drawn_in(duck: DuckDBEngine) -> None:
    log = Log()
    pool(log, [1, 2, 3, 4, 5, 6], range(8))
    for part in range(8):
        for victim in range(20, 26):
            log.hand_on(victim, 1 + victim % 6, part)
    assert groups(formed(duck, log)) == [(Tie.CONVERSATIONS, [1, 2, 3, 4, 5, 6])]


def test_the_test_half_forms_nothing(duck: DuckDBEngine) -> None:
    log = Log()
    for part in range(8):
        log.ask(90, part)
    split = duck.collect(halves(duck, log.table(duck)).filter(_.tests))
    parts = [int(part) for part in values(split, "part")]
    for part in parts:
        pool(log, [1, 2, 3, 4, 5, 6], range(part, part + 1))
    # What is added later must not change which parts test.
    for row in log.rows[8:]:
        row["request"] += 10_000_000
    assert groups(formed(duck, log)) == []


def templated(log: Log, accounts: range, head: int, parts: range) -> None:
    for account in accounts:
        for part in parts:
            log.ask(account, part, prompt=account * 1_000 + part, head=head, tail=head + 1)


def test_a_template_that_few_use_forms_a_set(duck: DuckDBEngine) -> None:
    log = Log()
    templated(log, range(1, 9), 500, range(12))
    templated(log, range(20, 24), 600, range(12))
    found = formed(duck, log)
    assert groups(found) == [(Tie.TEMPLATE, list(range(1, 9)))]
    assert set(values(found.evidence, "facet")) == {"head", "tail"}
    sums = values(found.evidence.group_by("account").aggregate([("nats", "sum")]), "nats_sum")
    assert sorted(sums) == pytest.approx(sorted(values(found.members, "nats")), abs=1e-5)


def test_what_linkage_has_found_already_is_left_out(duck: DuckDBEngine) -> None:
    log = Log()
    pool(log, [1, 2, 3, 4, 5, 6], range(8))
    templated(log, range(11, 19), 500, range(12))
    assert groups(formed(duck, log, taken=[1, 2, 11, 12, 13, 14])) == []


def test_a_public_template_makes_no_set(duck: DuckDBEngine) -> None:
    log = Log()
    templated(log, range(1, 30), 500, range(8))
    settings = LinkageSettings(smallest_group=5, largest_anchor_share=0.01)
    exchanges = log.table(duck)
    few = alike_sets(duck, exchanges, no_owners(duck), NOBODY, 1, settings)
    assert groups(few) == [(Tie.TEMPLATE, list(range(1, 30)))], "a small log may have such sets"
    templated(log, range(30, 700), 500, range(8))
    many = alike_sets(duck, log.table(duck), no_owners(duck), NOBODY, 1, settings)
    assert groups(many) == []


def test_an_owner_explains_its_accounts(duck: DuckDBEngine) -> None:
    log = Log()
    pool(log, [1, 2, 3, 4, 5, 6], range(8))
    owners = duck.load("owned", pa.table({"account": [1, 2, 3], "owner": [7, 7, 7]}))
    found = alike_sets(duck, log.table(duck), owners, NOBODY, 1, LinkageSettings())
    assert groups(found) == []
