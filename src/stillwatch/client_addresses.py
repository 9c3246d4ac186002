"""The client's address from what proxies wrote. Imports nothing heavy, since a gateway asks it too."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence

from stillwatch.errors import SettingError
from stillwatch.schema.ipv6 import plain_ipv6

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_FOR = re.compile(r'(?:^|[;,\s])for\s*=\s*("(?:[^"\\]|\\.)*"|[^;,\s]+)', re.IGNORECASE)
INSIDE = tuple(
    map(
        ipaddress.ip_network,
        (
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "::1/128",
            "fc00::/7",
            "fe80::/10",
        ),
    )
)
BETWEEN = "\x1f"
"""Between the address fields of one row; no header can hold it, and it is taken out of the fields."""
MOST_HOPS = 64
"""Entries of a forwarded header that are read, from the right. More entries are an attack, not a path."""


class ClientAddress:
    """Finds the client: the rightmost address that is not one of the provider's own proxies.

    It remembers the values that it has seen.
    """

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted = tuple(map(_network, trusted))
        self._seen: dict[str | None, str | None] = {}

    def __call__(self, forwarded: str) -> str | None:
        """Return the canonical address from an X-Forwarded-For, Forwarded (RFC 7239) or plain value.

        None where it holds no address.
        """
        return self.each([forwarded])[0]

    def each(self, values: Sequence[str | None]) -> list[str | None]:
        """Do the same for many values; None may be among them."""
        seen, find = self._seen, self._find
        if len(seen) > 200_000:
            seen.clear()
        results: list[str | None] = []
        for value in values:
            try:  # and no second look: another thread may have cleared it in between
                results.append(seen[value])
            except KeyError:
                results.append(seen.setdefault(value, None if value is None else find(value)))
        return results

    def _find(self, forwarded: str) -> str | None:
        """Return the client of one value of a log, or of several fields joined by `joined`."""
        if forwarded.count(BETWEEN) != 2:
            return self._on(forwarded)
        named, path, peer = forwarded.split(BETWEEN, 2)
        if peer and self._trusted:
            # What a client wrote itself counts only if a proxy of the provider's passed it on.
            path = f"{path}, {peer}" if path else peer
        found = [self._on(part) if part else None for part in (named, path, peer)]
        known = [address for address in found if address is not None]
        outside = (a for a in known if not is_inside(a) and not self._is_trusted(ipaddress.ip_address(a)))
        return next(outside, known[0] if known else None)

    def _on(self, forwarded: str) -> str | None:
        if not self._trusted and (plain := _plain(forwarded)):
            return plain
        inner: str | None = None
        leftmost: str | None = None
        for hop in reversed(hops(forwarded)):
            address = parse(hop)
            if address is None:
                # Someone unknown wrote what is left of it, and it is no address itself.
                return inner
            leftmost = str(address)
            if self._is_trusted(address):
                continue
            if self._trusted or not is_inside(leftmost):
                return leftmost
            # Without a list of proxies, a hop inside the network is one: no client comes from there.
            inner = inner or leftmost
        return inner or leftmost

    def trusts(self, address: str) -> bool:
        """Return whether an address is one of the provider's own proxies."""
        return self._is_trusted(ipaddress.ip_address(address))

    def _is_trusted(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self._trusted)


def is_inside(address: str) -> bool:
    """Return whether an address is of a network's inside, so that no client on the internet has it."""
    found = ipaddress.ip_address(address)
    return any(found.version == network.version and found in network for network in INSIDE)


def _plain(text: str) -> str | None:
    """Parse a bare address, by far the most common value, at low cost; None if the general way is needed."""
    if ":" in text:
        packed = plain_ipv6(text)
        return None if packed is None else socket.inet_ntop(socket.AF_INET6, packed)
    try:
        return socket.inet_ntop(socket.AF_INET, socket.inet_pton(socket.AF_INET, text))
    except (OSError, ValueError):
        return None


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise SettingError(
            f"{text!r} is no network",
            where="setting ingest.trusted_proxies",
            do='write networks as CIDR, for example "10.0.0.0/8"',
        ) from None


def hops(forwarded: str) -> list[str]:
    """Return the entries of a forwarded header, from the client to the last proxy."""
    entries = forwarded.rsplit(",", MOST_HOPS)[-MOST_HOPS:]
    if "=" not in forwarded:
        return entries
    # Each entry says its own form: a client may begin with one, and a proxy goes on in the other.
    return [found[1] if (found := _FOR.search(entry)) else entry for entry in entries]


def parse(hop: str) -> Address | None:
    """Parse one entry as an address; None if it is none.

    Quotes, brackets, ports and zones are removed; IPv4-mapped IPv6 is unmapped.
    """
    text = hop.strip().strip('"').strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
