"""The two things a held-out bet stands on: exact moments of a draw, and whom a group is compared with."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import hypergeom

from stillwatch.heldout import hypergeometric
from stillwatch.heldout.hypergeometric import log_moments
from stillwatch.heldout.peers import cells_of, pooled

TILTS = (0.5, 2.0, 8.0)


@given(st.lists(st.tuples(st.integers(1, 200), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=6))
def test_moments_are_those_of_the_hypergeometric(draws: list[tuple[int, float, float]]) -> None:
    whole, marked, drawn = (
        np.array(column)
        for column in zip(*[(n, round(a * n), round(b * n)) for n, a, b in draws], strict=True)
    )
    found = log_moments(whole, marked, drawn, TILTS)
    for row, (n, k, m) in enumerate(zip(whole, marked, drawn, strict=True)):
        x = np.arange(max(0, m + k - n), min(m, k) + 1)
        for column, tilt in enumerate(TILTS):
            assert found[row, column] == pytest.approx(
                logsumexp(hypergeom.logpmf(x, n, k, m) + tilt * x), abs=1e-6
            )


def test_moments_do_not_depend_on_the_parts_they_are_summed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    whole = rng.integers(50, 500, 40)
    marked, drawn = rng.integers(1, 50, 40), rng.integers(1, 50, 40)
    at_once = log_moments(whole, marked, drawn, TILTS)
    monkeypatch.setattr(hypergeometric, "AT_ONCE", 60)
    assert (log_moments(whole, marked, drawn, TILTS) == at_once).all()
    assert log_moments(whole[:0], marked[:0], drawn[:0], TILTS).shape == (0, len(TILTS))


def strata(sizes: list[int], clients: list[int | None] | None = None) -> pa.Table:
    """Cells of those sizes, numbered from 1; two cells a stratum, two strata a region; each with a client of
    its own where none are given.
    """
    cell = np.repeat(np.arange(len(sizes)), sizes)
    region = pa.array([f"r{number // 4}" for number in cell])
    client = pa.array(
        [number if clients is None else clients[number] for number in cell.tolist()], pa.int64()
    )
    return pa.table(
        {
            "account": np.arange(len(cell))[::-1],
            "cell": cell + 1,
            "client": client,
            "stratum": cell // 2,
            "region": region,
        }
    )


def test_cells_know_their_accounts() -> None:
    cells = cells_of(strata([3, 2, 4]))
    assert cells.cell.tolist() == [1, 2, 3]
    assert cells.accounts.tolist() == [3, 2, 4]
    assert cells.own(np.array([8, 0, 1])).tolist() == [1, 0, 2], (
        "accounts are numbered backwards in this world"
    )


@pytest.mark.parametrize(
    ("own", "alone", "together"),
    [
        ([10, 0, 0, 0, 0, 0, 0, 0], [0], []),
        ([38, 0, 0, 0, 0, 0, 0, 0], [], [(0, 1)]),
        ([38, 38, 0, 0, 0, 0, 0, 0], [], [(0, 1, 2, 3)]),
        ([38, 38, 10, 0, 0, 0, 0, 0], [2], [(0, 1, 3)]),
        ([38, 10, 0, 0, 0, 0, 0, 0], [1], [(0, 2, 3)]),
        ([38, 38, 38, 38, 0, 0, 0, 0], [], [(0, 1, 2, 3, 4, 5, 6, 7)]),
        ([40] * 8, [], [(0, 1, 2, 3, 4, 5, 6, 7)]),
    ],
)
def test_a_filled_cell_is_pooled_with_what_is_nearest_and_free(
    own: list[int], alone: list[int], together: list[tuple[int, ...]]
) -> None:
    pools = pooled(cells_of(strata([40] * 8)), np.array(own), 20, 0.25)
    assert np.flatnonzero(pools.alone).tolist() == alone
    used = {int(number) for number in pools.number[np.array(own) > 0]}
    found = [tuple(np.flatnonzero(pools.number == number).tolist()) for number in sorted(used)]
    assert sorted(found) == sorted([*[(cell,) for cell in alone], *together])


@pytest.mark.parametrize(
    ("clients", "own", "together"),
    [
        ([1, 2, 1, 3, 1, 4, 5, 6], [38, 0, 0, 0, 0, 0, 0, 0], [(0, 2, 4)]),
        ([1, 2, 1, 2, 3, 4, 5, 6], [38, 38, 0, 0, 0, 0, 0, 0], [(0, 2), (1, 3)]),
        ([1, 2, 1, 3, 4, 5, 6, 7], [38, 0, 38, 0, 0, 0, 0, 0], [(0, 1), (2, 3)]),
        ([None, 2, None, 3, 4, 5, 6, 7], [38, 0, 0, 0, 0, 0, 0, 0], [(0, 1)]),
    ],
)
def test_a_filled_cell_is_pooled_with_its_client_elsewhere_before_anything_else(
    clients: list[int | None], own: list[int], together: list[tuple[int, ...]]
) -> None:
    pools = pooled(cells_of(strata([40] * 8, clients)), np.array(own), 20, 0.25)
    used = {int(number) for number in pools.number[np.array(own) > 0]}
    assert sorted(tuple(np.flatnonzero(pools.number == number).tolist()) for number in used) == together
    assert not pools.alone.any()


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 60), st.floats(0, 1)), min_size=1, max_size=16),
    st.integers(1, 40),
    st.sampled_from([0.0, 0.25, 1.0]),
)
def test_pools_part_the_cells_and_hold_outsiders_enough(
    cells: list[tuple[int, float]], least: int, share: float
) -> None:
    sizes = [size for size, _ in cells]
    own = np.array([round(size * part) for size, part in cells])
    pools = pooled(cells_of(strata(sizes)), own, least, share)
    number, outside = pools.number, np.array(sizes) - own
    assert set(number.tolist()) == set(range(number.max() + 1))
    for cell in np.flatnonzero(pools.alone):
        assert (number == number[cell]).sum() == 1
        assert own[cell] > 0
        assert outside[cell] >= max(least, share * own[cell])
    wanting = [
        p for p in range(number.max() + 1) if own[number == p].sum() and outside[number == p].sum() < least
    ]
    assert len(wanting) <= 1, "only what is left at the end may lack outsiders"
