"""Indicators as CSV and JSON lines: exact there and back, safe in a spreadsheet, every field looked at."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from forms_made import ME, T, U, of, plain, shared, taken_back

from stillwatch.errors import IntelError
from stillwatch.intel.forms import csv_form, jsonl_form
from stillwatch.intel.forms.canonical import canonical, usable
from stillwatch.intel.forms.row import COLUMNS
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.stix.limits import DEFAULT
from stillwatch.intel.stix.project import EXTENSION
from stillwatch.intel.tlp import Tlp

FORMS = (csv_form, jsonl_form)
WRITERS = {csv_form: "csv", jsonl_form: "json lines"}


def mixed() -> list[dict[str, Any]]:
    """Tokens, kinds of evidence, patterns of STIX, and an indicator that was taken back."""
    others = [
        plain("[autonomous-system:number = 64500]"),
        plain("[domain-name:value = 'shop.example']", labels=["stillwatch-kind:reseller_domain", "x"]),
        plain("[ipv4-addr:value = '192.0.2.1' AND domain-name:value = 'a']", name="=1+2", revoked=False),
        plain(
            "[email-addr:value = 'o\\'neil@shop.example']",
            extensions={EXTENSION: {"extension_type": "property-extension", "detector": "other"}},
        ),
        plain(
            "[ipv6-addr:value = '2001:db8::/48']", object_marking_refs=[Tlp.AMBER.id, Tlp.CLEAR.id], lang="de"
        ),
    ]
    ours = shared(tokens=12)
    return [*ours, *others, taken_back(ours)]


@pytest.mark.parametrize("form", FORMS, ids=WRITERS.values())
def test_indicators_come_back_exactly(form: Any) -> None:
    objects = usable(mixed())
    assert not objects.refused
    made = form.write(objects.good)
    back = form.read(made.data)
    assert back.refused == ()
    assert back.lost == ()
    assert canonical(of(back.objects, "indicator")) == canonical(of(objects.good, "indicator"))
    assert form.write(back.objects).data == made.data
    assert made.data == form.write(tuple(reversed(objects.good))).data


@pytest.mark.parametrize("form", FORMS, ids=WRITERS.values())
def test_what_a_row_has_no_place_for_is_said(form: Any) -> None:
    objects = shared()
    made = form.write(objects)
    rest = {
        one["id"] for one in objects if one["type"] in ("campaign", "sighting", "note", "opinion", "report")
    }
    assert rest <= {one.id for one in made.lost}
    assert made.objects == len(of(objects, "indicator"))


def test_techniques_reach_the_row_and_come_back_as_relationships() -> None:
    made = csv_form.write(shared())
    row = next(csv.DictReader(io.StringIO(made.data.decode(), newline="")))
    assert row["techniques"].split()[:2] == ["AML.T0024.002", "AML.T0040"]
    related = of(csv_form.read(made.data).objects, "relationship")
    assert {one["relationship_type"] for one in related} == {"indicates"}
    assert len(related) == 3 * made.objects
    assert all(one["object_marking_refs"] == [Tlp.AMBER_STRICT.id] for one in related)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "'", "'=", "\uff1d"])
def test_a_cell_that_a_spreadsheet_would_compute_is_defused_and_comes_back(start: str) -> None:
    name = f"{start}cmd|' /C calc'!A0, \"quoted\"\nnext"
    item = plain("[autonomous-system:number = 64500]", name=name)
    made = csv_form.write([item])
    _, cells = csv.reader(io.StringIO(made.data.decode(), newline=""))
    assert all(not cell.startswith(csv_form.BEGINS_FORMULA) for cell in cells)
    assert of(csv_form.read(made.data).objects, "indicator") == [item]


def test_a_row_by_hand_becomes_an_indicator() -> None:
    text = (
        f"kind,value,reporter,tlp,valid_from,valid_until,confidence\nasn,AS64500,{ME},TLP:GREEN,{T},{U},40\n"
    )
    found = csv_form.read(("\ufeff" + text).encode())
    assert found.refused == ()
    (item,) = of(found.objects, "indicator")
    assert (item["pattern"], item["confidence"]) == ("[autonomous-system:number = 64500]", 40)
    again = csv_form.read(text.encode())
    assert of(again.objects, "indicator") == [item], "the id follows from the row"
    domains = text.replace("asn,AS64500", "reseller_domain,shop.example")
    (domain,) = of(csv_form.read(domains.encode()).objects, "indicator")
    assert domain["pattern"] == "[domain-name:value = 'shop.example']"
    assert b'"reseller_domain","shop.example"' in csv_form.write([domain]).data


@pytest.mark.parametrize("kind", list(IndicatorKind))
def test_each_kind_has_a_pattern_for_a_plain_value_and_one_for_a_token(kind: IndicatorKind) -> None:
    value = {"asn": "64500", "network_prefix": "192.0.2.0/24", "address": "192.0.2.7"}.get(
        kind, "v-1.example"
    )
    for told in ({"value": value}, {"value": "ab" * 32, "epoch": "2026-W48"}):
        line = {"kind": kind, **told, "tlp": "TLP:AMBER", "valid_from": T, "valid_until": U, "reporter": ME}
        found = jsonl_form.read(json.dumps(line).encode())
        assert found.refused == ()
        (row,) = jsonl_form.write(found.objects).data.splitlines()
        assert {name: json.loads(row)[name] for name in line} == line


def test_lines_are_as_the_schema_says() -> None:
    check = jsonschema.Draft202012Validator(jsonl_form.schema())
    lines = [json.loads(line) for line in jsonl_form.write(mixed()).data.splitlines()]
    assert len(lines) > 15
    for line in lines:
        check.validate(line)
    assert set(jsonl_form.schema()["properties"]) == set(COLUMNS)
    assert set(jsonl_form.schema()["properties"]["kind"]["enum"]) == set(IndicatorKind)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"tlp": "TLP:WHITE"}, "tlp is none of"),
    ({"confidence": 130}, "confidence is not an integer"),
    ({"confidence": True}, "confidence is of another type"),
    ({"kind": "price"}, "kind is none of"),
    ({"value": ""}, "neither a value nor a pattern"),
    ({"value": "sixty"}, "no number of an autonomous system"),
    ({"techniques": ["AML.T9999"]}, "techniques names one"),
    ({"techniques": [1]}, "techniques is no list"),
    ({"valid_until": T}, "valid_until is before valid_from"),
    ({"valid_from": "yesterday"}, "is no time in UTC"),
    ({"id": "campaign--1"}, "its id is not"),
    ({"reporter": "lab"}, "created_by_ref is no id"),
    ({"more": {"pattern": "x"}}, "more holds pattern"),
    ({"more": {"object_marking_refs": [Tlp.CLEAR.id]}}, "tlp is not what the markings"),
    ({"more": {"revoked": True}}, "revoked is not what more says"),
    ({"more": {"x": None}}, "x is null"),
    ({"more": {"extensions": 3}, "detector": "d"}, "extensions in more are no map"),
    (
        {"pattern": "[autonomous-system:number = 64501]", "pattern_type": "stix"},
        "value is not what the pattern",
    ),
    ({"pattern": "[a:b = 1]"}, "needs its pattern_type"),
    ({"pattern": "[a:b MATCHES '(a+)+']", "pattern_type": "stix", "value": "", "kind": ""}, "may never end"),
    ({"name": "a\u202eb"}, "control characters"),
    ({"price": "9"}, "a member that is none of"),
]


@pytest.mark.parametrize(("change", "why"), BAD, ids=[why for _, why in BAD])
def test_a_field_that_cannot_be_is_refused_with_the_reason(change: dict[str, Any], why: str) -> None:
    good = {
        "kind": "asn",
        "value": "64500",
        "tlp": "TLP:GREEN",
        "valid_from": T,
        "valid_until": U,
        "reporter": ME,
    }
    found = jsonl_form.read(json.dumps(good).encode() + b"\n" + json.dumps({**good, **change}).encode())
    assert len(of(found.objects, "indicator")) == 1
    (bad,) = found.refused
    assert why in bad.why
    assert bad.place == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("a,b\n", "does not name the columns"),
        ("tlp,tlp,value,valid_from\n", "a column stands twice"),
        ("value,valid_from\n", "column tlp is missing"),
        ('tlp,value,valid_from\n"x', "line 2 is no CSV"),
        ("tlp,value,valid_from\n" + "x" * 200_000, "line 2 is no CSV"),
        ("\udcff", "no UTF-8"),
    ],
)
def test_what_is_no_csv_is_told_as_such(text: str, why: str) -> None:
    with pytest.raises(IntelError, match=why):
        csv_form.read(text.encode("utf-8", "surrogateescape"))


def test_a_missing_quote_is_told_whatever_other_readers_of_the_process_take() -> None:
    before = csv.field_size_limit(2**31 - 1)
    try:
        with pytest.raises(IntelError, match="line 2 is no CSV"):
            csv_form.read(b"tlp,value,valid_from\n" + b"x" * 200_000)
    finally:
        csv.field_size_limit(before)


def test_limits_hold() -> None:
    row = f"asn,64500,TLP:GREEN,{T}\n"
    text = ("kind,value,tlp,valid_from\n" + row * 5).encode()
    few = csv_form.read(text, replace(DEFAULT, objects=2))
    assert few.refused[-1].why == "there are more than 2 rows"
    with pytest.raises(IntelError, match="are the most"):
        csv_form.read(text, replace(DEFAULT, bundle_bytes=20))
    deep = json.dumps({"tlp": "TLP:RED", "valid_from": T, "value": "1", "kind": "asn", "more": {"x": {}}})
    for _ in range(40):
        deep = deep.replace("{}", '{"x": {}}')
    assert "nested deeper" in jsonl_form.read(deep.encode()).refused[0].why
    short = csv_form.read(b"kind,value,tlp,valid_from\nasn,1\n")
    assert short.refused[0].why == "it has 2 cells, and there are 4 columns"


def test_an_indicator_too_long_for_a_cell_is_said_to_be_lost() -> None:
    long = plain("[autonomous-system:number = 64500]", labels=["x" * 60_000, "y" * 60_000])
    made = csv_form.write([long, plain("[autonomous-system:number = 64501]")])
    assert made.objects == 1
    assert [one.id for one in made.lost] == [long["id"]]
