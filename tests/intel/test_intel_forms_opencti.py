"""Bundles for OpenCTI and of OpenCTI: ids, markings and properties are OpenCTI's there and ours here."""

from __future__ import annotations

import json
from typing import Any

import pytest
from forms_made import ME, by_id, maker, of, plain, shared

from stillwatch.errors import IntelError
from stillwatch.intel.forms import opencti_reading, opencti_writing
from stillwatch.intel.forms.canonical import canonical, usable
from stillwatch.intel.forms.frame import without_frame
from stillwatch.intel.forms.opencti_words import IDS, OPENCTI
from stillwatch.intel.stix.marking import level_of_object
from stillwatch.intel.stix.own_checks import ID
from stillwatch.intel.tlp import Tlp


def mixed() -> list[dict[str, Any]]:
    """What a provider shares, beside an indicator with another marking."""
    return [*shared(), plain("[autonomous-system:number = 64500]")]


def bundle(objects: list[dict[str, Any]]) -> bytes:
    """Objects as a bundle, as they are."""
    return json.dumps({"type": "bundle", "id": f"bundle--{ME[10:]}", "objects": objects}).encode()


def test_a_bundle_comes_back_the_same() -> None:
    objects = usable(mixed()).good
    made = opencti_writing.write(objects)
    back = opencti_reading.read(made.data)
    assert made.lost == back.lost == ()
    assert back.refused == ()
    assert canonical(without_frame(back.objects)) == canonical(without_frame(objects))
    assert opencti_writing.write(tuple(reversed(back.objects))).data == made.data


def test_every_object_is_marked_in_opencti_s_way_and_every_reference_is_in_the_bundle() -> None:
    objects = usable(mixed()).good
    told = json.loads(opencti_writing.write(objects).data)["objects"]
    have = {one["id"] for one in told}
    assert len(have) == len(told)
    marked = {one["object_marking_refs"][0] for one in told if one["type"] != "marking-definition"}
    assert marked == {IDS[Tlp.CLEAR], IDS[Tlp.GREEN], IDS[Tlp.AMBER_STRICT]}
    for one in told:
        for name, value in one.items():
            if name.endswith(("_ref", "_refs")):
                assert set([value] if isinstance(value, str) else value) <= have
    strict = next(one for one in told if one["id"] == IDS[Tlp.AMBER_STRICT])
    assert strict["x_opencti_definition"] == "TLP:AMBER+STRICT"


def test_what_opencti_keeps_is_told_in_its_properties() -> None:
    told = json.loads(opencti_writing.write(usable(mixed()).good).data)["objects"]
    ours = by_id(usable(mixed()).good)
    for one in of(told, "indicator"):
        first = ours[one["x_opencti_stix_ids"][0]]
        assert one["x_opencti_score"] == one["confidence"] == first["confidence"]
        assert (one["valid_from"], one["valid_until"]) == (first["valid_from"], first["valid_until"])
    assert {one["x_opencti_negative"] for one in of(told, "sighting")} == {True, False}
    techniques = {one.get("x_mitre_id") for one in of(told, "attack-pattern")}
    assert {"AML.T0024.002", "AML.T0040"} <= techniques


def test_two_indicators_that_opencti_holds_for_one_are_said() -> None:
    one = plain("[autonomous-system:number = 64500]")
    other = {**one, "id": "indicator--22222222-2222-4222-8222-222222222222"}
    made = opencti_writing.write([maker().itself(), one, other])
    (kept,) = of(json.loads(made.data)["objects"], "indicator")
    assert kept["x_opencti_stix_ids"] == sorted([one["id"], other["id"]])
    assert len(made.lost) == 1


