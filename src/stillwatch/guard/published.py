"""The published state as a guard uses it: the newest snapshot with the journal laid over it.

A thread of its own watches both, twice a second, so that no decision waits for a file: opening a snapshot of
a million accounts takes a tenth of a second of hashing, which must not fall upon whoever comes first.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from stillwatch.errors import StillwatchError
from stillwatch.guard.journal_entry import Entry
from stillwatch.guard.journal_reader import SURE_S, JournalReader
from stillwatch.guard.overlay import Clears, Overlay
from stillwatch.guard.permit_terms import PermitTerms, best
from stillwatch.guard.problems import Problems
from stillwatch.guard.snapshot import DAY_S, Row, Snapshot, open_snapshot
from stillwatch.guard.snapshot_format import TIERS, Refused
from stillwatch.guard.state_folder import StateFolder
from stillwatch.guard.state_keys import LONGEST_ID, lookup_key, verifier
from stillwatch.response.inputs import AccountState, CampaignState
from stillwatch.response.known import Known
from stillwatch.response.ladder import Permission

POLL_S = 0.5
"""Seconds between two looks at the folder."""
LATE_S = 5.0
"""Seconds after which a watcher that was not heard of counts as dead."""
IDS_KEPT = 1 << 17
"""Ids whose keys are kept, so that the busy accounts' are not hashed again."""
NOBODY = CampaignState()


class Mirror(Protocol):
    """Where replicas exchange journals."""

    def sync(self) -> None:
        """Take over what others have, and hand on what they lack."""
        ...

    def close(self) -> None:
        """Let go of the journal."""
        ...


@dataclass(frozen=True, slots=True)
class View:
    """All that a decision looks into; replaced as a whole."""

    snapshot: Snapshot | None
    """The snapshot in use."""
    overlay: Overlay
    """The journal in force."""


