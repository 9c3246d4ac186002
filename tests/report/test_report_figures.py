"""The figures: true to their rows, whatever the rows are."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stillwatch.report as package
from stillwatch.report.figures import axes, graph, timeline, waterfall
from stillwatch.report.figures.svg import element, nice_ticks

START = datetime(2026, 2, 1, tzinfo=UTC)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=60)
XML_WORDS = WORDS.filter(lambda words: not re.search("[\ufffe\uffff]", words))


def rows_of(hours: list[int], exchanges: list[int]) -> list[dict[str, Any]]:
    """Hourly rows."""
    return [
        {"time": START + timedelta(hours=h), "exchanges": n, "accounts": 1 + n // 9}
        for h, n in zip(sorted(hours), exchanges, strict=False)
    ]


def evidence_of(nats: list[float]) -> list[dict[str, Any]]:
    """Rows of a waterfall, formation and held-out by turns."""
    families = ("network", "identity", "software", "rhythm", "content")
    return [
        {
            "facet": f"facet_{i}",
            "family": families[i % 5],
            "kind": "cap" if i == 5 else "facet",
            "role": ("formation", "held-out")[i % 2],
            "nats": n,
            "accounts": 9,
            "keys": None if i == 4 else 2,
        }
        for i, n in enumerate(nats)
    ]


def links_of(accounts: int, keys: int, label: str = "a label") -> list[dict[str, Any]]:
    """Every account carries every third key."""
    families = ("network", "identity", "content")
    return [
        {"facet": f"facet_{k % 3}", "family": families[k % 3], "key": k, "label": label, "account": a, "n": 1}
        for a in range(accounts)
        for k in range(keys)
        if (a + k) % 3 == 0
    ]


@given(st.floats(1e-6, 1e12), st.integers(2, 8))
def test_ticks_reach_the_top_and_are_few(top: float, wanted: int) -> None:
    ticks = nice_ticks(top, wanted)
    assert ticks[0] == 0
    assert ticks[-1] >= top * (1 - 1e-6)
    assert len(ticks) <= wanted + 2


@given(XML_WORDS, XML_WORDS)
def test_elements_carry_any_words(words: str, more: str) -> None:
    made = ElementTree.fromstring(str(element("text", words, class_=more)))
    assert made.text == (words or None)
    assert made.attrib["class"].split() == more.split()


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 20_000), min_size=1, max_size=60, unique=True),
    st.lists(st.integers(1, 10**6), min_size=60, max_size=60),
)
def test_bars_lose_no_exchange(hours: list[int], exchanges: list[int]) -> None:
    rows = rows_of(hours, exchanges)
    length = timeline.bucket_hours(rows[0]["time"], rows[-1]["time"])
    bars = timeline.bars(rows, length)
    assert sum(bar.exchanges for bar in bars) == sum(row["exchanges"] for row in rows)
    assert len(bars) <= timeline.MOST_BARS + 1
    assert all(a.start < b.start for a, b in itertools.pairwise(bars))


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 3_000), min_size=1, max_size=20, unique=True), XML_WORDS, st.integers(0, 3_000)
)
def test_a_timeline_is_well_formed(hours: list[int], label: str, at: int) -> None:
    rows = rows_of(hours, list(range(1, 21)))
    marks = [{"time": START + timedelta(hours=at), "kind": "release", "label": label, "group": None}]
    picture = ElementTree.fromstring(
        str(timeline.timeline(rows, marks, (START, START + timedelta(hours=3_000))))
    )
    for bar in picture.iter("rect"):
        assert timeline.LEFT - 0.1 <= float(bar.attrib["x"]) <= timeline.RIGHT
        assert float(bar.attrib["height"]) <= timeline.VOLUME + 0.1


def test_marks_outside_the_picture_are_left_out() -> None:
    marks = [
        {"time": START + timedelta(days=d), "kind": "ban", "label": f"{d} accounts", "group": 1}
        for d in (1, 300)
    ]
    picture = str(timeline.timeline(rows_of(list(range(48)), [5] * 48), marks, (None, None)))
    assert "ban: 1 accounts" in picture
    assert "300 accounts" not in picture


def test_marks_close_together_do_not_lie_on_each_other() -> None:
    marks = [
        {"time": START + timedelta(hours=20 + i), "kind": "release", "label": f"model-{i}", "group": None}
        for i in range(3)
    ]
    picture = str(timeline.timeline(rows_of(list(range(400)), [5] * 400), marks, (None, None)))
    heights = re.findall(r'y="([\d.]+)" class="small m-release"', picture)
    assert len(set(heights)) == 3


@settings(max_examples=40)
@given(st.lists(st.floats(-6, 20), min_size=1, max_size=16), st.one_of(st.none(), st.floats(0.5, 30)))
def test_a_waterfall_stays_in_its_frame(nats: list[float], threshold: float | None) -> None:
    picture = ElementTree.fromstring(str(waterfall.waterfall(evidence_of(nats), 9, threshold)))
    for bar in picture.iter("rect"):
        left, width = float(bar.attrib["x"]), float(bar.attrib["width"])
        assert left >= waterfall.LEFT - 0.2
        assert left + width <= waterfall.RIGHT + 1.2


def test_a_waterfall_keeps_held_out_apart() -> None:
    picture = str(waterfall.waterfall(evidence_of([2.0, 5.0, 3.0]), 9, 4.0))
    assert (
        picture.index("what linked")
        < picture.index("facet 2")
        < picture.index("what tested")
        < picture.index("facet 1")
    )
    assert "formation 5.0 nats; held-out 5.0 nats" in picture
    assert picture.index("formation and held out together") > picture.index("facet 1")
    assert "+10.0" in picture


@settings(max_examples=40)
@given(st.integers(1, 120), st.integers(1, 80))
def test_a_graph_draws_at_most_so_many_and_every_family(accounts: int, keys: int) -> None:
    links = links_of(accounts, keys)
    drawn, who = graph.chosen(links)
    assert len(drawn) <= graph.ROOMY[1]
    assert len(who) <= graph.ROOMY[0]
    assert {trace.family for trace in drawn} == {link["family"] for link in links}


@settings(max_examples=40)
@given(XML_WORDS)
def test_a_graph_is_well_formed(label: str) -> None:
    ElementTree.fromstring(str(graph.graph(links_of(9, 6, label), dict.fromkeys(range(9), label))))


def test_nothing_to_draw_draws_nothing() -> None:
    assert not graph.graph([], {})
    assert not waterfall.waterfall([], 0, None)
    assert not timeline.timeline([], [], (None, None))


@given(st.floats(-1, 2), st.floats(-1, 2))
def test_bars_stay_on_their_track(score: float, peers: float) -> None:
    picture = ElementTree.fromstring(str(axes.beside_peers(score, peers)))
    assert all(0 <= float(bar.attrib["width"]) <= 90 for bar in picture.iter("rect"))


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: str, b: str) -> float:
    """Contrast of two colours (WCAG 2.2)."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_can_be_told_apart_in_both_schemes(scheme: str) -> None:
    style = (Path(package.__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")
    block = style.split(":root")[1 if scheme == "light" else 2]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    for name in ("ink", "quiet", "link", "network", "identity", "software", "rhythm", "content", "bad"):
        assert contrast(colours[name], colours["paper"]) >= 4.5, name
    for name in ("bad", "warn", "good"):
        assert contrast(colours[name], colours[f"{name}-back"]) >= 4.5, name
    assert contrast(colours["bar"], colours["paper"]) >= 3
    assert contrast(colours["ink"], colours["plain-back"]) >= 4.5
