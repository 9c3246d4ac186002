"""From the worlds of an evasion study to what was found against what it costs: sums, sentences, picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

from evasion_study.figure import Line, Point, frontier
from stillwatch.simulate import evasion
from stillwatch.simulate.price import Bill, Count, Prices
from study.promises import exact

NONE = "none"
"""The knob of a world without evasion."""
MIDDLE = "middle"
"""The setting at which campaigns and detectors are compared."""


@dataclass(frozen=True)
class Outcome:
    """A campaign under one setting of one knob, over all seeds."""

    scenario: str
    """Its scenario."""
    campaign: str
    """Its name."""
    scale: float
    """Factor of the world's sizes."""
    knob: str
    """The knob."""
    setting: str
    """Its setting."""
    worlds: int
    """Worlds made."""
    found: int
    """Worlds in which the campaign was found."""
    accounts: int
    """Number of its accounts in all of them."""
    right: int
    """Number of these that were found."""
    cost: float
    """Mean cost of a harvested exchange over the seeds, as a multiple of that without evasion."""
    dollars: float
    """Dollars per thousand exchanges harvested, mean of the seeds."""
    total: float
    """Dollars for the whole campaign at scale 1, mean of the seeds."""
    units: dict[str, float]
    """Units at scale 1, means of the seeds."""

    @property
    def recall(self) -> float:
        """Share of its accounts that were found."""
        return self.right / self.accounts if self.accounts else 0.0

    def interval(self) -> tuple[float, float]:
        """The exact 95 % interval of recall, as if accounts were independent."""
        return exact(self.right, self.accounts)


def outcomes(rows: Sequence[dict[str, Any]], prices: Prices) -> list[Outcome]:
    """Combine all rows of one campaign and one setting."""
    bills: dict[tuple[str, str, float, str, str], list[tuple[dict[str, Any], Bill, float]]] = {}
    base: dict[tuple[str, str, float, int], float] = {}
    for row in rows:
        for one in row["campaigns"]:
            own = Bill({name: Count(**count) for name, count in one["units"].items()})
            same = row["scenario"], one["name"], row["scale"], row["seed"]
            if row["knob"] == NONE:
                base[same] = own.per_thousand(prices)
            more = own.per_thousand(prices) / base[same]
            bills.setdefault(
                (row["scenario"], one["name"], row["scale"], row["knob"], row["setting"]), []
            ).append((one, own, more))
    return [_outcome(key, some, prices) for key, some in bills.items()]


def _outcome(
    key: tuple[str, str, float, str, str], some: Sequence[tuple[dict[str, Any], Bill, float]], prices: Prices
) -> Outcome:
    n = len(some)
    return Outcome(
        *key,
        worlds=n,
        found=sum(one["found"] for one, _, _ in some),
        accounts=sum(one["accounts"] for one, _, _ in some),
        right=sum(one["right"] for one, _, _ in some),
        cost=sum(more for _, _, more in some) / n,
        dollars=sum(own.per_thousand(prices) for _, own, _ in some) / n,
        total=sum(sum(own.money(prices).values()) for _, own, _ in some) / n,
        units={name: sum(own.counts[name].full for _, own, _ in some) / n for name in some[0][1].counts},
    )


