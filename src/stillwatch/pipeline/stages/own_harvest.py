"""Stage own harvest: an accused group does not rest on accounts that only others of it accuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
from ibis import _

from stillwatch.campaigns.own_harvest import accused, below_most, own_prompts
from stillwatch.engine import Engine
from stillwatch.heldout.content import held_traces
from stillwatch.heldout.shared_wording import share_wording
from stillwatch.pipeline.stages.candidates import select_candidates
from stillwatch.pipeline.stages.facets import Observed
from stillwatch.pipeline.stages.heldout import HeldOutTests
from stillwatch.pipeline.stages.linkage import Groups
from stillwatch.pipeline.stages.signals import score_candidates
from stillwatch.schema.codes import Kind
from stillwatch.schema.table import rows_in, values
from stillwatch.settings import Settings


def ask_own_prompts(
    engine: Engine,
    seen: Observed,
    groups: Groups,
    tests: HeldOutTests,
    rates: pa.Table | None,
    settings: Settings,
    progress: Callable[[str], None],
) -> HeldOutTests:
    """Return the tests with accounts that only others of their group accuse among those present.

    That is the rest of a linked group, without those that harvest and those that share wording with them. It
    is left out where the group is accused, and the rest alone would not be. Nothing stays in the engine.
    rates: table RATES, None where not known.
    """
    rest = _rest(engine, seen, groups, tests, settings.linkage.smallest_group)
    if rest.num_rows == 0:
        return tests
    progress("own prompts")
    left_out = _only_with_others(engine, seen, groups, tests, rates, settings, rest)
    return replace(tests, tiers=tests.tiers.without(rows_in(rest, "group", left_out)))


def _rest(engine: Engine, seen: Observed, groups: Groups, tests: HeldOutTests, smallest: int) -> pa.Table:
    """Return group, account of those whose own prompts do not tie them to those that harvest."""
    known = _prompts(engine, seen, tests, groups.licensed)
    texts, harvest = (known.column(name).to_numpy() for name in ("texts", "harvest"))
    own = own_prompts(texts, harvest)
    harvesting = known.filter(pa.array(own.harvest))
    numbers, counts = np.unique(harvesting.column("group").to_numpy(), return_counts=True)
    several = numbers[counts >= smallest]
    beside = np.isin(known.column("group").to_numpy(), several) & ~own.harvest
    if not beside.any():
        return known.slice(0, 0).select(["group", "account"])
    held = held_traces(engine, seen.traces, groups.strata)
    everyone = int(engine.collect(groups.strata.agg(n=_.count())).column("n")[0].as_py())
    tied = share_wording(engine, held, everyone, rows_in(harvesting, "group", several), known)
    unlike = below_most(texts, harvest, known.column("group").to_numpy(), own.harvest)
    return known.filter(pa.array(beside & (own.nothing | unlike | ~tied))).select(["group", "account"])


def _prompts(engine: Engine, seen: Observed, tests: HeldOutTests, licensed: frozenset[int]) -> pa.Table:
    """Return group, account, texts, harvest of the accounts that linked groups rest on, sorted."""
    counted = tests.tiers.counted.select(["group", "account"])
    group, account = (counted.column(name).to_numpy() for name in ("group", "account"))
    of = ~np.isin(group, sorted(tests.alike)) & ~np.isin(account, np.array(sorted(licensed), np.int64))
    rests = engine.load("rests", counted.filter(pa.array(of)))
    sums = seen.tables.activity.semi_join(rests, "account").group_by("account")
    asked = sums.agg(texts=_.texts.sum().cast("int64"), harvest=_.harvest.sum().cast("int64"))
    return engine.collect(rests.join(asked, "account").order_by(["group", "account"]))


def _only_with_others(
    engine: Engine,
    seen: Observed,
    groups: Groups,
    tests: HeldOutTests,
    rates: pa.Table | None,
    settings: Settings,
    rest: pa.Table,
) -> set[int]:
    """Return the groups that are accused as a whole, and whose rest alone is not."""
    candidates = select_candidates(engine, seen, groups, tests, settings.campaigns)
    first = int(candidates.every.column("group").to_numpy().max()) + 1
    whole = rows_in(tests.tiers.counted, "group", set(values(rest, "group")))
    both = pa.concat_tables([_judged(whole, 0), _judged(rest, first)])
    scored = score_candidates(
        engine, seen, groups, replace(candidates, chosen=both), rates, None, lambda step: None
    )
    scores: dict[int, dict[str, float]] = {}
    for row in scored.scores.select(["group", "signal", "score"]).to_pylist():
        scores.setdefault(row["group"], {})[row["signal"]] = row["score"]
    sent = engine.collect(scored.inputs.sums.select("group", "n"))
    found = {
        group
        for group, n in zip(values(sent, "group"), values(sent, "n"), strict=True)
        if accused(scores.get(group, {}), n, settings.campaigns)
    }
    return {group for group in set(values(rest, "group")) if group in found and group + first not in found}


def _judged(accounts: pa.Table, first: int) -> pa.Table:
    """Return accounts of groups as rows of a candidate; their numbers begin at `first`."""
    group = accounts.column("group").to_numpy() + first
    return pa.table(
        {
            "group": pa.array(group, pa.int32()),
            "kind": pa.array([str(Kind.LINKED)] * len(group), pa.string()),
            "account": accounts.column("account").cast(pa.int64()),
            "nats": pa.array(np.zeros(len(group))),
        }
    )
