"""Stage candidates: groups, declared owners and single accounts that are worth judging."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
from ibis import _

from stillwatch.campaigns.candidate_selection import choose_candidates, keep_for_review
from stillwatch.campaigns.candidates import candidates
from stillwatch.engine import Engine, Table
from stillwatch.heldout.owner_bets import owner_bets
from stillwatch.heldout.owner_peers import main_clients
from stillwatch.pipeline.stages.facets import Observed
from stillwatch.pipeline.stages.heldout import HeldOutTests
from stillwatch.pipeline.stages.linkage import Groups
from stillwatch.schema.table import values
from stillwatch.settings import CampaignSettings


@dataclass(frozen=True)
class Candidates:
    """Everything that is judged, and how the owners among it were tested."""

    volumes: Table
    """Table volumes: account, n, texts, harvest."""
    every: pa.Table
    """group, kind, account, nats of everything that was tested."""
    chosen: pa.Table
    """Those rows of it that are judged."""
    bets: dict[int, float]
    """Natural logarithm of the e-value of each candidate that is no linked group."""
    lost: int
    """Candidates that were tested and are not judged."""
    text_share: float
    """Share of all exchanges whose prompt the log holds; 0.0 where there is no exchange."""


def select_candidates(
    engine: Engine, seen: Observed, groups: Groups, tests: HeldOutTests, settings: CampaignSettings
) -> Candidates:
    """Table volumes, and the candidates."""
    volumes = engine.create(
        "volumes",
        seen.tables.activity.group_by("account").agg(
            n=_.n.sum(), texts=_.texts.sum(), harvest=_.harvest.sum()
        ),
    )
    every = candidates(
        engine, tests.tiers.counted, groups.declared, volumes, settings.industrial_exchanges, tests.alike
    )
    clients = main_clients(engine, seen.tables.visits)
    counted = engine.collect(volumes.left_join(clients, "account").drop("account_right").order_by("account"))
    bets = owner_bets(engine, seen.tables.activity, counted, every)
    exchanges = dict(zip(values(counted, "account"), values(counted, "n"), strict=True))
    licensed = set(groups.licensed)
    chosen = keep_for_review(
        choose_candidates(every, bets, licensed), bets, licensed, exchanges, settings.benign_exchanges
    )
    lost = len(set(values(every, "group"))) - len(set(values(chosen, "group"))) + tests.lost
    total = sum(exchanges.values())
    return Candidates(
        volumes, every, chosen, bets, lost, sum(values(counted, "texts")) / total if total else 0.0
    )
