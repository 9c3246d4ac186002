"""Where the console is reached, and whom it believes."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Site:
    """How browsers reach the console."""

    origin: str = "http://127.0.0.1:8700"
    """Scheme, host and port, as a browser writes them."""
    hosts: frozenset[str] = frozenset(("127.0.0.1:8700", "localhost:8700"))
    """What the Host header may be, in small letters; another name that leads here is DNS rebinding."""
    appeal_host: str = ""
    """Another host, in small letters, at which customers reach their own page and nothing else."""
    behind_proxy: bool = False
    """Whether a proxy of the owner's stands before it, which ends TLS."""
    proxies: tuple[Network, ...] = field(default=())
    """Whose X-Forwarded-For is believed."""

    @property
    def https(self) -> bool:
        """Whether browsers reach it over TLS."""
        return self.origin.startswith("https://")

    @property
    def name(self) -> str:
        """The host alone: what passkeys are bound to."""
        return urlsplit(self.origin).hostname or ""

    @property
    def cookie(self) -> str:
        """Name of the session's cookie; __Host- keeps other hosts of the same domain from setting it."""
        return "__Host-stillwatch" if self.https else "stillwatch"

    def address_of(self, peer: str, forwarded: str) -> str:
        """Return the address of who calls: the peer, or the last one before the owner's proxies."""
        if not self.behind_proxy or not self._trusted(peer):
            return peer
        address = peer
        for one in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
            address = one
            if not self._trusted(one):
                break
        return address

    def _trusted(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.proxies)


def site_of(
    host: str,
    port: int,
    public_url: str,
    *,
    tls: bool,
    behind_proxy: bool,
    proxies: tuple[str, ...],
    appeal_url: str = "",
) -> Site:
    """Return the site of an address that is listened on, and of the one that browsers use."""
    scheme = "https" if tls else "http"
    hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")} if loops(host) else set()
    # Passkeys are bound to a name, and never to an address (WebAuthn, section 5.1.2).
    shown = "localhost" if loops(host) else f"[{host}]" if ":" in host else host
    origin = public_url.rstrip("/").lower() or f"{scheme}://{shown}:{port}"
    hosts |= {f"{shown}:{port}", urlsplit(origin).netloc}
    return Site(
        origin,
        frozenset(hosts),
        urlsplit(appeal_url).netloc.lower(),
        behind_proxy,
        tuple(ipaddress.ip_network(one, strict=False) for one in proxies),
    )


def loops(host: str) -> bool:
    """Return whether a host is this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
