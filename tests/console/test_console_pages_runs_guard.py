"""One account, the policy, permits, the guard and runs, over a real state of the guard."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from case_runs import Group, Sealed
from console_parts import Console
from marked_runs import marked_run
from test_console_content import HOSTILE, dangers

from stillwatch import response
from stillwatch.cases import Cases
from stillwatch.console.access import users
from stillwatch.console.desk import Desk
from stillwatch.console.guard_seen.recent import Recent
from stillwatch.console.role import Role
from stillwatch.console.runs import Runs
from stillwatch.console.seen import Doors
from stillwatch.guard.decide import Failure
from stillwatch.guard.journal import Journal
from stillwatch.guard.open_state import open_guard
from stillwatch.guard.people import Order, People, Said
from stillwatch.guard.publish import publish
from stillwatch.guard.request import Request
from stillwatch.guard.state_keys import verifier
from stillwatch.response.inputs import RequestFacts
from stillwatch.response.ladder import Stage
from stillwatch.response.language.policy_file import read_policy
from stillwatch.response.policy_store import PolicyStore
from stillwatch.settings import Settings

GROUP = Group("camp-first", 30)
ACCOUNT, OTHER = GROUP.accounts()[0], GROUP.accounts()[1]
SOON = 5 * 86_400.0


class Guarded(Console):
    """A console with a guard."""

    state: Path

    def over(self, state: Path) -> Guarded:
        self.state = state
        doors = Doors(self.cases, Runs(self.runs), state, Settings(), self.site.origin)
        self.desk = Desk(doors, self.site)
        return self

    def json(self, path: str, role: Role = Role.VIEWER) -> Any:
        return self.browser(role).get(f"{path}{'&' if '?' in path else '?'}format=json").json()

    def rows(self, path: str, table: str) -> Any:
        return self.json(path)["tables"][table]["rows"]


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    """A run that is published, a policy in shadow, a few decisions of people and of the guard."""
    run = marked_run(tmp_path / "runs" / "one", Sealed("run-1", (GROUP,)))
    state = tmp_path / "state"
    publish(run, state)
    store = PolicyStore(state)
    file = read_policy(Path(response.__file__).with_name("default.policy"))
    store.add(file, "Ann", "the policy that ships")
    store.promote("watch", Stage.SHADOW, by="Ann", why="look first")
    now = time.time()
    with People(state) as people:
        people.exempt(ACCOUNT, "researcher", Said("Ann", "verified by mail", now + SOON))
        people.issue("pilot", Said("Ann", "contract 12", now + SOON), accounts=[OTHER])
        people.issue("study", Said("Ann", "a study", now + 100 * 86_400), organisation="Lakeside")
        people.issue("withdrawn", Said("Ann", "contract 9", now + SOON), accounts=[OTHER])
        people.revoke("withdrawn", Said("Ben", "contract ended"))
    opened = open_guard(state, Failure.OPEN)
    for _ in range(3):
        for account in (ACCOUNT, OTHER, "a-stranger"):
            opened.guard.decide(Request(account, RequestFacts(model="heron-4"), surface="http"))
    opened.close()
    with Cases(tmp_path / "CASES.db", create=True) as cases:
        cases.sync(run)
        cases.decide(1, OTHER, "confirmed", by="Ann", reason="it harvests")
        with cases.database.writing() as session:
            for role in Role:
                users.add(session, role.word, role, "test")
        yield Guarded(cases, runs=(tmp_path / "runs",)).over(state)


def test_an_account_is_told_from_every_side(guarded: Guarded) -> None:
    told = guarded.json(f"/accounts/{ACCOUNT}")
    assert told["values"]["id"] == ACCOUNT
    assert told["values"]["facts"]["spend"] == "$2.50"
    assert told["values"]["guard"]["exempt"] is True
    assert told["values"]["guard"]["tier"] == "named"
    tables = told["tables"]
    assert [(row["campaign"], row["tier"], row["case"]) for row in tables["groups"]["rows"]] == [
        ("C001", "named", 1)
    ]
    assert [row["kind"] for row in tables["journal"]["rows"]] == ["exempt"]
    assert len(tables["decisions"]["rows"]) == 3
    assert all(row["shadow"] == ["watch"] for row in tables["decisions"]["rows"])
    assert {(row["label"], row["carriers"]) for row in tables["marks"]["rows"]} == {("curl/8", 3)}
    assert tables["evidence"]["rows"]


def test_an_act_says_its_step_for_how_many_and_leads_to_its_campaign(guarded: Guarded) -> None:
    with People(guarded.state) as people:
        until = time.time() + SOON
        people.act("camp-9", [ACCOUNT, OTHER], Order("slow", "harvest", 100), Said("Ann", "agreed", until))
    row = guarded.json(f"/accounts/{ACCOUNT}")["tables"]["journal"]["rows"][0]
    assert (row["kind"], row["step"], row["subject"]) == ("act", "slow, 2 accounts", "campaign:camp-9")
    page = guarded.browser(Role.VIEWER).get(f"/accounts/{ACCOUNT}").text
    assert '<a href="/campaigns/camp-9">campaign:camp-9</a>' in page
    assert "Rules in shadow" in page


def test_an_account_has_its_permits_and_decisions_of_cases(guarded: Guarded) -> None:
    tables = guarded.json(f"/accounts/{OTHER}")["tables"]
    assert {(row["name"], bool(row["revoked"])) for row in tables["permits"]["rows"]} == {
        ("pilot", False),
        ("withdrawn", True),
    }
    assert [(row["label"], row["actor"], row["reason"]) for row in tables["decided"]["rows"]] == [
        ("confirmed", "Ann", "it harvests")
    ]


def test_an_account_that_nobody_knows_is_not_there(guarded: Guarded) -> None:
    assert guarded.browser(Role.VIEWER).get("/accounts/nobody").status_code == 404
    assert guarded.browser(Role.VIEWER).get("/accounts").status_code == 200
    assert guarded.json(f"/accounts?id={ACCOUNT}")["values"]["id"] == ACCOUNT


def test_rules_are_shown_with_what_they_did(guarded: Guarded) -> None:
    rules = {row["rule"]: row for row in guarded.rows("/policy", "rules")}
    assert (rules["watch"]["stage"], rules["watch"]["would_fire"], rules["watch"]["fired"]) == (
        "shadow",
        6,
        0,
    )
    assert rules["slow_named_operators"]["stage"] == "draft"
    counts = guarded.rows("/policy", "counts")
    assert [(row["rule"], row["would_fire"], row["accounts"]) for row in counts] == [("watch", 6, 2)]
    text = guarded.browser(Role.VIEWER).get("/policy").text
    assert "named_operator = harvest and account.tier == &#34;named&#34;" in text
    assert re.search(r'<li id="\w{8}-1">', text)


def test_approvers_move_rules_with_a_reason(guarded: Guarded) -> None:
    version = next(row["version"] for row in guarded.rows("/policy", "rules") if row["rule"] == "watch")
    fields = {"version": version, "stage": "canary", "share": "0.25", "reason": "a quarter first"}
    assert guarded.browser(Role.ANALYST).post("/policy/rules/watch/stage", fields).status_code == 403
    approver = guarded.browser(Role.APPROVER)
    assert approver.post("/policy/rules/watch/stage", {**fields, "reason": ""}).status_code == 422
    assert approver.post("/policy/rules/watch/stage", {**fields, "stage": "live"}).status_code == 422
    assert approver.post("/policy/rules/watch/stage", {**fields, "stage": "nowhere"}).status_code == 422
    assert approver.post("/policy/rules/watch/stage", fields).status_code == 303
    move = guarded.rows("/policy", "moves")[0]
    assert (move["rule"], move["stage"], move["share"], move["by"]) == ("watch", "canary", 0.25, "approver")


def test_a_backtest_is_run_and_kept(guarded: Guarded, tmp_path: Path) -> None:
    """The run has no exchanges, so it fails, and says why; nothing is kept."""
    analyst = guarded.browser(Role.ANALYST)
    assert analyst.post("/policy/backtest", {"run": "run-1"}).status_code == 303
    for _ in range(200):
        job = guarded.json("/policy")["values"]["job"]
        if job["ended"]:
            break
        time.sleep(0.05)
    assert job["by"] == "analyst"
    assert job["fault"]
    assert guarded.json("/policy")["values"]["backtest"] is None


def test_permits_stand_where_they_stand(guarded: Guarded) -> None:
    rows = {row["name"]: row for row in guarded.rows("/permits", "permits")}
    assert {name: row["standing"] for name, row in rows.items()} == {
        "licence-7": "in force",
        "pilot": "expires soon",
        "study": "in force",
        "withdrawn": "revoked",
    }
    assert (rows["licence-7"]["volume"], rows["licence-7"]["exchanges"]) == (1_000, 0)
    assert rows["pilot"]["decisions"] == 3
    assert {row["name"] for row in guarded.rows("/permits?standing=unused", "permits")} == {
        "licence-7",
        "study",
    }


def test_approvers_issue_and_revoke(guarded: Guarded) -> None:
    fields = {
        "name": "trial",
        "accounts": f"{ACCOUNT}\n{OTHER}\n",
        "until": "2099-01-31",
        "reason": "contract 3",
    }
    assert guarded.browser(Role.ANALYST).post("/permits/issue", fields).status_code == 403
    approver = guarded.browser(Role.APPROVER)
    assert approver.post("/permits/issue", {**fields, "until": "soon"}).status_code == 422
    assert approver.post("/permits/issue", {**fields, "accounts": ""}).status_code == 422
    assert approver.post("/permits/issue", fields).status_code == 303
    row = next(row for row in guarded.rows("/permits", "permits") if row["name"] == "trial")
    assert (row["standing"], row["holder"], row["why"]) == ("in force", "2 accounts", "contract 3")
    assert approver.post("/permits/revoke", {"name": "no such", "reason": "over"}).status_code == 422
    assert approver.post("/permits/revoke", {"name": "trial", "reason": "over"}).status_code == 303
    row = next(row for row in guarded.rows("/permits", "permits") if row["name"] == "trial")
    assert row["standing"] == "revoked"
    keys = guarded.state / "keys"
    with Journal(guarded.state / "journal.db", verifier(keys)) as journal:
        assert not journal.verify().fault
        assert journal.entries()[-1].actor == "approver"


def test_the_guard_is_shown_and_a_decision_explained(guarded: Guarded) -> None:
    told = guarded.json("/guard")
    assert told["values"]["state"]["fresh"] is True
    assert told["values"]["window"]["decisions"] == 9
    assert sum(row["decisions"] for row in told["tables"]["minutes"]["rows"]) == 9
    one = told["tables"]["decisions"]["rows"][0]["id"]
    record = guarded.json(f"/guard?decision={one}")["values"]["record"]
    assert record["found"]
    assert record["fields"]["id"] == one
    assert guarded.json(f"/guard?decision={'0' * 32}")["values"]["record"]["found"] is False
    assert guarded.json("/guard?decision=../../etc")["values"]["record"]["found"] is False


def test_approvers_hold_exempt_and_take_back(guarded: Guarded) -> None:
    approver = guarded.browser(Role.APPROVER)
    assert approver.post("/guard/hold", {"what": OTHER, "reason": "we look"}).status_code == 303
    assert guarded.json(f"/accounts/{OTHER}")["values"]["guard"]["held"] is True
    entry = guarded.rows("/guard", "journal")[0]
    assert (entry["kind"], entry["actor"], entry["standing"]) == ("hold", "approver", "in force")
    assert approver.post("/guard/end", {"entry": entry["seq"], "reason": "seen"}).status_code == 303
    assert guarded.json(f"/accounts/{OTHER}")["values"]["guard"]["held"] is False
    fields = {"account": OTHER, "kind": "evaluator", "reason": "a benchmark", "until": "2099-01-01"}
    assert approver.post("/guard/exempt", fields).status_code == 303
    assert guarded.json(f"/accounts/{OTHER}")["values"]["guard"]["exempt"] is True


def test_without_a_guard_pages_say_so(guarded: Guarded) -> None:
    guarded.desk = Desk(Doors(guarded.cases, Runs(guarded.runs), None, Settings()), guarded.site)
    browser = guarded.browser(Role.ADMIN)
    for path in ("/policy", "/guard", "/permits", f"/accounts/{ACCOUNT}"):
        assert browser.get(path).status_code == 200
    assert browser.post("/guard/hold", {"what": OTHER, "reason": "we look"}).status_code == 404


def test_records_that_cannot_be_read_are_left_out(guarded: Guarded) -> None:
    folder = guarded.state / "records"
    good = guarded.json("/guard")["values"]["window"]["decisions"]
    lines = [
        b"not json",
        b"{}",
        b'{"stillwatch": "decision/1", "id": 7}',
        b"[" * 5_000,
        b"\xff\xfe",
        b'{"id": "x"',
    ]
    (folder / "decisions-20991231T000000.000000Z-1-aaaaaa.jsonl").write_bytes(b"\n".join(lines))
    (folder / "decisions-20991231T000001.000000Z-1-bbbbbb.jsonl.zst").write_bytes(b"no zstandard at all")
    assert guarded.json("/guard")["values"]["window"]["decisions"] == good


def test_records_are_followed_as_they_grow(tmp_path: Path) -> None:
    file = tmp_path / "decisions-20261130T000000.000000Z-1-aaaaaa.jsonl"
    recent = Recent(tmp_path)
    for number in range(3):
        row = {
            "stillwatch": "decision/1",
            "id": f"{number:032x}",
            "time": "2026-11-30T00:00:00Z",
            "key": "0" * 16,
        }
        whole = json.dumps(row).encode() + b"\n"
        with file.open("ab") as written:
            written.write(whole[:20])
        assert len(recent.rows()) == number
        with file.open("ab") as written:
            written.write(whole[20:])
        assert len(recent.rows()) == number + 1
    assert [row.id[-1] for row in recent.rows()] == ["2", "1", "0"]


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_of_strangers_stay_texts(guarded: Guarded, text: str) -> None:
    approver = guarded.browser(Role.APPROVER)
    fields = {
        "name": text,
        "accounts": text,
        "organisation": text,
        "models": text,
        "until": "2099-01-31",
        "reason": text,
    }
    assert approver.post("/permits/issue", fields).status_code in (303, 422)
    approver.post("/guard/exempt", {"account": text, "kind": text, "reason": text})
    opened = open_guard(guarded.state, Failure.OPEN)
    opened.guard.decide(Request(text, RequestFacts(model=text), request_id=text, surface="http"))
    opened.close()
    one = guarded.rows("/guard", "decisions")[0]["id"]
    for path in ("/permits", "/guard", f"/guard?decision={one}", "/policy"):
        answer = approver.get(path)
        assert answer.status_code == 200
        assert not dangers(answer.text)
    answer = approver.client.get("/accounts", params={"id": text})
    assert answer.status_code == 200
    assert not dangers(answer.text)


def test_runs_are_listed_read_and_compared(guarded: Guarded, tmp_path: Path) -> None:
    more = (Group("camp-first", 40), Group("camp-new", 6))
    marked_run(
        tmp_path / "runs" / "two",
        Sealed("run-2", more, day=1, about={"settings": {"linkage": {"smallest_group": 3}}}),
    )
    assert [row["id"] for row in guarded.rows("/runs", "runs")] == ["run-2", "run-1"]
    assert [row["name"] for row in guarded.rows("/runs?name=TWO", "runs")] == ["two"]
    told = guarded.json("/runs/run-2")
    assert [row["setting"] for row in told["tables"]["settings"]["rows"]] == ["linkage.smallest_group"]
    assert [row["name"] for row in told["tables"]["blindness"]["rows"]] == ["ja4"]
    rows = guarded.rows("/runs/compare?one=run-1&other=run-2", "campaigns")
    assert [(row["identity"], row["what"]) for row in rows] == [
        ("camp-new", "new"),
        ("camp-first", "changed"),
    ]
    assert (rows[1]["named_then"], rows[1]["named_now"]) == (30, 40)
    back = guarded.rows("/runs/compare?one=run-2&other=run-1", "campaigns")
    assert {row["identity"]: row["what"] for row in back}["camp-new"] == "gone"
    assert guarded.browser(Role.VIEWER).get("/runs/none").status_code == 404


def test_shared_intelligence_is_empty_and_says_so(guarded: Guarded) -> None:
    assert "Nothing is shared" in guarded.browser(Role.VIEWER).get("/shared").text
