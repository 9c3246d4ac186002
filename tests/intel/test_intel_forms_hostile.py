"""Forms from people who mean harm: nothing crashes, hangs, or slips through unchecked; bytes at random too."""

from __future__ import annotations

import json
import os
from copy import deepcopy
from typing import Any

import pytest
from forms_made import of, plain, shared
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.errors import IntelError
from stillwatch.intel.forms import (
    csv_form,
    jsonl_form,
    misp_reading,
    misp_writing,
    opencti_reading,
    opencti_writing,
)
from stillwatch.intel.forms.canonical import canonical
from stillwatch.intel.forms.convert import Form, convert, read
from stillwatch.intel.stix.checking import checked

TRIES = int(os.environ.get("STILLWATCH_FUZZ", "1"))
FEW = settings(max_examples=15 * TRIES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MANY = settings(FEW, max_examples=60 * TRIES)
HARM: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        -1,
        2**70,
        1e308,
        "",
        "\x00",
        "\u202e",
        "'=1",
        "x" * 5000,
        [],
        {},
        [[[]]],
        {"x": {"y": [None]}},
    ]
)
GOOD = [*shared(), plain("[autonomous-system:number = 64500]")]
WRITTEN = {
    Form.CSV: csv_form.write(GOOD).data,
    Form.JSON: jsonl_form.write(GOOD).data,
    Form.MISP: misp_writing.write(GOOD[:20]).data,
    Form.OPENCTI: opencti_writing.write(GOOD).data,
    Form.STIX: canonical(GOOD),
}


def told(error: IntelError) -> None:
    """An error says what to do."""
    assert error.do


def holds(data: bytes, form: Form) -> None:
    """Whatever it is: an error that says so, or objects that stand the check and are marked, as far as the form
    does not leave them as they came.
    """
    try:
        found = read(data, form)
    except IntelError as error:
        told(error)
        return
    again = checked(found.objects)
    assert not again.refused
    for one in found.objects if form is not Form.STIX else ():
        assert one["type"] in ("marking-definition", "extension-definition") or one.get("object_marking_refs")


@pytest.mark.parametrize("form", list(Form))
@FEW
@given(data=st.data())
def test_bytes_changed_at_random(form: Form, data: st.DataObject) -> None:
    written = bytearray(WRITTEN[form])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(written) - 1))
        size = data.draw(st.integers(0, 8))
        written[place : place + size] = data.draw(st.binary(max_size=8))
    holds(bytes(written), form)


@MANY
@given(st.binary(max_size=400), st.sampled_from(list(Form)))
def test_bytes_at_random(data: bytes, form: Form) -> None:
    holds(data, form)
    try:
        convert(data, Form.STIX)
    except IntelError as error:
        told(error)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every map and list in a document, with each of its keys."""
    keys = (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )
    return [(value, key) for key in keys] + [pair for key in keys for pair in places(value[key])]


@pytest.mark.parametrize("form", [Form.MISP, Form.OPENCTI, Form.STIX])
@FEW
@given(data=st.data())
def test_values_replaced_at_random(form: Form, data: st.DataObject) -> None:
    document = json.loads(WRITTEN[form])
    for _ in range(data.draw(st.integers(1, 3))):
        found = places(document)
        owner, key = found[data.draw(st.integers(0, len(found) - 1))]
        owner[key] = deepcopy(data.draw(HARM))
    holds(json.dumps(document).encode(), form)


@pytest.mark.parametrize("relation", ["id", "type"])
def test_an_object_of_ours_in_misp_that_lacks_its_id_or_type_is_refused(relation: str) -> None:
    document = json.loads(WRITTEN[Form.MISP])
    event = document.get("Event", document)
    for one in event["Object"]:
        one["Attribute"] = [it for it in one["Attribute"] if it["object_relation"] != relation]
    taken = misp_reading.read(json.dumps(document).encode())
    assert any(one.why.endswith("it has no id or no type") for one in taken.refused)


@MANY
@given(st.dictionaries(st.sampled_from([*json.loads(WRITTEN[Form.JSON].splitlines()[0]), "more", "x"]), HARM))
def test_values_of_a_line_replaced_at_random(change: dict[str, Any]) -> None:
    line = {**json.loads(WRITTEN[Form.JSON].splitlines()[0]), **deepcopy(change)}
    holds(json.dumps(line).encode(), Form.JSON)


NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30)


@MANY
@given(NAMES, NAMES, st.integers(0, 100))
def test_texts_of_any_kind_come_back_exactly_in_every_form(name: str, more: str, confidence: int) -> None:
    item = plain("[autonomous-system:number = 64500]", name=name, description=more, confidence=confidence)
    if checked([item]).refused:
        return
    for form in (Form.CSV, Form.JSON, Form.STIX):
        made = convert(canonical([item]), form)
        found = of(read(made.data, form).objects, "indicator")
        assert canonical(found) == canonical([item])


@FEW
@given(NAMES, NAMES)
def test_texts_of_any_kind_come_back_from_misp_and_opencti_or_are_said(name: str, more: str) -> None:
    item = plain("[autonomous-system:number = 64500]", name=name, description=more)
    if checked([item]).refused:
        return
    for write, reading in (
        (misp_writing.write, misp_reading.read),
        (opencti_writing.write, opencti_reading.read),
    ):
        made = write([item])
        (found,) = of(reading(made.data).objects, "indicator")
        assert found == item or [one.id for one in made.lost] == [item["id"]]
