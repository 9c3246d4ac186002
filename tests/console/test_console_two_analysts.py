"""Two analysts on one case at the same moment, through the API: nothing is lost, and nobody writes over another."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from outbox_receivers import receiver
from story_world import ANNA, BELA, HARVEST, StoryWorld, story_world

EACH = 24


class Analyst:
    """A person who looks at the case, and then changes it as they saw it."""

    def __init__(self, world: StoryWorld, name: str, seed: int) -> None:
        self._name, self._dice = name, random.Random(seed)
        self._headers = {
            "Host": f"localhost:{world.port}",
            "Authorization": f"Bearer {world.token(name)}",
            "Content-Type": "application/json",
        }
        self._line = HTTPConnection("127.0.0.1", world.port, timeout=60)
        self.done: list[str] = []
        self.refused = 0

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """A call of the API."""
        self._line.request(
            method, f"/api/v1{path}", None if body is None else json.dumps(body), self._headers
        )
        answer = self._line.getresponse()
        return answer.status, json.loads(answer.read())

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def work(self, start: threading.Barrier) -> None:
        """Change the case again and again, each time at the same moment as the other."""
        for number in range(EACH):
            version = self.ask("GET", "/cases/1")[1]["values"]["case"]["version"]
            word = f"{self._name} {number}"
            start.wait(60)
            kind = self._dice.choice(["note", "assign", "snooze", "deadline"])
            if kind == "note":
                status, told = self.ask("POST", "/cases/1/note", {"text": word})
            elif kind == "assign":
                status, told = self.ask(
                    "POST", "/cases/1/assign", {"to": word, "reason": word, "version": version}
                )
            elif kind == "snooze":
                status, told = self.ask(
                    "POST", "/cases/1/snooze", {"days": 1, "reason": word, "version": version}
                )
            else:
                body = {"due": f"2030-01-{number + 1:02}", "reason": word, "version": version}
                status, told = self.ask("POST", "/cases/1/deadline", body)
            assert status in (200, 409), told
            if status == 200:
                self.done.append(word)
            else:
                assert kind != "note", "a note takes nothing from anybody"
                assert "version" in told["error"]["do"]
                self.refused += 1


def test_each_change_is_done_or_refused_and_none_is_lost(tmp_path: Path) -> None:
    with receiver() as to:
        world = story_world(tmp_path, to, HARVEST)
        with world.console():
            both = [Analyst(world, ANNA, 1), Analyst(world, BELA, 2)]
            both[0].ask("POST", "/campaigns/open-cases", {"run": "run-1"})
            start = threading.Barrier(2)
            with ThreadPoolExecutor(2) as pool:
                for begun in [pool.submit(one.work, start) for one in both]:
                    begun.result(timeout=120)
            for analyst in both:
                analyst.close()
    with world.cases() as cases:
        events = cases.events(1)[1:]
        notes = iter(cases.show(1).notes)
        written = [event.reason or next(notes).text for event in events]
        assert Counter(written) == Counter(word for one in both for word in one.done)
        assert cases.show(1).version == 1 + len(events)
        assert cases.verify().faults == ()
        assert cases.rebuild(check=True) == ()
    assert sum(len(one.done) + one.refused for one in both) == 2 * EACH
    assert sum(one.refused for one in both) > 0, "the two never met"
    for one in both:
        mine = [word for word in written if word.startswith(one.done[0].split()[0])]
        assert mine == one.done, "each one's changes stand in the order in which they were made"
