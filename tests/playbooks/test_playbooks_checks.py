"""Each check on a real small state, of runs and the guard: met where it is so, missing where it is not."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest
from case_runs import NOON, Group, Tie
from playbook_worlds import DAY, NOW, WHO, World, blind, world

from stillwatch.guard.people import People
from stillwatch.guard.people import Said as Decided
from stillwatch.guard.publish import publish
from stillwatch.playbooks.check import CHECKS, Holds
from stillwatch.playbooks.places import Places
from stillwatch.response.ladder import Stage
from stillwatch.response.policy_store import PolicyStore

__all__ = ["world"]


def test_every_check_has_a_test_here() -> None:
    """Each check is asked by name in this file or in those beside it."""
    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [name for name in CHECKS.all() if f'"{name}"' not in text] == []


def test_nothing_is_told_of_what_was_not_given() -> None:
    with Places() as places:
        answers = {name: check.answer(places) for name, check in CHECKS.all().items()}
    told = {name: answer for name, answer in answers.items() if answer.holds is not Holds.CANNOT_TELL}
    assert told.keys() == {"restrictions_public"}
    assert all(answer.do for answer in answers.values())


def test_what_cannot_be_read_is_never_met(world: World) -> None:
    (world.run / "run.json").write_text("no JSON", encoding="utf-8")
    world.state.mkdir()
    for name in ("run_recent", "edge_joined", "state_fresh", "policy_tried", "budgets_pooled", "run_synced"):
        answer = world.ask(name)
        assert answer.holds in (Holds.CANNOT_TELL, Holds.MISSING), name
        assert answer.do, name


def test_a_run_is_recent_until_it_is_old(world: World) -> None:
    assert world.holds("run_recent") is Holds.MET
    world.now = NOW + 3 * DAY
    answer = world.ask("run_recent")
    assert (answer.holds, answer.evidence) == (
        Holds.MISSING,
        "its last exchange was 3 days ago; 2 days are allowed",
    )
    world.set(run_hours=100.0)
    assert world.holds("run_recent") is Holds.MET


@pytest.mark.parametrize(("name", "source"), [("edge_joined", "edge"), ("accounts_given", "accounts")])
def test_a_file_was_given_and_joined(world: World, name: str, source: str) -> None:
    assert "without" in world.ask(name).evidence
    world.about(given={source: True})
    assert "does not say" in world.ask(name).evidence
    row = {"input": source, "what": "joined", "count": 0, "of": 1_000}
    world.table("use", row)
    assert world.holds(name) is Holds.MISSING
    world.table("use", row | {"count": 900})
    answer = world.ask(name)
    assert answer.holds is Holds.MET
    assert answer.evidence.startswith("900 of 1,000")


def test_blindness_is_named(world: World) -> None:
    assert world.holds("nothing_blind") is Holds.MET
    assert world.holds("blind_spots_told") is Holds.MET
    world.table("blindness", blind("facet", "ja4", 0.5), blind("facet", "payment", 1.0))
    answer = world.ask("nothing_blind")
    assert (answer.holds, answer.evidence) == (Holds.MISSING, "1 are blind: facet payment")
    assert world.holds("shared_marks_seen") is Holds.MISSING
    assert world.holds("many_hands_seen") is Holds.MET
    (world.run / "blindness.parquet").unlink()
    assert world.holds("blind_spots_told") is Holds.MISSING


@pytest.mark.parametrize(
    ("check", "signal"), [("many_hands_seen", "many_hands"), ("probing_seen", "prompt_probing")]
)
def test_a_blind_signal_is_missing(world: World, check: str, signal: str) -> None:
    assert world.holds(check) is Holds.MET
    world.table("blindness", blind("signal", signal, 1.0))
    assert world.holds(check) is Holds.MISSING


def test_what_the_accounts_file_says(world: World) -> None:
    account = {"account": 1, "account_id": "a", "email_public": False}
    more = {"account": 2, "account_id": "b", "email_public": False}
    for name in ("plan_limits_known", "registrations_known", "plans_known"):
        assert world.holds(name) is Holds.MISSING
    known = {"plan": "pro", "created": NOON, "limit_tokens_day": 10}
    world.table("accounts", account | known, more | {"plan": "free"})
    for name in ("plan_limits_known", "registrations_known", "plans_known"):
        assert world.holds(name) is Holds.MET, name
    world.table("blindness", blind("signal", "quota_ride", 1.0))
    assert world.holds("plan_limits_known") is Holds.MISSING
    world.table("accounts", account | known)
    assert "1 plans" in world.ask("plans_known").evidence


def test_special_programmes_are_verified(world: World) -> None:
    account = {"account": 1, "account_id": "a", "email_public": False, "plan": "research"}
    assert world.holds("programmes_verified") is Holds.CANNOT_TELL
    world.set(special_plans=("research", "education"))
    assert world.holds("programmes_verified") is Holds.NOT_APPLICABLE
    world.table("accounts", account)
    assert world.holds("programmes_verified") is Holds.MISSING
    world.table("accounts", account | {"verification": "letter"})
    assert world.holds("programmes_verified") is Holds.MET


def test_runs_are_compared(tmp_path: Path) -> None:
    alone = World(tmp_path / "alone", compared=False)
    assert alone.holds("compared_with_earlier") is Holds.MISSING
    follows = World(tmp_path / "follows", Group("camp-b", ties=(Tie("successor", "camp-a"),)))
    assert "1 of its campaigns" in follows.ask("compared_with_earlier").evidence
    for one in (alone, follows):
        one.cases.database.close()


def test_decisions_are_taken_up(world: World) -> None:
    assert world.holds("feedback_used") is Holds.NOT_APPLICABLE
    world.cases.sync(world.run)
    world.cases.close(1, "not distillation", by="Anna", reason="a course")
    world.now = time.time()
    assert world.holds("feedback_used") is Holds.MISSING
    world.about(given={"feedback": True})
    assert world.holds("feedback_used") is Holds.MET


def test_days_are_watched(world: World) -> None:
    assert world.holds("watch_running") is Holds.MISSING
    search = dict.fromkeys(("exchanges", "accounts", "tested", "alarms"), 0) | {"level": 0.1, "needed": 1.0}
    for days, holds in ((3, Holds.MISSING), (0, Holds.MET)):
        until = NOON - timedelta(days=days)
        world.table("watched", search | {"day": until, "until": until})
        assert world.holds("watch_running") is holds


def test_alarms_are_looked_at(world: World) -> None:
    assert world.holds("alarms_looked_at") is Holds.NOT_APPLICABLE
    numbers = ("accounts", "named", "present", "near", "at_least", "exchanges", "exchanges_so_far")
    row = {"alarm": "A001", "day": NOON, "until": NOON, "new": True, "campaign": "C001", "kind": "linked"}
    row |= {"identity": "camp-a", "verdict": "adversarial", "log_e_value": 9.0, **dict.fromkeys(numbers, 1)}
    world.table("alarms", row)
    assert world.holds("alarms_looked_at") is Holds.MISSING
    assert world.holds("run_synced") is Holds.MISSING
    world.cases.sync(world.run)
    assert world.holds("run_synced") is Holds.MET
    assert world.holds("alarms_looked_at") is Holds.MISSING
    world.cases.move(1, "triage", **WHO)
    assert world.holds("alarms_looked_at") is Holds.MET


def test_a_run_without_campaigns_needs_no_case(tmp_path: Path) -> None:
    world = World(tmp_path, Group("camp-a", verdict="benign"))
    assert world.holds("run_synced") is Holds.NOT_APPLICABLE
    world.cases.database.close()


def test_permits_are_known_and_current(world: World) -> None:
    assert world.holds("permits_current") is Holds.MISSING
    world.about(given={"permits": True})
    assert world.holds("permits_current") is Holds.MET
    permit = {"name": "licence-1", "accounts": [], "organisation": "x", "models": []}
    world.table("permits", permit | {"expires": NOON + timedelta(days=9)})
    assert world.holds("permits_current") is Holds.MET
    world.table("permits", permit | {"expires": NOON})
    answer = world.ask("permits_current")
    assert (answer.holds, answer.evidence) == (Holds.MISSING, "1 permit, 1 of them expired: licence-1")


def test_a_permit_of_the_guard_counts_until_it_is_revoked(world: World) -> None:
    publish(world.run, world.state, now=NOW)
    ends = time.time() + 5 * DAY
    with People(world.state) as people:
        people.issue("licence-2", Decided("Anna", "signed", ends), accounts=["acct-1"])
    world.now = time.time()
    assert world.holds("permits_current") is Holds.MET
    world.now = ends + 1
    assert world.holds("permits_current") is Holds.MISSING
    with People(world.state) as people:
        people.revoke("licence-2", Decided("Anna", "over"))
    world.about(given={"permits": True})
    assert world.holds("permits_current") is Holds.MET


def test_the_guards_state(world: World) -> None:
    world.state.mkdir()
    assert world.holds("state_fresh") is Holds.CANNOT_TELL
    world.state.rmdir()
    publish(world.run, world.state, now=NOW)
    assert world.holds("state_fresh") is Holds.MET
    assert world.holds("guard_has_newest_run") is Holds.MET
    world.now = NOW + 3 * DAY
    answer = world.ask("state_fresh")
    assert answer.holds is Holds.MISSING
    assert "stale since" in answer.evidence
    world.table("blindness", blind("facet", "ja4", 0.5))
    assert world.holds("guard_has_newest_run") is Holds.MISSING
    assert world.holds("decisions_recorded") is Holds.MISSING
    (world.state / "records").mkdir()
    (world.state / "records" / "decisions-1.jsonl").write_text("", encoding="utf-8")
    assert world.holds("decisions_recorded") is Holds.MET


def test_exemptions_hold_until_they_end(world: World) -> None:
    publish(world.run, world.state, now=NOW)
    assert world.holds("exemptions_exist") is Holds.MISSING
    with People(world.state) as people:
        people.exempt("acct-1", "researcher", Decided("Anna", "verified", time.time() + DAY))
    world.now = time.time()
    assert world.holds("exemptions_exist") is Holds.MET
    world.now += 2 * DAY
    assert world.holds("exemptions_exist") is Holds.MISSING


RULE = """
a = rule(when = account.tier == "named", do = {do}, expires = days(1), reason = "x", ceiling = 2,
    touches = [case(tier = "named", verdict = "adversarial", role = "operator")], spares = [case(tier = "present")])
