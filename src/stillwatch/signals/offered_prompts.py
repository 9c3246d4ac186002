"""How many of a group's prompts are, whole, what an earlier answer to one of its accounts had written.

A pipeline that makes training data asks what the model has written in the very words of the answer, and
without a task beside them: the pair of bare prompt and answer is what it collects. What hands a text on to be
worked with says somewhere what to do with it: in a template around it, in another system prompt, or with
tools.
"""

from __future__ import annotations

from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from ibis import _

from stillwatch.engine import Column, Engine, Table
from stillwatch.signals.account_weights import account_weights
from stillwatch.signals.intents import FEW_ACCOUNTS
from stillwatch.signals.prevalence import Rates, adjusted, effective_texts, totals

STRANGERS = 2
"""Accounts outside a group that sent a prompt, or were offered it, from which it is public."""


def offered_prompts(engine: Engine, rows: Table) -> pa.Table:
    """Return, by group with prompts: prompts that it asked after they were offered, accounts that asked them,
    and their share of what its accounts ask, with low and high.

    rows: SIGNAL_EXCHANGES. A prompt counts once for each account. No account is heard for more than the
    median one, and accounts (their days, where there are few) stand for what goes together, as for intents.
    """
    asked = rows.filter(_.prompt.notnull())
    pairs = asked.group_by("group", "account", "prompt").agg(day=(_.second // 86_400).min())
    own = engine.create("offered_prompts", _answered(rows, asked))
    joined = pairs.left_join(own.mutate(own=ibis.literal(1)), ["group", "account", "prompt"])
    counted = joined.group_by("group", "account", "day").agg(texts=_.count(), own=_.own.fill_null(0).sum())
    found = engine.collect(counted.order_by(["group", "account", "day"]))
    told = engine.collect(own.group_by("group").agg(prompts=_.prompt.nunique(), accounts=_.account.nunique()))
    return _shares(found, {row.pop("group"): row for row in told.to_pylist()})


def _answered(rows: Table, asked: Table) -> Table:
    """Return (group, account, prompt), each once, for prompts that the group was offered before it first sent
    them, and that no strangers know.
    """
    began = asked.group_by("group", "prompt").agg(began=_.second.min())
    fresh = asked.filter(
        (_.turns.fill_null(1) <= 1) & _.continues.isnull() & _.prefix.isnull() & _.tools.isnull()
    )
    fresh = fresh.select("group", "account", "prompt", "system").distinct().join(began, ["group", "prompt"])
    known = rows.filter(_.offers.notnull())
    offers = known.select("group", "account", "second", offering=_.system, prompt=_.offers.unnest())
    offers = offers.semi_join(fresh, ["group", "prompt"])
    first = offers.group_by("group", "prompt", "offering").agg(offered=_.second.min())
    common = _common_systems(rows, fresh).mutate(common=ibis.literal(True))
    taken = fresh.join(first, ["group", "prompt"]).left_join(common, ["group", "system"])
    taken = taken.filter((_.offered < _.began) & _without_task())
    answered = taken.select("group", "account", "prompt").distinct()
    return answered.anti_join(_public(rows, answered), ["group", "prompt"])


def _without_task() -> Column:
    """Whether a prompt has no system prompt, or one that offered it and that strangers have too.

    A system prompt that only the group sends may hold its task: to translate, or to improve what comes.
    """
    return _.system.isnull() | ((_.system == _.offering) & _.common).fill_null(False)


def _common_systems(rows: Table, fresh: Table) -> Table:
    """Return (group, system) of system prompts that STRANGERS accounts outside the group send."""
    around = fresh.filter(_.system.notnull()).select("group", "system").distinct()
    carriers = rows.filter(_.system.notnull()).select("account", "system").distinct()
    inside = rows.select("group", "account").distinct()
    outside = around.join(carriers, "system").anti_join(inside, ["group", "account"])
    counted = outside.group_by("group", "system").agg(strangers=_.count())
    return counted.filter(_.strangers >= STRANGERS).select("group", "system")


def _public(rows: Table, answered: Table) -> Table:
    """Return (group, prompt) that STRANGERS accounts outside the group sent or were offered."""
    keys = answered.select("prompt").distinct()
    sent = rows.filter(_.prompt.notnull()).select("account", "prompt").semi_join(keys, "prompt")
    offers = rows.filter(_.offers.notnull()).select("account", prompt=_.offers.unnest())
    carriers = ibis.union(sent, offers.semi_join(keys, "prompt")).distinct()
    around = answered.select("group", "prompt").distinct().join(carriers, "prompt")
    outside = around.anti_join(rows.select("group", "account").distinct(), ["group", "account"])
    return outside.group_by("group", "prompt").agg(strangers=_.count()).filter(_.strangers >= STRANGERS)


def _shares(found: pa.Table, told: dict[int, dict[str, int]]) -> pa.Table:
    names, group = np.unique(found.column("group").to_numpy(), return_inverse=True)
    texts, own = (found.column(name).to_numpy().astype(np.float64) for name in ("texts", "own"))
    keys = np.stack([group, found.column("account").to_numpy()], axis=1)
    accounts, account = np.unique(keys, axis=0, return_inverse=True)
    account, of = account.ravel(), accounts[:, 0].astype(np.int64)
    heard = account_weights(totals(texts, account, len(of)), of, len(names))[account]
    texts, own = texts * heard, (own * heard)[:, None]
    by_account = effective_texts(
        totals(own, account, len(of)), totals(texts, account, len(of)), of, len(names), few=True
    )
    by_day = effective_texts(own, texts, group, len(names), few=True)
    many = np.bincount(of, minlength=len(names))[:, None] >= FEW_ACCOUNTS
    shares = adjusted(
        totals(own, group, len(names)),
        totals(texts, group, len(names))[:, None],
        np.where(many, by_account, by_day),
        Rates.perfect(1),
    )
    columns: dict[str, pa.Array[Any]] = {"group": pa.array(names, pa.int32())}
    for name in ("prompts", "accounts"):
        columns[name] = pa.array([told.get(int(g), {}).get(name, 0) for g in names], pa.int64())
    for name in ("share", "low", "high"):
        columns[name] = pa.array(np.round(getattr(shares, name)[:, 0], 6), pa.float64())
    return pa.table(columns)
