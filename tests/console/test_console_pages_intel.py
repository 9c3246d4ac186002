"""The page of shared intelligence: what came, what it matched, what we gave, and who may decide."""

from __future__ import annotations

from typing import Any

import pytest
from console_parts import Browser, Console
from shared_world import DOMAIN_REPORT, RED_REPORT
from whole_world import ACTED, Whole

from stillwatch.console.pages import intel
from stillwatch.console.role import Role

ROOT = f"/intel/reports/{DOMAIN_REPORT}"


def told(browser: Browser, path: str) -> Any:
    return browser.get(f"{path}{'&' if '?' in path else '?'}format=json").json()


def rows(browser: Browser, path: str, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = told(browser, path)["tables"][table]["rows"]
    return found


def test_a_console_to_which_nothing_came_says_so(console: Console) -> None:
    assert "Nothing was received yet" in console.browser(Role.VIEWER).get("/intel").text
    assert console.browser(Role.VIEWER).get(ROOT).status_code == 404


def test_it_shows_what_came_what_it_matched_and_what_waits(whole: Whole) -> None:
    viewer = whole.browser(Role.VIEWER)
    assert told(viewer, "/intel")["values"]["counts"] == {
        "reports": 2,
        "matched": 2,
        "waiting": 1,
        "changed": 1,
        "due": 0,
    }
    named = {row["names"]: row for row in rows(viewer, "/intel", "reports")}
    assert named["mail.example"]["reporter"].startswith("heron (")
    assert named["mail.example"]["judged"] == "confirmed"
    assert named["mail.example"]["disagreements"] == 1
    assert [row["names"] for row in rows(viewer, "/intel?kind=asn", "reports")] == ["64500"]
    assert [row["how"] for row in rows(viewer, "/intel", "changed")] == ["corrected"]
    assert "1 export waits for a second person" in viewer.get("/intel").text
    page = viewer.get(ROOT).text
    for words in ("mail domain", "the same card", "disagree", "An analyst says"):
        assert words.lower() in page.lower()


def test_what_is_red_is_for_those_who_decide(whole: Whole) -> None:
    for role, expected in ((Role.VIEWER, 404), (Role.ANALYST, 404), (Role.APPROVER, 200)):
        browser = whole.browser(role)
        assert browser.get(f"/intel/reports/{RED_REPORT}").status_code == expected
        listed = {row["names"] for row in rows(browser, "/intel", "reports")}
        assert ("64502" in listed) == (expected == 200)


def test_a_correction_is_shown_on_the_case_that_it_touched(whole: Whole) -> None:
    page = whole.browser(Role.VIEWER).get(f"/cases/{ACTED}").text
    assert "A report of ibis, which matched 3 accounts in run" in page
    assert "was corrected on" in page


def test_an_analyst_says_what_a_report_proved_to_be(whole: Whole) -> None:
    fields = {"judged": "false positive", "reason": "a university"}
    assert whole.browser(Role.VIEWER).post(f"{ROOT}/judge", fields).status_code == 403
    analyst = whole.browser(Role.ANALYST)
    assert analyst.post(f"{ROOT}/judge", {**fields, "reason": ""}).status_code == 422
    assert analyst.post(f"{ROOT}/judge", fields).status_code == 303
    found = {row["names"]: row for row in rows(analyst, "/intel", "reports")}
    assert (found["mail.example"]["judged"], found["mail.example"]["weight"]) == ("false positive", 0.0)
    history = rows(analyst, ROOT, "decided")
    assert [row["judged"] for row in history] == ["false positive", "confirmed"]
    (reporter,) = [row for row in rows(analyst, "/intel", "reporters") if row["reporter"].startswith("heron")]
    assert (reporter["confirmed"], reporter["false_positives"]) == (0, 1)


def test_a_second_person_decides_about_exactly_what_was_shown(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyst, approver = whole.browser(Role.ANALYST), whole.browser(Role.APPROVER)
    assert analyst.post(f"{ROOT}/dispute", {"reason": "our own evidence"}).status_code == 303
    number = max(row["number"] for row in rows(analyst, "/intel", "waiting"))
    path = f"/intel/exports/{number}"
    digest = told(approver, path)["values"]["digest"]
    assert "shows its beginning only" not in approver.get(path).text
    with monkeypatch.context() as patched:
        patched.setattr(intel, "CHARACTERS", 100)
        assert "shows its beginning only" in approver.get(path).text
    fields = {"decision": "approve", "reason": "true", "digest": digest}
    assert analyst.post(f"{path}/decide", fields).status_code == 403
    wrong = approver.post(f"{path}/decide", {**fields, "digest": "0" * 64})
    assert wrong.status_code == 422
    assert "looked at something else" in wrong.text
    assert approver.post(f"{path}/decide", fields).status_code == 303
    values = told(approver, path)["values"]
    assert (values["state"], values["approver"], values["by"]) == ("approved", "approver", "analyst")
    assert approver.post(f"{path}/decide", fields).status_code == 422
    assert approver.get("/intel/exports/9999").status_code == 404


def test_nobody_approves_what_they_asked_for(whole: Whole) -> None:
    approver = whole.browser(Role.APPROVER)
    assert approver.post(f"{ROOT}/dispute", {"reason": "our own evidence"}).status_code == 303
    number = max(row["number"] for row in rows(approver, "/intel", "waiting"))
    path = f"/intel/exports/{number}"
    assert "another person decides" in approver.get(path).text
    fields = {"decision": "approve", "reason": "true", "digest": told(approver, path)["values"]["digest"]}
    refused = approver.post(f"{path}/decide", fields)
    assert refused.status_code == 422
    assert "does not approve it" in refused.text
