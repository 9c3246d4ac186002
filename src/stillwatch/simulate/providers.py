"""Worlds of several providers that the same operators work at once.

An operator's means are the same everywhere: addresses, client builds, cards, mail domains, templates, hours.
Each of its accounts is at one provider. The customers of each provider are its own.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from stillwatch.errors import RunError, SettingError
from stillwatch.simulate.accounts import Accounts, Array
from stillwatch.simulate.make import Order, make_from, refuse_in_the_way
from stillwatch.simulate.scenario import load
from stillwatch.simulate.specs import Scenario
from stillwatch.simulate.world import World, ids_of, stream

DEAL_STREAM = 8
APART = 2_000_003
"""What separates the seeds of two providers' customers."""
LESS = 0.6
"""An operator's share at each provider, as a part of that at the one before."""
LEAST = 3
"""Accounts that every provider has of every operator, at any scale."""
MOST = 20
"""Most providers of one order."""
Progress = Callable[[int, int, int], None]


@dataclass(frozen=True)
class Deal:
    """How the accounts of each campaign are dealt out to the providers."""

    providers: int
    """Number of providers."""
    shared_seed: int
    """The seed of the order."""

    def at(self, provider: int, accounts: Accounts) -> Array:
        """Return which rows are at a provider: all customers of its own, and its part of each campaign."""
        kept = accounts.campaign < 0
        for campaign in np.unique(accounts.campaign[~kept]).tolist():
            inside = np.flatnonzero(accounts.campaign == campaign)
            rng = stream(self.shared_seed, DEAL_STREAM, campaign)
            ends = np.cumsum(self.sizes(len(inside), campaign))
            dealt = np.searchsorted(ends, rng.permutation(len(inside)), side="right")
            kept[inside[dealt == provider]] = True
        return np.asarray(kept)

    def sizes(self, accounts: int, campaign: int) -> Array:
        """Return how many of a campaign's accounts each provider has.

        The campaigns in turn have their largest part at one provider after the other.
        """
        places = (np.arange(self.providers) - campaign) % self.providers
        weights = LESS**places
        least = min(LEAST, accounts // self.providers)
        ends = np.cumsum(weights / weights.sum()) * (accounts - least * self.providers)
        return np.asarray(least + np.diff(np.rint(ends), prepend=0.0).astype(np.int64))


def make_providers(
    order: Order, providers: int, progress: Progress = lambda done, parts, exchanges: None
) -> dict[str, Any]:
    """Write a world for each provider, `provider-1` and so on, and which campaigns are one operator.

    Returns the truth in short. Raises SettingError and RunError; leaves nothing half-written.
    """
    scenario = spread(load(order.scenario, order.beside), providers)
    out = order.out.resolve()
    refuse_in_the_way(out, order.force)
    aside = out.with_name(f".{out.name}.spreading")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir(parents=True)
        documents = [
            _one(order, scenario, provider, providers, aside, progress) for provider in range(providers)
        ]
        document = _document(order, scenario, documents)
        (aside / "truth.json").write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
        if out.exists():
            shutil.rmtree(out)
        aside.rename(out)
    except OSError as error:
        raise RunError(
            f"the worlds cannot be written: {error.strerror}",
            where=str(error.filename or order.out),
            do="check the folder given to --out",
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return document


def spread(scenario: Scenario, providers: int) -> Scenario:
    """Return a scenario whose campaigns have enough accounts for all providers.

    Raises SettingError for a number that is out of range, and for a campaign that cannot be spread.
    """
    if not 2 <= providers <= MOST:
        raise SettingError(
            f"a world cannot be spread over {providers} providers", do=f"give --providers 2 to {MOST}"
        )
    for campaign in scenario.campaigns:
        if campaign.victims:
            raise SettingError(
                f"campaign {campaign.name} uses stolen keys of one provider's customers",
                where=scenario.name,
                do="spread a scenario whose campaigns register accounts of their own, as february",
            )
    campaigns = tuple(
        dataclasses.replace(campaign, at_least=max(campaign.at_least, LEAST * providers))
        for campaign in scenario.campaigns
    )
    return dataclasses.replace(scenario, campaigns=campaigns)


def seed_of(order_seed: int, provider: int) -> int:
    """Return the seed of a provider's own customers and days."""
    return order_seed + APART * (provider + 1)


def name_of(provider: int) -> str:
    """Return the name of a provider, which its folder has."""
    return f"provider-{provider + 1}"


def _one(
    order: Order, scenario: Scenario, provider: int, providers: int, folder: Path, progress: Progress
) -> dict[str, Any]:
    own = dataclasses.replace(order, out=folder / name_of(provider), seed=seed_of(order.seed, provider))

    def moved(done: int, parts: int, exchanges: int) -> None:
        """Tell of all providers; the exchanges are those of this one."""
        progress(done + provider * parts, parts * providers, exchanges)

    dealt = partial(_dealt, deal=Deal(providers, order.seed), provider=provider)
    return make_from(scenario, own, moved, dealt, order.seed)


def _dealt(world: World, deal: Deal, provider: int) -> World:
    """Return the world without the accounts that are at other providers."""
    kept = deal.at(provider, world.accounts)
    accounts = Accounts(**{f.name: getattr(world.accounts, f.name)[kept] for f in fields(Accounts)})
    accounts.owner = np.arange(len(accounts))
    return dataclasses.replace(world, accounts=accounts, account_ids=ids_of(accounts, world.seed))


def _document(order: Order, scenario: Scenario, documents: list[dict[str, Any]]) -> dict[str, Any]:
    providers = [
        {"name": name_of(i), **{key: found["world"][key] for key in ("seed", "accounts", "exchanges")}}
        for i, found in enumerate(documents)
    ]
    return {
        "world": {
            "scenario": scenario.name,
            "scale": order.scale,
            "seed": order.seed,
            "providers": len(documents),
            "accounts": sum(found["accounts"] for found in providers),
            "exchanges": sum(found["exchanges"] for found in providers),
        },
        "providers": providers,
        "operators": [_operator(campaign.name, documents) for campaign in scenario.campaigns],
    }


def _operator(name: str, documents: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one operator: its campaign has the same name at every provider."""
    parts = [
        {"provider": name_of(i), "campaign": name, "accounts": row["accounts"], "exchanges": row["exchanges"]}
        for i, found in enumerate(documents)
        for row in found["groups"]
        if row["kind"] == "campaign" and row["name"] == name
    ]
    total = {key: sum(part[key] for part in parts) for key in ("accounts", "exchanges")}
    for part in parts:
        part["share"] = round(part["exchanges"] / total["exchanges"], 4) if total["exchanges"] else 0.0
    return {"name": name, "label": "adversarial", **total, "at": parts}
