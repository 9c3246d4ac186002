"""What is made of a campaign: valid STIX, MITRE's ids, marked, in versions."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from case_runs import NOON, Group
from intel_runs import IDENTITY, maker, told

from stillwatch.errors import IntelError
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.stix import project
from stillwatch.intel.stix.about_others import Stance, attribution, opinion, sighting
from stillwatch.intel.stix.atlas import atlas
from stillwatch.intel.stix.bundle import again, bundle_bytes
from stillwatch.intel.stix.checking import checked
from stillwatch.intel.stix.decay import DECAYS, decayed, until
from stillwatch.intel.stix.extension import NAMES_BEHAVIOURS
from stillwatch.intel.stix.making import SharedToken, objects_of
from stillwatch.intel.stix.mapping import ALWAYS, OF_ROLES, OF_SIGNALS
from stillwatch.intel.stix.marking import level_of_object
from stillwatch.intel.stix.own_checks import moment_of
from stillwatch.intel.stix.versions import corrected, newest, revoked
from stillwatch.intel.tlp import IDS, Tlp
from stillwatch.registry import SIGNALS

TOKEN = SharedToken(IndicatorKind.ASN, "2026-W48", "voprf-ristretto255-sha512", "ab" * 32)
OASIS = {
    "TLP:CLEAR": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "TLP:GREEN": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "TLP:AMBER": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "TLP:AMBER+STRICT": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "TLP:RED": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Objects of a campaign with every signal, and of what is said about others."""
    group = Group("camp-a", 12, families=("content", "network"), signals=tuple(sorted(SIGNALS.all())))
    facts, _ = told(tmp_path_factory.mktemp("made") / "run", group)
    us = maker()
    objects = objects_of(facts, us, [TOKEN], count=11)
    campaign = _one(objects, "campaign")["id"]
    return [
        *objects,
        *attribution(us, campaign, "Example Forum", "https://example.org/reports/1"),
        opinion(us, campaign, Stance.AGREE),
    ]


