"""From a world's logs to refusals at a real gateway, and back: the guard as a whole, on loopback.

python bench/guard_end_to_end.py [--quick] [--front litellm|asgi] [--scenario NAME] [--scale 0.002] [--seed 3]
    [--work FOLDER] [--json FILE]

Makes a world of the range, searches it, publishes what was found, and takes a policy with the whole ladder
from draft to live by the real commands. Then the world's accounts ask a stub model, through LiteLLM's real
proxy with the guard in its process (`make litellm`; without it through the ASGI middleware on granian):
distilabel-shaped generation and harvest prompts, lm-eval-shaped question sets, agents' loops with tools, and
chats. In the middle a permit is issued and an appeal is upheld. At the end `detect` reads the guard's own log
of exchanges. The exit code is 1 where a promise does not hold. `--quick` takes a small world and the
middleware.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from end_to_end import checks, fronts
from end_to_end.checks import Promise
from end_to_end.clients import Got, Line, send
from end_to_end.commands import said, step
from end_to_end.model import USED
from end_to_end.shapes import TOKENS, Ask, asks, evaluation
from end_to_end.worlds import SIDES, World, exchanges, made_world

HERE = Path(__file__).parent / "end_to_end"
RULES = ("mark_operators", "slow_middle", "block_large")
SOON_S = 5.0
"""Seconds within which a person's decision must reach the gateway."""
MOST_S = 30.0
"""Seconds after which it is given up."""
QUESTIONS = 40
LONG = 1_600
"""Words of a request of some two thousand tokens."""
MOST_ASKED = 2_000
"""Requests after which a budget that is not spent is given up."""
BY = ("--by", "Ada Example", "--reason", "the end-to-end check")


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Read what is asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a small world, through the ASGI middleware")
    parser.add_argument("--front", choices=(fronts.LITELLM, fronts.ASGI), help="the gateway")
    parser.add_argument("--scenario", default="february", help="a shipped scenario or a TOML file")
    parser.add_argument("--scale", type=float, default=0.002)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--guilty", type=int, default=120, help="most exchanges of a campaign's account")
    parser.add_argument("--others", type=int, default=2, help="most exchanges of another account")
    parser.add_argument("--work", type=Path, help="folder for the world, the runs and the state; kept")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to a file")
    found = parser.parse_args(given)
    if found.quick:
        found.scenario, found.scale, found.guilty, found.others = str(HERE / "quick.toml"), 1.0, 150, 10
        found.front = found.front or fronts.ASGI
    found.front = found.front or (fronts.LITELLM if (fronts.BIN / "litellm").exists() else fronts.ASGI)
    return found


def live_state(world: World, state: Path, evaluator: str) -> None:
    """Publish the run, exempt the evaluator, and take every rule from draft to live."""
    step("guard publish; policy add, backtest; each rule from draft over shadow and canary to live")
    said("guard", "publish", world.run, "--to", state)
    if evaluator:
        said("guard", "exempt", evaluator, "--as", "evaluator", "--state", state, *BY)
    said("policy", "test", HERE / "ladder.policy")
    said("policy", "add", HERE / "ladder.policy", "--to", state, *BY)
    said("policy", "backtest", "--to", state, world.run)
    for rule in RULES:
        for stage in (("shadow",), ("canary", "--share", "0.5"), ("live",)):
            said("policy", "promote", rule, *stage, "--to", state, *BY)


def until_served(line: Line, ask: Ask, words: Sequence[Any]) -> tuple[float, list[Got]]:
    """Let a person decide, and ask until it is served: the seconds after the command, and all answers."""
    before = line.ask(ask)
    said(*words)
    began = time.monotonic()
    told = [before]
    while (got := line.ask(ask)).status != 200 and time.monotonic() - began < MOST_S:
        told.append(got)
        time.sleep(0.05)
    took = time.monotonic() - began if before.status == 403 and got.status == 200 else MOST_S
    return took, [*told, got]


def pooled(line: Line, asks_of: dict[str, Ask]) -> tuple[Promise, list[Got]]:
    """Spend a campaign's budget from its first account on; the last one, that never asked, meets it too. All
    ask the same, and use what they reserve, so that what one may not the other may not a moment later.
    """
    told: list[Got] = []
    *first, last = sorted(asks_of)
    words = [{"role": "user", "content": "reef " * LONG}]
    body = {"model": asks_of[last].body["model"], "max_tokens": USED, "messages": words}
    kept = {name: value for name, value in asks_of[last].headers.items() if name != TOKENS}
    same = {account: Ask(account, ask.shape, body, kept) for account, ask in asks_of.items()}
    for account in first:
        for _ in range(MOST_ASKED):
            told.append(line.ask(same[account]))
            if told[-1].status != 200:
                break
    kth = line.ask(same[last])
    many = len(asks_of)
    seen = f"account {many} of {many}: {kth.status} at its first request, retry-after {kth.retry_after}"
    what = "an account that never asked meets the campaign's spent budget"
    return Promise(what, kth.status == 429, seen), [*told, kth]


