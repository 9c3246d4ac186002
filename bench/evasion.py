"""What does hiding cost, and how much more must an operator pay to halve what is found?

python bench/evasion.py [--quick] [--scenario february ...] [--scale 0.02] [--seed 1 2 3] [--knob NAME ...]
                        [--setting NAME ...] [--prices FILE] [--json FILE] [--lines FILE.jsonl]
                        [--figure FILE.svg] [--workers N] [--again]

For each scenario, each knob of stillwatch/simulate/evasion.py and each of its settings, a world is made in
which every campaign turns that knob; `all` turns all of them. Each world is searched with every side file
under the public key, scored, and searched by every baseline over the same tables. Recall is the share of a
campaign's accounts in campaigns that are called adversarial or unlicensed. Its 95 % interval is exact
(Clopper and Pearson 1934) for independent accounts. Those of one campaign are not independent, so the number
of campaigns found of worlds made is shown beside it. Cost is what the made world's accounts needed, scaled up
to the scenario's full size, at the given prices, for a thousand exchanges harvested, as a multiple of that
without evasion.

Each finished world is a line of --lines (beside --json if left out). It is not made again while scenario,
scale, seed, knob, baselines, version and the prices' assumptions agree: an interrupted study continues. Use a
new file after changing the detector. --json holds the sums, and what each detector found in each world. The
world without evasion is always made. With --again nothing is run, and everything in the file is summed up,
with its own scenarios and sizes; of worlds made twice, the later counts. Nothing is promised here, so the
exit code is 0. The benchmark's target is that nine campaigns of ten are found with any single knob at its
middle setting.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from baselines.compare import compare
from benchmark_page.cells import kept_of
from benchmark_page.lines import named
from evasion_study.outcomes import (
    NONE,
    Outcome,
    campaigns_of,
    curves,
    differing,
    drawn,
    outcomes,
    sentence,
    title_of,
)
from stillwatch import __version__
from stillwatch.pipeline import detect
from stillwatch.settings import from_document
from stillwatch.simulate import evasion
from stillwatch.simulate.make import Order, make
from stillwatch.simulate.price import Assumed, Usage, bill, read_prices
from stillwatch.simulate.scenario import load
from stillwatch.simulate.score import score
from stillwatch.simulate.world import make_world
from study.given_worlds import inputs_of, quiet
from study.kept_rows import finished, going_on
from study.promises import exact, state

QUICK_KNOBS = ("cover", "isolated_network", "isolated_identity", "isolated_software")
START = time.perf_counter()


@dataclass(frozen=True)
class Trial:
    """One world to make."""

    scenario: str
    """A shipped scenario's name, or a path."""
    scale: float
    """Its scale."""
    seed: int
    """Its seed."""
    knob: str
    """Name of the knob, `all` or `none`."""
    setting: str
    """Its setting."""
    assumed: Assumed
    """What the log does not show of a campaign's needs."""
    quick: bool = False
    """Whether the slow baselines are left out."""

    @property
    def choices(self) -> dict[str, str]:
        """The knobs that the campaigns turn."""
        return {} if self.knob == NONE else {self.knob: self.setting}

    def mark(self) -> str:
        """Identify the world: knob, setting, version, and what changes with everything that it depends on."""
        scenario = evasion.played(evasion.ordered(load(self.scenario), self.choices))
        words = repr((scenario, self.scale, self.seed, self.assumed, self.quick, __version__))
        return f"{self.knob}:{self.setting}:{hashlib.blake2b(words.encode(), digest_size=12).hexdigest()}"

    def run(self, workers: int) -> dict[str, Any]:
        """Make, detect, score, and count what it cost.

        So many processes read the logs (0: the default number).
        """
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            out, run = Path(folder) / "world", Path(folder) / "run"
            made = make(Order(self.scenario, out, self.scale, self.seed, evade=self.choices))
            detect(
                inputs_of(out), run, from_document({"ingest": {"workers": workers}}, where="--workers"), quiet
            )
            scores = score(run, out)
            searched, _ = compare(run, out, self.quick)
            world = make_world(evasion.ordered(load(self.scenario), self.choices), self.scale, self.seed)
            usage = Usage.of(world, out / "logs")
        names = [spec.name for spec in world.scenario.campaigns]
        campaigns = []
        for row in scores["campaigns"]:
            units = bill(world, names.index(row["name"]), usage, self.assumed).counts
            campaigns.append(
                {**row, "right": named(row), "units": {name: asdict(units[name]) for name in units}}
            )
        kept = {
            "pooled": scores["pooled"],
            "false_campaigns": scores["false_campaigns"],
            "unlicensed_campaigns": scores["unlicensed_campaigns"],
        }
        kept |= {"campaigns": campaigns, "detectors": [kept_of(line) for line in searched]}
        return (
            asdict(self)
            | kept
            | {"state": state(), "world": made["world"], "seconds": round(time.perf_counter() - start, 1)}
        )


def trials(given: argparse.Namespace, assumed: Assumed) -> Iterator[Trial]:
    """Return every world of the study; for each seed and scenario the one without evasion comes first."""
    turned = [(NONE, evasion.OFF), *((knob, setting) for knob in given.knob for setting in given.setting)]
    for seed in given.seed:
        for scenario in given.scenario:
            for knob, setting in turned:
                yield Trial(scenario, given.scale, seed, knob, setting, assumed, given.quick)


