"""Two providers and a hub on this machine: what one of them found, the other one finds too, and nothing of
their customers goes over the wire.

python tools/demo_sharing.py DEMO

What this makes lies in DEMO/sharing, and is made anew each time. Each command is a process of its own, and so is
the hub. Exit code 1: something was not as it should be.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from sharing_demo.check import check
from sharing_demo.hub import Group, commanded
from sharing_demo.planted import Customer, plant, planted
from sharing_demo.window import SCENARIO, now_in

SEED = 1
PROVIDERS = 5
KINDS = ("network_prefix", "address", "mail_domain")
"""Kinds of values of which tokens are shared."""
OPERATOR = "teasel"
"""The operator that the demo is about: alder has much of it, and birch little."""
FIRST, SECOND = "ana", "ben"
"""Who shares, and who approves."""
OVERLAP = "network_prefix"
"""Kind of which the two providers count what both have."""
ENOUGH_S = 120.0


@dataclass
class Provider:
    """One provider: its world, its run, its store of sharing."""

    name: str
    """Its name at the hub."""
    folder: Path
    """Where everything of it lies."""
    world: Path
    """Its world of the range."""
    customers: list[Customer]
    """Planted customers."""
    found: dict[str, Any] = field(default_factory=dict)
    """What it found alone."""

    @property
    def run(self) -> Path:
        """The run that it made alone."""
        return self.folder / "run"

    @property
    def db(self) -> Path:
        """Its store of sharing."""
        return self.folder / "SHARING.db"

    def detect(self, run: Path, *more: str | Path) -> dict[str, Any]:
        """Search its logs."""
        side = [
            word
            for name, file in (
                ("edge", "edge.parquet"),
                ("accounts", "accounts.parquet"),
                ("permits", "permits.toml"),
                ("releases", "releases.toml"),
            )
            for word in (f"--{name}", self.world / file)
        ]
        found: dict[str, Any] = commanded(
            "detect", self.world / "logs", self.world / "planted.jsonl", *side, "--public-key", "--force",
            "--out", run, *more,
        )  # fmt: skip
        return found

    def intel(self, *words: str | Path) -> Any:
        """Give a command about sharing, with its store."""
        return commanded("intel", *words, "--db", self.db)


def providers(folder: Path) -> tuple[Provider, Provider]:
    """Make the worlds, and plant customers."""
    scenario = folder / "coalition.toml"
    scenario.write_text(now_in(SCENARIO.read_text(encoding="utf-8")), encoding="utf-8")
    worlds = folder / "worlds"
    commanded(
        "range",
        "make",
        scenario,
        "--providers",
        str(PROVIDERS),
        "--scale",
        "1",
        "--seed",
        str(SEED),
        "--out",
        worlds,
    )
    made = []
    for name, world in (("alder", "provider-2"), ("birch", "provider-1")):
        one = Provider(name, folder / name, worlds / world, planted(name, SEED))
        one.folder.mkdir()
        plant(one.customers, one.world)
        made.append(one)
    return made[0], made[1]


def told_tokens(one: Provider, group: Group, run: Path, campaign: str | None) -> list[tuple[Path, Path, int]]:
    """Make tokens of values of a run by the look-up service: of a campaign's marks, or of all of them.

    Returns, for each kind, the file of tokens, the private table of values with their tokens, and how many.
    """
    with ThreadPoolExecutor(len(KINDS)) as pool:
        return list(pool.map(lambda kind: _tokens(one, group, run, campaign, kind), KINDS))


def _tokens(
    one: Provider, group: Group, run: Path, campaign: str | None, kind: str
) -> tuple[Path, Path, int]:
    name = f"{kind}-{campaign or 'own'}"
    values, tokens, table = (one.folder / f"{name}.{end}" for end in ("values", "tokens", "table"))
    only = ("--campaign", campaign) if campaign else ()
    commanded("intel", "values", run, "--kind", kind, *only, "--out", values)
    side = group.members[one.name]
    made = commanded(
        "intel", "tokens", values, "--kind", kind, "--side", side.folder, "--pin", group.pin, "--cache", one.folder / f"{kind}.cache", "--out", tokens, "--table", table,
    )  # fmt: skip
    return tokens, table, int(made["values"])


def mostly(one: Provider, campaign: str) -> bool:
    """Whether a campaign of its run is the operator's that the demo is about, as the truth of the range says."""
    truth = {
        row["account_id"]: row["campaign"] for row in pq.read_table(one.world / "truth.parquet").to_pylist()
    }
    group = next(row["group"] for row in one.found["campaigns"] if row["campaign"] == campaign)
    rows = pq.read_table(one.run / "members.parquet").to_pylist()
    inside = [truth.get(row["account_id"], "") == OPERATOR for row in rows if row["group"] == group]
    return bool(sum(inside) * 2 > len(inside))


