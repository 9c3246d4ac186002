"""Every baseline and Stillwatch on one run: the campaigns each finds, how well, and whom it accuses wrongly.

python bench/baselines/compare.py RUN WORLD [--quick] [--json FILE]

RUN is the output of `detect --out`, WORLD that of `range make`. Each baseline is scored at its own defaults,
and at the lowest threshold that calls no more than 0.1 % of the innocent accounts. That threshold is chosen
with the truth, so it flatters the baseline. Two baselines also get the best of many settings, chosen with the
truth. Seeds are among the baselines' parameters; the same run gives the same figures.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from baselines.called import Baseline, Called, parameters
from baselines.every import EVERY, Tried, components_by_each_setting, pooled_by_each_facet
from baselines.scored import Row, Score, answerable, score_called, score_groups, within_budget
from baselines.tables import Tables, account_ids, opened
from stillwatch.errors import StillwatchError
from stillwatch.simulate.score import Truth, read_run, read_truth

SLOW = ("PRADA", "MMD")
SEARCHED = "best by truth"


@dataclass(frozen=True)
class Line:
    """One detector on one run."""

    detector: str
    """Its name."""
    source: str
    """Its source."""
    blind: str
    """What it cannot see."""
    parameters: dict[str, Any]
    """Its parameters."""
    score: Score
    """At its own defaults."""
    flattered: Score | None
    """At the threshold chosen with the truth; None for Stillwatch, whose verdicts stay as they are."""
    threshold: float | None
    """Its default threshold."""
    seconds: float
    """Wall time of the call; 0 for Stillwatch, since its run already exists."""


def compare(run: Path, world: Path, quick: bool = False) -> tuple[list[Line], Truth]:
    """Compare Stillwatch, then every baseline. Raises RunError if run or world cannot be read."""
    truth, ids = read_truth(world), account_ids(run)
    lines = [
        Line(
            "Stillwatch",
            "this project",
            "docs/how-it-decides.md, section 10",
            {},
            score_groups(read_run(run), truth),
            None,
            None,
            0.0,
        )
    ]
    with opened(run) as tables:
        lines += [
            _line(baseline, tables, ids, truth)
            for baseline in EVERY
            if not (quick and baseline.name.startswith(SLOW))
        ]
        for search in (
            (components_by_each_setting,) if quick else (components_by_each_setting, pooled_by_each_facet)
        ):
            lines += _best(search, tables, ids, truth)
    return lines, truth


def _line(baseline: Baseline, tables: Tables, ids: dict[int, str], truth: Truth) -> Line:
    begun = time.perf_counter()
    said = baseline.call(tables)
    return _scored(baseline, said, ids, truth, time.perf_counter() - begun)


def _best(search: Callable[[Tables], Tried], tables: Tables, ids: dict[int, str], truth: Truth) -> list[Line]:
    """Return the settings that find most campaigns, and among those have the best pooled F1.

    Once at defaults, and once at the threshold chosen with the truth.
    """
    begun = time.perf_counter()
    lines = [_scored(baseline, said, ids, truth, 0.0) for baseline, said in search(tables)]
    seconds = time.perf_counter() - begun
    chosen = (
        (max(lines, key=lambda line: (pick(line).found, pick(line).f1)), where)
        for pick, where in ((_own, "defaults"), (_flattered, "0.1 %"))
    )
    return [
        replace(line, detector=f"{line.detector} ({SEARCHED} of {len(lines)}, at {where})", seconds=seconds)
        for line, where in chosen
    ]


def _scored(baseline: Baseline, said: Called, ids: dict[int, str], truth: Truth, seconds: float) -> Line:
    own = score_called(said, said.threshold, ids, truth)
    flattered = score_called(said, within_budget(said, ids, truth), ids, truth)
    return Line(
        baseline.name,
        baseline.source,
        baseline.blind,
        parameters(baseline),
        own,
        flattered,
        said.threshold,
        seconds,
    )


def better(lines: list[Line]) -> Iterator[str]:
    """Return where a baseline beats Stillwatch, by campaign and at either threshold.

    That is, where it has a higher F1 over the campaign's accounts.
    """
    ours = {row.campaign: row for row in lines[0].score.rows}
    for line in lines[1:]:
        for what, score in (
            ("at its defaults", line.score),
            ("at the threshold chosen with the truth", line.flattered),
        ):
            for row in score.rows if score else ():
                mine = ours[row.campaign]
                if row.f1 > mine.f1:
                    yield (
                        f"{line.detector} beats Stillwatch on {row.campaign} {what}: precision "
                        f"{row.precision:.3f} and recall {row.recall:.3f} against "
                        f"{mine.precision:.3f} and {mine.recall:.3f}, and calls "
                        f"{sum(score.innocents.values()) if score else 0} innocent accounts in all"
                    )


def show(lines: list[Line], truth: Truth, console: Console) -> None:
    """Print both tables, then where a baseline is better."""
    innocents = len(truth.kinds) - len(answerable(truth))
    for title, pick in (
        ("At each detector's own defaults", _own),
        ("At the lowest threshold that calls at most 0.1 % of innocents", _flattered),
    ):
        table = Table(
            title=f"{title}: recall / precision by campaign, + found (called in whatever company)",
            title_justify="left",
        )
        for name in (
            "detector",
            *(f"{name} ({len(accounts)})" for name, accounts in truth.campaigns.items()),
            f"innocents of {innocents:,}",
            "groups",
        ):
            table.add_column(name, justify="left" if name == "detector" else "right")
        for line in lines:
            score = pick(line)
            cells = [_cell(row) for row in score.rows]
            table.add_row(line.detector, *cells, f"{sum(score.innocents.values()):,}", f"{score.groups:,}")
        console.print(table)
    for line in lines:
        kinds = sorted(line.score.innocents.items(), key=lambda pair: -pair[1])[:4]
        console.print(
            f"{line.detector}: "
            f"{'wrongs ' + ', '.join(f'{n:,} {kind}' for kind, n in kinds) if kinds else 'wrongs nobody'}; "
            f"{line.seconds:.1f} s"
        )
    console.print("\n".join(better(lines)) or "no baseline beats Stillwatch on any campaign")


def _cell(row: Row) -> str:
    elsewhere = f" ({row.reached:.2f})" if row.reached > row.recall else ""
    return f"{'+ ' if row.found else ''}{row.recall:.2f} / {row.precision:.2f}{elsewhere}"


def _own(line: Line) -> Score:
    return line.score


def _flattered(line: Line) -> Score:
    return line.flattered or line.score


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("world", type=Path)
    parser.add_argument("--quick", action="store_true", help="without PRADA and MMD, which take longest")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    try:
        lines, truth = compare(given.run, given.world, given.quick)
    except StillwatchError as error:
        sys.exit(str(error))
    show(lines, truth, Console(width=None if sys.stdout.isatty() else 180))
    if given.json:
        document = {
            "run": str(given.run),
            "quick": given.quick,
            "better": list(better(lines)),
            "lines": [asdict(line) for line in lines],
        }
        given.json.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
