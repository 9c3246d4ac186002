"""How often one address may open the customers' page and write there, in memory."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

LOOKS, LOOKS_S = 60, 60.0
"""Looks of one address in so many seconds: enough for a person, too few to guess links."""
WRITES, WRITES_S = 10, 600.0
"""Appeals of one address that are looked at in so many seconds."""
REMEMBERED = 20_000
"""Addresses that are kept in memory."""
NET = 64
"""Bits of an IPv6 address that one customer's line has."""


class Limit:
    """So many in so many seconds for each address, with room that comes back bit by bit."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._rate, self._clock = float(most), most / seconds, clock
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def takes(self, address: str) -> bool:
        """Take one of an address; False where none is left."""
        key, now = line_of(address), self._clock()
        with self._lock:
            left, since = self._left.pop(key, (self._most, now))
            left = min(self._most, left + (now - since) * self._rate)
            allowed = left >= 1.0
            self._left[key] = (left - 1.0 if allowed else left, now)
            while len(self._left) > REMEMBERED:
                self._left.popitem(last=False)
        return allowed


def line_of(address: str) -> str:
    """Return the line that an address belongs to: itself, of IPv6 its first 64 bits."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, NET), strict=False).network_address)
