"""A run -> the next snapshot of a state, put into use at one stroke."""

from __future__ import annotations

import contextlib
import mmap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.errors import RunError, SettingError
from stillwatch.guard.journal import Journal
from stillwatch.guard.journal_entry import FIRST
from stillwatch.guard.moments import told
from stillwatch.guard.overlay import Overlay, overlay_of
from stillwatch.guard.snapshot import Snapshot, open_snapshot
from stillwatch.guard.snapshot_format import TIERS, Refused
from stillwatch.guard.snapshot_rows import (
    Accounts,
    Array,
    accounts_of,
    campaigns_of,
    document,
    put_into_campaigns,
    put_permits,
)
from stillwatch.guard.snapshot_writing import KEY_TYPE, RECORD_TYPE, write_snapshot
from stillwatch.guard.state_folder import Current, StateFolder
from stillwatch.guard.state_keys import lookup_key, make_keys, signer, verifier
from stillwatch.guard.state_lock import writing_state
from stillwatch.run.about import identity_of
from stillwatch.run.durable import write_text
from stillwatch.run.layout import MARK
from stillwatch.run.manifest import entries_of, entry_of
from stillwatch.run.reading import Run

HOUR_S = 3_600.0
EXPIRES_H = 48.0
"""Hours after which a snapshot is stale, where nothing else is said."""
KEEP_H = 24.0
"""Hours that an earlier snapshot's file is kept, where nothing else is said."""
WAIT_S = 60.0
"""Seconds to wait for another publisher, where nothing else is said."""


READ = ("accounts", "campaigns", "members", "bystanders", "permits", "labels")
"""Tables that are read."""


@dataclass(frozen=True)
class Publication:
    """What was published."""

    version: int
    """Its version, one more than any before."""
    digest: str
    """Its digest."""
    run: str
    """Id of the run."""
    run_digest: str
    """Digest of the run."""
    made: str
    """When, ISO 8601."""
    expires: str
    """When it will be stale, ISO 8601."""
    counts: dict[str, int]
    """What it holds."""
    carried: bool
    """Whether accounts known from the snapshot before keep the time since when they are; False for the first
    one, and where the one before could not be used.
    """


def publish(
    run_folder: Path,
    state: Path,
    *,
    expires_h: float = EXPIRES_H,
    keep_h: float = KEEP_H,
    wait_s: float = WAIT_S,
    now: float | None = None,
) -> Publication:
    """Publish a run into a state, which is made if it is not there.

    expires_h: hours after which it is stale. keep_h: hours that files of earlier snapshots are kept. wait_s:
    seconds to wait for another publisher. now: POSIX seconds; None: the clock's. Raises RunError for a run or
    a state that cannot be used, and where another publisher does not end. Until it returns, readers see what
    was there before.
    """
    if not 0 < expires_h <= 24 * 365:
        raise SettingError("the expiry is no usable number of hours", where="--expires", do="write 48")
    run = Run(run_folder)
    name, digest = identity_of(run.about, run_folder / MARK)
    folder = StateFolder(state)
    folder.make()
    with writing_state(folder, wait_s):
        used = folder.current.exists() or folder.journal.exists()
        make_keys(folder.keys, used=used)
        made = time.time() if now is None else now
        made_from = _sections(run, folder, made)
        _must_be_whole(run_folder, run.about)
        version = max([0, *folder.versions(), *_named(folder)]) + 1
        head = {
            "version": version,
            "run": {"id": name, "digest": digest, "made": run.about.get("made", "")},
            "made": told(made),
            "expires": told(made + expires_h * HOUR_S),
            "pseudonyms": bool((run.about.get("given") or {}).get("key_file")),
            **made_from.head,
        }
        written = write_snapshot(folder.snapshot(version), head, made_from.sections, signer(folder.keys))
        write_text(folder.current, Current(version, written).text())
        _remove_old(folder, version, time.time() - keep_h * HOUR_S)
    return Publication(
        version,
        written,
        name,
        digest,
        head["made"],
        head["expires"],
        made_from.head["counts"],
        made_from.carried,
    )


def _must_be_whole(run: Path, about: dict[str, Any]) -> None:
    """Raise RunError where a table that was read is not the one that the run's manifest lists: what is signed
    must be what was found.
    """
    listed = {entry.file: entry for entry in entries_of(about, run / MARK)}
    for name in READ:
        file = f"{name}.parquet"
        if (run / file).exists() and entry_of(run, file) != listed.get(file):
            raise RunError(
                f"table {name} is not the one that the run's manifest lists; nothing was published",
                where=str(run / file),
                do="if the run was being replaced, publish it again; else see `stillwatch run verify`",
            )


@dataclass
class _Made:
    head: dict[str, Any]
    sections: dict[str, Any]
    carried: bool


