"""Two people on one case, hostile words in every field, and bounded work for 5,000 cases."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from case_runs import Group, Sealed, sealed
from console_parts import Browser, Console
from test_console_content import HOSTILE, dangers

from stillwatch.cases import Cases
from stillwatch.cases.models import CaseRow, IdentityRow
from stillwatch.console.access import users
from stillwatch.console.role import Role

PATHS = (
    "/",
    "/queue",
    "/queue?who=nobody&case=1",
    "/cases",
    "/cases?order=pressing&after=100",
    "/cases/1",
    "/cases/1/accounts",
    "/audit",
    "/search?q=camp",
)


def test_a_conflict_says_who_changed_what_and_keeps_what_was_written(console: Console) -> None:
    anna, bela = console.browser(Role.ANALYST), console.browser(Role.APPROVER)
    anna.get("/queue")
    bela.post("/cases/1/take", {"version": "1"})
    bela.post("/cases/1/decision", {"decision": "triage", "reason": "my bank case", "version": "2"})
    written = {
        "decision": "close: not distillation",
        "reason": "an hour's thought",
        "version": "1",
        "then": "/queue?case=2",
    }
    answer = anna.post("/cases/1/decision", written)
    assert answer.status_code == 409
    page = html.unescape(answer.text)
    assert "you looked at version 1, it is at 3" in page
    assert "approver" in page
    assert "my bank case" in page
    assert "an hour's thought</textarea>" in page
    assert 'href="/cases/1"' in page
    assert console.cases.show(1).state == "triage"
    again = _form(answer.text)
    assert again == {**written, "version": "3", "csrf": anna.csrf}
    assert anna.post("/cases/1/decision", again).headers["location"] == "/queue?case=2"
    assert console.cases.show(1).outcome == "not distillation"
    assert not console.cases.verify().faults


def test_of_two_who_take_a_case_one_is_told(console: Console) -> None:
    console.browser(Role.ANALYST).post("/cases/2/take", {"version": "1"})
    answer = console.browser(Role.APPROVER).post("/cases/2/take", {"version": "1"})
    assert answer.status_code == 409
    assert "analyst" in answer.text
    assert console.cases.show(2).assignee == "analyst"


def test_chosen_accounts_are_kept_in_a_conflict(console: Console) -> None:
    names = console.cases.evidence(2).table("members")["account_id"].to_pylist()[:2]
    console.cases.note(2, "meanwhile", by="Bela")
    fields: dict[str, Any] = {"decision": "cleared", "reason": "x", "version": "1", "accounts": names}
    anna = console.browser(Role.ANALYST)
    answer = anna.post("/cases/2/accounts/decide", fields)
    assert answer.status_code == 409
    kept = re.findall(r'name="accounts" value="([^"]+)"', answer.text)
    assert kept == names
    anna.post("/cases/2/accounts/decide", {**_form(answer.text), "accounts": kept})
    assert console.cases.show(2).version == 3


def test_a_program_is_told_of_a_conflict_as_json(console: Console) -> None:
    console.cases.note(1, "meanwhile", by="Bela")
    body = {"decision": "triage", "reason": "x", "version": 1}
    answer = console.client().post("/api/v1/cases/1/decision", json=body, headers=console.token(Role.ANALYST))
    assert answer.status_code == 409
    assert "Bela" in answer.json()["error"]["where"]
    body["version"] = 2
    answer = console.client().post("/api/v1/cases/1/decision", json=body, headers=console.token(Role.ANALYST))
    assert answer.json()["result"] == {"case": 1, "version": 3, "state": "triage", "outcome": ""}


def _form(page: str) -> dict[str, str]:
    """The fields of the form on a conflict page."""
    form = page.split('class="stacked"')[1].split("</form>")[0]
    fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))
    fields |= dict(re.findall(r'<textarea name="([^"]+)"[^>]*>([^<]*)</textarea>', form))
    return {name: html.unescape(value) for name, value in fields.items()}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_in_every_field_stay_words(tmp_path: Path, text: str) -> None:
    shown = text.replace("\u202e", "")
    group = Group("camp-a", 5, families=(text,), signals=(text,), role=text, permit=text)
    folder = sealed(tmp_path / "run", Sealed(text, (group, Group("camp-b")), bystanders=(f"{text}-7",)))
    with Cases(tmp_path / "CASES.db", create=True) as cases:
        cases.sync(folder)
        with cases.database.writing() as session:
            users.add(session, "admin", Role.ADMIN, "test")
        console = Console(cases, runs=(folder,))
        browser = console.browser(Role.ADMIN)
        cases.move(1, "triage", by=shown, reason=text)
        cases.move(1, "investigating", by="Anna", reason=text)
        cases.move(1, "awaiting second review", by=shown, reason=text)
        _write(browser, text, shown)
        for path in (
            *PATHS,
            "/queue?case=1",
            "/audit?actor=x",
            f"/search?q={text[:40]}",
            f"/queue?tag={text}",
        ):
            answer = browser.client.get(path)
            assert answer.status_code in (200, 422), path
            assert dangers(answer.text) == [], path
            assert "49{%" not in answer.text
        conflict = browser.post("/cases/1/assign", {"to": text, "reason": text, "version": "1", "then": text})
        assert conflict.status_code == 409
        assert dangers(conflict.text) == []
        for name in ("events", "accounts", "evidence", "signals", "labels"):
            told = browser.get(f"/cases/1?format=csv&table={name}").text
            assert not [line for line in told.splitlines() if line.startswith(("=", "+", "@"))]


def _write(browser: Browser, text: str, shown: str) -> None:
    """Words in each field of each act."""
    acts: tuple[tuple[str, dict[str, Any]], ...] = (
        ("note", {"text": text}),
        ("tags", {"add": "tag"}),
        ("assign", {"to": shown, "reason": text}),
        ("deadline", {"due": "2020-01-01", "reason": text}),
        ("link", {"link": "related", "other": "2", "reason": text}),
        (
            "accounts/decide",
            {"decision": "permit found", "reason": text, "permit": text, "organisation": text},
        ),
    )
    name = re.findall(r'name="accounts" value="([^"]+)"', browser.get("/cases/1/accounts").text)[0]
    for act, fields in acts:
        version = re.findall(r'name="version" value="(\d+)"', browser.get("/cases/1").text)[0]
        more: dict[str, Any] = {} if act in ("note", "tags") else {"version": version}
        more |= {"accounts": [html.unescape(name)]} if act == "accounts/decide" else {}
        answer = browser.post(f"/cases/1/{act}", {**fields, **more})
        assert answer.status_code == 303, (act, answer.text)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Console, Console]]:
    """A console of 2 cases and one of 5,000, the same but for the number."""
    folder = tmp_path_factory.mktemp("many")
    run = sealed(folder / "run", Sealed("run-1", (Group("camp-a"), Group("camp-b", 30))))
    with Cases(folder / "few.db", create=True) as few:
        few.sync(run)
        few.note(1, "a card", by="Anna")
        with few.database.writing() as session:
            users.add(session, "admin", Role.ADMIN, "test")
        with few.database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(folder / "few.db", folder / "many.db")
        with Cases(folder / "many.db") as full:
            with full.database.writing() as session:
                row = dict(session.execute(sa.select(CaseRow.__table__)).mappings().first() or {})
                rows = [{**row, "id": number, "identity": f"camp-{number}"} for number in range(3, 5_001)]
                session.execute(sa.insert(CaseRow), rows)
                names = [{"identity": one["identity"], "case_id": one["id"], "place": 0} for one in rows]
                session.execute(sa.insert(IdentityRow), names)
            yield Console(few, runs=(folder,)), Console(full, runs=(folder,))


@contextmanager
def counted(cases: Cases) -> Iterator[list[str]]:
    """The statements that are run meanwhile."""
    told: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        told.append(statement)

    sa.event.listen(cases.database.engine, "before_cursor_execute", note)
    try:
        yield told
    finally:
        sa.event.remove(cases.database.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_asks_no_more_of_5000_cases_than_of_two(many: tuple[Console, Console], path: str) -> None:
    numbers, sizes = [], []
    for console in many:
        browser = console.browser(Role.ADMIN)
        browser.get(path)
        with counted(console.cases) as told:
            page = browser.get(path)
        assert page.status_code == 200
        numbers.append(len(told))
        sizes.append(len(page.text))
    assert numbers[1] <= numbers[0] + 6
    assert numbers[1] <= 70
    assert sizes[1] < 300_000
