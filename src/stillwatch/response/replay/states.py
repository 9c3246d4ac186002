"""What each account asked on the replayed days, as the few different states that rules can tell apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import _

from stillwatch.engine import DuckDBEngine, Engine
from stillwatch.errors import RunError
from stillwatch.response.inputs import AccountState, CampaignState, Inputs, PermitState, RequestFacts
from stillwatch.response.known import Known
from stillwatch.response.ladder import Permission
from stillwatch.response.language.expression import Field, fields_of
from stillwatch.response.language.rule import Rule
from stillwatch.response.replay.people import DAY, TIERS, Ints, People, people_of
from stillwatch.run.reading import Run
from stillwatch.schema.stored import EXCHANGES
from stillwatch.settings import EngineSettings

IN_DAYS = {"request.model"}
"""Facts of a request that stored days have. What else a request asks for, and budgets, they do not tell."""


@dataclass(frozen=True, slots=True)
class State:
    """One state that rules and limits can tell from the others."""

    inputs: Inputs
    """As rules see it; unknown fields have their defaults and are not looked at."""
    known: Known
    """As the limits see it."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """The replayed days. A shape is what one account asked in one state."""

    people: People
    """All accounts of the run."""
    days: tuple[int, int]
    """First and last day, counted since 1970."""
    account: Ints
    """Of each shape: the account's place among the people."""
    state: Ints
    """Of each shape: the place of its state."""
    exchanges: Ints
    """Of each shape: its exchanges."""
    states: tuple[State, ...]
    """The states."""
    run: str
    """Id of the run."""
    digest: str
    """Digest of the run's tables."""


def unknown(field: Field) -> bool:
    """Return whether stored days do not tell a field."""
    return field.section in ("request", "budget") and str(field) not in IN_DAYS


def replayed(folder: Path, rules: Iterable[Rule], *, days: int = 0, exempt: Collection[str] = ()) -> Replayed:
    """Return the last days of a run, for some rules: only what these look at tells states apart.

    days: how many; 0: all. exempt: ids to show of accounts that a person exempted. Raises RunError.
    """
    run = Run(folder)
    people = people_of(run, exempt)
    files = run.files(EXCHANGES.name)[-days:]
    if not files:
        raise RunError("the run has no stored days", where=str(folder), do="give a run with exchanges")
    looked = {str(field) for rule in rules for field in fields_of(rule.when)}
    limited = any(permit.models for each in people.permit_sets for permit in each)
    by_model = "request.model" in looked or limited
    by_day = len(people.permit_sets) > 1 or bool({"account.age_days", "campaign.age_days"} & looked)
    with DuckDBEngine(EngineSettings()) as engine:
        rows, first, last = _asked(engine, files, by_model=by_model, by_day=by_day)
    account = np.asarray(rows["account"], dtype=np.int64)
    at = np.minimum(np.searchsorted(people.keys, account), max(len(people.keys) - 1, 0))
    if not len(people.keys) or bool((people.keys[at] != account).any()):
        raise RunError("an account of the exchanges is not in accounts", where=str(folder), do="detect anew")
    table = _Table(people, looked, rows, at, last)
    places, states = table.states()
    n = np.asarray(rows["n"], dtype=np.int64)
    about = run.about
    return Replayed(
        people, (first, last), at, places, n, states, str(about.get("id", "")), str(about.get("digest", ""))
    )


def _asked(engine: Engine, files: list[Path], *, by_model: bool, by_day: bool) -> tuple[pa.Table, int, int]:
    exchanges = engine.read(EXCHANGES.name, files)
    named = exchanges.select(
        "account",
        model=_.model.fill_null(""),
        day=(_.time.epoch_seconds().floor() // DAY).cast("int64"),
    )
    keys = ["account", *(["model"] if by_model else []), *(["day"] if by_day else [])]
    rows = engine.collect(named.group_by(keys).agg(n=_.count()))
    ends = engine.collect(named.agg(first=_.day.min(), last=_.day.max())).to_pylist()[0]
    return rows, int(ends["first"] or 0), int(ends["last"] or 0)


class _Table:
    """Columns that tell states apart, one value for each shape."""

    def __init__(self, people: People, looked: set[str], rows: pa.Table, at: Ints, last: int) -> None:
        self._people = people
        there = rows.column_names
        zeros = np.zeros(len(at), np.int64)
        self._day = np.asarray(rows["day"], dtype=np.int64) if "day" in there else zeros + last
        self._models: tuple[str, ...] = ("",)
        model = zeros
        if "model" in there:
            coded = rows["model"].combine_chunks().dictionary_encode()
            model = np.asarray(coded.indices, np.int64)
            self._models = tuple(map(str, coded.dictionary.to_pylist()))
        created = people.created[at]
        age = np.where(created < 0, 0, np.maximum(self._day - created // DAY, 0))
        self._columns: dict[str, npt.NDArray[np.int64]] = {
            "model": model,
            "day": self._day if "day" in there and self._by_day(looked) else zeros + last,
            "campaign": people.campaign[at],
            "tier": people.tier[at],
            "plan": people.plan[at] if "account.plan" in looked else zeros,
            "verification": people.verification[at] if "account.verification" in looked else zeros,
            "exempt": people.exempt[at].astype(np.int64),
            "permits": people.permitted[at],
            "age": age if "account.age_days" in looked else zeros,
        }

    def _by_day(self, looked: set[str]) -> bool:
        return len(self._people.permit_sets) > 1 or "campaign.age_days" in looked

    def states(self) -> tuple[Ints, tuple[State, ...]]:
        """The place of each shape's state, and the states."""
        place = np.zeros(len(self._day), np.int64)
        for column in self._columns.values():
            values, coded = np.unique(column, return_inverse=True)
            place = np.unique(place * max(len(values), 1) + coded, return_inverse=True)[1]
        first = np.unique(place, return_index=True)[1]
        rows = {name: column[first].tolist() for name, column in self._columns.items()}
        made = [
            self._state(dict(zip(rows, values, strict=True))) for values in zip(*rows.values(), strict=True)
        ]
        return place, tuple(made)

    def _state(self, row: dict[str, Any]) -> State:
        people = self._people
        model, day = self._models[row["model"]], row["day"]
        campaign = CampaignState()
        if row["campaign"] >= 0:
            since = max(0.0, (day * DAY - people.last[row["campaign"]]) / DAY)
            campaign = replace(people.campaigns[row["campaign"]], age_days=since)
        permits = people.permit_sets[row["permits"]]
        covers = any(permit.covers(model, day) for permit in permits)
        account = AccountState(
            tier=TIERS[row["tier"]] if row["tier"] >= 0 else "",
            plan=people.plans[row["plan"]] if people.plans else "",
            verification=people.verifications[row["verification"]] if people.verifications else "",
            age_days=float(row["age"]),
            exempt=bool(row["exempt"]),
        )
        permission = Permission.COVERS if covers else Permission.OTHER_MODEL if permits else Permission.NONE
        return State(
            Inputs(account, PermitState(covers, bool(permits)), campaign, RequestFacts(model=model)),
            Known(0, account, campaign, permission),
        )
