"""How fast is sharing?

python bench/sharing.py [--part taxii]… [--quick] [--json FILE]

taxii: a collection of one million indicators (--quick: 30 thousand) is served by granian in a process of its own.
The first and the hundredth page are asked for in turns; a repetition's figure is the p95 of 40 such times, and
the table shows the median of five repetitions with the smallest and the largest. `fetch of N new objects` is
what a member pays that has the rest already. That a page was given is written down each time, as a hub does.

lookups: the look-up service runs on granian in a process of its own, and is asked batches that were blinded before.
Its processor time holds keys, budgets, the database and HTTP; that of the bare function for the same batches
stands beside it.

psi: a request of 1,000 tokens against 100 thousand (--quick: a tenth).

Targets are those of the issue that asked for it; the
exit code is 0 whatever is met, since the machine may be busy.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sharing_study import lookups, psi, taxii
from sharing_study.figure import Figure

PARTS: Mapping[str, Callable[..., list[Figure]]] = {
    "taxii": taxii.measured,
    "lookups": lookups.measured,
    "psi": psi.measured,
}
"""Each part: a function of a folder and `quick`."""


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", action="append", choices=list(PARTS), help="one part; may repeat")
    parser.add_argument("--quick", action="store_true", help="small collections, few repetitions")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found: dict[str, list[Figure]] = {}
    for part in given.part or list(PARTS):
        with tempfile.TemporaryDirectory(prefix="stillwatch-bench-") as place:
            found[part] = PARTS[part](Path(place), quick=given.quick)
        _show(part, found[part])
    if given.json:
        told = {part: [asdict(one) for one in figures] for part, figures in found.items()}
        given.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _show(part: str, figures: list[Figure]) -> None:
    table = Table("what", "unit", "median", "smallest", "largest", "target", title=part)
    for one in figures:
        met = {None: "", True: one.target, False: f"{one.target} !"}[one.met]
        numbers = (f"{value:,.2f}" for value in (one.middle, one.low, one.high))
        table.add_row(one.what, one.unit, *numbers, met)
    Console().print(table)


if __name__ == "__main__":
    main()
