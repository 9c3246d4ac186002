"""Stored days replayed: who is touched, by kind, as asked and after the limits; and what a candidate changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from policy_runs import ACCOUNTS, BENIGN, DAYS, make_run
from scipy.stats import binom

from stillwatch.errors import RunError
from stillwatch.response.language.policy_file import policy_of
from stillwatch.response.language.rule import Rule
from stillwatch.response.replay.backtest import backtest
from stillwatch.response.replay.difference import difference
from stillwatch.response.replay.touched import interval

ALL = len(ACCOUNTS) + BENIGN
BLOCK = 'do = block(), expires = days(1), reason = "x"'


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("backtest") / "run")


def rules(text: str) -> tuple[Rule, ...]:
    return policy_of(text, "made.policy").rules


def touched_by(run: Path, condition: str, does: str = BLOCK, **more: Any) -> dict[str, Any]:
    document = backtest(run, rules(f"a = rule(when = {condition}, {does})"), **more).document
    row: dict[str, Any] = document["rules"][0]
    return row


def accounts(touched: dict[str, Any]) -> dict[str, int]:
    return {kind: found["accounts"] for kind, found in touched["by_kind"].items()}


def test_every_kind_of_customer_is_told_apart_permit_holders_first(run: Path) -> None:
    row = touched_by(run, "account.tier != '' or account.tier == ''", exempt={"researcher"})
    assert list(accounts(row["asked"]).items()) == [
        ("permit-holder", 2),
        ("exempt", 1),
        ("victim", 1),
        ("provider", 1),
        ("coordinated", 1),
        ("present", 1),
        ("near", 1),
        ("benign", BENIGN + 1),
        ("named-unlicensed", 1),
        ("named-adversarial", 2),
    ]
    assert row["asked"]["accounts"] == ALL
    assert row["asked"]["exchanges"] == ALL * (2 * DAYS + 1)


def test_the_limits_hold_back_all_but_named_accounts_of_operators(run: Path) -> None:
    row = touched_by(run, "account.tier != '' or account.tier == ''", exempt={"researcher"})
    # The licensee's permit covers `large` from the second day on; on the first, and for `small`, it does not.
    assert accounts(row["done"]) == {"permit-holder": 1, "named-unlicensed": 1, "named-adversarial": 2}
    assert row["done"]["by_kind"]["permit-holder"]["exchanges"] == 2 + 1
    assert row["done"]["by_kind"]["named-adversarial"]["exchanges"] == 2 * (2 * DAYS + 1)
    assert row["held_back"] == {"exempt": 1, "not-named": BENIGN + 3, "not-operator": 3, "permit": 2}


def test_benign_accounts_are_counted_before_the_limits(run: Path) -> None:
    row = touched_by(run, 'account.plan == "pro"')
    benign = row["benign"]
    assert benign["of"] == BENIGN + 2  # the licensed one and the one in a group by chance are benign too
    assert benign["asked"] == BENIGN // 2 + 2
    assert not benign["within"]
    assert "benign" not in row["done"]["by_kind"]
    assert benign["low"] < benign["share"] < benign["high"]
    harvest = 'campaign.verdict == "adversarial" and campaign.role == "operator" and account.tier == "named"'
    assert touched_by(run, harvest)["benign"]["asked"] == 0
    assert touched_by(run, harvest)["benign"]["within"]


def test_a_permit_rule_goes_before_and_has_no_ceiling(run: Path) -> None:
    text = f"""a = rule(when = campaign.verdict == "adversarial", {BLOCK})
