"""A published snapshot, opened: memory-mapped, checked once, and then only looked up in."""

from __future__ import annotations

import json
import mmap
import os
import stat
import sys
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from stillwatch.guard.moments import seconds_of
from stillwatch.guard.permit_terms import PermitTerms
from stillwatch.guard.snapshot_format import (
    KEY_BYTES,
    RECORD,
    TIERS,
    Refused,
    read_layout,
    section,
)
from stillwatch.guard.state_keys import Verifier
from stillwatch.response.inputs import CampaignState

DAY_S = 86_400.0
AGES_HOLD_S = 60.0
"""Seconds that the age of a campaign is not worked out again."""


class Row(NamedTuple):
    """What a snapshot says of an account."""

    organisation: int
    """Key of the organisation that it is verified for; 0: none."""
    since: float
    """Since when it is in this campaign and tier, POSIX seconds."""
    created: int
    """When it was registered, POSIX seconds; 0: not known."""
    campaign: int
    """Number of its campaign, from 1; 0: none."""
    permits: int
    """Number of its set of permits, from 1; 0: none."""
    cleared: int
    """Number of the journal's entry that cleared it with an earlier campaign; 0: none."""
    plan: int
    """Number of its plan, from 0."""
    verification: int
    """Number of how it was verified, from 0."""
    tier: int
    """Number of its tier there."""


@dataclass(frozen=True)
class Published:
    """One campaign of a snapshot."""

    state: CampaignState
    """What rules see; its age is that at the time of publishing."""
    family: str
    """What all campaigns are called that links join."""
    last: float
    """Its last exchange that the run saw, POSIX seconds."""


@dataclass
class Snapshot:
    """An opened snapshot. It stays usable when its file is removed."""

    header: dict[str, Any]
    """What its header says."""
    digest: str
    """SHA-256 of its signed head."""
    version: int
    """Grows with each publication."""
    made: float
    """POSIX seconds."""
    expires: float
    """POSIX seconds."""
    campaigns: list[Published]
    """By their numbers, from 0."""
    permits: list[PermitTerms]
    """By their numbers, from 0."""
    permit_sets: list[tuple[PermitTerms, ...]]
    """By their numbers, from 0."""
    plans: list[str]
    """By their numbers; the first is the empty one."""
    verifications: list[str]
    """By their numbers; the first is the empty one."""
    keys: memoryview
    """The accounts' keys, sorted."""
    records: memoryview
    """Their records."""
    _ages: dict[int, tuple[float, CampaignState]] = field(default_factory=dict)

    def row(self, key: int) -> Row | None:
        """Return what it says of an account; None if it does not have it."""
        place = bisect_left(self.keys, key)
        if place == len(self.keys) or self.keys[place] != key:
            return None
        return Row(*RECORD.unpack_from(self.records, place * RECORD.size))

    def campaign(self, number: int, now: float) -> CampaignState:
        """Return what rules see of a campaign. number: from 1."""
        kept = self._ages.get(number)
        if kept is not None and 0.0 <= now - kept[0] < AGES_HOLD_S:
            return kept[1]
        found = self.campaigns[number - 1]
        state = replace(found.state, age_days=max(now - found.last, 0.0) / DAY_S)
        self._ages[number] = (now, state)
        return state


def open_snapshot(path: Path, verifier: Verifier) -> Snapshot:
    """Map a snapshot and check it whole. Raises Refused where it may not be used."""
    if sys.byteorder != "little":
        raise Refused("other-format", "snapshots are read on little-endian machines only")
    data = memoryview(_mapped(path))
    layout = read_layout(data, verifier)
    header = layout.header
    texts = _json(data, header, "texts")
    keys, records = section(data, header, "keys"), section(data, header, "records")
    many = header["counts"]["accounts"]
    if len(keys) != many * KEY_BYTES or len(records) != many * RECORD.size:
        raise Refused("counts", "the file does not hold as many accounts as it says")
    permits = [PermitTerms.of(row) for row in _json(data, header, "permits")]
    return Snapshot(
        header=header,
        digest=layout.digest,
        version=header["version"],
        made=seconds_of(header["made"]),
        expires=seconds_of(header["expires"]),
        campaigns=[_published(row) for row in _json(data, header, "campaigns")],
        permits=permits,
        permit_sets=[tuple(permits[number] for number in one) for one in texts["permit_sets"]],
        plans=texts["plans"],
        verifications=texts["verifications"],
        keys=keys.cast("Q"),
        records=records,
    )


def tier_of(row: Row) -> str:
    """Return the tier of an account."""
    return TIERS[row.tier]


def _mapped(path: Path) -> mmap.mmap:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Refused("unreadable", f"the file cannot be opened: {error.strerror}") from error
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or about.st_size == 0:
            raise Refused("short", "the file is empty, or no file")
        return mmap.mmap(handle, 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise Refused("unreadable", f"the file cannot be mapped: {error.strerror}") from error
    finally:
        os.close(handle)


def _json(data: memoryview, header: dict[str, Any], name: str) -> Any:
    return json.loads(bytes(section(data, header, name)))


def _published(row: dict[str, Any]) -> Published:
    names = CampaignState.__dataclass_fields__
    state = CampaignState(**{name: value for name, value in row.items() if name in names})
    return Published(state, row["family"], seconds_of(row["last"]))
