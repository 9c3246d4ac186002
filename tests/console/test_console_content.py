"""What pages show: hostile text stays text, tables as CSV and JSON, filters, notes, errors with words kept."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser
from typing import Any

import pytest
from console_parts import Console
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.console.csv_table import csv_of
from stillwatch.console.declared import declared
from stillwatch.console.page import Page
from stillwatch.console.reveal import reveal
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen, User
from stillwatch.console.shown import Column, Rows
from stillwatch.console_settings import ConsoleSettings
from stillwatch.errors import CaseError

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "</textarea><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    '=HYPERLINK("http://evil.test")',
    "\u202egnp.exe",
)


class Dangerous(HTMLParser):
    """Finds what a browser would run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        ours = tag == "script" and str(values.get("src", "")).startswith("/static/")
        if (tag == "script" and not ours) or tag in ("iframe", "object", "embed", "base"):
            self.found.append(tag)
        if tag == "img" or any(name.startswith("on") for name in values):
            self.found.append(str(attrs))
        for name in ("href", "src", "action", "formaction"):
            if str(values.get(name, "")).strip().lower().startswith(("javascript:", "data:", "//")):
                self.found.append(str(attrs))


def dangers(text: str) -> list[str]:
    parser = Dangerous()
    parser.feed(text)
    return parser.found


def test_what_is_dangerous_is_found() -> None:
    assert len(dangers("<script>x</script><img src=x onerror=y><a href=' javascript:x'>")) == 3


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_on_every_page(console: Console, text: str) -> None:
    browser = console.browser(Role.ADMIN)
    assert browser.post("/cases/1/note", {"text": text}).status_code == 303
    console.cases.assign(1, f"Anna {text}".replace("\u202e", ""), by=f"Boris {text}".replace("\u202e", ""))
    browser.post("/users", {"name": text.replace("\u202e", ""), "role": "viewer"})
    browser.post("/me/tokens", {"name": text, "role": "viewer", "days": "1"})
    for path in (
        "/",
        "/cases",
        "/cases/1",
        "/users",
        "/me",
        "/access",
        f"/cases?assignee={text}",
        f"/{text}",
    ):
        answer = browser.client.get(path)
        assert answer.status_code in (200, 404)
        assert dangers(answer.text) == [], path
        assert "49" not in answer.text or "{{ 7 * 7 }}" not in text or "49{%" not in answer.text


