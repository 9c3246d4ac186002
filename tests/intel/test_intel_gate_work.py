"""The gate at work: a second person, digests, counts that cost, what is taken back, a card for an authority."""

from __future__ import annotations

import json
import math
import random
import sqlite3
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from case_runs import Group, Sealed, sealed
from case_stores import stocked
from intel_runs import NOW, customer, gate, planted, told

from stillwatch.cases.database import Database
from stillwatch.errors import IntelError, StillwatchError
from stillwatch.intel.gate.aggregate import EDGE, Cell, Given, statistic
from stillwatch.intel.gate.disclosure import answer, disclose, permission
from stillwatch.intel.gate.export import Export, Stage
from stillwatch.intel.gate.gate import Gate
from stillwatch.intel.gate.ledger import Ledger, exact
from stillwatch.intel.gate.noise import discrete_laplace, noised, rare
from stillwatch.intel.gate.passing import Purpose
from stillwatch.intel.gate.source import of_case
from stillwatch.intel.gate.watched import Watched
from stillwatch.intel.stix.about_others import Stance, opinion
from stillwatch.intel.stix.facts import Facts, facts_of
from stillwatch.intel.stix.making import Maker
from stillwatch.intel.tlp import Tlp
from stillwatch.intel_settings import IntelSettings
from stillwatch.run.reading import Run


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    return told(tmp_path / "run", Group("camp-a", 12))[0]


@pytest.fixture
def door(tmp_path: Path) -> Gate:
    return gate(tmp_path)


def proposed(door: Gate, facts: Facts, **more: Any) -> Export:
    wanted: dict[str, Any] = {
        "by": "Anna",
        "purpose": Purpose.DETECTION,
        "level": Tlp.AMBER,
        "clearance": Tlp.AMBER,
        "now": NOW,
    }
    return door.propose(facts, Watched(), **(wanted | more))


def approved(door: Gate, export: Export) -> Export:
    return door.decide(export.number, by="Bela", sha256=export.sha256, agree=True, now=NOW)


def test_nothing_leaves_before_a_second_person_approved_exactly_it(door: Gate, facts: Facts) -> None:
    made = proposed(door, facts)
    assert made.stage is Stage.WAITING
    attempts: list[Callable[[], object]] = [
        lambda: door.release(made.number, by="Anna", to="a", now=NOW),
        lambda: door.decide(made.number, by="Anna", sha256=made.sha256, agree=True, now=NOW),
        lambda: door.decide(made.number, by=" \uff41NNA ", sha256=made.sha256, agree=True, now=NOW),
        lambda: door.decide(made.number, by="Bela", sha256="0" * 64, agree=True, now=NOW),
        lambda: door.decide(made.number, by="Bela", sha256=made.sha256[:11], agree=True, now=NOW),
        lambda: door.decide(made.number, by=" ", sha256=made.sha256, agree=True, now=NOW),
        lambda: door.decide(99, by="Bela", sha256=made.sha256, agree=True, now=NOW),
    ]
    for wrong in attempts:
        with pytest.raises(StillwatchError) as caught:
            wrong()
        assert caught.value.do
    assert door.export(made.number).stage is Stage.WAITING
    approved(door, made)
    assert door.release(made.number, by="Anna", to="hub", now=NOW).content == made.content
    assert door.releases(made.number) == [{"at": NOW, "by": "Anna", "to": "hub"}]
    shown = door.exports()[0].document()
    assert (shown["by"], shown["approver"], shown["purpose"]) == ("Anna", "Bela", "detection")
    assert (shown["tlp"], shown["sha256"]) == ("TLP:AMBER", made.sha256)


def test_what_was_refused_never_leaves(door: Gate, facts: Facts) -> None:
    made = proposed(door, facts)
    door.decide(made.number, by="Bela", sha256=made.sha256, agree=False, now=NOW, reason="too early")
    with pytest.raises(IntelError):
        approved(door, made)
    with pytest.raises(IntelError):
        door.release(made.number, by="Anna", to="a", now=NOW)
    again = proposed(door, facts)
    assert again.stage is Stage.WAITING
    assert again.content == made.content


@pytest.mark.parametrize("as_type", ["BLOB", "TEXT"])
def test_what_somebody_changed_in_the_store_does_not_leave(door: Gate, facts: Facts, as_type: str) -> None:
    made = approved(door, proposed(door, facts))
    with sqlite3.connect(str(door.database.file)) as store:
        store.execute(
            f"UPDATE gate_exports SET content = CAST(replace(content, 'operator', 'provider') AS {as_type})"
        )
    with pytest.raises(IntelError, match="digest"):
        door.release(made.number, by="Anna", to="a", now=NOW)


