"""Playbooks in the console: the flow, a run from its beginning to its end, what is refused, readiness."""

from __future__ import annotations

import html
import json
import time

import pytest
from console_parts import Console

from stillwatch.cases.playbook_runs import RunState
from stillwatch.console.playbook_flow import flow
from stillwatch.console.role import Role
from stillwatch.playbooks import Playbooks
from stillwatch.playbooks.shipped import NAMES, shipped

RUN = "/cases/2/playbooks/1"
HOSTILE = "\"><script>alert(1)</script>'{{ 7 * 7 }}"


def run_of(console: Console, case: int = 2, number: int = 1) -> str:
    return Playbooks(console.cases).progress(case, number, look=False).run.state


@pytest.mark.parametrize("name", NAMES)
def test_every_step_stands_once_in_the_flow_after_what_leads_to_it(console: Console, name: str) -> None:
    playbook = shipped(name)
    lines = flow(playbook)
    numbers = [line.number for line in lines if line.step is not None]
    assert sorted(numbers) == sorted(playbook.numbered().values())
    place = {line.step.id: place for place, line in enumerate(lines) if line.step is not None}
    for step in playbook.steps.values():
        if step.id in place:
            after = [place[one] for one in step.leads_to() if one in place]
            assert all(one > place[step.id] for one in after), step.name
    page = console.browser(Role.VIEWER).get(f"/playbooks/{name}")
    assert page.status_code == 200
    for step in playbook.steps.values():
        if step.id in place:
            assert html.escape(step.name, quote=True).replace("&#x27;", "&#39;") in page.text


def test_the_file_is_the_playbook(console: Console) -> None:
    answer = console.browser(Role.VIEWER).get("/playbooks/mitigate?format=file")
    assert answer.headers["content-disposition"] == 'attachment; filename="mitigate.json"'
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.text) == json.loads(shipped("mitigate").content)
    assert console.browser(Role.VIEWER).get("/playbooks?format=file").status_code == 404
    assert console.browser(Role.VIEWER).get("/playbooks/nothing").status_code == 404


def test_a_run_from_its_case_to_its_end(console: Console) -> None:
    browser = console.browser(Role.ANALYST)
    assert "/cases/2/playbooks" in browser.get("/cases/2").text
    begun = browser.post("/cases/2/playbooks", {"playbook": "share", "reason": "read"})
    assert (begun.status_code, begun.headers["location"]) == (303, RUN)
    listed = browser.get("/playbooks?format=json").json()["tables"]["runs"]["rows"]
    assert [(row["case"], row["title"]) for row in listed] == [(2, shipped("share").name)]
    for _ in range(30):
        if run_of(console) != RunState.OPEN:
            break
        first = browser.get(f"{RUN}?format=json").json()["values"]["next"][0]
        row = step_row(browser, first)
        stands = "skipped" if row["stands"] == "missing" else "done"
        said = browser.post(f"{RUN}/steps", {"step": str(first), "stands": stands, "reason": "seen"})
        if said.status_code == 422:
            said = browser.post(
                f"{RUN}/steps", {"step": str(first), "stands": "chosen", "choice": "true", "reason": "seen"}
            )
        assert said.status_code == 303, said.text
    assert run_of(console) == RunState.DONE
    assert "Let the checks look again" not in browser.get(RUN).text
    assert browser.get("/playbooks?format=json").json()["tables"]["runs"]["rows"] == []
    assert not console.cases.verify().faults


def step_row(browser: object, number: int) -> dict[str, object]:
    rows = browser.get(f"{RUN}?format=json").json()["tables"]["steps"]["rows"]  # type: ignore[attr-defined]
    found: dict[str, object] = next(row for row in rows if row["number"] == number)
    return found


def test_what_is_missing_is_told_with_since_when_and_cannot_be_confirmed(console: Console) -> None:
    browser = console.browser(Role.ANALYST)
    browser.post("/cases/2/playbooks", {"playbook": "victim-support"})
    row = step_row(browser, 1)
    assert (row["stands"], row["by"]) == ("missing", "its check")
    since = row["missing_since"]
    assert since
    page = browser.get(RUN).text
    assert "What is missing" in page
    assert "it is with nobody" in page
    refused = browser.post(f"{RUN}/steps", {"step": "1", "stands": "done", "reason": "I say so"})
    assert refused.status_code == 422
    assert "its check decides" in refused.text
    before = browser.post(f"{RUN}/steps", {"step": "13", "stands": "done", "reason": "I say so"})
    assert "comes later" in before.text
    console.cases.assign(2, "analyst", by="analyst")
    assert step_row(browser, 1)["stands"] == "missing", "a page asks no check"
    looked = browser.post(f"{RUN}/look")
    assert looked.status_code == 303
    assert step_row(browser, 1)["stands"] == "met"
    assert step_row(browser, 1)["missing_since"] is None


