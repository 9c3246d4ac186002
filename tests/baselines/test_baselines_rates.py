"""Rules on rate, volume and likeness fire where their projects say, and not below."""

from __future__ import annotations

import numpy as np
import pytest
from baseline_tables import asked, drawn, small

from baselines.called import Baseline, Called
from baselines.glasswally import UNFED, WEIGHTS, Glasswally, coded, fingerprint, network
from baselines.glasswally_accounts import Pivots, bursts
from baselines.glasswally_windows import biometric, preamble, reasoning, session_gap, velocity
from baselines.honeypot import Honeypot
from baselines.streams import Stream, streams
from baselines.volume import BusiestShare, Volume
from stillwatch.schema.flags import Flag

MINUTE, HOUR = 60, 3600


def called(baseline: Baseline, said: Called) -> set[int]:
    return {account for group in said.at_defaults() for account in group.accounts}


def evenly(n: int, gap: float) -> list[float]:
    return [place * gap for place in range(n)]


def stream_of(rows: list[dict[str, object]], *columns: str) -> Stream:
    with small(rows) as tables:
        read = tables.exchanges.mutate(tokens=tables.exchanges.output_tokens.fill_null(0))
        (found,) = streams(type(tables)(tables.engine, read, tables.accounts, tables.traces), columns)
    return found


@pytest.mark.parametrize(
    ("n", "gap", "expected"),
    [
        (31, 1.9, True),
        (30, 1.9, False),
        (501, 7.0, True),
        (500, 7.0, False),
        (5001, 17.0, True),
        (5000, 17.0, False),
    ],
)
def test_a_limit_is_passed_by_one_request(n: int, gap: float, expected: bool) -> None:
    with small(asked(1, evenly(n, gap)) + asked(2, evenly(20, 300.0))) as tables:
        assert called(Volume(), Volume().call(tables)) == ({1} if expected else set())


def test_the_window_slides_over_the_full_minute() -> None:
    with small(asked(1, [50.0 + place * 0.5 for place in range(31)])) as tables:
        assert called(Volume(), Volume().call(tables)) == {1}


def test_the_busiest_thousandth_is_one_of_a_thousand() -> None:
    rows = [row for account in range(1, 1001) for row in asked(account, evenly(1 + (account == 7), 60.0))]
    with small(rows) as tables:
        assert called(BusiestShare(), BusiestShare().call(tables)) == {7}


