"""The half page in front of the benchmark: what was measured, what to believe, and where it fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark_page.lines import OURS, lines_of
from benchmark_page.targets import Target

PARTS = {
    "campaigns": "every campaign, and when its alarm came",
    "baselines": "the same campaigns by every other detector",
    "wronged": "whom each detector accuses wrongly",
    "evasions": "what hiding costs an operator, and what it hides",
    "guarantees": "error rates, bounds and run lengths against what is promised",
    "published-size": "one campaign at its published size",
}
"""Files of tables beside the page, and what each holds."""


def front(document: Mapping[str, Any], kept: Sequence[Target], parts: Sequence[str]) -> list[str]:
    """Return the paragraphs. parts: the files of tables that are written."""
    cells = document["cells"]
    ours = [line for line in lines_of(cells) if line.detector == OURS]
    found, times = sum(line.found for line in ours), sum(line.worlds for line in ours)
    exchanges = sum(cell["exchanges"] for cell in cells)
    innocents = sum(cell["innocents"] for cell in cells)
    missed = [target for target in kept if not target.kept]
    fails = "\n".join(f"- Target not kept: {target.what}. Measured: {target.measured}." for target in missed)
    tables = "\n".join(f"- [{PARTS[name].capitalize()}](benchmark/{name}.md)" for name in parts)
    return [
        "# The benchmark\n",
        f"**What was measured.** Months of a provider's traffic were simulated {len(cells):,} times, "
        f"{exchanges:,} exchanges in all. Campaigns built after published reports were hidden among "
        f"{innocents:,} innocent accounts, some of which look much like campaigns: classes, companies, "
        "coding agents, evaluation harnesses, licensed customers. Stillwatch and other detectors read the "
        "logs without knowing the truth, and were then scored against it.\n",
        f"**What to believe.** Stillwatch found {found} of {times} campaigns. Of their accounts it named at "
        f"least {min((line.recall for line in ours), default=0.0):.1%}, and of the accounts it named at least "
        f"{min((line.precision for line in ours), default=0.0):.1%} were theirs. Whether an error rate is "
        "what it promises to be was counted over many more worlds, with exact intervals. These statements are "
        "about linked accounts that share marks and material, in worlds like these.\n",
        "**What not to believe.** The worlds were written by the people who wrote the detector. They know its "
        "weak sides, but not those that they have not thought of: what it finds and whom it wrongs in "
        "worlds composed by others, from other material, stands apart ([worlds not made here](wild.md)). Nothing here shows what "
        "real operators do next, nor how often real customers look like campaigns. Measure on your own logs before you rely on a number.\n",
        "**Where it fails.**\n",
        (fails + "\n" if fails else "")
        + "- Accounts that are each isolated in every mark, or that reword their prompts for every request, "
        "are found less often, or only by what they ask.\n"
        "- Small, open harvests are left alone on purpose, and campaigns far below a thousand exchanges are "
        "too small to call.\n"
        "- Without prompts in the log, intent cannot be assessed.\n",
        "**The tables.**\n",
        f"{tables}\n",
    ]
