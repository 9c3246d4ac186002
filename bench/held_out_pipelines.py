"""Are prompts of real pipelines told from those of evaluation suites, with the model as it is shipped?

python bench/held_out_pipelines.py --data DATA --repositories FOLDER [--seed 0] [--json FILE]

The prompts are those that public pipelines and suites send. They are read from clones of their repositories
(bench/intent_study/public_templates.toml names them and their commits), and their slots are filled with
questions, answers and passages of DATA, the folder of public sets. A repository that FOLDER does not hold is
left out, and said. No pipeline here is in the model's training. Shares are means over templates, with exact
intervals at 95 % over templates.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

from intent_payload import payload_of
from intent_study.public_templates import FILLINGS, Template, filled, templates
from stillwatch.schema.flags import HARVEST, Flag
from stillwatch.schema.keyed import HashKey
from stillwatch.schema.requests import REQUESTS
from stillwatch.settings import SketchSettings
from stillwatch.sketch import sketch
from stillwatch.sketch.intent.calibrate import Rate, rate

PART = 11
"""The part of the payload that no source of the training folder draws from."""
KINDS = {"harvest": HARVEST, "reasoning asked for": Flag.STEPS, "evaluation": Flag.EVALUATION}
"""What is told of a prompt."""
ANY = "harvest or reasoning asked for"


@dataclass(frozen=True)
class Line:
    """One pipeline or suite."""

    name: str
    """Its name."""
    suite: bool
    """Whether it is an evaluation."""
    unseen: bool
    """Whether the author of the cue lists had not read it."""
    prompts: int
    """Number of prompts."""
    shares: dict[str, Rate]
    """By kind: the share of its templates' prompts."""


def flags_of(found: Sequence[Template], data: Path, seed: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the flags of each template's prompts. Shape (templates, FILLINGS).

    Each answer is one instruction or question, as a model that is asked nothing writes them.
    """
    payload = payload_of(data, PART, seed)
    empty = dict.fromkeys(REQUESTS.names())
    now = dt.datetime(2026, 2, 3, 12, tzinfo=dt.UTC)
    rows: list[dict[str, Any]] = []
    for template in found:
        for _ in range(FILLINGS):
            user = {"role": "user", "text": filled(template.text, payload)}
            system = [{"role": "system", "text": template.system}] if template.system else []
            rows.append(
                empty
                | {"request_id": f"r{len(rows)}", "account_id": "a", "time": now}
                | {"messages": [*system, user], "answer": payload.draw("pq"[len(rows) % 2])}
            )
    batch = pa.RecordBatch.from_pylist(rows, schema=REQUESTS.arrow)
    flags = sketch(batch, HashKey.public(), SketchSettings()).exchanges.column("flags")
    return np.asarray(flags).astype(np.int64).reshape(len(found), FILLINGS)


def lines(found: Sequence[Template], flags: np.ndarray[Any, np.dtype[np.int64]]) -> list[Line]:
    """Return one line for each pipeline and suite."""
    made = []
    for name in dict.fromkeys(template.name for template in found):
        mine = [place for place, template in enumerate(found) if template.name == name]
        groups = np.repeat(np.arange(len(mine)), FILLINGS)
        bits = flags[mine].ravel()
        kinds = {kind: int(flag) for kind, flag in KINDS.items()}
        kinds[ANY] = kinds["harvest"] | kinds["reasoning asked for"]
        shares = {kind: rate((bits & bit) > 0, groups) for kind, bit in kinds.items()}
        one = found[mine[0]]
        made.append(Line(name, one.suite, one.unseen, len(bits), shares))
    return made


def show(made: Sequence[Line], console: Console) -> None:
    """Print the tables."""
    kinds = [ANY, *KINDS]
    for suite, title in ((False, "Pipelines: share recognised"), (True, "Suites: share flagged")):
        table = Table("source (* not read before)", "templates", *kinds, title=title)
        for line in made:
            if line.suite == suite:
                cells = [_share(line.shares[kind]) for kind in kinds]
                mark = " *" if line.unseen else ""
                table.add_row(line.name + mark, str(line.shares[ANY].groups), *cells)
        console.print(table)


def _share(one: Rate) -> str:
    return f"{one.share:.0%} ({one.low:.0%}-{one.high:.0%})"


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="Folder with the public sets.")
    parser.add_argument("--repositories", type=Path, required=True, help="Folder with the clones.")
    parser.add_argument("--seed", type=int, default=0, help="Seed of what fills the slots.")
    parser.add_argument("--json", type=Path, help="File to write the figures to.")
    args = parser.parse_args()
    console = Console(width=170)
    if not args.data.is_dir():
        console.print(f"skipped: there is no folder {args.data} with the public sets to fill the slots with")
        return
    started = time.perf_counter()
    try:
        found = list(templates(args.repositories, lambda reason: console.print(f"left out: {reason}")))
    except ModuleNotFoundError as error:
        console.print(f"skipped: the templates are in YAML, which needs PyYAML ({error})")
        return
    if not found:
        console.print("skipped: none of the repositories is there")
        return
    made = lines(found, flags_of(found, args.data, args.seed))
    show(made, console)
    console.print(f"{time.perf_counter() - started:.0f} s")
    if args.json:
        args.json.write_text(json.dumps([asdict(line) for line in made], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
