"""Tests of sets that content formed: conversations that go on within them, prompts that are dealt out."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from stillwatch.engine import DuckDBEngine
from stillwatch.heldout.coverage import FADES, LEAST, coverage_log_e
from stillwatch.heldout.passing_on import STAKES, bet, passing_on

Ints = npt.NDArray[np.int64]
NOTHING = np.zeros(0, np.int64)


def told(inside: int, conversations: int, chance: float) -> float:
    return bet(np.arange(conversations) < inside, np.full(conversations, chance))


def test_the_bet_on_conversations_is_fair() -> None:
    for chance in (0.01, 0.2, 0.7):
        for conversations in (1, 3, 8):
            mean = sum(
                math.comb(conversations, inside)
                * chance**inside
                * (1 - chance) ** (conversations - inside)
                * math.exp(told(inside, conversations, chance))
                for inside in range(conversations + 1)
            )
            assert mean == pytest.approx(1.0, abs=1e-4)


def test_conversations_that_stay_inside_win_and_others_lose() -> None:
    assert told(20, 20, 0.05) > 40
    assert told(1, 20, 0.05) < 0
    assert told(0, 0, 0.05) == 0.0
    assert told(0, 3, 0.05) < math.log(1 - STAKES.min())


def test_an_account_stands_out_only_if_it_leaves_and_takes_on(duck: DuckDBEngine) -> None:
    everyone = list(range(1, 201))
    turns = {"account": everyone, "part": [0] * 200, "continues": everyone}
    exchanges = duck.load("turns", pa.table(turns))
    halves = duck.load("halves", pa.table({"part": [0, 1], "tests": [False, True]}))
    # 1, 2 and 3 hand on to each other; 4 only takes on; 5 also hands on to strangers.
    pairs = [(1, 2), (2, 3), (3, 1), (1, 4), (2, 4), (5, 1), (1, 5), *((5, other) for other in range(20, 40))]
    rows = [{"part": 1, "giver": giver, "taker": taker, "tests": True} for giver, taker in pairs]
    handed = duck.load("handed", pa.Table.from_pylist(rows))
    strata = duck.load("strata", pa.table({"account": everyone, "client": [7] * 200}))
    members = pa.table({"group": pa.array([1] * 5, pa.int32()), "account": [1, 2, 3, 4, 5]})
    found = passing_on(duck, exchanges, handed, halves, strata, members)[1]
    assert {account for account, p in found.p_values.items() if p < 0.2} == {1, 2, 3}
    assert found.p_values[4] == 1.0


def test_the_users_of_one_client_are_compared_with_each_other(duck: DuckDBEngine) -> None:
    # Ten accounts hand on within a client that is nearly theirs alone: any client with shared chats is so.
    everyone = list(range(1, 201))
    exchanges = duck.load("turns", pa.table({"account": everyone, "part": [0] * 200, "continues": everyone}))
    halves = duck.load("halves", pa.table({"part": [0, 1], "tests": [False, True]}))
    rows = [
        {"part": 1, "giver": giver, "taker": taker, "tests": True}
        for giver in range(1, 11)
        for taker in range(1, 11)
        if giver != taker
    ]
    handed = duck.load("handed", pa.Table.from_pylist(rows))
    members = pa.table({"group": pa.array([1] * 10, pa.int32()), "account": list(range(1, 11))})
    for client, passes in ((11, False), (200, True)):
        clients = [7 if account <= client else 8 for account in everyone]
        strata = duck.load("strata", pa.table({"account": everyone, "client": clients}))
        found = passing_on(duck, exchanges, handed, halves, strata, members)[1]
        assert (found.log_e > math.log(1_000)) == passes


def paid(p: list[float], accounts: int, known: Ints) -> float:
    """The mean e-value over everything that can happen if each account asks one prompt, drawn from p."""
    total = 0.0
    for code in range(len(p) ** accounts):
        asked = [code // len(p) ** place % len(p) for place in range(accounts)]
        rows = [np.array([prompt]) for prompt in asked]
        total += math.prod(p[prompt] for prompt in asked) * math.exp(coverage_log_e(rows, known, len(p)))
    return total


@pytest.mark.parametrize("p", [[0.25] * 4, [0.7, 0.1, 0.1, 0.1], [0.5, 0.49, 0.01], [1.0]])
@pytest.mark.parametrize("known", [[], [0], [0, 1], [2]])
def test_drawing_from_one_source_pays_at_most_one(p: list[float], known: list[int]) -> None:
    public = np.array([prompt for prompt in known if prompt < len(p)], np.int64)
    assert paid(p, 5, public) <= 1.0 + 1e-6


def sizes(rng: np.random.Generator, accounts: int) -> Ints:
    return np.maximum(rng.lognormal(3.5, 0.8, accounts), 3).astype(np.int64)


def asked(rng: np.random.Generator, kind: str, size: int, own: int) -> Ints:
    """The prompts of one stranger of a kind; own: where prompts that nobody else has begin."""
    popular = 1.0 / np.arange(1, 401)
    ways: dict[str, Callable[[], Ints]] = {
        "pipeline": lambda: rng.choice(400, size, p=popular / popular.sum()),
        "own data": lambda: np.append(rng.integers(0, 400, 5), np.arange(own, own + size)),
        "class": lambda: np.flatnonzero(rng.random(15) < 0.9),
        "viral": lambda: np.array([0, own]),
        "file": lambda: np.arange(min(size, 400)),
        "window": lambda: rng.integers(0, 400) + np.arange(size),
        "shard": lambda: 50 * rng.integers(8) + np.arange(50),
    }
    return np.unique(ways[kind]())


def strangers(rng: np.random.Generator, kind: str) -> list[Ints]:
    """Twenty hobbyists, a class of twenty and the like, with a list of 400 prompts."""
    return [asked(rng, kind, int(size), 1_000 + 1_000 * number) for number, size in enumerate(sizes(rng, 20))]


def log_e(rows: list[Ints], known: Ints = NOTHING) -> float:
    number = np.unique(np.concatenate([*rows, known]), return_inverse=True)[1]
    parts = np.split(number, np.cumsum([len(row) for row in rows]))
    return coverage_log_e(parts[:-1], parts[-1], int(number.max(initial=-1)) + 1)


@pytest.mark.parametrize("kind", ["pipeline", "own data", "class", "viral", "file", "window", "shard"])
def test_strangers_with_one_template_stay_ungrouped(kind: str) -> None:
    rng = np.random.default_rng(17)
    e = np.exp([log_e(strangers(rng, kind)) for _ in range(40)])
    assert e.mean() <= 1.0 + 2.6 * e.std() / math.sqrt(len(e))
    assert e.max() < 20


def dealt(rng: np.random.Generator, accounts: int, times: int) -> list[Ints]:
    """A list of 600 prompts, dealt out so many times; half of it in the test half."""
    hands = np.concatenate([rng.permutation(600) % accounts for _ in range(times)])
    kept = rng.random(len(hands)) < 0.5
    prompt = np.tile(np.arange(600), times)
    return [np.unique(prompt[kept & (hands == account)]) for account in range(accounts)]


def test_a_list_that_is_dealt_out_is_seen() -> None:
    rng = np.random.default_rng(3)
    public = np.unique(rng.integers(0, 600, 1_500))
    assert log_e(dealt(rng, 60, 1), public) > math.log(1_000)
    assert log_e(dealt(rng, 100, 4)) > math.log(100)
    # Without anybody else who asks from the list, nobody can know that it has an end.
    assert log_e(dealt(rng, 60, 1)) == pytest.approx(0.0)


def test_two_accounts_of_one_person_win_nothing() -> None:
    rng = np.random.default_rng(5)
    rows = [np.unique(rng.integers(0, 400, 60)) + 1_000 * (number // 2) for number in range(20)]
    assert log_e(rows) <= 1e-6


def test_a_lost_bet_is_a_number() -> None:
    same = [np.array([0]) for _ in range(900)]
    filler = [np.arange(1, 50)]
    value = log_e(filler + same)
    assert math.isfinite(value)
    assert value > 900 * math.log(LEAST)
    assert len(FADES) == 2


def test_nobody_asks_nothing() -> None:
    assert coverage_log_e([], NOTHING, 0) == 0.0
