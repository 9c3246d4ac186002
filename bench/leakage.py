"""What does each way of sharing give away to somebody who tries? One measured attack on each.

python bench/leakage.py [--quick] [--seed 1] [--json FILE]

Attacks: a dictionary on plain hashes, on hashes with a key that all members have, and on tokens; enumeration of
a /16 at the look-up service, greedy and patient; private set intersection with too large a question, and with a
side that does not follow the protocol; membership of one account in a count below, at and above the least
number; and guessing the words of a template. Rates are in processor time of one core; where a machine's noise
matters, the smallest and the largest of several measurements stand beside the median. --quick measures less
often and enumerates at a tenth of the size, which changes no share.

docs/leakage.md says what each figure means, what stops the attack, and what does not.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from leakage_study.counting import counting
from leakage_study.enumerating import enumerating
from leakage_study.figures import Figure
from leakage_study.guessing import guessing
from leakage_study.overlapping import overlapping
from leakage_study.templates_guessed import templates_guessed
from study.promises import options


def attacks(folder: Path, seed: int, quick: bool) -> Iterator[Figure]:
    """Run all attacks."""
    times = 3 if quick else 7
    yield from guessing(seed, times, 16_384 if quick else 65_536)
    yield from enumerating(folder, quick)
    yield from overlapping(folder, seed, quick)
    yield from counting(folder, 300 if quick else 4_000)
    yield from templates_guessed(seed, times)


def main() -> None:
    """Run the attacks and print what they gave."""
    asked = options(__doc__, "measures less often, at smaller sizes")
    with tempfile.TemporaryDirectory() as folder:
        found = list(attacks(Path(folder), asked.seed, asked.quick))
    table = Table("attack", "what", "figure", "least to most", "unit")
    for one in found:
        noise = "" if one.least == one.most else f"{one.least:,.3g} to {one.most:,.3g}"
        value = f"{one.value:,.0f}" if one.value >= 1_000 else f"{one.value:,.3g}"
        table.add_row(one.attack, one.what, value, noise, one.unit)
    Console(width=150).print(table)
    if asked.json:
        asked.json.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