def listed(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The campaigns that a search lists as adversarial."""
    return [row for row in found["campaigns"] if row["listed"] and row["verdict"] == "adversarial"]


def confirmed(one: Provider, campaign: str) -> str:
    """Make the campaign a case, and confirm it as people do; returns the case's number."""
    cases = one.folder / "CASES.db"
    commanded("case", "sync", one.run, "--db", cases)
    identity = next(row["identity"] for row in one.found["campaigns"] if row["campaign"] == campaign)
    rows = commanded("case", "list", "--all", "--db", cases)
    number = next(str(row["id"]) for row in rows if row["identity"] == identity)
    why = ("--by", FIRST, "--reason", "seen in the demo", "--db", cases)
    commanded("case", "move", number, "investigating", *why)
    commanded("case", "close", number, "confirmed", *why)
    return number


def give(one: Provider, group: Group, campaign: str, collection: str) -> int:
    """Let what a provider found leave: tokens, the gate, a second person, the hub. Returns how many tokens."""
    case = confirmed(one, campaign)
    made = told_tokens(one, group, one.run, campaign)
    files = [word for path, _, count in made if count for word in ("--tokens", path)]
    waiting = one.intel(
        "export", "case", case, "--cases", one.folder / "CASES.db", "--purpose", "detection", "--tlp", "amber",
        "--by", FIRST, *files,
    )  # fmt: skip
    pass_on(one, group, waiting, collection)
    return sum(count for _, _, count in made)


def pass_on(one: Provider, group: Group, waiting: dict[str, Any], collection: str) -> None:
    """Approve as a second person, and publish."""
    number = str(waiting["number"])
    one.intel("approve", number, "--sha256", waiting["sha256"], "--by", SECOND)
    side = group.members[one.name]
    done = one.intel(
        "publish",
        number,
        "--to",
        collection,
        "--side",
        side.folder,
        "--by",
        FIRST,
    )
    must(not done["refused"], f"the hub refused {done['refused']}")


def take(one: Provider, group: Group, name: str) -> dict[str, Any]:
    """Fetch what is new at the hub, and take it into the store."""
    bundle = one.folder / f"{name}.json"
    side = group.members[one.name]
    one.intel("fetch", group.url, "--side", side.folder, "--out", bundle)
    got: dict[str, Any] = one.intel("receive", bundle, "--from", "hub")
    return got


def collection_of(group: Group, one: Provider) -> str:
    """The address of the hub's collection, as TAXII tells it."""
    side = group.members[one.name]
    found = commanded("intel", "fetch", group.url, "--side", side.folder, "--db", one.db)
    return next(str(row["collection"]) for row in found)


def overlap(asking: Provider, answering: Provider, folder: Path) -> dict[str, Any]:
    """Count what both have of one kind, by private set intersection of tokens; the files go from hand to hand."""
    tokens = {one.name: next(one.folder.glob(f"{OVERLAP}-*.tokens")) for one in (asking, answering)}
    epoch = tokens[asking.name].read_text(encoding="utf-8").split(":")[3]
    agreed, request, answer = (folder / name for name in ("agreed.json", "request", "answer"))
    commanded(
        "intel", "overlap", "agree", "--investigation", "demo-1", "--asks", asking.name, "--answers", answering.name,
        "--kind", OVERLAP, "--epoch", epoch, "--most", "4096", "--out", agreed,
    )  # fmt: skip
    state = asking.folder / "overlap.state"
    commanded("intel", "overlap", "ask", agreed, tokens[asking.name], "--out", request, "--state", state)
    commanded(
        "intel",
        "overlap",
        "answer",
        agreed,
        tokens[answering.name],
        request,
        "--db",
        answering.db,
        "--out",
        answer,
    )
    found: dict[str, Any] = commanded("intel", "overlap", "finish", state, answer)
    return found


def kept(one: Provider) -> str:
    """What a provider's store of sharing lists, in a sentence."""
    gave, came = one.intel("exports"), one.intel("received", "--sources")
    people = ", ".join(sorted({row["approver"] for row in gave}))
    return f"{one.name}'s store: {len(gave)} export, approved by {people}; came from: {came[0]['source']}."


def judged(run: Path) -> tuple[list[Any], list[Any]]:
    """The verdicts of a run, and whom it names."""
    campaigns, members = (
        pq.read_table(run / f"{name}.parquet").to_pylist() for name in ("campaigns", "members")
    )
    return (
        sorted((row["group"], row["verdict"] or "", row["listed"]) for row in campaigns),
        sorted((row["group"], row["account_id"]) for row in members if row["tier"] == "named"),
    )


def must(good: bool, otherwise: str) -> None:
    """End the demo where something is not as it should be."""
    if not good:
        raise SystemExit(f"FAILED: {otherwise}")


def main(arguments: list[str]) -> None:
    """Tell the story."""
    began = time.monotonic()
    folder = Path(arguments[0]) / "sharing"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:5.0f} s  {text}", flush=True)

    alder, birch = providers(folder)
    say(f"{PROVIDERS} providers are worked by the same two operators. We look at two: alder and birch.")
    with ThreadPoolExecutor(2) as pool:
        alone = [pool.submit(one.detect, one.run) for one in (alder, birch)]
        alder.found, birch.found = (run.result() for run in alone)
    for one in (alder, birch):
        names = ", ".join(f"{row['campaign']} ({row['accounts']} accounts)" for row in listed(one.found))
        say(f"{one.name} alone lists: {names or 'nothing'}")
    campaign = next((row["campaign"] for row in listed(alder.found) if mostly(alder, row["campaign"])), "")
    must(bool(campaign), f"alder alone does not list {OPERATOR}")
    must(
        not any(mostly(birch, row["campaign"]) for row in listed(birch.found)),
        f"birch alone lists {OPERATOR} already",
    )
    with Group(folder / "hub", (alder.name, birch.name)) as group:
        say(f"A hub serves at {group.url}; both joined by key and signed its agreement.")
        share(alder, birch, group, campaign, say)
        look_back(alder, birch, group, campaign, folder, say)
    with_hub = (*group.wire.kept(), *(folder / name for name in ("agreed.json", "request", "answer")))
    found = check([*alder.customers, *birch.customers], [alder.world, birch.world], with_hub, [group.db])
    say(
        f"Leak check: {found.values:,} values of customers in {found.forms:,} forms (clear, hexadecimal, base 64, "
        f"hashes) against {found.size / 1e6:.1f} MB that passed or that the hub keeps: {len(found.leaks)} found."
    )
    must(found.control, "the leak check does not find what is there")
    must(found.size > 100_000, "the leak check looked at nothing")
    must(not found.leaks, f"leaks: {found.leaks[:5]}")
    took = time.monotonic() - began
    say("Done." if took < ENOUGH_S else f"Done, but not within {ENOUGH_S:.0f} seconds: this machine is busy.")


