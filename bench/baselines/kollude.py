"""kollude's shared templates: the share of messages on templates of many actors, their number, and an alarm.

The alarm is raised when the share jumps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import ibis
import numpy as np
import pyarrow as pa
from ibis import _

from baselines.called import Called, Group, called, singles
from baselines.streams import HOUR, Array, Floats, Ints
from baselines.tables import Tables
from stillwatch.schema.table import values

TILTS = np.array([0.05, 0.1, 0.2, 0.35, 0.5])
LEAST_P = 1e-12


@dataclass(frozen=True)
class Templates:
    """What its variants share: which templates count as coordinated."""

    actors: int = 5
    """Accounts that must use a template within the window."""
    window: int = 6
    """Hours of the window."""
    words: int = 4
    """Shorter prompts have no template."""

    def used(self, tables: Tables) -> Any:
        """Return account, hour, key, n: who used which template when.

        A prompt's template is its head, or its tail where more accounts share that.
        """
        asked = tables.exchanges.filter(_.has_text & (_.words >= self.words)).mutate(hour=_.at // HOUR)
        asked = asked.select("account", "request", "hour", "head", "tail")
        heads = asked.group_by("head").agg(head_actors=_.account.nunique())
        tails = asked.group_by("tail").agg(tail_actors=_.account.nunique())
        both = asked.left_join(heads, "head").left_join(tails, "tail")
        late = both.tail.notnull() & (both.tail_actors.fill_null(0) > both.head_actors.fill_null(0))
        keyed = both.select("account", "hour", key=ibis.ifelse(late, both.tail, both["head"]))
        return keyed.filter(_.key.notnull()).group_by("account", "hour", "key").agg(n=_.count())

    def coordinated(self, tables: Tables, used: Any) -> Any:
        """Return key, hour, actors: templates with enough accounts in the hours up to that one."""
        often = used.group_by("key").agg(actors=_.account.nunique()).filter(_.actors >= self.actors)
        seen = used.semi_join(often, "key").select("key", "account", "hour").distinct()
        later = ibis.union(*[seen.mutate(hour=_.hour + ibis.literal(k, "int64")) for k in range(self.window)])
        return later.group_by("key", "hour").agg(actors=_.account.nunique()).filter(_.actors >= self.actors)


@dataclass(frozen=True)
class KolludeAlarms:
    """Calls the accounts of coordinated templates in hours of alarm, one group per template.

    It scores accounts over hours, its burst.
    """

    name: ClassVar[str] = "kollude, alarms"
    source: ClassVar[str] = "kollude 0.4.0 (MATH.md 2 to 4, 8; ScanParams), re-expressed"
    blind: ClassVar[str] = (
        "campaigns under way when the log begins, and those too small to move the whole provider's share; "
        "words are 8 a template, not 12"
    )
    templates: Templates = Templates()
    """Which templates count."""
    alpha: float = 0.01
    """The alarm is raised at 1 / alpha."""
    warmup: int = 24
    """Hours before the first alarm."""
    actors: float = 3.0
    """Mean accounts of a coordinated template that an alarm needs."""
    seed: int = 0
    """Seed of the order of ties."""

    def call(self, tables: Tables) -> Called:
        """Return groups of accounts by template."""
        used = tables.engine.create("kollude_used", self.templates.used(tables))
        marked = tables.engine.create("kollude_marked", self.templates.coordinated(tables, used))
        hours, share, actors = _hourly(tables, used, marked)
        alarms = hours[self.alarms(share, actors)]
        groups = _clusters(tables, used, marked, alarms)
        for name in ("kollude_used", "kollude_marked"):
            tables.engine.drop(name)
        return called(groups, 0.0)

    def alarms(self, share: Floats, actors: Floats) -> Array:
        """Return whether each hour raises the alarm: an e-CUSUM over conformal p-values of the share.

        Shin, Ramdas and Rinaldo 2022.
        """
        rng = np.random.default_rng(self.seed)
        raised = np.zeros(len(share), np.bool_)
        level = 1.0
        for hour in range(self.warmup, len(share)):
            past = share[:hour]
            p = ((past > share[hour]).sum() + rng.random() * ((past == share[hour]).sum() + 1)) / (hour + 1)
            level = max(level, 1.0) * float(np.mean(TILTS * np.clip(p, LEAST_P, 1.0) ** (TILTS - 1.0)))
            if level >= 1.0 / self.alpha and actors[hour] >= self.actors:
                raised[hour], level = True, 1.0
        return raised


@dataclass(frozen=True)
class KolludeActors:
    """Ranks accounts by their share of prompts on templates of many accounts.

    The share is multiplied by the log of the largest template's accounts.
    """

    name: ClassVar[str] = "kollude, actors"
    source: ClassVar[str] = "kollude 0.4.0 (MATH.md 5, offline scores), re-expressed"
    blind: ClassVar[str] = (
        "templates that honest strangers share; it gives a ranking and no threshold, so the call is the "
        "busiest thousandth's"
    )
    templates: Templates = Templates()
    """Which templates count."""
    share: float = 0.001
    """Share of accounts that is called; this is our own choice."""

    def call(self, tables: Tables) -> Called:
        """Score accounts."""
        used = self.templates.used(tables)
        often = used.group_by("key").agg(actors=_.account.nunique())
        each = used.join(often, "key").mutate(
            actors=ibis.ifelse(_.actors >= self.templates.actors, _.actors, 0)
        )
        on = {"on": ibis.ifelse(_.actors > 0, _.n, 0).sum(), "largest": _.actors.max()}
        everything = tables.exchanges.group_by("account").agg(n=_.count())
        table = tables.engine.collect(each.group_by("account").agg(**on).join(everything, "account"))
        scores = table["on"].to_numpy() / table["n"].to_numpy() * np.log1p(table["largest"].to_numpy())
        kept = max(
            1, int(self.share * tables.engine.collect(tables.accounts.agg(n=_.count()))["n"][0].as_py())
        )
        threshold = _within_budget(scores, kept)
        return singles(
            dict(zip(values(table, "account"), scores.tolist(), strict=True)), max(threshold, LEAST_P)
        )


def _within_budget(scores: Floats, kept: int) -> float:
    """Return the lowest threshold that calls at most so many; ties are called together or not at all."""
    last = np.sort(scores)[::-1][: kept + 1]
    return float(last[-1] if len(last) <= kept else np.nextafter(last[-1], np.inf)) if len(last) else 0.0


def _hourly(tables: Tables, used: Any, marked: Any) -> tuple[Ints, Floats, Floats]:
    """For all hours, the share of prompts on coordinated templates and the templates' mean accounts."""
    total = tables.exchanges.group_by(hour=_.at // HOUR).agg(total=_.count())
    on = used.join(marked, ["key", "hour"]).group_by("hour").agg(on=_.n.sum())
    live = marked.semi_join(used, ["key", "hour"]).group_by("hour").agg(actors=_.actors.mean())
    both = total.left_join(on, "hour").select("hour", "total", "on").left_join(live, "hour")
    table = tables.engine.collect(
        both.select("hour", "total", on=_.on.fill_null(0), actors=_.actors.fill_null(0.0))
    )
    found = table["hour"].to_numpy()
    hours = np.arange(found.min(), found.max() + 1)
    share, actors = np.zeros(len(hours)), np.zeros(len(hours))
    place = found - hours[0]
    share[place] = table["on"].to_numpy() / table["total"].to_numpy()
    actors[place] = table["actors"].to_numpy()
    return hours, share, actors


def _clusters(tables: Tables, used: Any, marked: Any, hours: Ints) -> list[Group]:
    """Return the accounts of each template that was coordinated in one of the hours.

    Only accounts that used it in coordinated hours.
    """
    if not len(hours):
        return []
    alarmed = tables.engine.load("kollude_alarms", pa.table({"hour": hours}))
    keys = marked.semi_join(alarmed, "hour").select("key").distinct()
    table = tables.engine.collect(
        used.semi_join(keys, "key").semi_join(marked, ["key", "hour"]).select("key", "account", "hour")
    )
    tables.engine.drop("kollude_alarms")
    members: dict[int, set[int]] = {}
    spans: dict[int, list[int]] = {}
    for key, account, hour in zip(
        *(table[name].to_pylist() for name in ("key", "account", "hour")), strict=True
    ):
        members.setdefault(key, set()).add(account)
        spans.setdefault(key, []).append(hour)
    burst = {
        key: len(accounts) / (1.0 + max(spans[key]) - min(spans[key])) for key, accounts in members.items()
    }
    return [Group(str(key), frozenset(members[key]), burst[key]) for key in sorted(members)]
