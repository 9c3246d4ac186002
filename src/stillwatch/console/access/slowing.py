"""Failed sign-ins make the next ones slower, and never shut anybody out.

A delay is for who failed: for the address, and for strangers to the account. A browser that the account's
owner has signed in from before waits for nobody else's failures, and another address only for those at the
account, a few seconds. Nothing is refused because of failures; only who keeps many sign-ins waiting at once
is told to come back.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from stillwatch.cases.words import folded

FREE = 4
"""Failures that cost nothing: people mistype."""
MOST_S = 8.0
"""The longest delay, in seconds."""
FORGOTTEN_S = 900.0
"""Seconds after which failures are forgotten."""
WAITING = 2
"""Sign-ins of one address at one account that may wait at once."""
OF_ONE_NETWORK = 10
"""Sign-ins of one network that may wait at once, at whatever accounts: one stranger must not fill the room
in which all wait.
"""
ALL_WAITING = 200
"""Sign-ins that may wait at once; browsers that are known are not counted."""
NETWORK_BITS = 64
"""Bits of an IPv6 address that name a network: whoever has one has all addresses in it."""
REMEMBERED = 20_000
"""Addresses and accounts whose failures are kept in memory."""


class Busy(Exception):
    """Too many sign-ins wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__("too many sign-ins wait")
        self.seconds = seconds


@dataclass
class Failures:
    """Failures of one address or at one account."""

    count: int = 0
    """How many."""
    last: float = 0.0
    """When the last one was, by the clock."""


@dataclass
class Slowing:
    """What failed lately. It is kept in memory: each process counts for itself."""

    clock: Callable[[], float] = time.monotonic
    """Tells the time, in seconds."""
    sleep: Callable[[float], object] = asyncio.sleep
    """Waits."""
    refused: int = 0
    """Failures since they were last told to the access log."""
    _failures: OrderedDict[tuple[str, str], Failures] = field(default_factory=OrderedDict)
    _waiting: dict[tuple[str, str], int] = field(default_factory=dict)

    def delay(self, address: str, name: str, *, known: bool) -> float:
        """Return for how many seconds a sign-in waits."""
        if known:
            return self._of(("device", folded(name)))
        return max(self._of(("address", network_of(address))), self._of(("account", folded(name))))

    @asynccontextmanager
    async def turn(self, address: str, name: str, *, known: bool) -> AsyncIterator[None]:
        """Wait as long as failures ask for. Raises Busy where too many wait already."""
        network = network_of(address)
        key = (network, folded(name))
        if not known and self._full(network, key):
            raise Busy(int(MOST_S))
        if not known:
            self._waiting[key] = self._waiting.get(key, 0) + 1
        try:
            seconds = self.delay(address, name, known=known)
            if seconds:
                await self.sleep(seconds)  # type: ignore[misc]
            yield
        finally:
            if not known:
                self._waiting[key] -= 1
                if not self._waiting[key]:
                    del self._waiting[key]

    def done(self, address: str, name: str, *, right: bool, known: bool) -> None:
        """Keep how a sign-in ended."""
        strangers = [("address", network_of(address)), ("account", folded(name))]
        keys = [("device", folded(name))] if known else strangers
        if right:
            # What strangers did to the account stays: it is not forgiven because its owner came.
            for key in keys[:1]:
                self._failures.pop(key, None)
            return
        self.refused += 1
        for key in keys:
            found = self._failures.pop(key, Failures())
            count = found.count + 1 if self.clock() - found.last < FORGOTTEN_S else 1
            self._failures[key] = Failures(count, self.clock())
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def _full(self, network: str, key: tuple[str, str]) -> bool:
        """Whether one more may not wait."""
        of_network = sum(count for (one, _), count in self._waiting.items() if one == network)
        return (
            self._waiting.get(key, 0) >= WAITING
            or of_network >= OF_ONE_NETWORK
            or sum(self._waiting.values()) >= ALL_WAITING
        )

    def _of(self, key: tuple[str, str]) -> float:
        found = self._failures.get(key)
        if found is None or self.clock() - found.last >= FORGOTTEN_S or found.count <= FREE:
            return 0.0
        return min(0.25 * 2.0 ** min(found.count - FREE - 1, 10), MOST_S)


def network_of(address: str) -> str:
    """Return what stands for an address where failures are counted: of IPv6 its network."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), NETWORK_BITS), strict=False))
