"""Accounts of ordinary people. Every kind starts from them and changes them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np

from stillwatch.simulate.accounts import (
    API,
    CARD,
    DAY,
    EMAIL,
    FLAT,
    FREE,
    HOME,
    HOUR,
    ID,
    NOBODY,
    PHONE,
    PLACES,
    PLUS,
    Accounts,
    Array,
    Names,
)
from stillwatch.simulate.clients import Clients
from stillwatch.simulate.jobs import Jobs
from stillwatch.simulate.places import Places, pick, skewed
from stillwatch.simulate.specs import Model, Population

FREEMAIL = (
    "gmail.com",
    "outlook.com",
    "yahoo.com",
    "icloud.com",
    "hotmail.com",
    "proton.me",
    "gmx.com",
    "mail.com",
    "aol.com",
)
WORDS = (
    "harbor",
    "mill",
    "cedar",
    "north",
    "quill",
    "amber",
    "field",
    "stone",
    "river",
    "lark",
    "copper",
    "willow",
    "delta",
    "maple",
    "orbit",
    "pixel",
)
TENURE_DAYS = 400.0
HEAVY = 400.0
BANNED_SHARE = 0.001
ZEROS = (
    "kind",
    "group",
    "organisation",
    "phase",
    "paraphrase",
    "slice",
    "end_users",
    "late_client",
    "late_client_from",
    "device",
    "asserted",
    "barred",
)


@dataclass
class Setting:
    """What accounts are made from."""

    start: int
    """First moment of the window."""
    days: int
    """Number of days."""
    launched: int
    """Time when the provider opened."""
    places: Places
    """Networks and addresses."""
    clients: Clients
    """Client software."""
    jobs: Jobs
    """Kinds of use."""
    models: tuple[Model, ...]
    """Models that are served."""
    release: int
    """Number of the model released inside the window, or -1."""
    scale: float
    """The world's scale."""
    domains: Names = field(default_factory=Names)
    """Mail domains."""
    shapes: Names = field(default_factory=Names)
    """Mail shapes."""
    phones: Names = field(default_factory=Names)
    """Phone prefixes."""
    organisations: Names = field(default_factory=Names)
    """Organisations."""
    bulk: dict[str, set[int]] = field(default_factory=lambda: {"cards": set(), "domains": set()})
    """Cards and mail domains that operators bought for many accounts; their cost is computed from these."""

    @property
    def end(self) -> int:
        """The moment after the last."""
        return self.start + self.days * DAY


def ordinary_accounts(
    spec: Population, n: int, setting: Setting, rng: np.random.Generator, region: Array | None = None
) -> Accounts:
    """Make unrelated accounts: regions, homes and phones, popular clients, freemail, heavy-tailed volume."""
    regions = setting.places.regions
    region = regions_of(spec, n, setting, rng) if region is None else region
    total = np.minimum(rng.lognormal(np.log(spec.median), spec.sigma, n), spec.most)
    created = _registered(n, region, setting, rng)
    first = np.maximum(created, setting.start)
    banned = np.where(
        rng.random(n) < BANNED_SHARE,
        (first + (setting.end - first) * rng.uniform(0.2, 0.9, n)).astype(np.int64),
        0,
    )
    offset = np.array([r.utc_offset for r in regions])[region]
    plan = np.where(total > HEAVY, API, rng.choice([FREE, PLUS, API], n, p=[0.55, 0.2, 0.25]))
    places, place_count = addresses_of_accounts(region, setting, rng)
    profile = setting.jobs.profile(spec.jobs)
    return Accounts(
        **_alone(n),
        region=region,
        language=setting.jobs.languages_of(region, regions, rng),
        plan=plan,
        verification=np.where(
            plan == FREE,
            rng.choice([NOBODY, EMAIL, PHONE], n, p=[0.1, 0.6, 0.3]),
            rng.choice([PHONE, CARD, ID], n, p=[0.2, 0.7, 0.1]),
        ),
        payment=np.where(plan == FREE, 0, instruments(n, rng)),
        domain=mail_domains(n, setting, rng),
        shape=mail_shapes(n, setting, rng),
        phone=phone_prefixes(region, setting, rng),
        created=created,
        banned=banned,
        first=first,
        last=np.where(banned > 0, banned, setting.end),
        rate=total / setting.days,
        burst=rng.choice([0.15, 0.3, 1.0], n, p=[0.5, 0.3, 0.2]),
        sure=(first - setting.start) // DAY
        + (rng.random(n) * (np.where(banned > 0, banned, setting.end) - first) / DAY).astype(np.int64),
        rhythm=np.where(plan == API, rng.choice([HOME, FLAT], n, p=[0.6, 0.4]), HOME),
        shift=np.rint(-offset * 4 + rng.normal(0, 6, n)).astype(np.int64),
        weekend=rng.choice([0.3, 0.8, 1.2], n),
        stay=np.where(total > HEAVY, 0.92, rng.choice([0.3, 0.6, 0.75], n)),
        gap=np.where(total > HEAVY, 9.0, 75.0),
        client=setting.clients.popular(n, rng),
        other_client=setting.clients.popular(n, rng),
        parameters=setting.clients.popular_parameters(n, rng),
        places=places,
        place_count=place_count,
        profile=np.full(n, profile),
        late_profile=np.full(n, profile),
        late_from=np.full(n, setting.end),
        seed=seeds(n, rng),
        model=models_of(n, setting, rng),
        adopts=rng.choice([0.0, 0.3, 0.9], n, p=[0.6, 0.25, 0.15]),
        adopt_hours=rng.uniform(24, 400, n),
    )


