"""The accounts of a run as rules and limits see them, and what kind of customer each is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from stillwatch.response.inputs import CampaignState
from stillwatch.run.reading import Run
from stillwatch.schema.codes import Role, Tier

pc: Any = pyarrow.compute
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Texts: TypeAlias = "pa.ChunkedArray[Any]"
DAY = 86_400
BAD = ("adversarial", "coordinated", "unlicensed")
"""Verdicts of campaigns whose accounts are not benign."""
VERDICTS = (*BAD, "authorised", "benign")
TIERS = tuple(map(str, Tier))
VERIFIED = "organisation"
"""Verification of an account whose organisation was checked."""


class Customer(StrEnum):
    """What kind of customer an account is; the first that fits, in the order in which they are told."""

    PERMIT = "permit-holder"
    """A permit names it or its owner, whether or not it covers what is asked."""
    EXEMPT = "exempt"
    """A person exempted it: a researcher, an evaluator, an appeal upheld."""
    VICTIM = "victim"
    """Its campaign is a victim's: somebody else uses its keys."""
    PROVIDER = "provider"
    """Its campaign lends or sells access."""
    COORDINATED = "coordinated"
    """Its campaign is hidden and organised, and nobody knows for what."""
    PRESENT = "present"
    """Tier present of a bad campaign: it may be chance."""
    NEAR = "near"
    """Tier near of a bad campaign."""
    BENIGN = "benign"
    """It is in no bad campaign."""
    NAMED_UNLICENSED = "named-unlicensed"
    """Tier named of a campaign that harvests openly without a permit."""
    NAMED_ADVERSARIAL = "named-adversarial"
    """Tier named of an adversarial campaign."""


CUSTOMERS = tuple(Customer)


@dataclass(frozen=True, slots=True)
class Permit:
    """A permit of the run."""

    models: frozenset[str]
    """Models that it covers; empty: all."""
    starts: float
    """POSIX seconds."""
    expires: float
    """POSIX seconds."""

    def covers(self, model: str, day: int) -> bool:
        """Return whether it covers a model on the whole of a day, counted since 1970."""
        within = self.starts <= day * DAY and self.expires >= (day + 1) * DAY - 1
        return within and (not self.models or model in self.models)


@dataclass(frozen=True, slots=True)
class Belongs:
    """What one account is of one campaign."""

    campaign: int
    """Its place among the campaigns."""
    tier: int
    """Its place among the tiers."""


@dataclass(frozen=True, slots=True)
class People:
    """Every account of a run; arrays have one value for each, sorted by key."""

    keys: Ints
    """Keys."""
    ids: Texts
    """Ids to show."""
    plan: Ints
    """Place among the plans."""
    plans: tuple[str, ...]
    verification: Ints
    """Place among the verifications."""
    verifications: tuple[str, ...]
    created: Ints
    """Registered, POSIX seconds; -1 where not known."""
    campaign: Ints
    """Place among the campaigns; -1: in none."""
    campaigns: tuple[CampaignState, ...]
    last: tuple[float, ...]
    """The last exchange of each campaign; POSIX seconds."""
    tier: Ints
    """Place among the tiers; -1: in none."""
    exempt: Mask
    """Whether a person exempted it."""
    permitted: Ints
    """Place among the sets of permits that name somebody; 0: none does."""
    permit_sets: tuple[tuple[Permit, ...], ...]
    """Sets of permits; the first is empty."""
    kind: Ints
    """Place among the kinds of customers."""
    benign: Mask
    """Whether it is in no bad campaign, whatever permits or people say."""


def people_of(run: Run, exempt: Collection[str]) -> People:
    """Return the accounts of a run. exempt: ids to show of those that a person exempted. Raises RunError."""
    columns = ["account", "account_id", "created", "plan", "verification", "organisation"]
    table = run.table("accounts", columns)
    table = table.take(pc.sort_indices(table, sort_keys=[("account", "ascending")]))
    keys = np.asarray(table["account"], dtype=np.int64)
    rows = [row for row in run.rows("campaigns") if row["listed"]]
    campaign, tier = _belonging(run, rows, keys)
    permits, sets = _permits(run, table)
    exempted = np.asarray(pc.is_in(table["account_id"], value_set=pa.array(sorted(exempt), pa.string())))
    plan, plans = _coded(table["plan"])
    verification, verifications = _coded(table["verification"])
    states = tuple(_campaign(row) for row in rows)
    kind, benign = _kinds(states, campaign, tier, exempted, permits)
    return People(
        keys=keys,
        ids=table["account_id"],
        plan=plan,
        plans=plans,
        verification=verification,
        verifications=verifications,
        created=_seconds(table["created"]),
        campaign=campaign,
        campaigns=states,
        last=tuple(row["last"].timestamp() for row in rows),
        tier=tier,
        exempt=exempted,
        permitted=permits,
        permit_sets=sets,
        kind=kind,
        benign=benign,
    )


def _campaign(row: dict[str, Any]) -> CampaignState:
    return CampaignState(
        name=row["identity"],
        verdict=row["verdict"],
        role=row["role"],
        scale=row["scale"],
        deception=row["deception"],
        intent=row["intent"],
        accounts=row["accounts"],
        named=row["named"],
        at_least=row["at_least"],
        exchanges=row["exchanges"],
    )


