"""Operators whose accounts share little, and people who share much, as small constructed sets of traces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from small_world import declared

from stillwatch.engine import DuckDBEngine
from stillwatch.linkage import link
from stillwatch.schema.keyed import salt
from stillwatch.schema.table import values
from stillwatch.settings import EngineSettings, LinkageSettings

STRANGERS = 3_000
STRATA = 3
SETTINGS = LinkageSettings()


@dataclass
class Traces:
    """Traces that are written by hand over those of strangers; accounts are numbered from 0."""

    seed: int = 1
    size: int = 0
    """Accounts beside the strangers, numbered from STRANGERS."""
    rows: dict[tuple[int, str, int], None] = field(default_factory=dict)
    """Account, facet and value of each trace."""

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)

    @property
    def own(self) -> range:
        """The accounts beside the strangers."""
        return range(STRANGERS, STRANGERS + self.size)

    def ordinary(self, accounts: Iterable[int]) -> None:
        """What anybody has: a program, a mail rule, a few addresses and minutes that a stranger may share."""
        for account in accounts:
            program = int(min(self.rng.zipf(1.5), 60))
            self.put("client", [account], program)
            self.put("ja4", [account], program // 4)
            self.put("mail_shape", [account], int(min(self.rng.zipf(1.4), 80)))
            self.put("registration", [account], int(self.rng.integers(0, 300)))
            self.put("network", [account], int(min(self.rng.zipf(1.4), 100)))
            self.put("network_class", [account], int(self.rng.random() < 0.7))
            for _ in range(6):
                self.put("onset", [account], int(self.rng.integers(0, 5_000)))
            self.put("address", [account], int(self.rng.integers(0, 2_000)))

    def put(self, facet: str, accounts: Iterable[int], value: int) -> None:
        """Give accounts a mark."""
        self.rows |= {(account, facet, value): None for account in accounts}

    def take(self, facet: str, accounts: Iterable[int]) -> None:
        """Take a kind of mark from accounts."""
        gone = set(accounts)
        self.rows = {row: None for row in self.rows if row[1] != facet or row[0] not in gone}

    def groups(self, owners: dict[int, int] | None = None) -> list[set[int]]:
        """The groups that linkage makes of them; keys of one account are left out, as facets do."""
        carried = Counter(row[1:] for row in self.rows)
        account, facet, value = zip(*(row for row in self.rows if carried[row[1:]] > 1), strict=True)
        table: dict[str, Any] = {
            "account": pa.array(account, pa.int64()),
            "facet": pa.array(facet),
            "key": pa.array([own ^ salt(name) for name, own in zip(facet, value, strict=True)], pa.int64()),
        }
        everyone = STRANGERS + self.size
        peers = {"account": pa.array(range(everyone)), "stratum": pa.array(np.arange(everyone) % STRATA)}
        with DuckDBEngine(EngineSettings(memory="1GB", threads=2)) as engine:
            found = link(
                engine,
                engine.load("traces", pa.table(table)),
                engine.load("strata", pa.table(peers)),
                declared(engine, owners),
                SETTINGS,
                lambda _step: None,
            )
        groups: dict[int, set[int]] = {}
        for group, person in zip(
            values(found.members, "group"), values(found.members, "account"), strict=True
        ):
            groups.setdefault(group, set()).add(person)
        return list(groups.values())


def world(size: int, seed: int = 1) -> Traces:
    """Strangers and so many more accounts, all of them ordinary so far."""
    traces = Traces(seed, size)
    traces.ordinary(range(STRANGERS + size))
    return traces


def found_whole(groups: list[set[int]], accounts: Iterable[int], share: float = 0.9) -> None:
    """Check that there is one group, with nearly all of the accounts and nearly nobody else."""
    wanted = set(accounts)
    assert len(groups) == 1, [len(group) for group in groups]
    (group,) = groups
    assert len(group & wanted) >= share * len(wanted)
    assert len(group & wanted) >= 0.98 * len(group)


def test_strangers_form_no_group() -> None:
    for seed in range(3):
        assert world(0, seed).groups() == []


@pytest.mark.parametrize(("size", "rule"), [(40, 6), (300, 4), (1_200, 10)])
def test_a_tls_key_that_nobody_else_carries_and_one_mail_rule_make_a_group(size: int, rule: int) -> None:
    """Of the strangers 2.5, 5 and 1.5 % have the mail rule."""
    traces = world(size)
    for facet, value in (("ja4", 901), ("mail_shape", rule)):
        traces.take(facet, traces.own)
        traces.put(facet, traces.own, value)
    found_whole(traces.groups(), traces.own)


def test_cards_and_minutes_that_cross_make_a_group() -> None:
    traces = world(48)
    for account in traces.own:
        place = account - STRANGERS
        traces.put("payment", [account], 700 + place // 6)
        for day in range(6):
            traces.put("onset", [account], 10_000 + 10 * (place % 7) + day)
    found_whole(traces.groups(), traces.own)


def test_families_with_one_card_each_are_no_group() -> None:
    traces = world(60)
    for account in traces.own:
        traces.put("payment", [account], 700 + (account - STRANGERS) // 3)
    assert traces.groups() == []


def test_twenty_hobbyists_with_one_program_are_no_group() -> None:
    traces = world(20)
    traces.take("client", traces.own)
    traces.put("client", traces.own, 901)
    traces.put("ja4", traces.own, 902)
    traces.take("network", traces.own)
    for account in traces.own:
        traces.put("network", [account], 2 + account % 3)
    traces.take("network_class", traces.own)
    traces.put("network_class", traces.own, 0)
    assert traces.groups() == []


def test_people_who_come_on_one_day_with_one_kit_are_no_group() -> None:
    traces = world(40)
    for facet, value in (("client", 901), ("registration", 902)):
        traces.take(facet, traces.own)
        traces.put(facet, traces.own, value)
    assert traces.groups() == []


def test_pupils_at_home_who_share_their_lesson_and_their_hour_of_registration_are_no_group() -> None:
    traces = world(30)
    traces.take("registration", traces.own)
    traces.put("registration", traces.own, 902)
    for lesson in range(3):
        traces.put("onset", traces.own, 10_000 + lesson)
    assert traces.groups() == []


def test_two_schools_that_registered_on_one_day_are_two_groups() -> None:
    traces = world(60)
    traces.take("registration", traces.own)
    traces.put("registration", traces.own, 902)
    traces.take("mail_shape", traces.own)
    traces.put("mail_shape", traces.own, 903)
    traces.take("client", traces.own)
    traces.put("client", traces.own, 3)
    schools = [set(range(STRANGERS + 30 * place, STRANGERS + 30 * (place + 1))) for place in range(2)]
    for place, pupils in enumerate(schools):
        traces.put("mail_domain", pupils, 700 + place)
        traces.put("address", pupils, 7_000 + place)
        for lesson in range(3):
            traces.put("onset", pupils, 10_000 + lesson)
    groups = traces.groups()
    assert sorted(map(len, groups)) == [30, 30]
    assert all(group in schools for group in groups)


def test_an_office_of_one_declared_owner_is_no_group() -> None:
    traces = world(30)
    for facet in ("mail_domain", "address", "payment", "subnet"):
        traces.put(facet, traces.own, 7_000)
    assert traces.groups(dict.fromkeys(traces.own, 1)) == []
