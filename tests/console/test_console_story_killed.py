"""The console is killed at random points of the story, and the people go on where they had no answer."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from outbox_receivers import Receiver, receiver
from served import Served
from story_world import ANNA, BELA, CHI, HARVEST, StoryWorld, came, story_world, until

from stillwatch.cases.remediation import Remediation
from stillwatch.guard.journal_entry import Kind

KILLS = int(os.environ.get("STILLWATCH_KILLS", "3"))
A_STORY = 10
"""Kills of one story at most; then it is told to its end."""
SEED = 25


class Died(Exception):
    """The server went away, before it answered or just after."""


class Caller:
    """Programs of three people. After some calls the server is killed, a moment after the next one is sent."""

    def __init__(self, world: StoryWorld, tokens: dict[str, str]) -> None:
        self._world, self._tokens = world, tokens
        self.left = -1
        self.delay = 0.0
        self.console: Served | None = None

    def post(self, who: str, path: str, **body: Any) -> int:
        """An act by the API."""
        headers = {"Authorization": f"Bearer {self._tokens[who]}", "Content-Type": "application/json"}
        return self._sent(f"/api/v1{path}", json.dumps(body), headers)

    def object(self, path: str, words: str) -> int:
        """What a customer sends from the page of the link."""
        headers = {"Origin": "null", "Content-Type": "application/x-www-form-urlencoded"}
        return self._sent(path, urlencode({"words": words}), headers)

    def _sent(self, path: str, body: str, headers: dict[str, str]) -> int:
        assert self.console is not None
        killer = None
        if self.left == 0:
            killer = threading.Timer(self.delay, self.console.process.kill)
            killer.start()
        self.left -= 1
        connection = HTTPConnection("127.0.0.1", self._world.port, timeout=20)
        try:
            connection.request("POST", path, body, {"Host": f"localhost:{self._world.port}", **headers})
            status = connection.getresponse().status
        except (OSError, HTTPException) as error:
            raise Died from error
        finally:
            connection.close()
            if killer is not None:
                killer.join()
                self.console.process.wait(20)
        if killer is not None:
            raise Died  # after its answer
        return status


def next_act(world: StoryWorld, to: Receiver, call: Caller) -> Callable[[], int] | None:
    """What comes next, from what the store says; None at the end."""
    with world.cases() as cases, Remediation(cases, appeal_key=world.folder / "appeals.key") as door:
        if not cases.all():
            return lambda: call.post(ANNA, "/campaigns/open-cases", run="run-1")
        case, plans, letters, appeals = cases.show(1), door.plans(1), door.letters(1), door.appeals(1)
    version = case.version

    def decide(decision: str) -> Callable[[], int]:
        return lambda: call.post(
            ANNA, "/cases/1/decision", decision=decision, reason="one card", version=version
        )

    if case.state == "open":
        return decide("investigating")
    if case.state == "investigating":
        return decide("awaiting second review")
    if case.state == "awaiting second review":
        return lambda: call.post(
            BELA, "/cases/1/review", decision="agree", reason="I looked", version=version
        )
    if case.state == "closed":
        return None
    if not plans:
        return lambda: call.post(ANNA, "/cases/1/plan", reason="friction", version=version)
    if plans[-1].plan.state == "planned":
        return lambda: call.post(
            BELA, "/cases/1/plan/carry-out", through="block", reason="as agreed", version=version
        )
    if plans[-1].plan.state != "carried out":
        return lambda: call.post(BELA, "/cases/1/plan/resume")
    letter = f"/cases/1/letters/{letters[-1].id}"
    if letters[-1].state in ("draft", "approved"):
        act = "approve" if letters[-1].state == "draft" else "send"
        return lambda: call.post(BELA, f"{letter}/{act}", reason="clear and true")
    if not appeals:
        notice = until(lambda: came(to, "notice"))[0]
        link = next(word for word in notice["text"].split() if "/appeal/" in word)
        return lambda: call.object(urlsplit(link).path, "We are a class.")
    if appeals[0].state == "open":
        return lambda: call.post(
            CHI, f"/appeals/{appeals[0].id}/answer", answer="overturn", reason="a course"
        )
    if appeals[0].restoration == "due":
        return lambda: call.post(CHI, f"/appeals/{appeals[0].id}/restore")
    return decide("close: confirmed")


def lived(world: StoryWorld, to: Receiver, call: Caller) -> bool:
    """Go on until the story or the server ends; returns whether it is the story that ended."""
    while (act := next_act(world, to, call)) is not None:
        try:
            status = act()
        except Died:
            return False
        # A call that had no answer may have been done: then the same once more is told so.
        assert status in (200, 303, 409, 422), status
    return True


def holds(world: StoryWorld, *, ended: bool) -> None:
    """The chain holds; and where nothing is under way, the store and the journal tell the same."""
    entries = world.entries()
    assert max(Counter(one.data["once"] for one in entries).values(), default=1) == 1
    with world.cases() as cases, Remediation(cases, appeal_key=world.folder / "appeals.key") as door:
        assert cases.verify().faults == ()
        assert cases.rebuild(check=True) == ()
        assert len(cases.all()) <= 1
        if not ended:
            return
        waiting = door.pending()
        assert (waiting.begun, waiting.stopped, waiting.unrestored) == ((), (), ())
        steps = [step for plan in door.plans(1) for step in plan.steps]
        (appeal,) = door.appeals(1)
        assert {step.seq for step in steps} - {None} | {appeal.seq} == {one.seq for one in entries}
        assert len(door.plans(1)) == 1
        assert {one.state for one in cases.outbox.deliveries()} == {"delivered"}
    assert sum(one.kind == Kind.ACT for one in entries) == 3
    assert world.answer(appeal.account) == "allow"
    assert {world.answer(one) for one in HARVEST.accounts() if one != appeal.account} == {"deny"}


def one_story(folder: Path, dice: random.Random, kills: int) -> int:
    """Tell it with so many kills at most; returns how often the server was killed."""
    taken: list[tuple[set[str], Counter[str]]] = []
    with receiver() as to:
        world = story_world(folder, to, HARVEST)
        call = Caller(world, {name: world.token(name) for name in (ANNA, BELA, CHI)})
        killed, ended = 0, False
        for _ in range(kills + 1):
            call.left = dice.randint(0, 1) if killed < kills else -1
            call.delay = dice.uniform(0.0, 0.06)
            with world.console() as console:
                call.console = console
                ended = lived(world, to, call)
                if ended:
                    until(lambda: all_delivered(world), DELIVERED_S)
            killed += not ended
            holds(world, ended=ended)
            with world.cases() as cases:
                done = {one.uid for one in cases.outbox.deliveries("delivered")}
            taken.append((done, Counter(to.uids())))
            if ended:
                break
        assert ended
        total = Counter(to.uids())
        for done, then in taken:
            assert {uid for uid in done if total[uid] != then[uid]} == set(), (
                "what was taken is not sent again"
            )
        assert sum(total.values()) - len(total) <= killed, "one attempt at most is cut off by each kill"
    return killed


DELIVERED_S = 60.0
"""Seconds for what a killed server was sending: its claim must end first."""


def all_delivered(world: StoryWorld) -> bool:
    with world.cases() as cases:
        return {one.state for one in cases.outbox.deliveries()} == {"delivered"}


def test_killed_at_random_points_nothing_is_half_done_or_sent_twice(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    killed, began = 0, time.monotonic()
    for story in range(KILLS):
        killed += one_story(tmp_path / str(story), dice, min(KILLS - killed, A_STORY))
        if killed >= KILLS:
            break
    assert killed == KILLS
    print(f"killed {killed} times in {story + 1} stories, {time.monotonic() - began:.0f} s")
