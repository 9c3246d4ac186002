"""Overview, queue, case, accounts, audit and search: what each shows, and what its acts write."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from case_runs import Group, Sealed, Tie, sealed
from case_stores import stocked
from console_parts import Browser, Console

from stillwatch.cases import Cases
from stillwatch.cases.event import Action
from stillwatch.cases.event_list import EventsWanted
from stillwatch.console.access import users
from stillwatch.console.pages.overview import share_in_words
from stillwatch.console.role import Role
from stillwatch.console.then_and_now import differences

SMALL, LARGE = 1, 2


def document(browser: Browser, path: str) -> Any:
    """What a page tells a program."""
    return browser.get(f"{path}{'&' if '?' in path else '?'}format=json").json()


def version(console: Console, number: int) -> str:
    return str(console.cases.show(number).version)


def test_the_overview_says_what_is_next(console: Console) -> None:
    approver = console.browser(Role.APPROVER)
    assert "Next: case 2, which is nobody&#39;s" in approver.get("/").text
    console.cases.assign(SMALL, "approver", by="approver")
    assert "Next: case 1, which is yours" in approver.get("/").text
    console.cases.move(LARGE, "investigating", by="Anna", reason="odd")
    console.cases.move(LARGE, "awaiting second review", by="Anna", reason="all named")
    assert "Next: the second review of case 2" in approver.get("/").text
    analyst = console.browser(Role.ANALYST).get("/").text
    assert "second review of case" not in analyst
    console.cases.deadline(LARGE, time.time() - 60, by="Anna")
    told = document(approver, "/")
    assert told["values"]["first"] == LARGE
    assert told["values"]["waiting"] == {
        "Deadline passed": 1,
        "Appeals": 0,
        "Second reviews": 1,
        "Yours": 1,
        "Nobody's": 1,
    }
    why = [(row["id"], row["why"]) for row in told["tables"]["needed"]["rows"]]
    assert why[:2] == [(LARGE, "Deadline passed"), (LARGE, "Second reviews")]


def test_anothers_late_case_is_not_what_one_begins_with(console: Console) -> None:
    console.cases.assign(LARGE, "Bela", by="Bela")
    console.cases.deadline(LARGE, time.time() - 60, by="Bela")
    page = console.browser(Role.ANALYST).get("/").text
    assert "Next: case 1, which is nobody&#39;s" in page
    assert "Deadline passed" in page


def test_the_overview_tells_precision_trends_and_the_run_in_words(console: Console) -> None:
    console.cases.close(SMALL, "not distillation", by="Anna", reason="a course")
    told = document(console.browser(Role.VIEWER), "/")
    assert told["values"]["precision"] == (
        "1 of 1 decided case was overturned (100%). The true share lies between 3% and 100%, with 95 % "
        "confidence. That is too few to say more."
    )
    week = told["tables"]["weeks"]["rows"][-1]
    assert (week["opened"], week["closed"]) == (2, 1)
    assert told["values"]["run"]["campaigns"] == {"adversarial": 2}
    page = console.browser(Role.VIEWER).get("/").text
    assert "2 opened, 1 closed" in page
    shares = console.cases.precision().shares
    assert all(share_in_words(one) for one in shares)


def test_nothing_is_said_where_nothing_waits(console: Console) -> None:
    for number in (SMALL, LARGE):
        console.cases.close(number, "not distillation", by="Anna", reason="a course")
    assert "Nothing waits for you" in console.browser(Role.VIEWER).get("/").text
    assert "Nothing to review" in console.browser(Role.ANALYST).get("/queue").text


def test_the_queue_brings_the_next_case_by_itself(console: Console) -> None:
    analyst = console.browser(Role.ANALYST)
    page = analyst.get("/queue").text
    assert 'id="front"><a href="/cases/2"' in page
    then = re.findall(r'name="then" value="([^"]*)"', page.split('id="decide"')[1])[0]
    assert then == "/queue?case=1"
    fields = {"decision": "close: not distillation", "reason": "a course", "version": "1", "then": then}
    answer = analyst.post("/cases/2/decision", fields)
    assert (answer.status_code, answer.headers["location"]) == (303, then)
    page = analyst.get(then).text
    assert 'id="front"><a href="/cases/1"' in page
    assert "1 case to review" in page
    assert console.cases.show(LARGE).outcome == "not distillation"
    assert '<option value="a course">' in page
    assert 'value="a course"' not in page.replace('<option value="a course">', "")


def test_to_look_does_not_take_a_case(console: Console) -> None:
    analyst = console.browser(Role.ANALYST)
    analyst.get("/queue?case=1")
    assert console.cases.show(SMALL).assignee == ""
    analyst.post("/cases/1/take", {"version": "1", "then": "/queue?case=1"})
    assert console.cases.show(SMALL).assignee == "analyst"


def test_filters_of_the_queue_stand_in_the_url(console: Console) -> None:
    console.cases.tag(SMALL, ["bank"], by="Anna")
    analyst = console.browser(Role.ANALYST)
    for query, number in (("tag=bank", SMALL), ("who=nobody&kind=operator&case=1", SMALL), ("case=2", LARGE)):
        told = document(analyst, f"/queue?{query}")
        assert told["values"]["case"]["id"] == number
    assert document(analyst, "/queue?who=mine")["values"]["waiting"] == 0
    assert document(analyst, "/queue?overdue=true")["values"]["waiting"] == 0
    links = re.findall(r'href="(/queue[^"]*case=\d+)"', analyst.get("/queue?kind=operator").text)
    assert links
    assert all(parse_qs(urlsplit(one).query)["kind"] == ["operator"] for one in map(str, links))


def test_only_what_is_possible_is_offered(console: Console) -> None:
    def offered(role: Role, number: int) -> set[str]:
        page = console.browser(role).get(f"/cases/{number}").text
        return set(re.findall(r'type="radio" name="decision" value="([^"]+)"', page))

    assert offered(Role.VIEWER, LARGE) == set()
    closings = {"close: not distillation", "close: licensed", "close: duplicate"}
    assert offered(Role.ANALYST, LARGE) == {"triage", "investigating", "snooze", *closings}
    console.cases.move(LARGE, "investigating", by="analyst", reason="odd")
    assert "acting" not in offered(Role.ANALYST, LARGE)
    console.cases.move(LARGE, "awaiting second review", by="analyst", reason="all named")
    assert offered(Role.ANALYST, LARGE) == {"investigating"}
    assert offered(Role.APPROVER, LARGE) == {"agree", "disagree"}
    answer = console.browser(Role.APPROVER).post(
        "/cases/2/review", {"decision": "agree", "reason": "yes", "version": version(console, LARGE)}
    )
    assert answer.status_code == 303
    assert console.cases.show(LARGE).approved_by == "approver"


def test_every_decision_that_is_offered_can_be_made(tmp_path: Path) -> None:
    offers = 0
    for place, state in enumerate(("open", "triage", "investigating", "acting", "appealed", "closed")):
        cases = stocked(str(tmp_path / f"{place}.db"), tmp_path / f"run{place}")
        with cases.database.writing() as session:
            users.add(session, "analyst", Role.ANALYST, "test")
        page = _in_state(cases, state)
        for word in re.findall(r'type="radio" name="decision" value="([^"]+)"', page):
            copy = stocked(str(tmp_path / f"{place}-{offers}.db"), tmp_path / f"run{place}-{offers}")
            with copy.database.writing() as session:
                users.add(session, "analyst", Role.ANALYST, "test")
            _in_state(copy, state)
            now = copy.show(SMALL).version
            fields = {
                "decision": word,
                "reason": "why",
                "version": str(now),
                "days": "3",
                "duplicate_of": "2",
            }
            answer = Console(copy).browser(Role.ANALYST).post("/cases/1/decision", fields)
            assert answer.status_code == 303, (state, word, answer.text)
            assert copy.show(SMALL).version == now + 1
            offers += 1
    assert offers > 20


def _in_state(cases: Cases, state: str) -> str:
    """Bring the small case to a state; return its page."""
    ways = {
        "triage": ["triage"],
        "investigating": ["investigating"],
        "acting": ["investigating", "acting"],
        "appealed": ["investigating", "acting", "appealed"],
    }
    for there in ways.get(state, []):
        cases.move(SMALL, there, by="Anna", reason="on the way")
    if state == "closed":
        cases.close(SMALL, "not distillation", by="Anna", reason="a course")
    return str(Console(cases).browser(Role.ANALYST).get("/cases/1").text)


@pytest.mark.parametrize(
    ("act", "fields", "said"),
    [
        ("assign", {"to": "Bela", "reason": "knows banks"}, "assigned"),
        ("tags", {"add": "bank, eu"}, "tagged"),
        ("snooze", {"until": "2099-01-01", "reason": "the bank answers"}, "snoozed"),
        ("deadline", {"due": "2026-12-20"}, "due"),
        ("link", {"link": "related", "other": "2"}, "linked"),
        ("note", {"text": "a card"}, "noted"),
    ],
)
def test_each_act_is_one_event(console: Console, act: str, fields: dict[str, str], said: str) -> None:
    given = fields if act in ("note", "tags") else {**fields, "version": "1"}
    answer = console.browser(Role.ANALYST).post(f"/cases/1/{act}", given)
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases/1")
    last = console.cases.events(SMALL)[-1]
    assert (str(last.action), last.actor) == (said, "analyst")
    assert not console.cases.verify().faults
    assert said in console.browser(Role.VIEWER).get("/cases/1").text


def test_a_bare_day_ends_at_its_end(console: Console) -> None:
    console.browser(Role.ANALYST).post("/cases/1/deadline", {"due": "2026-12-20", "version": "1"})
    assert console.cases.show(SMALL).document(0)["deadline"].startswith("2026-12-21T00:00:00")
    answer = console.browser(Role.ANALYST).post("/cases/1/deadline", {"due": "soon", "version": "2"})
    assert answer.status_code == 422
    assert "2026-12-31" in answer.text


def test_one_goes_back_only_to_pages_of_the_console(console: Console) -> None:
    for there in ("//evil.test", "https://evil.test/queue", "/queue\\evil", "/users"):
        answer = console.browser(Role.ANALYST).post("/cases/1/note", {"text": "x", "then": there})
        assert answer.headers["location"] == "/cases/1"


def test_what_the_run_said_then_and_says_now(tmp_path: Path) -> None:
    cases = stocked(str(tmp_path / "CASES.db"), tmp_path / "run", Group("camp-a", 5))
    later = Group("camp-a", 9, families=("network", "software"), ties=(Tie("grew", "camp-a"),))
    cases.sync(sealed(tmp_path / "later", Sealed("run-2", (later,), day=7)))
    with cases.database.writing() as session:
        users.add(session, "viewer", Role.VIEWER, "test")
    told = document(Console(cases).browser(Role.VIEWER), "/cases/1")["values"]
    assert told["differences"]["since it was opened"] == [
        "Its accounts grew from 5 to 9.",
        "Its exchanges grew from 500 to 900.",
        "Families of evidence that speak for it now: software.",
        "Families of evidence that did and do not any more: identity.",
    ]
    assert {"what": "accounts", "when it was opened": "5", "now": "9"} in told["compared"]


def test_differences_are_told_in_words() -> None:
    then = {"verdict": "coordinated", "role": "", "intent": 0.2, "signals": ["volume"], "listed": True}
    now = {"verdict": "adversarial", "role": "operator", "intent": 0.5, "signals": [], "listed": False}
    assert differences(then, now) == [
        "The verdict was coordinated and is adversarial.",
        "The run does not list it any more.",
        "Its role was none and is operator.",
        "Intent rose from 0.20 to 0.50.",
        "Signals that did and do not any more: volume.",
    ]
    assert differences(now, now) == []


def test_the_evidence_is_read_when_the_run_is_gone(console: Console) -> None:
    alone = Console(console.cases)
    page = alone.browser(Role.VIEWER).get("/cases/2").text
    assert "Frozen from run" in page
    assert "hides who is behind it" in page
    told = document(alone.browser(Role.VIEWER), "/cases/2")["tables"]
    assert {row["facet"] for row in told["evidence"]["rows"]} == {"address", "payment"}
    assert [row["signal"] for row in told["signals"]["rows"]] == ["dealt questions", "volume"]
    assert told["accounts"]["total"] == 30


def test_accounts_are_paged_searched_and_decided_about(console: Console) -> None:
    analyst = console.browser(Role.ANALYST)
    first = document(analyst, "/cases/2/accounts?most=20")["tables"]["accounts"]
    assert (len(first["rows"]), first["total"]) == (20, 30)
    rest = document(analyst, first["next"])["tables"]["accounts"]
    assert len(rest["rows"]) == 10
    names = [row["account"] for row in first["rows"]]
    assert not {*names} & {row["account"] for row in rest["rows"]}
    fields: dict[str, Any] = {"decision": "cleared", "reason": "a university", "version": "1"}
    answer = analyst.post("/cases/2/accounts/decide", {**fields, "accounts": names[:3]})
    assert answer.status_code == 303
    (event,) = console.cases.events_found(EventsWanted(LARGE, actions=["decided"]))
    assert [one["subject"] for one in event.new["labels"]] == names[:3]
    known = document(analyst, "/cases/2/accounts?decision=cleared")
    assert [row["account"] for row in known["tables"]["accounts"]["rows"]] == names[:3]
    assert known["values"]["counts"] == {"cleared": 3}
    left = document(analyst, "/cases/2/accounts?decision=undecided")["tables"]["accounts"]["total"]
    assert left == 27
    one = document(analyst, f"/cases/2/accounts?q={names[0].upper()}")["tables"]["accounts"]
    assert [row["reason"] for row in one["rows"]] == ["a university"]
    assert not console.cases.verify().faults


def test_accounts_are_decided_about_all_or_none(console: Console) -> None:
    name = console.cases.evidence(LARGE).table("members")["account_id"][0].as_py()
    fields = {"decision": "cleared", "reason": "x", "version": "1", "accounts": [name, "acct-nobody"]}
    answer = console.browser(Role.ANALYST).post("/cases/2/accounts/decide", fields)
    assert answer.status_code == 422
    assert "acct-nobody" in answer.text
    assert console.cases.show(LARGE).version == 1


def test_the_list_has_filters_order_and_pages(console: Console) -> None:
    viewer = console.browser(Role.VIEWER)
    told = document(viewer, "/cases?order=pressing&most=1")["tables"]["cases"]
    assert (told["rows"][0]["id"], told["total"], told["next"]) == (
        LARGE,
        2,
        "/cases?order=pressing&most=1&format=json&after=1",
    )
    assert document(viewer, told["next"])["tables"]["cases"]["rows"][0]["id"] == SMALL
    assert document(viewer, "/cases?identity=camp-sm")["tables"]["cases"]["total"] == 1
    lines = viewer.get("/cases?nobodys=true&format=csv&table=cases").text.splitlines()
    assert lines[0].startswith('"id","kind","state"')
    assert len(lines) == 3


def test_the_chain_is_checked_when_somebody_asks(console: Console) -> None:
    analyst = console.browser(Role.ANALYST)
    answer = analyst.post("/audit/verify")
    assert answer.headers["location"] == "/audit"
    page = analyst.get("/audit").text
    assert "Everything holds: 2 events of 2 cases" in page
    console.cases.note(SMALL, "later", by="Anna")
    assert "1 event since" in analyst.get("/audit").text
    with console.cases.database.engine.connect() as connection:
        connection.exec_driver_sql("UPDATE cases SET assignee = 'Mallory' WHERE id = 1")
        connection.commit()
    analyst.post("/audit/verify")
    told = document(analyst, "/audit")
    assert told["tables"]["faults"]["rows"] == [
        {"where": "case 1", "what": "edited without an event: assignee is Mallory, and events make it empty"}
    ]


def test_events_are_filtered_and_checkpoints_signed(console: Console) -> None:
    console.cases.note(SMALL, "a card", by="Anna")
    console.cases.assign(LARGE, "Bela", by="Bela")
    viewer = console.browser(Role.VIEWER)

    def told(query: str) -> list[tuple[int, str]]:
        rows = document(viewer, f"/audit?{query}")["tables"]["events"]["rows"]
        return [(row["case"], row["action"]) for row in rows]

    assert told("actor=ANNA") == [(SMALL, "noted")]
    assert told("action=assigned") == [(LARGE, "assigned")]
    assert told("case=1") == [(SMALL, "noted"), (SMALL, "opened")]
    assert told("until=2020-01-01") == []
    assert len(told("most=2")) == 2
    more = document(viewer, "/audit?most=2")["tables"]["events"]["next"]
    assert [row["case"] for row in document(viewer, more)["tables"]["events"]["rows"]] == [LARGE, SMALL]
    console.browser(Role.APPROVER).post("/audit/checkpoint")
    (signed,) = document(viewer, "/audit")["tables"]["checkpoints"]["rows"]
    assert (signed["seq"], signed["holds"]) == (4, "holds")


@pytest.mark.parametrize(
    ("word", "there"),
    [
        ("1", "/cases/1"),
        ("case 2", "/cases/2"),
        ("#2", "/cases/2"),
        ("camp-small", "/cases/1"),
        ("camp-", "/search?q=camp-"),
        ("bank", "/cases?tag=bank"),
        ("no such thing", "/search?q=no+such+thing"),
    ],
)
def test_an_exact_word_leads_there(console: Console, word: str, there: str) -> None:
    console.cases.tag(SMALL, ["bank"], by="Anna")
    answer = console.browser(Role.VIEWER).post("/search", {"q": word})
    assert (answer.status_code, answer.headers["location"]) == (303, there)


def test_the_search_finds_accounts_notes_people_and_permits(console: Console) -> None:
    account = console.cases.evidence(LARGE).table("members")["account_id"][0].as_py()
    console.cases.note(SMALL, "the card of a Company in Győr", by="Anna")
    console.cases.assign(SMALL, "Bela", by="Bela")
    viewer = console.browser(Role.VIEWER)

    def told(word: str) -> list[tuple[str, str]]:
        rows = document(viewer, f"/search?q={word}")["tables"]["found"]["rows"]
        return [(row["what"], row["see"]) for row in rows]

    assert ("account", f"/cases/2/accounts?q={account}") in told(account)
    assert told("company") == [("note", "/cases/1")]
    assert told("bela") == [("person", "/cases?assignee=Bela")]
    assert told("C002") == [("campaign", "/cases/2")]
    assert told("000000000000000b") == [("key", "/cases/1"), ("key", "/cases/2")]
    assert told("%25") == []


def test_the_history_says_from_what_to_what(console: Console) -> None:
    console.cases.move(SMALL, "triage", by="Anna", reason="odd")
    rows = document(console.browser(Role.VIEWER), "/cases/1")["tables"]["events"]["rows"]
    assert [(row["action"], row["changes"]) for row in rows] == [
        ("moved", ["state: open → triage"]),
        ("opened", ["kind: operator", "accounts: 5", "evidence kept, of run run-1"]),
    ]
    assert {str(action) for action in Action} >= {row["action"] for row in rows}
