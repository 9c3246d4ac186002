"""OpenCTI's own library reads the bundles that are made for it: ids, order, and what it would send to a server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "intel"))

from forms_made import ME, by_id, of, plain, shared

from stillwatch.intel.forms import opencti_reading, opencti_writing
from stillwatch.intel.forms.canonical import usable
from stillwatch.intel.forms.carried import differences
from stillwatch.intel.forms.frame import without_frame
from stillwatch.intel.forms.opencti_words import IDS
from stillwatch.intel.stix.marking import level_of_object

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-opencti" / "bin" / "python"
pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-opencti: run `make opencti`")
OBJECTS = usable([*shared(), plain("[autonomous-system:number = 64500]")]).good


@pytest.fixture(scope="module")
def pycti() -> dict[str, Any]:
    """What pycti makes of the bundle."""
    done = subprocess.run(
        [str(PYTHON), str(Path(__file__).parent / "opencti_reads.py")],
        input=opencti_writing.write(OBJECTS).data,
        capture_output=True,
        timeout=120,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_every_id_is_the_one_that_pycti_makes(pycti: dict[str, Any]) -> None:
    assert len(pycti["ids"]) > 25
    assert {name for name, made in pycti["ids"].items() if name != made} == set()
    assert pycti["markings"] == {level.label: name for level, name in IDS.items()}


def test_the_splitter_takes_every_object_and_what_it_hands_on_is_read_as_ours(pycti: dict[str, Any]) -> None:
    assert pycti["incompatible"] == []
    assert pycti["number"] == len(json.loads(opencti_writing.write(OBJECTS).data)["objects"])
    bundle = {"type": "bundle", "id": "bundle--1", "objects": pycti["split"]}
    back = opencti_reading.read(json.dumps(bundle).encode())
    assert back.refused == ()
    assert back.lost == ()
    missing = differences(without_frame(OBJECTS), back.objects, "pycti")
    # The splitter takes away that the reporter's identity was made by itself.
    assert [(one.id, one.why) for one in missing] == [(ME, "pycti does not hold as it was: created_by_ref")]


def test_marking_confidence_and_validity_are_in_what_pycti_would_send(pycti: dict[str, Any]) -> None:
    first = by_id(OBJECTS)
    sent = {one["stix_id"]: one for one in pycti["sent"] if one.get("stix_id")}
    told = {one["id"]: one for one in pycti["split"]}
    seen = 0
    for name, one in told.items():
        ours = first.get((one.get("x_opencti_stix_ids") or [name])[0])
        if ours is None or one["type"] == "marking-definition":
            continue
        seen += 1
        assert sent[name]["objectMarking"] == [IDS[level_of_object(ours)]]
        for property_ in ("confidence", "valid_from", "valid_until", "first_seen", "last_seen", "created"):
            assert property_ not in ours or sent[name][property_] == ours[property_]
    assert seen > 20


def test_a_false_alarm_arrives_as_a_negative_sighting(pycti: dict[str, Any]) -> None:
    sent = [
        (one["x_opencti_negative"], one["attribute_count"])
        for one in pycti["sent"]
        if "attribute_count" in one
    ]
    assert sorted(sent) == [(False, 1), (True, 0)]
    assert len(of(OBJECTS, "sighting")) == 2
