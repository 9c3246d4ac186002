"""Words that a browser would run, in every field that takes words: on every page they stay words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from test_console_content import dangers
from whole_world import ACTED, LARGE, OPEN, VICTIMS, Whole, build, copied, every_path, there

from stillwatch.cases.remediation import Remediation
from stillwatch.console.act import Act
from stillwatch.console.declared import declared
from stillwatch.console.page import Page
from stillwatch.console.role import Role

MARK = "stwmark"
TEXT = f"</textarea></script><{MARK} onload=alert(1)>\"'><img src=x onerror=alert(2)>{{{{7*7}}}}"
SHORT = f"\"'><{MARK} onload=alert(1)>"
LATER = "2099-01-31"


def said(path: str, at: str = "", **fields: Any) -> Any:
    """An act, where it is done, and the fields that cannot hold any words."""
    return pytest.param(path, at or there(path), fields, id=path + (at and f" at {at}"))


CASE = "/cases/{number:int}"
DONE = (
    said("/campaigns/open-cases", run="run-1", campaign=""),
    said(f"{CASE}/note", f"/cases/{OPEN}/note"),
    said(f"{CASE}/tags", f"/cases/{OPEN}/tags", add="tag", remove=[]),
    said(f"{CASE}/assign", f"/cases/{OPEN}/assign"),
    said(f"{CASE}/take", f"/cases/{OPEN}/take"),
    said(f"{CASE}/deadline", f"/cases/{OPEN}/deadline", due="2020-01-01"),
    said(f"{CASE}/link", f"/cases/{OPEN}/link", link="related", other=VICTIMS, remove="false"),
    said(f"{CASE}/snooze", f"/cases/{OPEN}/snooze", until=LATER, days=None),
    said(
        f"{CASE}/accounts/decide",
        f"/cases/{OPEN}/accounts/decide",
        decision="permit found",
        accounts=[LARGE.accounts()[3]],
        until="",
    ),
    said(
        f"{CASE}/decision",
        f"/cases/{OPEN}/decision",
        decision="investigating",
        days=None,
        duplicate_of=None,
        until="",
    ),
    said(
        f"{CASE}/decision",
        f"/cases/{OPEN}/decision",
        decision="awaiting second review",
        days=None,
        duplicate_of=None,
        until="",
    ),
    said(f"{CASE}/review", f"/cases/{OPEN}/review", decision="agree"),
    said(f"{CASE}/plan", f"/cases/{OPEN}/plan"),
    said(f"{CASE}/plan/carry-out", f"/cases/{OPEN}/plan/carry-out", through="slow"),
    said(f"{CASE}/plan/share", f"/cases/{OPEN}/plan/share"),
    said(f"{CASE}/plan/measure", run="run-2"),
    said(
        f"{CASE}/letters/{{letter}}/edit",
        f"/cases/{OPEN}/letters/{OPEN}.l1/edit",
        text=f"Subject: {TEXT}\n\n{TEXT}\n\n[[appeal-link]]",
    ),
    said(f"{CASE}/letters/{{letter}}/approve", f"/cases/{OPEN}/letters/{OPEN}.l1/approve"),
    said(f"{CASE}/letters/{{letter}}/send", f"/cases/{OPEN}/letters/{OPEN}.l1/send"),
    said(f"{CASE}/letters/{{letter}}/withdraw", f"/cases/{ACTED}/letters/{ACTED}.l1/withdraw"),
    said(f"{CASE}/plan/undo", f"/cases/{OPEN}/plan/undo", step=""),
    said("/appeals/{appeal}/read"),
    said("/appeals/{appeal}/answer", answer="partly", until=LATER),
    said("/appeals/{appeal}/erase"),
    said("/guard/hold", what=LARGE.accounts()[5], until=""),
    said("/guard/exempt", account=LARGE.accounts()[6], until=LATER),
    said("/guard/end", entry=1),
    said("/permits/issue", until=LATER, starts="", accounts=LARGE.accounts()[7]),
    said("/permits/revoke", name="pilot"),
    said("/policy/rules/{rule}/stage", stage="retired", share=None),
    said("/me/tokens", role="viewer", days=1, read_only="true"),
    said("/users", role="viewer"),
    said("/deliveries/{number:int}/drop", "/deliveries/1/drop", channel=""),
    said("/deliveries/{number:int}/again", "/deliveries/1/again", channel=""),
    said(f"{CASE}/playbooks", f"/cases/{OPEN}/playbooks", playbook="mitigate", new="true"),
    said(f"{CASE}/playbooks/{{run:int}}/steps", step=1, stands="skipped", choice=""),
    said(f"{CASE}/playbooks/{{run:int}}/end"),
    said("/intel/reports/{report}/judge", judged="confirmed", maker=""),
    said("/intel/reports/{report}/dispute", maker="", decided="true"),
    said("/intel/exports/{number:int}/decide", decision="approve", digest=""),
)
NO_WORDS = {"/search", "/me/password", "/me/sessions/end", "/users/{number:int}/role", "/policy/backtest"}
"""Acts whose fields name something that is there, or are kept nowhere."""


def longest(hint: Any) -> int:
    """How many characters a field takes."""
    found = [one.max_length for one in getattr(hint, "__metadata__", ()) if isinstance(one, msgspec.Meta)]
    return min((one for one in found if one is not None), default=len(TEXT))


def fields_of(act: Act, fixed: dict[str, Any]) -> dict[str, Any]:
    """Every field that takes words has them."""
    found: dict[str, Any] = {}
    for name, hint in get_type_hints(act.fields, include_extras=True).items():
        plain = get_args(hint)[0] if get_origin(hint) is Annotated else hint
        if name in fixed:
            found[name] = fixed[name]
        elif plain is str:
            found[name] = TEXT if longest(hint) >= len(TEXT) else SHORT
    return {name: value for name, value in found.items() if value is not None}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """A world whose run holds such words wherever strangers write, and in which each act is done once."""
    folder = tmp_path_factory.mktemp("hostile") / "world"
    folder.mkdir()
    build(folder, TEXT)
    with copied(folder, tmp_path_factory.mktemp("words"), texts=True) as made:
        key = made.folder / "appeals.key"
        with Remediation(made.cases, made.folder / "state", appeal_key=key) as door:
            token = door.link(door.notices(door.letters(ACTED)[-1].id)[-1].id).rpartition("/")[2]
        sent = made.client().post(f"/appeal/{token}", data={"words": TEXT}, headers={"Origin": "null"})
        assert sent.status_code == 303
        made.appeal = f"/appeal/{token}"
        yield made


def test_every_act_that_takes_words_is_tried() -> None:
    wordy = {
        act.path
        for act in declared().acts
        if any(value in (TEXT, SHORT) for value in fields_of(act, {}).values()) and act.path not in NO_WORDS
    }
    assert wordy <= {one.values[0] for one in DONE}


@pytest.mark.parametrize(("path", "at", "fixed"), DONE)
def test_words_are_taken(hostile: Whole, path: str, at: str, fixed: dict[str, Any]) -> None:
    (act,) = [one for one in declared().acts if one.path == path]
    fields = fields_of(act, fixed)
    if at.startswith("/cases/") and "version" in act.fields.__struct_fields__:
        fields["version"] = hostile.cases.show(int(at.split("/")[2])).version
    if "/rules/" in path:
        rules = hostile.browser(Role.ADMIN).get("/policy?format=json").json()["tables"]["rules"]["rows"]
        fields["version"] = next(row["version"] for row in rules if row["rule"] == "watch")
    if path.startswith("/intel/exports"):
        told = hostile.browser(Role.ADMIN).get(f"{at.rpartition('/')[0]}?format=json").json()
        fields["digest"] = told["values"]["digest"]
    # Who proposed does not agree, so that is another person.
    browser = hostile.browser(Role.APPROVER if path.endswith("/review") else Role.ADMIN)
    answer = browser.post(at, fields)
    assert answer.status_code in (200, 303), re.findall(r"(?:alert|lines)\">(.*?)<", answer.text)
    assert dangers(answer.text) == []
    assert f"<{MARK}" not in answer.text


def looks(page: Page) -> list[str]:
    """A page, and the page with such words in each of its filters."""
    path = there(page.path)
    names = get_type_hints(page.filters) if page.filters else {}
    return [path, *(f"{path}?{name}=%3C{MARK}%3E%22'" for name in names)]


@pytest.mark.parametrize(
    "path", [one for page in declared().pages for one in looks(page)] + every_path()[-6:]
)
def test_on_every_page_they_stay_words(hostile: Whole, path: str) -> None:
    """After all acts."""
    answer = hostile.browser(Role.ADMIN).client.get(path, follow_redirects=True)
    assert answer.status_code in (200, 404, 422)
    assert f"<{MARK}" not in answer.text.lower()
    assert dangers(answer.text) == []
    assert "alert(2)&gt;49" not in answer.text


def test_the_words_are_there(hostile: Whole) -> None:
    """Where they are shown they are escaped; a page that left them out would pass all else."""
    browser = hostile.browser(Role.ADMIN)
    shown = {path for path in every_path() if f"&lt;{MARK}" in browser.get(path).text}
    assert {f"/cases/{ACTED}", f"/cases/{OPEN}", "/guard", "/permits", "/audit"} <= shown
    page = hostile.client().get(hostile.appeal)
    assert page.status_code == 200
    assert f"<{MARK}" not in page.text
