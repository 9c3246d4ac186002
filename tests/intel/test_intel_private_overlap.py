"""What two providers have in common: the messages, what is agreed on, what is refused."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from token_parts import EPOCH, NOON, Parts, calling, member

from stillwatch.cases.database import Database
from stillwatch.errors import IntelError, MissingExtra
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.member import Channel
from stillwatch.intel.private.overlap import psi_package
from stillwatch.intel.private.overlap.agreement import Agreement, Mode
from stillwatch.intel.private.overlap.answering import answer
from stillwatch.intel.private.overlap.asking import ask, finish
from stillwatch.intel.private.overlap.client import asked_of
from stillwatch.intel.private.overlap.messages import ANSWER, REQUEST, Message, read_message, size_class
from stillwatch.intel.private.overlap.service import overlap_app
from stillwatch.intel.private.token import Token

AGREED = Agreement("case-7-autumn", "ann", "ben", IndicatorKind.ADDRESS, EPOCH.name)
BOTH = dataclasses.replace(AGREED, mode=Mode.TOKENS)


def tokens(count: int, kind: IndicatorKind = IndicatorKind.ADDRESS) -> list[Token]:
    return [Token(secrets.token_bytes(32), kind, EPOCH.name) for _ in range(count)]


@pytest.mark.parametrize(("here", "there"), [(1, 1), (1, 0), (2, 300), (200, 2), (65, 64), (300, 300)])
def test_the_number_is_found_whatever_the_sizes(tmp_path: Path, here: int, there: int) -> None:
    shared = tokens(min(here, there) // 2 + min(here, there) % 2)
    asked = ask(AGREED, [*shared, *tokens(here - len(shared))])
    held = [*shared, *tokens(there - len(shared))]
    got = answer(AGREED, held, asked.request, Database(tmp_path / "b.db"), NOON)
    found = finish(asked.state, got.answer)
    assert (found.count, found.tokens, found.asked) == (len(shared), None, here)
    assert found.answered_class == size_class(there)
    assert len(read_message(asked.request, REQUEST).parts[0]) == size_class(here)


def test_which_is_told_only_where_both_agreed(tmp_path: Path) -> None:
    shared = tokens(5)
    database = Database(tmp_path / "b.db")
    asked = ask(BOTH, [*shared, *tokens(20)])
    found = finish(asked.state, answer(BOTH, [*tokens(70), *shared], asked.request, database, NOON).answer)
    assert set(found.tokens or ()) == set(shared)
    with pytest.raises(IntelError, match="not what was agreed on") as told:
        answer(AGREED, shared, asked.request, database, NOON)
    assert "mode" in told.value.where


@pytest.mark.parametrize(
    "other",
    [
        {"investigation": "case-8"},
        {"asks": "eve"},
        {"kind": IndicatorKind.EMAIL},
        {"epoch": EPOCH.next().name},
        {"most_asked": 2_048},
        {"runs": 4},
    ],
)
def test_another_agreement_is_refused_and_costs_nothing(tmp_path: Path, other: dict[str, Any]) -> None:
    theirs = dataclasses.replace(AGREED, **other)
    sent = ask(theirs, [Token(bytes(32), theirs.kind, theirs.epoch)])
    with pytest.raises(IntelError, match="not what was agreed on") as told:
        answer(AGREED, tokens(1), sent.request, Database(tmp_path / "b.db"), NOON)
    assert next(iter(other)) in told.value.where
    assert not (tmp_path / "b.db").exists()


def test_runs_are_counted_and_agreeing_anew_does_not_count_anew(tmp_path: Path) -> None:
    database = Database(tmp_path / "b.db")
    held = tokens(3)
    left = [answer(AGREED, held, ask(AGREED, held).request, database, NOON).runs_left for _ in range(3)]
    assert left == [2, 1, 0]
    for agreed in (AGREED, BOTH):
        with pytest.raises(IntelError, match="are used up"):
            answer(agreed, held, ask(agreed, held).request, database, NOON)
    more = dataclasses.replace(AGREED, runs=5)
    again = ask(more, held)
    assert answer(more, held, again.request, database, NOON).runs_left == 1
    with pytest.raises(IntelError, match="answered before"):
        answer(more, held, again.request, database, NOON)


def test_a_question_that_is_too_large_is_refused_on_both_sides(tmp_path: Path) -> None:
    small = dataclasses.replace(AGREED, most_asked=100)
    with pytest.raises(IntelError, match="1 to 100 tokens"):
        ask(small, tokens(101))
    honest = read_message(ask(AGREED, tokens(200)).request, REQUEST)
    forged = dataclasses.replace(honest, agreement=small).packed()
    with pytest.raises(IntelError, match="a size that was not agreed on"):
        answer(small, tokens(1), forged, Database(tmp_path / "b.db"), NOON)


def test_an_element_twice_is_refused(tmp_path: Path) -> None:
    honest = read_message(ask(AGREED, tokens(10)).request, REQUEST)
    (elements,) = honest.parts
    forged = dataclasses.replace(honest, parts=((elements[0], *elements[:-1]),)).packed()
    with pytest.raises(IntelError, match="the same element twice"):
        answer(AGREED, tokens(1), forged, Database(tmp_path / "b.db"), NOON)


def test_points_that_are_none_are_refused_on_both_sides(tmp_path: Path) -> None:
    asked = ask(AGREED, tokens(1))
    honest = read_message(asked.request, REQUEST)
    bad = tuple(bytes([2]) + number.to_bytes(32, "big") for number in range(2**20, 2**20 + 64))
    forged = dataclasses.replace(honest, parts=(bad,)).packed()
    with pytest.raises(IntelError, match="no element of the curve"):
        answer(AGREED, tokens(1), forged, Database(tmp_path / "b.db"), NOON)
    lie = dataclasses.replace(honest, form=ANSWER, parts=(bad, bad)).packed()
    with pytest.raises(IntelError, match="no element of the curve"):
        finish(asked.state, lie)


def test_an_answer_to_another_request_is_refused(tmp_path: Path) -> None:
    database = Database(tmp_path / "b.db")
    one, two = ask(AGREED, tokens(1)), ask(AGREED, tokens(1))
    got = answer(AGREED, tokens(1), one.request, database, NOON).answer
    with pytest.raises(IntelError, match="another request"):
        finish(two.state, got)
    message = read_message(got, ANSWER)
    short = dataclasses.replace(message, parts=(message.parts[0], message.parts[1][:-1])).packed()
    with pytest.raises(IntelError, match="another size"):
        finish(one.state, short)


def test_tokens_of_another_kind_are_refused() -> None:
    with pytest.raises(IntelError, match="not of the agreement"):
        ask(AGREED, tokens(1, IndicatorKind.EMAIL))


def test_two_runs_cannot_be_joined(tmp_path: Path) -> None:
    database = Database(tmp_path / "b.db")
    held = tokens(64)
    answers = [
        read_message(answer(AGREED, held, ask(AGREED, held).request, database, NOON).answer, ANSWER)
        for _ in range(2)
    ]
    assert not set(answers[0].parts[0]) & set(answers[1].parts[0])


SAMPLE = ask(AGREED, tokens(3)).request


@settings(max_examples=200)
@given(
    st.binary(max_size=200),
    st.integers(0, len(SAMPLE)),
    st.integers(0, 60),
    st.sampled_from([REQUEST, ANSWER]),
)
def test_no_bytes_break_the_reader(noise: bytes, at: int, cut: int, form: str) -> None:
    for data in (noise, SAMPLE[:at] + noise + SAMPLE[at + cut :]):
        try:
            found = read_message(data, form)
        except IntelError:
            continue
        assert found.packed()


@pytest.mark.parametrize("sizes", [[], [1, 2, 3], [-1], [2**40], [True], "64", None])
def test_sizes_that_are_none_are_refused(sizes: object) -> None:
    header = json.dumps({"agreement": AGREED.document(), "run": "a", "sizes": sizes}).encode()
    data = b"stillwatch-overlap 1 request\n" + len(header).to_bytes(4, "big") + header
    with pytest.raises(IntelError, match="sizes"):
        read_message(data, REQUEST)


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"investigation": "x"},
        {**AGREED.document(), "more": 1},
        {**AGREED.document(), "runs": "3"},
    ]
    + [
        {**AGREED.document(), key: value}
        for key, value in (("asks", "ben"), ("asks", "A!"), ("kind", "name"))
    ]
    + [
        {**AGREED.document(), key: value}
        for key, value in (("mode", "all"), ("epoch", "x"), ("purpose", "ads"))
    ],
)
def test_what_is_no_agreement_is_told(document: Any) -> None:
    with pytest.raises(IntelError):
        Agreement.of(document)


@pytest.mark.parametrize(
    "state", [b"", b"{}", b"[" * 50_000, b'{"format": "stillwatch-overlap-state", "version": 2}']
)
def test_what_is_no_state_is_told(state: bytes) -> None:
    with pytest.raises(IntelError, match="state"):
        finish(state, b"")


def test_the_endpoint_answers_who_is_in_the_agreement_only(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    response = frozenset({Channel.RESPONSE})
    parts.members = {name: member(name, channels=response) for name in ("ann", "eve")}
    parts.members["dan"] = member("dan")
    shared = tokens(4)
    app = overlap_app(
        Database(tmp_path / "b.db"),
        lambda investigation, asks: AGREED if investigation == AGREED.investigation else None,
        lambda agreement: [*shared, *tokens(100)],
        parts.who,
        parts.witness,
        clock=lambda: NOON,
    )
    asked = ask(AGREED, [*shared[:3], *tokens(9)])
    path = f"v1/overlaps/{AGREED.investigation}"

    async def run() -> None:
        for name, where, status in (
            ("eve", path, 404),
            ("dan", path, 403),
            ("nobody", path, 401),
            ("ann", "v1/overlaps/other", 404),
        ):
            async with calling(app, name) as http:
                assert (await http.post(where, content=asked.request)).status_code == status
        async with calling(app) as http:
            assert (await asked_of(http, AGREED, asked)).count == 3
            with pytest.raises(IntelError, match="ben refused: this request was answered before"):
                await asked_of(http, AGREED, asked)
            assert (await http.post(path, content=b"x" * 60_000)).status_code == 413
            assert (await http.post(path, content=b"x")).status_code == 400
            assert (await http.post(path, content=asked.request)).status_code == 400
            for _ in range(2):
                await http.post(path, content=ask(AGREED, shared).request)
            assert (await http.post(path, content=ask(AGREED, shared).request)).status_code == 409

    asyncio.run(run())
    assert [f["asked"] for f in parts.of_kind("overlap")] == [64] * 3


def test_without_the_package_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "private_set_intersection.python", None)
    with pytest.raises(MissingExtra, match="no-deps"):
        psi_package.psi()


def test_a_message_is_read_as_it_was_packed() -> None:
    message = Message(REQUEST, AGREED, "run1", (tuple(bytes([2]) * 33 for _ in range(2)),))
    assert read_message(message.packed(), REQUEST) == message
