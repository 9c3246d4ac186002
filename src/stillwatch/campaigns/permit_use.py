"""Which groups a permit covers, and what of their use goes beyond it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from ibis import _

from stillwatch.campaigns.permits import Permit
from stillwatch.engine import Engine, Table
from stillwatch.schema.codes import Excess
from stillwatch.schema.flags import HARVEST
from stillwatch.schema.values import record, records

HOUR = 3600


@dataclass(frozen=True)
class Share:
    """The exchanges of one model in one hour that may be for distilling.

    These are harvest-like ones, and those whose prompt the log does not hold.
    """

    model: str
    """The model; empty where unknown."""
    hour: int
    """The hour, since 1970."""
    exchanges: int
    """Number of exchanges."""
    output_tokens: int
    """Output tokens of these exchanges."""


@dataclass(frozen=True)
class Use:
    """The use that a group made."""

    exchanges: int
    """All its exchanges."""
    output_tokens: int
    """Output tokens of all its exchanges."""
    models: frozenset[str]
    """Models that it asked."""
    first: datetime
    """Time of its first exchange."""
    last: datetime
    """Time of its last exchange."""
    harvest: Sequence[Share] = ()
    """The part that may be for distilling; the rest needs no permit."""


@dataclass(frozen=True)
class Cover:
    """How a permit applies to a group."""

    permit: str
    """The permit's name; empty if none covers the group."""
    excess: tuple[dict[str, Any], ...] = ()
    """What goes beyond it, as codes and values; empty if nothing."""
    exceeded: bool = False
    """Whether the harvest goes beyond it by more than the slack."""


def harvests(engine: Engine, work: Table, accounts: set[int]) -> dict[int, list[Share]]:
    """Return, for each group with any of the accounts, what may be for distilling.

    work: the rows that signals read.
    """
    if not accounts:
        return {}
    licensed = engine.load("licensed", pa.table({"account": pa.array(sorted(accounts), pa.int64())}))
    named = work.semi_join(licensed, "account").select("group").distinct()
    asked = work.semi_join(named, "group").filter(
        ~_.has_text | ((_.flags.fill_null(0).cast("int64") & int(HARVEST)) > 0)
    )
    hourly = asked.select(
        "group", "output_tokens", model=_.model.fill_null(""), hour=(_.second // HOUR).cast("int64")
    )
    summed = hourly.group_by("group", "model", "hour").agg(
        n=_.count(), written=_.output_tokens.fill_null(0).cast("int64").sum()
    )
    found: dict[int, list[Share]] = {}
    for row in engine.collect(summed.order_by(["group", "model", "hour"])).to_pylist():
        found.setdefault(row["group"], []).append(Share(row["model"], row["hour"], row["n"], row["written"]))
    return found


def cover(
    permits: list[Permit], accounts: set[str], organisations: set[str], use: Use, slack: float
) -> Cover:
    """Return the permit that covers all of a group's accounts, and what exceeds it.

    Of several, this is the first that nothing exceeds, or else the first.
    """
    found = [
        p for p in permits if accounts <= p.accounts or (p.organisation and organisations == {p.organisation})
    ]
    if not found:
        return Cover("")
    told = [
        Cover(permit.name, tuple(_excess(permit, use)), _exceeded(found, use.harvest, slack))
        for permit in found
    ]
    return min(told, key=lambda one: bool(one.excess))


def _exceeded(permits: list[Permit], harvest: Sequence[Share], slack: float) -> bool:
    """Return whether too much of the harvest is outside every permit, or all of it exceeds them together.

    Both allow the slack.
    """
    total = sum(part.exchanges for part in harvest)
    outside = sum(part.exchanges for part in harvest if all(_outside(permit, part) for permit in permits))
    written = sum(part.output_tokens for part in harvest)
    volumes, tokens = [permit.volume for permit in permits], [permit.output_tokens for permit in permits]
    return outside > slack * total or _beyond(total, volumes, slack) or _beyond(written, tokens, slack)


def _beyond(used: int, allowed: list[int | None], slack: float) -> bool:
    limits = [most for most in allowed if most is not None]
    return len(limits) == len(allowed) and used > (1.0 + slack) * sum(limits)


def _outside(permit: Permit, part: Share) -> bool:
    """Return whether a model is not the permit's, or no moment of an hour is within its time."""
    begins, ends = (datetime.fromtimestamp((part.hour + step) * HOUR, UTC) for step in (0, 1))
    other = bool(permit.models) and part.model != "" and part.model not in permit.models
    return other or begins > permit.expires or (permit.starts is not None and ends <= permit.starts)


def _excess(permit: Permit, use: Use) -> Iterator[dict[str, Any]]:
    others = use.models - permit.models - {""}
    if permit.models and others:
        yield {"code": Excess.MODELS, "values": [record("model", model) for model in sorted(others)]}
    if permit.volume is not None and use.exchanges > permit.volume:
        yield _told(Excess.EXCHANGES, used=use.exchanges, allowed=permit.volume)
    if permit.output_tokens is not None and use.output_tokens > permit.output_tokens:
        yield _told(Excess.OUTPUT_TOKENS, used=use.output_tokens, allowed=permit.output_tokens)
    if use.last > permit.expires:
        yield _told(Excess.ENDED, last=use.last, expires=permit.expires)
    if permit.starts is not None and use.first < permit.starts:
        yield _told(Excess.NOT_BEGUN, first=use.first, starts=permit.starts)


def _told(code: Excess, **values: object) -> dict[str, Any]:
    return {"code": code, "values": records(values)}
