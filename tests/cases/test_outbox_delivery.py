"""Messages are queued with their events, go to the channels that want them, and are sent until answered."""

from __future__ import annotations

import base64
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from case_runs import Group, Sealed, Tie, sealed
from case_stores import sql, stocked
from outbox_receivers import Got, Receiver, channels_toml, receiver

from stillwatch.cases import Cases
from stillwatch.cases.outbox.channel import Address
from stillwatch.cases.outbox.channels_file import Channels, read_channels
from stillwatch.cases.outbox.deliverer import Deliverer
from stillwatch.cases.outbox.message import Message
from stillwatch.cases.outbox.queue import queue
from stillwatch.errors import CaseError

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


def hooked(folder: Path, to: Receiver, more: str = "", *, delivery: str = "") -> Channels:
    """One webhook at a receiver."""
    (folder / "secret").write_text(SECRET)
    row = f'name = "siem"\nform = "webhook"\nurl = "{to.url}/in"\nsecret_file = "secret"\n{more}'
    return read_channels(channels_toml(folder / "channels.toml", row, delivery=delivery))


def topics(cases: Cases) -> list[str]:
    return [one.topic for one in reversed(cases.outbox.deliveries())]


def test_what_happens_is_told_with_its_event(place: str, tmp_path: Path) -> None:
    with stocked(place, tmp_path / "run") as cases:
        cases.assign(2, "Anna", by="Anna")
        cases.assign(2, "", by="Anna")
        cases.note(2, "no message", by="Anna")
        cases.move(2, "investigating", by="Anna", reason="so")
        cases.move(2, "awaiting second review", by="Anna", reason="so")
        assert topics(cases) == ["case.opened", "case.opened", "case.assigned", "case.second_review"]
        body = cases.outbox.show(2)[1]
        assert {name: body[name] for name in ("case", "kind", "severity", "accounts", "identity")} == {
            "case": 2,
            "kind": "operator",
            "severity": "high",
            "accounts": 30,
            "identity": "camp-large",
        }
        uids = {one.uid for one in cases.outbox.deliveries()}
        assert len(uids) == 4
        assert not cases.verify().faults


def test_growth_is_told_once_it_is_large_in_however_many_steps(place: str, tmp_path: Path) -> None:
    with Cases(place, create=True) as cases:
        for day, size in enumerate((10, 13, 15, 16, 20, 25, 9)):
            cases.sync(sealed(tmp_path / f"run-{day}", Sealed(f"run-{day}", [Group("camp-a", size)], day)))
        assert topics(cases) == ["case.opened", "case.grew", "case.grew"]
        told = [cases.outbox.show(number)[1]["accounts"] for number in (1, 2, 3)]
        assert told == [10, 16, 25]


def test_a_case_that_is_opened_again_is_told(place: str, tmp_path: Path) -> None:
    with stocked(place, tmp_path / "run", Group("camp-a")) as cases:
        cases.close(1, "not distillation", by="Anna", reason="a class")
        tie = [Tie("grew", "camp-a")]
        cases.sync(sealed(tmp_path / "next", Sealed("run-2", [Group("camp-a", 50, ties=tie)], 1)))
        assert topics(cases) == ["case.opened", "case.reopened"]


def test_a_change_that_is_not_written_tells_nothing(place: str, tmp_path: Path) -> None:
    with stocked(place, tmp_path / "run") as cases:
        with pytest.raises(CaseError):
            cases.move(2, "acting", by="Anna", reason="alone")
        with pytest.raises(RuntimeError):
            queue_and_fail(cases)
        assert len(topics(cases)) == 2
        assert cases.outbox.queue(Message("notice", "kept", 1, {}))
        assert not cases.outbox.queue(Message("notice", "kept", 1, {"other": 1}))
        assert len(topics(cases)) == 3


def queue_and_fail(cases: Cases) -> None:
    with cases.database.writing() as session:
        queue(session, Message("notice", "gone", 1, {}))
        raise RuntimeError


