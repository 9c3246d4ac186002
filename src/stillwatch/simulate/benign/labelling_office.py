"""A vendor of labels in one office, which never declared itself."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import API, DAY, OFFICE, Accounts
from stillwatch.simulate.benign.grey_pool import cards_of
from stillwatch.simulate.ordinary_accounts import Setting, neighbours, own_domains, seeds
from stillwatch.simulate.places import pick
from stillwatch.simulate.specs import KINDS, Kind, Population

TOOLS = (
    ("tagwright/4.1.0 OpenAI/Python 2.6.0", "CPython 3.11.9"),
    ("annotarium/2.8.3 OpenAI/JS 6.1.0", "node v20.16.0"),
)


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make workers with an account each, at one address, who grade and compare answers all day.

    They tempt address, mail_domain, client, registration, payment and grading. They hide nothing but declare
    nothing either: unlicensed at most, and the advice is to ask.
    """
    accounts, region_of = neighbours(spec, n, setting, rng)
    groups, of = len(region_of), accounts.group - 1
    accounts.at(setting.places.add(pick(setting.places.firms, region_of, rng), rng)[of][:, None])
    accounts.domain = setting.domains.all(own_domains(groups, rng))[of]
    accounts.organisation[:] = 0
    tools = np.array([setting.clients.add(agent, runtime, "Windows x64") for agent, runtime in TOOLS])
    accounts.client = accounts.other_client = tools[rng.integers(0, len(tools), groups)][of]
    accounts.parameters[:] = setting.clients.named["exact"]
    accounts.group_seed = seeds(groups, rng)[of]
    accounts.plan[:] = API
    accounts.payment = cards_of(accounts, 10, rng)
    hired = setting.start - rng.integers(10 * DAY, 90 * DAY, groups)[of]
    accounts.created = hired + (rng.random(n) * DAY / 3).astype(np.int64)
    accounts.first[:], accounts.last[:], accounts.banned[:] = setting.start, setting.end, 0
    accounts.sure = rng.integers(0, setting.days, n)
    offset = np.array([r.utc_offset for r in setting.places.regions])[accounts.region]
    accounts.shift = np.rint(-offset * 4).astype(np.int64)
    accounts.rhythm[:], accounts.weekend[:], accounts.burst[:] = OFFICE, 0.1, 4.0
    accounts.stay[:], accounts.gap[:] = 0.95, 25.0
    return accounts


KINDS.add(
    "labelling_office",
    Kind(
        "labelling_office",
        "doubtful",
        "A labelling vendor in one office, with one mail domain and one tool, that declares nothing.",
        Population,
        build,
    ),
)