def _sections(run: Run, folder: StateFolder, made: float) -> _Made:
    lookup = lookup_key(folder.keys)
    overlay, head = _journal(folder)
    accounts = accounts_of(run, lookup)
    campaigns = campaigns_of(run)
    put_into_campaigns(run, accounts, campaigns)
    permits, sets = put_permits(run, accounts, lookup)
    accounts.let_go_of_tables()
    before = _before(folder)  # not earlier: its pages count as memory while the tables are read
    carry_over(accounts, campaigns, before, overlay, made)
    tiers = np.bincount(accounts.records["tier"], minlength=len(TIERS))
    counts = {
        "accounts": len(accounts.keys),
        "campaigns": len(campaigns),
        "permits": len(permits),
        "permitted": int(np.count_nonzero(accounts.records["permits"])),
        "collisions": int(np.count_nonzero(accounts.twins)),
        **{tier: int(tiers[number]) for number, tier in enumerate(TIERS) if tier},
    }
    texts = {"plans": accounts.plans, "verifications": accounts.verifications, "permit_sets": sets}
    sections = {
        "campaigns": document(
            [{name: value for name, value in row.items() if name != "group"} for row in campaigns]
        ),
        "permits": document([permit.document() for permit in permits]),
        "texts": document(texts),
        "keys": accounts.keys,
        "records": accounts.records,
    }
    return _Made({"counts": counts, "journal": head}, sections, before is not None)


def carry_over(
    accounts: Accounts,
    campaigns: list[dict[str, Any]],
    before: Snapshot | None,
    overlay: Overlay,
    now: float,
) -> None:
    """Write since when accounts are in their campaign and tier, and which entry cleared them with an earlier
    campaign: what is called otherwise now must not begin anew, nor forget what people decided.
    """
    records = accounts.records
    inside = records["campaign"] > 0
    records["since"][inside] = now
    if before is None:
        return
    keys, old = np.frombuffer(before.keys, KEY_TYPE), np.frombuffer(before.records, RECORD_TYPE)
    families = {row["family"]: number for number, row in enumerate(campaigns, 1)}
    family = np.asarray([0, *(families[row["family"]] for row in campaigns)], np.int64)
    family_before = np.asarray([-1, *(families.get(one.family, -1) for one in before.campaigns)], np.int64)
    rows, places = _both(accounts.keys, keys, np.flatnonzero(inside))
    same = (family[records["campaign"][rows]] == family_before[old["campaign"][places]]) & (
        records["tier"][rows] == old["tier"][places]
    )
    records["since"][rows[same]] = old["since"][places[same]]
    cleared = np.asarray([0, *(_clearing(one.state.name, overlay) for one in before.campaigns)], np.uint32)
    still = np.asarray([*overlay.by_entry, 0], np.uint32)
    places, rows = _both(keys, accounts.keys, np.flatnonzero((old["campaign"] > 0) | (old["cleared"] > 0)))
    was, kept = cleared[old["campaign"][places]], old["cleared"][places]
    records["cleared"][rows] = np.where(was > 0, was, kept * np.isin(kept, still))


def _both(keys: Array, others: Array, rows: Array) -> tuple[Array, Array]:
    """Those of some rows whose keys stand among others too, and where they stand there."""
    if not len(others):
        return rows[:0], rows[:0]
    places = np.minimum(np.searchsorted(others, keys[rows]), len(others) - 1)
    there = others[places] == keys[rows]
    return rows[there], places[there]


def _clearing(identity: str, overlay: Overlay) -> int:
    """Number of the newest entry that clears a campaign; 0: none."""
    found = overlay.campaigns.get(identity)
    return found[0].seq if found else 0


def _journal(folder: StateFolder) -> tuple[Overlay, dict[str, Any]]:
    """What the journal says, and its end, so that a reader sees when it lacks something. It is made here."""
    with Journal(folder.journal, verifier(folder.keys)) as journal:
        found, fault = journal.checked(0, FIRST)
    if fault:
        raise RunError(
            f"the journal does not hold: {fault}; nothing was published",
            where=str(folder.journal),
            do="restore it from a copy; see `stillwatch guard journal --verify`",
        )
    return overlay_of(found), {
        "seq": len(found),
        "hash": found[-1].hash if found else FIRST,
    }


def _before(folder: StateFolder) -> Snapshot | None:
    """The snapshot in use; None where there is none that can be used: a new one must mend that."""
    try:
        current = folder.read_current()
        if current is None:
            return None
        found = open_snapshot(folder.snapshot(current.version), verifier(folder.keys))
    except (Refused, RunError):
        return None
    # Checking it read all of it; those pages need not stay in memory, since few accounts are looked up.
    if isinstance(found.records.obj, mmap.mmap):
        found.records.obj.madvise(mmap.MADV_DONTNEED)
    return found


def _named(folder: StateFolder) -> list[int]:
    try:
        current = folder.read_current()
    except RunError:
        return []
    return [] if current is None else [current.version]


def _remove_old(folder: StateFolder, current: int, before: float) -> None:
    """Remove files that nobody will open any more; whoever has one open goes on with it."""
    for path in folder.snapshots.glob(".*.part"):  # of a publisher that was killed: we hold the lock
        path.unlink(missing_ok=True)
    for version in folder.versions():
        path = folder.snapshot(version)
        with contextlib.suppress(OSError):
            if version != current and path.stat().st_mtime < before:
                path.unlink()
