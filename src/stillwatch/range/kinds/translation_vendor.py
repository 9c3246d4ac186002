"""Freelancers of a translation vendor: own accounts, one template, one tool."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range.cast import API, BUSINESS, DAY, OFFICE, ORGANISATION, Cast
from stillwatch.range.kinds.company import organisation_name
from stillwatch.range.people import Setting, groups_of, instruments, own_domains, people, seeds
from stillwatch.range.specs import KINDS, Kind, Population

TOOLS = (
    ("tandem-desk/7.2.0", "electron 37"),
    ("segmentor/3.4.1", "jvm 21"),
    ("bilingua/12.0.3", "electron 34"),
)


@dataclass(frozen=True)
class Vendor(Population):
    """Each group is one vendor with its freelancers all over the world."""

    behind_egress: float = 0.35
    """Share of freelancers who work through the vendor's remote desktop, and so behind its address."""
    staff: float = 0.15
    """Share of accounts that are the vendor's own and declare it."""
    called: float = 0.6
    """Share of freelancers who registered within a day of the vendor's call for a project."""


def build(spec: Vendor, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """People who declare no common owner, and share a template, a tool with its parameters, and some of them
    an address.
    """
    cast = people(spec, n, setting, rng)
    cast.group = groups_of(n, spec, rng)
    groups, of = int(cast.group.max()), cast.group - 1
    desk = setting.places.hosted(groups, rng)[of]
    behind, staff = rng.random(n) < spec.behind_egress, rng.random(n) < spec.staff
    inside = behind | staff
    cast.places[inside, 0] = desk[inside]
    cast.place_count = np.where(inside, np.where(staff, 1, 2), cast.place_count)
    tools = np.array([setting.clients.add(agent, runtime, "Windows x64") for agent, runtime in TOOLS])
    cast.client = cast.other_client = tools[rng.integers(0, len(tools), groups)][of]
    cast.parameters = setting.clients.popular_parameters(groups, rng)[of]
    cast.group_seed = seeds(groups, rng)[of]
    names = own_domains(groups, rng)
    cast.domain = np.where(staff, setting.domains.all(names)[of], cast.domain)
    cast.organisation = np.where(
        staff, setting.organisations.all([organisation_name(name) for name in names])[of], 0
    )
    cast.verification = np.where(staff, ORGANISATION, cast.verification)
    cast.plan = np.where(staff, BUSINESS, API)
    cast.payment = np.where(
        staff, instruments(groups, rng)[of], np.where(cast.payment == 0, instruments(n, rng), cast.payment)
    )
    call = setting.start - rng.integers(2 * DAY, 60 * DAY, groups)[of]
    cast.created = np.where(
        rng.random(n) < spec.called, call + (rng.random(n) * DAY).astype(np.int64), cast.created
    )
    cast.first = np.maximum(setting.start, cast.created)
    cast.last, cast.sure = np.full(n, setting.end), (cast.first - setting.start) // DAY
    cast.banned[:] = 0
    cast.rhythm[:], cast.weekend[:], cast.burst[:] = OFFICE, 0.4, 1.0
    cast.stay[:], cast.gap[:] = 0.95, 20.0
    return cast


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
