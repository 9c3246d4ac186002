"""Events of MISP, made and read by MISP's own libraries: every attribute marked, what is lost is said."""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import pytest
from forms_made import by_id, of, plain, shared, taken_back
from pymisp import MISPEvent, MISPObject, MISPOrganisation

from stillwatch.errors import IntelError
from stillwatch.intel.forms import misp_reading, misp_writing
from stillwatch.intel.forms.canonical import canonical, usable
from stillwatch.intel.forms.frame import without_frame
from stillwatch.intel.forms.misp_library import misp_stix
from stillwatch.intel.forms.misp_words import TEMPLATES, level_of, tags_of
from stillwatch.intel.forms.values import value_of
from stillwatch.intel.stix.marking import level_of_object
from stillwatch.intel.tlp import Tlp

UUID = "11111111-1111-4111-8111-111111111111"


def mixed() -> list[dict[str, Any]]:
    """What a provider shares, beside indicators of others with another marking."""
    return [
        *shared(),
        plain("[autonomous-system:number = 64500]"),
        plain("[domain-name:value = 'shop.example']"),
        plain("[ipv4-addr:value = '192.0.2.1' AND domain-name:value = 'a.example']"),
    ]


def test_a_bundle_becomes_an_event_that_pymisp_reads_and_comes_back_the_same() -> None:
    objects = usable(mixed()).good
    made = misp_writing.write(objects)
    assert made.lost == ()
    event = MISPEvent()
    event.load(made.data.decode())
    assert len(event.get_objects_by_name("stillwatch-indicator")) == len(of(objects, "indicator"))
    assert {one.type for one in event.attributes} == {"AS", "domain"}, "what STIX tells, in MISP's own types"
    assert event.get_objects_by_name("domain-ip")
    back = misp_reading.read(made.data)
    assert back.refused == ()
    assert back.lost == ()
    assert canonical(without_frame(back.objects)) == canonical(without_frame(objects))
    assert misp_writing.write(tuple(reversed(back.objects))).data == made.data


def test_the_event_and_every_attribute_are_tagged_with_the_level_of_their_object() -> None:
    objects = usable(mixed()).good
    event = json.loads(misp_writing.write(objects).data)["Event"]
    assert level_of(tags_of(event)) is Tlp.AMBER_STRICT
    levels = {name.partition("--")[2]: level_of_object(one) for name, one in by_id(objects).items()}
    seen = set()
    for one in event["Object"]:
        for attribute in one["Attribute"]:
            level = level_of(tags_of(attribute))
            assert level is not None
            assert level is levels.get(one["uuid"], Tlp.GREEN)
            seen.add(level)
    assert {level_of(tags_of(one)) for one in event["Attribute"]} == {Tlp.GREEN}
    assert seen == {Tlp.CLEAR, Tlp.GREEN, Tlp.AMBER_STRICT}


def test_our_objects_hold_by_our_own_templates() -> None:
    event = json.loads(misp_writing.write(shared()).data)["Event"]
    names = {one["name"] for one in event["Object"]}
    assert names == {"stillwatch-indicator", "stillwatch-object"}
    for told in event["Object"]:
        one = MISPObject(told["name"], strict=True, misp_objects_path_custom=str(TEMPLATES))
        for attribute in told["Attribute"]:
            one.add_attribute(attribute["object_relation"], value=attribute["value"])
        assert json.loads(one.to_json(strict=True))["template_uuid"] == told["template_uuid"]


def test_a_count_of_zero_is_a_false_positive_in_misp_and_an_opinion_a_number() -> None:
    objects = shared()
    none = next(one for one in objects if one["type"] == "sighting" and one.get("count") == 0)
    event = json.loads(misp_writing.write(objects).data)["Event"]
    seen = {
        one["uuid"]: one
        for made in event["Object"]
        for it in made["Attribute"]
        for one in it.get("Sighting", [])
    }
    assert seen[none["id"].partition("--")[2]]["type"] == "1"
    assert {one["type"] for one in seen.values()} == {"0", "1"}
    (opinion,) = [one for made in event["Object"] for one in made.get("Opinion", [])]
    assert opinion["opinion"] == "25"


def test_a_false_positive_that_somebody_adds_in_misp_is_a_sighting_with_count_0() -> None:
    event = json.loads(misp_writing.write(shared()).data)["Event"]
    indicator = next(one for one in event["Object"] if one["name"] == "stillwatch-indicator")
    theirs = {
        "uuid": UUID,
        "type": "1",
        "date_sighting": "1793491200",
        "source": "",
        "Organisation": {"uuid": UUID, "name": "b"},
    }
    indicator["Attribute"][0]["Sighting"] = [theirs, {**theirs, "uuid": UUID[:-1] + "2", "type": "2"}]
    back = misp_reading.read(json.dumps({"Event": event}).encode())
    found = by_id(back.objects)[f"sighting--{UUID}"]
    assert found["count"] == 0
    assert found["where_sighted_refs"] == [f"identity--{UUID}"]
    assert found["sighting_of_ref"] == f"indicator--{indicator['uuid']}"
    assert found["object_marking_refs"] == [Tlp.AMBER_STRICT.id]
    assert "expires" in back.lost[0].why


def test_of_several_versions_the_one_that_counts_is_told_and_the_other_is_said_to_be_lost() -> None:
    objects = shared()
    last = taken_back(objects)
    made = misp_writing.write([*objects, last])
    assert [one.id for one in made.lost] == [last["id"]]
    back = by_id(misp_reading.read(made.data).objects)
    assert back[last["id"]] == last


