"""What a report counts for: its confidence, its reporter's history here and its age, and independent ones only."""

from __future__ import annotations

from datetime import timedelta

import pytest
from desk_objects import BEGIN, EGRET, HERON, IBIS, NOW, asn, indicator, later, thing
from hypothesis import given
from hypothesis import strategies as st
from test_intel_desk_receiving import fresh, take

from stillwatch.errors import IntelError
from stillwatch.intel.desk.judging import History, Judged, judge
from stillwatch.intel.desk.matching import match
from stillwatch.intel.desk.origins import COPIED_WITHIN, Voice, origins
from stillwatch.intel.desk.reports import origins_of, reports
from stillwatch.intel.desk.values import Named, named
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.stix.versions import stamp
from stillwatch.intel.tlp import Tlp
from stillwatch.schema.keyed import HashKey, keys_of_texts

KEY = HashKey.public()


def test_a_strangers_word_counts_for_three_quarters_and_a_false_alarm_lowers_it() -> None:
    assert History().factor == 0.75
    assert History(confirmed=9).factor > 0.9
    assert History(false_positives=9).factor < 0.25


def test_a_report_grows_old_and_a_sighting_by_another_makes_it_young() -> None:
    with fresh() as session:
        one = asn("a", 64500)
        take(session, one)
        young, old = (reports(session)[0].weight(BEGIN + timedelta(days=days)) for days in (0, 50))
        assert young == pytest.approx(0.8 * 0.75)
        assert 0 < old < young
        seen = stamp(BEGIN + timedelta(days=50))
        for by, expected in ((HERON, old), (IBIS, young)):
            take(
                session, thing("sighting", by, by, sighting_of_ref=one["id"], first_seen=seen, last_seen=seen)
            )
            assert reports(session)[0].weight(BEGIN + timedelta(days=50)) == pytest.approx(expected)


def test_what_was_false_here_matches_no_more_and_lowers_its_reporters_others() -> None:
    with fresh() as session:
        take(session, asn("a", 64500), asn("b", 64501))
        before = [one.weight(NOW) for one in reports(session)]
        judge(session, asn("a", 64500)["id"], HERON, Judged.FALSE_POSITIVE, "ann", "a university", 1.0)
        after = {one.id: one.weight(NOW) for one in reports(session)}
        assert after[asn("a", 64500)["id"]] == 0.0
        assert 0.0 < after[asn("b", 64501)["id"]] < before[0]
        judge(session, asn("a", 64500)["id"], HERON, Judged.OPEN, "ben", "it was not", 2.0)
        assert [one.weight(NOW) for one in reports(session)] == before
        with pytest.raises(IntelError, match="needs a reason"):
            judge(session, asn("a", 64500)["id"], HERON, Judged.CONFIRMED, "ann", " ", 3.0)
        with pytest.raises(IntelError, match="nothing like that"):
            judge(session, asn("c", 1)["id"], HERON, Judged.CONFIRMED, "ann", "why", 3.0)


def test_disagreement_is_shown_and_changes_no_weight() -> None:
    with fresh() as session:
        one = asn("a", 64500)
        take(session, one)
        before = reports(session)[0]
        take(
            session,
            thing("opinion", "o", IBIS, opinion="strongly-disagree", object_refs=[one["id"]]),
            thing("sighting", "s", EGRET, sighting_of_ref=one["id"], count=0),
            thing("opinion", "own", HERON, opinion="disagree", object_refs=[one["id"]]),
        )
        judge(session, one["id"], HERON, Judged.DISPUTED, "ann", "our own evidence speaks against it", 9e9)
        after = reports(session)[0]
        told = [(said.maker, said.how) for said in after.disagreements]
        assert sorted(told) == sorted([(IBIS, "opinion"), (EGRET, "not seen"), ("", "here")])
        assert after.weight(NOW) == before.weight(NOW)
        table, _ = match(reports(session), {}, KEY, NOW)
        assert table.column("disputed").to_pylist() == [True]


def test_reports_that_are_not_independent_have_one_origin() -> None:
    hour = 3_600.0
    alone = Voice("r1", "heron", 0.0)
    copy = Voice("r2", "ibis", hour)
    late = Voice("r3", "egret", 100 * hour)
    upstream = Voice("r4", "stork", 900 * hour, frozenset({"feed https://example.org/1"}))
    same = Voice("r5", "crane", 2_000 * hour, frozenset({"feed https://example.org/1"}))
    derived = Voice("r6", "swan", 3_000 * hour, frozenset({"r3"}))
    again = Voice("r7", "heron", 5_000 * hour)
    found = origins([alone, copy, late, upstream, same, derived, again])
    assert found == {
        alone: "heron",
        copy: "heron",
        again: "heron",
        late: "egret",
        derived: "egret",
        upstream: "stork",
        same: "stork",
    }