"""
CONSENT = 'consent = hidden(reason = "a", approver = "Ada", policy_line = "terms, section 4")'


def test_rules_are_tried_and_act(world: World) -> None:
    publish(world.run, world.state, now=NOW)
    world.policy(RULE.format(do="slow(account_tokens = 100)"))
    assert world.holds("policy_tried") is Holds.MISSING
    world.policy(RULE.format(do="slow(account_tokens = 100)"), Stage.SHADOW)
    assert world.holds("policy_tried") is Holds.MET
    assert world.holds("policy_acts") is Holds.MISSING
    assert world.holds("budgets_pooled") is Holds.MISSING
    PolicyStore(world.state).promote("a", Stage.CANARY, by="Anna", why="tested", share=0.1)
    answer = world.ask("policy_acts")
    assert (answer.holds, answer.evidence) == (Holds.MET, "versions of rules: 1 in canary")


def test_a_pooled_budget_is_seen(world: World) -> None:
    publish(world.run, world.state, now=NOW)
    world.policy(RULE.format(do="slow(account_tokens = 100, campaign_tokens = 2000)"), Stage.SHADOW)
    assert "a (shadow)" in world.ask("budgets_pooled").evidence
    assert world.holds("hidden_steps_consented") is Holds.NOT_APPLICABLE


def test_a_hidden_step_needs_its_consent(world: World) -> None:
    publish(world.run, world.state, now=NOW)
    step = f'route(model = "small", {CONSENT})'
    world.policy(RULE.format(do=step), Stage.SHADOW, Stage.CANARY)
    answer = world.ask("hidden_steps_consented")
    assert answer.holds is Holds.MET
    assert "terms, section 4" in answer.evidence
