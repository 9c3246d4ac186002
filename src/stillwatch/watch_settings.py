"""Settings of watching."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.allowed import OneOf, Within
from stillwatch.setting import Section, setting


@dataclass(frozen=True)
class WatchSettings(Section):
    """How the days of a run are watched."""

    section: ClassVar[str] = "watch"

    average_run_length: float = setting(
        365.0,
        "Days that pass without a false alarm on average, at least, where no group is more than chance.",
        Within(0, 10**6, above=True),
    )
    window: int = setting(
        28,
        "Days of traffic that the search of one day looks at: the day itself and those before it.",
        Within(1, 36_500),
    )
    every: int = setting(
        1,
        "The search is made at the end of every so many days, counted back from the last.",
        Within(1, 3_650),
    )
    searches_a_day: int = setting(
        1,
        "Searches of a day that is searched, evenly spaced, the last at its end: 1, 2, 3, 4, 6, 8, 12 or "
        "24; above 1 every must be 1.",
        OneOf((1, 2, 3, 4, 6, 8, 12, 24)),
    )
    overlap: float = setting(
        0.5,
        "Share of the smaller one's accounts at which a campaign of a later day is an earlier alarm going "
        "on.",
        Within(0, 1, above=True),
    )