def test_the_same_campaign_is_the_same_bytes_and_a_change_is_a_new_version(door: Gate, facts: Facts) -> None:
    first = approved(door, proposed(door, facts))
    assert proposed(door, facts, now=NOW + 500).number == first.number
    from dataclasses import replace

    later = proposed(door, replace(facts, kinds=(("content", "strong"),)), now=NOW + 500)
    old = {one["id"]: one for one in first.objects}
    changed = [one for one in later.objects if old.get(one["id"]) != one]
    assert {one["type"] for one in changed} == {"campaign", "indicator"}
    for one in changed:
        assert one["created"] == old[one["id"]]["created"]
        assert one["modified"] > old[one["id"]]["modified"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"clearance": Tlp.GREEN}, "cleared for TLP:GREEN"),
        ({"level": Tlp.GREEN, "clearance": Tlp.CLEAR}, "cleared for TLP:CLEAR"),
    ],
)
def test_it_goes_to_nobody_who_is_not_cleared(
    door: Gate, facts: Facts, more: dict[str, Tlp], words: str
) -> None:
    with pytest.raises(IntelError, match=words):
        proposed(door, facts, **more)
    assert door.exports() == []


def test_a_campaign_of_few_accounts_does_not_leave(door: Gate, tmp_path: Path) -> None:
    few, _ = told(tmp_path / "few", Group("camp-b", 4))
    with pytest.raises(IntelError, match="fewer than 5 accounts"):
        proposed(door, few)
    with pytest.raises(IntelError, match="fewer than 5 accounts"):
        disclose(door, few, Watched(), owner="Counsel", by="Anna", level=Tlp.RED, now=NOW)


def test_the_second_lock_stops_what_the_run_holds(door: Gate, tmp_path: Path) -> None:
    run = planted(tmp_path / "zyx", [customer(number) for number in range(6)])
    facts = facts_of(Run(run), "C001")
    with pytest.raises(IntelError, match="accounts, in clear"):
        door.propose(
            facts,
            Watched(frozenset({"Suspected campaign"})),
            by="Anna",
            purpose=Purpose.DETECTION,
            level=Tlp.RED,
            clearance=Tlp.RED,
            now=NOW,
        )


def test_what_is_taken_back_is_told_to_all_and_comes_back_as_something_new(door: Gate, facts: Facts) -> None:
    with pytest.raises(IntelError, match="nothing of it was approved"):
        door.revoke("camp-a", by="Anna", reason="x", now=NOW)
    first = approved(door, proposed(door, facts))
    waiting = proposed(door, facts, purpose=Purpose.REPORT)
    back = door.revoke("camp-a", by="Anna", reason="an appeal was upheld", now=NOW)
    assert back.stage is Stage.APPROVED
    gone = {one["id"] for one in back.objects if one.get("revoked")}
    campaign = next(one for one in first.objects if one["type"] == "campaign")
    assert campaign["id"] in gone
    assert "an appeal" not in back.content.decode()
    assert not any(one["type"] in ("identity", "intrusion-set") for one in back.objects if one.get("revoked"))
    attempts: list[Callable[[], object]] = [
        lambda: approved(door, waiting),
        lambda: door.release(first.number, by="Anna", to="a", now=NOW),
        lambda: door.revoke("camp-a", by="Anna", reason="x", now=NOW),
        lambda: door.correct(campaign["id"], {"confidence": 1}, by="Anna", now=NOW),
    ]
    for stale in attempts:
        with pytest.raises(IntelError):
            stale()
    anew = proposed(door, facts, now=NOW + 9)
    assert gone.isdisjoint(one["id"] for one in anew.objects)


def test_what_nobody_approved_is_not_told_by_taking_it_back(door: Gate, facts: Facts) -> None:
    made = proposed(door, facts)
    campaign = next(one["id"] for one in made.objects if one["type"] == "campaign")
    for subject in ("camp-a", campaign):
        with pytest.raises(IntelError, match="approved"):
            door.revoke(subject, by="Anna", reason="x", now=NOW)


def test_a_correction_waits_for_a_second_person(door: Gate, facts: Facts) -> None:
    made = approved(door, proposed(door, facts))
    campaign = next(one["id"] for one in made.objects if one["type"] == "campaign")
    fixed = door.correct(campaign, {"confidence": 60}, by="Anna", now=NOW)
    assert fixed.stage is Stage.WAITING
    assert next(one for one in fixed.objects if one["id"] == campaign)["confidence"] == 60
    with pytest.raises(IntelError, match="description"):
        door.correct(campaign, {"description": "acct-12 did it"}, by="Anna", now=NOW)


