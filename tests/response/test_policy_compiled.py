"""The policy in force: order, stages, canaries, and what acts beside what."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_states import conditions, mixed, states

from stillwatch.response.compiled import EMPTY, CompiledPolicy, Standing
from stillwatch.response.inputs import AccountState, CampaignState, Inputs
from stillwatch.response.ladder import Stage, Step
from stillwatch.response.language.policy_file import policy_of
from stillwatch.response.language.rule import Rule, RuleKind
from stillwatch.response.outcome import Policy

NAMED = Inputs(AccountState(tier="named"), campaign=CampaignState(role="operator"))
WHEN = 'when = account.tier == "named", '
ENDS = 'expires = days(1), reason = "x"'
TEXT = f"""
zz_slow = rule({WHEN} do = slow(account_tokens = 5), {ENDS}, onset = hours(2))
aa_look = rule({WHEN} do = review())
mm_see = rule({WHEN} do = observe())
yy_block = rule({WHEN} do = block(), {ENDS})
"""
DOES = ("observe()", "block()", "slow(account_tokens = 5)", "review()", "permit()")
LET = f"let = rule({WHEN} do = permit())"


def rules(text: str) -> list[Rule]:
    return list(policy_of(text, "made.policy").rules)


def live(text: str) -> list[Standing]:
    return [Standing(rule, Stage.LIVE, since=9.0) for rule in rules(text)]


def test_block_goes_before_friction_and_reviews_are_apart() -> None:
    policy: Policy = CompiledPolicy(live(TEXT))
    found = policy.outcome(NAMED, 7)
    assert [one.rule for one in found.acting] == ["yy_block", "zz_slow", "mm_see"]
    assert found.review == ("aa_look",)
    assert found.shadow == ()
    slow = found.acting[1]
    assert (slow.action.step, slow.expires_s, slow.onset_s, slow.since) == (Step.SLOW, 86_400, 7_200, 9.0)
    assert (slow.stage, slow.reason, len(slow.version)) == (Stage.LIVE, "x", 12)
    assert policy.outcome(Inputs(), 7) == EMPTY.outcome(NAMED, 7)
    assert not policy.outcome(Inputs(), 7).acting


@pytest.mark.parametrize("stage", list(Stage))
def test_a_policy_says_whether_it_acts(stage: Stage) -> None:
    at = [replace(one, stage=stage, share=0.5) for one in live(TEXT)]
    assert CompiledPolicy(at).acts is (stage in (Stage.CANARY, Stage.LIVE))
    mild = [one for one in at if one.rule.kind in (RuleKind.REVIEW, RuleKind.OBSERVE)]
    assert len(mild) == 2
    assert not CompiledPolicy(mild).acts
    assert not EMPTY.acts


def test_where_a_permit_rule_acts_no_other_does() -> None:
    found = CompiledPolicy(live(TEXT + LET)).outcome(NAMED, 7)
    assert [one.rule for one in found.acting] == ["let"]
    assert found.review == ()
    assert {one.rule for one in found.shadow} == {"yy_block", "zz_slow", "mm_see", "aa_look"}
    # In shadow it lets nobody through.
    shadow = [replace(one, stage=Stage.SHADOW) for one in live(LET)]
    found = CompiledPolicy(live(TEXT) + shadow).outcome(NAMED, 7)
    assert [one.rule for one in found.shadow] == ["let"]
    assert len(found.acting) == 3


def test_only_shadow_canary_and_live_are_evaluated() -> None:
    for stage in Stage:
        policy = CompiledPolicy([replace(one, stage=stage) for one in live(TEXT)])
        found = policy.outcome(NAMED, 7)
        assert bool(policy.standings) == (stage not in (Stage.DRAFT, Stage.RETIRED))
        assert bool(found.acting) == (stage is Stage.LIVE)
        assert bool(found.shadow) == (stage in (Stage.SHADOW, Stage.CANARY))


def canary(share: float, rule: Rule) -> CompiledPolicy:
    return CompiledPolicy([Standing(rule, Stage.CANARY, share)])


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_a_canary_acts_on_its_share_and_a_larger_one_keeps_it(share: float) -> None:
    rule = rules(TEXT)[-1]
    policy = canary(share, rule)
    drawn = {key for key in range(20_000) if policy.outcome(NAMED, key * 2**40 + 11).acting}
    assert len(drawn) / 20_000 == pytest.approx(share, abs=0.012)
    larger = canary(2 * share, rule)
    assert all(larger.outcome(NAMED, key * 2**40 + 11).acting for key in drawn)
    assert len(policy.outcome(NAMED, 11).acting + policy.outcome(NAMED, 11).shadow) == 1


def test_a_canary_takes_the_place_of_the_live_version_for_its_accounts() -> None:
    old, new = live(TEXT)[-1], rules(TEXT.replace("do = block()", "do = verify()"))[-1]
    assert (old.rule.name, new.name) == ("yy_block", "yy_block")
    assert old.rule.version != new.version
    policy = CompiledPolicy([old, Standing(new, Stage.CANARY, 0.5)])
    seen = set()
    for key in range(200):
        (acts,) = policy.outcome(NAMED, key * 2**40).acting
        seen.add(acts.action.step)
        assert [one.action.step for one in policy.outcome(NAMED, key * 2**40).shadow] == (
            [Step.VERIFY] if acts.action.step is Step.BLOCK else []
        )
    assert seen == {Step.BLOCK, Step.VERIFY}
    # A second version in shadow changes nothing about the live one.
    beside = CompiledPolicy([old, Standing(new, Stage.SHADOW)]).outcome(NAMED, 3)
    assert [one.action.step for one in beside.acting + beside.shadow] == [Step.BLOCK, Step.VERIFY]


def test_the_digest_tells_policies_apart() -> None:
    standings = live(TEXT)
    digest = CompiledPolicy(standings).digest
    assert CompiledPolicy(reversed(standings)).digest == digest
    others = [
        CompiledPolicy(standings[1:]),
        CompiledPolicy([replace(standings[0], stage=Stage.SHADOW), *standings[1:]]),
        CompiledPolicy([replace(standings[0], since=10.0), *standings[1:]]),
        CompiledPolicy(live(TEXT.replace("tokens = 5", "tokens = 6"))),
        EMPTY,
    ]
    assert len({digest, *(one.digest for one in others)}) == 6


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(conditions() | mixed(), st.sampled_from(DOES), st.sampled_from(Stage)), max_size=6),
    states(hostile=True),
    st.integers(0, 2**64 - 1),
)
def test_a_policy_never_raises_and_takes_each_rule_once(
    made: list[tuple[str, str, Stage]], inputs: Inputs, key: int
) -> None:
    text = "\n".join(
        f'r{place} = rule(when = {condition}, do = {does}, expires = days(1), reason = "x")'
        for place, (condition, does, _) in enumerate(made)
    )
    standings = [Standing(rule, stage, 0.5) for rule, (_, _, stage) in zip(rules(text), made, strict=True)]
    found = CompiledPolicy(standings).outcome(inputs, key)
    told = [*(one.rule for one in found.acting + found.shadow), *found.review]
    assert len(told) == len(set(told))
    assert set(told) <= {one.rule.name for one in standings if one.stage not in (Stage.DRAFT, Stage.RETIRED)}
    if any(kind_of(one.rule, standings) is RuleKind.PERMIT for one in found.acting):
        assert len(found.acting) == 1
        assert found.review == ()


def kind_of(name: str, standings: list[Standing]) -> RuleKind:
    (kind,) = (one.rule.kind for one in standings if one.rule.name == name)
    return kind
