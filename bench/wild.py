"""Is it right in worlds that were not made here? Campaigns found, innocents named, with and without edge log.

python bench/wild.py [--quick] [--generator FOLDER] [--seeds 1 2 3 4] [--formats litellm openai] [--scale 0.3]
[--worlds FOLDER ...] [--variants edge no-edge no-prompts] [--work FOLDER] [--lines FILE.jsonl] [--again]
[--json FILE] [--page FILE]

The worlds come from a generator that uses nothing of this project: other people, other campaigns, other
material. It is a folder with world.py, by default ../shared/worlds/wild beside the checkout. Where that is
missing, nothing is run, and the reason is told. Seed and format go together in turn: the first seed is
written in the first format, the second in the second, and so on. Each world is searched with its edge log,
without it, and without prompts; its log is read once for each. --worlds takes worlds that lie there already;
those are not searched without prompts, since their logs hold them.

A finished search is a line of --lines (beside --json if left out) and is not made again; use a new file
after changing the detector. With --again nothing is run. --page writes docs/wild.md. Targets are those of
wild_study/targets.py; the exit code is 0 if all are met, else 1. A quick run writes one world at 1/50 and
judges nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from study.kept_rows import finished, going_on
from study.promises import state
from wild_study.outcomes import Row
from wild_study.page import page_of
from wild_study.tables import campaign_tables, innocents_table
from wild_study.targets import Target, targets
from wild_study.worlds import FORMATS, NO_PROMPTS, VARIANTS, World, given_world, measured, wanted_world

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "worlds" / "wild"
"""Where the generator is looked for."""
QUICK_SCALE = 0.02


def arguments() -> argparse.Namespace:
    """Read which worlds, and where their figures go."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one world at 1/50; judges nothing")
    parser.add_argument("--generator", type=Path, default=BESIDE, help="folder with world.py")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4])
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS), metavar="FORMAT")
    parser.add_argument("--scale", type=float, default=0.3, help="1 has some 31,000 accounts")
    parser.add_argument(
        "--worlds", type=Path, nargs="+", default=[], metavar="FOLDER", help="worlds that are there already"
    )
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), metavar="VARIANT")
    parser.add_argument("--work", type=Path, help="folder for worlds and runs (default: one that is removed)")
    parser.add_argument("--lines", type=Path, help="a line for each finished search")
    parser.add_argument("--again", action="store_true", help="take the finished lines, and search nothing")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--page", type=Path, help="Markdown file to write, as docs/wild.md")
    given = parser.parse_args()
    if given.quick:
        given.seeds, given.scale = given.seeds[:1], QUICK_SCALE
    given.lines = given.lines or (given.json.with_suffix(".jsonl") if given.json else None)
    if given.again and not (given.lines and given.lines.is_file()):
        parser.error("--again: there are no finished searches; give the file that holds them as --lines")
    return given


def wanted(given: argparse.Namespace) -> list[tuple[World, str]]:
    """Return each world with each way of reading it."""
    worlds = [given_world(folder) for folder in given.worlds] or [
        wanted_world(seed, given.formats[place % len(given.formats)], given.scale)
        for place, seed in enumerate(given.seeds)
    ]
    return [
        (world, variant)
        for world in worlds
        for variant in given.variants
        if world.folder is None or variant != NO_PROMPTS
    ]


def rows_of(given: argparse.Namespace, work: Path, say: Callable[[str], None]) -> list[Row]:
    """Search what is wanted, or return what was found before."""
    if given.again:
        return list({row["search"]: row for row in finished(given.lines)}.values())
    make = {
        f"{world.name}, {VARIANTS[variant]}": partial(_row, world, variant, given.generator, work, say)
        for world, variant in wanted(given)
    }
    return list(going_on(make, given.lines, say, "search"))


def _row(world: World, variant: str, generator: Path, work: Path, say: Callable[[str], None]) -> Row:
    return {"state": state(), **measured(world, variant, generator, work, say)}


def shown(kept: Sequence[Target]) -> Table:
    """Show the targets."""
    table = Table("target", "measured", "kept", title="Targets")
    for target in kept:
        table.add_row(target.what, target.seen, "yes" if target.kept else "NO")
    return table


def main() -> None:
    """Run, print, write."""
    given = arguments()
    if not given.again and not given.worlds and not (given.generator / "world.py").is_file():
        print(f"skipped: no generator of worlds in {given.generator}; give its folder as --generator")
        return
    with tempfile.TemporaryDirectory(prefix="wild-") as aside:
        work = given.work or Path(aside)
        work.mkdir(parents=True, exist_ok=True)
        rows = rows_of(given, work, Console(stderr=True).print)
    kept, console = targets(rows), Console(width=170)
    for title, heads, lines in (*campaign_tables(rows), innocents_table(rows)):
        table = Table(*heads, title=title)
        for line in lines:
            table.add_row(*line)
        console.print(table)
    console.print(shown(kept))
    if given.json:
        document = {
            "states": sorted({row["state"] for row in rows}),
            "targets": [{"what": one.what, "seen": one.seen, "kept": one.kept} for one in kept],
            "searches": rows,
        }
        given.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if given.page:
        given.page.write_text(page_of(rows, kept), encoding="utf-8")
    sys.exit(0 if given.quick or all(target.kept for target in kept) else 1)


if __name__ == "__main__":
    main()
