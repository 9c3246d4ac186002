"""The files beside the logs: edge log, accounts, permits, releases, and the truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.schema.requests import ACCOUNT_ROWS
from stillwatch.schema.table import TIME, Column, Contract
from stillwatch.simulate.accounts import PLANS, VERIFICATIONS, Array, Names
from stillwatch.simulate.clients import canonical
from stillwatch.simulate.compose import take
from stillwatch.simulate.day import Rows
from stillwatch.simulate.ordinary_accounts import hashed_instrument
from stillwatch.simulate.plan_limits import stated
from stillwatch.simulate.specs import Permit, kinds
from stillwatch.simulate.world import World

LICENSED = ("authorised", "exceeds")
"""Labels of organisations that have a permit."""
TRUTH = Contract(
    "truth",
    "What an account that appears in the log really is.",
    (
        Column("account_id", pa.string(), "The id that the log carries.", required=True),
        Column("kind", pa.string(), "Kind of benign account, or campaign.", required=True),
        Column("group", pa.int64(), "Number of its benign group; 0 for none.", required=True),
        Column(
            "campaign",
            pa.string(),
            "Its campaign, or the one that stole its keys; empty for other benign accounts.",
            required=True,
        ),
        Column(
            "organisation",
            pa.string(),
            "The licensed organisation it belongs to, within its permit or beyond; else empty.",
            required=True,
        ),
        Column(
            "label",
            pa.string(),
            "adversarial, authorised, exceeds (a licensee beyond its permit: unlicensed is right), doubtful "
            "(coordinated without a sign of harvest, or not declared: unlicensed is no error, adversarial is "
            "one), benign, "
            "or victim (benign; a campaign used its keys).",
            required=True,
        ),
        Column("exchanges", pa.int64(), "Its exchanges in the log.", required=True),
    ),
)


@dataclass
class EdgeTexts:
    """Small texts of the edge log, made once for a world."""

    agents: pa.Array[Any]
    stainless: pa.Array[Any]
    ja4: pa.Array[Any]
    regions: pa.Array[Any]
    classes: pa.Array[Any]

    @staticmethod
    def of(world: World) -> EdgeTexts:
        """Make the texts of all clients and networks."""
        builds, places = world.setting.clients.builds, world.setting.places
        return EdgeTexts(
            pa.array([b.user_agent for b in builds], pa.string()),
            pa.array([canonical(b.stainless) or None for b in builds], pa.string()),
            pa.array([b.ja4 for b in builds], pa.string()),
            places.region_names(),
            pa.array(places.classes.tolist(), pa.string()),
        )


def edge(rows: Rows, edge_texts: EdgeTexts) -> pa.Table:
    """Return what the edge saw of each request."""
    network = rows.world.networks[rows.address]
    return pa.table(
        {
            "request_id": rows.request_id,
            "address": take(rows.world.addresses, rows.address),
            "ja4": take(edge_texts.ja4, rows.client),
            "user_agent": take(edge_texts.agents, rows.client),
            "stainless": take(edge_texts.stainless, rows.client),
            "asn": pa.array(network + 4_200_000_000),
            "region": take(edge_texts.regions, network),
            "network_class": take(edge_texts.classes, network),
        }
    )


@dataclass
class Tally:
    """Exchanges of each account, counted while they are written."""

    count: Array
    """By account number."""
    total: int = field(default=0)
    """Sum over all accounts."""

    def add(self, rows: Rows) -> None:
        """Count a part's exchanges."""
        self.count += np.bincount(rows.account, minlength=len(self.count))
        self.total += len(rows)


def accounts_table(world: World) -> pa.Table:
    """Return the accounts table, in order of id, so that its order reveals nothing."""
    accounts, setting = world.accounts, world.setting
    distinct, inverse = np.unique(accounts.payment, return_inverse=True)
    region = pa.array([r.name for r in setting.places.regions], pa.string())
    columns = {
        "account_id": world.account_ids,
        "created": _times(accounts.created),
        "plan": take(list(PLANS), accounts.plan),
        "verification": take(list(VERIFICATIONS), accounts.verification),
        "payment": take([hashed_instrument(int(p)) if p else None for p in distinct], inverse),
        "email_domain": _named(setting.domains, accounts.domain),
        "email_shape": _named(setting.shapes, accounts.shape),
        "phone_prefix": _named(setting.phones, accounts.phone),
        "organisation": _named(setting.organisations, accounts.organisation),
        "region": take(region, accounts.region),
        "banned": _times(accounts.banned),
        "limit_requests_day": _limits(stated(world.scenario.window, accounts.plan)),
    }
    given = [columns.get(f.name, pa.nulls(len(accounts), f.type)) for f in ACCOUNT_ROWS.arrow]
    table = pa.table(given, schema=ACCOUNT_ROWS.arrow)
    return table.filter(pa.array(owners(world))).sort_by("account_id")


def owners(world: World) -> Array:
    """Return which rows are accounts of their own, and not an operator's use of somebody's account."""
    return np.asarray(world.accounts.owner == np.arange(len(world.accounts)))


def _named(names: Names, column: Array) -> pa.Array[Any]:
    return take([text or None for text in names.texts], column)


