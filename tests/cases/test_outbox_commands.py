"""`stillwatch case deliver` and `deliveries` as a person calls them, and alarms from a run that was watched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from case_runs import Group, Sealed, sealed
from case_stores import stocked
from click.testing import CliRunner
from outbox_receivers import channels_toml, receiver

from stillwatch.cases import Cases
from stillwatch.cli import program
from stillwatch.errors import EXIT_INTERRUPTED, StillwatchError

SECRET = "whsec_" + "a2" * 16 + "a2tr"
BY = ("--by", "Anna", "--reason", "so")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRET", SECRET)
    stocked("CASES.db", tmp_path / "run").database.close()
    return tmp_path


def case(*words: object) -> str:
    done = CliRunner().invoke(program, ["case", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def documents(*words: object) -> Any:
    return json.loads(case(*words, "--json").splitlines()[-1])


def hook(folder: Path, url: str, delivery: str = "") -> Path:
    row = f'name = "siem"\nform = "webhook"\nurl = "{url}/?token=hidden"\nsecret_env = "SECRET"'
    return channels_toml(folder / "channels.toml", row, delivery=delivery)


def test_without_a_channel_it_says_so(here: Path) -> None:
    assert "no channel is configured, so nothing is sent" in case("deliver")
    assert [one["state"] for one in documents("deliveries", "list")] == ["no channel"] * 2
    assert "no channel is configured" in case("deliver", "--check")


def test_a_dead_letter_by_command(here: Path) -> None:
    with receiver() as got:
        got.answer = lambda _: (410, {})
        file = hook(here, got.url)
        shown = case("deliver", "--channels", file, "--check")
        assert "siem: webhook at localhost" in shown
        assert "1 given up" in case("deliver", "--channels", file)
        assert "1 given up" in case("deliver", "--channels", file)
        listed = documents("deliveries", "list", "--state", "dead", "--channel", "siem", "--case", 1)
        assert [(one["message"], one["said"]) for one in listed] == [
            (1, "HTTP 410: the receiver wants no more")
        ]
        got.answer = lambda _: (200, {})
        assert "waiting" in case("deliveries", "again", 1, *BY)
        assert "dropped" in case("deliveries", "drop", 2, "--channel", "siem", *BY)
        assert documents("deliver", "--channels", file)["delivered"] == 1
        told = case("deliveries", "show", 2)
        assert "Anna  dropped (siem): so" in told
        assert "kind: operator" in told
        assert [one["did"] for one in documents("deliveries", "show", 1)["log"]] == ["again"]
        for text in (shown, told, case("deliveries", "list")):
            assert SECRET[6:] not in text
            assert "hidden" not in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("deliver", "--channels", "nowhere.toml"), "cannot be read"),
        (("deliveries", "list", "--state", "gone"), "no state"),
        (("deliveries", "show", "99"), "no message 99"),
        (("deliveries", "again", "1", *BY), "nothing that is dead"),
    ],
)
def test_mistakes_are_told(here: Path, words: tuple[str, ...], told: str) -> None:
    with pytest.raises(StillwatchError, match=told) as caught:
        case(*words)
    assert caught.value.do


def test_it_goes_on_until_it_is_ended(here: Path) -> None:
    with receiver() as got:
        file = hook(here, got.url, "[delivery]\nevery_s = 0.05\n")
        process = subprocess.Popen(
            [sys.executable, "-m", "stillwatch", "case", "deliver", "--watch"],
            env={**os.environ, "STILLWATCH_CHANNELS": str(file)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        until = time.monotonic() + 30
        while len(got.got) < 2:
            assert time.monotonic() < until
            time.sleep(0.02)
        with Cases("CASES.db") as cases:
            cases.assign(1, "Anna", by="Anna")
        while len(got.got) < 3:
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
        assert process.returncode == EXIT_INTERRUPTED
        assert "2 delivered" in out


def test_alarms_of_a_watched_run_are_told_once(place: str, tmp_path: Path) -> None:
    groups = [Group("camp-a")]
    with Cases(place, create=True) as cases:
        cases.sync(sealed(tmp_path / "one", Sealed("run-1", groups, alarms=["camp-a", "<evil>\n"])))
        cases.sync(sealed(tmp_path / "two", Sealed("run-2", groups, 1, alarms=["camp-a", "camp-c"])))
        found = [one for one in reversed(cases.outbox.deliveries()) if one.topic == "alarm"]
        assert [one.case for one in found] == [1, None, None]
        bodies = [cases.outbox.show(one.message)[1] for one in found]
        assert [one["identity"] for one in bodies] == ["camp-a", "<evil>·", "camp-c"]
        assert bodies[0]["until"] == "2026-11-20T12:00:00Z"
        assert (bodies[0]["severity"], bodies[0]["accounts"]) == ("high", 5)
