"""The fields of a log that tell a client's address."""

from __future__ import annotations

from typing import Any

from stillwatch.client_addresses import BETWEEN
from stillwatch.ingest.values import path_of

HEADERS = ("x-forwarded-for", "forwarded", "true-client-ip", "cf-connecting-ip", "x-real-ip")
"""Headers that tell a client's address, the best first. A client can send each of them itself; to the first
two every proxy adds what it saw.
"""
SPELLED = tuple(
    dict.fromkeys(
        form for name in HEADERS for form in (name, name.replace("-", "_"), f"http_{name.replace('-', '_')}")
    )
)
"""The same as logs spell them."""
BY_PROXIES = SPELLED.index("true-client-ip")
"""How many of them are of headers to which every proxy adds."""


def joined(named: Any, forwarded: Any, peer: Any) -> str | None:
    """Return the address fields of one row as one value for ClientAddress; None if all are empty.

    named: the client, as the operator says; forwarded: a header that proxies wrote; peer: the other end of
    the connection, which may be a load balancer.
    """
    fields = [(path_of(value) or "").replace(BETWEEN, " ") for value in (named, forwarded, peer)]
    given = [field for field in fields if field]
    return BETWEEN.join(fields) if len(given) > 1 else given[0] if given else None
