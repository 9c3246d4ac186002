"""What a scenario file may say, and the registry of benign kinds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from stillwatch.registry import Registry


@dataclass(frozen=True)
class Window:
    """The time of a world."""

    start: datetime
    """First moment."""
    end: datetime
    """Moment after the last."""
    launched: datetime
    """Time when the provider opened; no account is older."""
    limits: bool = False
    """Whether plans have daily limits, which accounts.parquet states and the provider enforces."""

    @property
    def days(self) -> int:
        """Number of whole days in it."""
        return (self.end - self.start).days


@dataclass(frozen=True)
class Region:
    """A part of the world with its networks and languages."""

    name: str
    """Its name."""
    weight: float
    """Its share of accounts."""
    utc_offset: float
    """Hours ahead of UTC."""
    phone: str
    """Phone prefix."""
    languages: dict[str, float]
    """Share of each language; a phrase book must hold chat_<language>, or it is en."""
    carriers: int = 12
    """Networks that serve homes."""
    mobiles: int = 3
    """Networks that serve phones, behind shared addresses."""


@dataclass(frozen=True)
class Model:
    """A served model."""

    name: str
    """Its name."""
    weight: float
    """Its share of benign accounts at the start; for a new model, the share that moves to it in the end."""
    released: datetime
    """When it could first be called."""


@dataclass(frozen=True)
class Population:
    """Benign accounts of one kind."""

    kind: str
    """The kind: its file in simulate/benign."""
    accounts: int
    """Accounts at scale 1."""
    median: float
    """Median exchanges of an account over the window."""
    sigma: float
    """Sigma of the log-normal volume.

    2 gives the heavy tail of public traces of LLM clients (ServeGen, 2025).
    """
    jobs: dict[str, float]
    """Mixture of jobs."""
    at_least: int = 1
    """Fewest accounts at any scale."""
    most: float = 30_000.0
    """Most exchanges of one account."""
    group_min: int = 0
    """Smallest group, if the kind has groups."""
    group_max: int = 0
    """Largest group."""
    region: str = ""
    """The only region in which its accounts live; empty: all of them."""
    lasting: ClassVar[bool] = True
    """Whether its volume grows with the window; that of a day's event does not."""


@dataclass(frozen=True)
class Pathway:
    """One pathway of a campaign: a type of account with its client and work."""

    share: float
    """Share of the campaign's accounts."""
    plan: str
    """Plan of its accounts."""
    agent: str
    """User agent of its client."""
    runtime: str
    """Runtime of its client build."""
    system: str
    """Operating system and architecture of its client build."""
    jobs: dict[str, float]
    """Mixture of jobs."""
    build_share: float = 0.85
    """Share of its accounts that show the build; others use popular clients."""
    late_jobs: dict[str, float] = field(default_factory=dict)
    """Mixture of jobs in the later phase; empty: no change."""
    late_day: int = 0
    """Day of the campaign on which the later phase begins."""
    parameters: dict[str, Any] = field(default_factory=dict)
    """Sampling parameters of its requests."""
    builds: int = 1
    """Number of builds that its accounts have: the one above, and popular ones."""


@dataclass(frozen=True)
class AccountWave:
    """Accounts that a campaign uses for a time, before it goes on with others."""

    share: float
    """Share of the campaign's accounts."""
    volume: float
    """Share of the campaign's exchanges."""
    first_day: int
    """Day of the campaign on which it begins."""
    days: int
    """Number of days that it lasts."""
    at_least: int = 6
    """Fewest accounts at any scale."""
    banned: float = 0.0
    """Share of its accounts that are banned at its end."""
    banned_days: float = 2.0
    """Number of days within which they are banned."""
    carries: float = 0.0
    """Share of its cards, mail domains, addresses and clients that the wave before it already used.

    It has no meaning for the first wave.
    """
    registered_days: float = 5.0
    """Days from its first burst of registrations to its beginning."""
    agent: str = ""
    """User agent of its client if it no longer uses the pathways' builds; runtime and system belong to it."""
    runtime: str = ""
    """Runtime of that build."""
    system: str = ""
    """Operating system and architecture of that build."""


