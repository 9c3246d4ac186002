"""Addresses, clients, accounts and edge rows as keys and labels."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.schema.keyed import HashKey
from stillwatch.schema.requests import ACCOUNT_ROWS, EDGE
from stillwatch.schema.stored import ACCOUNTS, LABELS
from stillwatch.sketch import Sketched, sketch_accounts, sketch_edge
from stillwatch.sketch.marks import networks_of

KEY = HashKey.public()


def _labels(table: pa.Table, kind: str) -> dict[int, str]:
    return {row["key"]: row["label"] for row in table.to_pylist() if row["kind"] == kind}


@pytest.mark.parametrize(
    ("text", "address", "subnet"),
    [
        ("203.0.113.77", "203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("not an address", None, None),
        ("300.1.1.1", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_addresses(
    sketched: Callable[..., Sketched], text: str | None, address: str | None, subnet: str | None
) -> None:
    result = sketched([{"address": text}])
    row = result.exchanges.to_pylist()[0]
    assert _labels(result.labels, "address").get(row["address"]) == address
    assert _labels(result.labels, "subnet").get(row["subnet"]) == subnet


def test_neighbours_share_a_subnet_only(sketched: Callable[..., Sketched]) -> None:
    one, other = sketched([{"address": "203.0.113.1"}, {"address": "203.0.113.2"}]).exchanges.to_pylist()
    assert one["subnet"] == other["subnet"]
    assert one["address"] != other["address"]


def test_clients_are_labelled_once(sketched: Callable[..., Sketched]) -> None:
    result = sketched(
        [{"user_agent": "agent/1", "ja4": "t13d", "stainless": "lang=js", "parameters": "n=1"}] * 3
    )
    assert sorted((row["kind"], row["label"]) for row in result.labels.to_pylist()) == [
        ("client", "agent/1"), ("ja4", "t13d"), ("parameters", "n=1"), ("stainless", "lang=js"),
    ]  # fmt: skip


def test_edge_rows_get_the_keys_of_exchanges(sketched: Callable[..., Sketched]) -> None:
    row: dict[str, Any] = {
        "address": "203.0.113.1",
        "user_agent": "agent/1",
        "ja4": "t13d",
        "stainless": "lang=js",
        "asn": 64500,
        "network_class": "hosting",
        "region": "x",
    }
    whole = sketched([row]).exchanges.to_pylist()[0]
    order: dict[str, Any] = {"outside": True, "seen": None, "place": 7, "id_rank": 0, "id_column": "id"}
    given = pa.RecordBatch.from_pylist([{"request_id": "r0"} | row | order], schema=EDGE.arrow)
    edge, labels = sketch_edge(given, KEY)
    assert edge.to_pylist() == [{name: (whole | order)[name] for name in edge.schema.names}]
    assert labels.schema == LABELS.arrow
    assert labels.num_rows == 5


def test_accounts(sketched: Callable[..., Sketched]) -> None:
    common: dict[str, Any] = {
        "created": None,
        "payment": "sha256:0123456789abcdef",
        "email_shape": "a5.a7",
        "phone_prefix": "+49 151",
    }
    rows: list[dict[str, Any]] = [
        common | {"account_id": "a0", "organisation": "Example  Ltd", "email_domain": "Example.org"},
        common | {"account_id": "a1", "organisation": " example ltd", "email_domain": "mail.example"},
        {"account_id": "a2"},
    ]
    full = pa.Table.from_pylist(
        [{name: row.get(name) for name in ACCOUNT_ROWS.names()} for row in rows], schema=ACCOUNT_ROWS.arrow
    )
    table, labels = sketch_accounts(full, KEY, ["mail.example"])
    assert table.schema == ACCOUNTS.arrow
    one, other, bare = table.to_pylist()
    assert one["account"] == sketched([{"account_id": "a0"}]).exchanges.to_pylist()[0]["account"]
    assert [
        one[name] == other[name]
        for name in ("organisation", "payment", "email_shape", "phone_prefix", "email_domain")
    ] == [True] * 4 + [False]
    assert [row["email_public"] for row in (one, other, bare)] == [False, True, None]
    assert all(
        bare[name] is None
        for name in ("organisation", "payment", "email_domain", "email_shape", "phone_prefix")
    )
    (payment,) = _labels(labels, "payment").values()
    assert payment == f"payment {one['payment'] & 0xFFFFFF:06x}"
    assert "0123456789" not in str(labels.to_pylist())
    assert _labels(labels, "email_domain")[one["email_domain"]] == "example.org"
    assert labels.num_rows == len({(row["kind"], row["key"]) for row in labels.to_pylist()})


@given(
    st.lists(
        st.ip_addresses(v=6).filter(lambda a: not (isinstance(a, ipaddress.IPv6Address) and a.ipv4_mapped)),
        max_size=5,
    ),
    st.booleans(),
)
def test_networks_of_ipv6_addresses_are_those_of_the_standard_library(
    addresses: list[ipaddress.IPv6Address], exploded: bool
) -> None:
    texts = [address.exploded if exploded else str(address) for address in addresses]
    found = networks_of(pa.array(texts, pa.string()))
    for bits, column in zip((64, 48), found, strict=True):
        assert column.to_pylist() == [
            str(ipaddress.IPv6Network((int(address), bits), strict=False)) for address in addresses
        ]
