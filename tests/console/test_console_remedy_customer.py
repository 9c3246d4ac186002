"""The customers' page: open to who has the link, the same for links that never were and that ended."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from console_remedy import SMALL, Remedied, remedied

from stillwatch.console.appeal_page.limits import LOOKS, WRITES, Limit, line_of
from stillwatch.console.role import Role


def appeal(remedy: Remedied, token: str, words: str) -> Any:
    return remedy.client().post(f"/appeal/{token}", data={"words": words}, headers={"Origin": "null"})


def test_what_was_decided_an_objection_and_its_answer(remedy: Remedied) -> None:
    token = remedy.sent()
    page = remedy.client().get(f"/appeal/{token}").text
    assert "is restricted" in page
    assert "answers here within 14 days" in page
    assert "<script" not in page
    assert "/sign-in" not in page
    others = set(remedy.work.cases.evidence(SMALL).table("members")["account_id"].to_pylist())
    assert sum(str(one) in page for one in others) == 1
    assert appeal(remedy, token, "").status_code == 422
    answer = appeal(remedy, token, "we are a <b>class</b>")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/appeal/{token}#state")
    page = remedy.client().get(f"/appeal/{token}").text
    assert "Your objection is here" in page
    assert "<textarea" not in page
    assert "class</b>" not in page, "what was written is not shown again to who has the link"
    again = appeal(remedy, token, "once more <i>")
    assert again.status_code == 422
    assert "is here already" in again.text
    remedy.door.answer_appeal("1.a1", "overturn", by="Chi", reason="a course", compensation="a month free")
    page = remedy.client().get(f"/appeal/{token}").text
    for told in ("You were right", "a month free", "has ended"):
        assert told in page
    assert "Chi" not in page
    assert "a course" not in page
    assert "Object once more" in page


def test_unknown_and_ended_links_look_the_same(tmp_path: Path) -> None:
    remedy = remedied(tmp_path, appeal_days=1e-9)
    token = remedy.sent()
    pages = [remedy.client().get(f"/appeal/{one}") for one in (token, "A" * 43, "x", "..%2f", "<b>")]
    assert {(one.status_code, one.text) for one in pages} == {(404, pages[0].text)}
    sent = [appeal(remedy, one, "words") for one in (token, "A" * 43, "x")]
    assert {(one.status_code, one.text) for one in sent} == {(404, pages[0].text)}
    assert remedy.door.appeals() == []
    remedy.desk.doors.remedy.close()
    remedy.work.close()


def test_its_headers_are_stricter_than_the_consoles(remedy: Remedied) -> None:
    token = remedy.sent()
    for path in (f"/appeal/{token}", "/appeal/x", "/appeal/appeal.css"):
        headers = remedy.client().get(path).headers
        policy = headers["content-security-policy"]
        assert "script-src" not in policy
        assert "default-src 'none'" in policy
        assert headers["referrer-policy"] == "no-referrer"
        assert "noindex" in headers["x-robots-tag"]
    page = remedy.client().get(f"/appeal/{token}").text
    assert set(re.findall(r'(?:href|src|action)="([^"?]*)', page)) == {"/appeal/appeal.css"}


def test_who_comes_too_often_waits(remedy: Remedied) -> None:
    token, client = remedy.sent(), remedy.client()
    statuses = [client.get("/appeal/x").status_code for _ in range(LOOKS + 2)]
    assert statuses[:LOOKS] == [404] * LOOKS
    refused = client.get(f"/appeal/{token}")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    writer = remedy.client()
    statuses = [writer.post("/appeal/x", data={"words": "x"}).status_code for _ in range(WRITES + 1)]
    assert statuses == [404] * WRITES + [429]


def test_room_comes_back_and_lines_are_counted_as_one() -> None:
    now = [0.0]
    limit = Limit(2, 10.0, lambda: now[0])
    assert [limit.takes("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert limit.takes("192.0.2.2")
    now[0] = 5.0
    assert [limit.takes("192.0.2.1") for _ in range(2)] == [True, False]
    assert line_of("2001:db8::1") == line_of("2001:db8::ffff") != line_of("2001:db8:0:1::1")
    assert line_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert len(line_of("x" * 500)) == 64


@pytest.mark.parametrize("words", ["x" * 300_000, "a\x00b", "x" * 4_001, " \n "])
def test_what_cannot_be_taken_is_told_in_words(remedy: Remedied, words: str) -> None:
    answer = appeal(remedy, remedy.sent(), words)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert remedy.door.appeals() == []


def test_the_console_asks_for_a_sign_in_all_the_same(remedy: Remedied) -> None:
    assert remedy.client().get("/cases/1").status_code == 303
    assert remedy.browser(Role.VIEWER).get("/cases/1").status_code == 200