def _one(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(one for one in objects if one["type"] == kind)


def test_a_bundle_is_valid_and_comes_back_byte_for_byte(made: list[dict[str, Any]]) -> None:
    from stix2validator import ValidationOptions, validate_string

    data = bundle_bytes(made)
    assert again(data) == data
    result = validate_string(data.decode(), ValidationOptions(version="2.1", silent=True))
    assert result.is_valid, [str(error) for error in result.errors]
    codes = {str(one).partition("{")[2].partition("}")[0] for one in result.warnings}
    # 103: MITRE's, OASIS's and CACAO's ids are no UUIDv4; 245: a pattern type of our own; 302: no hash of a page.
    assert codes <= {"103", "245", "302"}
    assert not checked(json.loads(data)["objects"]).refused


def test_every_kind_of_object_is_there_with_maker_and_marking(made: list[dict[str, Any]]) -> None:
    wanted = [
        "identity",
        "extension-definition",
        "marking-definition",
        "campaign",
        "intrusion-set",
        "indicator",
        "attack-pattern",
        "sighting",
        "course-of-action",
        "note",
        "opinion",
        "grouping",
        "report",
        "relationship",
    ]
    assert {one["type"] for one in made} == set(wanted)
    for one in made:
        if one["type"] == "marking-definition":
            continue
        assert one["created_by_ref"] in (IDENTITY, project.IDENTITY)
        assert len(one["object_marking_refs"]) == 1
        public = one["created_by_ref"] == project.IDENTITY or one["id"] == IDENTITY
        assert level_of_object(one) == (Tlp.CLEAR if public else Tlp.AMBER)


def test_markings_have_the_ids_of_oasis() -> None:
    assert {level.label: IDS[level] for level in Tlp} == OASIS
    assert [project.tlp_definition(level)["id"] for level in Tlp] == list(OASIS.values())


def test_techniques_are_those_of_the_vendored_table(made: list[dict[str, Any]]) -> None:
    table = atlas()
    assert table.version == "5.6.0"
    known = {
        "AML.T0024.002": "attack-pattern--3f567912-629a-5e0b-ab0c-0102977c2d6c",
        "AML.T0008.005": "attack-pattern--647ac4ac-b2bc-53f7-ab83-81f421a1f0b5",
        "AML.T0005.001": "attack-pattern--298dc6c6-5683-5475-b724-2a2a3db3a7dc",
        "AML.T0021": "attack-pattern--d3d7763a-58e1-5e38-84fd-3abea967cb08",
        "AML.T0040": "attack-pattern--5ac1f849-523e-51bf-a1e9-1a97ab91cc91",
        "AML.T0048.004": "attack-pattern--73772ced-edba-578c-bacd-703e082a9c57",
    }
    assert {name: table.techniques[name].stix_id for name in known} == known
    own = set(project.own_techniques())
    mapped = {one for ids in (*OF_SIGNALS.values(), *OF_ROLES.values(), ALWAYS) for one in ids}
    assert mapped - own <= set(table.techniques)
    assert set(OF_SIGNALS) <= set(SIGNALS.all())
    uses = {one["target_ref"] for one in made if one.get("relationship_type") == "uses"}
    mitre = {one.stix_id for one in table.techniques.values()}
    assert uses <= mitre | own
    assert {one["id"] for one in made if one["type"] == "attack-pattern"} == own
    for one in made:
        for ref in one.get("external_references", ()):
            if ref["source_name"] == "mitre-atlas":
                assert table.techniques[ref["external_id"]].url == ref["url"]
        said = one.get("extensions", {}).get(project.EXTENSION)
        assert said is None or said["atlas_version"] == table.version


@pytest.mark.parametrize("level", list(Tlp))
def test_behaviours_are_named_to_high_clearances_only(tmp_path: Path, level: Tlp) -> None:
    facts, _ = told(tmp_path / "run")
    text = bundle_bytes(objects_of(facts, maker(level))).decode()
    assert ("dealt_questions" in text) is (level >= NAMES_BEHAVIOURS)
    assert '"network"' in text


def test_indicators_hold_from_and_until(made: list[dict[str, Any]]) -> None:
    for one in made:
        if one["type"] == "indicator":
            start, end = moment_of(one["valid_from"]), moment_of(one["valid_until"])
            assert start is not None
            assert end is not None
            assert start < end
    token = next(one for one in made if one.get("pattern_type") == "stillwatch-token")
    assert token["pattern"] == f"token:v1:asn:2026-W48:{'ab' * 32}"
    last = moment_of(_one(made, "campaign")["last_seen"])
    assert last is not None
    assert moment_of(token["valid_until"]) == until(IndicatorKind.ASN, last)


def test_confidence_decays_by_kind_and_a_sighting_starts_anew() -> None:
    assert set(DECAYS) == set(IndicatorKind)
    seen = NOON
    for kind, how in DECAYS.items():
        left = [
            decayed(80, kind, seen, seen + timedelta(days=how.days * part)) for part in (-1, 0, 0.5, 1, 2)
        ]
        assert left[:2] == [80, 80]
        assert 0 < left[2] < 80
        assert left[3:] == [0, 0]
        assert until(kind, seen) == seen + timedelta(days=how.days)
    later = seen + timedelta(days=6)
    assert (
        decayed(80, IndicatorKind.ADDRESS, later, later)
        == 80
        > decayed(80, IndicatorKind.ADDRESS, seen, later)
    )
    assert decayed(80, IndicatorKind.ASN, seen, later) > decayed(80, IndicatorKind.ADDRESS, seen, later)


def test_versions_are_corrected_and_revoked_by_their_maker_only(made: list[dict[str, Any]]) -> None:
    first = _one(made, "campaign")
    second = corrected(first, {"confidence": 70}, IDENTITY, NOON)
    assert second["modified"] > first["modified"]
    assert second["created"] == first["created"]
    last = revoked(second, IDENTITY, NOON - timedelta(days=1))
    assert last["revoked"]
    assert last["modified"] > second["modified"]
    assert not checked([first, second, last]).refused
    for order in ([first, second, last], [last, second, first], [second, last, first]):
        assert newest(order)[first["id"]] == last
    attempts: list[Callable[[], object]] = [
        lambda: corrected(first, {"confidence": 70}, "identity--other", NOON),
        lambda: corrected(first, {"created": "x"}, IDENTITY, NOON),
        lambda: corrected(first, {"confidence": first["confidence"]}, IDENTITY, NOON),
        lambda: corrected(last, {"confidence": 1}, IDENTITY, NOON),
        lambda: revoked(last, IDENTITY, NOON),
        lambda: revoked(project.tlp_definition(Tlp.RED), IDENTITY, NOON),
    ]
    for wrong in attempts:
        with pytest.raises(IntelError) as caught:
            wrong()
        assert caught.value.do


def test_two_versions_of_one_moment_give_the_same_winner_in_any_order(made: list[dict[str, Any]]) -> None:
    one = _one(made, "campaign")
    other = {**one, "confidence": 3}
    assert newest([one, other]) == newest([other, one])


def test_ids_tell_nothing_without_the_key(tmp_path: Path) -> None:
    facts, _ = told(tmp_path / "run")
    ids = [
        {one["id"] for one in objects_of(facts, maker(key=key)) if one.get("created_by_ref") == IDENTITY}
        for key in (b"a" * 32, b"a" * 32, b"b" * 32)
    ]
    assert ids[0] == ids[1]
    assert ids[0] & ids[2] == {IDENTITY}


def test_a_false_alarm_is_a_sighting_of_none(made: list[dict[str, Any]]) -> None:
    campaign = _one(made, "campaign")["id"]
    none = sighting(maker(), campaign, NOON, NOON, seen=False)
    assert none["count"] == 0
    assert not checked([none]).refused
    with pytest.raises(IntelError):
        sighting(maker(), "not an id", NOON, NOON)


@pytest.mark.parametrize(
    ("reporter", "address"),
    [
        ("someone@mail.example", "https://example.org/a"),
        ("Example Forum", "https://u:p@example.org/a"),
        ("Example Forum", "https://example.org/a?account=acct-1"),
        ("Example Forum", "http://example.org/a"),
        ("Account 12345", "https://example.org/a"),
    ],
)
def test_an_attribution_carries_nothing_else(reporter: str, address: str) -> None:
    with pytest.raises(IntelError):
        attribution(maker(), "campaign--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", reporter, address)