@pytest.mark.parametrize(
    ("gap", "worth"), [(HOUR / 61, 0.25), (HOUR / 60 + 2, 0.0), (HOUR / 201, 0.45), (2.0, 0.45)]
)
def test_glasswally_minds_more_than_60_requests_an_hour(gap: float, worth: float) -> None:
    """Gaps are uneven and sizes too, so that nothing but the rate counts."""
    rng = np.random.default_rng(1)
    times = [place * gap + float(rng.choice([0.0, 0.95])) * gap * 0.9 for place in range(300)]
    rows = asked(
        1, [8 * HOUR + t for t in sorted(times)], output_tokens=[int(x) for x in rng.lognormal(6, 1, 300)]
    )
    score, sure = velocity(stream_of(rows, "tokens"))
    n = np.minimum(HOUR // gap, 299) + 1
    expected = worth * (0.5 + 0.5 * min(n / 50, 1.0))
    assert abs(float(np.median(score[-50:])) - expected) <= 0.01
    assert 0 < sure[-1] <= 1


def test_glasswally_says_nothing_of_four_requests() -> None:
    score, sure = velocity(stream_of(asked(1, evenly(4, 1.0)), "tokens"))
    assert score.tolist() == [0.0] * 4
    assert set(sure) == {0.1}


def test_glasswally_minds_a_metronome() -> None:
    even = velocity(
        stream_of(
            asked(1, [8 * HOUR + t for t in evenly(60, 120.0)], output_tokens=[10, 9000] * 30), "tokens"
        )
    )[0]
    assert even[-1] == pytest.approx(0.30 * (0.5 + 0.5 * 31 / 50))


def test_glasswally_minds_one_beginning_and_one_length() -> None:
    times = evenly(50, 60.0)
    templated, _ = biometric(stream_of(asked(1, times, head=5, prompt_chars=400), "head", "prompt_chars"))
    varied, _ = biometric(
        stream_of(
            asked(1, times, head=list(range(50)), prompt_chars=[10 * 3 ** (i % 5) for i in range(50)]),
            "head",
            "prompt_chars",
        )
    )
    assert templated[-1] == pytest.approx(0.55)
    assert varied.max() == 0.0


def test_glasswally_minds_a_system_prompt_that_ten_accounts_have() -> None:
    stream = stream_of(asked(1, evenly(20, 300.0), system=9), "system")
    assert preamble(stream, {9: 10})[0][-1] == pytest.approx(0.85)
    assert preamble(stream, {9: 4})[0][-1] == pytest.approx(0.53)
    assert preamble(stream, {})[0][-1] == pytest.approx(0.35)
    assert preamble(stream_of(asked(1, evenly(20, 300.0)), "system"), {})[0].max() == 0.0


def test_glasswally_minds_sessions_like_clockwork() -> None:
    clock = [base * 1800.0 + extra for base in range(10) for extra in (0.0, 1.0, 2.0)]
    person = [float(t) for t in np.random.default_rng(3).lognormal(6, 1.2, 40).cumsum()]
    assert session_gap(stream_of(asked(1, clock)))[0].max() == pytest.approx(0.80)
    assert session_gap(stream_of(asked(1, person)))[0].max() == 0.0


def coded_of(rows: list[dict[str, object]], *columns: str) -> Stream:
    with small(rows) as tables:
        (found,) = streams(coded(tables), columns)
    return found


def test_glasswally_minds_who_asks_for_reasoning_and_more_who_does_so_all_the_hour() -> None:
    asks = [int(Flag.REASONING) if place % 5 == 4 else 0 for place in range(10)]
    score, sure = reasoning(coded_of(asked(1, evenly(10, 60.0), flags=asks), "reasoning"))
    assert score.tolist() == pytest.approx([0.0] * 4 + [0.75] + [0.0] * 4 + [0.75])
    assert set(sure) == {0.9}
    rarely = reasoning(
        coded_of(asked(1, evenly(10, 60.0), flags=[0] * 9 + [int(Flag.REASONING)]), "reasoning")
    )[0]
    assert rarely[-1] == pytest.approx(0.40)


def test_glasswally_minds_many_tls_stacks_on_an_account_and_one_of_many_accounts() -> None:
    stream = coded_of(asked(1, evenly(25, 60.0), ja4=77), "ja4")
    for stacks, popular, expected in ((3, [77], 0.35), (3, [], 0.20), (2, [77], 0.15), (2, [], 0.0)):
        score, sure = fingerprint(stream, np.array([stacks])[stream.number], np.array(popular, np.int64))
        assert score[-1] == pytest.approx(expected)
        assert sure[-1] == 1.0
        assert score[0] == pytest.approx(expected * (0.4 + 0.6 * 0.05))


def test_glasswally_minds_hosting_networks_and_clusters_that_live_in_one() -> None:
    stream = coded_of(asked(1, evenly(4, 60.0), network_class=["hosting", "residential"] * 2), "hosting")
    assert network(stream, np.array([2])[stream.number])[0].tolist() == pytest.approx([0.70, 0.50] * 2)
    assert network(stream, np.array([0])[stream.number])[0].tolist() == pytest.approx([0.20, 0.0] * 2)


@pytest.mark.parametrize(
    ("accounts", "times", "expected"),
    [(4, [0.0], None), (5, [0.0], 0.0), (12, [0.0], 0.5), (12, evenly(6, 60.0), 1.0)],
)
def test_glasswally_minds_seconds_in_which_many_accounts_speak(
    accounts: int, times: list[float], expected: float | None
) -> None:
    rows = [row for account in range(1, accounts + 1) for row in asked(account, times)]
    with small(rows) as tables:
        found = bursts(tables)
    assert (float(found.score[-1]) if len(found.score) else None) == (
        expected if expected is None else pytest.approx(expected)
    )


def test_glasswally_minds_a_move_to_another_model_and_more_one_that_a_cluster_makes_together() -> None:
    stream = coded_of(asked(1, evenly(4, 600.0), model=["old", "old", "new", "new"]), "model_number")
    model = int(stream.columns["model_number"][-1])
    half = int(stream.at[2] // (12 * HOUR * 1000))
    for together, expected in ((0, 0.20), (4, 0.20), (6, 0.36), (30, 1.0)):
        score, sure = Pivots({(8, model, half): together}).said(stream, np.array([8])[stream.number])
        assert score.tolist() == pytest.approx([0.0, 0.0, expected, expected])
        assert set(sure) == {0.85}


def test_glasswally_acts_on_a_fleet_in_step_and_on_none_of_its_accounts_alone() -> None:
    def fleet(account: int) -> list[dict[str, object]]:
        times = [HOUR + place * 10.0 for place in range(120)]
        means = {
            "ja4": 77,
            "system": 9,
            "head": 5,
            "prompt_chars": 400,
            "network_class": "hosting",
            "asn": 64_512,
            "flags": int(Flag.REASONING),
        }
        return asked(account, times, output_tokens=300, model="m", **means)

    with small(
        [row for account in range(1, 31) for row in fleet(account)] + asked(99, evenly(5, 900.0), model="m")
    ) as tables:
        assert called(Glasswally(), Glasswally().call(tables)) == set(range(1, 31))
    with small(fleet(1) + asked(99, evenly(5, 900.0), model="m")) as tables:
        assert called(Glasswally(), Glasswally().call(tables)) == set()


def test_glasswally_says_which_of_its_workers_are_not_fed() -> None:
    assert len(WEIGHTS) + len(UNFED) == 16
    assert sum(WEIGHTS.values()) == pytest.approx(0.75)
    assert all(worker in Glasswally.blind for worker in UNFED)


def test_glasswally_takes_all_users_of_one_tls_stack_for_one_cluster() -> None:
    rows = [
        row
        for account in range(1, 31)
        for row in asked(account, evenly(5, 900.0 + account), ja4=77, model="m")
    ]
    with small(rows) as tables:
        scores = {next(iter(g.accounts)): g.score for g in Glasswally().call(tables).groups}
    # hydra 0.40 for 25 accounts and more, sure at 100 requests; the stack 0.15; at least five accounts
    assert min(scores.values()) >= 0.08 * 0.40 + 0.08


# How honeypotllm's own scorer behaved at its defaults when it was run on such streams.


def test_honeypotllm_calls_a_coding_agent_at_request_23() -> None:
    semantic_vectors = drawn(np.random.default_rng(5), 40)
    suspicion = _suspicion(
        asked(
            1, evenly(40, 0.4), semantic=semantic_vectors, head=list(range(1, 41)), prompt=list(range(1, 41))
        )
    )
    assert int(np.argmax(suspicion >= 0.75)) + 1 == 23


def test_honeypotllm_calls_a_batch_of_45_a_minute_at_request_43() -> None:
    semantic_vectors = drawn(np.random.default_rng(6), 60)
    suspicion = _suspicion(
        asked(
            1,
            evenly(60, MINUTE / 45),
            semantic=semantic_vectors,
            head=list(range(1, 61)),
            prompt=list(range(1, 61)),
        )
    )
    assert int(np.argmax(suspicion >= 0.75)) + 1 == 43


def test_honeypotllm_never_calls_varied_prompts_at_a_human_pace() -> None:
    semantic_vectors = drawn(np.random.default_rng(7), 2000)
    suspicion = _suspicion(
        asked(
            1,
            evenly(2000, 20.0),
            semantic=semantic_vectors,
            head=list(range(1, 2001)),
            prompt=list(range(1, 2001)),
        )
    )
    assert suspicion.max() < 0.75


def test_honeypotllm_calls_a_template_at_request_7() -> None:
    suspicion = _suspicion(
        asked(
            1,
            evenly(12, 90.0),
            semantic=drawn(np.random.default_rng(8), 12),
            head=4,
            prompt=list(range(1, 13)),
        )
    )
    assert 6 <= int(np.argmax(suspicion >= 0.75)) + 1 <= 7


def test_honeypotllm_counts_volume_from_twice_the_days_limit_on() -> None:
    rows = asked(
        1,
        evenly(41, 600.0),
        semantic=drawn(np.random.default_rng(9), 41),
        head=list(range(1, 42)),
        prompt=list(range(1, 42)),
    )
    stream = stream_of(rows, "semantic", "head", "prompt")
    quiet, loud = (
        Honeypot(per_day=limit, rate_weight=0.0, decay=0.0).suspicion(stream) for limit in (21, 10)
    )
    assert quiet[-1] == 0.0
    gained = np.diff(loud)
    assert gained[19] == pytest.approx(0.15 * 1 / 80)
    assert gained[39] == pytest.approx(0.15 * 21 / 80)


def test_honeypotllm_forgets_in_hours() -> None:
    quick = asked(1, [*evenly(6, 90.0), 30 * HOUR], semantic=1, head=4, prompt=4)
    suspicion = _suspicion(quick)
    assert suspicion[-1] == pytest.approx(0.3)
    assert suspicion[5] > 0.75


def _suspicion(rows: list[dict[str, object]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return Honeypot().suspicion(stream_of(rows, "semantic", "head", "prompt"))


def test_slices_of_accounts_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        row
        for account in range(-20, 20)
        for row in asked(account, evenly(10 + account % 7, 1.5 + account % 3))
    ]
    with small(rows) as tables:
        whole = Volume(per_minute=5).call(tables)
        monkeypatch.setattr("baselines.streams.ROWS_AT_ONCE", 40)
        assert len(list(streams(tables, ()))) > 4
        assert Volume(per_minute=5).call(tables) == whole
