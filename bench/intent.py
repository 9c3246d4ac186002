"""Does the intent model recognise pipelines that it never saw? Each public pipeline is left out whole.

python bench/intent.py (--data DATA | --folder FOLDER) [--quick] [--seed 0] [--json FILE]

The model is compared with keywords and a nearest neighbour. DATA is the folder of public sets that
tools/intent_folder.py reads; FOLDER is what it wrote. In each fold a model is trained without one pipeline
and without a third of all other templates and prompts, calibrated within what is left, and tested on what was
left out. `model` and the baselines learn harvests from the other public pipelines alone. `as shipped` also
learns from our own phrasings, whose authors had seen all pipelines, as had those of the cue lists.
Probabilities are at even odds. Intervals are at 95 %: AUROC by bootstrap over templates and prompts
(clusters), shares exact over groups.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from intent_study.left_out import (
    FALSE_SHARE,
    METHODS,
    MODELS,
    PARTS,
    PIPELINES,
    Bench,
    Line,
    by_label,
    unseen_sets,
)
from stillwatch.sketch.intent.folder import Documents, read_folder

TOOL = Path(__file__).resolve().parent.parent / "tools" / "intent_folder.py"
TARGETS = {"macro_auroc": 0.95, "ordinary_flagged": 0.005}


def measured(documents: Documents, seed: int, quick: bool, console: Console) -> dict[str, Any]:
    """Return everything, as the JSON file holds it."""
    bench = Bench(documents, seed, 1 if quick else PARTS)
    for at, pipeline in enumerate(PIPELINES):
        for part in bench.parts:
            console.print(f"without {pipeline}, part {part + 1} of {len(bench.parts)}", style="dim")
            bench.run(at, part)
    lines = [bench.line(at, method) for at in range(len(PIPELINES)) for method in bench.scores]
    macro = {
        method: float(np.mean([line.auroc for line in lines if line.method == method]))
        for method in bench.scores
    }
    recall = {
        method: float(np.mean([line.recall for line in lines if line.method == method]))
        for method in bench.scores
    }
    reliability = {method: bench.reliability(method) for method in MODELS}
    false = {method: bench.false_positives(method) for method in MODELS}
    beaten = {
        model: {method: _not_beaten(lines, model, method) for method in METHODS[2:]} for model in MODELS
    }
    return {
        "rows": len(documents),
        "lines": [asdict(line) for line in lines],
        "macro_auroc": macro,
        "macro_recall": recall,
        "false_positives": {
            method: {name: asdict(one) for name, one in rates.items()} for method, rates in false.items()
        },
        "unseen_sets": {}
        if quick
        else {name: asdict(one) for name, one in unseen_sets(documents, seed).items()},
        "labels": [] if quick else by_label(documents, seed),
        "reliability": {method: rows for method, (rows, _) in reliability.items()},
        "calibration_error": {method: error for method, (_, error) in reliability.items()},
        "not_beaten": beaten,
        "kept": {
            "macro_auroc": macro["model"] >= TARGETS["macro_auroc"],
            "ordinary_flagged": all(
                false[method]["ordinary prompts"].share <= TARGETS["ordinary_flagged"] for method in MODELS
            ),
            "beats_keywords": not beaten["model"]["keywords"],
            "beats_nearest_neighbour": not beaten["model"]["nearest neighbour"],
        },
    }


def _not_beaten(lines: Sequence[Line], model: str, method: str) -> list[str]:
    own = {line.pipeline: line.auroc for line in lines if line.method == model}
    return [line.pipeline for line in lines if line.method == method and line.auroc >= own[line.pipeline]]


def by_pipeline(result: dict[str, Any]) -> Iterator[Table]:
    """Show how each method does without each pipeline."""
    table = Table(
        "pipeline left out",
        "templates",
        "method",
        "AUROC",
        "95 %",
        f"recall at {FALSE_SHARE:.1%} false",
        "recall at the threshold",
    )
    for line in result["lines"]:
        found = _share(line["found"]) if line["found"] else ""
        spread = f"{line['low']:.3f} to {line['high']:.3f}" if line["low"] == line["low"] else "one template"
        table.add_row(
            line["pipeline"],
            str(line["templates"]),
            line["method"],
            f"{line['auroc']:.3f}",
            spread,
            f"{line['recall']:.1%}",
            found,
        )
    for method, value in result["macro_auroc"].items():
        table.add_row(
            "all, macro",
            "",
            method,
            f"{value:.4f}",
            "",
            f"{result['macro_recall'][method]:.1%}",
            "",
            style="bold",
        )
    yield table


def by_set(result: dict[str, Any]) -> Iterator[Table]:
    """Show what is flagged of other traffic, and whether the probabilities are right."""
    sets = {**result["false_positives"], "as shipped, nothing of the set seen": result["unseen_sets"]}
    table = Table("set", "groups", *sets, title="Flagged at the default threshold")
    for name, one in sets["model"].items():
        table.add_row(
            name,
            f"{one['groups']:,}",
            *(_share(rates[name]) if name in rates else "" for rates in sets.values()),
        )
    yield table
    for method, rows in result["reliability"].items():
        title = f"Reliability, {method}; calibration error {result['calibration_error'][method]:.3f}"
        table = Table("chance", "weight", "mean chance", "share of harvests", title=title)
        for row in rows:
            table.add_row(
                f"{row['from']:.1f}", f"{row['weight']:.3f}", f"{row['chance']:.3f}", f"{row['share']:.3f}"
            )
        yield table


def labels(result: dict[str, Any]) -> Iterator[Table]:
    """Show how each label does without each source."""
    table = Table(
        "label",
        "source left out",
        "groups",
        "AUROC",
        title="Labels; * group by group, since no other source has the label",
    )
    for row in result["labels"]:
        table.add_row(
            row["label"],
            row["source"] + ("" if row["whole"] else " *"),
            str(row["groups"]),
            f"{row['auroc']:.3f}",
        )
    yield table


def show(result: dict[str, Any], console: Console) -> None:
    """Print the tables."""
    for table in (*by_pipeline(result), *by_set(result), *labels(result)):
        console.print(table)
    for name, kept in result["kept"].items():
        console.print(f"{name}: {'kept' if kept else 'NOT KEPT'}")
    for model, methods in result["not_beaten"].items():
        for method, pipelines in methods.items():
            console.print(
                f"{model} does not beat {method} on: {', '.join(pipelines) or 'none, it beats it on all'}"
            )


def _share(one: dict[str, Any]) -> str:
    return f"{one['share']:.2%} ({one['low']:.2%} to {one['high']:.2%})"


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--data", type=Path, help="Folder with the public sets.")
    given.add_argument("--folder", type=Path, help="Labelled folder that tools/intent_folder.py wrote.")
    parser.add_argument(
        "--quick", action="store_true", help="One part of the ordinary prompts, no tables by label."
    )
    parser.add_argument("--seed", type=int, default=0, help="Seed of the parts and draws.")
    parser.add_argument("--json", type=Path, help="File to write the figures to.")
    args = parser.parse_args()
    console = Console(width=150)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as aside:
        if args.data:
            subprocess.run(
                [sys.executable, TOOL, "--data", args.data, aside], check=True, stdout=subprocess.DEVNULL
            )
        documents = read_folder(args.folder or Path(aside))
    result = measured(documents, args.seed, args.quick, console)
    show(result, console)
    console.print(f"{time.perf_counter() - started:.0f} s")
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