def test_a_passed_deadline_is_told_once_and_a_new_one_anew(place: str, tmp_path: Path) -> None:
    with stocked(place, tmp_path / "run") as cases:
        cases.deadline(1, time.time() - 100, by="Anna")
        cases.deadline(2, time.time() + 1000, by="Anna")
        assert cases.outbox.deliver(Channels()).told == 1
        assert cases.outbox.deliver(Channels()).told == 0
        cases.deadline(1, time.time() - 50, by="Anna")
        assert cases.outbox.deliver(Channels()).told == 1
        cases.close(1, "not distillation", by="Anna", reason="so")
        cases.deadline(1, time.time() - 20, by="Anna")
        assert cases.outbox.deliver(Channels()).told == 0
        assert topics(cases)[2:] == ["deadline.breached"] * 2


def test_without_channels_nothing_is_sent_then_or_later(place: str, tmp_path: Path) -> None:
    with stocked(place, tmp_path / "run") as cases, receiver() as got:
        passed = cases.outbox.deliver(Channels())
        assert (passed.configured, passed.nowhere) == (0, 2)
        assert [one.state for one in cases.outbox.deliveries()] == ["no channel"] * 2
        assert cases.outbox.deliver(hooked(tmp_path, got)).delivered == 0
        assert got.got == []


def test_channels_choose_by_topic_severity_and_kind(place: str, tmp_path: Path) -> None:
    groups = (Group("camp-a"), Group("camp-b", verdict="unlicensed"), Group("camp-c", role="victim"))
    wanted = {
        "all": "",
        "grave": 'least = "medium"',
        "victims": 'kinds = ["victim"]',
        "assigned": 'topics = ["case.assigned", "alarm"]',
        "cases": 'topics = ["case.*"]',
    }
    (tmp_path / "secret").write_text(SECRET)
    with stocked(place, tmp_path / "run", *groups) as cases, receiver() as got:
        head = f'form = "webhook"\nsecret_file = "secret"\nurl = "{got.url}'
        rows = [f'name = "{name}"\n{head}/{name}"\n{more}' for name, more in wanted.items()]
        channels = read_channels(channels_toml(tmp_path / "channels.toml", *rows))
        cases.assign(2, "Anna", by="Anna")
        cases.outbox.queue(Message("plan.step", "step-1", 3, {"step": 1}))
        cases.outbox.queue(Message("notice", "of-no-case", None, {}))
        cases.outbox.deliver(channels)
        told = sorted(
            (one.path[1:], json.loads(one.body)["type"], json.loads(one.body)["data"].get("case"))
            for one in got.got
        )
        counts = {name: sum(one[0] == name for one in told) for name in wanted}
        assert counts == {"all": 6, "grave": 4, "victims": 2, "assigned": 1, "cases": 4}
        assert [one[1:] for one in told if one[0] == "assigned"] == [("case.assigned", 2)]


def test_a_webhook_comes_once_with_a_signature_that_holds(place: str, tmp_path: Path) -> None:
    with stocked(place, tmp_path / "run") as cases, receiver() as got:
        channels = hooked(tmp_path, got)
        assert cases.outbox.deliver(channels).delivered == 2
        assert cases.outbox.deliver(channels).delivered == 0
        assert len({*got.uids()}) == len(got.got) == 2
        one = got.got[0]
        assert one.headers["content-type"] == "application/json"
        assert json.loads(one.body)["type"] == "case.opened"
        assert one.headers["webhook-signature"].startswith("v1,")
        assert [row.state for row in cases.outbox.deliveries()] == ["delivered"] * 2


def settle(cases: Cases, channels: Channels, most: int = 100) -> None:
    """Make passes until nothing waits."""
    for _ in range(most):
        cases.outbox.deliver(channels)
        if not cases.outbox.deliveries("waiting"):
            return
        time.sleep(0.02)
    raise AssertionError("messages still wait")


