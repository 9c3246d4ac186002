"""All baselines, and the searches that give two of them their best setting by the truth."""

from __future__ import annotations

from collections.abc import Iterator

from baselines.called import Baseline, Called
from baselines.components import SharedKeys
from baselines.duplicates import ExactDuplicates
from baselines.glasswally import Glasswally
from baselines.honeypot import Honeypot
from baselines.kollude import KolludeActors, KolludeAlarms
from baselines.mmd import FACETS, MmdWindow, PooledMmd, TwoSample, ordinary
from baselines.prada import Prada
from baselines.seat import Seat
from baselines.tables import Tables
from baselines.volume import BusiestShare, Volume

EVERY: tuple[Baseline, ...] = (
    Volume(),
    BusiestShare(),
    ExactDuplicates(),
    SharedKeys(2),
    SharedKeys(3),
    Prada(),
    Seat(),
    MmdWindow(),
    Glasswally(),
    Glasswally(rescaled=True),
    Honeypot(),
    KolludeAlarms(),
    KolludeActors(),
)
"""The baselines that are compared at their defaults."""
KEYS, RARE = (2, 3, 4), (10, 20, 50, 100)
Tried = Iterator[tuple[Baseline, Called]]


def pooled_by_each_facet(tables: Tables, test: TwoSample | None = None) -> Tried:
    """Return MMD pooled by each single facet."""
    known = ordinary(tables, test or TwoSample())
    for facet in FACETS:
        baseline = PooledMmd(facet, test=test or TwoSample())
        yield baseline, baseline.against(tables, known)


def components_by_each_setting(tables: Tables) -> Tried:
    """Return components for every number of keys and every rarity."""
    for keys in KEYS:
        for rare in RARE:
            baseline = SharedKeys(keys, rare)
            yield baseline, baseline.call(tables)
