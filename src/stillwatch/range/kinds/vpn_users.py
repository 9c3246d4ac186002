"""Strangers behind the few exits of one consumer VPN."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range.cast import Cast
from stillwatch.range.people import Setting, people
from stillwatch.range.specs import KINDS, Kind, Population


@dataclass(frozen=True)
class Vpn(Population):
    """One VPN."""

    exits: int = 9
    """Its addresses, whatever the number of its users."""


def build(spec: Vpn, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """People of all regions whose traffic comes from a handful of addresses that are also popular with
    operators; one group in the truth.
    """
    cast = people(spec, n, setting, rng)
    cast.group[:] = 1
    exits = setting.places.add(np.full(spec.exits, rng.choice(setting.places.vpns)), rng)
    cast.at(exits[(rng.integers(0, spec.exits, n)[:, None] + np.arange(3)) % spec.exits])
    return cast


KINDS.add(
    "vpn_users",
    Kind(
        "vpn_users",
        "benign",
        "Strangers of all regions behind the few exits of one consumer VPN.",
        Vpn,
        build,
    ),
)