def theirs() -> MISPEvent:
    """An event of another organisation, with objects of MISP's own templates."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        event = MISPEvent()
        event.uuid, event.info = UUID, "Model distillation by a reseller"
        event.set_date("2026-11-01")
        event.add_tag("tlp:amber+strict")
        event.add_tag('misp-galaxy:mitre-atlas-attack-pattern="Verify Attack - AML.T0042"')
        event.Orgc = MISPOrganisation()
        event.Orgc.from_dict(name="their lab", uuid=UUID)
        chat = MISPObject("ai-chat-prompt")
        for relation, value in (("model", "GPT 4.0"), ("role", "user"), ("prompt", "words of a user")):
            chat.add_attribute(relation, value)
        print_of = MISPObject("ja4-plus")
        print_of.add_attribute("ja4-fingerprint", "t13d1516h2_8daaf6152771_e5627efa2ab1")
        network = MISPObject("network-connection")
        network.add_attribute("ip-src", "192.0.2.1", to_ids=True)
        network.add_attribute("dst-port", "443")
        for one in (chat, print_of, network):
            event.add_object(one)
        domain = event.add_attribute("domain", "shop.example", to_ids=True)
        assert not isinstance(domain, list)
        domain.add_tag("tlp:green")
        domain.add_tag('misp:confidence-level="usually-confident"')
        domain.add_sighting({"type": "1", "date_sighting": 1793491200, "source": "x"})
        event.add_attribute("ja3-fingerprint-md5", "ab" * 16)
        event.add_attribute("tlsh", "T1" + "A9" * 35, to_ids=True)
    return event


def test_an_event_of_others_becomes_checked_objects_all_of_them_marked() -> None:
    data = json.dumps({"Event": json.loads(theirs().to_json())}).encode()
    back = misp_reading.read(data)
    assert back.refused == ()
    objects = [one for one in back.objects if one["type"] != "marking-definition"]
    domain = {"domain-name", "indicator", "observed-data", "opinion", "relationship"}
    for one in objects:
        assert one["object_marking_refs"] in ([Tlp.AMBER_STRICT.id], [Tlp.GREEN.id])
        if level_of_object(one) is Tlp.GREEN:
            domain.discard(one["type"])
    assert not domain, "what is made of the attribute that was tagged green is green"
    assert {level_of_object(one) for one in objects if one["type"] == "grouping"} == {Tlp.AMBER_STRICT}
    indicators = of(objects, "indicator")
    assert all("valid_until" in one for one in indicators)
    values = {value_of(one).value for one in indicators}
    assert {"shop.example", "ab" * 16, "t13d1516h2_8daaf6152771_e5627efa2ab1"} <= values
    assert [one["confidence"] for one in indicators if value_of(one).value == "shop.example"] == [75]
    (note,) = of(objects, "note")
    assert note["content"] == "model: GPT 4.0\nrole: user"
    assert [one["opinion"] for one in of(objects, "opinion")] == ["strongly-disagree"]


def test_no_text_of_a_user_and_no_technique_of_misps_list_is_taken_and_that_is_said() -> None:
    data = json.dumps({"Event": json.loads(theirs().to_json())}).encode()
    back = misp_reading.read(data)
    assert b"words of a user" not in canonical(back.objects)
    assert b"AML.T" not in canonical(back.objects)
    why = {one.id.partition(" ")[0]: one.why for one in back.lost}
    assert why["ai-chat-prompt"] == "what people wrote to a model is not taken"
    assert "whose list is old" in next(text for name, text in why.items() if name.startswith("misp-galaxy"))
    assert why["tlsh"] == "STIX has no object for it"


@pytest.mark.parametrize(
    ("tags", "level"),
    [
        ([], Tlp.RED),
        (["tlp:white"], Tlp.CLEAR),
        (["tlp:clear", "tlp:ex:chr"], Tlp.RED),
        (["tlp:amber"], Tlp.AMBER),
    ],
)
def test_an_event_without_a_tag_that_is_known_is_red(tags: list[str], level: Tlp) -> None:
    event = {"uuid": UUID, "info": "x", "date": "2026-11-01", "Tag": [{"name": tag} for tag in tags]}
    event["Attribute"] = [
        {"type": "domain", "value": "shop.example", "to_ids": True, "category": "Network activity"}
    ]
    back = misp_reading.read(json.dumps({"response": [{"Event": event}]}).encode())
    assert {level_of_object(one) for one in of(back.objects, "indicator")} == {level}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"[]", "it has no event"),
        (b'{"Event": 3}', "no event of MISP"),
        (b'{"Event": {"info": "x", "Attribute": [{"type": "domain"}]}}', "pymisp cannot read"),
        (b'{"Event": {"info": "x\\u0000"}}', "control characters"),
        (b'{"response": [%s]}' % b",".join([b'{"Event": {"info": "x"}}'] * 101), "100 are the most"),
        (b"{", "it is no JSON"),
    ],
)
def test_what_is_no_event_is_told_as_such(data: bytes, why: str) -> None:
    with pytest.raises(IntelError, match=why):
        misp_reading.read(data)


def test_an_object_of_ours_that_was_edited_into_two_meanings_is_refused() -> None:
    event = json.loads(misp_writing.write([plain("[autonomous-system:number = 64500]")]).data)["Event"]
    (one,) = event["Object"]
    value = next(it for it in one["Attribute"] if it["object_relation"] == "value")
    value["value"] = "64501"
    back = misp_reading.read(json.dumps({"Event": event}).encode())
    assert "value is not what the pattern says" in back.refused[0].why
    assert back.objects == (), "what stands for it in MISP's types says nothing of its own"


def test_its_library_leaves_imports_as_they_were() -> None:
    misp_stix()
    assert all(hasattr(finder, "find_spec") for finder in sys.meta_path)
