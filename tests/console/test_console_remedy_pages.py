"""Plans, letters, appeals and deliveries in the console: what the pages show, and what their acts do."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from console_parts import Browser
from console_remedy import LARGE, ROBBED, SMALL, Remedied, remedied
from outbox_receivers import receiver
from remedy_stores import acting, by
from test_console_remedy_wiring import channels

from stillwatch.cases.remediation.plan_words import Stage
from stillwatch.console.access.log import Access, entries
from stillwatch.console.kept_figures import KeptFigures
from stillwatch.console.long_work import Jobs
from stillwatch.console.role import Role
from stillwatch.console_settings import ConsoleSettings
from stillwatch.errors import CaseError


def version(remedy: Remedied, number: int) -> str:
    return str(remedy.cases.show(number).version)


def told(browser: Browser, path: str) -> Any:
    return browser.get(f"{path}{'&' if '?' in path else '?'}format=json").json()


def made(remedy: Remedied, number: int = SMALL) -> Browser:
    """A plan, made in the console."""
    analyst = remedy.browser(Role.ANALYST)
    fields = {"reason": "one card", "version": version(remedy, number)}
    answer = analyst.post(f"/cases/{number}/plan", fields)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cases/{number}/plan")
    return analyst


def carry(remedy: Remedied, who: Browser, through: str, number: int = SMALL) -> Any:
    fields = {"through": through, "reason": "friction first", "version": version(remedy, number)}
    return who.post(f"/cases/{number}/plan/carry-out", fields)


def test_a_plan_is_made_tried_carried_out_and_taken_back(remedy: Remedied) -> None:
    assert "Nothing is planned yet" in remedy.browser(Role.VIEWER).get("/cases/1/plan").text
    analyst, approver = made(remedy), remedy.browser(Role.APPROVER)
    page = analyst.get("/cases/1/plan").text
    assert "cannot be carried out yet" in page
    assert "Refuse them until their owner is verified" in page
    before = len(remedy.cases.events())
    answer = analyst.post("/cases/1/plan/dry-run", {"through": "slow"})
    assert answer.headers["location"] == "/cases/1/plan?dry=slow#dry-run"
    tried = told(analyst, "/cases/1/plan?dry=slow")["values"]["dry_run"]
    assert (tried["entries"], tried["touched"]) == (1, remedy.cases.show(SMALL).accounts)
    assert "would meet a restriction" in analyst.get("/cases/1/plan?dry=slow").text
    assert len(remedy.cases.events()) == before
    refused = carry(remedy, approver, "slow")
    assert refused.status_code == 422
    assert "only while it is acting" in refused.text
    acting(remedy.work, SMALL)
    assert carry(remedy, analyst, "slow").status_code == 403
    assert carry(remedy, approver, "slow").status_code == 303
    values = told(analyst, "/cases/1/plan")["values"]
    assert values["plan"]["state"] == "carried out"
    assert values["stages_left"] == ["verify", "block"]
    (step,) = [one for one in remedy.door.show(SMALL).steps if one.kind == "restrict" and one.stage == 1]
    account = remedy.door.accounts(step.id)[0]
    assert remedy.work.meets(account) == {"slow"}
    assert account in analyst.get(f"/cases/1/plan/steps/{step.id}").text
    assert account in analyst.get("/cases/1/plan/taken?format=csv&table=takers").text
    fields = {"step": step.id, "reason": "a class", "version": version(remedy, SMALL)}
    assert analyst.post("/cases/1/plan/undo", fields).status_code == 303
    assert remedy.work.meets(account) == set()
    assert analyst.post("/cases/1/plan/undo", {**fields, "step": ""}).status_code == 409
    again = {"step": "", "reason": "all of it", "version": version(remedy, SMALL)}
    assert analyst.post("/cases/1/plan/undo", again).status_code == 303
    assert told(analyst, "/cases/1/plan")["values"]["plan"]["state"] == "undone"
    assert "step 1.s" in analyst.get("/cases/1").text
    assert not remedy.cases.verify().faults


def test_a_large_takedown_needs_a_second_person(remedy: Remedied) -> None:
    made(remedy, LARGE)
    remedy.cases.move(LARGE, "investigating", by="Anna", reason="so")
    remedy.cases.move(LARGE, "awaiting second review", by="Anna", reason="so")
    assert carry(remedy, remedy.browser(Role.APPROVER), "block", LARGE).status_code == 422
    remedy.cases.review(LARGE, agree=True, by="Bela", reason="yes")
    assert carry(remedy, remedy.browser(Role.APPROVER), "block", LARGE).status_code == 303
    assert remedy.door.show(LARGE).plan.state == "carried out"


def test_victims_are_helped_first(remedy: Remedied) -> None:
    page = made(remedy, ROBBED).get(f"/cases/{ROBBED}/plan").text
    assert "Help first." in page
    assert "give them new keys" in page
    assert "Slow them down" not in page


def test_letters_are_read_edited_approved_and_sent(remedy: Remedied, tmp_path: Path) -> None:
    acting(remedy.work, SMALL)
    analyst, approver = made(remedy), remedy.browser(Role.APPROVER)
    carry(remedy, approver, "slow")
    (row,) = told(analyst, "/cases/1/letters")["tables"]["letters"]["rows"]
    path = f"/cases/1/letters/{row['id']}"
    page = analyst.get(path).text
    assert "acct-example" in page
    assert "http://console.test/appeal/…" in page
    edit = {"text": "Subject: Your account\r\n\r\nHello. [[appeal-link]]", "reason": "shorter"}
    assert analyst.post(f"{path}/edit", edit).status_code == 303
    assert analyst.post(f"{path}/edit", {**edit, "text": "no subject"}).status_code == 422
    assert analyst.post(f"{path}/approve", {"reason": "clear"}).status_code == 403
    assert approver.post(f"{path}/send", {"reason": "go"}).status_code == 422
    assert approver.post(f"{path}/approve", {"reason": "clear"}).status_code == 303
    assert approver.post(f"{path}/send", {"reason": "go"}).status_code == 303
    with receiver() as to:
        remedy.cases.outbox.deliver(channels(tmp_path, to), fill=remedy.door.filled)
    rows = told(analyst, path)["tables"]["notices"]["rows"]
    assert {one["state"] for one in rows} == {"delivered"}
    assert len(rows) == remedy.cases.show(SMALL).accounts
    assert approver.post(f"{path}/withdraw", {"reason": "too late"}).status_code == 422


def test_an_appeal_is_read_and_answered_by_another_person(tmp_path: Path) -> None:
    remedy = remedied(tmp_path)
    remedy.settings = ConsoleSettings(texts=True)
    remedy.__post_init__()
    token = remedy.sent()
    words = "we are a <script>class</script>, ünïcode"
    remedy.door.open_appeal(token, words)
    analyst, approver = remedy.browser(Role.ANALYST), remedy.browser(Role.APPROVER)
    (row,) = told(analyst, "/appeals?state=open")["tables"]["appeals"]["rows"]
    path = f"/appeals/{row['id']}"
    page = approver.get(path).text
    assert "class" not in page.split('id="said"')[1].split("</section>")[0].replace('class="', "")
    for line in ("Anna", "connected with other accounts", "block"):
        assert line in page
    assert analyst.post(f"{path}/read", {"reason": "curious"}).status_code == 403
    assert approver.post(f"{path}/read", {"reason": ""}).status_code == 422
    read = approver.post(f"{path}/read", {"reason": "to answer it"})
    assert read.status_code == 200
    assert "we are a &lt;script&gt;class" in read.text
    with remedy.cases.database.reading() as session:
        (entry,) = [one for one in entries(session) if one.action == Access.TEXT]
    assert (entry.actor, entry.reason, "class" in entry.subject) == ("approver", "to answer it", False)
    account = row["account"]
    assert remedy.work.meets(account)
    fields = {"answer": "overturn", "reason": "a course", "compensation": "a month free"}
    assert analyst.post(f"{path}/answer", fields).status_code == 403
    assert approver.post(f"{path}/answer", fields).status_code == 303
    assert remedy.work.meets(account) == set()
    page = analyst.get(path).text
    for line in ("it was wrong", "a month free", "has ended"):
        assert line in page
    assert approver.post(f"{path}/erase", {"reason": "asked for"}).status_code == 303
    assert approver.post(f"{path}/read", {"reason": "again"}).status_code == 422
    overview = told(analyst, "/")["values"]["remediation"]
    assert overview["wrong"].startswith(f"1 of {remedy.cases.show(SMALL).accounts} accounts")
    remedy.desk.doors.remedy.close()
    remedy.work.close()


def test_who_had_a_part_does_not_answer(remedy: Remedied) -> None:
    acting(remedy.work, SMALL, by="approver")
    remedy.door.plan(SMALL, **by())
    remedy.door.carry_out(SMALL, Stage.SLOW, **by())
    letter = remedy.door.letters(SMALL)[-1].id
    remedy.door.approve_letter(letter, **by())
    remedy.door.send_letter(letter, **by())
    token = remedy.door.link(remedy.door.notices(letter)[0].id).rpartition("/")[2]
    remedy.door.open_appeal(token, "no")
    approver = remedy.browser(Role.APPROVER)
    steps = remedy.door.appeal("1.a1").original["by"]
    page = approver.get("/appeals/1.a1").text
    refused = approver.post("/appeals/1.a1/answer", {"answer": "uphold", "reason": "so"}).status_code
    had = "approver" in steps
    assert ("another person answers" in page) is had
    assert refused == (422 if had else 303)


def test_texts_are_not_shown_where_the_setting_is_off(remedy: Remedied) -> None:
    remedy.door.open_appeal(remedy.sent(), "secret words")
    approver = remedy.browser(Role.APPROVER)
    assert "console.texts" in approver.get("/appeals/1.a1").text
    assert approver.post("/appeals/1.a1/read", {"reason": "x"}).status_code == 422


def test_dead_letters_show_their_cause_and_are_decided(remedy: Remedied, tmp_path: Path) -> None:
    with receiver() as to:
        to.answer = lambda _got: (410, {})
        remedy.cases.outbox.deliver(channels(tmp_path, to))
        viewer, approver = remedy.browser(Role.VIEWER), remedy.browser(Role.APPROVER)
        page = viewer.get("/deliveries?state=dead").text
        assert "given up" in page
        assert "410" in page
        number = told(viewer, "/deliveries?state=dead")["tables"]["deliveries"]["rows"][0]["message"]
        path = f"/deliveries/{number}"
        assert viewer.post(f"{path}/again", {"reason": "mended"}).status_code == 403
        assert approver.post(f"{path}/again", {"reason": "mended"}).status_code == 303
        to.answer = lambda _got: (204, {})
        remedy.cases.outbox.deliver(channels(tmp_path, to))
        to.answer = lambda _got: (410, {})
        remedy.cases.assign(SMALL, "Anna", by="Anna")
        remedy.cases.outbox.deliver(channels(tmp_path, to))
    assert "delivered" in viewer.get(path).text
    assert "mended" in viewer.get(path).text
    assert approver.post(f"{path}/drop", {"reason": "no"}).status_code == 422
    other = told(viewer, "/deliveries?state=dead")["tables"]["deliveries"]["rows"][0]["message"]
    assert approver.post(f"/deliveries/{other}/drop", {"reason": "by telephone"}).status_code == 303


def test_the_overview_shows_what_waits_as_of_the_last_event(remedy: Remedied) -> None:
    viewer = remedy.browser(Role.VIEWER)
    remedy.until_answered(lambda: "Nobody was acted against" in viewer.get("/").text)
    token = remedy.sent()
    remedy.door.open_appeal(token, "no")
    remedy.until_answered(lambda: "Appeals to answer" in viewer.get("/").text)
    remedy.until_answered(lambda: "with 95 % confidence, or is larger" in viewer.get("/").text)
    assert told(viewer, "/")["values"]["remediation"]["waiting"]["Letters"] >= 1


def test_without_a_state_plans_are_made_and_not_carried_out(console: Any) -> None:
    analyst = console.browser(Role.ANALYST)
    analyst.post("/cases/1/plan", {"reason": "so", "version": str(console.cases.show(1).version)})
    page = console.browser(Role.APPROVER).get("/cases/1/plan").text
    assert "Nothing can be done at the gateway" in page


def test_slow_figures_are_made_behind_the_calls() -> None:
    seq, calls = [1], []

    def make() -> int:
        calls.append(seq[0])
        time.sleep(0.4)
        return seq[0]

    kept = KeptFigures(make, lambda: seq[0])
    assert kept.now(time.time()) == (None, None)
    time.sleep(0.6)
    found, at = kept.now(time.time())
    assert found == 1
    assert at is not None
    assert kept.now(time.time())[0] == 1
    assert calls == [1]
    seq[0] = 2
    assert kept.now(time.time())[0] == 1, "the last figures are shown while new ones rest or are made"
    assert kept.now(time.time() + 60)[0] == 1
    time.sleep(0.6)
    assert kept.now(time.time() + 60)[0] == 2


def test_long_work_goes_on_behind_and_its_end_is_kept() -> None:
    jobs, calls = Jobs(), []

    def work(said: Any) -> int:
        said("half")
        calls.append(1)
        time.sleep(0.2)
        return 7

    first = jobs.begin("x", "Anna", work, patience_s=0.05)
    assert (first.ended, first.progress) == (None, "half")
    assert jobs.begin("x", "Bela", work, patience_s=0.05).by == "Anna"
    jobs.close()
    assert calls == [1]
    found = jobs.of("x")
    assert found is not None
    assert found.checked().result == 7

    def fails(_said: Any) -> None:
        raise CaseError("it does not go", where="here", do="wait")

    with pytest.raises(CaseError, match="does not go"):
        jobs.begin("y", "Anna", fails).checked()
