"""What a stranger sends: whatever it is, each object is used or refused with a reason, and nothing falls over."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import IntelError
from stillwatch.intel.stix.checking import checked
from stillwatch.intel.stix.hostile_patterns import explodes, hostile
from stillwatch.intel.stix.limits import Limits
from stillwatch.intel.stix.marking import level_of_object
from stillwatch.intel.stix.reading import read_bundle
from stillwatch.intel.stix.validator import breaches
from stillwatch.intel.tlp import IDS, Tlp

GOOD: dict[str, Any] = {
    "type": "indicator",
    "spec_version": "2.1",
    "id": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
    "created_by_ref": "identity--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
    "created": "2026-01-01T00:00:00.000Z",
    "modified": "2026-01-01T00:00:00.000Z",
    "name": "a name",
    "pattern": "[ipv4-addr:value = '203.0.113.1']",
    "pattern_type": "stix",
    "valid_from": "2026-01-01T00:00:00Z",
    "valid_until": "2026-02-01T00:00:00Z",
    "confidence": 30,
    "object_marking_refs": [IDS[Tlp.GREEN]],
}
ID = "bundle--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"


def bundle(*objects: Any) -> bytes:
    return json.dumps({"type": "bundle", "id": ID, "objects": objects}).encode()


def test_a_good_object_passes_untouched() -> None:
    found = checked([GOOD])
    assert found.good[0] is GOOD
    assert not found.refused


def deep(levels: int) -> Any:
    made: Any = "end"
    for _ in range(levels):
        made = {"inner": made}
    return made


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"confidence": 130}, "confidence"),
        ({"confidence": -1}, "confidence"),
        ({"confidence": True}, "confidence"),
        ({"confidence": "high"}, "confidence"),
        ({"valid_until": "2025-12-31T00:00:00Z"}, "valid_until is before"),
        ({"valid_until": GOOD["valid_from"]}, "valid_until is before"),
        ({"modified": "2025-12-31T00:00:00.000Z"}, "modified is before"),
        ({"created": "2026-02-31T00:00:00.000Z"}, "created"),
        ({"created": "2026-01-01 00:00"}, "created"),
        ({"created": "2026-01-01T00:00:00.000+01:00"}, "created"),
        ({"created": 5}, "created"),
        ({"created": "0001-01-01T00:00:00.000Z"}, "created"),
        ({"id": "campaign--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}, "id"),
        ({"id": "indicator--1"}, "id"),
        ({"id": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f\n"}, "its id"),
        ({"type": "x-thing"}, "type"),
        ({"type": "../../etc/passwd"}, "type"),
        ({"type": ["indicator"]}, "type"),
        ({"spec_version": "2.0"}, "spec_version"),
        ({"name": "a\x1b[2Jb"}, "control characters"),
        ({"name": "left\u202eright"}, "control characters"),
        ({"name": "half \ud800"}, "control characters"),
        ({"name": "x" * 100_000}, "longer"),
        ({"name": None}, "null"),
        ({"name": 2**60}, "number too large"),
        ({"name": float("nan")}, "no number"),
        ({"name": float("inf")}, "no number"),
        ({"na\x00me": 1}, "name of a property"),
        ({"extensions": deep(30)}, "deeper"),
        ({"labels": ["x"] * 6_000}, "more than"),
        ({"labels": ["x" * 60_000] * 6}, "larger"),
        ({"labels": 5}, "labels"),
        ({"object_marking_refs": [5]}, "object_marking_refs"),
        ({"created_by_ref": "me"}, "created_by_ref"),
        ({"pattern": "[ipv4-addr:value = "}, "STIX 2.1"),
        ({"pattern": ""}, "pattern"),
        ({"pattern": "x" * 5_000}, "pattern"),
        ({"pattern": "[url:value MATCHES '(a+)+$']"}, "never end"),
        ({"pattern": f"[url:value IN ({','.join(['1'] * 600)})]"}, "too many parts"),
        ({"pattern": "[url:value MATCHES /* so */ '(a+)+$']"}, "comment"),
        ({"pattern": "[url:value MATCHES // so\n'(a+)+$']"}, "comment"),
        ({"pattern": "[/*'*/ url:value MATCHES /*'*/ '(a+)+$']"}, "comment"),
        ({"pattern": "[" + "(" * 40 + "a:b=1" + ")" * 40 + "]"}, "too many parts"),
        ({"pattern": " OR ".join(["[a:b=1]"] * 99)}, "too many parts"),
        ({"kill_chain_phases": [{"kill_chain_name": "x"}]}, "kill_chain_phases"),
        ({"external_references": [{}]}, "external_references"),
    ],
)
def test_what_is_wrong_is_refused_with_a_reason(changes: dict[str, Any], words: str) -> None:
    found = checked([GOOD | changes, GOOD])
    assert [one.place for one in found.refused] == [0]
    assert words in found.refused[0].why
    assert found.refused[0].why.isprintable()
    assert list(found.good) == [GOOD]


def test_a_reason_never_shows_a_value() -> None:
    secret = "acct-778899"
    for name in (
        "confidence",
        "created",
        "labels",
        "valid_from",
        "lang",
        "pattern_type",
        "kill_chain_phases",
    ):
        found = checked([GOOD | {name: secret}])
        assert all(secret not in one.why for one in found.refused)


def test_two_versions_of_one_moment_that_differ_are_refused_and_equal_ones_count_once() -> None:
    found = checked([GOOD, dict(GOOD), GOOD | {"name": "another"}])
    assert list(found.good) == [GOOD]
    assert [one.place for one in found.refused] == [2]


def test_an_unknown_marking_counts_as_red() -> None:
    other = "marking-definition--11111111-1111-4111-8111-111111111111"
    assert level_of_object(GOOD) is Tlp.GREEN
    assert level_of_object(GOOD | {"object_marking_refs": [IDS[Tlp.CLEAR], other]}) is Tlp.RED
    assert level_of_object(GOOD | {"object_marking_refs": []}) is Tlp.RED
    assert level_of_object(GOOD | {"object_marking_refs": "x"}) is Tlp.RED
    stricter = {"granular_markings": [{"marking_ref": IDS[Tlp.AMBER], "selectors": ["name"]}]}
    assert level_of_object(GOOD | stricter) is Tlp.AMBER


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "UTF-8"),
        (b"[]", "no STIX bundle"),
        (b"{" * 100_000, "nested"),
        (b'{"a":' * 50, "nested"),
        (b'{"type":"bundle","type":"bundle"}', "twice"),
        (b'{"type":"bundle","x":NaN}', "NaN"),
        (b'{"type":"bundle","x":-Infinity}', "NaN"),
        (b'{"type":"bundle","x":' + b"9" * 100_000 + b"}", "number of"),
        (b'{"type":"bundle","x":1e' + b"9" * 99 + b"}", "number of"),
        (b'{"type":"bundle","id":"bundle--x","objects":[]}', "id of the form"),
        (bundle()[:-1].replace(b"[]", b"{}") + b"}", "no list"),
        (bundle(*[1] * 101), "101 objects"),
        (b'"' + b'\\"' * 1_000_000, "no JSON"),
        (b'"' * 1_000_001, "no JSON"),
    ],
)
def test_what_is_no_bundle_is_told_at_once(data: bytes, words: str) -> None:
    begun = time.perf_counter()
    with pytest.raises(IntelError) as caught:
        read_bundle(data, Limits(objects=100))
    assert words in caught.value.what
    assert caught.value.do
    assert time.perf_counter() - begun < 5


def test_a_bundle_of_100_megabytes_is_refused_unread() -> None:
    data = b" " * (100 * 10**6)
    begun = time.perf_counter()
    with pytest.raises(IntelError, match="bytes"):
        read_bundle(data)
    assert time.perf_counter() - begun < 0.5


def test_a_bundle_with_good_and_bad_objects_keeps_the_good() -> None:
    found = read_bundle(bundle(GOOD, 5, None, GOOD | {"confidence": 999}, {"type": "bundle"}))
    assert list(found.objects.good) == [GOOD]
    assert [one.place for one in found.objects.refused] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "bad", ["(a+)+", "(a|b)*c", "(a*)*", "(?:x+y)+", "a{5000}", r"(a)\1", ".*.*.*.*.*.*.*.*.*x"]
)
def test_expressions_that_explode_are_known(bad: str) -> None:
    assert explodes(bad)
    assert hostile(f"[url:value MATCHES '{bad.replace(chr(92), chr(92) * 2)}']", "stix")
    assert hostile(bad, "pcre")


@pytest.mark.parametrize("fine", ["^https?://[a-z0-9.]+/login$", "abc", "[(+*]{3}", r"\(a\)+", "(ab)c+"])
def test_plain_expressions_pass(fine: str) -> None:
    assert not explodes(fine)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    [*GOOD, "labels", "extensions", "external_references", "granular_markings", "revoked"]
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, JSON, max_size=4))
def test_no_value_of_a_property_makes_the_check_fall_over(changes: dict[str, Any]) -> None:
    found = checked([GOOD | changes])
    assert len(found.good) + len(found.refused) == 1


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_no_document_makes_the_check_fall_over(document: Any) -> None:
    assert len(checked([document]).refused) == 1


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_make_the_reader_fall_over(data: bytes) -> None:
    for given_bytes in (data, bundle(GOOD)[: len(data) * 7] + data):
        with pytest.raises(IntelError):
            read_bundle(given_bytes)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab(){}[]*+?|\\.^$1,'", max_size=40))
def test_no_expression_makes_the_look_at_it_fall_over(text: str) -> None:
    assert isinstance(explodes(text), bool)
    assert isinstance(hostile(f"[url:value MATCHES '{text}']", "stix"), str)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"labels": 5},
        {"lang": "xx"},
        {"lang": "de"},
        {"pattern": "[ipv4-addr:value = "},
        {"granular_markings": [{}]},
        {"granular_markings": [{"marking_ref": IDS[Tlp.RED], "selectors": ["nowhere"]}]},
        {"external_references": [{"source_name": "cve", "external_id": "x"}]},
        {"kill_chain_phases": []},
        {"indicator_types": ["anything"]},
        {"valid_from": "2026-13-01T00:00:00Z"},
        {"x_more": {"a": 1}},
    ],
)
def test_the_quick_check_agrees_with_the_library_itself(changes: dict[str, Any]) -> None:
    from stix2validator import ValidationOptions, validate_instance

    item = GOOD | changes
    whole = validate_instance(item, ValidationOptions(version="2.1", silent=True, disabled="all"))
    assert (breaches(item) == []) is whole.is_valid
