"""The test of the prompts' meaning: exact under the null, strong against paraphrase, and fair to each
account.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from semantic_bits import (
    BITS,
    Floats,
    Habits,
    Ints,
    compared,
    group_in,
    habits,
    packed,
    semantic_of,
    with_template,
)

from stillwatch.engine import DuckDBEngine
from stillwatch.heldout import content
from stillwatch.heldout import peers as sampling
from stillwatch.heldout.content import HeldOut
from stillwatch.heldout.peers import Compared, Sampler, cells_of
from stillwatch.heldout.semantic_bets import semantic_log_e
from stillwatch.heldout.semantic_fit import EDGES, Likeness, fitted, ranked_nats, ranks_of_others
from stillwatch.heldout.semantic_vectors import SemanticVectors, account_semantic_vectors
from stillwatch.report_tables.evidence import with_semantic
from stillwatch.schema.codes import Null, NullTested
from stillwatch.schema.found import EVIDENCE
from stillwatch.settings import EngineSettings


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine(EngineSettings(memory="1GB")) as opened:
        yield opened


def judged(
    engine: DuckDBEngine,
    world: Habits,
    groups: list[Ints],
    rng: np.random.Generator,
    near: pa.Table | None = None,
) -> HeldOut:
    number = np.repeat(np.arange(1, len(groups) + 1), [len(group) for group in groups])
    members = pa.table({"group": pa.array(number, pa.int32()), "account": np.concatenate(groups)})
    nothing = pa.table(
        {
            name: pa.array([], kind)
            for name, kind in (("account", pa.int64()), ("key", pa.int64()), ("cell", pa.int64()))
        }
    )
    held = engine.load("held", nothing.append_column("facet", pa.array([], pa.string())))
    strata = engine.load("strata", world.strata())
    return content.held_out_evidence(
        engine, held, strata, members, engine.load("exchanges", world.exchanges(rng)), near
    )


@pytest.mark.parametrize("sizes", [[(6, 3)], [(4, 2), (4, 1)], [(3, 2), (5, 2)], [(4, 3), (2, 1)]])
def test_the_bet_has_expectation_one_over_all_ways_to_deal_the_prompts_out(
    sizes: list[tuple[int, int]],
) -> None:
    rng = np.random.default_rng(len(sizes) + sizes[0][0])
    cell = np.repeat(np.arange(len(sizes)), [whole for whole, _ in sizes])
    starts = np.cumsum([0] + [whole for whole, _ in sizes])[:-1]
    own = np.concatenate([start + np.arange(drawn) for start, (_, drawn) in zip(starts, sizes, strict=True)])
    prompts = rng.integers(1, 40, len(cell))
    kinds = rng.beta(0.2, 0.2, (2, BITS))[np.arange(len(cell)) % 2]
    bits = rng.binomial(prompts[:, None], 0.8 * kinds + 0.2 * rng.random((len(cell), BITS)))
    orders = [
        list(itertools.permutations(range(start, start + whole)))
        for start, (whole, _) in zip(starts, sizes, strict=True)
    ]
    logs = []
    for deal in itertools.product(*orders):
        dealt = np.concatenate([np.array(part) for part in deal])
        logs.append(
            semantic_log_e(
                SemanticVectors(np.arange(len(cell)), prompts[dealt], bits[dealt]), compared(cell, own)
            )
        )
    assert np.exp(logs).mean() == pytest.approx(1.0, abs=1e-4)
    assert np.ptp(logs) > 0.1, "it does bet"


@pytest.fixture(scope="module")
def null(engine: DuckDBEngine) -> tuple[list[float], list[Floats], list[Floats]]:
    """log e-values, p-values and nats of null groups in worlds whose cells differ in habits and volumes; many
    cells are small.
    """
    logs: list[float] = []
    p_values: list[Floats] = []
    nats: list[Floats] = []
    for seed in range(3):
        rng = np.random.default_rng(200 + seed)
        world = habits(rng, 1500, (2, 8, 24)[seed])
        groups = [
            group_in(rng, world, int(rng.choice([8, 30, 90])), int(rng.integers(1, 7))) for _ in range(80)
        ]
        found = judged(engine, world, groups, rng)
        logs += [found.semantic.log_e[number] for number in range(1, len(groups) + 1)]
        p_values += [fit.p_value for fit in found.semantic.fits.values()]
        nats += [found.semantic.of(group, fit.account) for group, fit in found.semantic.fits.items()]
    return logs, p_values, nats


def test_null_groups_have_e_values_of_at_most_one_on_average(
    null: tuple[list[float], list[Floats], list[Floats]],
) -> None:
    e = np.exp(np.array(null[0]))
    assert e.mean() - 2.6 * e.std() / np.sqrt(len(e)) <= 1.0
    assert binomtest(int((e >= 20).sum()), len(e)).proportion_ci(0.99, "exact").low <= 1 / 20


@pytest.mark.parametrize("level", [0.01, 0.05, 0.2])
def test_accounts_of_null_groups_have_super_uniform_p_values(
    null: tuple[list[float], list[Floats], list[Floats]], level: float
) -> None:
    shares = np.array([(p <= level).mean() for p in null[1]])
    assert shares.mean() - 2.6 * shares.std() / np.sqrt(len(shares)) <= level


def test_accounts_of_null_groups_get_no_nats(null: tuple[list[float], list[Floats], list[Floats]]) -> None:
    every = np.concatenate(null[2])
    assert abs(every.mean()) < 0.1
    assert (every > 3.0).mean() < 0.01


SYNONYMS = 5000


def written(rng: np.random.Generator, frame: Ints, swapped: float, reorder: bool, payloads: int) -> list[int]:
    """Sketches of requests that each swap words of a template and add twenty words of their own."""
    found = []
    for _ in range(payloads):
        words = np.where(rng.random(len(frame)) < swapped, rng.integers(0, SYNONYMS, len(frame)), frame)
        words = words.reshape(-1, 5)[rng.permutation(len(frame) // 5)].ravel() if reorder else words
        found.append(semantic_of(np.concatenate([words, rng.integers(0, SYNONYMS, 20)]), 77))
    return found


def test_the_product_of_sketches_is_that_of_the_arc_cosine_kernel() -> None:
    rng = np.random.default_rng(5)
    words = rng.integers(0, 2**40, 40)
    other = np.concatenate([words[:20], rng.integers(0, 2**40, 20)])
    angle = np.arccos((20 + 19) / 79)  # 20 of 40 words and 19 of 39 pairs in common, all counted once
    both = [
        (semantic_of(words, key), semantic_of(other, key)) for key in rng.integers(0, 2**62, 300).tolist()
    ]
    agree = [BITS - 2 * ((one ^ two) & (2**64 - 1)).bit_count() for one, two in both]
    assert np.mean(agree) / BITS == pytest.approx(1.0 - 2.0 * angle / np.pi, abs=0.02)


@pytest.mark.parametrize(("swapped", "reorder"), [(0.0, False), (0.1, False), (0.3, True)])
def test_a_paraphrased_template_still_pools(engine: DuckDBEngine, swapped: float, reorder: bool) -> None:
    rng = np.random.default_rng(6)
    frame = rng.integers(10**6, 10**7, 40)
    cell = np.repeat([0, 1], [150, 150])
    prompts = np.full(300, 6)
    group = np.concatenate([np.arange(15), 150 + np.arange(15)])
    account = np.repeat(np.arange(300), prompts)
    meaning = np.array([semantic_of(rng.integers(0, SYNONYMS, 50), 77) for _ in account])
    sent = np.isin(account, group) & (np.arange(len(account)) % 2 == 0)  # half of their traffic is cover
    meaning[sent] = written(rng, frame, swapped, reorder, int(sent.sum()))
    semantic_vectors = account_semantic_vectors(
        engine, engine.load("exchanges", pa.table({"account": account, "semantic": meaning})), None
    )
    assert semantic_log_e(semantic_vectors, compared(cell, group)) > 20.0
    nats = ranked_nats(fitted(Likeness(semantic_vectors, compared(cell, group)), np.zeros(300)).rank)
    assert (nats > 2.0).mean() > 0.8


def test_a_planted_group_stands_out_and_its_evidence_is_told(engine: DuckDBEngine) -> None:
    rng = np.random.default_rng(7)
    world = habits(rng, 1500, 6)
    groups = [group_in(rng, world, 60, 3) for _ in range(4)]
    world = with_template(world, groups[0], rng, share=0.5, likeness=0.7)
    found = judged(engine, world, groups, rng)
    assert found.log_e[1] > 40.0
    assert found.log_e[1] == pytest.approx(found.semantic.log_e[1] - np.log(2.0), abs=1e-5), (
        "half is bet on keys, of which there are none"
    )
    assert max(found.log_e[number] for number in (2, 3, 4)) < 3.0
    assert found.facets[1] == ["semantic"]
    assert found.null[1] == NullTested(Null.CONTENT, semantic=True)
    assert np.median(found.semantic.fits[1].p_value) < 0.02
    members = pa.table({"group": pa.array([1] * 60, pa.int32()), "account": groups[0]})
    row = with_semantic(EVIDENCE.arrow.empty_table(), found.semantic.likeness(members)).to_pylist()
    assert [(said["facet"], said["family"], said["role"]) for said in row] == [
        ("semantic", "content", "held-out")
    ]
    assert row[0]["nats"] > 1.5
    assert row[0]["accounts"] > 40
    assert (
        with_semantic(
            EVIDENCE.arrow.empty_table(),
            found.semantic.likeness(pa.table({"group": pa.array([9], pa.int32()), "account": [5]})),
        ).num_rows
        == 0
    )


def test_a_group_that_fills_its_client_is_seen_and_a_client_with_its_own_custom_is_not(
    engine: DuckDBEngine,
) -> None:
    rng = np.random.default_rng(8)
    cell = np.repeat([0, 1, 2], [50, 400, 400])
    plain = Habits(cell, np.full(850, 20), np.clip(rng.normal(0.5, 0.1, (850, BITS)), 0.02, 0.98))
    filled = with_template(plain, np.arange(48), rng, share=0.6, likeness=0.8)
    found = judged(engine, filled, [np.arange(48)], rng)
    assert found.null[1] == NullTested(Null.CONTENT, wider=True, semantic=True)
    assert found.log_e[1] > 20.0
    custom = with_template(plain, np.arange(50), rng, share=0.6, likeness=0.8)
    found = judged(engine, custom, [np.arange(20)], rng)
    assert found.log_e[1] < 1.0
    assert np.median(found.semantic.fits[1].p_value) > 0.1, (
        "its peers are fifty at most, so others are pooled with them"
    )


def test_an_account_near_a_group_is_weighed_by_the_same(engine: DuckDBEngine) -> None:
    rng = np.random.default_rng(9)
    world = habits(rng, 1200, 4)
    group = group_in(rng, world, 60, 3)
    lost, strangers = (
        np.setdiff1d(np.arange(1200), group)[[100, 500, 800]],
        np.setdiff1d(np.arange(1200), group)[::20],
    )
    strangers = np.setdiff1d(strangers, lost)
    world = Habits(world.cell, np.maximum(world.prompts, 10), world.chance)
    world = with_template(world, np.concatenate([group, lost]), rng, share=0.7, likeness=0.8)
    near = np.concatenate([lost, strangers])
    found = judged(
        engine,
        world,
        [group],
        rng,
        pa.table(
            {"group": pa.array([1] * len(near), pa.int32()), "account": near, "nats": np.full(len(near), 5.0)}
        ),
    )
    assert found.semantic.of(1, lost).min() > 3.0
    assert np.mean(found.semantic.of(1, strangers) > 1.0) < 0.05
    assert found.semantic.of(1, np.array([10**6])).tolist() == [0.0]
    assert found.semantic.of(2, near).tolist() == [0.0] * len(near)
    p_values = {account: found.p_values[1, int(account)] for account in near}
    assert max(p_values[account] for account in lost) < 0.02
    assert np.mean([p_values[account] <= 0.1 for account in strangers]) < 0.25


def test_without_sketches_keys_alone_are_tested(engine: DuckDBEngine) -> None:
    rng = np.random.default_rng(10)
    world = habits(rng, 300, 2)
    empty = engine.load(
        "unsketched", pa.table({"account": np.arange(300), "semantic": pa.array([None] * 300, pa.int64())})
    )
    members = pa.table({"group": pa.array([1] * 20, pa.int32()), "account": np.arange(20)})
    held = engine.load("held", pa.table({"account": [1], "key": [1], "facet": ["head"], "cell": [0]}))
    for exchanges in (None, empty):
        found = content.held_out_evidence(
            engine, held, engine.load("strata", world.strata()), members, exchanges, None
        )
        assert (found.semantic.seen, found.log_e, found.null[1]) == (
            False,
            {},
            NullTested(Null.CONTENT),
        )
        assert set(found.by_group()[1].values()) == {1.0}


def test_the_query_counts_bits(engine: DuckDBEngine) -> None:
    rng = np.random.default_rng(11)
    account = rng.integers(0, 9, 500)
    meaning = rng.integers(-(2**63), 2**63 - 1, 500)
    meaning[:3] = (-1, 0, packed(np.arange(BITS) == BITS - 1))
    table = pa.table({"account": account, "semantic": pa.array(meaning, mask=np.arange(500) % 7 == 6)})
    found = account_semantic_vectors(engine, engine.load("exchanges", table), np.arange(8))
    kept = np.arange(500) % 7 != 6
    assert found.account.tolist() == list(range(8))
    for place, name in enumerate(found.account):
        mine = meaning[kept & (account == name)]
        assert found.prompts[place] == len(mine)
        assert found.bits[place].tolist() == ((mine[:, None] >> np.arange(BITS)) & 1).sum(axis=0).tolist()


def test_no_account_counts_for_more_than_one() -> None:
    semantic_vectors = SemanticVectors(
        np.array([3, 5, 9]), np.array([1, 5, 10**9]), np.array([[1] * BITS, [0] * BITS, [10**9] * BITS])
    )
    vector, weight = semantic_vectors.vectors(np.array([3, 4, 5, 9, 10]))
    assert np.linalg.norm(vector, axis=1).tolist() == pytest.approx([1.0, 0.0, 1.0, 1.0, 0.0])
    assert weight.tolist() == pytest.approx([1 / 6, 0.0, 0.5, 1.0, 0.0])


@given(st.lists(st.floats(0.0005, 1.0), min_size=1, max_size=60))
def test_nats_fall_with_the_rank_and_one_account_alone_says_little(ranks: list[float]) -> None:
    every = np.append(EDGES, 0.0005)
    found = ranked_nats(np.array(ranks), np.sort(every))
    assert (np.diff(found) <= 1e-9).all()
    alone = np.append(np.full(30, 0.9), 0.0005)
    assert ranked_nats(alone)[-1] <= 0.0, "nobody else of the group lies there"


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(1, 40), st.floats(0, 1)), min_size=1, max_size=10),
    st.sampled_from([1, 8, 25, 1_000]),
)
def test_the_sample_holds_the_group_and_peers_of_its_pools(
    cells: list[tuple[int, float]], in_all: int
) -> None:
    sizes = [size for size, _ in cells]
    world = Habits(
        np.repeat(np.arange(len(sizes)), sizes),
        np.ones(sum(sizes), np.int64),
        np.full((sum(sizes), BITS), 0.5),
    )
    known = cells_of(world.strata())
    starts = np.cumsum([0, *sizes])[:-1]
    own = np.concatenate(
        [start + np.arange(round(size * share)) for start, (size, share) in zip(starts, cells, strict=True)]
    ).astype(np.int64)
    number = np.arange(len(sizes)) // 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "LEAST_PEERS", 7)
        patch.setattr(sampling, "LEAST_IN_ALL", in_all)
        patch.setattr(sampling, "FEW_PEERS", 3)
        found: Compared = Sampler(known).compared(own, number, np.ones(len(sizes), np.bool_))
    assert found.account[found.own].tolist() == own.tolist()
    assert (np.diff(found.account) > 0).all()
    assert (found.pool == found.at[world.cell[found.account]]).all()
    pools = np.unique(found.pool)
    least = 7 if 7 * len(pools) <= in_all else max(in_all // len(pools), 3)
    for pool in pools:
        inside = found.pool == pool
        mine, here = int(found.own[inside].sum()), np.isin(world.cell, np.flatnonzero(found.at == pool))
        assert mine > 0
        assert int(inside.sum()) - mine == min(max(least, sampling.PEERS_EACH * mine), int(here.sum()) - mine)


def test_an_account_is_not_judged_by_its_own_prompts() -> None:
    rng = np.random.default_rng(12)
    world = habits(rng, 400, 1)
    odd = with_template(
        Habits(world.cell, np.maximum(world.prompts, 20), world.chance),
        np.array([0]),
        rng,
        share=1.0,
        likeness=1.0,
    )
    who = compared(odd.cell, np.arange(12))
    likeness = Likeness(odd.semantic_vectors(rng), who)
    fit = fitted(likeness, np.zeros(len(who.account)))
    assert fit.p_value[0] > 0.05
    outside = ranks_of_others(likeness, np.arange(20, 30), np.zeros(10, np.int64))
    assert ((outside > 0.0) & (outside <= 1.0)).all()
