"""Campaigns of two runs: which go on, which split, which follow, and what links within one run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from made_campaigns import TEMPLATE, campaign, runs

from stillwatch.run.lineage.accounts import matched, overlaps
from stillwatch.run.lineage.campaign import Campaign, Key
from stillwatch.run.lineage.keys import shared_keys, tells
from stillwatch.run.lineage.matching import LINKS, Lineage, lineage
from stillwatch.settings import IdentitySettings

SETTINGS = IdentitySettings()
Told = list[tuple[str, str, str]]


def told(found: Lineage, *, earlier: bool = True) -> Told:
    return [
        (link.campaign.name, link.link, link.other.name) for link in found.links if link.earlier is earlier
    ]


def named(run: list[Campaign], found: Lineage) -> list[Campaign]:
    """The run as a later one reads it."""
    return [
        replace(item, identity=found.identities[item.group], family=found.families[item.group])
        for item in run
    ]


@given(runs())
def test_a_run_matched_with_itself_is_the_same_all_over(run: list[Campaign]) -> None:
    first = lineage(run, [], SETTINGS)
    again = lineage(run, named(run, first), SETTINGS)
    assert sorted(told(again)) == sorted((item.name, "same", item.name) for item in run)
    assert again.identities == first.identities
    assert again.families == first.families
    assert told(again, earlier=False) == told(first, earlier=False)


@given(runs(), runs())
def test_either_run_may_be_called_the_earlier(new: list[Campaign], old: list[Campaign]) -> None:
    """The same pairs are found, and what split in one direction was taken in in the other."""
    there, back = (matched(overlaps(*pair, SETTINGS.overlap)) for pair in ((new, old), (old, new)))
    assert {(p.new.group, p.old.group) for p in there.pairs} == {
        (p.old.group, p.new.group) for p in back.pairs
    }
    assert {(p.new.group, p.old.group) for p in there.parts} == {
        (p.old.group, p.new.group) for p in back.parts
    }


@given(runs(), runs())
def test_every_campaign_has_an_identity_of_its_own(new: list[Campaign], old: list[Campaign]) -> None:
    before = named(old, lineage(old, [], SETTINGS))
    found = lineage(new, before, SETTINGS)
    assert set(found.identities) == set(found.families) == {item.group for item in new}
    assert len(set(found.identities.values())) == len(new)
    known = {item.identity for item in before}
    kept = {name for name, link, _ in told(found) if link in ("same", "grew")}
    assert {item.name for item in new if found.identities[item.group] in known} == kept
    assert all(link.link in LINKS for link in found.links)


@given(runs())
def test_related_campaigns_are_told_from_both_sides_and_are_one_family(run: list[Campaign]) -> None:
    found = lineage(run, [], SETTINGS)
    pairs = [(link.campaign, link.other, link.keys) for link in found.links]
    assert [(a.name, b.name) for a, b, _ in pairs if (b, a) not in [(x, y) for x, y, _ in pairs]] == []
    for one, other, keys in pairs:
        assert found.families[one.group] == found.families[other.group]
        assert keys == shared_keys(other.keys, one.keys)
        assert one.listed
        assert other.listed


def test_a_campaign_grows_and_keeps_its_identity() -> None:
    old = campaign(1, range(60), TEMPLATE)
    new = campaign(7, range(5, 100), TEMPLATE)
    found = lineage([new], [old], SETTINGS)
    (link,) = found.links
    assert (link.link, link.accounts, len(new.accounts) - link.accounts) == ("grew", 55, 40)
    assert found.identities[7] == found.families[7] == old.identity


def test_one_that_lost_accounts_is_still_the_same() -> None:
    old, new = campaign(1, range(20)), campaign(1, range(12))
    assert told(lineage([new], [old], SETTINGS)) == [("C001", "same", "C001")]


def test_too_few_accounts_in_common_are_another_campaign() -> None:
    old, new = campaign(1, range(20)), campaign(1, range(11, 31))
    found = lineage([new], [old], SETTINGS)
    assert found.links == []
    assert found.identities[1] == new.identity != old.identity


def test_the_largest_part_of_a_split_keeps_the_identity() -> None:
    old = campaign(1, range(30))
    new = [campaign(1, range(18, 30)), campaign(2, range(18)), campaign(3, range(40, 50))]
    found = lineage(new, [old], SETTINGS)
    assert told(found) == [("C001", "split", "C001"), ("C002", "same", "C001")]
    assert found.identities[2] == old.identity
    assert found.identities[1] == new[0].identity
    assert found.families[1] == found.families[2] == old.family != found.families[3]


def test_a_merged_campaign_keeps_the_identity_of_the_largest() -> None:
    old = [campaign(1, range(10)), campaign(2, range(10, 35)), campaign(3, range(50, 60), listed=False)]
    found = lineage([campaign(1, range(40))], old, SETTINGS)
    assert told(found) == [("C001", "grew", "C002"), ("C001", "merged", "C001")]
    assert found.identities[1] == old[1].identity


def test_a_pool_that_replaces_banned_accounts_is_a_successor() -> None:
    old = campaign(1, range(50), TEMPLATE)
    new = campaign(1, range(100, 130), TEMPLATE, day=14)
    found = lineage([new], [old], SETTINGS)
    assert told(found) == [("C001", "successor", "C001")]
    assert found.identities[1] == new.identity != old.identity, "keys can be copied: they carry no identity"
    assert found.families[1] == old.family


def test_a_successor_in_a_run_where_the_old_pool_still_is_has_both_links() -> None:
    old = campaign(1, range(50), TEMPLATE)
    new = [campaign(1, range(50), TEMPLATE), campaign(2, range(100, 130), TEMPLATE, day=14)]
    found = lineage(new, [old], SETTINGS)
    assert told(found) == [("C001", "same", "C001"), ("C002", "successor", "C001")]
    assert told(found, earlier=False) == [("C001", "related", "C002"), ("C002", "related", "C001")]
    assert set(found.families.values()) == {old.family}


def test_what_began_before_is_related_and_follows_nothing() -> None:
    old, new = campaign(1, range(50), TEMPLATE, day=14), campaign(1, range(100, 130), TEMPLATE)
    assert told(lineage([new], [old], SETTINGS)) == [("C001", "related", "C001")]


def test_only_listed_campaigns_have_followers() -> None:
    old = campaign(1, range(50), TEMPLATE, listed=False)
    assert lineage([campaign(1, range(100, 130), TEMPLATE, day=14)], [old], SETTINGS).links == []
    owner = campaign(1, range(100, 130), TEMPLATE, kind="declared", listed=False, day=14)
    assert lineage([owner], [campaign(1, range(50), TEMPLATE)], SETTINGS).links == []


@pytest.mark.parametrize(
    ("keys", "links"),
    [
        (TEMPLATE, 2),
        ({number: TEMPLATE[number] for number in (2, 3)}, 0),
        ({number: replace(key, nats=1.0) for number, key in TEMPLATE.items()}, 0),
        ({4: TEMPLATE[4], 2: replace(TEMPLATE[2], nats=0.5)} | {9: Key("tools", 9.0)}, 0),
    ],
    ids=["all", "one facet alone", "too light", "too small a share"],
)
def test_a_few_keys_in_common_are_no_relation(keys: dict[int, Key], links: int) -> None:
    run = [campaign(1, range(10), TEMPLATE), campaign(2, range(20, 40), keys)]
    assert len(lineage(run, [], SETTINGS).links) == links
    assert tells(shared_keys(TEMPLATE, keys), SETTINGS) is (links > 0)


def test_an_owner_and_one_of_its_accounts_are_never_each_other() -> None:
    run = [
        campaign(1, range(4), TEMPLATE, kind="declared"),
        campaign(2, [0], TEMPLATE, kind="single"),
    ]
    found = lineage(run, run, SETTINGS)
    assert told(found) == [("C001", "same", "C001"), ("C002", "same", "C002")]
    assert told(found, earlier=False) == []


def test_an_account_of_an_owner_that_a_group_took_in_is_not_told_twice() -> None:
    old = [campaign(1, range(4), kind="declared"), campaign(2, [0], kind="single")]
    assert told(lineage([campaign(1, range(6))], old, SETTINGS)) == [("C001", "grew", "C001")]


def test_an_identity_that_an_earlier_campaign_has_is_not_given_again() -> None:
    """The earlier one was first seen with the accounts of a part that splits from it now."""
    part = campaign(2, range(12))
    old = replace(campaign(1, range(30)), identity=part.identity, family=part.identity)
    found = lineage([campaign(1, range(12, 30)), part], [old], SETTINGS)
    assert found.identities == {1: part.identity, 2: f"{part.identity}-2"}


def test_a_family_is_called_after_the_oldest_campaign_that_links_lead_to() -> None:
    other = {number + 10: key for number, key in TEMPLATE.items()}
    old = [campaign(1, range(10), TEMPLATE, day=3), campaign(2, range(20, 30), other, day=1)]
    new = [campaign(1, range(10), TEMPLATE | other, day=3), campaign(2, range(20, 30), other, day=1)]
    assert set(lineage(new, old, SETTINGS).families.values()) == {old[1].family}
