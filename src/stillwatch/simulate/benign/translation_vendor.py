"""Freelancers of a translation vendor: own accounts, one template, one tool."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.simulate.accounts import API, BUSINESS, DAY, OFFICE, ORGANISATION, Accounts
from stillwatch.simulate.benign.company import organisation_name
from stillwatch.simulate.ordinary_accounts import (
    Setting,
    groups_of,
    instruments,
    ordinary_accounts,
    own_domains,
    seeds,
)
from stillwatch.simulate.specs import KINDS, Kind, Population

TOOLS = (
    ("tandem-desk/7.2.0", "electron 37"),
    ("segmentor/3.4.1", "jvm 21"),
    ("bilingua/12.0.3", "electron 34"),
)


@dataclass(frozen=True)
class Vendor(Population):
    """Each group is one vendor with its freelancers all over the world."""

    behind_egress: float = 0.35
    """Share of freelancers who work through the vendor's remote desktop, and so from its address."""
    staff: float = 0.15
    """Share of accounts that are the vendor's own and declare it."""
    called: float = 0.6
    """Share of freelancers who registered within a day of the vendor's call for a project."""


def build(spec: Vendor, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make people who declare no common owner, but share a template and a tool with its parameters.

    Some of them also share an address.
    """
    accounts = ordinary_accounts(spec, n, setting, rng)
    accounts.group = groups_of(n, spec, rng)
    groups, of = int(accounts.group.max()), accounts.group - 1
    desk = setting.places.hosted(groups, rng)[of]
    behind, staff = rng.random(n) < spec.behind_egress, rng.random(n) < spec.staff
    inside = behind | staff
    accounts.places[inside, 0] = desk[inside]
    accounts.place_count = np.where(inside, np.where(staff, 1, 2), accounts.place_count)
    tools = np.array([setting.clients.add(agent, runtime, "Windows x64") for agent, runtime in TOOLS])
    accounts.client = accounts.other_client = tools[rng.integers(0, len(tools), groups)][of]
    accounts.parameters = setting.clients.popular_parameters(groups, rng)[of]
    accounts.group_seed = seeds(groups, rng)[of]
    names = own_domains(groups, rng)
    accounts.domain = np.where(staff, setting.domains.all(names)[of], accounts.domain)
    accounts.organisation = np.where(
        staff, setting.organisations.all([organisation_name(name) for name in names])[of], 0
    )
    accounts.verification = np.where(staff, ORGANISATION, accounts.verification)
    accounts.plan = np.where(staff, BUSINESS, API)
    accounts.payment = np.where(
        staff,
        instruments(groups, rng)[of],
        np.where(accounts.payment == 0, instruments(n, rng), accounts.payment),
    )
    call = setting.start - rng.integers(2 * DAY, 60 * DAY, groups)[of]
    accounts.created = np.where(
        rng.random(n) < spec.called, call + (rng.random(n) * DAY).astype(np.int64), accounts.created
    )
    accounts.first = np.maximum(setting.start, accounts.created)
    accounts.last, accounts.sure = np.full(n, setting.end), (accounts.first - setting.start) // DAY
    accounts.banned[:] = 0
    accounts.rhythm[:], accounts.weekend[:], accounts.burst[:] = OFFICE, 0.4, 1.0
    accounts.stay[:], accounts.gap[:] = 0.95, 20.0
    return accounts


KINDS.add(
    "translation_vendor",
    Kind(
        "translation_vendor",
        "benign",
        "Freelancers with own accounts who share a vendor's template, tool and remote desktop.",
        Vendor,
        build,
    ),
)
