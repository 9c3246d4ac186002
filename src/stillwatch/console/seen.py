"""What a page or an act is given: who asks, for what, and the doors to what there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stillwatch.cases.cases import Cases
from stillwatch.cases.database import Database
from stillwatch.console.remedy_desk import RemedyDesk
from stillwatch.console.role import Role
from stillwatch.console.runs import Runs
from stillwatch.settings import Settings


@dataclass(frozen=True)
class User:
    """Who asks."""

    id: int
    """Number of the user in the store."""
    name: str
    """Name, as it stands in events and in the access log."""
    role: Role
    """What they may do; of a token, the smaller of its role and the user's."""
    session: str = ""
    """Hash of the session; empty for a token."""
    token: int = 0
    """Number of the token; 0 for a session."""
    read_only: bool = False
    """Whether only pages may be asked for; of a token."""
    proved: float = 0.0
    """When they last signed in, POSIX seconds; 0 for a token."""

    def may(self, role: Role) -> bool:
        """Return whether they may do what a role may."""
        return self.role >= role


@dataclass(frozen=True)
class Doors:
    """What pages and acts work with. Threads share it."""

    cases: Cases
    """The store of cases."""
    runs: Runs
    """The runs that the console shows."""
    state: Path | None
    """The guard's state; None: no guard is shown."""
    settings: Settings
    """All settings."""
    origin: str = ""
    """How browsers reach the console: scheme, host and port."""
    appeal_key: Path | None = None
    """The key of appeal links; None: beside the file of cases."""
    channels: Path | None = None
    """File of channels; None: nothing is delivered by this process."""
    sharing: Database | None = None
    """Where shared intelligence is kept; None: with the cases."""
    remedy: RemedyDesk = field(init=False, compare=False, repr=False)
    """Plans, letters and appeals."""

    @property
    def shared(self) -> Database:
        """Where shared intelligence is kept."""
        return self.sharing or self.cases.database

    def __post_init__(self) -> None:
        object.__setattr__(self, "remedy", RemedyDesk(self.cases, self.state, self.appeal_key))


@dataclass(frozen=True)
class Seen:
    """One call of a page or an act."""

    doors: Doors
    """The doors."""
    user: User
    """Who asks."""
    path: Mapping[str, Any] = field(default_factory=dict)
    """Parameters in the path, typed as the path says."""
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Parameters in the URL, each with all its values."""
    filters: Any = None
    """The same as the page's `filters` has them; None where it declares none."""
    now: float = 0.0
    """The time, POSIX seconds."""
    number: str = ""
    """Id of the call, as it stands on error pages and in the log."""
    log: Callable[..., None] = lambda *_words, **_more: None
    """Writes into the access log: log(action, subject, reason, **detail)."""

    def first(self, name: str, otherwise: str = "") -> str:
        """Return the first value of a parameter in the URL."""
        return self.query.get(name, (otherwise,))[0]