def test_a_word_is_taken_back_and_a_run_is_ended(console: Console) -> None:
    browser = console.browser(Role.ANALYST)
    browser.post("/cases/2/playbooks", {"playbook": "victim-support"})
    browser.post(f"{RUN}/steps", {"step": "1", "stands": "skipped", "reason": HOSTILE})
    assert step_row(browser, 1)["by"] == "analyst"
    page = browser.get(RUN).text
    assert "<script>alert" not in page
    assert "{{ 7 * 7 }}" in page
    assert "Take it back" in page
    browser.post(f"{RUN}/steps", {"step": "1", "stands": "open", "reason": "too early"})
    assert step_row(browser, 1)["stands"] == "missing"
    assert browser.post(f"{RUN}/end", {"reason": "it was the wrong one"}).status_code == 303
    assert run_of(console) == RunState.ENDED
    assert browser.post(f"{RUN}/steps", {"step": "1", "stands": "skipped", "reason": "x"}).status_code == 422
    again = browser.post("/cases/2/playbooks", {"playbook": "victim-support", "new": "true"})
    assert again.headers["location"] == "/cases/2/playbooks/2"


def test_a_viewer_sees_and_is_offered_nothing(console: Console) -> None:
    console.browser(Role.ANALYST).post("/cases/2/playbooks", {"playbook": "identify"})
    viewer = console.browser(Role.VIEWER)
    for path in (RUN, "/cases/2/playbooks", "/readiness"):
        page = viewer.get(path)
        assert page.status_code == 200
        main = page.text.partition("<main")[2].partition("</main>")[0]
        assert "<form" not in main, path


def test_runs_that_are_not_there(console: Console) -> None:
    browser = console.browser(Role.ANALYST)
    for path in ("/cases/2/playbooks/9", "/cases/99/playbooks", f"/cases/2/playbooks/{2**40}"):
        assert browser.get(path).status_code == 404, path
    assert browser.post("/cases/2/playbooks", {"playbook": "nothing"}).status_code == 404
    assert browser.post("/cases/2/playbooks/9/look").status_code == 404


def test_the_same_acts_for_a_program(console: Console) -> None:
    headers = console.token(Role.ANALYST)
    client = console.client()
    begun = client.post("/api/v1/cases/1/playbooks", json={"playbook": "share"}, headers=headers).json()
    assert begun["result"]["playbook"] == "share"
    run = "/api/v1/cases/1/playbooks/1"
    assert client.get(run, headers=headers).json()["values"]["state"] == "open"
    first = begun["result"]["next"][0]
    fields = {"step": first, "stands": "skipped", "reason": "tested"}
    assert client.post(f"{run}/steps", json=fields, headers=headers).status_code in (200, 422)
    looked = client.post(f"{run}/look", json={}, headers=headers).json()
    assert looked["result"]["number"] == 1


def test_readiness_says_what_is_missing_since_when_and_what_to_do(console: Console) -> None:
    browser = console.browser(Role.ANALYST)
    ends = time.monotonic() + 60
    while "It is being looked at" in (page := browser.get("/readiness")).text:
        assert time.monotonic() < ends
        time.sleep(0.05)
    assert page.status_code == 200
    assert page.text.count('id="point-') == 12
    assert "was not read for this list" in page.text
    told = browser.get("/readiness?format=json").json()
    assert sum(told["values"]["counts"].values()) == 12
    row = next(row for row in told["tables"]["checks"]["rows"] if row["check"] == "deadlines_set")
    assert row["holds"] == "missing"
    assert row["since"]
    assert "case deadline" in row["do"]
    for case in (1, 2):
        console.cases.deadline(case, 4e9, by="Anna")
    kept = browser.get("/readiness?format=json").json()
    assert kept["values"]["at"] == told["values"]["at"], "what was found last is shown"
    assert browser.post("/readiness/look").status_code == 303
    rows = browser.get("/readiness?format=json").json()["tables"]["checks"]["rows"]
    assert next(row for row in rows if row["check"] == "deadlines_set")["holds"] == "met"
    assert "<code>" in page.text
    assert "`" not in page.text.partition("<main")[2].partition("</main>")[0].partition("As a table")[0]
