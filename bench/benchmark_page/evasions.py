"""The part of the benchmark's page about evasions: what they cost, and what they hide."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from benchmark_page.lines import OURS, Doc, leads, lines_of
from benchmark_page.tables import READ_AS, recalled, rivals, several, table
from evasion_study.outcomes import MIDDLE, NONE, Outcome, campaigns_of, differing, outcomes_of
from stillwatch.simulate import evasion
from stillwatch.simulate.price import UNITS
from study.kept_rows import of_largest
from study.promises import exact

TURNED = evasion.SETTINGS[1:]
Row = TypeVar("Row")
Head = TypeVar("Head", bound=Hashable)

QUICK = " PRADA and MMD, which take longest, were left out of worlds that have no figure for them."


def evasions(study: Doc) -> str:
    """Show what evasions cost and hide, by campaign and by detector; every world in full at the end."""
    found = outcomes_of(study)
    alike = at_middle(study["worlds"], lambda world: str(world["setting"]))
    largest = of_largest(
        alike,
        lambda world: (world["scenario"], world["knob"], world["setting"]),
        lambda world: float(world["scale"]),
    )
    quick = QUICK if any(world["quick"] for world in study["worlds"]) else ""
    parts = [
        f"{_worlds(study)}\n",
        "### By campaign\n",
        "Share of a campaign's accounts that are found under each knob, in brackets the cost of a harvested "
        "exchange as a multiple of that without evasion "
        "at the prices that ship; of each campaign the largest worlds made with that knob, with their scale "
        "where larger ones were made with others. "
        "**Bold**: there is a world in which the campaign is not found. Cost is below 1 where accounts "
        "begin later, which is free, or where a small world's chance has it so.\n",
        by_campaign(at_middle(found, lambda one: one.setting)),
        from_low_to_high(found),
        "\n".join(f"- {sentence}" for sentence in study["sentences"]) + "\n",
        "### By detector\n",
        "How often each detector finds a campaign in those worlds, at its own defaults. **Bold**: a "
        f"baseline finds more of them than Stillwatch. {_ahead(largest)}{quick}\n",
        by_detector(largest),
        detectors_from_low_to_high(study["worlds"]),
        "### Every world\n",
        folded("What each campaign needs under each knob, with intervals", needs(found)),
        folded(
            "Every campaign and knob by every detector",
            f"{READ_AS}{quick}\n\n"
            + rivals(
                [_cell(world, f"{world['scenario']} at {world['scale']:g}") for world in study["worlds"]]
            ),
        ),
    ]
    return "\n".join(part for part in parts if part)


def _worlds(study: Doc) -> str:
    """Show which worlds were made."""
    scales: dict[str, set[float]] = defaultdict(set)
    for world in study["worlds"]:
        scales[world["scenario"]].add(world["scale"])
    made = ", ".join(
        f"{scenario} at {' and '.join(f'{scale:g}' for scale in sorted(some))}"
        for scenario, some in sorted(scales.items())
    )
    seeds = several(study["seeds"])
    return (
        f"{len(study['worlds'])} worlds: {made}; seed{'s' if ',' in seeds else ''} {seeds}, sources "
        f"{', '.join(study['states'])} (`python bench/evasion.py`)."
    )


def folded(summary: str, body: str) -> str:
    """Wrap something long that opens at a click."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n</details>\n"


def at_middle(rows: Sequence[Row], setting: Callable[[Row], str]) -> list[Row]:
    """Return those at the middle setting or without evasion, by which campaigns are compared.

    Returns all of them if none is at middle.
    """
    alike = [row for row in rows if setting(row) in (evasion.OFF, MIDDLE)]
    return alike if any(setting(row) == MIDDLE for row in alike) else list(rows)