def test_what_fails_is_sent_again_with_the_same_id(place: str, tmp_path: Path) -> None:
    with stocked(place, tmp_path / "run", Group("camp-a")) as cases, receiver() as got:
        got.answer = lambda _: (503 if len(got.got) < 3 else 200, {})
        settle(cases, hooked(tmp_path, got))
        assert len(got.got) == 3
        assert len({*got.uids()}) == 1
        assert len({one.body for one in got.got}) == 1
        found = cases.outbox.deliveries()[0]
        assert (found.state, found.attempts, found.said) == ("delivered", 3, "HTTP 200")


def test_after_too_many_attempts_it_is_a_dead_letter_until_a_person_decides(
    place: str, tmp_path: Path
) -> None:
    with stocked(place, tmp_path / "run") as cases, receiver() as got:
        got.answer = lambda _: (400, {})
        channels = hooked(tmp_path, got, delivery="[delivery]\nattempts = 2\nfirst_wait_s = 0.01\n")
        settle(cases, channels)
        assert [(one.state, one.said) for one in cases.outbox.deliveries()] == [("dead", "HTTP 400")] * 2
        with pytest.raises(CaseError, match="nothing"):
            cases.outbox.again(1, "other", by="Anna", reason="mended")
        got.answer = lambda _: (200, {})
        cases.outbox.again(1, by="Anna", reason="mended")
        cases.outbox.drop(2, by="Bela", reason="too old")
        settle(cases, channels)
        assert [one.state for one in cases.outbox.deliveries()] == ["dropped", "delivered"]
        assert [(one.did, one.actor, one.reason) for one in cases.outbox.show(1)[2]] == [
            ("again", "Anna", "mended")
        ]
        assert len({*got.uids()}) == 2
        with pytest.raises(CaseError, match="only grows"):
            log_gone(cases)


def log_gone(cases: Cases) -> None:
    with cases.database.writing() as session:
        session.connection().exec_driver_sql("DELETE FROM delivery_log")


@pytest.mark.parametrize(("status", "told"), [(302, "redirects"), (410, "no more")])
def test_an_answer_that_is_final_is_a_dead_letter_at_once(tmp_path: Path, status: int, told: str) -> None:
    with (
        stocked(str(tmp_path / "CASES.db"), tmp_path / "run", Group("camp-a")) as cases,
        receiver() as got,
    ):
        got.answer = lambda _: (status, {"Location": f"{got.url}/elsewhere"})
        assert cases.outbox.deliver(hooked(tmp_path, got)).dead == 1
        assert told in cases.outbox.deliveries()[0].said
        assert [one.path for one in got.got] == ["/in"]


def test_a_receiver_that_asks_to_be_left_alone_is(tmp_path: Path) -> None:
    with stocked(str(tmp_path / "CASES.db"), tmp_path / "run") as cases, receiver() as got:
        got.answer = lambda _: (429, {"Retry-After": "3600"})
        channels = hooked(tmp_path, got)
        for _ in range(3):
            cases.outbox.deliver(channels)
            time.sleep(0.03)
        assert len(got.got) == 1
        assert all((one.due or 0) > time.time() + 3500 for one in cases.outbox.deliveries("waiting"))
        assert len(cases.outbox.deliveries("waiting")) == 2


def test_two_deliverers_never_send_the_same_at_the_same_time(place: str, tmp_path: Path) -> None:
    with stocked(place, tmp_path / "run") as cases, receiver() as got:
        for number in range(12):
            cases.outbox.queue(Message("notice", f"n{number}", None, {}))

        def slow(_: Got) -> tuple[int, dict[str, str]]:
            time.sleep(0.01)
            return 200, {}

        got.answer = slow
        channels = hooked(tmp_path, got)
        with ThreadPoolExecutor(3) as pool:
            done = [pool.submit(cases.outbox.deliver, channels) for _ in range(3)]
            assert sum(one.result().delivered for one in done) == 14
        assert len(got.got) == len({*got.uids()}) == 14


