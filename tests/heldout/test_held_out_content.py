"""The held-out test: null groups stay unlisted whatever the cells, planted ones stand out, a client's default
prompt says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from content_world import Ints, World, members, null_group, null_world
from scipy.stats import binomtest, hypergeom

from stillwatch.engine import DuckDBEngine
from stillwatch.heldout import content
from stillwatch.heldout.content import HeldOut
from stillwatch.heldout.peers import cells_of
from stillwatch.schema.codes import Null, NullTested
from stillwatch.settings import EngineSettings


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine(EngineSettings(memory="1GB")) as opened:
        yield opened


def judged(engine: DuckDBEngine, world: World, groups: list[Ints]) -> HeldOut:
    return content.held_out_evidence(
        engine, world.held(engine), world.strata(engine), members(groups), None, None
    )


@pytest.fixture(scope="module")
def null(engine: DuckDBEngine) -> tuple[list[float], list[list[float]]]:
    """log e-values of null groups, and the p-values of the accounts of each."""
    logs: list[float] = []
    p_values: list[list[float]] = []
    for seed in range(3):
        rng = np.random.default_rng(100 + seed)
        world = null_world(rng)
        groups = [
            null_group(rng, world, int(rng.choice([8, 30, 120])), int(rng.integers(1, 8))) for _ in range(200)
        ]
        found = judged(engine, world, groups)
        logs += [found.log_e.get(number, -np.inf) for number in range(1, len(groups) + 1)]
        p_values += [list(found.by_group()[number].values()) for number in range(1, len(groups) + 1)]
    return logs, p_values


def test_null_groups_have_e_values_of_at_most_one_on_average(
    null: tuple[list[float], list[list[float]]],
) -> None:
    e = np.exp(np.array(null[0]))
    assert e.mean() - 2.6 * e.std() / np.sqrt(len(e)) <= 1.0
    assert binomtest(int((e >= 20).sum()), len(e)).proportion_ci(0.99, "exact").low <= 1 / 20


@pytest.mark.parametrize(("carriers", "size"), [(3, 30), (12, 30), (150, 8), (150, 100)])
def test_what_one_key_pays_is_worth_what_it_costs_exactly(carriers: int, size: int) -> None:
    # The mean over many keys hides what one pays; here there is one, and its expectation is summed over all
    # that can happen.
    accounts = 200
    cells = cells_of(World(np.zeros(accounts, np.int64), np.zeros((accounts, 1), np.bool_)).table())
    pools = content._pools(cells, np.array([size]))
    hits = np.arange(max(0, size + carriers - accounts), min(size, carriers) + 1)
    counts = [pa.table({"key": [1], "cell": [0], "all": [carriers], "own": [int(n)]}) for n in hits]
    e = np.exp([content._log_e(table, pools, 1) for table in counts])
    assert (hypergeom.pmf(hits, accounts, carriers, size) * e).sum() == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize("level", [0.01, 0.05, 0.2])
def test_accounts_of_null_groups_have_super_uniform_p_values(
    null: tuple[list[float], list[list[float]]], level: float
) -> None:
    shares = np.array([np.mean(np.array(group) <= level) for group in null[1]])
    assert shares.mean() - 2.6 * shares.std() / np.sqrt(len(shares)) <= level


def planted(world: World, group: Ints, keys: slice, share: float, rng: np.random.Generator) -> World:
    carried = world.carried.copy()
    carried[group, keys] |= rng.random((len(group), keys.stop - keys.start)) < share
    return World(world.cell, carried)


def test_a_planted_group_stands_out_from_null_groups(engine: DuckDBEngine) -> None:
    rng = np.random.default_rng(7)
    world = null_world(rng)
    group = null_group(rng, world, 60, 5)
    others = [null_group(rng, world, 60, 5) for _ in range(5)]
    found = judged(engine, planted(world, group, slice(40, 44), 0.9, rng), [group, *others])
    assert found.log_e[1] > 30.0
    assert max(found.log_e.get(number, 0.0) for number in range(2, 7)) < 3.0
    assert found.null[1] == NullTested(Null.CONTENT)
    assert np.median(list(found.by_group()[1].values())) < 0.05
    assert found.carried[1] > 0.9
    assert found.everyone == 3000


def test_a_default_prompt_of_a_client_says_nothing_of_its_users(engine: DuckDBEngine) -> None:
    rng = np.random.default_rng(8)
    cell = np.repeat([0, 1, 2, 3], [300, 900, 900, 900])
    carried = rng.random((3000, 40)) < 0.02
    carried[cell == 0, :6] = True
    group = np.arange(60)
    found = judged(engine, World(cell, carried), [group])
    assert found.log_e.get(1, 0.0) <= 0.0
    assert min(found.by_group()[1].values()) > 0.01


def test_a_group_that_fills_its_clients_is_tested_against_its_stratum_and_says_so(
    engine: DuckDBEngine,
) -> None:
    rng = np.random.default_rng(9)
    cell = np.repeat([0, 1, 2], [50, 500, 500])
    carried = rng.random((1050, 20)) < 0.02
    carried[:50, 3] = True
    found = judged(engine, World(cell, carried), [np.arange(48)])
    assert found.null[1] == NullTested(Null.CONTENT, wider=True)
    assert found.log_e[1] > 30.0


def test_the_defaults_of_a_client_say_nothing_where_a_group_fills_its_cell_and_others_use_the_client_elsewhere(
    engine: DuckDBEngine,
) -> None:
    rng = np.random.default_rng(13)
    cell = np.repeat([0, 1, 4, 5], [50, 500, 150, 500])
    carried = rng.random((1200, 20)) < 0.02
    carried[(cell == 0) | (cell == 4), :4] = True
    group = np.arange(48)
    found = judged(engine, World(cell, carried, cell % 4), [group])
    assert found.null[1] == NullTested(Null.CONTENT, wider=True)
    assert found.log_e.get(1, 0.0) <= 0.0
    assert min(found.by_group()[1].values()) > 0.01
    carried[:48, 7] = True
    own = judged(engine, World(cell, carried, cell % 4), [group])
    assert own.log_e[1] > 20.0, "what the group alone carries still tells"


def test_without_content_nothing_is_claimed(engine: DuckDBEngine) -> None:
    empty = World(np.zeros(200, np.int64), np.zeros((200, 4), np.bool_))
    found = judged(engine, empty, [np.arange(20)])
    assert (found.log_e, found.facets, found.carried) == ({}, {}, {1: 0.0})
    assert set(found.by_group()[1].values()) == {1.0}


def test_the_order_of_rows_changes_nothing(engine: DuckDBEngine) -> None:
    rng = np.random.default_rng(10)
    world = null_world(rng, accounts=800, keys=40, cells=4)
    group = null_group(rng, world, 40, 2)
    world = planted(world, group, slice(10, 13), 0.8, rng)
    rows = engine.collect(world.held(engine))
    shuffled = engine.load("held", rows.take(rng.permutation(len(rows))))
    again = content.held_out_evidence(engine, shuffled, world.strata(engine), members([group]), None, None)
    first = judged(engine, world, [group])
    assert (again.log_e, again.p_values, again.facets) == (first.log_e, first.p_values, first.facets)


def test_what_comes_together_counts_once_and_what_all_others_carry_is_missed(engine: DuckDBEngine) -> None:
    # One tool in five brings a head and parameters; the group shares these, and a shingle of its own that
    # nobody else has.
    accounts, tool, own = 2_000, np.arange(400), np.arange(40)
    carried = np.zeros((accounts, 8), np.bool_)
    carried[:400, :2] = True
    carried[own, 2] = True
    found = judged(engine, World(np.zeros(accounts, np.int64), carried), [own])
    known, nats = found.nats[1]
    assert known.tolist() == tool.tolist()
    brought = np.log(1.0 / ((360 + 0.5) / (1960 + 0.5)))
    assert nats[own] == pytest.approx(np.log(1960.5 / 0.5) + (2 * brought) / 3, abs=1e-5), (
        "the strongest in full, the others a third"
    )
    missed = np.log(content.LEAST_MISSING) / 3
    assert nats[tool[40:]] == pytest.approx(brought + brought / 3 + missed, abs=1e-5), (
        "the tool's two facets are hardly more than one"
    )