b = rule(when = account.plan == "pro", do = permit())"""
    alone = backtest(run, rules(text.splitlines()[0])).document["rules"][0]
    blocked, allowed = backtest(run, rules(text)).document["rules"]
    assert blocked["asked"] == alone["asked"]
    assert blocked["done"]["accounts"] < alone["done"]["accounts"]
    assert allowed["benign"]["asked"] > 0
    assert allowed["benign"]["within"]


def test_days_models_ages_and_lag_are_replayed(run: Path) -> None:
    small = touched_by(run, 'request.model == "small"')
    assert (small["asked"]["accounts"], small["asked"]["exchanges"]) == (ALL, ALL)
    assert touched_by(run, 'request.model == "small"', days=1)["asked"]["exchanges"] == ALL
    assert touched_by(run, 'request.model == "large"', days=1)["asked"]["exchanges"] == 2 * ALL
    young = touched_by(run, "0 < account.age_days and account.age_days <= 2")
    # Registered 1, 2, 4 and 5 days before the first day; the third is 2 days old at most there.
    assert young["asked"]["accounts"] == 2
    assert young["asked"]["exchanges"] == 2 + 2 + 2
    late = touched_by(run, "campaign.age_days >= 1")
    assert late["asked"]["exchanges"] == 3 * (len(ACCOUNTS) - 1)


def test_what_stored_days_do_not_tell_counts_wherever_it_may_hold(run: Path) -> None:
    row = touched_by(run, 'campaign.role == "operator" and request.max_tokens > 100 and not request.stream')
    plain = touched_by(run, 'campaign.role == "operator"')
    assert row["asked"] == plain["asked"]
    assert row["unknown"] == ["request.max_tokens", "request.stream"]
    permit = rules(f"""a = rule(when = campaign.role == "operator", {BLOCK})
b = rule(when = request.n == 1, do = permit())""")
    assert backtest(run, permit).document["rules"][0]["done"] == plain["done"]


def test_reviews_have_a_ceiling_and_are_not_held_back(run: Path) -> None:
    row = touched_by(run, 'campaign.role == "victim"', "do = review()")
    assert row["done"] == row["asked"]
    assert accounts(row["done"]) == {"victim": 1}
    assert not touched_by(run, 'account.plan == "pro"', "do = review()")["benign"]["within"]


def test_the_difference_names_who_changes_permit_holders_first(run: Path) -> None:
    live = rules('a = rule(when = campaign.verdict == "adversarial", do = observe())')
    candidate = rules(f'a = rule(when = campaign.role == "operator", {BLOCK})')
    found = difference(run, live, candidate, exempt={"researcher"})
    told = [(row["kind"], row["before"], row["after"], row["ids"]) for row in found["changes"]]
    assert told == [
        ("permit-holder", "observe", "block", ["licensee"]),
        ("exempt", "observe", "nothing", ["researcher"]),
        ("present", "observe", "nothing", ["present-1"]),
        ("near", "observe", "nothing", ["near-1"]),
        ("named-unlicensed", "nothing", "block", ["open-1"]),
        ("named-adversarial", "observe", "block", ["named-1", "named-2"]),
    ]
    assert found["changed"] == 7
    assert [(row["harder"], row["milder"]) for row in found["changes"]] == [
        (row["after"] == "block", False) for row in found["changes"]
    ]
    back = difference(run, candidate, live, exempt={"researcher"})
    assert {row["kind"] for row in back["changes"] if row["milder"]} == {
        "permit-holder",
        "named-unlicensed",
        "named-adversarial",
    }
    assert difference(run, live, live)["changed"] == 0


def test_intervals_are_exact() -> None:
    for found, of in ((0, 30), (3, 30), (30, 30)):
        low, high = interval(found, of)
        assert found == 0 or binom.sf(found - 1, of, low) == pytest.approx(0.025)
        assert found == of or binom.cdf(found, of, high) == pytest.approx(0.025)
    assert interval(0, 0) == (0.0, 1.0)


def test_a_run_without_days_is_refused(run: Path, tmp_path: Path) -> None:
    copy = make_run(tmp_path / "run")
    for path in (copy / "exchanges").rglob("*.parquet"):
        path.unlink()
    with pytest.raises(RunError, match="no stored days"):
        backtest(copy, rules("a = rule(when = account.held, do = observe())"))
