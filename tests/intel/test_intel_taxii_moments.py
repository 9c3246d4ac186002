"""Moments of adding, cursors and filters, without a server."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from taxii_parts import ANN, BOB, MAIN, indicator, made

from stillwatch.errors import IntelError
from stillwatch.intel.stix.checking import checked
from stillwatch.intel.stix.marking import level_of_object
from stillwatch.intel.taxii.media import accepts, is_taxii
from stillwatch.intel.taxii.moment import micros, moment_text
from stillwatch.intel.taxii.server.adding import add
from stillwatch.intel.taxii.server.asked import asked
from stillwatch.intel.taxii.server.collection import (
    Collection,
    Root,
    add_collection,
    add_root,
    collection_called,
)
from stillwatch.intel.taxii.server.cursors import cursor, position_of
from stillwatch.intel.taxii.server.envelope import envelope_of
from stillwatch.intel.taxii.server.fault import TaxiiFault
from stillwatch.intel.taxii.server.models import ObjectRow, SchemaRow
from stillwatch.intel.taxii.server.settings import TaxiiSettings
from stillwatch.intel.taxii.server.tables import make_tables
from stillwatch.intel.witness import unwitnessed

SETTINGS = TaxiiSettings()
FIELDS = frozenset({"id", "type", "version", "spec_version"})


def test_moments_of_adding_only_grow_whatever_the_clock_does(place: str) -> None:
    clock = [2_000_000, 1_000_000, 1_000_001, 2_000_000, 5_000_000, 0, 5_000_004]
    names = itertools.count()
    with made(place, MAIN) as database:
        for now in clock:
            with database.writing() as session:
                collection = collection_called(session, "info", MAIN.id, ANN)
                assert collection is not None
                objects = [indicator(f"x{next(names)}") for _ in range(3)]
                ready = envelope_of(objects, collection, ANN, SETTINGS, checked, level_of_object)
                assert add(session, collection, ANN, ready, SETTINGS, unwitnessed, now)["success_count"] == 3
        with database.reading() as session:
            found = list(session.scalars(sa.select(ObjectRow.added).order_by(ObjectRow.object_id)))
            in_order = [
                session.scalar(
                    sa.select(ObjectRow.added).where(ObjectRow.object_id == indicator(f"x{number}")["id"])
                )
                for number in range(21)
            ]
    assert len(set(found)) == 21
    assert in_order == sorted(found)
    assert in_order[:6] == [2_000_000, 2_000_001, 2_000_002, 2_000_003, 2_000_004, 2_000_005]
    assert in_order[12:15] == [5_000_000, 5_000_001, 5_000_002]


@given(st.integers(0, 253_402_300_799_999_999))
def test_moments_go_to_text_and_back(moment: int) -> None:
    assert micros(moment_text(moment)) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02T03:04:05+00:00",
        "2026-01-02T03:04:60Z",
        "2026-02-30T03:04:05Z",
        "2026-01-02T03:04:05.Z",
        "٢٠٢٦-01-02T03:04:05Z",
        "2026-01-02T03:04:05Z\n",
        "0000-01-02T03:04:05Z",
        "2026-01-02T03:04:05." + "1" * 40 + "Z",
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        micros(text)


def test_digits_after_a_microsecond_are_cut_or_refused() -> None:
    assert micros("1970-01-01T00:00:01.0000019Z") == 1_000_001
    assert micros("1970-01-01T00:00:01.0000010Z", exact=True) == 1_000_001
    with pytest.raises(ValueError, match="six digits"):
        micros("1970-01-01T00:00:01.0000019Z", exact=True)


@given(st.integers(0, 2**62), st.text(max_size=20), st.text(max_size=20))
def test_a_cursor_fits_what_it_was_made_for(position: int, one: str, other: str) -> None:
    made_one = cursor(b"secret", position, one, other)
    assert position_of(b"secret", made_one, one, other) == position
    for bound in ((one + other,), (other + "x", one), (one, other, "")):
        with pytest.raises(TaxiiFault):
            position_of(b"secret", made_one, *bound)
    with pytest.raises(TaxiiFault):
        position_of(b"another", made_one, one, other)


@given(st.text(max_size=80))
def test_no_other_text_is_a_cursor(text: str) -> None:
    with pytest.raises(TaxiiFault) as refused:
        position_of(b"secret", text, "objects")
    assert refused.value.status == 400


def test_no_byte_of_a_cursor_may_change() -> None:
    good = cursor(b"secret", 77, "objects")
    for place, letter in enumerate(good):
        changed = good[:place] + ("A" if letter != "A" else "B") + good[place + 1 :]
        try:
            # The last letter of base64 has bits that stand for nothing.
            assert position_of(b"secret", changed, "objects") == 77
            assert place == len(good) - 1
        except TaxiiFault:
            pass


@given(
    st.lists(
        st.tuples(st.sampled_from(["limit", "next", "added_after", "match[id]", "match[version]"]), st.text())
    )
)
def test_any_parameters_are_read_or_refused_with_400(pairs: list[tuple[str, str]]) -> None:
    try:
        limit = asked(pairs, FIELDS, 100).limit
    except TaxiiFault as fault:
        limit = 1 if fault.status == 400 else 0
    assert 1 <= limit <= 100


@given(st.text(max_size=200))
def test_any_accept_header_is_read(header: str) -> None:
    assert accepts(header + ", application/taxii+json;version=2.1") or len(header) > 100
    assert isinstance(is_taxii(header), bool)


@pytest.mark.parametrize(
    ("header", "good"),
    [
        ("application/taxii+json;version=2.1", True),
        ('APPLICATION/TAXII+JSON; Version="2.1"', True),
        ("*/*", True),
        ("application/*;q=0.1", True),
        ("application/taxii+json;q=0", False),
        ("application/taxii+json;version=2.0", False),
        ("application/taxii+json;version=2.0, application/taxii+json;version=2.1", True),
        ("application/vnd.oasis.taxii+json; version=2.0", False),
        ("text/html", False),
        ("", False),
        ("application/taxii+json;q=much", False),
    ],
)
def test_media_types_are_read_as_http_writes_them(header: str, good: bool) -> None:
    assert accepts(header) is good


def test_names_of_roots_and_collections_are_checked(tmp_path: Path) -> None:
    with made(tmp_path / "hub.db", MAIN) as database, database.writing() as session:
        for name in ("taxii2", "private", "Root", "a/b", "", "x" * 65):
            with pytest.raises(IntelError):
                add_root(session, Root(name, "A root"))
        for one in (
            MAIN,
            Collection("Nowhere", "elsewhere"),
            Collection("No id", "info", id="../x"),
            Collection("No alias", "info", alias="a/b"),
            Collection("Taken", "info", alias="indicators"),
        ):
            with pytest.raises(IntelError):
                add_collection(session, one)
        assert collection_called(session, "info", "indicators\x00", ANN) is None


def test_tables_of_a_newer_version_are_left_alone(tmp_path: Path) -> None:
    with made(tmp_path / "hub.db", MAIN) as database, database.writing() as session:
        make_tables(session)
        session.get_one(SchemaRow, "taxii").version = 99
        with pytest.raises(IntelError, match="version 99"):
            make_tables(session)


def test_members_differ() -> None:
    assert ANN.identity != BOB.identity
