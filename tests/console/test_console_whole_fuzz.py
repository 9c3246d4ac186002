"""Every page and act with what its declaration says it takes, and worse: no fault, no change without an event."""

from __future__ import annotations

import hashlib
import os
import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlencode

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from test_console_content import HOSTILE
from whole_world import VALUES, Whole, copied

from stillwatch.console.act import Act
from stillwatch.console.declared import declared
from stillwatch.console.page import Page
from stillwatch.console.role import Role

EXAMPLES = int(os.environ.get("STILLWATCH_FUZZ", "5"))
# One world is changed by all examples, so an example that fails cannot be made smaller.
QUIET = settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.generate],
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
OF_CASES = [
    "cases",
    "identities",
    "tags",
    "links",
    "notes",
    "labels",
    "evidence",
    "plans",
    "crowds",
    "steps",
    "letters",
    "notices",
    "appeals",
    "appeal_texts",
    "measures",
    "playbook_runs",
    "playbook_steps",
]
"""Tables that show what events say."""
OF_PEOPLE = ["users", "credentials"]
"""Tables of which the access log tells."""
WORDS = [
    *HOSTILE,
    *VALUES.values(),
    "",
    " ",
    "\0",
    "\ud800",
    "9" * 400,
    "x" * 4_001,
    "-1",
    "nan",
    "1e999",
    "triage",
    "acting",
    "close: confirmed",
    "close: licensed",
    "snooze",
    "confirmed",
    "cleared",
    "related",
    "researcher",
    "canary",
    "camp-large",
    "2099-01-31",
    "9999-12-31T23:59:59Z",
    "0000-00-00",
    "/cases/1",
    "//evil.test",
    "overturn",
]
NUMBERS = ["0", "1", "2", "3", "99", "-1", str(2**31), str(2**63), "9" * 30, "1.5", "nan", "inf", "", "x"]


def written(hint: Any) -> st.SearchStrategy[list[str]]:
    """What a form may send for a field, well meant or not."""
    words = st.sampled_from(WORDS) | st.text(max_size=30)
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return written(inside[0])
    if origin in (Union, types.UnionType):
        return st.just([""]) | written(next(one for one in inside if one is not type(None)))
    if origin is Literal:
        return st.lists(st.sampled_from([*inside, "another"]), min_size=1, max_size=1)
    if origin in (list, tuple):
        return st.lists(words, max_size=3)
    if hint is bool:
        return st.lists(st.sampled_from(["true", "false", "on", "", "maybe"]), min_size=1, max_size=2)
    if hint in (int, float):
        return st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=2)
    return st.lists(words, min_size=1, max_size=2)


def form(kind: type[msgspec.Struct] | None) -> st.SearchStrategy[dict[str, list[str]]]:
    """A form with the fields of a struct, some of them, and now and then another."""
    hints = get_type_hints(kind, include_extras=True) if kind else {}
    here = {field.name: field.required for field in msgspec.structs.fields(kind)} if kind else {}
    must = {name: written(hint) for name, hint in hints.items() if here[name]}
    may = {name: written(hint) for name, hint in hints.items() if not here[name]}
    may["another"] = st.just(["x"])
    return st.fixed_dictionaries(must, optional=may)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS),
    lambda one: (
        st.lists(one, max_size=2) | st.dictionaries(st.sampled_from(["a", "reason"]), one, max_size=2)
    ),
    max_leaves=3,
)


def document(kind: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, Any]]:
    """A JSON object with those fields, of any type."""
    return st.fixed_dictionaries(dict.fromkeys(get_type_hints(kind), JSON))


def path_of(path: str, number: str) -> str:
    """A path whose parameters lead somewhere, but for its numbers."""
    return re.sub(
        r"\{(\w+)(:int)?(?::path)?\}", lambda one: number if one[2] else VALUES.get(one[1], "x"), path
    )


def kept(whole: Whole) -> dict[str, str]:
    """A digest of each table."""
    with whole.cases.database.reading() as session:
        names = [*OF_CASES, *OF_PEOPLE, "events", "access_log", "outbox"]
        return {
            name: hashlib.sha256(
                repr(session.execute(sa.text(f"SELECT * FROM {name}")).all()).encode()
            ).hexdigest()
            for name in names
        }


