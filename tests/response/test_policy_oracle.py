"""Conditions mean what an independent implementation of another language says, and never raise."""

from __future__ import annotations

import dis
from typing import Any

import cel
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_states import conditions, mixed, states

from stillwatch.response.inputs import Inputs
from stillwatch.response.language.code import compiled
from stillwatch.response.language.expression import fields_of
from stillwatch.response.language.policy_file import policy_of
from stillwatch.response.language.rule import Rule
from stillwatch.response.language.unknown import certain, possible
from study.cel_rules import cel_of, world_of

OPERATIONS = {
    "RESUME", "LOAD_FAST", "LOAD_ATTR", "LOAD_CONST", "COMPARE_OP", "CONTAINS_OP", "BINARY_OP", "UNARY_NOT",
    "UNARY_NEGATIVE", "JUMP_IF_FALSE_OR_POP", "JUMP_IF_TRUE_OR_POP", "POP_JUMP_FORWARD_IF_FALSE",
    "POP_JUMP_FORWARD_IF_TRUE", "POP_JUMP_IF_FALSE", "POP_JUMP_IF_TRUE", "POP_TOP", "SWAP", "COPY",
    "JUMP_FORWARD", "BUILD_TUPLE", "RETURN_VALUE", "RETURN_CONST", "TO_BOOL", "NOT_TAKEN", "LOAD_SMALL_INT",
    "LOAD_FAST_BORROW", "LOAD_FAST_LOAD_FAST", "LOAD_FAST_BORROW_LOAD_FAST_BORROW", "EXTENDED_ARG", "NOP",
    "CACHE",
}  # fmt: skip
"""What a condition may be compiled to: no call, no import, no global name, no loop."""


def rule_of(condition: str) -> Rule:
    """The rule with a condition."""
    (rule,) = policy_of(f"a = rule(when = {condition}, do = observe())", "made.policy").rules
    return rule


def evaluated(rule: Rule, inputs: Inputs) -> bool:
    (found,) = compiled([rule.when])(
        inputs.account, inputs.permit, inputs.campaign, inputs.request, inputs.budget
    )
    return found


@settings(max_examples=400, deadline=None)
@given(conditions(), st.lists(states(), min_size=3, max_size=3))
def test_both_languages_agree(condition: str, given_states: list[Inputs]) -> None:
    rule = rule_of(condition)
    program = cel.compile(cel_of(rule.when))
    for inputs in given_states:
        assert evaluated(rule, inputs) is program.execute(world_of(inputs)), condition


@settings(max_examples=400, deadline=None)
@given(conditions() | mixed(), states(hostile=True))
def test_nothing_raises_whatever_a_request_holds(condition: str, inputs: Inputs) -> None:
    assert isinstance(evaluated(rule_of(condition), inputs), bool)


def test_numbers_that_no_float_holds_do_not_raise() -> None:
    rule = rule_of("request.max_tokens * request.n * account.age_days + 0.5 > -request.max_tokens * 0.5")
    for huge in (10**400, -(10**400)):
        facts: dict[str, Any] = {"account.age_days": 2.0, "request.max_tokens": huge, "request.n": huge}
        from stillwatch.response.language.calls import inputs_of

        assert evaluated(rule, inputs_of(facts)) is True


@settings(max_examples=200, deadline=None)
@given(conditions())
def test_code_holds_only_what_a_condition_needs(condition: str) -> None:
    code: Any = compiled([rule_of(condition).when])
    assert {step.opname for step in dis.get_instructions(code)} <= OPERATIONS
    assert code.__globals__ == {"__builtins__": {}}


@settings(max_examples=300, deadline=None)
@given(conditions(), states(), st.integers(0, 10**6))
def test_what_may_and_must_hold_bounds_what_holds(condition: str, inputs: Inputs, chosen: int) -> None:
    """Whatever the fields that are not known: what must hold holds, and what holds may hold."""
    rule = rule_of(condition)
    names = sorted({str(field) for field in fields_of(rule.when)})
    hidden = {name for place, name in enumerate(names) if chosen >> place & 1}
    parts = (inputs.account, inputs.permit, inputs.campaign, inputs.request, inputs.budget)
    may = possible(rule.when, lambda field: str(field) in hidden)
    must = certain(rule.when, lambda field: str(field) in hidden)
    assert not {str(field) for field in fields_of(may)} & hidden
    must_hold, holds, may_hold = compiled([must, rule.when, may])(*parts)
    assert must_hold <= holds <= may_hold