def by_campaign(found: Sequence[Outcome]) -> str:
    """Show a row for each knob and setting, a column for each campaign."""
    great = of_largest(
        found, lambda one: (one.scenario, one.campaign, one.knob, one.setting), lambda one: one.scale
    )
    largest = {(one.scenario, one.campaign, one.knob, one.setting): one for one in great}
    scale = {(one.scenario, one.campaign): one.scale for one in sorted(found, key=lambda one: one.scale)}
    campaigns = sorted(scale)
    rows = []
    for knob, setting in in_order((one.knob, one.setting) for one in found):
        mine = [largest.get((*place, knob, setting)) for place in campaigns]
        counted = [one for one in mine if one]
        whole = f"{sum(one.found for one in counted)} of {sum(one.worlds for one in counted)}"
        rows.append([f"{knob} {setting}", whole, *(_told(one, scale) for one in mine)])
    return table(
        [
            "knob and setting",
            "campaigns found",
            *(f"{scenario}: {campaign}" for scenario, campaign in campaigns),
        ],
        rows,
    )


def _told(one: Outcome | None, scale: Mapping[tuple[str, str], float]) -> str:
    if one is None:
        return "-"
    words = _share(one, hidden=one.found < one.worlds)
    return words if one.scale == scale[one.scenario, one.campaign] else f"{words} at {one.scale:g}"


def _share(one: Outcome, *, hidden: bool) -> str:
    words = f"{one.recall:.2f} ({one.cost:.2f})"
    return f"**{words}**" if hidden else words


