"""The benchmark's targets, and whether its figures meet them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark_page.lines import OURS, Doc, better, how_kept, in_all, lines_of
from evasion_study.outcomes import MIDDLE
from stillwatch.simulate import evasion
from study.kept_rows import of_largest
from study.promises import EARLY, exact, false_worlds, nominal

WORLDS = 200
"""Number of them that is required."""
RECALL, PRECISION, UNDER_EVASION = 0.95, 0.99, 0.9


@dataclass(frozen=True)
class Target:
    """One target, and what was measured."""

    what: str
    """What is required."""
    measured: str
    """What was seen."""
    kept: bool
    """Whether that is enough."""


def targets(document: Mapping[str, Any]) -> list[Target]:
    """Return all targets for which the document holds figures."""
    cells = document["cells"]
    found = [*_campaigns(cells), _alarms(cells, document["how_soon"]), _negatives(cells), _baselines(cells)]
    if document["evasion"]:
        found.append(_evasion(document["evasion"]))
    if document["guarantees"]:
        found += _guarantees(document["guarantees"])
    if document["full_size"]:
        found.append(_full_size(document["full_size"]))
    return found


def _campaigns(cells: Sequence[Doc]) -> Iterator[Target]:
    ours = [line for line in lines_of(cells) if line.detector == OURS]
    worlds, found = sum(line.worlds for line in ours), sum(line.found for line in ours)
    yield Target(
        "every published campaign found",
        f"{found} of {worlds} times ({_interval(found, worlds)})",
        found == worlds,
    )
    for what, limit, of in (
        ("recall", RECALL, [x.recall for x in ours]),
        ("precision", PRECISION, [x.precision for x in ours]),
    ):
        below = [
            f"{x.scenario}: {x.campaign} {value:.3f}"
            for x, value in zip(ours, of, strict=True)
            if value < limit
        ]
        yield Target(
            f"account {what} at least {limit}",
            f"least {min(of, default=1.0):.3f}" + (f"; below: {', '.join(below)}" if below else ""),
            not below,
        )


def _alarms(cells: Sequence[Doc], soon: Doc | None) -> Target:
    late = {
        f"{cell['cell']['scenario']}: {row['name']}": _late(row)
        for cell in cells
        for row in cell["alarms"]["campaigns"]
        if row["gone"] >= EARLY
    }
    nearer = _nearer(
        soon["worlds"] if soon else [], min((cell["cell"]["scale"] for cell in cells), default=0.0)
    )
    early = [f"{name} ({nearer[name]})" for name in late if name in nearer]
    number = sum(len(cell["alarms"]["campaigns"]) for cell in cells)
    return Target(
        f"an alarm before {EARLY:.0%} of a campaign's exchanges are gone",
        f"{number - len(late)} of {number} times ({_interval(number - len(late), number)})"
        + (f"; later: {', '.join(f'{name} ({how})' for name, how in late.items())}" if late else "")
        + (f"; before it with more searches a day or at a larger scale: {', '.join(early)}" if early else ""),
        len(early) == len(late),
    )


def _nearer(worlds: Sequence[Doc], scale: float) -> dict[str, str]:
    """Campaigns that were noticed early with more searches, in worlds at least as large as the page's."""
    return {
        f"{world['cell']['scenario']}: "
        f"{row['name']}": f"{row['gone']:.1%} with {world['searches_a_day']} a day at "
        f"{world['cell']['scale']:g}"
        for world in worlds
        for row in world["alarms"]["campaigns"]
        if row["gone"] < EARLY and world["cell"]["scale"] >= scale
    }


def _late(row: Doc) -> str:
    """Return how late the alarms are.

    An alarm at the end of a campaign's first day could not have come earlier from a search each day.
    """
    if row["day"] is None:
        return "none"
    return f"{row['gone']:.0%}" + (", at the end of its first day" if row["delay_days"] == 1 else "")


def _negatives(cells: Sequence[Doc]) -> Target:
    hit = [cell for cell in cells if cell["score"]["false_campaigns"]]
    kinds = sorted({kind for cell in hit for kind in cell["score"]["false_campaigns"]})
    words = f"{len(hit)} of {len(cells)} worlds ({_interval(len(hit), len(cells))})" + (
        f": {', '.join(kinds)}" if kinds else ""
    )
    return Target("no hard negative called adversarial, in these worlds", words, not hit)