def studied(wanted: Sequence[Trial], lines: Path | None, workers: int) -> list[dict[str, Any]]:
    """Return a row for each trial, from the file if it is there, else made and added to it."""
    made = {trial.mark(): partial(trial.run, workers) for trial in wanted}
    rows = []
    for row in going_on(made, lines, _say, "fingerprint"):
        rows.append(row)
        found = ", ".join(f"{one['name']} {one['account_recall']:.2f}" for one in row["campaigns"])
        _say(
            f"{len(rows)} of {len(made)}  {row['scenario']} seed {row['seed']} {row['knob']} "
            f"{row['setting']}: {found}"
        )
    return rows


def _say(words: str) -> None:
    print(f"{time.perf_counter() - START:7.1f} s  {words}", file=sys.stderr)


def latest(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the last row of worlds that were made more than once."""
    return list(
        {
            tuple(row[name] for name in ("scenario", "scale", "seed", "knob", "setting")): row for row in rows
        }.values()
    )


def in_short(row: dict[str, Any]) -> dict[str, Any]:
    """Identify a finished world, and show what each detector found; --lines holds everything."""
    which = {name: row[name] for name in ("scenario", "scale", "seed", "knob", "setting", "quick")}
    return which | {
        "detectors": [
            {"name": line["name"], "own": {"rows": line["own"]["rows"]}} for line in row["detectors"]
        ]
    }


def shown(found: Sequence[Outcome]) -> Table:
    """Show the outcomes as a table."""
    table = Table(
        "scenario",
        "campaign",
        "scale",
        "knob",
        "setting",
        "worlds it is found in",
        "accounts found",
        "95 %",
        "cost",
        "$ per 1000",
        "$ in all",
        "what it needs at scale 1",
    )
    for one in sorted(found, key=lambda one: (one.scenario, one.campaign)):
        fewest, most = exact(one.found, one.worlds)
        low, high = one.interval()
        table.add_row(
            one.scenario,
            one.campaign,
            f"{one.scale:g}",
            one.knob,
            one.setting,
            f"{one.found} of {one.worlds} ({fewest:.0%} to {most:.0%})",
            f"{one.right} of {one.accounts}: {one.recall:.0%}",
            f"{low:.0%} to {high:.0%}",
            f"{one.cost:.2f}",
            f"{one.dollars:.2f}",
            f"{one.total:,.0f}",
            differing(one, found),
        )
    return table


def arguments() -> argparse.Namespace:
    """Read the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one seed at scale 0.004, the high setting of a few knobs, without the slow baselines: some "
        "minutes",
    )
    parser.add_argument("--scenario", nargs="+", default=["february"])
    parser.add_argument("--scale", type=float)
    parser.add_argument("--seed", type=int, nargs="+")
    parser.add_argument(
        "--knob",
        nargs="+",
        choices=[*evasion.knobs(), evasion.ALL],
        metavar="NAME",
        help="left out: every one, and all together",
    )
    parser.add_argument(
        "--setting",
        nargs="+",
        choices=evasion.SETTINGS[1:],
        metavar="NAME",
        help="low, middle, high; left out: all three",
    )
    parser.add_argument("--prices", type=Path, help="TOML file with prices of your own")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--lines", type=Path, help="a line for each finished world")
    parser.add_argument("--figure", type=Path)
    parser.add_argument(
        "--workers",
        type=int,
        default=0,
        help="processes that read a world's logs; 1 is best where several studies run beside each other",
    )
    parser.add_argument(
        "--again", action="store_true", help="take the finished worlds of --lines as they are, and make none"
    )
    given = parser.parse_args()
    given.scale = given.scale or (0.004 if given.quick else 0.02)
    given.seed = given.seed or ([1] if given.quick else [1, 2, 3])
    given.knob = given.knob or (list(QUICK_KNOBS) if given.quick else [*evasion.knobs(), evasion.ALL])
    given.setting = given.setting or (["high"] if given.quick else list(evasion.SETTINGS[1:]))
    given.lines = given.lines or (given.json.with_suffix(".jsonl") if given.json else None)
    if given.again and not (given.lines and given.lines.is_file()):
        parser.error("--again: there are no finished worlds; give the file that holds them as --lines")
    return given


def main() -> None:
    """Make, search, score, print and draw."""
    given = arguments()
    prices = read_prices(given.prices)
    rows = (
        latest(finished(given.lines))
        if given.again
        else studied(list(trials(given, Assumed.of(prices))), given.lines, given.workers)
    )
    found = outcomes(rows, prices)
    scenarios, scales, seeds = (sorted({row[name] for row in rows}) for name in ("scenario", "scale", "seed"))
    console = Console(width=220)
    console.print(
        f"{', '.join(scenarios)}, scale {', '.join(map(str, scales))}, seeds {' '.join(map(str, seeds))}"
    )
    console.print(shown(found))
    said = [sentence(name, curves(mine)) for name, mine in campaigns_of(found).items()]
    for line in said:
        console.print(line, highlight=False)
    if given.figure:
        given.figure.write_text(drawn(found, title_of(scenarios)), encoding="utf-8")
    if given.json:
        sums = [asdict(one) | {"recall": one.recall, "interval": one.interval()} for one in found]
        document = {
            "scenarios": scenarios,
            "scales": scales,
            "seeds": seeds,
            "outcomes": sums,
            "sentences": said,
            "worlds": [in_short(row) for row in rows],
        }
        document["states"] = sorted({row.get("state", "unknown") for row in rows})
        given.json.write_text(
            json.dumps(document | {"prices": {name: asdict(price) for name, price in prices.items()}}) + "\n"
        )


if __name__ == "__main__":
    main()
