"""The earlier run that a new one is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute

from stillwatch.errors import RunError
from stillwatch.iso_time import iso
from stillwatch.run.layout import MARK
from stillwatch.run.lineage.campaign import Campaign, campaigns_of
from stillwatch.run.reading import Run
from stillwatch.run.sketched import Sketched

pc: Any = pyarrow.compute
GIVEN, REPLACED, FORGOTTEN, FEEDBACK = "given", "replaced", "forgotten", "feedback"
"""Why a run is compared with: asked for, in the way, or the one that accounts are taken out of; FEEDBACK: no
run is, only campaigns that people judged.
"""


@dataclass(frozen=True)
class Earlier:
    """An earlier run's campaigns, and what has to be said of the comparison."""

    campaigns: list[Campaign]
    """Its campaigns; without keys where these cannot be compared."""
    run: str
    """Its id; empty where it has none."""
    digest: str
    """What its tables add up to; empty where it does not say."""
    last: datetime | None
    """Its last exchange."""
    why: str
    """GIVEN, REPLACED or FORGOTTEN."""
    no_keys: str
    """Why keys are not compared: another sketch version, or another key; empty where they are."""
    origins: Mapping[str, tuple[str, datetime | None]] = field(default_factory=dict)
    """Campaigns of other runs among them, by identity: digest and last exchange of their run."""

    def origin(self, identity: str) -> tuple[str, datetime | None]:
        """Digest and last exchange of the run that a campaign is of."""
        return self.origins.get(identity, (self.digest, self.last))

    def document(self) -> dict[str, Any]:
        """For run.json."""
        return {
            "run": self.run or None,
            "digest": self.digest or None,
            "last": iso(self.last) if self.last else None,
            "why": self.why,
            "keys": f"not compared: {self.no_keys}" if self.no_keys else "compared",
        }

    def named_in(self, accounts: pa.Table) -> pa.Table:
        """The rows of table accounts that a listed campaign of it names."""
        ids = sorted(set().union(*(item.accounts for item in self.campaigns if item.listed)))
        return accounts.filter(pc.is_in(accounts["account_id"], value_set=pa.array(ids, pa.string())))


def earlier_run(previous: Path | None, out: Path, ours: Sketched, *, force: bool) -> Earlier | None:
    """The run to compare with: the one given, else the one that `out` holds and `force` replaces.

    Raises RunError where the given one cannot be read. One that is merely replaced may be of another version,
    and is then not compared.
    """
    if previous is not None:
        return read_earlier(previous, ours, GIVEN)
    if not force or not (out / MARK).exists():
        return None
    try:
        return read_earlier(out, ours, REPLACED)
    except RunError:
        return None


def read_earlier(folder: Path, ours: Sketched, why: str) -> Earlier:
    """What a run folder says of its campaigns. Raises RunError where it cannot be read.

    ours: under what the new run is sketched. Keys of another version, or under another key, mean nothing to
    it, and are left out; accounts are matched by the ids that the provider gave them.
    """
    run = Run(folder)
    theirs = Sketched.of_run(run.about, str(folder / MARK))
    no_keys = _differing(ours, theirs)
    found = campaigns_of(
        run.table("campaigns"),
        run.table("members", ["group", "account_id"]),
        None if no_keys else run.table("campaign_keys"),
    )
    last = run.about.get("last")
    return Earlier(
        found,
        str(run.about.get("id") or ""),
        str(run.about.get("digest") or ""),
        _time(last, folder),
        why,
        no_keys,
    )


def _time(value: Any, folder: Path) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError as error:
        raise RunError("the time of the last exchange is no time", where=str(folder / MARK)) from error


def _differing(ours: Sketched, theirs: Sketched) -> str:
    if ours.version != theirs.version:
        return f"it was sketched by version {theirs.version}, this run by {ours.version}"
    return "it was sketched under another key" if ours.key != theirs.key else ""