def in_order(turned: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Order knobs and settings as the range lists them: without evasion first, all together last."""
    names = {name: place for place, name in enumerate((NONE, *evasion.knobs(), evasion.ALL))}
    settings = {name: place for place, name in enumerate(evasion.SETTINGS)}
    return sorted(set(turned), key=lambda pair: (names[pair[0]], settings[pair[1]]))


def swept(rows: Sequence[Row], same: Callable[[Row], Hashable], setting: Callable[[Row], str]) -> list[Row]:
    """Return those of which every setting was made, with everything else equal."""
    made: dict[Hashable, set[str]] = defaultdict(set)
    for row in rows:
        made[same(row)].add(setting(row))
    return [row for row in rows if made[same(row)].issuperset(TURNED)]


def from_low_to_high(found: Sequence[Outcome]) -> str:
    """Show a row for each knob, a column for each setting, of campaigns with all three settings.

    Empty if there is none.
    """
    wide = campaigns_of(
        swept(found, lambda one: (one.scenario, one.scale, one.campaign), lambda one: one.setting)
    )
    if not wide:
        return ""
    places = {(campaign, one.knob, one.setting): one for campaign, mine in wide.items() for one in mine}
    rows = []
    for knob, _ in in_order((knob, MIDDLE) for _, knob, _ in places if knob != NONE):
        mine = [places.get((campaign, knob, setting)) for campaign in wide for setting in TURNED]
        rows.append([knob, *("-" if one is None else _share(one, hidden=not one.right) for one in mine)])
    heads = ["knob", *(f"{campaign}, {setting}" for campaign in wide for setting in TURNED)]
    return (
        "#### From low to high\n\nShare found, and cost in brackets, at each setting; **bold** where no "
        f"account is found.\n\n{table(heads, rows)}"
    )


def by_detector(worlds: Sequence[Doc]) -> str:
    """Show a row per detector, a column per knob and setting: campaigns found of those searched for."""
    turned = in_order((world["knob"], world["setting"]) for world in worlds)
    counts = _tallied(worlds, turned, lambda world: (world["knob"], world["setting"]))
    heads = in_order(head for count in counts.values() for head in count)
    rows = []
    for name, count in counts.items():
        whole = sum(count.values(), Counter[bool]())
        low, high = exact(whole[True], whole.total())
        rows.append(
            [
                name,
                f"{whole[True]} of {whole.total()} ({low:.0%} to {high:.0%})",
                *_by_head(count, counts[OURS], heads),
            ]
        )
    return table(["detector", "in all (95 %)", *(f"{knob} {setting}" for knob, setting in heads)], rows)


def detectors_from_low_to_high(worlds: Sequence[Doc]) -> str:
    """Show how often each detector finds a campaign at each setting, if all three were made.

    Single knobs, and all together; empty if none was.
    """
    wide = swept(
        worlds, lambda world: (world["scenario"], world["scale"]), lambda world: str(world["setting"])
    )
    if not wide:
        return ""
    heads = [(together, setting) for together in (False, True) for setting in TURNED]
    counts = _tallied(wide, heads, lambda world: (world["knob"] == evasion.ALL, world["setting"]))
    rows = [[name, *_by_head(count, counts[OURS], heads)] for name, count in counts.items()]
    names = [f"{'all together' if together else 'one knob'}, {setting}" for together, setting in heads]
    made = ", ".join(sorted({f"{world['scenario']} at {world['scale']:g}" for world in wide}))
    return (
        "At each setting, in the worlds of which all three were made "
        f"({made}):\n\n{table(['detector', *names], rows)}"
    )


def _tallied(
    worlds: Sequence[Doc], heads: Sequence[Head], head_of: Callable[[Doc], Head]
) -> dict[str, dict[Head, Counter[bool]]]:
    """Count, for each detector (ours first) and each column, the campaigns that are found and not found."""
    counts: dict[str, dict[Head, Counter[bool]]] = defaultdict(lambda: defaultdict(Counter))
    for head in heads:
        for line in lines_of(_cell(world, world["scenario"]) for world in worlds if head_of(world) == head):
            counts[line.detector][head].update({True: line.found, False: line.worlds - line.found})
    return counts


def _by_head(
    mine: Mapping[Head, Counter[bool]], ours: Mapping[Head, Counter[bool]], heads: Sequence[Head]
) -> list[str]:
    return [_counted(mine.get(head), ours.get(head)) for head in heads]


def _ahead(worlds: Sequence[Doc]) -> str:
    """Count the campaigns under a knob for which a baseline has the higher F1.

    It can name more of one that neither finds.
    """
    lines = lines_of(_cell(world, world["scenario"]) for world in worlds if world["knob"] != NONE)
    ours = {(line.scenario, line.campaign): line for line in lines if line.detector == OURS}
    ahead = {place for line in lines if leads(line, ours[place := (line.scenario, line.campaign)])}
    return f"By F1 over accounts one of them is ahead on {len(ahead)} of {len(ours)} campaigns under a knob."


def _counted(mine: Counter[bool] | None, ours: Counter[bool] | None) -> str:
    if mine is None:
        return "-"
    words = f"{mine[True]} of {mine.total()}"
    return f"**{words}**" if ours is not None and mine[True] > ours[True] else words


def _cell(world: Doc, name: str) -> Doc:
    """Return a world of the study as one of the benchmark's."""
    return {
        "cell": {"scenario": f"{world['knob']} {world['setting']}, {name}"},
        "detectors": world["detectors"],
    }


def needs(found: Sequence[Outcome]) -> str:
    """Show a row for each campaign, size, knob and setting, with what it needs."""
    units = "; ".join(f"`{name}`: {words}" for name, words in UNITS.items())
    rows = [
        [
            f"{one.scenario}: {one.campaign}",
            f"{one.scale:g}",
            f"{one.knob} {one.setting}",
            f"{one.found} of {one.worlds}",
            recalled(one.right, one.accounts),
            f"{one.cost:.2f}",
            differing(one, found),
        ]
        for one in found
    ]
    return (
        "What it needs stands in units at the scenario's full size: all of them without evasion, with it "
        f"those that change by more than a twentieth. {units}.\n\n"
        + table(
            [
                "campaign",
                "scale",
                "knob and setting",
                "found",
                "account recall (95 %)",
                "cost, times that without",
                "what it needs",
            ],
            rows,
        )
    )
