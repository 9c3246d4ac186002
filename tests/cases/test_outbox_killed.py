"""A deliverer that is killed at any point loses nothing, and sends nothing again that it knew was taken."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import outbox_worker
from case_stores import stocked
from outbox_receivers import Got, Receiver, channels_toml, receiver

from stillwatch.cases import Cases
from stillwatch.cases.outbox.channels_file import read_channels

KILLS = int(os.environ.get("STILLWATCH_KILLS", "8"))
"""Kills; a study sets more."""
DELIVERY = (
    "[delivery]\nattempts = 100\nfirst_wait_s = 0.01\nlongest_wait_s = 0.02\ntimeout_s = 0.3\nclaim_s = 0.1\n"
)


@contextmanager
def worker(place: str, file: Path) -> Iterator[tuple[IO[str], IO[str]]]:
    process = subprocess.Popen(
        [sys.executable, outbox_worker.__file__, place, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        yield process.stdin, process.stdout
        process.stdin.close()


def sent(got: Receiver) -> Counter[tuple[str, str]]:
    """How often each message came to each channel."""
    return Counter((one.path[1:], one.headers["webhook-id"]) for one in list(got.got))


def delivered(cases: Cases) -> set[tuple[str, str]]:
    return {(one.channel, one.uid) for one in cases.outbox.deliveries("delivered")}


def test_killed_at_any_point_nothing_is_lost_or_sent_twice(place: str, tmp_path: Path) -> None:
    dice = random.Random(25)
    key = tmp_path / "secret"
    key.write_text("whsec_" + "a2" * 16 + "a2tr")
    with stocked(place, tmp_path / "run") as cases, receiver() as got:
        moods: list[int] = []

        def moody(_: Got) -> tuple[int, dict[str, str]]:
            time.sleep(dice.uniform(0.0, 0.02))
            moods.append(503 if dice.random() < 0.1 else 200)
            return moods[-1], {}

        got.answer = moody
        rows = [
            f'name = "{name}"\nform = "webhook"\nurl = "{got.url}/{name}"\nsecret_file = "secret"'
            for name in ("one", "two")
        ]
        file = channels_toml(tmp_path / "channels.toml", *rows, delivery=DELIVERY)
        known: list[tuple[set[tuple[str, str]], Counter[tuple[str, str]]]] = []
        with worker(place, file) as (to, said):
            for life in range(KILLS):
                cases.assign(1, f"person {life}", by="Anna", version=cases.show(1).version)
                cases.assign(2, f"person {life}", by="Anna", version=cases.show(2).version)
                print("go", file=to, flush=True)
                assert said.readline() == "ready\n"
                print(dice.uniform(0.0, 0.25), file=to, flush=True)
                assert said.readline() == "killed\n"
                taken = delivered(cases)
                known.append((taken, sent(got)))
        channels = read_channels(file)
        until = time.monotonic() + 60
        while {state for _, state in cases.outbox.counts()} & {"queued", "waiting", "sending"}:
            assert time.monotonic() < until
            cases.outbox.deliver(channels)
            time.sleep(0.05)
        total = sent(got)
        uids = {one.uid for one in cases.outbox.deliveries()}
        assert len(uids) == 2 + 2 * KILLS
        assert set(total) == delivered(cases) == {(name, uid) for name in ("one", "two") for uid in uids}
        for taken, then in known:
            assert {one for one in taken if total[one] != then[one]} == set()
        # Each kill may interrupt one attempt on each channel; only these may come twice.
        again = sum(total.values()) - len(total) - moods.count(503)
        assert again <= 2 * KILLS
        print(f"{again} of {sum(total.values())} requests came again after {KILLS} kills")
        assert known[-1][0], "nothing was delivered before the last kill"
        assert not cases.verify().faults
