"""`stillwatch policy` as a person calls it, from a file to a rule that is live."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from policy_runs import make_run

from stillwatch import errors, response
from stillwatch.cli import main
from stillwatch.response.ladder import HIDDEN
from stillwatch.response.language.examples import tried
from stillwatch.response.language.policy_file import read_policy
from stillwatch.response.language.rule import RuleKind
from stillwatch.response.policy_store import PolicyStore

DEFAULT = Path(response.__file__).with_name("default.policy")
BY = ("--by", "Ada", "--reason", "tried")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("policy_cli") / "run")


class Told:
    """Calls the entry point; what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *words: object, code: int = errors.EXIT_OK) -> tuple[str, str]:
        self._monkeypatch.setattr("sys.argv", ["stillwatch", "policy", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err
        assert ended.value.code == code, out + err
        return out, err

    def json(self, *words: object, code: int = errors.EXIT_OK) -> Any:
        return json.loads(self(*words, "--json", code=code)[0])


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setenv("COLUMNS", "200")
    return Told(capsys, monkeypatch)


def test_the_default_policy_is_sound_open_and_milder_first() -> None:
    file = read_policy(DEFAULT)
    assert file.warnings == ()
    assert all(one.holds for rule in file.rules for one in tried(rule))
    assert all(rule.touches and rule.spares and rule.about for rule in file.rules)
    assert not [rule for rule in file.rules if rule.action.step in HIDDEN or rule.action.delay_ms]
    assert {rule.kind for rule in file.rules} == set(RuleKind) - {RuleKind.PERMIT}
    assert {rule.remedy for rule in file.rules} >= {"rotate-keys"}
    assert {rule.ceiling for rule in file.rules} == {0}


def test_a_rule_goes_from_a_file_to_live(told: Told, run: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert told.json("check", "default")["ok"]
    assert "6 rules, no fault" in told("check", DEFAULT)[0]
    assert told.json("test", "default")["ok"]
    assert "an unknown account" in told("test", "default")[0]
    added = told.json("add", "default", "--to", state, "--by", "Ada")["added"]
    assert {row["stage"] for row in added} == {"draft"}
    assert "there already" in told("add", "default", "--to", state, "--by", "Ada")[0]
    rule = "slow_named_operators"
    assert told("promote", rule, "shadow", "--to", state, *BY)[0].endswith(": shadow\n")
    told("promote", rule, "canary", "--to", state, "--share", "0.05", *BY)
    _, err = told("promote", rule, "live", "--to", state, *BY, code=errors.EXIT_USER)
    assert "no backtest" in err
    assert "stillwatch policy backtest" in err
    kept = told.json("backtest", "--to", state, run)
    assert len(kept["rules"]) == 6
    move = told.json("promote", rule, "live", "--to", state, *BY)
    assert (move["stage"], move["backtest"], move["by"]) == ("live", kept["digest"], "Ada")
    listed = {row["rule"]: row["stage"] for row in told.json("list", "--to", state)}
    assert listed[rule] == "live"
    assert sorted(listed.values()) == ["draft"] * 5 + ["live"]
    assert len(told.json("list", "--to", state, "--moves")) == 9
    assert rule in told("list", "--to", state)[0]
    assert [one.rule.name for one in PolicyStore(state).current().standings] == [rule]


def test_a_rule_above_its_ceiling_cannot_go_live(told: Told, run: Path, tmp_path: Path) -> None:
    """The limits hold it back for every benign account; it may not go live for all that."""
    state, file = tmp_path / "state", tmp_path / "wide.policy"
    file.write_text(
        """wide = rule(when = campaign.role == "operator" or account.plan == "pro", do = block(),
    expires = days(1), reason = "x", ceiling = 3,
    touches = [case(tier = "named", role = "operator")], spares = [case(plan = "pro")])""",
        encoding="utf-8",
    )
    assert "held back in part" in told("add", file, "--to", state, "--by", "Ada")[1]
    told("promote", "wide", "shadow", "--to", state, *BY)
    told("promote", "wide", "canary", "--to", state, "--share", "0.05", *BY)
    row = told.json("backtest", file, run, "--to", state)["rules"][0]
    assert row["benign"]["asked"] > 3
    assert "benign" not in row["done"]["by_kind"]
    _, err = told("promote", "wide", "live", "--to", state, *BY, code=errors.EXIT_USER)
    assert f"touched {row['benign']['asked']} benign accounts; its ceiling is 3" in err
    shown, _ = told("backtest", file, run)
    assert "NO" in shown
    assert "held back: not-named" in shown


def test_faults_are_told_on_screen_and_as_json(told: Told, tmp_path: Path) -> None:
    file = tmp_path / "bad.policy"
    file.write_text('a = rule(when = campaign.verdct == "x" and b, do = blok())\n', encoding="utf-8")
    out, err = told("check", file, code=errors.EXIT_USER)
    assert out == ""
    assert "line 1, column 17: campaign has no field verdct" in err
    assert "did you mean campaign.verdict?" in err
    assert "did you mean block?" in err
    document = told.json("check", file, code=errors.EXIT_USER)
    assert not document["ok"]
    assert [(row["line"], row["column"]) for row in document["faults"]] == [(1, 17), (1, 44), (1, 52)]
    assert told.json("add", file, "--to", tmp_path, "--by", "Ada", code=errors.EXIT_USER)["error"]["do"]
    assert "cannot be read" in told("check", tmp_path / "absent", code=errors.EXIT_USER)[1]


def test_examples_that_do_not_hold_end_with_2(told: Told, tmp_path: Path) -> None:
    file = tmp_path / "a.policy"
    file.write_text("a = rule(when = account.held, do = observe(), touches = [case()])", encoding="utf-8")
    found = told.json("test", file, code=errors.EXIT_USER)
    assert [row["holds"] for row in found["examples"]] == [False]
    assert "NO" in told("test", file, code=errors.EXIT_USER)[0]


def test_the_difference_against_what_is_live(told: Told, run: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    found = told.json("diff", "default", run, "--to", state)
    assert found["changes"][0]["kind"] == "permit-holder"
    shown, _ = told("diff", "default", run, "--to", state)
    assert "harder" in shown
    exempt = tmp_path / "exempt"
    exempt.write_text("researcher\n\n", encoding="utf-8")
    kinds = {
        row["kind"] for row in told.json("diff", "default", run, "--to", state, "--exempt", exempt)["changes"]
    }
    assert "exempt" in kinds


@pytest.mark.parametrize(
    "words",
    [
        "backtest RUN",
        "backtest a b RUN",
        "backtest --to STATE RUN",
        "promote a live --to STATE --by x",
        "promote a draft",
    ],
)
def test_a_wrong_call_is_explained(told: Told, run: Path, tmp_path: Path, words: str) -> None:
    given = [
        str(run) if word == "RUN" else str(tmp_path) if word == "STATE" else word for word in words.split()
    ]
    _, err = told(*given, code=errors.EXIT_USER)
    assert "Error:" in err or "what to do:" in err