def _alone(n: int) -> dict[str, Array]:
    """The columns with which kinds and operators join accounts or separate them, still without values."""
    whole = np.zeros(n, np.int64)
    return {
        **{name: whole.copy() for name in ZEROS},
        "campaign": whole - 1,
        "owner": whole - 1,
        "period": whole + 1,
        "slices": whole + 1,
        **{name: np.zeros(n, bool) for name in ("even", "untooled", "silent")},
        **{name: np.zeros(n) for name in ("ramp", "handover", "failover", "flaky")},
        "group_seed": np.zeros(n, np.uint64),
    }


def regions_of(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Array:
    """Return the region that a population is limited to, or regions by their share of accounts."""
    names = [region.name for region in setting.places.regions]
    return np.full(n, names.index(spec.region)) if spec.region else setting.places.draw_regions(n, rng)


def _registered(n: int, region: Array, setting: Setting, rng: np.random.Generator) -> Array:
    """Draw registration times: growth over the years, daytime in the region; a few are inside the window."""
    span = setting.end - setting.launched
    ago = np.minimum(rng.exponential(TENURE_DAYS, n) * DAY, rng.random(n) * span).astype(np.int64)
    offset = np.array([r.utc_offset for r in setting.places.regions])[region]
    local_hour = rng.normal(15, 4, n) % 24 - offset
    day = (setting.end - ago) // DAY - 2
    return np.asarray(np.maximum(day * DAY + (local_hour * HOUR).astype(np.int64), setting.launched))


def addresses_of_accounts(region: Array, setting: Setting, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw home addresses, one or two that change, and a shared phone address; a few rent a server."""
    n, book = len(region), setting.places
    places = np.zeros((n, PLACES), np.int64)
    carrier = book.carrier_of(region, rng)
    kinds = [
        book.add(carrier, rng, version_six=0.3),
        phone_addresses(region, setting, rng),
        book.add(carrier, rng, version_six=0.3),
        book.homes(region, rng),
    ]
    for column, addresses in enumerate(kinds):
        places[:, column] = addresses
    rented = rng.random(n) < 0.12
    places[rented, 0] = book.hosted(int(rented.sum()), rng)
    return places, rng.choice([1, 2, 3, 4], n, p=[0.3, 0.35, 0.25, 0.1])


def phone_addresses(region: Array, setting: Setting, rng: np.random.Generator) -> Array:
    """Draw addresses of carrier-grade NAT: about sixty accounts behind one."""
    networks = pick(setting.places.mobiles, region, rng)
    addresses = np.zeros(len(region), np.int64)
    for network in np.unique(networks):
        inside = np.flatnonzero(networks == network)
        pool = setting.places.add(np.full(max(2, len(inside) // 60), network), rng)
        addresses[inside] = pool[rng.integers(0, len(pool), len(inside))]
    return addresses


def instruments(n: int, rng: np.random.Generator) -> Array:
    """Make new payment instruments."""
    return rng.integers(1, 2**62, n)


def pay(accounts: Accounts, rng: np.random.Generator) -> None:
    """Give a payment instrument of its own to each account that has none."""
    accounts.payment = np.where(accounts.payment == 0, instruments(len(accounts), rng), accounts.payment)


def seeds(n: int, rng: np.random.Generator) -> Array:
    """Seeds for words."""
    return rng.integers(0, 2**63, n, dtype=np.uint64)


def models_of(n: int, setting: Setting, rng: np.random.Generator) -> Array:
    """Draw a preferred model for each, among those released at the start."""
    weights = np.array([0.0 if i == setting.release else m.weight for i, m in enumerate(setting.models)])
    return np.asarray(rng.choice(len(weights), n, p=weights / weights.sum()))


def mail_domains(n: int, setting: Setting, rng: np.random.Generator) -> Array:
    """Draw mail domains: mostly freemail, some providers' mail, some own domains."""
    known = setting.domains.all(providers())
    chosen = known[skewed(len(known), n, rng)]
    own = np.flatnonzero(rng.random(n) < 0.12)
    chosen[own] = setting.domains.all(own_domains(len(own), rng))
    return chosen


def providers() -> list[str]:
    """Return domains at which anyone can have a mailbox."""
    return [*FREEMAIL, *(f"{w}mail.example" for w in WORDS)]


def own_domains(n: int, rng: np.random.Generator) -> list[str]:
    """Make names of domains that one owner registered."""
    draws = rng.integers(0, [len(WORDS), len(WORDS), 90_000], (n, 3))
    return [f"{WORDS[a]}-{WORDS[b]}{c}.example" for a, b, c in draws.tolist()]


def mail_shapes(n: int, setting: Setting, rng: np.random.Generator) -> Array:
    """Draw shapes of local parts: letters as a, digits as 9, each run with its length."""
    a, b, digits = (
        rng.integers(3, 9, n).tolist(),
        rng.integers(3, 10, n).tolist(),
        rng.choice([0, 0, 1, 2, 2, 4], n).tolist(),
    )
    joint = rng.choice(["", ".", "_"], n, p=[0.5, 0.4, 0.1]).tolist()
    return setting.shapes.all(
        [
            (f"a{x}{j}a{y}" if j else f"a{x + y}") + (f"9{d}" if d else "")
            for x, y, j, d in zip(a, b, joint, digits, strict=True)
        ]
    )


def phone_prefixes(region: Array, setting: Setting, rng: np.random.Generator) -> Array:
    """Draw country and carrier prefixes; half give no phone."""
    numbers = setting.phones.all(
        [f"{r.phone}-{carrier}" for r in setting.places.regions for carrier in range(100, 112)]
    )
    return np.where(rng.random(len(region)) < 0.5, 0, numbers[region * 12 + skewed(12, len(region), rng)])


def neighbours(
    spec: Population, n: int, setting: Setting, rng: np.random.Generator
) -> tuple[Accounts, Array]:
    """Make people in groups of the spec's sizes, each in one region; also returns each group's region."""
    number = groups_of(n, spec, rng)
    region_of = regions_of(spec, int(number.max()), setting, rng)
    accounts = ordinary_accounts(spec, n, setting, rng, region_of[number - 1])
    accounts.group = number
    return accounts, region_of


def groups_of(n: int, spec: Population, rng: np.random.Generator) -> Array:
    """Return numbers from 1 of groups with sizes between the spec's bounds; the last may be smaller."""
    sizes = rng.integers(spec.group_min, spec.group_max + 1, 1 + n // max(1, spec.group_min))
    number = np.repeat(np.arange(1, len(sizes) + 1), sizes)[:n]
    if n > spec.group_min and np.count_nonzero(number == number[-1]) < spec.group_min / 2:
        number[number == number[-1]] = number[-1] - 1
    return number


def hashed_instrument(number: int) -> str:
    """Return a payment instrument as the provider's hash of it."""
    return "pm_" + hashlib.blake2b(number.to_bytes(8, "little"), digest_size=10).hexdigest()
