"""One spelling for each value, and bytes that stand for one list of parts only."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import IntelError
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.private.epoch import Epoch
from stillwatch.intel.private.normalising import NoValue, normalised
from stillwatch.intel.private.token import Token, input_bytes

K = IndicatorKind
SAME = [
    (K.ASN, "as64500", "64500"),
    (K.ASN, " AS 64500", "64500"),
    (K.NETWORK_PREFIX, "198.51.100.7", "198.51.100.0/24"),
    (K.NETWORK_PREFIX, "198.51.100.128/25", "198.51.100.0/24"),
    (K.NETWORK_PREFIX, "::ffff:198.51.100.7", "198.51.100.0/24"),
    (K.NETWORK_PREFIX, "::ffff:198.51.100.0/120", "198.51.100.0/24"),
    (K.NETWORK_PREFIX, "2001:DB8:1:2::5", "2001:db8:1::/48"),
    (K.ADDRESS, "198.51.100.7", "198.51.100.7"),
    (K.ADDRESS, "[2001:db8:1:2:3::5]", "2001:db8:1:2::/64"),
    (K.MAIL_DOMAIN, "someone@Exämple.COM.", "xn--exmple-cua.com"),
    (K.MAIL_DOMAIN, "exämple.com", "xn--exmple-cua.com"),
    (K.RESELLER_DOMAIN, "https://www.Cheap-Tokens.example/buy?x=1", "cheap-tokens.example"),
    (K.RESELLER_DOMAIN, "cheap-tokens.example:8443", "cheap-tokens.example"),
    (K.EMAIL, "A.Nobody+farm7@GoogleMail.com", "anobody@gmail.com"),
    (K.EMAIL, "A.Nobody+farm7@example.org", "a.nobody@example.org"),
    (K.EMAIL, "mailto:straße@example.org", "strasse@example.org"),
    (K.PHONE, "+44 (1632) 960-001", "+441632960001"),
    (K.PHONE, "00441632960001", "+441632960001"),
    (K.PHONE, "tel:+44.1632.960001", "+441632960001"),
    (K.PAYMENT, "Stripe: aB3x", "stripe:aB3x"),
    (K.TLS_FINGERPRINT, "T13D1516H2_8daaf6152771_E5627EFA2AB1", "t13d1516h2_8daaf6152771_e5627efa2ab1"),
    (K.CLIENT_SHAPE, "  accept  host\tua ", "accept host ua"),
]
NONE = [
    (K.ASN, "AS0"),
    (K.ASN, "4294967296"),
    (K.ASN, "AS-5"),
    (K.NETWORK_PREFIX, "198.51.0.0/16"),
    (K.NETWORK_PREFIX, "10.1.2.3"),
    (K.ADDRESS, "fe80::1%eth0"),
    (K.ADDRESS, "0.0.0.0"),
    (K.ADDRESS, "198.51.100.0/24"),
    (K.MAIL_DOMAIN, "localhost"),
    (K.MAIL_DOMAIN, "198.51.100.7"),
    (K.MAIL_DOMAIN, "a b.example"),
    (K.EMAIL, "nobody"),
    (K.EMAIL, "+only@example.org"),
    (K.PHONE, "01632 960001"),
    (K.PHONE, "+44"),
    (K.PAYMENT, "aB3x"),
    (K.PAYMENT, "visa:4111-1111-1111-1111"),
    (K.TLS_FINGERPRINT, "x y"),
    (K.SCHEDULE, "   "),
    (K.SCHEDULE, "a" * 2_000),
    (K.SCHEDULE, "\ud800"),
    (K.SCHEDULE, "a\x00b"),
]


@pytest.mark.parametrize(("kind", "value", "spelled"), SAME)
def test_each_kind_has_one_spelling(kind: IndicatorKind, value: str, spelled: str) -> None:
    assert normalised(kind, value) == spelled
    assert normalised(kind, spelled) == spelled


@pytest.mark.parametrize(("kind", "value"), NONE)
def test_what_is_no_value_is_refused_without_being_shown(kind: IndicatorKind, value: str) -> None:
    with pytest.raises(NoValue) as told:
        normalised(kind, value)
    assert len(value.strip()) < 4 or value not in str(told.value)


@given(
    st.sampled_from(list(K)), st.text(max_size=80) | st.from_regex(r"[a-z.+@:/0-9%-]{1,40}", fullmatch=True)
)
def test_nothing_breaks_it_and_twice_is_once(kind: IndicatorKind, value: str) -> None:
    try:
        once = normalised(kind, value)
    except NoValue:
        return
    assert normalised(kind, once) == once


@given(st.integers(0, 2**128 - 1), st.integers(48, 128))
def test_networks_of_version_6_are_cut_to_48_bits(number: int, length: int) -> None:
    address = ipaddress.IPv6Address(number)
    try:
        found = normalised(K.NETWORK_PREFIX, f"{address}/{length}")
    except NoValue:
        return
    if address.ipv4_mapped is None:
        assert ipaddress.IPv6Network(found).prefixlen == 48
        assert address in ipaddress.IPv6Network(found)


@given(
    st.sampled_from(list(K)),
    st.sampled_from(list(K)),
    st.text(max_size=20),
    st.text(max_size=20),
    st.booleans(),
)
def test_bytes_stand_for_one_list_of_parts(
    kind: IndicatorKind, other: IndicatorKind, value: str, another: str, next_epoch: bool
) -> None:
    epochs = ("2026-W49", "2026-W50")
    one = (kind, epochs[0], value.encode("utf-8", "replace").decode())
    two = (other, epochs[next_epoch], another.encode("utf-8", "replace").decode())
    assert (input_bytes(*one) == input_bytes(*two)) == (one == two)


def test_a_token_is_read_as_it_is_written() -> None:
    token = Token(bytes(range(32)), K.EMAIL, "2026-W49")
    assert Token.parse(token.pattern) == token


@pytest.mark.parametrize(
    "text",
    [
        "",
        "token:v2:email:2026-W49:" + "0" * 64,
        "token:v1:name:2026-W49:" + "0" * 64,
        "token:v1:email:2026-W60:" + "0" * 64,
        "token:v1:email:2026-W49:" + "0" * 63,
        "token:v1:email:2026-W49:" + "A" * 64,
        "token:v1:email:2026-W49:" + "0" * 64 + "\n",
    ],
)
def test_another_text_is_no_token(text: str) -> None:
    with pytest.raises(IntelError):
        Token.parse(text)


def test_epochs_follow_each_other_without_a_gap() -> None:
    for name in ("2026-W49", "2026-W53", "2026-12-31"):
        epoch = Epoch.named(name)
        assert epoch.next().begins == epoch.ends
        assert epoch.previous().ends == epoch.begins
        assert Epoch.at(epoch.ends - 1, days="W" not in name) == epoch


@pytest.mark.parametrize("name", ["2026-W00", "2027-W53", "2026-13-01", "", "2026-W4\uff19", "0000-W01"])
def test_another_text_is_no_epoch(name: str) -> None:
    with pytest.raises(IntelError):
        Epoch.named(name)