def test_a_claim_that_ended_is_taken_over_and_its_first_holder_changes_nothing(tmp_path: Path) -> None:
    with (
        stocked(str(tmp_path / "CASES.db"), tmp_path / "run", Group("camp-a")) as cases,
        receiver() as got,
    ):
        channels = hooked(tmp_path, got)
        begun = threading.Event()
        go_on = threading.Event()

        def hang(_: Got) -> tuple[int, dict[str, str]]:
            if len(got.got) == 1:
                begun.set()
                go_on.wait(5)
                return 503, {}
            return 200, {}

        got.answer = hang
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(cases.outbox.deliver, channels)
            assert begun.wait(5)
            assert cases.outbox.deliver(channels).delivered == 0
            sql(cases.database.place, "UPDATE deliveries SET due = 0")
            assert cases.outbox.deliver(channels).delivered == 1
            go_on.set()
            assert first.result().failed == 1
        assert len({*got.uids()}) == 1
        assert [(one.state, one.said) for one in cases.outbox.deliveries()] == [("delivered", "HTTP 200")]


def test_what_was_delivered_is_forgotten_but_never_told_again(place: str, tmp_path: Path) -> None:
    with stocked(place, tmp_path / "run", Group("camp-a")) as cases, receiver() as got:
        cases.deadline(1, time.time() - 100, by="Anna")
        keep = "[delivery]\nkeep_days = 0\n"
        assert cases.outbox.deliver(hooked(tmp_path, got, delivery=keep)).delivered == 2
        time.sleep(0.01)
        assert cases.outbox.deliver(hooked(tmp_path, got, delivery=keep)).forgotten == 2
        assert [(one.state, one.channel) for one in cases.outbox.deliveries()] == [("pruned", "")] * 2
        assert cases.outbox.show(1)[1] == {}
        assert cases.outbox.deliver(hooked(tmp_path, got, delivery=keep)).told == 0


def test_a_message_that_was_edited_into_nonsense_stops_nothing(tmp_path: Path) -> None:
    place = str(tmp_path / "CASES.db")
    with stocked(place, tmp_path / "run") as cases, receiver() as got:
        sql(place, "UPDATE outbox SET body = 'nonsense' WHERE id = 1")
        assert cases.outbox.deliver(hooked(tmp_path, got)).delivered == 2
        assert json.loads(got.got[0].body)["data"] == {}


def test_a_channel_whose_certificates_are_gone_is_told_and_stops_no_other(tmp_path: Path) -> None:
    place = str(tmp_path / "CASES.db")
    with stocked(place, tmp_path / "run", Group("camp-a")) as cases, receiver() as got:
        hooks = hooked(tmp_path, got).channels
        assert isinstance(hooks[0].at, Address)
        broken = replace(hooks[0], name="broken", at=replace(hooks[0].at, tls=True), ca_file="/nowhere")
        passed = cases.outbox.deliver(Channels((broken, *hooks)))
        assert (passed.delivered, passed.failed) == (1, 1)
        assert cases.outbox.deliveries("waiting")[0].said == "ca_file of a channel cannot be used"


def test_a_thread_delivers_until_it_is_stopped(tmp_path: Path) -> None:
    place = str(tmp_path / "CASES.db")
    with stocked(place, tmp_path / "run") as cases, receiver() as got:
        hooked(tmp_path, got, delivery="[delivery]\nevery_s = 0.05\n")
        said: list[object] = []
        deliverer = Deliverer(place, tmp_path / "channels.toml", said=said.append)
        deliverer.start()
        try:
            wait_for(lambda: len(got.got) == 2)
            (tmp_path / "channels.toml").write_text("nonsense")
            wait_for(lambda: any(isinstance(one, Exception) for one in said))
            hooked(tmp_path, got, delivery="[delivery]\nevery_s = 0.05\n")
            cases.assign(1, "Anna", by="Anna")
            wait_for(lambda: len(got.got) == 3)
        finally:
            deliverer.stop()


def wait_for(there: object, seconds: float = 10.0) -> None:
    assert callable(there)
    until = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)
