"""What a campaign costs its operator: counted in the made world, at the scenario's full size, and in money.

Counts are those of the made world's accounts and log. What grows with the number of accounts is scaled up to
scale 1. The rest is taken as it is: the shared cards and mail domains that the scenario states, templates of
the whole list, client builds. An operator that steals keys pays for these and for its own means; its victims
pay for accounts, cards, domains and tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute
import pyarrow.parquet as pq

from stillwatch.errors import SettingError
from stillwatch.simulate.accounts import DAY, Array
from stillwatch.simulate.operators.slices import slices
from stillwatch.simulate.ordinary_accounts import FREEMAIL, WORDS
from stillwatch.simulate.specs import Campaign
from stillwatch.simulate.world import World
from stillwatch.toml_file import known, parse_toml, read_toml

pc: Any = pyarrow.compute
UNITS: dict[str, str] = {
    "accounts": "accounts registered",
    "keys": "stolen keys",
    "aged_days": "account-days between registration and first use",
    "phones": "phone numbers",
    "cards": "payment instruments",
    "domains": "mail domains of its own",
    "mailboxes": "mailboxes at mail providers",
    "residential_days": "address-days in home networks",
    "hosting_days": "address-days at hosting companies",
    "vpn_days": "address-days of VPNs",
    "residential_gigabytes": "gigabytes through home networks",
    "exchanges": "exchanges paid for, cover and lost ones included",
    "wanted": "exchanges harvested",
    "cover": "exchanges of cover",
    "lost": "exchanges paid for in advance and lost to bans",
    "tokens_read": "million tokens read",
    "tokens_written": "million tokens written",
    "reworded": "requests reworded",
    "templates": "templates written",
    "builds": "client builds",
    "waiting": "exchange-days from the campaign's begin to the harvest",
}
"""Units of a bill, and what each counts."""
PAID_BY_VICTIMS = (
    "accounts",
    "aged_days",
    "phones",
    "cards",
    "domains",
    "mailboxes",
    "tokens_read",
    "tokens_written",
)
"""Units that cost an operator of stolen keys nothing."""


@dataclass(frozen=True)
class Price:
    """The price of one unit."""

    amount: float
    """Dollars, or the factor itself."""
    per: str
    """What the amount is for."""
    source: str
    """Source of the price."""


Prices = Mapping[str, Price]


@dataclass(frozen=True)
class Count:
    """The number of one unit."""

    made: float
    """In the made world."""
    full: float
    """At scale 1."""


@dataclass(frozen=True)
class Bill:
    """Everything that one campaign needs."""

    counts: Mapping[str, Count]
    """Count of each unit."""

    def money(self, prices: Prices) -> dict[str, float]:
        """Return dollars of each priced unit at scale 1.

        What was lost to bans costs as much as a mean exchange.
        """
        cost = {name: self.counts[name].full * prices[name].amount for name in UNITS if name in prices}
        for name in ("tokens_read", "tokens_written"):
            cost[name] *= prices["share_of_list"].amount
        made = self.counts["exchanges"].full - self.counts["lost"].full
        cost["lost"] = (
            (cost["tokens_read"] + cost["tokens_written"]) * self.counts["lost"].full / made if made else 0.0
        )
        return cost

    def per_thousand(self, prices: Prices) -> float:
        """Return dollars per thousand exchanges harvested."""
        return sum(self.money(prices).values()) / max(self.counts["wanted"].full, 1.0) * 1000


@dataclass(frozen=True)
class Usage:
    """What accounts used, by account number."""

    exchanges: Array
    """Exchanges in the log."""
    read: Array
    """Tokens read."""
    written: Array
    """Tokens written."""

    @staticmethod
    def of(world: World, logs: Path) -> Usage:
        """Count the use in the log of that world, in the format litellm-parquet."""
        keys = ["user", "requester_ip_address"]
        table = pq.read_table(logs, columns=[*keys, "prompt_tokens", "completion_tokens"]).group_by(keys)
        sums = table.aggregate(
            [("prompt_tokens", "count"), ("prompt_tokens", "sum"), ("completion_tokens", "sum")]
        )
        owner, address = (
            _index(sums.column(key).combine_chunks(), known)
            for key, known in zip(keys, (world.account_ids, world.addresses), strict=True)
        )
        row = _senders(world, owner, address)
        columns = []
        for name in ("prompt_tokens_count", "prompt_tokens_sum", "completion_tokens_sum"):
            column = np.zeros(len(world.accounts), np.int64)
            np.add.at(column, row, sums.column(name).to_numpy())
            columns.append(column)
        return Usage(*columns)


def _index(column: Any, known: Any) -> Array:
    place: Any = pc.index_in(column, known)
    return np.asarray(place.to_numpy(zero_copy_only=False))


def _senders(world: World, owner: Array, address: Array) -> Array:
    """Return the row of the world's accounts behind each account and address.

    The user and the owner of a stolen key have the same id; their addresses tell them apart. Addresses are
    known by the first number that has their text, since the same text may be drawn twice.
    """
    accounts, found = world.accounts, owner.copy()
    stolen = np.flatnonzero(accounts.owner != np.arange(len(accounts)))
    first = _index(world.addresses, world.addresses) if len(stolen) else address
    for row in stolen:
        found[
            (owner == accounts.owner[row])
            & np.isin(address, first[accounts.places[row, : accounts.place_count[row]]])
        ] = row
    return found


@dataclass(frozen=True)
class Assumed:
    """Assumptions about an operator that the log does not show; both are among the prices."""

    funded_days: float
    """Days of use for which an account is funded in advance."""
    bytes_per_token: float
    """Bytes on the wire for each token."""

    @staticmethod
    def of(prices: Prices) -> Assumed:
        """Read the assumptions from the prices."""
        return Assumed(prices["funded_days"].amount, prices["bytes_per_token"].amount)


def bill(world: World, number: int, usage: Usage, assumed: Assumed) -> Bill:
    """Return the bill of a campaign of the world, by its number."""
    spec = world.scenario.campaigns[number]
    inside = np.flatnonzero(world.accounts.campaign == number)
    grown = spec.accounts / len(inside)
    counts = {
        name: Count(made, made * grown)
        for name, made in _by_account(world, spec, inside, usage, assumed).items()
    }
    own = (
        counts
        | _address_days(world, inside, grown)
        | _shared(world, spec, inside, grown)
        | _written(world, spec, inside)
    )
    return Bill(own | dict.fromkeys(PAID_BY_VICTIMS, Count(0.0, 0.0)) if spec.victims else own)


def _by_account(
    world: World, spec: Campaign, inside: Array, usage: Usage, assumed: Assumed
) -> dict[str, float]:
    """Return the units that grow in proportion to the accounts."""
    accounts = world.accounts
    made, read, written = (column[inside] for column in (usage.exchanges, usage.read, usage.written))
    first, last, banned = accounts.first[inside], accounts.last[inside], accounts.banned[inside]
    begin = world.setting.start + spec.first_day * DAY
    funded = np.minimum(assumed.funded_days, np.maximum(begin + spec.days * DAY - banned, 0) / DAY)
    lost = float((accounts.rate[inside] * funded)[banned > 0].sum())
    own = made * (1 - spec.cover)
    home = _home_share(world, inside)
    return {
        "accounts": len(inside),
        "keys": len(inside) if spec.victims else 0,
        "aged_days": float(np.maximum(first - accounts.created[inside], 0).sum() / DAY),
        "phones": int((accounts.phone[inside] > 0).sum()),
        "exchanges": float(made.sum()) + lost,
        "wanted": float(own.sum()),
        "cover": float(made.sum() - own.sum()),
        "lost": lost,
        "tokens_read": float(read.sum()) / 1e6,
        "tokens_written": float(written.sum()) / 1e6,
        "residential_gigabytes": float(((read + written) * home).sum()) * assumed.bytes_per_token / 1e9,
        "reworded": float(own[accounts.paraphrase[inside] > 0].sum()),
        "waiting": float((own * ((first + last) / 2 - begin)).sum() / DAY),
    }


def _home_share(world: World, inside: Array) -> Array:
    """Return the share of each account's addresses in home networks, including phones' networks."""
    accounts = world.accounts
    used = np.arange(accounts.places.shape[1])[None, :] < accounts.place_count[inside, None]
    home = np.isin(
        world.setting.places.classes[world.networks[accounts.places[inside]]], ("residential", "mobile")
    )
    return np.asarray((home & used).sum(axis=1) / used.sum(axis=1))


def _address_days(world: World, inside: Array, grown: float) -> dict[str, Count]:
    """Return days from the first to the last use of each address, by the class of its network."""
    accounts = world.accounts
    used = np.arange(accounts.places.shape[1])[None, :] < accounts.place_count[inside, None]
    address, place = np.unique(accounts.places[inside][used], return_inverse=True)
    width = accounts.place_count[inside]
    start, end = np.full(len(address), np.iinfo(np.int64).max), np.zeros(len(address), np.int64)
    np.minimum.at(start, place, np.repeat(accounts.first[inside], width))
    np.maximum.at(end, place, np.repeat(accounts.last[inside], width))
    days = np.ceil(np.maximum(end - start, 1) / DAY)
    kind = world.setting.places.classes[world.networks[address]]
    classes = {"hosting": kind == "hosting", "vpn": kind == "vpn"}
    classes["residential"] = ~(classes["hosting"] | classes["vpn"])
    return {
        f"{name}_days": Count(float(days[own].sum()), float(days[own].sum()) * grown)
        for name, own in classes.items()
    }


def _shared(world: World, spec: Campaign, inside: Array, grown: float) -> dict[str, Count]:
    """Count cards and domains: those bought for many accounts (by the scenario) and those of one each."""
    accounts, bulk = world.accounts, world.setting.bulk
    providers = {*FREEMAIL, *(f"{word}mail.example" for word in WORDS)}
    names = world.setting.domains.texts
    bought = [
        int(number) for number in np.unique(accounts.domain[inside]) if names[int(number)] not in providers
    ]
    cards = [int(number) for number in np.unique(accounts.payment[inside]) if number > 0]
    mailboxes = sum(names[int(number)] in providers for number in accounts.domain[inside])
    return {
        "cards": _partly(cards, bulk["cards"], spec.cards, grown),
        "domains": _partly(bought, bulk["domains"], spec.mail_domains, grown),
        "mailboxes": Count(mailboxes, mailboxes * grown),
    }


def _partly(seen: list[int], bulk: set[int], in_all: float, grown: float) -> Count:
    """Count those seen: some were bought in bulk, `in_all` at scale 1 if there are any; the rest grows."""
    own = sum(number not in bulk for number in seen)
    return Count(len(seen), own * grown + (in_all if own < len(seen) else 0.0))


def _written(world: World, spec: Campaign, inside: Array) -> dict[str, Count]:
    """Count client builds and templates: one set per slice, unless each request is reworded anyway."""
    sets = (1, 1) if spec.paraphrase else (slices(spec, len(inside)), slices(spec, spec.accounts))
    frames, builds = _frames(world, spec), len(np.unique(world.accounts.client[inside]))
    return {"templates": Count(frames * sets[0], frames * sets[1]), "builds": Count(builds, builds)}


def _frames(world: World, spec: Campaign) -> int:
    """Count the fixed texts of its jobs: alternatives of the symbols that paraphrase knows."""
    jobs, choices = world.setting.jobs, world.grammar.choices
    names = {
        name
        for way in spec.pathways
        for mixture in (way.jobs, way.late_jobs)
        for name, weight in mixture.items()
        if weight > 0
    }
    symbols: set[int] = set()
    for name in names:
        row = jobs.names.index(name)
        parts = (jobs.system[:, row], jobs.head[:, row], jobs.body[:, row, 0])
        symbols |= {int(part[0]) for part in parts if part[0] >= 0 and part[0] != part[-1]}
    return int(sum(choices[symbol + 1] - choices[symbol] for symbol in symbols))


def shipped_prices() -> dict[str, Price]:
    """Return the prices in this package."""
    text = resources.files(__package__).joinpath("prices.toml").read_text(encoding="utf-8")
    return {
        name: Price(float(entry["amount"]), entry["per"], entry["source"])
        for name, entry in parse_toml(text, "prices", where="prices.toml").items()
    }


def read_prices(path: Path | None) -> dict[str, Price]:
    """Return the shipped prices, with those of a file in their place.

    Raises SettingError naming the file and the key.
    """
    prices = shipped_prices()
    if path is None:
        return prices
    document = read_toml(path, "prices file", option="--prices")
    known(document, prices, "there is no price {}", where=str(path))
    return prices | {name: _price(name, entry, prices, str(path)) for name, entry in document.items()}


def _price(name: str, entry: Any, shipped: Prices, where: str) -> Price:
    if not isinstance(entry, dict) or not isinstance(entry.get("source"), str):
        raise SettingError(
            f"price {name} says not where it comes from",
            where=where,
            do=f'write [{name}] with amount = 1.0 and source = "..."',
        )
    known(entry, ("amount", "per", "source"), f"price {name} has an unknown key {{}}", where=where)
    amount = entry.get("amount")
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 <= amount < float("inf"):
        raise SettingError(
            f"the amount of price {name} must be a number from 0 up, not {amount!r}",
            where=where,
            do="give it in dollars",
        )
    return Price(float(amount), str(entry.get("per", shipped[name].per)), entry["source"])
