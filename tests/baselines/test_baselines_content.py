"""Detectors of content do what their papers say on streams that fulfil the papers' assumptions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from baseline_tables import Rows, asked, drawn, near, small

from baselines.called import Called
from baselines.duplicates import ExactDuplicates
from baselines.kollude import KolludeActors, KolludeAlarms, Templates
from baselines.mmd import MmdWindow, PooledMmd, TwoSample
from baselines.prada import Prada, distances_of
from baselines.seat import Seat, similar_pairs
from baselines.semantic_points import Features, apart, hamming, mmd, points

QUICK = TwoSample(number=128, nulls=100, sizes=(50, 100))


def natural(rng: np.random.Generator, n: int) -> list[int]:
    """Queries of a person: independent, so that the distance to the nearest one before is a bell."""
    return drawn(rng, n)


def synthetic(rng: np.random.Generator, seeds: int, rounds: int) -> list[int]:
    """Queries of a Jacobian-based attack: a few natural seeds, then each earlier query once more with one
    same small step.
    """
    queries = natural(rng, seeds)
    for _ in range(rounds):
        queries += [near(query, rng.choice(64, 2, replace=False).tolist()) for query in queries]
    return queries


def accounts_of(said: Called) -> set[int]:
    return {account for group in said.at_defaults() for account in group.accounts}


@pytest.mark.parametrize("seed", range(5))
def test_prada_fires_on_synthetic_queries_and_not_on_natural_ones(seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert Prada().lowest(np.array(natural(rng, 400))) >= 0.9
    assert Prada().lowest(np.array(synthetic(rng, 50, 3))) < 0.9


def test_prada_is_blind_to_100_queries_and_to_queries_dealt_out_to_many_accounts() -> None:
    rng = np.random.default_rng(1)
    attack = synthetic(rng, 50, 3)
    alone = asked(1, range(len(attack)), semantic=attack)
    dealt = [row for hand in range(8) for row in asked(10 + hand, range(50), semantic=attack[hand::8])]
    with small(alone + dealt + asked(2, range(150), semantic=natural(rng, 150))) as tables:
        assert accounts_of(Prada().call(tables)) == {1}


def test_prada_takes_a_loop_of_one_prompt_for_an_attack() -> None:
    assert Prada().lowest(np.array([7] * 200)) == 0.0


def test_the_growing_set_takes_what_is_far_and_distances_are_to_it() -> None:
    far = near(0, range(32))
    distances = distances_of(np.array([0, far, near(far, [40]), near(0, [63])]))
    assert distances == pytest.approx([apart(np.array(32)), apart(np.array(1)), apart(np.array(1))])


def test_seat_counts_pairs_of_similar_queries() -> None:
    assert similar_pairs(np.array([0, near(0, [1]), near(0, [1, 2]), near(0, range(30))]), near=1) == 2


def test_seat_bans_an_account_at_51_pairs_and_misses_it_when_dealt_out() -> None:
    rng = np.random.default_rng(2)
    people = [
        row for account in range(100, 400) for row in asked(account, range(5), semantic=natural(rng, 5))
    ]
    seed = natural(rng, 1)[0]
    enough = [near(seed, [place]) for place in range(11)]  # 55 pairs, two signs apart
    few = [near(seed, [place]) for place in range(20, 30)]  # 45 pairs
    with small(
        [*people, *asked(1, range(11), semantic=enough), *asked(2, range(10), semantic=few)]
    ) as tables:
        assert accounts_of(Seat().call(tables)) == {1}
    dealt = [row for place, sketch in enumerate(enough) for row in asked(10 + place, [0], semantic=[sketch])]
    with small(people + dealt) as tables:
        assert accounts_of(Seat().call(tables)) == set()


def test_seat_keeps_ordinary_pairs_below_its_tail() -> None:
    ordinary = np.array(natural(np.random.default_rng(3), 5000))
    limit = Seat().nearness(ordinary)
    pairs = hamming(ordinary[:2500], ordinary[2500:])
    assert 8 <= limit <= 18
    assert (pairs <= limit).mean() < 0.001


def about(rng: np.random.Generator, topics: list[int], n: int) -> list[int]:
    """Prompts on some topics: each a topic's sketch with an eighth of its signs turned."""
    return [
        near(topics[int(rng.integers(len(topics)))], rng.choice(64, 8, replace=False).tolist())
        for _ in range(n)
    ]


def crowd(rng: np.random.Generator) -> tuple[list[int], Rows]:
    topics = natural(rng, 30)
    return topics, [
        row for account in range(100, 400) for row in asked(account, range(6), semantic=about(rng, topics, 6))
    ]


def test_mmd_calls_a_window_on_one_topic_and_not_one_on_everybodys() -> None:
    rng = np.random.default_rng(4)
    topics, people = crowd(rng)
    rows = asked(1, range(120), semantic=about(rng, topics[:1], 120)) + asked(
        2, range(120), semantic=about(rng, topics, 120)
    )
    with small(people + rows) as tables:
        scores = {next(iter(g.accounts)): g.score for g in MmdWindow(QUICK).call(tables).groups}
        again = MmdWindow(QUICK).call(tables)
    assert scores[1] > 5
    assert scores.get(2, 0.0) < 2
    assert scores == {next(iter(g.accounts)): g.score for g in again.groups}


