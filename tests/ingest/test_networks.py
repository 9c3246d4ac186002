"""The operator's own table of networks."""

from __future__ import annotations

import ipaddress
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_bench import Bench

from stillwatch.errors import InputError
from stillwatch.ingest import IngestContext, NetworkBook
from stillwatch.ingest.networks import NOWHERE, Place, _flatten

CSV = "Network,ASN,Class,Country\n203.0.113.0/24,AS64500,hosting,NL\n203.0.113.128/25,64501,vpn,\n2001:db8::/32,64502,mobile,DE\n,64503,education,FR\n"


@pytest.fixture
def book(tmp_path: Path) -> NetworkBook:
    path = tmp_path / "networks.csv"
    path.write_text(CSV)
    return NetworkBook.load(path)


def test_csv(book: NetworkBook) -> None:
    assert book.find("203.0.113.5") == Place(64500, "hosting", "NL")
    assert book.find("203.0.113.200") == Place(64501, "vpn", None)
    assert book.find("2001:db8:1::1") == Place(64502, "mobile", "DE")
    assert book.find("192.0.2.1") == NOWHERE
    assert book.find(None, 64503) == Place(64503, "education", "FR")
    assert book.find("203.0.113.5", 64503) == Place(64503, "hosting", "NL")
    assert pickle.loads(pickle.dumps(book)).find("203.0.113.5").asn == 64500


def test_start_and_end_columns(tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    path.write_text("start_ip,end_ip,as_number,type\n198.51.100.10,198.51.100.20,7,proxy\n")
    book = NetworkBook.load(path)
    assert [book.find(f"198.51.100.{i}").kind for i in (9, 10, 20, 21)] == [None, "proxy", "proxy", None]


WRONG = {
    "name,value\n1,2\n": "has no column",
    "network,asn\n203.0.113.0/99,1\n": "line 2",
    "network,asn\n,\n": "neither a network nor an ASN",
    "network\n\udcff\n": "cannot be read as CSV",
}


@pytest.mark.parametrize(("content", "says"), WRONG.items())
def test_mistakes_are_named(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "n.csv"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=says):
        NetworkBook.load(path)
    broken = tmp_path / "n.mmdb"
    broken.write_bytes(b"nothing")
    with pytest.raises(InputError, match="no MaxMind database"):
        NetworkBook.load(broken)


networks = st.builds(
    lambda a, bits: ipaddress.ip_network((a << 12, bits), strict=False),
    st.integers(0, 2**20 - 1),
    st.integers(4, 20),
)


@given(st.lists(networks, max_size=12, unique=True), st.integers(0, 2**32 - 1))
def test_the_smallest_network_wins(found: list[ipaddress.IPv4Network], at: int) -> None:
    spans = [
        (int(n.network_address), int(n.broadcast_address), Place(i, None, None)) for i, n in enumerate(found)
    ]
    around = [(n.prefixlen, i) for i, n in enumerate(found) if ipaddress.ip_address(at) in n]
    assert _flatten(spans).find(at).asn == (max(around)[1] if around else None)


def test_the_door_fills_in_what_the_log_lacks(bench: Bench, book: NetworkBook) -> None:
    bench.ingest_context = IngestContext(bench.settings, networks=book)
    rows = [
        {"request_id": "r", "account_id": "a", "time": "2026-02-01", "address": "203.0.113.5", **more}
        for more in ({}, {"region": "BE"}, {"asn": 64503})
    ]
    found = [
        (row["asn"], row["network_class"], row["region"])
        for row in bench.read(bench.lines("log.jsonl", rows))
    ]
    assert found == [(64500, "hosting", "NL"), (64500, "hosting", "BE"), (64503, "hosting", "NL")]


def field(value: object) -> bytes:
    """A value as the MaxMind DB format writes it (specification 2.0, 'Output Data Section')."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool):
        return bytes([int(value), 14 - 7])
    if isinstance(value, str):
        return bytes([2 << 5 | len(value)]) + value.encode()
    if isinstance(value, int):
        return bytes([6 << 5 | 4]) + value.to_bytes(4, "big")
    if isinstance(value, dict):
        return bytes([7 << 5 | len(value)]) + b"".join(field(part) for pair in value.items() for part in pair)
    return b"\x00\x04"


def mmdb(network: str, record: dict[str, object]) -> bytes:
    """A database of one IPv4 network: one node for each bit of its prefix."""
    parsed = ipaddress.ip_network(network)
    nodes = parsed.prefixlen
    tree = b""
    for node in range(nodes):
        onward = node + 1 if node + 1 < nodes else nodes + 16
        bit = int(parsed.network_address) >> (31 - node) & 1
        tree += b"".join((onward if side == bit else nodes).to_bytes(3, "big") for side in (0, 1))
    short = {
        "record_size": 24,
        "ip_version": 4,
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
    }
    about: dict[str, object] = {
        name: bytes([5 << 5 | 2]) + value.to_bytes(2, "big") for name, value in short.items()
    }
    about |= {
        "node_count": nodes,
        "build_epoch": bytes([8, 2]) + (1).to_bytes(8, "big"),
        "database_type": "Own",
        "languages": [],
        "description": {},
    }
    return tree + bytes(16) + field(record) + b"\xab\xcd\xefMaxMind.com" + field(about)


def test_maxmind_database(tmp_path: Path) -> None:
    path = tmp_path / "own.mmdb"
    path.write_bytes(
        mmdb(
            "203.0.113.0/24",
            {
                "autonomous_system_number": 64500,
                "country": {"iso_code": "NL"},
                "is_anonymous_vpn": False,
                "is_hosting_provider": True,
            },
        )
    )
    book = pickle.loads(pickle.dumps(NetworkBook.load(path)))
    assert book.find("203.0.113.77") == Place(64500, "hosting", "NL")
    assert book.find("198.51.100.1") == NOWHERE
    # A database of IPv4 networks alone knows nothing of IPv6, and says so without a traceback.
    assert book.find("2001:db8::1") == NOWHERE