def test_a_note_is_kept_once_and_shown(console: Console) -> None:
    browser = console.browser(Role.ANALYST)
    answer = browser.post("/cases/1/note", {"text": "two\nlines"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases/1")
    page = browser.get("/cases/1")
    assert "The note is kept." in page.text
    assert "two\nlines" in page.text
    (note,) = console.cases.show(1).notes
    assert (note.actor, note.text) == ("analyst", "two\nlines")
    told = console.client().post(
        "/api/v1/cases/1/note", json={"text": "from a program"}, headers=console.token(Role.ANALYST)
    )
    assert told.json() == {
        "said": "The note is kept.",
        "result": {"case": 1, "version": 3},
        "see": "/cases/1",
    }


def test_what_was_written_is_not_lost(console: Console) -> None:
    browser = console.browser(Role.ANALYST)
    answer = browser.post("/cases/99/note", {"text": "an hour of work"})
    assert answer.status_code == 404
    assert "an hour of work" in answer.text
    long = browser.post("/cases/1/note", {"text": "x" * 4_001})
    assert long.status_code == 422
    assert "text" in long.text


@pytest.mark.parametrize(
    "page", [one for one in declared().pages if "{" not in one.path], ids=lambda p: p.path
)
def test_every_table_as_csv_and_json(console: Console, page: Page) -> None:
    browser = console.browser(Role.ADMIN)
    program = console.client().get(f"/api/v1{page.path}", headers=console.token(Role.ADMIN)).json()
    told = browser.get(f"{page.path}?format=json").json()
    assert set(told) == {"values", "tables"}
    # Of one's own account each tells its own: the session, or whose case it is.
    assert program == told or page.path in ("/me", "/")
    for name, table in told["tables"].items():
        answer = browser.get(f"{page.path}?format=csv&table={name}")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert f'filename="{name}.csv"' in answer.headers["content-disposition"]
        assert len(list(csv.reader(io.StringIO(answer.text)))) == 1 + len(table["rows"])
    assert browser.get(f"{page.path}?format=csv&table=nothing").status_code == 404
    assert browser.get(f"{page.path}?format=xml").status_code == 404


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_of_csv_is_a_formula(start: str) -> None:
    rows = Rows((Column("a"), Column("n", form="number")), [{"a": f"{start}1+1", "n": -3}])
    (_, (cell, number)) = list(csv.reader(io.StringIO(csv_of(rows), newline="")))
    assert cell == f"'{start}1+1"
    assert number == "-3"
    rows = Rows((Column("a"),), [{"a": f"x;{start}1+1"}])
    assert csv_of(rows).splitlines()[1].startswith('"'), "not a cell of its own where a semicolon ends one"


def test_filters_stand_in_the_url(console: Console) -> None:
    console.cases.tag(2, ["large"], by="Anna")
    browser = console.browser(Role.VIEWER)
    for query, numbers in (
        ("tag=large", [2]),
        ("state=open", [2, 1]),
        ("state=closed", []),
        ("assignee=&tag=", [2, 1]),
    ):
        rows = browser.get(f"/cases?{query}&format=json").json()["tables"]["cases"]["rows"]
        assert [row["id"] for row in rows] == numbers
    for query in ("after=-1", "after=x", "nothing=1"):
        assert browser.get(f"/cases?{query}").status_code == 422


def test_a_text_is_revealed_only_with_setting_role_and_reason(console: Console) -> None:
    read: list[int] = []

    def seen(role: Role, texts: bool) -> Seen:
        made = Console(console.cases, settings=ConsoleSettings(texts=texts))
        user = User(1, role.word, role)
        return Seen(
            made.desk.doors, user, log=lambda *words, **more: made.desk.log(role.word, *words, **more)
        )

    for role, texts, reason in (
        (Role.APPROVER, False, "an appeal"),
        (Role.ANALYST, True, "an appeal"),
        (Role.APPROVER, True, "  "),
    ):
        with pytest.raises(CaseError):
            reveal(seen(role, texts), "request 7", reason, lambda: read.append(1))
    assert read == []
    assert reveal(seen(Role.APPROVER, True), "request 7", "an appeal", lambda: "words") == "words"
    row = console.browser(Role.ADMIN).get("/access?format=json").json()["tables"]["entries"]["rows"][0]
    assert (row["action"], row["actor"], row["subject"], row["reason"]) == (
        "text",
        "approver",
        "request 7",
        "an appeal",
    )


VALUES = st.one_of(
    st.text(max_size=40), st.sampled_from([*HOSTILE, "\0", "\ud800", "9" * 400, "-1", "nan", "true", ""])
)
ACTS = declared().acts


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.path)
def test_no_form_makes_a_fault(console: Console, act: Any, data: st.DataObject) -> None:
    browser = console.browser(Role.ADMIN)
    names = [*act.fields.__struct_fields__, "another"]
    fields = data.draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=len(names)))
    numbers = st.sampled_from(["1", "0", "99", "9" * 30])
    path = act.path.replace("{number:int}", data.draw(numbers))
    encoded = {name: value.encode("utf-8", "surrogatepass") for name, value in fields.items()}
    answer = browser.post(path, encoded)
    assert answer.status_code in (200, 303, 404, 422), answer.text
    if not act.fresh:
        headers = {**console.token(Role.ADMIN), "Content-Type": "application/json"}
        document = data.draw(
            st.recursive(
                st.none() | st.booleans() | st.integers() | VALUES, lambda one: st.lists(one, max_size=2)
            )
        )
        body = json.dumps(dict.fromkeys(fields, document)).encode()
        told = console.client().post(f"/api/v1{path}", content=body, headers=headers)
        assert told.status_code in (200, 404, 422), told.text
    with console.cases.database.writing() as session:
        session.connection().exec_driver_sql("DELETE FROM tokens")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.dictionaries(st.sampled_from(["state", "after", "kind", "format", "table", "x"]), VALUES))
def test_no_query_makes_a_fault(console: Console, query: dict[str, str]) -> None:
    clean = {name: value.encode("utf-8", "surrogatepass") for name, value in query.items()}
    answer = console.browser(Role.VIEWER).client.get("/cases", params=clean)
    assert answer.status_code in (200, 404, 422)
