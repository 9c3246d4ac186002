"""Networks and addresses, all from ranges that belong to nobody.

These are 240.0.0.0/4, 2001:db8::/32 and private AS numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.simulate.specs import Region

Ints = npt.NDArray[np.int64]
FIRST_ASN = 4_200_000_000
HOSTERS, VPNS = 14, 6
RESERVED_BLOCK = 240 * 256
BLOCKS = 4096


class Places:
    """Networks of all regions, and a book of addresses that grows as accounts are made."""

    def __init__(self, regions: tuple[Region, ...], rng: np.random.Generator) -> None:
        self.regions = regions
        self._class: list[str] = []
        self._region: list[int] = []
        self.carriers = [
            self._networks("residential", r, region.carriers) for r, region in enumerate(regions)
        ]
        self.mobiles = [self._networks("mobile", r, region.mobiles) for r, region in enumerate(regions)]
        self.firms = [self._networks("business", r, 3) for r in range(len(regions))]
        self.schools = [self._networks("education", r, 2) for r in range(len(regions))]
        self.hosters = self._spread("hosting", HOSTERS, rng)
        self.vpns = self._spread("vpn", VPNS, rng)
        self.classes = np.array(self._class)
        self.network_region = np.array(self._region)
        self._blocks = BLOCKS // len(self._class)
        self._values: list[Ints] = []
        self._owners: list[Ints] = []
        self.count = 0

    def _networks(self, kind: str, region: int, count: int) -> Ints:
        first = len(self._class)
        self._class += [kind] * count
        self._region += [region] * count
        return np.arange(first, first + count)

    def _spread(self, kind: str, count: int, rng: np.random.Generator) -> Ints:
        first = len(self._class)
        for _ in range(count):
            self._networks(kind, int(rng.integers(len(self.regions))), 1)
        return np.arange(first, first + count)

    def add(self, networks: Ints, rng: np.random.Generator, *, version_six: float = 0.0) -> Ints:
        """Add a new address in each of the networks; returns their numbers in the book."""
        n = len(networks)
        block = RESERVED_BLOCK + networks * self._blocks + rng.integers(0, self._blocks, n)
        value = block * 65_536 + rng.integers(0, 65_536, n)
        six = -(1 + networks * (1 << 22) + rng.integers(0, 1 << 22, n))
        self._values.append(np.where(rng.random(n) < version_six, six, value))
        self._owners.append(networks)
        self.count += n
        return np.arange(self.count - n, self.count)

    def draw_regions(self, n: int, rng: np.random.Generator) -> Ints:
        """Draw regions by their share of accounts."""
        weights = np.array([r.weight for r in self.regions])
        return np.asarray(rng.choice(len(weights), n, p=weights / weights.sum()))

    def homes(self, regions: Ints, rng: np.random.Generator, version_six: float = 0.3) -> Ints:
        """Make a home address in a carrier of each region; the first carriers are the largest."""
        return self.add(self.carrier_of(regions, rng), rng, version_six=version_six)

    def carrier_of(self, regions: Ints, rng: np.random.Generator) -> Ints:
        """Draw a home carrier for each region; larger ones are more frequent."""
        return pick(self.carriers, regions, rng)

    def hosted(self, n: int, rng: np.random.Generator) -> Ints:
        """Make new addresses at hosting companies."""
        return self.add(self.hosters[skewed(len(self.hosters), n, rng)], rng)

    def tables(self) -> tuple[pa.Array[Any], Ints]:
        """Return the text of each address, and its network."""
        values = np.concatenate(self._values)
        return pa.array([_text(v) for v in values.tolist()], pa.string()), np.concatenate(self._owners)

    def region_names(self) -> pa.Array[Any]:
        """Return the region of each network."""
        return pa.array([self.regions[r].name for r in self._region], pa.string())


def pick(lists: list[Ints], regions: Ints, rng: np.random.Generator) -> Ints:
    """Draw one entry of each region's list; the first ones are more frequent."""
    sizes = np.array([len(x) for x in lists])[regions]
    firsts = np.array([x[0] for x in lists])[regions]
    return np.asarray(firsts + (sizes * rng.random(len(regions)) ** 2.2).astype(np.int64))


def skewed(size: int, n: int, rng: np.random.Generator) -> Ints:
    """Draw numbers below `size`; small ones are more frequent, as popularity is."""
    return (size * rng.random(n) ** 2.2).astype(np.int64)


def _text(value: int) -> str:
    if value >= 0:
        return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"
    six = -value - 1
    return f"2001:db8:{six >> 16 & 65535:x}:{six & 65535:x}::1"