def campaigns_of(found: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """Return the outcomes of each campaign, by scenario, size and name: "february at 0.01: quarry"."""
    by_name: dict[str, list[Outcome]] = {}
    for one in sorted(found, key=lambda one: (one.scenario, one.scale, one.campaign)):
        by_name.setdefault(f"{one.scenario} at {one.scale:g}: {one.campaign}", []).append(one)
    return by_name


def curves(mine: Sequence[Outcome]) -> dict[str, tuple[Point, ...]]:
    """Return the points of each knob, from off on, from one campaign's outcomes."""
    off = next(_point(one) for one in mine if one.knob == NONE)
    order = {name: place for place, name in enumerate(evasion.SETTINGS)}
    names = dict.fromkeys(one.knob for one in mine if one.knob != NONE)
    return {
        knob: (
            off,
            *(_point(one) for one in sorted(mine, key=lambda one: order[one.setting]) if one.knob == knob),
        )
        for knob in names
    }


def _point(one: Outcome) -> Point:
    return Point(one.setting, one.cost, one.recall, *one.interval())


def halved(points: Sequence[Point]) -> float | None:
    """Return the cost at which recall falls to half of the first point's, or None if it never does.

    It is linear in the cost between settings.
    """
    goal = points[0].recall / 2
    for before, after in pairwise(points):
        if after.recall <= goal:
            part = (before.recall - goal) / (before.recall - after.recall)
            return before.cost + part * (after.cost - before.cost)
    return None


def sentence(campaign: str, lines: dict[str, tuple[Point, ...]]) -> str:
    """Say how much more an operator must pay to halve what is found of a campaign."""
    base = next(iter(lines.values()))[0].recall if lines else 0.0
    if base == 0:
        return f"{campaign}: nothing is found even without evasion, so there is nothing to halve."
    single = {
        knob: cost
        for knob, points in lines.items()
        if knob != evasion.ALL and (cost := halved(points)) is not None
    }
    alone = [(point, knob) for knob, points in lines.items() if knob != evasion.ALL for point in points[1:]]
    if single:
        best = min(single, key=lambda knob: single[knob])
        others = ", ".join(
            f"{knob} {cost:.2f}"
            for knob, cost in sorted(single.items(), key=lambda entry: entry[1])
            if knob != best
        )
        said = (
            f"to halve what is found ({base:.0%} of its accounts) an operator must pay "
            f"{single[best]:.2f} times as much, by {best}"
        )
        said += f" (also: {others})" if others else " (no other single knob reaches it)"
    elif alone:
        least, knob = min(alone, key=lambda entry: (entry[0].recall, entry[0].cost))
        said = (
            f"half of what is found ({base:.0%} of its accounts) is not reached with any single knob; "
            f"the least is {least.recall:.0%}, "
        )
        said += f"by {knob} {least.setting} at {least.cost:.2f} times the cost"
    else:
        said = f"{base:.0%} of its accounts are found without evasion"
    if evasion.ALL in lines:
        cost = halved(lines[evasion.ALL])
        said += f"; all knobs together: {f'{cost:.2f} times' if cost is not None else 'not reached'}"
    return f"{campaign}: {said}."


def differing(one: Outcome, found: Sequence[Outcome]) -> str:
    """Return the units that differ by more than a twentieth from those without evasion.

    Without evasion, all units that it needs.
    """
    base = next(
        other
        for other in found
        if (other.scenario, other.campaign, other.scale, other.knob)
        == (one.scenario, one.campaign, one.scale, NONE)
    )
    if one.knob == NONE:
        return ", ".join(f"{name} {_told(value)}" for name, value in one.units.items() if value > 0)
    changed = [
        name for name, value in one.units.items() if abs(value - base.units[name]) > 0.05 * base.units[name]
    ]
    return (
        ", ".join(f"{name} {_told(base.units[name])} → {_told(one.units[name])}" for name in changed)
        or "the same"
    )


def _told(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def outcomes_of(study: Mapping[str, Any]) -> list[Outcome]:
    """Return the outcomes of a study that --json wrote."""
    return [Outcome(**{each.name: one[each.name] for each in fields(Outcome)}) for one in study["outcomes"]]


def drawn_again(study: Mapping[str, Any]) -> str:
    """Draw its frontier."""
    return drawn(outcomes_of(study), title_of(study["scenarios"]))


def title_of(scenarios: Sequence[str]) -> str:
    """Return the title of the picture."""
    return (
        f"What hiding costs: {', '.join(scenarios) if len(scenarios) < 5 else f'{len(scenarios)} scenarios'}"
    )


def drawn(found: Sequence[Outcome], title: str) -> str:
    """Draw the frontier."""
    families = {name: knob.family for name, knob in evasion.knobs().items()} | {evasion.ALL: evasion.ALL}
    panels: dict[str, tuple[Sequence[Line], Line | None]] = {}
    for campaign, mine in campaigns_of(found).items():
        lines = {knob: Line(knob, families[knob], points) for knob, points in curves(mine).items()}
        panels[campaign] = (
            [line for knob, line in lines.items() if knob != evasion.ALL],
            lines.get(evasion.ALL),
        )
    return frontier(panels, title)
