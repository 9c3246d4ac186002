"""Which accounts a group names, and how keys are shown."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from stillwatch.campaigns import assemble
from stillwatch.heldout.content import CLOSE, LEAST_MISSING, HeldOut
from stillwatch.heldout.error_control import bound
from stillwatch.heldout.members import CERTAIN, Tiers, discoveries, tiers
from stillwatch.heldout.semantic_evidence import NOTHING, SemanticEvidence
from stillwatch.registry import FACETS
from stillwatch.report_tables.labels import labels_of, shown
from stillwatch.schema.codes import Null, NullTested
from stillwatch.schema.flags import Flag
from stillwatch.schema.table import values
from stillwatch.settings import CampaignSettings, LinkageSettings

TESTED = NullTested(Null.CONTENT)
EVERYONE = 100_000
LINKAGE = LinkageSettings(smallest_group=8)
SETTINGS = CampaignSettings()


def held(
    nats: dict[int, float],
    carried: float = 0.9,
    semantic: dict[int, float] | None = None,
    p_values: dict[int, float] | None = None,
) -> HeldOut:
    """What was held out of group 1; p_values: of accounts that are not wholly unlike their peers."""
    known = np.array(sorted(nats), np.int64)
    content = {1: (known, np.array([nats[int(account)] for account in known]))} if nats else {}
    alike = sorted((semantic or {}).items())
    meant = (
        SemanticEvidence(
            True, {1: 40.0}, {}, {1: (np.array([a for a, _ in alike]), np.array([n for _, n in alike]))}
        )
        if alike
        else NOTHING
    )
    ranked = {(1, account): 0.001 for account in range(60)} | {
        (1, account): p for account, p in (p_values or {}).items()
    }
    return HeldOut(EVERYONE, {1: TESTED}, {1: 50.0}, ranked, content, {1: carried}, {1: ["head"]}, meant)


def rows(nats: dict[int, float]) -> pa.Table:
    accounts = list(nats)
    return pa.table(
        {
            "group": pa.array([1] * len(accounts), pa.int32()),
            "account": pa.array(accounts, pa.int64()),
            "nats": pa.array(nats.values(), pa.float64()),
        }
    )


def tiered(members: dict[int, float], near: dict[int, float], found: HeldOut) -> Tiers:
    return tiers(rows(members), rows(near), found, EVERYONE, LINKAGE, SETTINGS)


def named(members: dict[int, float], near: dict[int, float], found: HeldOut) -> dict[int, float]:
    """Accounts of the tier named, with their nats."""
    return {
        row["account"]: row["nats"]
        for row in tiered(members, near, found).counted.to_pylist()
        if row["tier"] == "named"
    }


def tier_of(found: Tiers) -> dict[int, tuple[str, str]]:
    return {row["account"]: (row["tier"], row["reason"]) for row in found.every().to_pylist()}


def test_an_account_is_named_where_its_evidence_outweighs_the_prior_a_hundredfold() -> None:
    needed = math.log(EVERYONE / 11) + CERTAIN
    strong = dict.fromkeys(range(10), needed - 3.0 + 0.2)
    found = held(dict.fromkeys(range(11), 3.0))
    assert set(named(strong | {10: needed - 3.0 - 0.01}, {}, found)) == set(range(10))
    assert set(named(strong | {10: needed - 3.0 + 0.01}, {}, found)) == set(range(11))
    assert named(strong, {}, found)[3] == pytest.approx(needed + 0.2, abs=1e-5)


def test_a_rarer_group_needs_more_and_naming_nats_is_the_least() -> None:
    members = dict.fromkeys(range(20), 11.0)
    found = held({})
    assert named(members, {}, found) == {}, "twenty of a hundred thousand need 13.1 nats"
    common = tiers(rows(members), rows({}), found, 40, LINKAGE, SETTINGS)
    assert len(common.named()[1]) == 20
    weaker = tiers(rows(dict.fromkeys(range(20), 9.9)), rows({}), found, 40, LINKAGE, SETTINGS)
    assert weaker.named() == {}


def test_a_member_without_the_groups_content_is_worth_less_the_more_the_others_carry_it() -> None:
    members = dict.fromkeys(range(10), 20.0)
    content = dict.fromkeys(range(9), 5.0)
    assert named(members, {}, held(content, carried=0.5))[9] == pytest.approx(20.0 + math.log(0.5), abs=1e-5)
    assert named(members, {}, held(content, carried=1.0))[9] == pytest.approx(
        20.0 + math.log(LEAST_MISSING), abs=1e-5
    )
    assert named(members, {}, held({}, carried=0.0))[9] == 20.0, (
        "a group without content says nothing of anyone"
    )


def test_content_is_capped_as_a_family() -> None:
    assert (
        named(dict.fromkeys(range(10), 20.0), {}, held(dict.fromkeys(range(10), 99.0)))[0]
        == 20.0 + LINKAGE.family_cap_nats
    )


def test_meaning_counts_where_a_rewritten_template_leaves_no_keys() -> None:
    members = dict.fromkeys(range(10), 9.0)
    assert named(members, {}, held({}, carried=0.0)) == {}
    alike = dict.fromkeys(range(10), 5.0)
    assert named(members, {}, held({}, carried=0.0, semantic=alike)) == dict.fromkeys(range(10), 14.0)


@pytest.mark.parametrize(
    ("keys", "semantic", "content"),
    [
        (6.0, 3.0, 7.0),
        (3.0, 6.0, 7.0),
        (6.0, -3.0, 5.0),
        (9.0, 6.0, LINKAGE.family_cap_nats),
        (3.0, -6.0, math.log(LEAST_MISSING) + 1.0),
    ],
)
def test_keys_and_meaning_are_told_by_one_template_so_the_weaker_counts_a_third(
    keys: float, semantic: float, content: float
) -> None:
    found = held(dict.fromkeys(range(10), keys), semantic=dict.fromkeys(range(10), semantic))
    assert named(dict.fromkeys(range(10), 30.0), {}, found)[0] == pytest.approx(30.0 + content, abs=1e-5)


@given(st.floats(-9, 20), st.floats(-9, 20))
def test_what_content_is_made_of_adds_up_to_it(keys: float, semantic: float) -> None:
    found = held(dict.fromkeys(range(10), keys), semantic=dict.fromkeys(range(10), semantic))
    members = rows(dict.fromkeys(range(10), 30.0))
    for row in tiers(members, rows({}), found, EVERYONE, LINKAGE, SETTINGS).every().to_pylist():
        assert row["formation"] == 30.0
        assert row["nats"] == pytest.approx(30.0 + row["keys"] + row["semantic"] + row["cap"], abs=5e-6)
        assert row["cap"] <= 0.0 or row["keys"] + row["semantic"] < 0.0


def test_nobody_is_named_on_content_alone() -> None:
    members = dict.fromkeys(range(10), 30.0)
    content = dict.fromkeys(range(10), 6.0) | dict.fromkeys(range(50, 54), 9.9)
    near = {50: 7.9, 51: CLOSE - 0.1, 52: CLOSE + 0.1, 53: 0.5, 54: 7.9}
    found = tiered(members, near, held(content, p_values={52: 0.3}))
    assert set(found.named()[1]) == {*range(10), 50}, "50 has evidence of both kinds"
    assert 51 not in tier_of(found), "too little shared to be tested, and not told"
    assert tier_of(found)[52] == ("near", "little-shared"), "like its client's other users"
    assert 53 not in tier_of(found)
    assert 54 not in tier_of(found), "it lacks the group's content"


def test_nobody_is_named_on_formation_alone() -> None:
    """The employees of an office whose address and client a campaign borrows share the marks, not the work."""
    members = dict.fromkeys(range(40), 30.0)
    p_values = {account: 0.21 + 0.02 * (account - 20) for account in range(20, 40)}
    found = tiered(members, {}, held(dict.fromkeys(range(40), 6.0), p_values=p_values))
    assert found.named()[1] == set(range(20))
    assert {account: tier_of(found)[account] for account in range(20, 40)} == dict.fromkeys(
        range(20, 40), ("present", "like-its-client")
    )
    assert set(values(found.counted, "account")) == set(range(20)), "nothing rests on those present"


def test_where_too_few_are_named_all_are_present() -> None:
    weak = dict.fromkeys(range(8, 30), 0.4)
    assert len(named(dict.fromkeys(range(8), 30.0), {}, held({}))) == 8
    few = tiered(
        dict.fromkeys(range(7), 30.0) | dict.fromkeys(range(8, 30), 30.0), {}, held({}, p_values=weak)
    )
    assert few.named() == {}
    assert tier_of(few)[0] == ("present", "too-few-named")
    assert tier_of(few)[9] == ("present", "like-its-client")
    assert few.counted.num_rows == 29, "the group is then told by all who are present"


@given(st.lists(st.floats(0.0001, 1.0), max_size=40), st.floats(0.01, 0.5))
def test_discoveries_are_those_of_benjamini_and_hochberg(p_values: list[float], level: float) -> None:
    found = discoveries(np.array(p_values), level)
    if p_values:
        adjusted = false_discovery_control(p_values)
        assume(float(np.abs(adjusted - level).min()) > 1e-9)
        assert found.tolist() == (adjusted <= level).tolist()
    else:
        assert found.tolist() == []


def group(number: int, log_e: float, **changed: Any) -> assemble.Tested:
    sums = {"n": 5000, "read": 10, "written": 20, "first": 0, "last": 3600, "texts": 0} | {
        (flag.name or "").lower(): 0 for flag in Flag
    }
    usual: dict[str, Any] = {
        "kind": "linked",
        "sums": sums,
        "intents": [],
        "scores": {},
        "null": TESTED,
        "held_out": ["head"],
        "at_least": 0,
        "accounts": {1},
        "account_ids": {"a"},
        "organisations": {""},
        "models": {"m"},
    }
    return assemble.Tested(group=number, log_e=log_e, **(usual | changed))


def test_the_bound_counts_named_accounts_among_all_that_were_tested() -> None:
    p_values = dict.fromkeys(range(30), 1e-4) | dict.fromkeys(range(30, 60), 1.0)
    assert bound(p_values, set(range(10)), SETTINGS.bound_level) == 10
    assert bound({}, set(range(10)), SETTINGS.bound_level) == 0, (
        "where nothing was tested, nothing is claimed"
    )


def test_a_benign_group_is_not_listed_whatever_its_e_value() -> None:
    table = assemble.campaigns_table(
        [group(1, 500.0), group(2, -3.0)], [True, False], [], SETTINGS
    ).to_pylist()
    assert [(row["campaign"], row["listed"], row["verdict"]) for row in table] == [
        ("G0001", False, "benign"),
        ("G0002", False, "benign"),
    ]
    assert [row["p_value"] for row in table] == [pytest.approx(0.0, abs=1e-200), 1.0]


LABELS = labels_of(
    pa.table(
        {
            "kind": ["client", "client", "head"],
            "key": pa.array([5, 5, 6], pa.int64()),
            "label": ["zeta/1", "alpha/2", "words of a template"],
        }
    )
)


@pytest.mark.parametrize("name", list(FACETS.all()))
def test_a_key_is_shown_by_its_label_or_its_facet_or_a_short_hash(name: str) -> None:
    facet = FACETS.all()[name]
    if facet.show is None:
        assert shown(name, -123_456_789, LABELS) == f"{name} ffffffff"
    else:
        assert shown(name, 123_456, LABELS) == facet.show(123_456)
    if facet.label:
        assert shown(name, 7, {(facet.label, 7): "the label"}) == "the label"


@given(
    st.lists(
        st.tuples(st.sampled_from(["client", "head"]), st.integers(-3, 3), st.sampled_from(["a", "b", "c"])),
        max_size=12,
    )
)
def test_a_book_of_labels_is_a_mapping_of_the_smallest_ones(rows: list[tuple[str, int, str]]) -> None:
    kinds, keys, labels = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    table = pa.table(
        {
            "kind": pa.array(kinds, pa.string()),
            "key": pa.array(keys, pa.int64()),
            "label": pa.array(labels, pa.string()),
        }
    )
    half = len(rows) // 2
    book = labels_of(table[:half], table[half:])
    wanted: dict[tuple[str, int], str] = {}
    for kind, key, label in sorted(rows):
        wanted.setdefault((kind, key), label)
    assert dict(book) == wanted
    assert len(book) == len(wanted)
    assert all((("client", key) in book) == (("client", key) in wanted) for key in range(-4, 5))
    assert book.get(("nothing", 1)) is None


def test_the_smallest_of_several_labels_is_shown() -> None:
    assert shown("client", 5, LABELS) == "alpha/2"
    assert shown("head", 6, LABELS) == "words of a template"
    assert shown("head", 5, LABELS).startswith("head 0000")
