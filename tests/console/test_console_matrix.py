"""Every role at every page and act, as they are declared: refused below the role, allowed from it on."""

from __future__ import annotations

import re
from typing import Any

import pytest
from console_parts import Console, long_ago

from stillwatch.console.act import Act
from stillwatch.console.declared import declared
from stillwatch.console.fault_pages import API
from stillwatch.console.page import Page
from stillwatch.console.role import Role

PAGES, ACTS = declared().pages, declared().acts


def concrete(path: str) -> str:
    """A path with a value for each parameter."""
    return re.sub(r"\{\w+(?::(\w+))?\}", lambda found: "1" if found[1] == "int" else "x", path)


def name(value: Any) -> str:
    return value.path if isinstance(value, Page | Act) else str(value)


def test_there_are_pages_and_acts_of_each_role() -> None:
    assert len(PAGES) >= 5
    assert len(ACTS) >= 9
    assert {page.role for page in PAGES} >= {Role.VIEWER, Role.ADMIN}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_pages_in_browsers(console: Console, page: Page) -> None:
    for role in Role:
        status = console.browser(role).get(concrete(page.path)).status_code
        assert (status == 403) is (role < page.role)
        assert status in ((403,) if role < page.role else (200, 404))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_pages_for_programs(console: Console, page: Page) -> None:
    for role in Role:
        answer = console.client().get(API + concrete(page.path), headers=console.token(role))
        assert answer.status_code in ((403,) if role < page.role else (200, 404))
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("act", ACTS, ids=name)
def test_acts_in_browsers(console: Console, act: Act) -> None:
    for role in Role:
        status = console.browser(role).post(concrete(act.path)).status_code
        assert status in ((403,) if role < act.role else (200, 303, 404, 422))


@pytest.mark.parametrize("act", ACTS, ids=name)
def test_acts_for_programs(console: Console, act: Act) -> None:
    for role in Role:
        answer = console.client().post(API + concrete(act.path), json={}, headers=console.token(role))
        if act.fresh:
            assert answer.status_code in (404, 405), "what asks for a fresh sign-in is not served to tokens"
        else:
            assert answer.status_code in ((403,) if role < act.role else (200, 404, 422))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_nobody_sees_a_page(console: Console, page: Page) -> None:
    client = console.client()
    answer = client.get(concrete(page.path))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")
    assert client.get(concrete(page.path) + "?format=json").status_code == 401
    assert client.get(API + concrete(page.path)).status_code == 401
    wrong = {"Authorization": "Bearer stw_nothing"}
    assert client.get(API + concrete(page.path), headers=wrong).status_code == 401


@pytest.mark.parametrize("act", ACTS, ids=name)
def test_nobody_does_an_act(console: Console, act: Act) -> None:
    before = len(console.cases.events())
    client = console.client()
    assert client.post(concrete(act.path), data={}).headers["location"] == "/sign-in"
    assert client.post(API + concrete(act.path), json={}).status_code in ((404, 405) if act.fresh else (401,))
    assert len(console.cases.events()) == before


@pytest.mark.parametrize("act", ACTS, ids=name)
def test_a_token_that_reads_does_nothing(console: Console, act: Act) -> None:
    headers = console.token(Role.ADMIN, read_only=True)
    answer = console.client().post(API + concrete(act.path), json={}, headers=headers)
    assert answer.status_code in ((404, 405) if act.fresh else (403,))


@pytest.mark.parametrize("act", [act for act in ACTS if act.fresh], ids=name)
def test_a_stale_sign_in_is_asked_again(console: Console, act: Act) -> None:
    answer = console.browser(Role.ADMIN, proved=long_ago()).post(concrete(act.path))
    assert answer.status_code == 403
    assert "/sign-in/again" in answer.text