def test_an_export_of_opencti_is_read_with_its_extensions_and_nulls() -> None:
    item = plain(
        "[domain-name:value = 'shop.example']",
        object_marking_refs=[IDS[Tlp.AMBER_STRICT]],
        x_opencti_score=61,
        x_opencti_files=[],
        description=None,
        extensions={
            OPENCTI: {
                "extension_type": "property-extension",
                "stix_ids": [f"indicator--{ME[10:]}"],
                "id": "7",
            }
        },
    )
    seen = {
        **{name: item[name] for name in ("spec_version", "created", "modified", "object_marking_refs")},
        "type": "sighting",
        "id": "sighting--22222222-2222-4222-8222-222222222222",
        "sighting_of_ref": item["id"],
        "count": 5,
        "x_opencti_negative": True,
    }
    back = opencti_reading.read(bundle([item, seen]))
    assert back.refused == ()
    (found,) = of(back.objects, "indicator")
    assert found["id"] == f"indicator--{ME[10:]}"
    assert not {name for name in found if name.startswith("x_")}
    assert "extensions" not in found
    assert found["object_marking_refs"] == [Tlp.AMBER_STRICT.id]
    (sighting,) = of(back.objects, "sighting")
    assert (sighting["count"], sighting["sighting_of_ref"]) == (0, found["id"])


def test_techniques_of_atlas_become_mitres_own_objects_again() -> None:
    told = json.loads(opencti_writing.write(usable(shared()).good).data)["objects"]
    for one in of(told, "attack-pattern"):
        one.pop("x_opencti_stix_ids", None)
    back = opencti_reading.read(bundle(told))
    uses = {
        one["target_ref"] for one in of(back.objects, "relationship") if one["relationship_type"] == "uses"
    }
    assert "attack-pattern--3f567912-629a-5e0b-ab0c-0102977c2d6c" in uses
    assert "attack-pattern--3f567912-629a-5e0b-ab0c-0102977c2d6c" not in by_id(back.objects)


DEFINITIONS: list[tuple[dict[str, Any], Tlp]] = [
    ({"x_opencti_definition_type": "TLP", "x_opencti_definition": "TLP:GREEN"}, Tlp.GREEN),
    ({"extensions": {OPENCTI: {"definition_type": "TLP", "definition": "TLP:AMBER"}}}, Tlp.AMBER),
    ({"definition_type": "PAP", "name": "PAP:CLEAR"}, Tlp.RED),
    ({"definition_type": "statement", "name": "TLP:CLEAR"}, Tlp.RED),
]


@pytest.mark.parametrize(("told", "level"), DEFINITIONS)
def test_a_marking_that_is_not_of_tlp_counts_as_red(told: dict[str, Any], level: Tlp) -> None:
    name = "marking-definition--33333333-3333-4333-8333-333333333333"
    definition = {"type": "marking-definition", "id": name, "created": "2026-11-01T00:00:00.000Z", **told}
    item = plain("[autonomous-system:number = 64500]", object_marking_refs=[name])
    back = opencti_reading.read(bundle([definition, item]))
    (found,) = of(back.objects, "indicator")
    assert level_of_object(found) is level
    assert bool(back.lost) is (level is Tlp.RED)
    bare = opencti_reading.read(bundle([{**item, "object_marking_refs": []}]))
    assert level_of_object(of(bare.objects, "indicator")[0]) is Tlp.RED


def test_an_id_that_is_claimed_twice_is_given_once() -> None:
    first = plain("[autonomous-system:number = 1]", x_opencti_stix_ids=[f"indicator--{ME[10:]}", 3, "x"])
    second = plain("[autonomous-system:number = 2]", x_opencti_stix_ids=[f"indicator--{ME[10:]}"])
    third = plain("[autonomous-system:number = 3]", x_opencti_stix_ids=[ME])
    found = of(opencti_reading.read(bundle([first, second, third])).objects, "indicator")
    assert {one["id"] for one in found} == {f"indicator--{ME[10:]}", second["id"], third["id"]}
    assert all(ID.match(one["id"]) for one in found)


@pytest.mark.parametrize(
    ("data", "why"), [(b"{}", "no bundle"), (b"[1]", "no bundle"), (b'{"type": "bundle"}', "no bundle")]
)
def test_what_is_no_bundle_is_told_as_such(data: bytes, why: str) -> None:
    with pytest.raises(IntelError, match=why):
        opencti_reading.read(data)
    odd = opencti_reading.read(b'{"type": "bundle", "objects": [3, {"x": 1}, {"id": "a", "type": "b"}]}')
    assert len(odd.refused) == 3
