"""What an indicator names: its kind and value, or the token that stands for one."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.intel.kinds import IndicatorKind

TOKEN_TYPE = "stillwatch-token"  # noqa: S105 - a pattern type
"""Pattern type of tokens."""
SKETCH_TYPE = "stillwatch-sketch"
"""Pattern type of sketches of templates: a likeness, which no key of a run matches."""
KINDS_TYPE = "stillwatch-kinds"
"""Pattern type of indicators that name kinds of evidence only: there is nothing to match."""
TOKEN = re.compile(r"token:v1:([a-z_]{1,32}):([0-9A-Za-z-]{1,16}):([0-9a-f]{64})\Z")
LONGEST = 256
"""Characters of a value that are read."""
ONE = re.compile(
    r"\s*\[\s*(?P<path>[a-z0-9-]+:[A-Za-z0-9_.'-]+)\s*(?P<how>=|ISSUBSET|LIKE)\s*"
    r"(?:'(?P<text>(?:[^'\\]|\\.){1,256})'|(?P<number>[0-9]{1,10}))\s*\]\s*\Z"
)
"""A pattern of one comparison; nothing else names a single value."""
NETWORKS = {"ipv4-addr:value": (4, 24), "ipv6-addr:value": (6, 48)}
DOMAIN = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}\Z")
OTHER_PATHS = {
    "x-stillwatch:tls_fingerprint": IndicatorKind.TLS_FINGERPRINT,
    "x-stillwatch:client_shape": IndicatorKind.CLIENT_SHAPE,
    "software:name": IndicatorKind.CLIENT_SHAPE,
    "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'": IndicatorKind.CLIENT_SHAPE,
    "network-traffic:extensions.'x-ja4-ext'.ja4": IndicatorKind.TLS_FINGERPRINT,
}


@dataclass(frozen=True)
class Named:
    """What an indicator names."""

    kind: IndicatorKind
    """Its kind."""
    value: str
    """The value in one spelling, or the hexadecimal digits of a token."""
    epoch: str | None = None
    """Epoch of the token; None: the value itself."""


def named(indicator: Mapping[str, Any], kind: str | None = None) -> Named | None:
    """Return what an indicator names; None where that is no single value of a kind that is known.

    kind: what its maker calls it, where a pattern leaves that open (a domain of mail, or of a reseller).
    """
    pattern, form = indicator.get("pattern"), indicator.get("pattern_type")
    if not isinstance(pattern, str):
        return None
    if form == TOKEN_TYPE:
        return _token(pattern)
    found = ONE.match(pattern) if form == "stix" else None
    if found is None:
        return None
    value = found["number"] or re.sub(r"\\(.)", r"\1", found["text"])
    return _plain(found["path"], found["how"], value, kind)


def _token(pattern: str) -> Named | None:
    found = TOKEN.match(pattern)
    if found is None or found[1] not in set(IndicatorKind):
        return None
    return Named(IndicatorKind(found[1]), found[3], found[2])


def _plain(path: str, how: str, value: str, kind: str | None) -> Named | None:
    if path in NETWORKS:
        return _network(value, *NETWORKS[path])
    if path == "autonomous-system:number" and how == "=":
        return _number(value)
    if path in ("domain-name:value", "email-addr:value"):
        domain = value.rpartition("@")[2].rstrip(".").lower()
        if (path == "email-addr:value") != (how == "LIKE" and value.startswith("%@")):
            return None  # one person's address, which nobody may send in the clear
        as_reseller = kind == IndicatorKind.RESELLER_DOMAIN
        known = IndicatorKind.RESELLER_DOMAIN if as_reseller else IndicatorKind.MAIL_DOMAIN
        return Named(known, domain) if DOMAIN.match(domain) else None
    if path in OTHER_PATHS and how == "=" and value.strip():
        return Named(OTHER_PATHS[path], value.strip())
    return None


def _number(value: str) -> Named | None:
    number = value.upper().removeprefix("AS")
    if not (number.isascii() and number.isdigit()) or not 0 < int(number) < 2**32:
        return None
    return Named(IndicatorKind.ASN, str(int(number)))


def _network(value: str, version: int, length: int) -> Named | None:
    """A /24 or /48 as such, one address as an address; a wider network is many."""
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None
    single = 32 if version == 4 else 64
    if network.version != version or network.prefixlen < length:
        return None
    if network.prefixlen >= single:
        whole = network.supernet(new_prefix=single) if network.prefixlen > single else network
        return Named(IndicatorKind.ADDRESS, str(network.network_address) if version == 4 else str(whole))
    whole = network.supernet(new_prefix=length) if network.prefixlen > length else network
    return Named(IndicatorKind.NETWORK_PREFIX, str(whole))