def test_no_moment_that_leaves_tells_more_than_a_day(door: Gate, facts: Facts) -> None:
    made = approved(door, proposed(door, facts))
    one = next(one["id"] for one in made.objects if one["type"] == "indicator")
    with pytest.raises(IntelError, match="valid_until"):
        door.correct(one, {"valid_until": "2027-01-02T03:14:15.926535Z"}, by="Anna", now=NOW)
    assert door.correct(one, {"valid_until": "2027-01-02T00:00:00Z"}, by="Anna", now=NOW)


@pytest.mark.parametrize("by", ["Anna\ufe0f", "An\u034fna", "\u3164Anna", "\U000e0101anna", " \uff21nna"])
def test_a_name_with_letters_that_nobody_sees_is_no_second_person(door: Gate, facts: Facts, by: str) -> None:
    made = proposed(door, facts)
    with pytest.raises(IntelError, match="does not approve it"):
        door.decide(made.number, by=by, sha256=made.sha256, agree=True, now=NOW)


def test_an_opinion_on_what_others_shared_goes_the_same_way(door: Gate) -> None:
    theirs = "campaign--11111111-1111-4111-8111-111111111111"

    def say(us: Maker) -> list[dict[str, Any]]:
        return [opinion(us, theirs, Stance.DISAGREE)]

    wanted: dict[str, Any] = {
        "by": "Anna",
        "purpose": Purpose.DETECTION,
        "level": Tlp.GREEN,
        "clearance": Tlp.GREEN,
        "now": NOW,
    }
    with pytest.raises(IntelError, match="neither with it nor known"):
        door.say(say, "opinion", foreign=frozenset(), **wanted)
    made = door.say(say, "opinion", foreign=frozenset({theirs}), **wanted)
    assert made.stage is Stage.WAITING
    assert any(one["type"] == "opinion" for one in made.objects)


def test_noise_has_its_distribution() -> None:
    numbers = random.Random(7)
    drawn = Counter(discrete_laplace(Fraction(1, 2), numbers.randrange) for _ in range(20_000))
    for at in range(-4, 5):
        expected = math.tanh(0.25) * math.exp(-abs(at) / 2)
        assert abs(drawn[at] / 20_000 - expected) < 4 * math.sqrt(expected / 20_000)
    odd = Counter(discrete_laplace(Fraction(7, 3), numbers.randrange) for _ in range(5_000))
    assert abs(odd[0] / 5_000 - math.tanh(7 / 6)) < 0.03
    assert {noised(5, Fraction(50), numbers.randrange) for _ in range(50)} == {5}


def test_the_ledger_refuses_when_it_is_spent_and_asks_nothing_twice(door: Gate) -> None:
    with door.keeping() as session:
        ledger = Ledger(session, exact(1.0))
        first = ledger.count("accounts", ("a", "run"), 50, exact(0.5), NOW)
        assert [ledger.count("accounts", ("a", "run"), 90, exact(0.5), NOW) for _ in range(9)] == [first] * 9
        ledger.count("accounts", ("b", "run"), 50, exact(0.5), NOW)
        assert ledger.spent("2026") == 1
        with pytest.raises(IntelError, match="no more counts"):
            ledger.count("accounts", ("c", "run"), 50, exact(0.5), NOW)
        assert ledger.spent("2026") == 1
        assert ledger.count("accounts", ("c", "run"), 50, exact(0.5), NOW + 400 * 86_400) >= 0


def test_a_count_in_a_bundle_comes_from_the_ledger(tmp_path: Path, facts: Facts) -> None:
    door = gate(tmp_path, epsilon_total=0.5, epsilon_count=0.5)
    made = proposed(door, facts, count=True)
    told = next(one for one in made.objects if one["type"] == "sighting")["count"]
    assert told >= 0
    again = proposed(door, facts, count=True, purpose=Purpose.REPORT)
    assert next(one for one in again.objects if one["type"] == "sighting")["count"] == told
    other, _ = _other(tmp_path)
    with pytest.raises(IntelError, match="no more counts"):
        proposed(door, other, count=True)
    assert len(door.exports()) == 2


def _other(tmp_path: Path) -> tuple[Facts, Watched]:
    return told(tmp_path / "other", Group("camp-c", 12))


def test_a_statistic_tells_only_large_cells(door: Gate) -> None:
    cells = [Cell("AML.T0040", 500, 3), Cell("AML.T0054", 4, 3), Cell("AML.T0021", 500, 1)]
    settings = IntelSettings()
    with door.keeping() as session:
        ledger = Ledger(session, exact(4.0))
        given = statistic("techniques", "2026-11", cells, ledger, exact(2.0), settings, NOW)
        assert [one.of for one in given] == ["AML.T0040"]
        assert abs(given[0].accounts - 500) < 40
        assert isinstance(given[0], Given)
        assert ledger.spent("2026") == 2


