"""Groups in which a campaign and strangers use one stock agent, for the tiers and the bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.engine import DuckDBEngine
from stillwatch.heldout.content import held_out_evidence
from stillwatch.heldout.error_control import bound
from stillwatch.heldout.members import tiers
from stillwatch.settings import CampaignSettings, LinkageSettings

Ints = npt.NDArray[np.int64]
AGENT, OWN, OTHERS = 4, 4, 60
"""Content keys of the stock agent, of the campaign alone, and of everybody else."""
FACETS = ("head", "parameters", "shingle", "token_shape")
FORMATION = 20.0
"""Nats of formation of all in the group: as much as framing can bring."""
CELLS = 8
"""Strata; the agent's users are of all of them."""


@dataclass(frozen=True)
class Mix:
    """One kind of group."""

    guilty: int
    """The campaign's accounts."""
    strangers: int
    """Other users of the agent whom shared marks drew into the group."""
    outside: int
    """Users of the agent outside the group."""
    own: float = 0.8
    """Chance that an account of the campaign carries one of the campaign's own keys."""
    apart: float = 0.0
    """Spread, in log-odds, of how much each stranger uses of the agent: users of one tool are not equal."""


MIXES = (Mix(30, 30, 300), Mix(30, 30, 60, apart=1.0), Mix(10, 50, 60, apart=1.0), Mix(0, 60, 60, apart=1.0))
"""Groups for which the promises are made: enough of the agent's users are outside."""
FILLED = Mix(0, 60, 5)
"""Strangers who are nearly all users of their client; nothing tells them from an operator with its own client."""


@dataclass(frozen=True)
class Told:
    """What was told of one group."""

    named: int
    """Accounts that it names."""
    strangers_named: int
    """Those of them who are no accounts of the campaign."""
    at_least: int
    """The bound."""

    @property
    def above(self) -> bool:
        """Whether the bound is above the truth."""
        return self.at_least > self.named - self.strangers_named


def told(engine: DuckDBEngine, rng: np.random.Generator, mix: Mix, everyone: int = 2000) -> Told:
    """Make a world with one such group, and test it as the pipeline does.

    The campaign and the strangers carry the agent's keys, which few others do; the campaign alone has keys
    of its own. A world without guilty accounts has a group that is nothing but users of the agent.
    """
    users = mix.guilty + mix.strangers + mix.outside
    user, guilty = np.arange(everyone) < users, np.arange(everyone) < mix.guilty
    stratum = rng.integers(0, CELLS, everyone)
    client = np.where(user, 0, 1 + rng.integers(0, 4, everyone))
    carried = rng.random((everyone, AGENT + OWN + OTHERS))
    used = 1.0 / (1.0 + np.exp(-1.5 - mix.apart * rng.normal(0.0, 1.0, everyone)))
    rates = np.exp(rng.uniform(np.log(0.001), np.log(0.4), (5, OTHERS)))
    limit = np.concatenate(
        [
            np.where(user, used, 0.001)[:, None].repeat(AGENT, 1),
            np.where(guilty, mix.own, 0.0)[:, None].repeat(OWN, 1),
            rates[client],
        ],
        axis=1,
    )
    account, key = np.nonzero(carried < limit)
    cell = stratum * 5 + client
    strata = engine.load(
        "strata",
        pa.table(
            {
                "account": np.arange(everyone),
                "cell": cell,
                "client": client,
                "stratum": stratum,
                "region": pa.array([f"r{number // 4}" for number in stratum]),
            }
        ),
    )
    facet = pa.array([FACETS[number % len(FACETS)] for number in key])
    held = engine.load(
        "held", pa.table({"account": account, "key": key + 1, "facet": facet, "cell": cell[account]})
    )
    inside = np.arange(mix.guilty + mix.strangers)
    members = pa.table(
        {
            "group": pa.array([1] * len(inside), pa.int32()),
            "account": inside,
            "nats": np.full(len(inside), FORMATION),
        }
    )
    found = held_out_evidence(engine, held, strata, members, None, None)
    settings = CampaignSettings()
    sorted_out = tiers(members, members[:0], found, found.everyone, LinkageSettings(), settings)
    named = sorted_out.named().get(1, set())
    return Told(
        len(named),
        sum(one >= mix.guilty for one in named),
        bound(found.by_group()[1], named, settings.bound_level),
    )
