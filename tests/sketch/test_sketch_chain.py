"""Conversations told again in the next request: what links to what, and what does not."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.schema.keyed import HashKey
from stillwatch.schema.requests import MESSAGE
from stillwatch.sketch.chain import chain_keys, signature_keys
from stillwatch.sketch.flat import flatten

Talk = list[tuple[str, str]]
Chained = dict[str, int | None]
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = st.text(st.sampled_from("aé漢 \n<z"), min_size=1, max_size=40).filter(lambda text: text.strip() != "")


def chained(*requests: tuple[Talk, str | None], key: HashKey | None = None) -> list[Chained]:
    """Both keys of each request, given as its messages and its answer."""
    talks = [[{"role": role, "text": text} for role, text in talk] for talk, _ in requests]
    answers = pa.array([answer for _, answer in requests], pa.string())
    texts = flatten(pa.array(talks, pa.list_(MESSAGE)), answers)
    found = chain_keys(texts, np.asarray(answers.is_valid()), key or HashKey.public())
    return [
        dict(zip(found, pair, strict=True))
        for pair in zip(*(column.to_pylist() for column in found.values()), strict=True)
    ]


def links(before: tuple[Talk, str | None], after: tuple[Talk, str | None]) -> bool:
    """Whether the second request continues what the first one left."""
    one, other = chained(before, after)
    return one["leaves"] is not None and one["leaves"] == other["continues"]


HELLO: Talk = [("system", "be brief"), ("user", "hello")]
MORE: Talk = [("user", "hello"), ("assistant", "hi there"), ("user", "go on")]


@st.composite
def conversations(draw: st.DrawFn) -> list[Talk]:
    """A conversation as turns: what the user's side said, one message or several, and last what the model
    answered.
    """
    turns = draw(
        st.lists(
            st.tuples(
                st.lists(st.tuples(st.sampled_from(["user", "tool"]), WORDS), min_size=1, max_size=3), WORDS
            ),
            min_size=2,
            max_size=5,
        )
    )
    return [[*said, ("assistant", answer)] for said, answer in turns]


@quick
@given(
    talk=conversations(),
    system=st.sampled_from(["", "s", "other"]),
    cut=st.integers(0, 40),
    trimmed=st.booleans(),
)
def test_each_request_of_a_conversation_continues_the_one_before(
    talk: list[Talk], system: str, cut: int, trimmed: bool
) -> None:
    requests: list[tuple[Talk, str | None]] = []
    history: Talk = []
    for place, turn in enumerate(talk):
        said: Talk = [*([("system", system * place)] if system else []), *history, *turn[:-1]]
        requests.append((said, turn[-1][1]))
        answer = turn[-1][1].strip() if trimmed else f" {turn[-1][1]}\n"
        history += [*turn[:-1], ("assistant", answer)]
    rows = chained(*requests)
    assert rows[0]["continues"] is None
    for before, after in pairwise(rows):
        assert before["leaves"] == after["continues"] is not None
    assert len({row["leaves"] for row in rows}) == len(rows)
    assert chained(requests[cut % len(requests)]) == [rows[cut % len(requests)]]


@quick
@given(
    text=st.text(st.sampled_from("ab \n"), min_size=2, max_size=60).filter(lambda t: t.strip() != ""),
    place=st.integers(1, 59),
)
def test_how_an_api_cuts_up_one_side_does_not_matter(text: str, place: int) -> None:
    whole = text.strip()
    lines = [line.strip() for line in whole.split("\n") if line.strip()]
    joined = "\n".join(lines)
    cut: Talk = [("user", "q"), *(("assistant", line) for line in lines), ("tool", "r"), ("user", "s")]
    bare: Talk = [("user", "q"), ("assistant", joined), ("user", "r\ns")]
    one, other = chained((cut, joined), (bare, joined))
    assert one == other
    if place < len(joined):
        (changed,) = chained((bare, joined[:place] + "Z" + joined[place:]))
        assert changed["leaves"] != one["leaves"]


def test_a_tool_loop_links_call_by_call() -> None:
    call, result = '[call read] {"path":"a"}', "42 lines"
    asked: Talk = [("system", "s"), ("user", "fix it")]
    looked: Talk = [*asked, ("assistant", call), ("tool", result)]
    again: Talk = [
        *looked,
        ("assistant", "now the tests\n[call run] {}"),
        ("tool", "ok"),
        ("tool", "ok"),
        ("user", "and hurry"),
    ]
    assert links((asked, call), (looked, "now the tests\n[call run] {}"))
    assert links((looked, "now the tests\n[call run] {}"), (again, "done"))
    assert not links((asked, call), (again, "done"))


@pytest.mark.parametrize(
    ("changed", "linked"),
    [
        (MORE, True),
        ([("system", "be long"), *MORE], True),
        ([("user", " hello\n"), ("assistant", "\thi there "), ("user", "other words")], True),
        ([("user", "hello"), ("assistant", "hi there"), ("tool", "go on")], True),
        ([("user", "hello"), ("assistant", "hi there"), ("user", ""), ("user", "a"), ("user", "b")], True),
        ([("user", "hello!"), ("assistant", "hi there"), ("user", "go on")], False),
        ([("user", "hello"), ("assistant", "hi  there"), ("user", "go on")], False),
        ([("user", "hello"), ("assistant", "regenerated"), ("user", "go on")], False),
        ([("user", "go on")], False),
        ([("assistant", "hello"), ("user", "hi there"), ("user", "go on")], False),
        ([*MORE, ("assistant", "yes"), ("user", "more")], False),
    ],
)
def test_what_breaks_the_chain(changed: Talk, linked: bool) -> None:
    assert links((HELLO, "hi there"), (changed, "x")) is linked


def test_reasoning_that_clients_cut_out_does_not_break_it() -> None:
    thought = "<think>\nlet me see, hello is a greeting\n</think>\n\nhi there"
    assert links((HELLO, thought), (MORE, "x"))
    assert links((HELLO, "hi there"), ([("user", "hello"), ("assistant", thought), ("user", "go on")], "x"))
    assert chained((HELLO, "<think> never ends"))[0]["leaves"] is None


def test_a_prefilled_answer_is_one_text_with_what_came() -> None:
    begun: Talk = [("user", "hello"), ("assistant", "hi"), ("user", "count"), ("assistant", "One,")]
    later: Talk = [*begun[:-1], ("assistant", "One, two."), ("user", "go on")]
    assert links((begun, " two.\n"), (later, "x"))
    assert chained((begun, " two."))[0]["continues"] == chained((begun[:-1], "x"))[0]["continues"]


def test_what_is_not_known_is_null() -> None:
    rows = chained(
        (HELLO, None),
        (HELLO, " \n"),
        ([], "hi"),
        ([("system", "s")], "hi"),
        ([("assistant", "begun"), ("user", "x")], "y"),
    )
    assert [row["leaves"] is None for row in rows] == [True, True, True, True, False]
    assert [row["continues"] is None for row in rows] == [True, True, True, True, False]


def test_another_key_changes_both_and_no_key_is_a_text_s_own(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"a secret of 32 bytes, or more ..")
    (public,), (private,) = (
        chained((MORE, "x")),
        chained((MORE, "x"), key=HashKey.from_file(tmp_path / "key")),
    )
    assert not set(public.values()) & set(private.values())


def test_chains_and_signatures_reach_the_exchanges(rows_of: Callable[..., list[dict[str, Any]]]) -> None:
    first: dict[str, Any] = {
        "messages": [{"role": r, "text": t} for r, t in HELLO],
        "answer": "hi there",
        "signed": ["one signature", "another"],
    }
    second: dict[str, Any] = {
        "messages": [{"role": r, "text": t} for r, t in MORE],
        "answer": None,
        "signatures": ["another"],
        "signed": [],
    }
    one, other, none = rows_of([first, second, {}])
    assert one["leaves"] == other["continues"] is not None
    assert one["signed"][1:] == other["signatures"]
    assert (one["signatures"], other["signed"], other["leaves"]) == (None, [], None)
    assert [none[name] for name in ("continues", "leaves", "signatures", "signed")] == [None] * 4


def test_signature_keys_respect_slices_and_nulls() -> None:
    lists = [["a"], None, [], ["b", "a"], ["c"], None]
    column = pa.array(lists, pa.list_(pa.string()))
    keys = signature_keys(column, HashKey.public()).to_pylist()
    assert [None if one is None else len(one) for one in keys] == [
        None if one is None else len(one) for one in lists
    ]
    assert keys[0][0] == keys[3][1]
    for start in range(7):
        assert signature_keys(column.slice(start), HashKey.public()).to_pylist() == keys[start:]
    assert signature_keys(pa.nulls(3, pa.list_(pa.string())), HashKey.public()).null_count == 3
