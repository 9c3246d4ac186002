"""What each account asked on the replayed days, as the few different states that rules can tell apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from ibis import _

from stillwatch.engine import DuckDBEngine, Engine
from stillwatch.errors import RunError
from stillwatch.response.inputs import AccountState, CampaignState, Inputs, PermitState, RequestFacts
from stillwatch.response.known import Known
from stillwatch.response.ladder import Permission
from stillwatch.response.language.expression import Field, fields_of
from stillwatch.response.language.rule import Rule
from stillwatch.response.replay.people import DAY, TIERS, Ints, Mask, People, people_of
from stillwatch.run.reading import Run
from stillwatch.schema.stored import EXCHANGES
from stillwatch.settings import EngineSettings

IN_DAYS = {"request.model"}
"""Facts of a request that stored days have. What else a request asks for, and budgets, they do not tell."""
WIDEST = 1 << 26
"""Codes up to which a table of all is faster than sorting those that are there."""


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

    def seen(self, shapes: Mask | None = None) -> Ints:
        """Return the places of the accounts that have any of the shapes."""
        there = np.zeros(len(self.people.keys), np.bool_)
        there[self.account if shapes is None else self.account[shapes]] = True
        return np.flatnonzero(there)


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
    apart = people.permitted > 0
    if "campaign.age_days" in looked:
        apart |= people.campaign >= 0
    with DuckDBEngine(EngineSettings()) as engine:
        asked = _asked(engine, files, looked, people.keys, apart)
    if bool((asked.account < 0).any()):
        raise RunError("an account of the exchanges is not in accounts", where=str(folder), do="detect anew")
    places, states = _Table(people, looked, asked).states()
    about = run.about
    return Replayed(
        people,
        asked.days,
        asked.account,
        places,
        asked.exchanges,
        states,
        str(about.get("id", "")),
        str(about.get("digest", "")),
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked: one value for each account, model and day that must be told apart."""

    account: Ints
    """Place among the people; -1: not among them."""
    exchanges: Ints
    """Exchanges."""
    model: Ints
    """Place among the models."""
    models: tuple[str, ...]
    """Models."""
    day: Ints
    """Since 1970; the last one where days are not told apart."""
    days: tuple[int, int]
    """First and last day."""


def _asked(engine: Engine, files: list[Path], looked: set[str], keys: Ints, apart: Mask) -> _Asked:
    """looked: fields of the rules. keys: of all accounts. apart: whose models and days matter whatever rules
    look at.
    """
    exchanges = engine.read(EXCHANGES.name, files)
    rows = exchanges.select(
        "account",
        model=_.model.fill_null(""),
        day=(_.time.epoch_seconds().floor() // DAY).cast("int64"),
    )
    ends = engine.collect(rows.agg(first=_.day.min(), last=_.day.max())).to_pylist()[0]
    first, last = int(ends["first"] or 0), int(ends["last"] or 0)
    names = engine.collect(rows.select("model").distinct().order_by("model"))["model"].to_pylist()
    models = tuple(map(str, names))
    # Numbers, not names, for each account: a run of a million accounts has ten times as many shapes.
    codes = pa.table({"model": pa.array(models, pa.string()), "code": np.arange(len(models))})
    places = pa.table({"account": keys, "place": np.arange(len(keys)), "apart": apart})
    rows = rows.join(engine.load("models_asked", codes), "model")
    rows = rows.left_join(engine.load("accounts_asked", places), "account").select(
        place=_.place.fill_null(-1),
        code=_.code if "request.model" in looked else ibis.ifelse(_.apart.fill_null(False), _.code, 0),
        day=_.day if "account.age_days" in looked else ibis.ifelse(_.apart.fill_null(False), _.day, last),
    )
    found = engine.collect(rows.group_by(["place", "code", "day"]).agg(n=_.count()))
    column = {name: np.asarray(found[name], dtype=np.int64) for name in found.column_names}
    return _Asked(column["place"], column["n"], column["code"], models, column["day"], (first, last))


class _Table:
    """Columns that tell states apart, one value for each shape."""

    def __init__(self, people: People, looked: set[str], asked: _Asked) -> None:
        self._people = people
        self._asked = asked
        self._looked = looked

    def _columns(self) -> Iterator[tuple[str, Ints]]:
        """Each column; a value that neither rules nor limits look at for an account is 0."""
        people, asked, looked = self._people, self._asked, self._looked
        at = asked.account
        campaign, permits = people.campaign[at], people.permitted[at]
        yield "campaign", campaign + 1
        yield "permits", permits
        yield "tier", people.tier[at] + 1
        yield "exempt", people.exempt[at].astype(np.int64)
        yield "model", asked.model if "request.model" in looked else np.where(permits > 0, asked.model, 0)
        dated = permits > 0
        if "campaign.age_days" in looked:
            dated |= campaign >= 0
        yield "day", np.where(dated, asked.day - asked.days[0], 0)
        if "account.plan" in looked:
            yield "plan", people.plan[at]
        if "account.verification" in looked:
            yield "verification", people.verification[at]
        if "account.age_days" in looked:
            created = people.created[at]
            yield "age", np.where(created < 0, 0, np.maximum(asked.day - created // DAY, 0))

    def states(self) -> tuple[Ints, tuple[State, ...]]:
        """The place of each shape's state, and the states."""
        place = np.zeros(len(self._asked.account), np.int64)
        many = 1
        kept: dict[str, Ints] = {}
        for name, column in self._columns():
            width = int(column.max(initial=0)) + 1
            place, shown = _folded(place * width + column, many * width)
            many = len(shown)
            kept = {other: values[shown // width] for other, values in kept.items()}
            kept[name] = shown % width
        rows = [kept[name].tolist() for name in kept]
        return place, tuple(
            self._state(dict(zip(kept, values, strict=True))) for values in zip(*rows, strict=True)
        )

    def _state(self, row: dict[str, Any]) -> State:
        people = self._people
        model, day = self._asked.models[row["model"]], row["day"] + self._asked.days[0]
        campaign = CampaignState()
        if row["campaign"]:
            place = row["campaign"] - 1
            since = max(0.0, (day * DAY - people.last[place]) / DAY)
            campaign = replace(people.campaigns[place], age_days=since)
        permits = people.permit_sets[row["permits"]]
        covers = any(permit.covers(model, day) for permit in permits)
        account = AccountState(
            tier=TIERS[row["tier"] - 1] if row["tier"] else "",
            plan=people.plans[row["plan"]] if "plan" in row else "",
            verification=people.verifications[row["verification"]] if "verification" in row else "",
            age_days=float(row.get("age", 0)),
            exempt=bool(row["exempt"]),
        )
        permission = Permission.COVERS if covers else Permission.OTHER_MODEL if permits else Permission.NONE
        return State(
            Inputs(account, PermitState(covers, bool(permits)), campaign, RequestFacts(model=model)),
            Known(0, account, campaign, permission),
        )


def _folded(codes: Ints, many: int) -> tuple[Ints, Ints]:
    """The place of each code among those that are there, and these in order. many: all codes are below."""
    if many > WIDEST:
        shown, place = np.unique(codes, return_inverse=True)
        return place, shown
    there = np.zeros(many, np.bool_)
    there[codes] = True
    return (np.cumsum(there) - 1)[codes], np.flatnonzero(there)