def test_mmd_sees_a_tenth_of_foreign_queries_the_better_the_larger_its_window() -> None:
    """As published: at a tenth of foreign queries next to nothing with 100, a quarter with 200, most with 500
    and 1,000.
    """
    rng, each, sizes = np.random.default_rng(11), 12, (100, 200, 500, 1000)
    topics, people = crowd(rng)
    rows, owners = [], {}
    for number, (size, _) in enumerate(itertools.product(sizes, range(each)), 1):
        mixed = about(rng, topics[:1], size // 10) + about(rng, topics, size - size // 10)
        rows += asked(number, range(size), semantic=rng.permutation(np.array(mixed, np.int64)).tolist())
        owners[number] = size
    with small(people + rows) as tables:
        found = accounts_of(MmdWindow(TwoSample(number=128, nulls=200, sizes=sizes)).call(tables))
    shares = [sum(owners[account] == size for account in found if account in owners) / each for size in sizes]
    assert shares == sorted(shares)
    assert shares[0] < 0.5 < 0.8 < shares[-1]


def test_mmd_is_blind_to_small_accounts_until_they_are_pooled() -> None:
    rng = np.random.default_rng(5)
    topics, people = crowd(rng)
    ring = [
        row
        for account in range(1, 13)
        for row in asked(account, range(10), semantic=about(rng, topics[:2], 10), client=5)
    ]
    rest = [row | {"client": 6 + row["account"] % 3} for row in people]
    with small(rest + ring) as tables:
        assert accounts_of(MmdWindow(QUICK).call(tables)) == set()
        said = PooledMmd("client", test=QUICK).call(tables)
    assert said.groups[0].accounts == frozenset(range(1, 13))
    assert said.groups[0].score > 5


def test_random_features_give_the_gaussian_kernel_and_mmd_none_between_equals() -> None:
    rng = np.random.default_rng(6)
    sketches = np.array(natural(rng, 400))
    features = Features.fit(sketches, 4096, rng)
    made = features.of(sketches)
    exact = ((points(sketches[:1]) - points(sketches)) ** 2).sum(axis=1)
    width = np.median(np.sqrt(4.0 * hamming(sketches[:200], sketches[200:]) / 64))
    assert made @ made[0] == pytest.approx(np.exp(-exact / (2 * width**2)), abs=0.08)
    half, other = made[:200], made[200:]
    rest = other.sum(axis=0, dtype=np.float64)
    within = float((rest @ rest - (other**2).sum()) / (200 * 199))
    assert (
        abs(
            mmd(
                half.sum(axis=0)[None],
                np.array([float((half**2).sum())]),
                np.array([200]),
                rest / 200,
                within,
            )[0]
        )
        < 0.01
    )


def test_exact_duplicates_groups_by_prompt_and_not_by_short_ones() -> None:
    rows = [row for account in range(1, 6) for row in asked(account, [0, 1], prompt=[50, 60], words=[9, 2])]
    rows += [row for account in range(6, 10) for row in asked(account, [0], prompt=70, words=9)]
    with small(rows) as tables:
        assert [group.accounts for group in ExactDuplicates().call(tables).groups] == [frozenset(range(1, 6))]


def forum(rng: np.random.Generator, jump: bool) -> Rows:
    """Strangers with templates of their own over four days; on the last evening thirty accounts share one, if
    it jumps.
    """
    rows = [
        row
        for account in range(100, 200)
        for row in asked(
            account,
            sorted(rng.uniform(0, 96 * 3600, 40).tolist()),
            head=account,
            tail=account + 1000,
            words=20,
        )
    ]
    ring = [
        asked(
            account,
            sorted(rng.uniform(90 * 3600, 95 * 3600, 20).tolist()),
            head=7,
            tail=account + 1000,
            words=20,
        )
        for account in range(1, 31)
    ]
    return rows + ([row for mine in ring for row in mine] if jump else [])


def test_kollude_alarms_when_many_actors_turn_to_one_template_and_only_then() -> None:
    with small(forum(np.random.default_rng(7), jump=True)) as tables:
        (group,) = KolludeAlarms().call(tables).groups
        assert group.accounts == frozenset(range(1, 31))
        scores = {next(iter(g.accounts)): g.score for g in KolludeActors().call(tables).groups}
    assert min(scores[account] for account in range(1, 31)) == pytest.approx(np.log(31))
    assert not any(account in scores for account in range(100, 200))
    with small(forum(np.random.default_rng(7), jump=False)) as tables:
        assert KolludeAlarms().call(tables).groups == ()


def test_kollude_hears_no_alarm_from_one_prolific_actor_or_five_spread_over_a_day() -> None:
    rng = np.random.default_rng(8)
    calm = forum(rng, jump=False)
    prolific = asked(1, sorted(rng.uniform(90 * 3600, 95 * 3600, 900).tolist()), head=7, words=20)
    spread = [
        row for account in range(2, 7) for row in asked(account, [account * 8 * 3600.0], head=9, words=20)
    ]
    with small(calm + prolific + spread) as tables:
        assert KolludeAlarms().call(tables).groups == ()
        assert tables.engine.collect(Templates().coordinated(tables, Templates().used(tables))).num_rows == 0


def test_kollude_alarms_about_as_rarely_as_it_promises() -> None:
    """Its promise: a mean run of at least 1 / alpha hours without change."""
    rng = np.random.default_rng(9)
    hours = [KolludeAlarms(seed=seed).alarms(rng.beta(2, 20, 500), np.full(500, 9.0)) for seed in range(40)]
    assert sum(int(raised.sum()) for raised in hours) <= 40 * 500 / 100
