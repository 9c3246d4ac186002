"""Agreements as data: who may have what, how far, how long; and that retention is carried out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hub_house import House, made_hub, terms
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from stillwatch.errors import IntelError
from stillwatch.intel.hub import agreements, log, members
from stillwatch.intel.hub.agreements import Terms, terms_in, terms_of
from stillwatch.intel.hub.retention import limits, purge
from stillwatch.intel.member import Channel, Member
from stillwatch.intel.tlp import Tlp

DAY = 86_400.0
ALL = frozenset(Channel)


@pytest.fixture
def house(tmp_path: Path) -> House:
    found = House(made_hub(tmp_path), "http://127.0.0.1:1", tmp_path)
    for name in ("alpha", "beta", "gamma"):
        found.member(name)
    return found


def member(house: House, name: str, now: float = 2e9) -> Member:
    with house.hub.database.reading() as session:
        found = members.member_named(session, name, now)
    assert found is not None
    return found


def test_an_agreement_opens_its_channels_to_who_accepted_it_alone(house: House) -> None:
    house.agree(terms("alpha", "beta"), "alpha")
    assert member(house, "alpha").channels == {Channel.INFORMATION}
    assert member(house, "alpha").clearance == Tlp.AMBER
    assert member(house, "alpha").writes
    for name in ("beta", "gamma"):
        assert member(house, name).channels == frozenset()
        assert not member(house, name).writes


def test_channels_are_kept_apart_and_each_agreement_is_named(house: House) -> None:
    house.agree(terms("alpha", "beta"), "alpha", "beta")
    response = terms(
        "alpha", "gamma", agreement="incident-7", channels=frozenset({Channel.RESPONSE}), clearance=Tlp.RED
    )
    house.agree(response, "alpha", "gamma")
    assert member(house, "alpha").channels == {Channel.INFORMATION, Channel.RESPONSE}
    assert member(house, "alpha").agreements == {"sharing", "incident-7"}
    assert member(house, "beta").channels == {Channel.INFORMATION}
    assert member(house, "gamma").agreements == {"incident-7"}


def test_of_several_agreements_the_least_clearance_holds(house: House) -> None:
    house.agree(terms("alpha", clearance=Tlp.RED), "alpha")
    assert member(house, "alpha").clearance == Tlp.RED
    house.agree(terms("alpha", agreement="wide", clearance=Tlp.GREEN), "alpha")
    assert member(house, "alpha").clearance == Tlp.GREEN


def test_a_new_version_must_be_accepted_anew(house: House) -> None:
    house.agree(terms("alpha", "beta"), "alpha", "beta")
    house.agree(terms("alpha", "beta", version=2, channels=ALL), "alpha")
    assert member(house, "alpha").channels == ALL
    assert member(house, "beta").channels == frozenset()
    with pytest.raises(IntelError, match="version 2 of this agreement is there"):
        house.agree(terms("alpha", version=2))


def test_an_agreement_that_ended_gives_nothing(house: House) -> None:
    house.agree(terms("alpha"), "alpha")
    with house.hub.database.writing() as session:
        agreements.end(session, "sharing")
    assert member(house, "alpha").channels == frozenset()
    with pytest.raises(IntelError, match="no such open agreement"), house.hub.database.writing() as session:
        agreements.end(session, "sharing")


def test_a_signature_fits_one_agreement_one_member_and_one_key(house: House) -> None:
    house.agree(terms("alpha", "beta"))
    key = Ed25519PrivateKey.generate()
    right = house.folder / "alpha"
    assert right.exists()
    wrong = (
        ("alpha", agreements.acceptance(terms("alpha", "beta"), "alpha", key)),
        ("gamma", agreements.acceptance(terms("alpha", "beta"), "gamma", key)),
        ("alpha", b""),
    )
    for name, signature in wrong:
        with pytest.raises(IntelError), house.hub.database.writing() as session:
            agreements.accept(session, terms("alpha", "beta").digest, name, signature)
    with pytest.raises(IntelError, match="no such open"), house.hub.database.writing() as session:
        agreements.accept(session, "0" * 64, "alpha", b"")


def test_terms_that_were_changed_in_the_store_open_nothing(house: House) -> None:
    house.agree(terms("alpha"), "alpha")
    with house.hub.database.writing() as session:
        session.execute(sa.text("UPDATE hub_agreements SET document = replace(document, 'AMBER', 'RED')"))
    assert member(house, "alpha").channels == frozenset()


def test_who_is_removed_stays_out_of_agreements(house: House) -> None:
    house.agree(terms("alpha"), "alpha")
    with house.hub.database.writing() as session:
        members.remove(session, "alpha")
    with house.hub.database.reading() as session:
        assert members.member_named(session, "alpha", 2e9) is None
    with pytest.raises(IntelError, match="alpha is a party and no member"):
        house.agree(terms("alpha", version=2))


def test_terms_are_written_and_read_the_same() -> None:
    found = terms("beta", "alpha", channels=ALL)
    assert terms_in(found.text(), "test") == found
    assert terms_of({**json.loads(found.text()), "clearance": "TLP:AMBER"}, "test").digest == found.digest
    assert replace(found, retention_days=31).digest != found.digest


GOOD = json.loads(terms("alpha").text())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("agreement", "Not An Id"),
        ("agreement", 7),
        ("version", 0),
        ("version", True),
        ("version", 1.5),
        ("purpose", ""),
        ("purpose", "two\nlines"),
        ("purpose", "x" * 501),
        ("channels", []),
        ("channels", ["prices"]),
        ("channels", "information"),
        ("channels", [["information"]]),
        ("clearance", "AMBER STRICT"),
        ("retention_days", 0),
        ("retention_days", 10**9),
        ("parties", []),
        ("parties", ["Alpha"]),
        ("parties", ["a"] * 1_001),
        ("price", 3),
    ],
)
def test_what_is_no_agreement_is_refused_with_the_field(field: str, value: object) -> None:
    with pytest.raises(IntelError, match="no agreement") as caught:
        terms_of({**GOOD, field: value}, "test")
    assert field in str(caught.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
@settings(max_examples=100, deadline=None)
def test_no_json_breaks_the_reader(value: Any) -> None:
    for field in GOOD:
        try:
            found = terms_of({**GOOD, field: value}, "test")
        except IntelError:
            continue
        assert isinstance(found, Terms)
    for text in (json.dumps(value), "[" * 100_000, "{", '{"a":' * 20_000):
        with pytest.raises(IntelError):
            terms_in(text, "test")


def test_what_is_past_its_retention_is_purged_and_the_log_told(house: House) -> None:
    house.agree(terms("alpha", channels=frozenset({Channel.INFORMATION, Channel.REPORT}), retention_days=90))
    house.agree(terms("alpha", agreement="short", retention_days=30))
    things = [
        (Channel.INFORMATION, 10.0),
        (Channel.INFORMATION, 31.0),
        (Channel.REPORT, 31.0),
        (Channel.RESPONSE, 999.0),
    ]
    now = 2e9
    kept = [(channel, now - days * DAY) for channel, days in things]

    def part(session: Session, channel: Channel, before: float) -> int:
        assert session.in_transaction()
        old = [one for one in kept if one[0] == channel and one[1] < before]
        for one in old:
            kept.remove(one)
        return len(old)

    with house.hub.database.reading() as session:
        assert limits(session) == {Channel.INFORMATION: 30, Channel.REPORT: 90}
    assert purge(house.hub.database, [part], now) == {Channel.INFORMATION: 1}
    assert purge(house.hub.database, [part], now) == {}
    assert len(kept) == 3
    with house.hub.database.reading() as session:
        (told,) = [
            json.loads(entry.content or "")
            for entry in log.entries(session, 0, 100, None)
            if "retention.purged" in (entry.content or "")
        ]
    assert told["facts"] == {"channel": "information", "things": 1, "days": 30}


def test_retention_outlives_its_agreement(house: House) -> None:
    house.agree(terms("alpha", retention_days=7))
    with house.hub.database.writing() as session:
        agreements.end(session, "sharing")
    with house.hub.database.reading() as session:
        assert limits(session) == {Channel.INFORMATION: 7}