def _limits(values: Array) -> pa.Array[Any]:
    kind = ACCOUNT_ROWS.arrow.field("limit_requests_day").type
    limits: pa.Array[Any] = pa.array(values, kind, mask=values == 0)
    return limits


def _times(values: Array) -> pa.Array[Any]:
    return pa.array(values, TIME, mask=values == 0)


def truth_table(world: World, tally: Tally) -> pa.Table:
    """Return kind, group and campaign of each account that appears in the log."""
    accounts, own = world.accounts, owners(world)
    labels = [kinds()[name].label for name in world.kinds]
    permitted = np.isin(accounts.kind, [i for i, label in enumerate(labels) if label in LICENSED])
    campaigns = [c.name for c in world.scenario.campaigns] + [""]
    count = np.bincount(accounts.owner, tally.count, len(accounts)).astype(np.int64)
    used = ~own & (tally.count > 0)
    campaign, label = accounts.campaign.copy(), accounts.kind.copy()
    campaign[accounts.owner[used]], label[accounts.owner[used]] = accounts.campaign[used], len(labels) + 1
    table = pa.table(
        [
            world.account_ids,
            take([*world.kinds, "campaign"], accounts.kind),
            pa.array(accounts.group),
            take(campaigns, np.where(campaign < 0, len(campaigns) - 1, campaign)),
            take(list(world.setting.organisations.texts), np.where(permitted, accounts.organisation, 0)),
            take([*labels, "adversarial", "victim"], label),
            pa.array(count),
        ],
        schema=TRUTH.arrow,
    )
    return table.filter(pa.array(own & (count > 0))).sort_by("account_id")


def truth_document(world: World, tally: Tally) -> dict[str, Any]:
    """Return the truth in short: each campaign and each benign kind with groups, accounts and exchanges.

    A victim's own exchanges count for its kind, those made with its stolen key for the campaign.
    """
    accounts, found = world.accounts, []
    for i, campaign in enumerate(world.scenario.campaigns):
        label = "victim" if campaign.victims else "adversarial"
        found.append(
            {
                "name": campaign.name,
                "kind": "campaign",
                "label": label,
                "groups": 1,
                **_size(tally, accounts.campaign == i),
            }
        )
    for i, name in enumerate(world.kinds):
        inside = accounts.kind == i
        groups = len(np.unique(accounts.group[inside & (accounts.group > 0)]))
        if inside.any():
            found.append(
                {
                    "name": _shown(world, name, inside),
                    "kind": name,
                    "label": kinds()[name].label,
                    "groups": groups,
                    **_size(tally, inside),
                }
            )
    world_part = {
        "scenario": world.scenario.name,
        "scale": world.scale,
        "seed": world.seed,
        "exchanges": tally.total,
        "accounts": len(np.unique(accounts.owner[tally.count > 0])),
    }
    return {"world": world_part, "groups": found}


def _shown(world: World, name: str, inside: Array) -> str:
    if kinds()[name].label not in LICENSED:
        return name
    return ", ".join(
        world.setting.organisations.texts[number] for number in np.unique(world.accounts.organisation[inside])
    )


def _size(tally: Tally, inside: Array) -> dict[str, int]:
    return {"accounts": int((tally.count[inside] > 0).sum()), "exchanges": int(tally.count[inside].sum())}


def permits_text(world: World, tally: Tally) -> str:
    """Return the permits as TOML.

    The volume granted is what the organisation used, times the headroom, up to the next thousand.
    """
    return "\n".join(_permit(permit, world, tally) for permit in world.scenario.permits)


def _permit(permit: Permit, world: World, tally: Tally) -> str:
    organisations = world.setting.organisations.texts
    number = organisations.index(permit.organisation) if permit.organisation in organisations else -1
    used = int(tally.count[world.accounts.organisation == number].sum())
    volume = -(-round(used * permit.headroom) // 1000) * 1000
    lines = {
        "name": permit.name,
        "organisation": permit.organisation,
        "models": list(permit.models),
        "volume": volume,
        "purpose": permit.purpose,
    }
    text = "\n".join(f"{key} = {orjson.dumps(value).decode()}" for key, value in lines.items())
    return (
        f"[[permit]]\n{text}\nstarts = {permit.starts.isoformat()}\nexpires = {permit.expires.isoformat()}\n"
    )


def releases_text(world: World) -> str:
    """Return the model releases as TOML."""
    return "\n".join(
        f'[[release]]\nmodel = "{m.name}"\ntime = {m.released.isoformat()}\n' for m in world.setting.models
    )


def write_side_files(world: World, tally: Tally, folder: Path) -> None:
    """Write everything but logs and edge log."""
    pq.write_table(accounts_table(world), folder / "accounts.parquet", compression="zstd")
    pq.write_table(truth_table(world, tally), folder / "truth.parquet", compression="zstd")
    (folder / "truth.json").write_bytes(
        orjson.dumps(truth_document(world, tally), option=orjson.OPT_INDENT_2) + b"\n"
    )
    (folder / "permits.toml").write_text(permits_text(world, tally), encoding="utf-8")
    (folder / "releases.toml").write_text(releases_text(world), encoding="utf-8")


def date_of(world: World, day: int) -> str:
    """Return the date of a day of the window."""
    return datetime.fromtimestamp(world.setting.start / 1e6 + day * 86_400, UTC).date().isoformat()