voices = st.builds(
    Voice,
    st.sampled_from(["r1", "r2", "r3", "r4"]),
    st.sampled_from(["heron", "ibis", "egret"]),
    st.integers(0, 40).map(lambda hours: hours * 3_600.0),
    st.frozensets(st.sampled_from(["r1", "r2", "feed 1"]), max_size=2),
)


@given(st.lists(voices, max_size=8), st.randoms())
def test_origins_do_not_depend_on_the_order(found: list[Voice], random: object) -> None:
    mixed = sorted(found, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert origins(found) == origins(mixed)
    assert set(origins(found).values()) <= {one.maker for one in found}


def test_copies_within_hours_count_once_and_later_ones_as_a_second_voice() -> None:
    close, far = (timedelta(seconds=COPIED_WITHIN * part) for part in (0.5, 3.0))
    for apart, expected in ((close, 1), (far, 2)):
        with fresh() as session:
            take(session, asn("a", 64500), asn("b", 64500, IBIS, BEGIN + apart))
            assert len(set(origins_of(reports(session)).values())) == expected


PATTERNS = [
    ("[autonomous-system:number = 64500]", Named(IndicatorKind.ASN, "64500")),
    ("[ipv4-addr:value ISSUBSET '198.51.100.0/24']", Named(IndicatorKind.NETWORK_PREFIX, "198.51.100.0/24")),
    ("[ipv4-addr:value = '198.51.100.7']", Named(IndicatorKind.ADDRESS, "198.51.100.7")),
    ("[ipv6-addr:value ISSUBSET '2001:db8:1::/48']", Named(IndicatorKind.NETWORK_PREFIX, "2001:db8:1::/48")),
    ("[ipv6-addr:value = '2001:db8:1::5']", Named(IndicatorKind.ADDRESS, "2001:db8:1::/64")),
    ("[domain-name:value = 'Mail.Example']", Named(IndicatorKind.MAIL_DOMAIN, "mail.example")),
    ("[email-addr:value LIKE '%@mail.example']", Named(IndicatorKind.MAIL_DOMAIN, "mail.example")),
    ("[software:name = 'relay/1.2']", Named(IndicatorKind.CLIENT_SHAPE, "relay/1.2")),
    ("[email-addr:value = 'somebody@mail.example']", None),
    ("[ipv4-addr:value ISSUBSET '198.51.0.0/16']", None),
    ("[autonomous-system:number = 64500 OR autonomous-system:number = 64501]", None),
    ("[autonomous-system:number = 0]", None),
    ("[file:name = 'x']", None),
]


@pytest.mark.parametrize(("pattern", "expected"), PATTERNS)
def test_what_an_indicator_names(pattern: str, expected: Named | None) -> None:
    assert named(indicator("x", pattern)) == expected


@given(st.text(max_size=80), st.sampled_from(["stix", "stillwatch-token", "stillwatch-kinds", "other"]))
def test_no_pattern_breaks_the_reading(pattern: str, form: str) -> None:
    found = named({"pattern": pattern, "pattern_type": form})
    assert found is None or found.value


def test_what_goes_to_a_search_and_what_does_not() -> None:
    token = "token:v1:mail_domain:2026-W44:" + "ab" * 32
    objects = [
        asn("plain", 64500),
        indicator("prefix", "[ipv4-addr:value ISSUBSET '198.51.100.0/24']"),
        asn("red", 64501, level=Tlp.RED),
        asn("over", 64502, days=1),
        indicator("customer", "[ipv4-addr:value = '198.51.100.7']"),
        indicator("token", token, form="stillwatch-token"),
        indicator("kinds", "kinds:v1:network", form="stillwatch-kinds"),
    ]
    with fresh() as session:
        take(session, *objects)
        table, outcome = match(reports(session), {}, KEY, NOW)
        assert outcome.reports == 2
        assert sum(outcome.left_out.values()) == 5
        subnet = int(keys_of_texts(["198.51.100.0/24"], KEY, "subnet")[0])
        assert set(zip(table["column"].to_pylist(), table["value"].to_pylist(), strict=True)) == {
            ("asn", 64500),
            ("subnet", subnet),
        }
        own = {
            IndicatorKind.MAIL_DOMAIN: {
                "mail.example": [("email_domain", 7)],
                "other.example": [("mail_root", 8)],
            }
        }
        made = {"mail.example": "ab" * 32, "other.example": "cd" * 32}
        table, _ = match(
            reports(session), {}, KEY, NOW, own, lambda _kind, _epoch, texts: [made[text] for text in texts]
        )
        row = next(row for row in table.to_pylist() if row["epoch"])
        assert (row["column"], row["value"], row["epoch"]) == ("email_domain", 7, "2026-W44")


def test_a_correction_that_lowers_the_confidence_lowers_the_weight() -> None:
    with fresh() as session:
        take(session, asn("a", 64500))
        high = reports(session)[0].weight(NOW)
        take(session, later(asn("a", 64500), confidence=40))
        assert reports(session)[0].weight(NOW) == pytest.approx(high / 2, rel=0.02)