class PublishedState:
    """Implements `ports.State`. Threads may share it; each process has its own."""

    def __init__(
        self,
        folder: Path,
        *,
        keys: Path | None = None,
        pseudonyms: bytes | None = None,
        mirror: Callable[[StateFolder, Problems], Mirror] | None = None,
        problems: Problems | None = None,
        watch: bool = True,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read what is there, and go on watching. It never raises for what the folder holds or lacks.

        keys: a folder with lookup.key and signing.pub; None: the state's own, which whoever may write there
        can replace. pseudonyms: the key of the run's pseudonyms, if it has any. watch: False for who calls
        `refresh` himself.
        """
        self.folder = StateFolder(folder)
        self.problems = problems or Problems()
        """What went wrong, by kind."""
        self._keys = keys or self.folder.keys
        self._pseudonyms = pseudonyms
        self._mirror_of = mirror
        self._mirror: Mirror | None = None
        self._clock, self._ticks, self._watches = clock, ticks, watch
        self._view = View(None, Overlay())
        self._key: Callable[[str], int] | None = None
        self._journal: JournalReader | None = None
        self._refused: tuple[object, ...] = ()
        self._past: float | None = None
        self._beat = ticks()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.refresh()
        self._thread = threading.Thread(target=self._watch, name="stillwatch-state", daemon=True)
        if watch:
            self._thread.start()

    @property
    def digest(self) -> str:
        """Digest of the snapshot in use; empty if there is none."""
        snapshot = self._view.snapshot
        return "" if snapshot is None else snapshot.digest

    @property
    def snapshot(self) -> Snapshot | None:
        """The snapshot in use."""
        return self._view.snapshot

    @property
    def overlay(self) -> Overlay:
        """The journal in force."""
        return self._view.overlay

    @property
    def entries(self) -> int:
        """How many entries of the journal are known."""
        return 0 if self._journal is None else self._journal.entries

    @property
    def decided(self) -> tuple[Entry, ...]:
        """What people decided, as far as the journal holds, the oldest first."""
        return () if self._journal is None else self._journal.read

    def fresh(self, now: float) -> bool:
        """Return whether the snapshot may be used and is not past its expiry, and the journal is followed."""
        return not self.stale(now)

    def stale(self, now: float) -> str:
        """Return why it is not fresh; empty: it is."""
        snapshot, journal = self._view.snapshot, self._journal
        if snapshot is None:
            return "there is no snapshot that may be used"
        if journal is None or not journal.reachable:
            return "the journal cannot be read"
        if now >= snapshot.expires:
            return "it is past its expiry"
        if self._over_for_good():
            return "it was past its expiry for so long that a clock set back does not revive it"
        if self._watches and self._ticks() - self._beat > LATE_S:
            return "nobody has looked at the state for some seconds"
        told = snapshot.header["journal"]
        return (
            ""
            if journal.has(told["seq"], told["hash"])
            else "the journal lacks entries that it was made with"
        )

    def known(self, account: str, model: str, now: float) -> Known | None:
        """Return what is known; None if neither snapshot nor journal has the account."""
        key_of, view = self._key, self._view
        if key_of is None or not account:
            return None
        key = key_of(account[: LONGEST_ID + 64])
        snapshot, overlay = view.snapshot, view.overlay
        row = None if snapshot is None else snapshot.row(key)
        clears, permits = overlay.accounts.get(key, ()), overlay.permits.get(key, ())
        if row is None or snapshot is None:
            if not clears and not permits:
                return None
            return _laid_over(key, AccountState(), NOBODY, 0.0, clears, permits, overlay, model, now)
        campaign = NOBODY
        if row.campaign:
            campaign = snapshot.campaign(row.campaign, now)
            clears += overlay.campaigns.get(campaign.name, ())
            if row.cleared in overlay.by_entry:
                clears += (overlay.by_entry[row.cleared],)
        if row.permits:
            permits += snapshot.permit_sets[row.permits - 1]
        if row.organisation in overlay.organisations:
            permits += overlay.organisations[row.organisation]
        state = _account(snapshot, row, now)
        acts = overlay.steps(key, now) if row.campaign else ()
        if not (clears or permits):
            return Known(key, state, campaign, Permission.NONE, row.since, acts=acts)
        found = _laid_over(key, state, campaign, row.since, clears, permits, overlay, model, now)
        return replace(found, acts=acts) if acts else found

    def refresh(self) -> None:
        """Look at the folder now."""
        with self._lock:
            if self._key is None:
                self._load_keys()
            if self._journal is not None:
                self._newest()
                if self._mirror is not None:
                    self._mirror.sync()
                self._journal.poll(self._clock(), self._ticks())
                self._view = View(self._view.snapshot, self._journal.overlay)
            self._mark_expiry()
            self._beat = self._ticks()

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(LATE_S)
        with self._lock:
            if self._mirror is not None:
                self._mirror.close()
            if self._journal is not None:
                self._journal.close()

    def _watch(self) -> None:
        while not self._stop.wait(POLL_S):
            try:
                self.refresh()
            except Exception as error:  # the watcher must outlive whatever the folder holds
                self.problems.add("watcher", f"{type(error).__name__}: {error}")

    def _load_keys(self) -> None:
        try:
            lookup, public = lookup_key(self._keys), verifier(self._keys)
        except StillwatchError as error:
            self.problems.add("no-keys", str(error))
            return
        pseudonyms = self._pseudonyms
        self._journal = JournalReader(self.folder.journal, public, self.problems)
        self._verifier = public
        if self._mirror_of is not None:
            self._mirror = self._mirror_of(self.folder, self.problems)
        self._key = lru_cache(IDS_KEPT)(lambda raw: lookup.account_of(raw, pseudonyms))

    def _newest(self) -> None:
        """Take the newest snapshot into use if it may be; else the one in use stays."""
        try:
            current = self.folder.read_current()
            if current is None or current.digest == self.digest:
                return
            path = self.folder.snapshot(current.version)
            seen = (current, _stamp(path))
            if seen == self._refused:
                return
            self._refused = seen
            used = self._view.snapshot
            if used is not None and current.version <= used.version:
                raise Refused("older", f"version {current.version} is not newer than {used.version}")
            found = open_snapshot(path, self._verifier)
            if (found.version, found.digest) != (current.version, current.digest):
                raise Refused("another", "the file is another snapshot than the one that is named")
        except Refused as error:
            self.problems.add(f"snapshot-{error.kind}", str(error.args[1]))
        except (StillwatchError, OSError) as error:
            self.problems.add("snapshot-unreadable", str(error))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            self.problems.add("snapshot-malformed", type(error).__name__)
        else:
            self._view = View(found, self._view.overlay)
            self._past = None

    def _mark_expiry(self) -> None:
        snapshot = self._view.snapshot
        if snapshot is None or self._over_for_good():
            return
        if self._clock() < snapshot.expires:
            self._past = None
        elif self._past is None:
            self._past = self._ticks()

    def _over_for_good(self) -> bool:
        """Whether the snapshot was expired for so long that a clock which jumps back does not revive it."""
        return self._past is not None and self._ticks() - self._past >= SURE_S


def _account(snapshot: Snapshot, row: Row, now: float) -> AccountState:
    age = max(now - row.created, 0.0) / DAY_S if row.created else 0.0
    return AccountState(
        TIERS[row.tier], snapshot.plans[row.plan], snapshot.verifications[row.verification], age
    )


def _laid_over(
    key: int,
    account: AccountState,
    campaign: CampaignState,
    since: float,
    clears: tuple[Clears, ...],
    permits: tuple[PermitTerms, ...],
    overlay: Overlay,
    model: str,
    now: float,
) -> Known:
    """What people decided, laid over what was found."""
    exempts = holds = ""
    for one in clears:
        if one.holds(now):
            exempts = exempts or (one.reference if one.exempts else "")
            holds = holds or ("" if one.exempts else one.reference)
    permission, name = best(permits, model, now, overlay.revoked)
    if exempts or holds:
        account = AccountState(
            account.tier,
            account.plan,
            account.verification,
            account.age_days,
            bool(exempts),
            bool(holds),
        )
    return Known(key, account, campaign, permission, since, name, exempts or holds)


def _stamp(path: Path) -> tuple[int, ...]:
    """What changes when a file is replaced or written to; empty where there is none."""
    try:
        about = os.stat(path)
    except OSError:
        return ()
    return about.st_ino, about.st_size, about.st_mtime_ns