def share(alder: Provider, birch: Provider, group: Group, campaign: str, say: Callable[[str], None]) -> None:
    """What the two do with the hub."""
    with ThreadPoolExecutor(1) as pool:
        # What birch asks of its own does not depend on what alder gives.
        looked = pool.submit(told_tokens, birch, group, birch.run, None)
        for one in (alder, birch):
            one.intel("name", one.name, "--identity", group.members[one.name].identity)
        collection = collection_of(group, alder)
        tokens = give(alder, group, campaign, collection)
        own = looked.result()
    say(
        f"alder: {FIRST} confirmed {campaign} and exported it, {tokens} tokens; {SECOND} approved; published."
    )
    table = birch.folder / "own.table"
    table.write_text("".join(path.read_text(encoding="utf-8") for _, path, _ in own), encoding="utf-8")
    got = take(birch, group, "fetched")
    say(
        f"birch: looked {sum(n for _, _, n in own):,} values of its own up, blinded; fetched {got['new']} objects."
    )
    shared = birch.folder / "shared.parquet"
    birch.intel("match", "--out", shared, "--public-key", "--run", birch.run, "--tokens", table)
    again = birch.folder / "run-shared"
    after = birch.detect(again, "--shared", shared)
    raised = [
        (row, told)
        for row in after["campaigns"]
        for told in row.get("shared", [])
        if told["review"] and not row["listed"]
    ]
    must(bool(raised), "birch has nothing for review")
    for row, told in raised:
        say(f"birch: {row['campaign']} is for review: {told['sentence']}.")
    must(judged(birch.run) == judged(again), "a verdict or a named account changed by what alder reported")
    say("birch: no verdict and no list of named accounts changed by it.")
    birch.intel("matched", again)
    report = next(row["report"] for row in pq.read_table(again / "shared.parquet").to_pylist())
    waiting = birch.intel("sight", report, "--by", FIRST)
    pass_on(birch, group, waiting[0] if isinstance(waiting, list) else waiting, collection)
    back = take(alder, group, "back")
    theirs = group.members[birch.name].identity
    objects = json.loads((alder.folder / "back.json").read_bytes())["objects"]
    seen = [row for row in objects if row["type"] == "sighting" and row["created_by_ref"] == theirs]
    must(bool(back["new"] and seen), "alder does not learn of the sighting")
    say(
        f"birch published a sighting; alder fetched it: {seen[0]['sighting_of_ref'][:23]}… was seen at birch."
    )


def look_back(
    alder: Provider, birch: Provider, group: Group, campaign: str, folder: Path, say: Callable[[str], None]
) -> None:
    """What both have in common, what their stores list, and what the hub's log says."""
    both = overlap(birch, alder, folder)
    must(both["both"] > 0, "the two have no network in common")
    say(
        f"Private set intersection: {both['both']} network prefixes of {campaign} are at birch too; the number alone is told."
    )
    with ThreadPoolExecutor(2) as pool:
        stores = [pool.submit(kept, one) for one in (alder, birch)]
        cosigned = {one.name: pool.submit(group.cosign, one.name) for one in (alder, birch)}
        verified = pool.submit(commanded, "hub", "log", "verify", "--db", group.db)
    for store in stores:
        say(store.result())
    verified.result()
    heads = {name: head.result() for name, head in cosigned.items()}
    must(
        all(set(head["compared"]) >= {"alder", "birch"} for head in heads.values()), f"not compared: {heads}"
    )
    say(f"The transparency log of {heads['birch']['size']} entries holds, and both cosigned it.")


if __name__ == "__main__":
    main(sys.argv[1:])
