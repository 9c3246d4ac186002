"""How many requests a member may send: a bucket that fills again with time."""

from __future__ import annotations

import time
from collections.abc import Callable

from stillwatch.intel.taxii.server.fault import TaxiiFault


class Rates:
    """The buckets of one process."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.a_minute = a_minute
        self.clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def count(self, identity: str) -> None:
        """Count a request. Raises TaxiiFault 429 where the member has sent too many."""
        now = self.clock()
        left, since = self._left.get(identity, (float(self.a_minute), now))
        left = min(float(self.a_minute), left + (now - since) * self.a_minute / 60)
        if left < 1:
            self._left[identity] = (left, now)
            wait = (1 - left) * 60 / self.a_minute
            raise TaxiiFault(
                429, f"you may send {self.a_minute} requests a minute", {"Retry-After": str(int(wait) + 1)}
            )
        self._left[identity] = (left - 1, now)
