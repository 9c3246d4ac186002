"""What does a rule cost, against the same condition as a plain Python function and in CEL?

python bench/policy.py [--quick] [--seed 1] [--json FILE]

One condition of four clauses is evaluated on random states in three ways: as a function that a programmer
would write, as the policy's compiled code, and by the Rust implementation of the Common Expression Language.
The three take turns within one run, so that a busy machine slows all of them, and must agree on every state.
`default` is the whole policy that ships, all of its rules live, from inputs to outcome. A sample is the mean
of some calls; p50 and p99 are those of the samples. Figures are microseconds a call.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cel
import numpy as np
from rich.console import Console
from rich.table import Table

from stillwatch import response
from stillwatch.response.compiled import CompiledPolicy, Standing
from stillwatch.response.inputs import AccountState, CampaignState, Inputs, RequestFacts
from stillwatch.response.ladder import Stage
from stillwatch.response.language.code import compiled
from stillwatch.response.language.policy_file import policy_of, read_policy
from stillwatch.response.language.vocabulary import KNOWN
from study.cel_rules import cel_of, world_of
from study.promises import options

CONDITION = (
    'campaign.verdict == "adversarial" and campaign.role == "operator" '
    'and account.tier in ("named", "present") and request.max_tokens > 1_000'
)
CALLS = 200
"""Calls of one sample."""


@dataclass(frozen=True)
class Cost:
    """What one way costs."""

    way: str
    """How the condition is evaluated."""
    p50: float
    """Microseconds a call, median of the samples."""
    p99: float
    """Microseconds a call, of the slowest sample in a hundred."""
    ratio: float
    """Its p50 over the plain function's."""


def plain(inputs: Inputs) -> bool:
    """The condition as a programmer would write it."""
    return (
        inputs.campaign.verdict == "adversarial"
        and inputs.campaign.role == "operator"
        and inputs.account.tier in ("named", "present")
        and inputs.request.max_tokens > 1_000
    )


def states(rng: random.Random, count: int) -> list[Inputs]:
    """Random states; in half of them the condition holds, which is what takes longest."""
    found = []
    for place in range(count):
        verdict, role, tier = (rng.choice(values) for values in (VERDICTS, ROLES, TIERS))
        if place % 2:
            verdict, role, tier = "adversarial", "operator", "named"
        found.append(
            Inputs(
                AccountState(tier=tier),
                campaign=CampaignState("x", verdict, role, 0.9, 0.9, 0.9, at_least=30),
                request=RequestFacts(max_tokens=rng.choice((0, 4_096)) if place % 2 == 0 else 4_096),
            )
        )
    return found


TIERS, VERDICTS, ROLES = (
    KNOWN["account", "tier"],
    KNOWN["campaign", "verdict"],
    KNOWN["campaign", "role"],
)


def timed(call: Callable[[int], object], places: Sequence[int]) -> float:
    """Microseconds of one call, the mean over these places."""
    began = time.perf_counter_ns()
    for place in places:
        call(place)
    return (time.perf_counter_ns() - began) / 1_000 / len(places)


def ways(given: list[Inputs]) -> dict[str, Callable[[int], object]]:
    """Each way to evaluate, by its name; all take the place of a state."""
    (rule,) = policy_of(f"a = rule(when = {CONDITION}, do = observe())", "bench").rules
    holds = compiled([rule.when])
    program = cel.compile(cel_of(rule.when))
    worlds = [world_of(inputs) for inputs in given]

    def ruled(one: Inputs) -> bool:
        return holds(one.account, one.permit, one.campaign, one.request, one.budget)[0]

    default = read_policy(Path(response.__file__).with_name("default.policy"))
    policy = CompiledPolicy([Standing(one, Stage.LIVE) for one in default.rules])
    for place, inputs in enumerate(given):
        answers = {plain(inputs), ruled(inputs), program.execute(worlds[place])}
        if len(answers) > 1:
            sys.exit(f"the three do not agree on {inputs}")
    return {
        "nothing (the loop alone)": lambda place: given[place],
        "python function": lambda place: plain(given[place]),
        "policy rule": lambda place: ruled(given[place]),
        "default policy, outcome": lambda place: policy.outcome(given[place], 7),
        "cel": lambda place: program.execute(worlds[place]),
    }


def measured(seed: int, samples: int) -> list[Cost]:
    """The cost of each way; the loop's own is taken off."""
    given = states(random.Random(seed), CALLS)
    calls = ways(given)
    places = range(CALLS)
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(samples):
        for name, call in calls.items():
            found[name].append(timed(call, places))
    (_, loop), *rest = found.items()
    base = float(np.median(loop))
    p50 = {name: max(float(np.median(values)) - base, 1e-3) for name, values in rest}
    return [
        Cost(
            name,
            round(p50[name], 3),
            round(float(np.percentile(values, 99)) - base, 3),
            round(p50[name] / p50["python function"], 2),
        )
        for name, values in rest
    ]


def main() -> None:
    """Measure, and say it."""
    given = options(__doc__, "fewer samples")
    costs = measured(given.seed, 60 if given.quick else 1_000)
    table = Table("way", "p50, µs", "p99, µs", "times the function")
    for cost in costs:
        table.add_row(cost.way, f"{cost.p50:.3f}", f"{cost.p99:.3f}", f"{cost.ratio:.2f}")
    Console().print(table)
    if given.json:
        given.json.write_text(json.dumps([vars(cost) for cost in costs], indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
