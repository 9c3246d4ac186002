"""Who the client is, by what proxies wrote down."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_bench import Bench

from stillwatch.client_addresses import ClientAddress, parse
from stillwatch.errors import SettingError
from stillwatch.ingest import IngestContext
from stillwatch.settings import IngestSettings

CASES = {
    "203.0.113.9": "203.0.113.9",
    " 203.0.113.9 ": "203.0.113.9",
    "203.0.113.9:4711": "203.0.113.9",
    "[2001:DB8::1]:443": "2001:db8::1",
    "2001:0db8:0:0::1": "2001:db8::1",
    "fe80::1%eth0": "fe80::1",
    "::ffff:203.0.113.9": "203.0.113.9",
    "198.51.100.1, 203.0.113.9": "203.0.113.9",
    "for=192.0.2.60;proto=http;by=203.0.113.43": "192.0.2.60",
    'For="[2001:db8:cafe::17]:4711"': "2001:db8:cafe::17",
    'for=192.0.2.43, for="198.51.100.17:99"': "198.51.100.17",
    "for=unknown": None,
    "for=_hidden": None,
    "unknown": None,
    "": None,
    "1.2.3": None,
    "999.1.1.1": None,
    "-": None,
    "198.51.100.1, garbage": None,
}


@pytest.mark.parametrize(("written", "client"), CASES.items())
def test_without_proxies(written: str, client: str | None) -> None:
    assert ClientAddress(())(written) == client


TRUSTED = ("10.0.0.0/8", "2001:db8:ffff::/48")
PROXIED = {
    "203.0.113.9, 10.0.0.1": "203.0.113.9",
    "6.6.6.6, 203.0.113.9, 10.0.0.1, 10.2.3.4": "203.0.113.9",
    "203.0.113.9, 2001:db8:ffff::5": "203.0.113.9",
    "10.0.0.9, 10.0.0.1": "10.0.0.9",
    "garbage, 203.0.113.9, 10.0.0.1": "203.0.113.9",
    "203.0.113.9, garbage, 10.0.0.1": None,
    "for=203.0.113.9, for=10.0.0.1": "203.0.113.9",
    "::ffff:203.0.113.9, ::ffff:10.0.0.1": "203.0.113.9",
}


@pytest.mark.parametrize(("written", "client"), PROXIED.items())
def test_with_proxies(written: str, client: str | None) -> None:
    assert ClientAddress(TRUSTED)(written) == client


addresses = st.ip_addresses().filter(
    lambda a: not (isinstance(a, ipaddress.IPv6Address) and (a.ipv4_mapped or a.scope_id))
)
outside = addresses.filter(
    lambda a: not any(a.version == n.version and a in n for n in map(ipaddress.ip_network, TRUSTED))
)
inside = st.sampled_from(
    [a for n in TRUSTED for a in (ipaddress.ip_network(n)[1], ipaddress.ip_network(n)[-2])]
)


def written(address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: bool) -> str:
    text = address.exploded if port else str(address)
    return f"[{text}]:80" if address.version == 6 and port else f"{text}:80" if port else text


@given(
    st.lists(st.text("0123456789.:abcdef, unkow", max_size=30), max_size=4),
    outside,
    st.lists(inside, max_size=5),
    st.booleans(),
)
def test_the_client_cannot_choose_its_address(
    lies: list[str], client: ipaddress.IPv4Address, proxies: list[ipaddress.IPv4Address], port: bool
) -> None:
    """Whatever stands left of the first address outside our proxies changes nothing."""
    chain = [*lies, written(client, port), *(written(proxy, port) for proxy in proxies)]
    assert ClientAddress(TRUSTED)(", ".join(chain)) == str(client)


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    found = ClientAddress(TRUSTED)(text)
    assert found is None or str(ipaddress.ip_address(found)) == found


def test_a_long_lie_does_not_push_the_truth_out(bench: Bench) -> None:
    row = {
        "request_id": "r",
        "account_id": "a",
        "time": "2026-02-01",
        "address": "6.6.6.6, " * 500 + "203.0.113.9, 10.0.0.1",
    }
    bench.ingest_context = IngestContext(IngestSettings(trusted_proxies=TRUSTED))
    assert bench.read(bench.lines("log.jsonl", [row]))[0]["address"] == "203.0.113.9"


def test_garbage_is_counted_not_quarantined(bench: Bench) -> None:
    rows = [
        {"request_id": f"r{i}", "account_id": "a", "time": "2026-02-01", "address": at}
        for i, at in enumerate(["?", "", "192.0.2.1"])
    ]
    assert [row["address"] for row in bench.read(bench.lines("log.jsonl", rows))] == [None, None, "192.0.2.1"]
    assert bench.quarantine.bad == 0
    assert bench.quarantine.mended == {("address", "no address in it: left out"): 1}


def test_a_wrong_proxy_setting_is_named() -> None:
    with pytest.raises(SettingError, match=r"'10\.0\.0\.0/99' is no network"):
        ClientAddress(("10.0.0.0/99",))


def test_zones_and_spaces() -> None:
    assert str(parse('"[fe80::2%3]"')) == "fe80::2"


@given(
    st.one_of(
        st.ip_addresses(v=6).map(str),
        st.ip_addresses(v=6).map(lambda a: a.exploded),
        st.text("0123456789abcdefABCDEF:", max_size=24),
    )
)
def test_the_short_way_of_a_bare_address_is_the_general_one(text: str) -> None:
    assert ClientAddress(())(text) == (None if (address := parse(text)) is None else str(address))