def test_a_cell_at_the_edge_is_told_as_seldom_as_one_below(door: Gate) -> None:
    settings = IntelSettings()
    epsilon = exact(1.0)
    least = settings.least_accounts
    assert rare(epsilon, EDGE) == 14
    assert all(noised(least, epsilon) < least + 14 for _ in range(2_000))
    with door.keeping() as session:
        ledger = Ledger(session, exact(10**6))
        for accounts, told in ((least, 0), (least + 60, 200)):
            cells = [Cell(f"AML.T{at:04}", accounts, 3) for at in range(200)]
            found = statistic(f"techniques of {accounts}", "2026-11", cells, ledger, epsilon, settings, NOW)
            assert len(found) == told


def test_a_card_leaves_with_the_owners_permission_and_a_second_person(door: Gate, facts: Facts) -> None:
    card = disclose(door, facts, Watched(), owner="Counsel", by="Anna", level=Tlp.RED, now=NOW)
    asked = permission(door, card.number)
    assert asked is not None
    assert (asked.owner, asked.granted) == ("Counsel", None)
    approved(door, card)
    with pytest.raises(IntelError, match="has not answered"):
        door.release(card.number, by="Anna", to="agency", now=NOW)
    assert answer(door, card.number, granted=True, by="Anna", now=NOW).granted
    content = json.loads(door.release(card.number, by="Anna", to="agency", now=NOW).content)
    assert content["owner_permission_needed"] is True
    assert content["fields"]["accounts"] == {"confidentiality": "owner-permission", "value": "10-99"}
    with pytest.raises(IntelError, match="has answered"):
        answer(door, card.number, granted=False, by="Anna", now=NOW)
    other = disclose(door, facts, Watched(), owner="Counsel", by="Anna", level=Tlp.RED, now=NOW)
    approved(door, other)
    answer(door, other.number, granted=False, by="Anna", now=NOW)
    with pytest.raises(IntelError, match="has refused"):
        door.release(other.number, by="Anna", to="agency", now=NOW)
    bundle = proposed(door, facts)
    assert permission(door, bundle.number) is None
    with pytest.raises(IntelError, match="nobody is asked"):
        answer(door, bundle.number, granted=True, by="Anna", now=NOW)


def test_a_case_says_how_far_people_have_looked(tmp_path: Path) -> None:
    with stocked(str(tmp_path / "CASES.db"), tmp_path / "run") as cases:
        facts, watched = of_case(cases, 1)
        assert str(facts.review) == "suspected"
        assert facts.confidence == 50
        assert watched.values >= set(Group("camp-small").accounts())
        cases.close(1, "not distillation", by="Anna", reason="no")
        with pytest.raises(IntelError, match="closed as not distillation"):
            of_case(cases, 1)
        cases.move(2, "investigating", by="Anna", reason="so")
        cases.close(2, "victim", by="Anna", reason="so")
        assert str(of_case(cases, 2)[0].review) == "confirmed"


@pytest.mark.parametrize(
    "group",
    [Group("camp-a", verdict="authorised"), Group("camp-a", listed=False), Group("camp-a", verdict="benign")],
)
def test_what_is_allowed_or_not_listed_is_nothing_to_share(tmp_path: Path, group: Group) -> None:
    run = Run(sealed(tmp_path / "run", Sealed("run-1", [group])))
    with pytest.raises(IntelError):
        facts_of(run, "camp-a")
    with pytest.raises(IntelError):
        facts_of(run, "C404")


def test_a_store_of_a_newer_version_is_left_alone(door: Gate) -> None:
    with sqlite3.connect(str(door.database.file)) as store:
        store.execute("UPDATE intel_schema SET version = 99 WHERE piece = 'gate'")
    with pytest.raises(IntelError, match="newer version"):
        Gate(door.database, IntelSettings())


def test_a_provider_names_itself_once(door: Gate, facts: Facts) -> None:
    with pytest.raises(IntelError):
        door.name_itself("Acme Ltd")
    identity = door.name_itself("provider-b")
    made = proposed(door, facts)
    assert next(one for one in made.objects if one["id"] == identity)["name"] == "provider-b"
    assert door.name_itself("provider-c") == identity
    with pytest.raises(IntelError, match="another identity"):
        door.name_itself("provider-b", "identity--11111111-1111-4111-8111-111111111111")


def test_both_databases_keep_what_leaves(place: str, facts: Facts) -> None:
    with Database(place) as database:
        door = Gate(database, IntelSettings())
        made = approved(door, proposed(door, facts, count=True))
        assert door.release(made.number, by="Anna", to="a", now=NOW).content == made.content
        back = door.revoke("camp-a", by="Anna", reason="x", now=NOW)
        card = disclose(door, facts, Watched(), owner="Counsel", by="Anna", level=Tlp.RED, now=NOW)
        assert [one.number for one in door.exports()] == [card.number, back.number, made.number]
