"""Is a campaign still found whose requests try to drop out of the analysis?

python bench/dropout.py [--quick] [--scenario february] [--scale 0.01] [--seed 3] [--json FILE]

The world is made once. For each trick its campaigns' rows are logged as a client would have them logged that
tries it, the world is searched, and what was found is scored: "accused" are the accounts of listed campaigns,
"lost" those of them that only the search without tricks accuses, "gained" those that only this one does. The
exit code is 1 where a row is lost, or a campaign that is found without tricks is not found with one.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from stillwatch.pipeline import Inputs, detect
from stillwatch.schema.keyed import HashKey
from stillwatch.settings import Settings
from stillwatch.simulate.dropout import MAX_ROW_BYTES, TRICKS, drop_out
from stillwatch.simulate.make import Order, make
from stillwatch.simulate.score import ACCUSING, read_run, score

Row = dict[str, Any]


def arguments() -> argparse.Namespace:
    """Read which world, and where the figures go."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="at 1/500, all tricks in one world, in turn")
    parser.add_argument("--scenario", default="february")
    parser.add_argument("--scale", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.quick:
        given.scale = 0.002
    return given


def searched(name: str, world: Path, logs: Path, out: Path) -> Row:
    """Search a world's logs, and score what was found."""
    settings = Settings()
    settings = replace(settings, ingest=replace(settings.ingest, max_row_bytes=MAX_ROW_BYTES))
    inputs = Inputs(
        (logs,),
        edge=world / "edge.parquet" if (world / "edge.parquet").exists() else None,
        accounts=world / "accounts.parquet",
        permits=world / "permits.toml",
        releases=world / "releases.toml",
        key=HashKey.public(),
    )
    run = detect(inputs, out, settings, lambda step, done, total: None)
    about = json.loads((run / "run.json").read_text(encoding="utf-8"))
    scored = score(run, world)
    return {
        "trick": name,
        "exchanges": about["exchanges"],
        "quarantined": about["quarantined"],
        "merged": about["merged"],
        "mended": sum(row["count"] for row in about["mended"]),
        "campaigns": {row["name"]: row["found"] for row in scored["campaigns"]},
        "precision": scored["pooled"]["account_precision"],
        "recall": scored["pooled"]["account_recall"],
        "accused": sorted(
            {
                name
                for found in read_run(run)
                if found.listed and found.verdict in ACCUSING
                for name in found.members
            }
        ),
    }


def compared(row: Row, plain: Row) -> Row:
    """The row with which accounts it accuses other than the search without tricks."""
    now, before = set(row["accused"]), set(plain["accused"])
    return row | {"lost": sorted(before - now), "gained": sorted(now - before)}


def shown(rows: list[Row], console: Console) -> None:
    """Show what was kept and found for each trick."""
    counts, lists = ("exchanges", "quarantined", "merged", "mended"), ("accused", "lost", "gained")
    table = Table("trick", *counts, "found", "precision", "recall", *lists, title="Dropping out")
    for row in rows:
        found = ", ".join(name for name, yes in row["campaigns"].items() if yes) or "-"
        figures = (f"{row[name]:,}" for name in counts)
        shares = (f"{row[name]:.3f}" for name in ("precision", "recall"))
        table.add_row(row["trick"], *figures, found, *shares, *(f"{len(row[name]):,}" for name in lists))
    console.print(table)


def main() -> int:
    """Run every trick."""
    given, console = arguments(), Console(width=160)
    several = {"all in turn": tuple(TRICKS)}
    chosen = several if given.quick else {**{name: (name,) for name in TRICKS}, **several}
    with tempfile.TemporaryDirectory() as folder:
        world, place = Path(folder) / "world", Path(folder)
        make(Order(given.scenario, world, given.scale, given.seed))
        plain = searched("none", world, world / "logs", place / "run")
        rows = [compared(plain, plain)]
        for number, (name, tricks) in enumerate(chosen.items()):
            logs, run = place / f"logs-{number}", place / f"run-{number}"
            drop_out(world, logs, tricks)
            rows.append(compared(searched(name, world, logs, run), plain))
            shutil.rmtree(logs)
            shutil.rmtree(run)
            console.print(f"{name}: done")
            if given.json:
                given.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    shown(rows, console)
    return int(
        any(
            row["exchanges"] != plain["exchanges"]
            or any(was and not row["campaigns"][name] for name, was in plain["campaigns"].items())
            for row in rows
        )
    )


if __name__ == "__main__":
    sys.exit(main())