@dataclass(frozen=True)
class Campaign:
    """One operator's extraction effort."""

    name: str
    """A neutral name."""
    accounts: int
    """Accounts at scale 1, replaced ones included."""
    exchanges: int
    """Exchanges at scale 1."""
    first_day: int
    """Day of the window on which it begins."""
    days: int
    """Number of days that it lasts."""
    rhythm: str
    """balanced (a queue dealt out in short windows), workday (the operator's hours) or flat."""
    pathways: tuple[Pathway, ...] = field(metadata={"key": "pathway"})
    """Its ways in."""
    at_least: int = 12
    """Fewest accounts at any scale."""
    ramp: float = 0.0
    """How its rate grows: 0 stays, 1 from nothing on its first day to twice the mean on its last."""
    windows: int = 12
    """For a balanced rhythm: work windows per day."""
    utc_offset: float = 0.0
    """For a workday rhythm: the operator's hours ahead of UTC."""
    rate_sigma: float = 0.5
    """Sigma of the log-normal daily rate of its accounts, kept within 6 to 860."""
    cover: float = 0.07
    """Share of ordinary prompts mixed in."""
    cards: int = 40
    """Payment instruments at scale 1 that its accounts share."""
    cards_at_least: int = 3
    """Payment instruments at any scale."""
    card_share: float = 0.7
    """Share of accounts that pay with a shared one."""
    waves: int = 3
    """Bursts of registrations."""
    wave_hours: float = 18.0
    """Duration of one burst."""
    registered_days: float = 30.0
    """Days from the first burst to its beginning."""
    wave_share: float = 0.85
    """Share of accounts registered in the bursts; the others look ordinary."""
    pool: float = 1.0
    """Addresses in its pool per account."""
    addresses: int = 4
    """Addresses that one account uses."""
    networks: dict[str, float] = field(default_factory=lambda: {"residential": 0.7, "hosting": 0.3})
    """Classes of the pool's networks."""
    own_address: float = 0.2
    """Share of an account's addresses that nobody shares."""
    mail_domains: int = 8
    """Mail domains, at any scale, that it registered or prefers."""
    mail_share: float = 0.5
    """Share of accounts with such a domain or with the script's mail shape."""
    pivot: float = 0.0
    """Share of its traffic that moves to the model released inside the window."""
    pivot_hours: float = 20.0
    """Hours after the release at which it moves."""
    banned: float = 0.05
    """Share of its accounts that are banned and replaced within the window."""
    model: str = ""
    """Model that all its accounts call; empty: as other customers choose."""
    moves_to: str = ""
    """Model to which all of it moves; empty: it does not move."""
    moves_day: int = 0
    """Day of the campaign on which it moves."""
    handover: float = 0.0
    """Chance that a later turn of a conversation goes by another of its accounts."""
    failover: float = 0.0
    """Chance that another of its accounts takes the turn after a refused one."""
    pinned: bool = False
    """Whether each of its accounts always shows one client build, as with relays."""
    stay: float = 0.5
    """Chance that an exchange follows the one before in the same run: sets the length of conversations."""
    gap: float = 25.0
    """Mean seconds between exchanges of one run."""
    account_waves: tuple[AccountWave, ...] = field(default=(), metadata={"key": "account_wave"})
    """Its waves of accounts, one after the other; empty: the same accounts on all its days."""
    paraphrase: int = 0
    """Frames of its distillation jobs: 0 verbatim, 1 a tenth of the words swapped, 2 all, in each request."""
    regions: dict[str, float] = field(default_factory=dict)
    """Share of its accounts and residential addresses in each region; empty: as customers have."""
    end_users: int = 0
    """End users whose traffic each account relays, unnamed; each uses one language. 0: none."""
    victims: tuple[str, ...] = ()
    """Benign kinds whose accounts it uses by stolen keys, in addition to their own traffic.

    Empty: it registers accounts of its own.
    """
    frames: tuple[str, ...] = ()
    """Benign kinds through whose shared addresses it leaves, with their client: two groups of each."""
    devices: int = 0
    """Device ids that its accounts' clients assert, each with one account named for all; 0: none."""
    mail_root: bool = False
    """Whether its mail domains are subdomains of one domain."""
    quota: float = 0.0
    """Share of its plan's daily limit that each account makes, instead of its rate; 0: its rate."""
    slowest: float = 6.0
    """The lowest daily rate of an account."""
    slice_accounts: int = 0
    """Accounts that share one slice of its prompt list, with its own templates; 0: all share the list."""
    untooled: float = 0.0
    """Share of accounts that describe their tools and output formats in words instead of sending schemas."""
    spread_days: float = 0.0
    """Days over which its accounts begin, one after the other; each ends as late as it began."""
    life_days: float = 0.0
    """Days after which an account is replaced by one of the next generation; 0: it stays to the end."""
    isolated: dict[str, float] = field(default_factory=dict)
    """By family, the share of accounts that look like unrelated people in it.

    The families are network, identity, software, rhythm and content.
    """
    evade: dict[str, str] = field(default_factory=dict)
    """Knobs of evasion and their settings, such as pool = "middle"; see simulate/evasion.py."""


@dataclass(frozen=True)
class Permit:
    """A licence to distil."""

    name: str
    """Its name."""
    organisation: str
    """The licensed organisation."""
    models: tuple[str, ...]
    """Models it may distil."""
    purpose: str
    """Its purpose."""
    starts: datetime
    """Time when it begins."""
    expires: datetime
    """Time when it ends."""
    headroom: float = 1.5
    """Volume granted, as a multiple of what the world's organisation uses."""


@dataclass(frozen=True)
class Scenario:
    """One world, as its file describes it, at full scale."""

    name: str
    """The file's name."""
    window: Window
    """Its time."""
    regions: tuple[Region, ...]
    """Where accounts live."""
    models: tuple[Model, ...]
    """Models that are served."""
    populations: tuple[Population, ...]
    """The benign kinds."""
    campaigns: tuple[Campaign, ...]
    """The campaigns."""
    permits: tuple[Permit, ...]
    """The permits given."""


@dataclass(frozen=True)
class Kind:
    """One benign kind of account."""

    name: str
    """Its name in scenario files."""
    label: str
    """benign, authorised, exceeds, or doubtful.

    An organisation whose use exceeds its permit has the third: unlicensed is right for it. Doubtful is a kind
    that is coordinated without a sign of harvest, or never declared itself: it may be called coordinated or
    unlicensed, and adversarial is wrong.
    """
    sees: str
    """What it looks like, in a sentence."""
    spec: type[Population]
    """What its section may contain."""
    build: Callable[..., Any]
    """Makes its accounts from spec, count, setting and random generator."""


KINDS: Registry[Kind] = Registry("kind", "stillwatch.simulate.benign")


def kinds() -> dict[str, Kind]:
    """Return every benign kind by name."""
    return KINDS.all()