def _belonging(run: Run, rows: list[dict[str, Any]], keys: Ints) -> tuple[Ints, Ints]:
    """The campaign and tier of each account. Of several campaigns the one that a published state has: the
    highest tier, there the gravest verdict, there the strongest evidence.
    """
    places = {row["group"]: place for place, row in enumerate(rows)}
    grave = [VERDICTS.index(row["verdict"]) for row in rows]
    best: dict[int, tuple[int, int, float, int]] = {}
    for name in ("members", "bystanders"):
        for batch in run.batches(name, ["group", "account", "tier", "nats"]):
            columns = (batch.column(place).to_pylist() for place in range(4))
            for group, account, tier, nats in zip(*columns, strict=True):
                if group in places:
                    place = places[group]
                    one = (TIERS.index(tier), grave[place], -nats, place)
                    best[account] = min(best.get(account, one), one)
    campaign, tiers = np.full(len(keys), -1, np.int64), np.full(len(keys), -1, np.int64)
    for place in np.flatnonzero(np.isin(keys, np.array(sorted(best), np.int64))).tolist():
        tiers[place], _, _, campaign[place] = best[int(keys[place])]
    return campaign, tiers


def _permits(run: Run, table: pa.Table) -> tuple[Ints, tuple[tuple[Permit, ...], ...]]:
    rows = run.rows("permits")
    named: dict[int, list[int]] = {}
    # What an account only declares gives it nobody's permit.
    verified = np.asarray(pc.fill_null(pc.equal(table["verification"], VERIFIED), False))
    for number, row in enumerate(rows):
        mask = np.asarray(pc.is_in(table["account_id"], value_set=pa.array(row["accounts"], pa.string())))
        if row["organisation"]:
            keys = pa.array(_organisations(run, row["organisation"]), pa.int64())
            mask |= verified & np.asarray(pc.is_in(table["organisation"], value_set=keys))
        for place in np.flatnonzero(mask).tolist():
            named.setdefault(place, []).append(number)
    permits = [_permit(row) for row in rows]
    sets: dict[tuple[int, ...], int] = {(): 0}
    found = np.zeros(table.num_rows, np.int64)
    for place, numbers in named.items():
        found[place] = sets.setdefault(tuple(numbers), len(sets))
    return found, tuple(tuple(permits[number] for number in numbers) for numbers in sets)


def _permit(row: dict[str, Any]) -> Permit:
    starts: datetime | None = row["starts"]
    return Permit(frozenset(row["models"]), starts.timestamp() if starts else 0.0, row["expires"].timestamp())


def _organisations(run: Run, name: str) -> list[int]:
    """Keys of the organisations that are shown by a name."""
    found: list[int] = []
    for batch in run.batches("labels", ["key", "kind", "label"]):
        mask = pc.and_(pc.equal(batch.column(1), "organisation"), pc.equal(batch.column(2), name))
        found += np.asarray(batch.column(0).filter(mask), dtype=np.int64).tolist()
    return found


def _coded(column: Texts) -> tuple[Ints, tuple[str, ...]]:
    """A column of texts as places in a list of them; null is the empty text."""
    coded = pc.fill_null(column, "").combine_chunks().dictionary_encode()
    return np.asarray(coded.indices, dtype=np.int64), tuple(map(str, coded.dictionary.to_pylist()))


def _seconds(column: pa.ChunkedArray[Any]) -> Ints:
    whole = pc.divide(pc.cast(column, pa.int64()), 1_000_000)
    return np.asarray(pc.fill_null(whole, -1), dtype=np.int64)


def _kinds(
    states: Sequence[CampaignState], campaign: Ints, tier: Ints, exempt: Mask, permits: Ints
) -> tuple[Ints, Mask]:
    bad = _flag(campaign, [state.verdict in BAD for state in states])
    benign = ~bad
    kind = np.full(len(campaign), CUSTOMERS.index(Customer.BENIGN), np.int64)
    by_role = {
        Customer.NAMED_ADVERSARIAL: _flag(campaign, [s.verdict == "adversarial" for s in states]),
        Customer.NAMED_UNLICENSED: _flag(campaign, [s.verdict == "unlicensed" for s in states]),
        Customer.NEAR: bad & (tier == TIERS.index(Tier.NEAR)),
        Customer.PRESENT: bad & (tier == TIERS.index(Tier.PRESENT)),
        Customer.COORDINATED: _flag(campaign, [s.verdict == "coordinated" for s in states]),
        Customer.PROVIDER: _flag(campaign, [s.role == Role.PROVIDER for s in states]),
        Customer.VICTIM: _flag(campaign, [s.role == Role.VICTIM for s in states]),
        Customer.EXEMPT: exempt,
        Customer.PERMIT: permits > 0,
    }
    for customer, mask in by_role.items():  # the later ones go before
        kind[mask] = CUSTOMERS.index(customer)
    return kind, benign


def _flag(campaign: Ints, flags: Iterable[bool]) -> Mask:
    """Whether each account's campaign has a flag; accounts in none have none."""
    values = np.array([*flags, False], np.bool_)
    return np.asarray(values[campaign], dtype=np.bool_)


def day_of(day: int) -> str:
    """Return a day, counted since 1970, as it is written."""
    return datetime.fromtimestamp(day * DAY, UTC).date().isoformat()
