"""Somebody at work in a process of its own, who says of each change when it is done."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from stillwatch.cases import Cases
from stillwatch.errors import CaseConflict, CaseError


def main(place: str, name: str, seed: str, runs: list[str]) -> None:
    """Work until killed: one line for each change that was acknowledged."""
    dice = random.Random(int(seed))
    with Cases(place, create=True) as cases:
        print("ready", flush=True)
        while True:
            try:
                step(cases, name, dice, runs)
            except CaseError:
                continue
            print(cases.events()[-1].seq, flush=True)


def step(cases: Cases, name: str, dice: random.Random, runs: list[str]) -> None:
    """One change of some sort."""
    number = dice.randint(1, 4)
    do = dice.randrange(8)
    if do == 0 and runs:
        cases.sync(Path(dice.choice(runs)))
    elif do == 1:
        cases.note(number, f"{name} was here", by=name)
    elif do == 2:
        cases.tag(number, [f"t{dice.randrange(40)}"], [f"t{dice.randrange(40)}"], by=name)
    elif do == 3:
        cases.move(number, dice.choice(["open", "triage", "investigating", "acting"]), by=name, reason="on")
    elif do == 4:
        cases.close(number, dice.choice(["confirmed", "not distillation"]), by=name, reason="done")
    elif do == 5:
        cases.link(number, "related", dice.randint(1, 4), by=name, remove=bool(dice.randrange(2)))
    elif do == 6:
        cases.assign(number, name, by=name, version=cases.show(number).version)
    else:
        cases.snooze(number, None, by=name, reason="awake")


def count_up(place: str, case: int, times: int) -> None:
    """Read a number from a case and write it back one higher, so often; look again after each conflict."""
    with Cases(place) as cases:
        add_up(cases, case, times)


def add_up(cases: Cases, case: int, times: int) -> None:
    """The same through a door that is open."""
    left = times
    while left:
        seen = cases.show(case)
        try:
            cases.assign(case, str(int(seen.assignee or "0") + 1), by="counter", version=seen.version)
        except CaseConflict:
            continue
        left -= 1


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
