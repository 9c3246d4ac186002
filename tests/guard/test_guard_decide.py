"""The core: who is refused, who is slowed, who is left alone, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from guard_parts import NOW, OneBucket, fired, guard, known
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.guard.decide import Failure, Guard
from stillwatch.guard.records import DecisionRecords, decisions
from stillwatch.guard.request import Answer, Request
from stillwatch.response.draws import draw
from stillwatch.response.inputs import CampaignState, RequestFacts
from stillwatch.response.ladder import HIDDEN, Action, Consent, Permission, Step
from stillwatch.response.limits import HeldBack

CONSENT = Consent("an open step shows which accounts are known", "Ada", "https://example.org/policy#marks")
Make = Callable[..., Guard]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Guard] = []

    def one(*args: Any, **options: Any) -> Guard:
        made.append(guard(tmp_path / str(len(made)), *args, **options))
        return made[-1]

    yield one
    for each in made:
        assert isinstance(each.records, DecisionRecords)
        each.records.close()


def ask(account: str = "ada", **facts: Any) -> Request:
    return Request(account, RequestFacts(**facts), "r1")


def test_whoever_is_not_known_is_served(make: Make) -> None:
    decision = make({"ada": known()}, fired(Step.BLOCK)).decide(ask("eve"))
    assert decision.answer is Answer.ALLOW
    assert decision.permission is Permission.NONE
    assert not decision.fired


def test_a_named_account_of_an_operator_meets_the_hardest_step(make: Make) -> None:
    rules = (fired(Action(Step.SLOW, 10, 20)), fired(Step.BLOCK, rule="hard"), fired(Step.VERIFY))
    decision = make({"ada": known()}, *rules).decide(ask())
    assert (decision.answer, decision.action.step) == (Answer.DENY, Step.BLOCK)
    assert decision.reason == "restricted"
    assert decision.fired[0].rule == "hard"


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (known("present"), HeldBack.NOT_NAMED),
        (known("near"), HeldBack.NOT_NAMED),
        (known(campaign=CampaignState("c", "adversarial", "victim")), HeldBack.NOT_OPERATOR),
        (known(campaign=CampaignState("c", "coordinated", "provider")), HeldBack.NOT_OPERATOR),
        (known(campaign=CampaignState("c", "coordinated", "unknown")), HeldBack.NOT_OPERATOR),
        (known(exempt=True), HeldBack.EXEMPT),
        (known(held=True), HeldBack.HOLD),
        (known(permission=Permission.COVERS), HeldBack.PERMIT),
        (known(since=NOW - 10_000_000), HeldBack.NOT),
        (known(since=NOW + 5), HeldBack.NOT_YET),
    ],
)
def test_who_is_left_alone_and_why(make: Make, state: Any, why: HeldBack) -> None:
    decision = make({"ada": state}, fired(Step.BLOCK, expires_s=20_000_000)).decide(ask())
    assert decision.held_back is why
    assert decision.answer is (Answer.DENY if why is HeldBack.NOT else Answer.ALLOW)
    assert decision.said.step is Step.BLOCK  # what policy says and what is done are two fields
    assert (decision.action.step is Step.OBSERVE) == (why is not HeldBack.NOT)


def test_every_refusal_says_what_was_found_of_a_permit(make: Make) -> None:
    for found in (Permission.NONE, Permission.ENDED, Permission.OTHER_MODEL, Permission.REVOKED):
        decision = make({"ada": known(permission=found)}, fired(Step.BLOCK)).decide(ask())
        assert (decision.answer, decision.permission) == (Answer.DENY, found)


def test_a_step_ends(make: Make) -> None:
    decision = make({"ada": known()}, fired(Step.BLOCK, expires_s=59)).decide(ask())
    assert (decision.answer, decision.held_back) == (Answer.ALLOW, HeldBack.EXPIRED)
    assert make({"ada": known()}, fired(Step.BLOCK, expires_s=61)).decide(ask()).answer is Answer.DENY


@given(st.integers(0, 2**64 - 1), st.text("0123456789abcdef", min_size=12, max_size=12))
def test_a_draw_is_a_share(key: int, version: str) -> None:
    assert 0 <= draw(key, version) < 1


def test_draws_are_even_and_differ_between_rules() -> None:
    first = [draw(key * 0x5851F42D4C957F2D % 2**64, "abcdef012345") for key in range(20_000)]
    other = [draw(key * 0x5851F42D4C957F2D % 2**64, "012345abcdef") for key in range(20_000)]
    assert 0.09 < sum(value < 0.1 for value in first) / 20_000 < 0.11
    both = sum(a < 0.1 and b < 0.1 for a, b in zip(first, other, strict=True))
    assert 120 < both < 280  # 200 are expected if one tells nothing of the other


@pytest.mark.parametrize("step", sorted(HIDDEN))
def test_a_hidden_step_needs_reason_approver_and_published_line(make: Make, step: Step) -> None:
    for consent in (None, Consent("", "Ada", "line"), Consent("why", "", "line"), Consent("why", "Ada", "")):
        decision = make({"ada": known()}, fired(Action(step, consent=consent))).decide(ask())
        assert decision.held_back is HeldBack.NO_CONSENT
        assert decision.action.step is Step.OBSERVE
        assert decision.cohort == ""
    decision = make({"ada": known()}, fired(Action(step, consent=CONSENT))).decide(ask())
    assert decision.action.step is step
    assert decision.cohort == ("campaign" if step is Step.MARK else "")


def test_milder_steps_go_with_the_hardest(make: Make) -> None:
    rules = [fired(Action(step, consent=CONSENT)) for step in (Step.MARK, Step.TRIM, Step.ROUTE)]
    decision = make({"ada": known()}, *rules, fired(Action(Step.SLOW, 100, 0))).decide(ask(max_tokens=50))
    assert decision.action.step is Step.ROUTE
    assert [action.step for action in decision.also] == [Step.SLOW, Step.TRIM, Step.MARK]
    assert decision.reserved == 50


def test_a_spent_budget_makes_wait(make: Make) -> None:
    made = make({"ada": known()}, fired(Action(Step.SLOW, 1, 1)), budgets=OneBucket(100))
    assert made.decide(ask(max_tokens=90, input_bytes=40)).reserved == 100
    decision = made.decide(ask(max_tokens=1))
    assert (decision.answer, decision.retry_after_s, decision.reserved) == (Answer.WAIT, 7.5, 0)
    assert decision.action.step is Step.SLOW


def test_what_was_used_settles_what_was_reserved(make: Make) -> None:
    bucket = OneBucket(1_000)
    made = make({"ada": known()}, fired(Action(Step.SLOW, 1, 1)), budgets=bucket)
    decision = made.decide(ask(max_tokens=600))
    made.settle(decision, 20)
    assert bucket.left == 980
    assert bucket.settled == [(600, 20)]


@given(st.integers(), st.integers(), st.integers())
def test_no_number_of_a_client_breaks_a_reservation(input_bytes: int, max_tokens: int, n: int) -> None:
    from stillwatch.guard.decide import MOST_TOKENS, _tokens

    assert 0 <= _tokens(ask(input_bytes=input_bytes, max_tokens=max_tokens, n=n)) <= MOST_TOKENS


def test_shadow_rules_are_told_and_do_nothing(make: Make) -> None:
    decision = make({"ada": known()}, shadow=(fired(Step.BLOCK),)).decide(ask())
    assert decision.answer is Answer.ALLOW
    assert decision.shadow[0].action.step is Step.BLOCK
    assert decision.said.step is Step.OBSERVE


def test_fail_open_serves_and_says_so(make: Make) -> None:
    decision = make({"ada": known()}, fired(Step.BLOCK), fresh=False).decide(ask())
    assert (decision.answer, decision.held_back, decision.stale) == (Answer.ALLOW, HeldBack.STALE, True)
    none = make({}, digest="", fresh=False).decide(ask())
    assert (none.answer, none.permission) == (Answer.ALLOW, Permission.NOT_ASKED)


def test_fail_closed_holds_on_to_a_stale_state_and_refuses_without_one(make: Make) -> None:
    closed = {"failure": Failure.CLOSED, "fresh": False}
    made = make({"ada": known()}, fired(Step.BLOCK), **closed)
    assert made.decide(ask()).answer is Answer.DENY
    assert made.decide(ask("eve")).answer is Answer.ALLOW
    decision = make({}, digest="", **closed).decide(ask())
    assert (decision.answer, decision.retry_after_s) == (Answer.UNAVAILABLE, 30.0)


def test_rules_see_the_account_and_no_text(make: Make) -> None:
    from guard_parts import FixedPolicy

    policy = FixedPolicy()
    make({"ada": known(permission=Permission.ENDED)}, policy=policy).decide(ask(model="heron", tools=True))
    (seen,) = policy.seen
    assert (seen.account.tier, seen.campaign.role, seen.request.model) == ("named", "operator", "heron")
    assert (seen.permit.named, seen.permit.covers) == (True, False)
    assert (seen.budget.account_today, seen.budget.campaign_today) == (11, 22)


@pytest.mark.parametrize(
    ("failure", "answer"), [(Failure.OPEN, Answer.ALLOW), (Failure.CLOSED, Answer.UNAVAILABLE)]
)
def test_nothing_is_done_that_is_not_on_record(tmp_path: Path, failure: Failure, answer: Answer) -> None:
    import os

    made = guard(tmp_path, {"ada": known()}, fired(Step.BLOCK), failure=failure)
    assert isinstance(made.records, DecisionRecords)
    segments = made.records.segments
    os.close(segments._handle)  # every write fails from now on
    decision = made.decide(ask())
    assert (decision.answer, decision.held_back) == (answer, HeldBack.UNRECORDED)
    assert decision.action.step is Step.OBSERVE
    segments._handle = os.open(segments._path, os.O_WRONLY | os.O_APPEND)
    made.records.close()
    newest, older = decisions(tmp_path)
    assert newest["id"] == older["id"] == decision.id
    assert (newest["answer"], newest["held_back"]) == (answer, "unrecorded")


def test_a_record_tells_the_whole_decision(make: Make, tmp_path: Path) -> None:
    made = make({"ada": known(permission=Permission.ENDED)}, fired(Step.BLOCK))
    decision = made.decide(ask(model="heron"))
    (row,) = decisions(tmp_path / "0")
    assert row["id"] == decision.id
    assert row["time"] == "2026-09-21T14:13:20.000000+00:00"
    assert (row["account_id"], row["key"], row["model"]) == ("ada", "0000000000000005", "heron")
    assert (row["answer"], row["status_code"], row["action"]) == ("deny", 403, {"step": "block"})
    assert row["rules"] == [{"rule": "rule", "version": "abcdef012345", "stage": "live", "step": "block"}]
    assert (row["permission"], row["tier"], row["campaign"]) == ("ended", "named", "campaign")
    assert row["latency_us"] > 0


@given(st.text(), st.text(), st.text())
def test_what_clients_write_breaks_no_record(account: str, request_id: str, model: str) -> None:
    import orjson

    from stillwatch.guard.records import document
    from stillwatch.guard.request import Decision
    from stillwatch.response.ladder import OBSERVE

    request = Request(account, RequestFacts(model=model), request_id)
    row = document(request, Decision("0" * 32, 1, Answer.DENY, OBSERVE), account, NOW)
    assert orjson.loads(orjson.dumps(row))["answer"] == "deny"
