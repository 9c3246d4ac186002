"""Write the weeks after a world to a folder, with what became of its campaigns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

from stillwatch.errors import RunError
from stillwatch.simulate.displacement.moves import Moves, displaced
from stillwatch.simulate.displacement.plan import Plan
from stillwatch.simulate.make import Order, make_from
from stillwatch.simulate.scenario import load
from stillwatch.simulate.world import World

TOLD = "displacement.json"
"""What became of the campaigns, in the folder of the new world."""
Progress = Callable[[int, int, int], None]


def displace(
    world: Path,
    steps: Mapping[str, str],
    plan: Plan,
    order: Order,
    progress: Progress = lambda done, parts, exchanges: None,
) -> dict[str, Any]:
    """Write the weeks after WORLD to `order.out`; returns what became of its campaigns.

    steps: "stopped" or "slowed", by account id. order: as for the world itself; scale and seed are the
    world's. Raises RunError for a folder that is no world, or that the order does not make.
    """
    made = _made(world)
    scenario = order.scenario or f"{made['scenario']}"
    order = replace(order, scenario=scenario, scale=made["scale"], seed=made["seed"])
    moves = Moves({})

    def change(before: World) -> World:
        _must_be(before, world)
        return displaced(before, steps, plan, moves)

    make_from(load(scenario, order.beside), order, progress, change)
    told = {"after": str(world), "plan": asdict(plan), "campaigns": moves.campaigns}
    (order.out / TOLD).write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n")
    return told


def _made(world: Path) -> dict[str, Any]:
    try:
        made = orjson.loads((world / "truth.json").read_bytes())["world"]
        return {"scenario": str(made["scenario"]), "scale": float(made["scale"]), "seed": int(made["seed"])}
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise RunError(
            "this is no world of the range",
            where=str(world),
            do="give a folder that `stillwatch range make` wrote",
        ) from error


def _must_be(made: World, world: Path) -> None:
    """The world that is made again must be the one that is there, account by account."""
    table = pq.read_table(world / "truth.parquet", columns=["account_id", "campaign"])
    names = [spec.name for spec in made.scenario.campaigns] + [""]
    campaign = [names[number] for number in made.accounts.campaign.tolist()]
    ours = dict(zip(made.account_ids.to_pylist(), campaign, strict=True))
    theirs = dict(zip(table["account_id"].to_pylist(), table["campaign"].to_pylist(), strict=True))
    victims = {spec.name for spec in made.scenario.campaigns if spec.victims}
    if any(
        account not in ours or (ours[account] != name and name not in victims)
        for account, name in theirs.items()
    ):
        raise RunError(
            "the world was made in another way",
            where=str(world),
            do="give the scenario, backdrops and evasions that it was made with",
        )
