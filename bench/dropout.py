"""Is a campaign still found whose requests try to drop out of the analysis?

python bench/dropout.py [--quick] [--scenario february] [--scale 0.01] [--seed 3] [--json FILE]

The world is made once. For each trick its campaigns' rows are logged as a client would have them logged that
tries it, the world is searched, and what was found is scored. The exit code is 1 where a row is lost, or a
campaign that is found without tricks is not found with one.
"""

from __future__ import annotations

import argparse
import json
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
from stillwatch.simulate.score import score

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
    }


def shown(rows: list[Row], console: Console) -> None:
    """Show what was kept and found for each trick."""
    names = ("trick", "exchanges", "quarantined", "merged", "mended", "found", "precision", "recall")
    table = Table(*names, title="Dropping out")
    for row in rows:
        found = ", ".join(name for name, yes in row["campaigns"].items() if yes) or "-"
        figures = (f"{row[name]:,}" for name in names[1:5])
        shares = ("-" if row[name] is None else f"{row[name]:.3f}" for name in names[6:])
        table.add_row(row["trick"], *figures, found, *shares)
    console.print(table)


def main() -> int:
    """Run every trick."""
    given, console = arguments(), Console(width=140)
    several = {"all in turn": tuple(TRICKS)}
    chosen = several if given.quick else {**{name: (name,) for name in TRICKS}, **several}
    with tempfile.TemporaryDirectory() as folder:
        world, place = Path(folder) / "world", Path(folder)
        make(Order(given.scenario, world, given.scale, given.seed))
        rows = [searched("none", world, world / "logs", place / "run")]
        for number, (name, tricks) in enumerate(chosen.items()):
            drop_out(world, place / f"logs-{number}", tricks)
            rows.append(searched(name, world, place / f"logs-{number}", place / f"run-{number}"))
            console.print(f"{name}: done")
    shown(rows, console)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    plain = rows[0]
    return int(
        any(
            row["exchanges"] != plain["exchanges"]
            or any(was and not row["campaigns"][name] for name, was in plain["campaigns"].items())
            for row in rows
        )
    )


if __name__ == "__main__":
    sys.exit(main())
