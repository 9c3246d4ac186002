"""Numbers, times and keys as a reader sees them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.report import formatting


def test_intervals_of_shares() -> None:
    assert formatting.interval({"low": 0.383, "high": 0.44}) == "38\N{EN DASH}44%"
    assert formatting.interval({"low": 0.0, "high": 0.0042}) == "0.0\N{EN DASH}0.4%"
    assert formatting.interval({"low": 1.0, "high": 1.0}) == "100%"


@pytest.mark.parametrize(
    ("log_e", "shown"),
    [
        (41 * math.log(10) + 0.1, "10⁴¹"),
        (math.log(310), "310"),
        (math.log(2.5), "2.5"),
        (0.0, "1"),
        (-5.0, "0.0067"),
        (math.inf, "∞"),
        (math.nan, formatting.DASH),
    ],
)
def test_e_values(log_e: float, shown: str) -> None:
    assert formatting.e_value(log_e) == shown


def test_an_e_value_is_never_overstated() -> None:
    assert formatting.e_value(5.999 * math.log(10)) == "10⁵"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, formatting.DASH), (0.21, "0.21"), (3e-89, "3e-89"), (2e-7, "2e-7"), (0.0, "0"), (1.0, "1")],
)
def test_p_values(value: float | None, shown: str) -> None:
    assert formatting.probability(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0%"), (0.0004, "<0.1%"), (0.004, "0.4%"), (0.97, "97%"), (1.0, "100%"), (None, formatting.DASH)],
)
def test_shares(value: float | None, shown: str) -> None:
    assert formatting.percent(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(950, "950"), (12_345, "12.3k"), (3_400_000, "3.4M"), (0.5, "0.5")]
)
def test_short_numbers(value: float, shown: str) -> None:
    assert formatting.short(value) == shown


def test_small_evidence_has_no_sign() -> None:
    assert formatting.nats(-0.01) == "0.0"
    assert formatting.nats(-0.4) == f"{formatting.MINUS}0.4"


def test_periods() -> None:
    feb3, feb19, march = (datetime(2026, m, d, 5, tzinfo=UTC) for m, d in ((2, 3), (2, 19), (3, 1)))
    assert formatting.period(feb3, feb3) == "3 Feb 2026"
    assert formatting.period(feb3, feb19) == f"3 {formatting.DASH} 19 Feb 2026"
    assert formatting.period(feb3, march) == f"3 Feb {formatting.DASH} 1 Mar 2026"
    assert formatting.period(None, march) == formatting.DASH
    assert formatting.period(feb3, feb19, year=False) == f"3 {formatting.DASH} 19 Feb"
    assert formatting.period(feb3, feb3, year=False) == "3 Feb"


def test_a_trace_names_its_facet_once() -> None:
    assert formatting.labelled("active_hours", "active_hours 1a2b3c4d") == "active hours: 1a2b3c4d"
    assert formatting.labelled("client", "sdk/1.0") == "client: sdk/1.0"


def test_findings_become_sentences() -> None:
    assert formatting.sentence("nothing found") == "Nothing found."
    assert formatting.sentence("Done. ") == "Done."
    assert formatting.sentence("") == ""


@given(st.text(max_size=80), st.integers(1, 40))
def test_cut_text_is_short_and_drives_no_terminal(text: str, length: int) -> None:
    shown = formatting.cut(text, length)
    assert len(shown) <= length
    assert shown.isprintable()


@given(st.integers(-(2**63), 2**63 - 1))
def test_keys_keep_all_their_bits(key: int) -> None:
    shown = formatting.key(key)
    assert len(shown) == 16
    assert int(shown, 16) == key % 2**64