def nothing_is_wrong(answer: Any, before: dict[str, str], after: dict[str, str]) -> None:
    """No fault, no inside of the code; what was refused changed nothing, and what was done is told of."""
    assert answer.status_code in (200, 303, 403, 404, 409, 422), (answer.status_code, answer.text)
    assert "Traceback" not in answer.text
    assert "File &#34;" not in answer.text
    changed = {name for name in before if before[name] != after[name]}
    if answer.status_code >= 400:
        assert changed == set(), answer.text
    assert not changed & {*OF_CASES, "outbox"} or "events" in changed
    assert not changed & set(OF_PEOPLE) or "access_log" in changed


@pytest.fixture(scope="module")
def world(whole_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """A world that all acts are tried on, one after the other."""
    with copied(whole_folder, tmp_path_factory.mktemp("fuzz")) as made:
        yield made


@pytest.fixture(scope="module")
def tokens(world: Whole) -> dict[Role, dict[str, str]]:
    """The header of a program of each role."""
    return {role: world.token(role) for role in Role}


def name(one: Act | Page) -> str:
    return one.path


@pytest.mark.parametrize("act", declared().acts, ids=name)
@QUIET
@given(data=st.data())
def test_forms_and_documents(
    world: Whole, tokens: dict[Role, dict[str, str]], act: Act, data: st.DataObject
) -> None:
    # Those who try must stay who they are, and keep their tokens.
    numbers = (
        ["5", "99"]
        if act.path.startswith("/users/")
        else ["99"]
        if act.path.startswith("/me/")
        else ["1", "2", "3", "0", "99", "9" * 30]
    )
    path = path_of(act.path, data.draw(st.sampled_from(numbers)))
    role = data.draw(st.sampled_from([Role.ADMIN, *Role]))
    fields = data.draw(form(act.fields))
    encoded = {key: [one.encode("utf-8", "surrogatepass") for one in all_] for key, all_ in fields.items()}
    before = kept(world)
    answer = world.browser(role).post(path, encoded)
    nothing_is_wrong(answer, before, kept(world))
    assert (answer.status_code == 403) >= (role < act.role)
    if not act.fresh:
        header = tokens[role]
        body = msgspec.json.encode(clean(data.draw(document(act.fields))))
        before = kept(world)
        told = world.client().post(
            f"/api/v1{path}", content=body, headers={**header, "Content-Type": "application/json"}
        )
        nothing_is_wrong(told, before, kept(world))
        assert told.headers["content-type"] == "application/json"


def clean(value: Any) -> Any:
    """The same without halves of characters, which JSON cannot hold."""
    if isinstance(value, dict):
        return {key: clean(one) for key, one in value.items()}
    if isinstance(value, list):
        return [clean(one) for one in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


@pytest.mark.parametrize("page", declared().pages, ids=name)
@QUIET
@given(data=st.data())
def test_filters(world: Whole, page: Page, data: st.DataObject) -> None:
    path = path_of(page.path, data.draw(st.sampled_from(["1", "2", "3", "0", "9" * 30])))
    role = data.draw(st.sampled_from(Role))
    query = data.draw(form(page.filters))
    query |= data.draw(
        st.fixed_dictionaries(
            {},
            optional={"format": st.sampled_from([["json"], ["csv"], ["xml"]]), "table": st.just(["events"])},
        )
    )
    encoded = {key: [one.encode("utf-8", "surrogatepass") for one in all_] for key, all_ in query.items()}
    browser = world.browser(role)
    before = kept(world)
    answer = browser.client.get(f"{path}?{urlencode(encoded, doseq=True)}")
    nothing_is_wrong(answer, before, kept(world))
    assert (answer.status_code == 403) is (role < page.role)


def test_after_all_of_it_the_chain_holds_and_tables_tell_what_it_says(world: Whole) -> None:
    assert world.cases.verify().faults == ()
    assert world.cases.rebuild(check=True) == ()
