"""From the records of many worlds to rates with exact intervals, compared with what was promised."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import beta

from guarantee_study.changes import CHANGES
from guarantee_study.worlds import BENIGN, CAMPAIGNS, LEVELS, Record
from stillwatch.pipeline.watch import level_of
from stillwatch.settings import CampaignSettings
from stillwatch.simulate.score import ACCUSING
from stillwatch.watch_settings import WatchSettings
from study.given_worlds import place_of
from study.promises import EARLY, Line, false_worlds, mean, nominal, rate

SURE = 0.95
"""Confidence of the lower limit of the run length."""


def lines_of(records: Sequence[Record]) -> list[Line]:
    """Return every promise of the records' studies."""
    by_study = _by_study(records)
    lines = [line for study in (BENIGN, *CHANGES) for line in any_false(study, by_study[study])]
    lines += realised(by_study[CAMPAIGNS]) + coverage(by_study[CAMPAIGNS])
    return lines + false_alarms(by_study[BENIGN])


def _by_study(records: Sequence[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        found[record["task"]["study"]].append(record)
    return found


def _false(record: Record, level: int, verdict: str) -> int:
    return sum(record["levels"][level]["false"][verdict].values())


def any_false(study: str, records: list[Record]) -> list[Line]:
    """Return the share of worlds without campaigns that have a false one.

    If everything listed is false, this is the false discovery rate too.
    """
    if not records:
        return []
    lines = []
    for verdict in ACCUSING:
        for number, level in enumerate(LEVELS):
            worlds = sum(_false(record, number, verdict) > 0 for record in records)
            groups = sum(_false(record, number, verdict) for record in records)
            lines.append(
                rate(
                    false_worlds(verdict),
                    nominal(study, level),
                    level,
                    worlds,
                    len(records),
                    f"{groups} false" if groups else "",
                )
            )
    return lines


def realised(records: list[Record]) -> list[Line]:
    """Return the mean share of false ones among what is listed, in worlds with campaigns."""
    lines = []
    for number, level in enumerate(LEVELS if records else ()):
        for what, verdicts in (("adversarial", ("adversarial",)), ("accused", ACCUSING)):
            false = np.array(
                [sum(_false(record, number, verdict) for verdict in verdicts) for record in records]
            )
            listed = np.array(
                [
                    sum(record["levels"][number]["listed"].get(verdict, 0) for verdict in verdicts)
                    for record in records
                ]
            )
            shares = false / np.maximum(listed, 1)
            # The share is at most one, so its mean is at most the chance of any false one, which has an exact
            # interval.
            exact = rate("", "", level, int((false > 0).sum()), len(records))
            line = mean(
                f"false discovery rate, {what}",
                nominal(CAMPAIGNS, level),
                level,
                shares,
                f"{listed.sum()} listed",
            )
            lines.append(
                Line(**{**asdict(line), "low": min(line.low, exact.low), "high": max(line.high, exact.high)})
            )
    return lines


def coverage(records: list[Record]) -> list[Line]:
    """Return how often the bound of a listed linked campaign is above the accounts for which it is right.

    Only named accounts count.
    """
    bounds = [bound for record in records for bound in record["bounds"]]
    if not bounds:
        return []
    wrong = sum(at_least > right for at_least, right, _named in bounds)
    share = sum(at_least for at_least, _, _ in bounds) / max(sum(right for _, right, _ in bounds), 1)
    level = CampaignSettings().bound_level
    return [
        rate(
            "bound above the truth",
            f"{CAMPAIGNS}, listed linked campaigns",
            level,
            wrong,
            len(bounds),
            f"bound {share:.0%} of the truth",
        )
    ]


@dataclass(frozen=True)
class RunLength:
    """What is known about the mean number of days to a false alarm."""

    verdict: str
    """The alarms that count."""
    promised: float
    """Days, at least."""
    every: int
    """Days between the searches."""
    worlds: int
    """Worlds watched."""
    days: int
    """Days of each."""
    alarmed: int
    """Worlds with a false alarm."""
    at_least: float
    """Lower limit at 95 %, in days: quiet windows before the first with an alarm.

    The windows of different worlds count as future ones.
    """


def run_lengths(records: list[Record]) -> list[RunLength]:
    """Return what is known about each kind of watch, by verdict.

    With p the upper limit (Clopper and Pearson 1934) of the chance that a window has an alarm, the first
    comes after (1 - p) / p windows or more.
    """
    found = []
    for (promised, every), alike in _watched_alike(records).items():
        days, n = min(record["watch"]["searched"] for record in alike) * every, len(alike)
        for verdict in ACCUSING:
            alarmed = _alarmed(verdict, alike)
            upper = 1.0 if alarmed == n else float(beta.ppf(SURE, alarmed + 1, n - alarmed))
            found.append(
                RunLength(verdict, promised, every, n, days, alarmed, round(days * (1.0 - upper) / upper, 1))
            )
    return found


def false_alarms(records: list[Record]) -> list[Line]:
    """Share of searched windows with a false alarm; the promise allows one in so many searches."""
    lines = []
    for (promised, every), alike in _watched_alike(records).items():
        searches = max(record["watch"]["searched"] for record in alike)
        level = level_of(WatchSettings(average_run_length=promised, every=every))
        case = (
            f"{searches} {'search' if searches == 1 else 'searches'} of a world, run length {promised:g} days"
        )
        lines += [
            rate(
                f"worlds with a false {verdict} alarm",
                case,
                min(searches * level, 1.0),
                _alarmed(verdict, alike),
                len(alike),
            )
            for verdict in ACCUSING
        ]
    return lines


def _watched_alike(records: Sequence[Record]) -> dict[tuple[float, int], list[Record]]:
    """Return the worlds that were watched, by the run length promised and the days between searches."""
    found: dict[tuple[float, int], list[Record]] = defaultdict(list)
    for record in records:
        if "watch" in record:
            found[record["task"]["average_run_length"], record["task"]["every"]].append(record)
    return dict(sorted(found.items()))


def _alarmed(verdict: str, records: Sequence[Record]) -> int:
    """Return the worlds with a false alarm."""
    return sum(bool(record["watch"]["false_alarms"][verdict]) for record in records)


@dataclass(frozen=True)
class Delay:
    """How late the alarm for one campaign came, over the worlds with it."""

    place: str
    """The scenario, and its backdrops besides its own."""
    campaign: str
    """Its name."""
    scale: float
    """The worlds' scale."""
    worlds: int
    """Worlds with it."""
    alarmed: int
    """Those with an alarm."""
    days: float | None
    """Median days from its first exchange to the end of the alarm's day; None where most have none."""
    gone: float
    """Median share of its exchanges gone by then."""
    early: float
    """Share of the worlds with an alarm before a twentieth of its exchanges was gone."""
    low: float
    """Lower end of that share's exact interval at 99 %."""
    high: float
    """Its upper end."""


def delays_of(records: Sequence[Record]) -> list[Delay]:
    """Return the delays by campaign and scale."""
    rows: dict[tuple[str, str, float], list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        if record["task"]["study"] == CAMPAIGNS and "watch" in record:
            for row in record["watch"]["campaigns"]:
                rows[_place(record["task"]), row["name"], record["task"]["scale"]].append(row)
    return [_delay(*key, found) for key, found in sorted(rows.items())]


def _place(task: Record) -> str:
    return place_of(task["scenario"], task.get("beside", ()))


def _delay(place: str, name: str, scale: float, rows: list[dict[str, Any]]) -> Delay:
    days = [float("inf") if row["delay_days"] is None else float(row["delay_days"]) for row in rows]
    gone = [row["gone"] for row in rows]
    early = rate("", "", 1.0, sum(share < EARLY for share in gone), len(gone))
    alarmed = sum(row["alarm"] is not None for row in rows)
    middle = _middle(days)
    return Delay(
        place,
        name,
        scale,
        len(rows),
        alarmed,
        None if middle == float("inf") else middle,
        round(_middle(gone), 4),
        early.seen,
        early.low,
        early.high,
    )


def _middle(values: list[float]) -> float:
    """Return the upper median, which works with infinite values."""
    return sorted(values)[len(values) // 2]


@dataclass(frozen=True)
class KindLine:
    """The results for groups of one kind of account in worlds without campaigns."""

    kind: str
    """The kind."""
    study: str
    """The study."""
    tested: int
    """Groups tested and explained."""
    passed: int
    """Those that are more than chance at the larger level."""
    adversarial: int
    """Those listed as adversarial at that level."""
    unlicensed: int
    """Those listed as unlicensed."""
    worlds: int
    """Worlds of the study."""
    high: float
    """Upper end of the exact 99 % interval of the share of worlds with an adversarial listing of the kind."""


def kinds_of(records: Sequence[Record]) -> list[KindLine]:
    """Return groups by kind and study."""
    lines = []
    for study, found in _by_study(records).items():
        for kind in (
            sorted({row[0] for record in found for row in record["kinds"]}) if study != CAMPAIGNS else ()
        ):
            rows = [row for record in found for row in record["kinds"] if row[0] == kind]
            worlds = sum(
                any(row[0] == kind and row[2] == "adversarial" and row[3] for row in record["kinds"])
                for record in found
            )
            listed = {
                verdict: sum(row[4] for row in rows if row[2] == verdict and row[3]) for verdict in ACCUSING
            }
            passed = sum(row[4] for row in rows if row[3])
            high = rate("", "", 1.0, worlds, len(found)).high
            lines.append(
                KindLine(
                    kind,
                    study,
                    sum(row[4] for row in rows),
                    passed,
                    listed["adversarial"],
                    listed["unlicensed"],
                    len(found),
                    high,
                )
            )
    return lines


@dataclass(frozen=True)
class Made:
    """The worlds of one study that were watched alike and searched by one state of the code."""

    study: str
    """The study."""
    scenarios: list[str]
    """Their scenarios, with their backdrops besides their own."""
    scales: list[float]
    """Their sizes."""
    seeds: tuple[int, int]
    """The first and the last seed."""
    worlds: int
    """Number of them."""
    every: int
    """Days between the searches of the watch; 0: not watched."""
    searches: int
    """The most searches of one world."""
    state: str
    """Fingerprint of the sources."""


def made_of(records: Sequence[Record]) -> list[Made]:
    """Return what was made, by study, state of the code and watch."""
    rows: dict[tuple[str, str, int], list[Record]] = defaultdict(list)
    for record in records:
        rows[record["task"]["study"], record.get("state", "unknown"), record["task"]["every"]].append(record)
    found = []
    for (study, state, every), some in rows.items():
        tasks = [record["task"] for record in some]
        seeds = [task["seed"] for task in tasks]
        places = sorted({_place(task) for task in tasks})
        searches = max((record["watch"]["searched"] for record in some if "watch" in record), default=0)
        found.append(
            Made(
                study,
                places,
                sorted({task["scale"] for task in tasks}),
                (min(seeds), max(seeds)),
                len(some),
                every,
                searches,
                state,
            )
        )
    return sorted(found, key=lambda line: (line.study, line.seeds))
