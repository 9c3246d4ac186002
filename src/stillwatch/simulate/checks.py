"""What a scenario must satisfy beyond names and types."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from stillwatch.schema.parameters import NAMES
from stillwatch.simulate import evasion
from stillwatch.simulate.accounts import PLANS
from stillwatch.simulate.grammar import documents
from stillwatch.simulate.operators.isolation import FAMILIES
from stillwatch.simulate.operators.rhythm import RHYTHMS
from stillwatch.simulate.paraphrase import LEVELS
from stillwatch.simulate.specs import AccountWave, Campaign, Pathway, Scenario, kinds

LONGEST_DAYS = 100
SIGNED = {"utc_offset": 14.0, "ramp": 1.0}
"""Numbers that may be negative, and their limits: hours from UTC, and where a rate turns negative."""
POOL_CLASSES = ("residential", "hosting", "vpn")
SHARES = (
    "cover",
    "card_share",
    "wave_share",
    "own_address",
    "mail_share",
    "pivot",
    "banned",
    "build_share",
    "school_mail",
    "registered_together",
    "behind_egress",
    "staff",
    "handover",
    "failover",
    "declared",
    "newcomers",
    "called",
    "stay",
    "carries",
    "share",
    "volume",
    "untooled",
)


@dataclass(frozen=True)
class Fault:
    """One fault of a scenario."""

    what: str
    """What is wrong."""
    section: str
    """The section, as population[2]."""
    key: str
    """The key."""
    do: str
    """What to do."""


def faults(scenario: Scenario, lent: int = 0) -> Iterator[Fault]:
    """Return all faults of a scenario, in its order.

    `lent` of its permits come from a backdrop, whose models the scenario may not serve.
    """
    yield from _window(scenario)
    jobs = list(documents("catalogue")["jobs.toml"])
    places = [region.name for region in scenario.regions]
    for i, population in enumerate(scenario.populations):
        at = f"population[{i}]"
        if population.region and population.region not in places:
            yield Fault(f"there is no region {population.region!r}", at, "region", _known(places))
        yield from _numbers(population, at)
        yield from _mixture(population.jobs, jobs, at, "jobs")
        if population.group_max < population.group_min:
            yield Fault("group_max is below group_min", at, "group_max", "make it at least group_min")
    names = [campaign.name for campaign in scenario.campaigns]
    for i, campaign in enumerate(scenario.campaigns):
        yield from _campaign(scenario, i, jobs)
        yield from _numbers(campaign, f"campaign[{i}]")
        if not campaign.name or campaign.name in names[:i]:
            yield Fault(
                f"a campaign needs a name of its own, not {campaign.name!r}",
                f"campaign[{i}]",
                "name",
                "the truth tells campaigns apart by it",
            )
    yield from _permits(scenario, lent)


def _permits(scenario: Scenario, lent: int) -> Iterator[Fault]:
    served = [model.name for model in scenario.models]
    for i, permit in enumerate(scenario.permits):
        at = f"permit[{i}]"
        yield from _numbers(permit, at)
        for name in permit.models if i >= lent else ():
            if name not in served:
                yield Fault(f"there is no model {name!r}", at, "models", _known(served))
        if permit.expires <= permit.starts:
            yield Fault("the permit expires before it starts", at, "expires", "set expires after starts")


def _window(scenario: Scenario) -> Iterator[Fault]:
    days, window = scenario.window.days, scenario.window
    if not 1 <= days <= LONGEST_DAYS:
        yield Fault(
            f"the window must be 1 to {LONGEST_DAYS} days long, not {days}",
            "world",
            "end",
            "set world.end after world.start",
        )
    if window.launched >= window.start:
        yield Fault(
            "the provider opens after the window has begun",
            "world",
            "launched",
            "set world.launched before world.start",
        )
    if not any(model.released < window.start and model.weight > 0 for model in scenario.models):
        yield Fault(
            "no model was out before the window",
            "model[0]",
            "released",
            "date one model before world.start and give it a weight",
        )
    inside = [i for i, model in enumerate(scenario.models) if window.start <= model.released < window.end]
    if len(inside) > 1:
        yield Fault(
            "more than one model is released inside the window",
            f"model[{inside[1]}]",
            "released",
            "keep one release inside the window",
        )
    if not scenario.regions or sum(region.weight for region in scenario.regions) <= 0:
        yield Fault(
            "the regions have no weight", "region[0]", "weight", "add a [[region]] with a weight above 0"
        )
    for i, model in enumerate(scenario.models):
        yield from _numbers(model, f"model[{i}]")
        if model.name in [before.name for before in scenario.models[:i]]:
            yield Fault(f"there are two models {model.name!r}", f"model[{i}]", "name", "give it another name")
    for i, region in enumerate(scenario.regions):
        yield from _numbers(region, f"region[{i}]")
        yield from _weights(region.languages, f"region[{i}]", "languages")
        if region.carriers < 1 or region.mobiles < 1:
            yield Fault(
                "a region needs carriers and mobiles",
                f"region[{i}]",
                "carriers",
                "give it at least 1 of each",
            )


def _campaign(scenario: Scenario, i: int, jobs: list[str]) -> Iterator[Fault]:
    campaign, at = scenario.campaigns[i], f"campaign[{i}]"
    if campaign.first_day + campaign.days > scenario.window.days or campaign.days < 1:
        yield Fault(
            f"campaign {campaign.name} does not fit into the world",
            at,
            "days",
            f"first_day + days may be at most {scenario.window.days}",
        )
    yield from _sizes(campaign, at)
    if not campaign.pathways:
        yield Fault(
            f"campaign {campaign.name} has no pathway", at, "name", "add [[campaign.pathway]] with its jobs"
        )
    else:
        yield from _whole(campaign.pathways, "pathway", at, "share")
    yield from _target(scenario, campaign, at)
    yield from _account_waves(campaign, at)
    yield from _bursts(campaign, at)
    for name in campaign.networks:
        if name not in POOL_CLASSES:
            yield Fault(
                f"an address pool cannot have networks of class {name!r}",
                at,
                "networks",
                _known(POOL_CLASSES),
            )
    for name in campaign.regions:
        if name not in (known := [region.name for region in scenario.regions]):
            yield Fault(f"there is no region {name!r}", at, "regions", _known(known))
    yield from _weights(campaign.networks, at, "networks")
    if campaign.regions:
        yield from _weights(campaign.regions, at, "regions")
    for name in campaign.victims:
        if name not in kinds():
            yield Fault(f"there is no kind {name!r} of victims", at, "victims", _known(kinds()))
    yield from _hidden(campaign, at)
    if campaign.victims and campaign.banned:
        yield Fault(
            "a campaign over victims has no accounts of its own to be banned",
            at,
            "banned",
            "set banned = 0.0",
        )
    for j, pathway in enumerate(campaign.pathways):
        yield from _pathway(pathway, campaign.days, f"{at}.pathway[{j}]", jobs)


def _sizes(campaign: Campaign, at: str) -> Iterator[Fault]:
    """Check names and numbers of a campaign that depend on no other part of it."""
    if campaign.rhythm not in RHYTHMS:
        yield Fault(f"there is no rhythm {campaign.rhythm!r}", at, "rhythm", _known(RHYTHMS))
    if campaign.paraphrase not in range(LEVELS):
        yield Fault(
            f"there is no level {campaign.paraphrase} of paraphrase",
            at,
            "paraphrase",
            "give it 0 (verbatim), 1 (light) or 2 (heavy)",
        )
    if campaign.waves < 1 or campaign.addresses < 1 or campaign.accounts < 1:
        yield Fault(
            "accounts, waves and addresses must be at least 1",
            at,
            "accounts",
            "give them whole numbers above 0",
        )
    if campaign.exchanges < 1:
        yield Fault(
            f"campaign {campaign.name} has no exchanges", at, "exchanges", "give it a whole number above 0"
        )
    if campaign.windows < 1:
        yield Fault(
            "a day of a balanced rhythm needs windows", at, "windows", "give it a whole number above 0"
        )


def _pathway(pathway: Pathway, days: int, at: str, jobs: list[str]) -> Iterator[Fault]:
    """Check one pathway of a campaign that lasts so many days."""
    yield from _numbers(pathway, at)
    if pathway.plan not in PLANS:
        yield Fault(f"there is no plan {pathway.plan!r}", at, "plan", _known(PLANS))
    yield from _mixture(pathway.jobs, jobs, at, "jobs")
    if pathway.late_jobs:
        yield from _mixture(pathway.late_jobs, jobs, at, "late_jobs")
    yield from _later(pathway, days, at)
    yield from _client(pathway, at)
    for name in pathway.parameters:
        if name not in NAMES:
            yield Fault(f"there is no sampling parameter {name!r}", at, "parameters", _known(sorted(NAMES)))


def _later(pathway: Pathway, days: int, at: str) -> Iterator[Fault]:
    """Check that a later phase has jobs and a day within the campaign."""
    if pathway.late_day and not pathway.late_jobs:
        yield Fault(
            "late_day is given without late_jobs", at, "late_day", "add late_jobs, or leave late_day out"
        )
    if pathway.late_jobs and pathway.late_day >= days:
        yield Fault(
            "the later phase begins after the campaign's end",
            at,
            "late_day",
            f"give late_day a number below {days}",
        )


def _client(record: Pathway | AccountWave, at: str) -> Iterator[Fault]:
    """Check that runtime and system of a client are two words each."""
    for key, example in (("runtime", "CPython 3.12.3"), ("system", "Linux x64")):
        value = getattr(record, key)
        if len(value.split()) != 2:
            yield Fault(f"{key} must be two words, not {value!r}", at, key, f"write it as {example}")


def _target(scenario: Scenario, campaign: Campaign, at: str) -> Iterator[Fault]:
    """Check that a campaign calls only what is served from the first moment."""
    served = [model.name for model in scenario.models if model.released < scenario.window.start]
    for key, name in (("model", campaign.model), ("moves_to", campaign.moves_to)):
        if name and name not in served:
            yield Fault(f"there is no model {name!r} before the window", at, key, _known(served))


def _account_waves(campaign: Campaign, at: str) -> Iterator[Fault]:
    """Check that account waves are within the campaign and make up all of it."""
    for i, wave in enumerate(campaign.account_waves):
        here = f"{at}.account_wave[{i}]"
        yield from _numbers(wave, here)
        if wave.days < 1 or wave.first_day + wave.days > campaign.days:
            yield Fault(
                "the account wave does not fit into its campaign",
                here,
                "days",
                f"first_day + days may be at most {campaign.days}",
            )
        if wave.at_least < 1 or not wave.share > 0:
            yield Fault(
                "an account wave needs accounts", here, "share", "give share and at_least numbers above 0"
            )
        if bool(wave.agent) != bool(wave.runtime and wave.system):
            yield Fault(
                "agent, runtime and system of an account wave go together",
                here,
                "agent",
                "give all three, or none",
            )
        if wave.agent:
            yield from _client(wave, here)
    for key in ("share", "volume") if campaign.account_waves else ():
        yield from _whole(campaign.account_waves, "account_wave", at, key)


def _bursts(campaign: Campaign, at: str) -> Iterator[Fault]:
    """Check the times of the bursts of registrations.

    The first begins up to two days before registered_days, and the last is over a day before the first
    exchange.
    """
    registered = [
        (f"{at}.account_wave[{i}]", wave.registered_days) for i, wave in enumerate(campaign.account_waves)
    ] or [(at, campaign.registered_days)]
    for here, days in registered:
        if campaign.wave_hours > 24 * (days + 1):
            yield Fault(
                f"a burst of registrations of {campaign.wave_hours:g} hours does not fit into {days:g} days "
                "before the first exchange",
                here,
                "registered_days",
                f"give registered_days at least {math.ceil(campaign.wave_hours / 24 - 1)}, or make "
                "wave_hours shorter",
            )


def _whole(parts: Sequence[Pathway | AccountWave], name: str, at: str, key: str) -> Iterator[Fault]:
    """Check that shares add up to 1."""
    total = sum(getattr(part, key) for part in parts)
    if not abs(total - 1) <= 0.001:
        yield Fault(
            f"the {name}s' {key}s add up to {total:.3f}", f"{at}.{name}[0]", key, "make them add up to 1"
        )


def _hidden(campaign: Campaign, at: str) -> Iterator[Fault]:
    for family, share in campaign.isolated.items():
        if family not in FAMILIES:
            yield Fault(f"there is no family {family!r} to isolate", at, "isolated", _known(FAMILIES))
        if not 0 <= share <= 1:
            yield Fault(f"isolated.{family} is a share", at, "isolated", "give it a number from 0 to 1")
    for name, setting in campaign.evade.items():
        wrong = evasion.fault(name, setting)
        if wrong:
            yield Fault(wrong[0], at, "evade", wrong[1])


def _mixture(mixture: dict[str, float], jobs: list[str], section: str, key: str) -> Iterator[Fault]:
    for name, weight in mixture.items():
        if name not in jobs:
            yield Fault(f"there is no job {name!r}", section, key, _known(jobs))
        if not (math.isfinite(weight) and weight >= 0):
            yield Fault(
                f"the weight of job {name} must not be negative", section, key, "give it a number from 0 up"
            )
    if sum(mixture.values()) <= 0:
        yield Fault("a mixture of jobs is empty", section, key, "give at least one job a weight above 0")


def _weights(shares: Mapping[str, float], section: str, key: str) -> Iterator[Fault]:
    if (
        not shares
        or not all(math.isfinite(share) and share >= 0 for share in shares.values())
        or sum(shares.values()) <= 0
    ):
        yield Fault(
            f"the shares of {key} must not be negative, and one must be above 0",
            section,
            key,
            "give them numbers from 0 up",
        )


def _numbers(record: Any, section: str) -> Iterator[Fault]:
    """Check that no number is negative, no share is above 1, and a ramp is within its limits."""
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if field.name in SIGNED:
            if not -SIGNED[field.name] <= value <= SIGNED[field.name]:
                most = SIGNED[field.name]
                yield Fault(
                    f"{field.name} must lie between -{most:g} and {most:g}",
                    section,
                    field.name,
                    "give it a number between them",
                )
        elif not (math.isfinite(value) and value >= 0):
            wrong = "be negative" if value < 0 else f"be {value}"
            yield Fault(f"{field.name} must not {wrong}", section, field.name, "give it a number from 0 up")
        if field.name in SHARES and value > 1:
            yield Fault(f"{field.name} is a share", section, field.name, "give it a number from 0 to 1")


def _known(names: Collection[str]) -> str:
    return f"known: {', '.join(names)}"