def decided_by_people(
    world: World, front: fronts.Front, one: dict[str, Ask], state: Path
) -> tuple[list[Promise], dict[str, float], list[Got]]:
    """A permit and an appeal for two accounts that are blocked."""
    holder, appellant = world.of("block")[1:3]
    line = Line(front.port, front.named)
    words = ("--state", state, *BY)
    step("a permit is issued, an appeal is upheld")
    permit_s, told = until_served(
        line,
        one[holder],
        ("guard", "permit", "issue", "study", "--account", holder, "--until", "2099-01-01", *words),
    )
    appeal_s, more = until_served(line, one[appellant], ("guard", "appeal", "uphold", appellant, *words))
    line.close()
    seconds = {"permit_s": round(permit_s, 3), "appeal_s": round(appeal_s, 3)}
    found = [
        Promise("a permit lets its holder through within 5 s", permit_s <= SOON_S, f"{permit_s:.2f} s"),
        Promise("an appeal upheld reverses a block within 5 s", appeal_s <= SOON_S, f"{appeal_s:.2f} s"),
    ]
    return found, seconds, [*told, *more]


def run(given: argparse.Namespace, work: Path) -> dict[str, Any]:
    """All of it."""
    world = made_world(given.scenario, given.scale, given.seed, work)
    blocked, slowed = world.of("block"), world.of("slow")
    if len(blocked) < 3:
        raise SystemExit("the run names no campaign that the policy blocks; try another seed")
    evaluator, silent = blocked[0], slowed[-1:]
    state, log = work / "state", work / "exchanges"
    live_state(world, state, evaluator)
    rows = list(exchanges(world, given.guilty, given.others))
    everything = list(asks(rows, world.kinds, world.guilty))
    one = {ask.account: ask for ask in everything}
    questions = [row for row in rows if world.kinds[row["account_id"]] == "eval_harness"]
    traffic = [ask for ask in everything if ask.account not in (evaluator, *silent)]
    traffic += evaluation(questions, evaluator, QUESTIONS)
    models = sorted({row["model"] for row in rows})
    front_of = (
        fronts.asgi(state, log) if given.front == fronts.ASGI else fronts.litellm(state, log, models, work)
    )
    with front_of as front:
        step(f"{len(traffic):,} requests through {given.front}")
        began = time.monotonic()
        told = send(traffic, front.port, front.named)
        took = time.monotonic() - began
        promises = checks.as_policy_says(world, told, [evaluator])
        line = Line(front.port, front.named)
        later: list[Got] = []
        if slowed:
            promise, later = pooled(line, {account: one[account] for account in slowed})
            promises.append(promise)
        line.close()
        more, seconds, others = decided_by_people(world, front, one, state)
    promises += [*more, checks.recorded(state / "records", [*told, *later, *others])]
    step("detect over the guard's own log")
    sides = [word for option, name in SIDES for word in (option, world.folder / name)]
    said("detect", log, *sides, "--out", work / "again", "--previous", world.run, "--public-key")
    again, more = checks.read_back(world, work / "again", words=given.front == fronts.LITELLM)
    promises += more
    shapes: dict[str, int] = {}
    for ask in traffic:
        shapes[ask.shape] = shapes.get(ask.shape, 0) + 1
    return {
        "front": given.front,
        "scenario": Path(given.scenario).stem,
        "scale": given.scale,
        "seed": given.seed,
        "requests": len(traffic),
        "shapes": shapes,
        "requests_s": round(took, 1),
        **seconds,
        "rows": checks.rows(world, told, [evaluator]),
        "read_back": again,
        "promises": [asdict(promise) for promise in promises],
    }


def show(figures: dict[str, Any]) -> None:
    """Print the tables."""
    shapes = ", ".join(f"{count:,} {shape}" for shape, count in figures["shapes"].items())
    print(
        f"\n{figures['requests']:,} requests through {figures['front']} in {figures['requests_s']} s: {shapes}\n"
    )
    for title, rows in (("what clients met", figures["rows"]), ("read back", figures["read_back"])):
        print(title)
        names = list(rows[0]) if rows else []
        lines = [names, *([str(row[name]) for name in names] for row in rows)]
        widths = [max(len(line[place]) for line in lines) for place in range(len(names))]
        for line in lines:
            print(
                "  " + "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
            )
        print()
    for promise in figures["promises"]:
        print(f"{'holds' if promise['holds'] else 'FAILS':<6} {promise['what']}: {promise['seen']}")


def main(words: Sequence[str] | None = None) -> int:
    """Run, print, and say whether all holds."""
    given = arguments(words)
    with contextlib.ExitStack() as stack:
        work = given.work or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        work.mkdir(parents=True, exist_ok=True)
        figures = run(given, work.resolve())
    show(figures)
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if all(promise["holds"] for promise in figures["promises"]) else 1


if __name__ == "__main__":
    sys.exit(main())