def _baselines(cells: Sequence[Doc]) -> Target:
    ahead = better(cells)
    return Target(
        "better than every baseline on every campaign",
        "yes" if not ahead else f"no: {len(ahead)} times a baseline is ahead",
        not ahead,
    )


def _evasion(study: Doc) -> Target:
    """Judge each knob for itself, in the largest worlds made with it.

    Many knobs that hide nothing do not make up for one that hides.
    """
    every = [one for one in study["outcomes"] if one["setting"] == MIDDLE and one["knob"] != evasion.ALL]
    middle = of_largest(every, lambda one: (one["scenario"], one["knob"]), lambda one: float(one["scale"]))
    found, worlds = Counter[str](), Counter[str]()
    for one in middle:
        found[one["knob"]] += one["found"]
        worlds[one["knob"]] += one["worlds"]
    short = [knob for knob in worlds if found[knob] < UNDER_EVASION * worlds[knob]]
    words = (
        f"under {len(worlds) - len(short)} of {len(worlds)} knobs; {found.total()} of {worlds.total()} "
        f"in all ({_interval(found.total(), worlds.total())})"
    )
    pairs = {(one["scenario"], one["campaign"], one["knob"]) for one in every}
    words += (
        f"; {len(pairs)} of {len({pair[:2] for pair in pairs}) * len(worlds)} campaigns x knobs were made"
    )
    words += "".join(
        f"; {knob}: {found[knob]} of {worlds[knob]} ({_interval(found[knob], worlds[knob])})"
        for knob in short
    )
    words += (
        "; in the largest worlds with each, at scale "
        f"{' or '.join(f'{scale:g}' for scale in sorted({one['scale'] for one in middle}))}"
    )
    missed = sorted(
        {
            f"{one['scenario']}: {one['campaign']} under {one['knob']} at {one['scale']:g}"
            for one in every
            if one["found"] < one["worlds"]
        }
    )
    words += f"; missed in worlds of any size: {', '.join(missed)}" if missed else ""
    return Target(
        f"at least {UNDER_EVASION:.0%} of campaigns found with any single evasion at its middle setting",
        words,
        not short,
    )


def _interval(hits: int, runs: int) -> str:
    """Return the exact interval of a share, in words."""
    return "{:.1%} to {:.1%}".format(*exact(hits, runs))


def _guarantees(study: Doc) -> Iterator[Target]:
    for line in study["lines"]:
        if line["what"] == false_worlds("adversarial") and line["case"] == nominal("benign", 0.05):
            hit = round(line["seen"] * line["runs"])
            groups = [kind for kind in study["kinds"] if kind["study"] == "benign" and kind["tested"]]
            yield Target(
                f"no hard negative called adversarial in {WORLDS} worlds without campaigns",
                f"{hit} of {line['runs']} ({_interval(hit, line['runs'])}), in which "
                f"{sum(kind['tested'] for kind in groups):,} groups of {len(groups)} kinds were tested",
                hit == 0 and line["runs"] >= WORLDS,
            )
    broken = [
        f"{line['what']}, {line['case']}: {line['seen']:.4f} where {line['promised']:g} is promised"
        for line in study["lines"]
        if not line["kept"]
    ]
    number, runs = len(study["lines"]), [line["runs"] for line in study["lines"]]
    how = Counter(map(how_kept, study["lines"]))
    words = (
        f"{number - len(broken)} of {number}, over {min(runs)} to {max(runs)} worlds each: {how['yes']} "
        f"kept for sure, {how['not broken']} not broken"
    )
    words += f"; broken: {'; '.join(broken)}" if broken else ""
    yield Target("no interval of a guarantee lies above what is promised", words, not broken)


def _full_size(study: Doc) -> Target:
    rows, false = study["score"]["campaigns"], study["score"]["false_campaigns"]
    words = [
        f"{row['name']} recall {row['account_recall']:.3f}, precision {row['account_precision']:.3f}"
        for row in rows
    ]
    words += [f"in {in_all(study['steps'])['seconds'] / 60:.0f} min"] + (
        [f"false: {', '.join(sorted(false))}"] if false else []
    )
    good = all(
        row["found"] and row["account_recall"] >= RECALL and row["account_precision"] >= PRECISION
        for row in rows
    )
    return Target(
        f"{study['scenario']} at scale {study['scale']:g} within {study['exchanges']:,} exchanges made and "
        "found",
        "; ".join(words),
        good and not false,
    )
