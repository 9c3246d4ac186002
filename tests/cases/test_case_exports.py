"""Cases in the forms of security products are valid there, and say no more than they should."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from case_runs import Group
from case_stores import stocked
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from py_ocsf_models.events.findings.detection_finding import DetectionFinding

from stillwatch.cases.case import Case
from stillwatch.cases.exports.ecs import ecs_of
from stillwatch.cases.exports.finding import Finding
from stillwatch.cases.exports.ocsf import ocsf_of
from stillwatch.cases.outbox.message import Message
from stillwatch.cli import program
from stillwatch.errors import CaseError

ECS = {
    "": {"@timestamp", "message", "tags"},
    "ecs": {"version"},
    "event": {
        "kind",
        "category",
        "type",
        "action",
        "id",
        "module",
        "dataset",
        "provider",
        "created",
        "start",
        "end",
        "severity",
    },
    "observer": {"vendor", "product", "type", "version"},
    "rule": {"id", "name", "category"},
    "related": {"user"},
}
"""The fields of ECS 8.16 that are used, by field set; all others must be under `stillwatch`."""


def valid_ocsf(document: dict[str, Any]) -> DetectionFinding:
    """A finding that the model takes, and that has no field that the model does not know."""
    model = DetectionFinding.model_validate(document)
    kept = json.loads(model.model_dump_json(exclude_unset=True))
    assert document.keys() - kept.keys() == {"is_alert"}
    assert kept == {name: value for name, value in document.items() if name != "is_alert"}
    return model


def valid_ecs(document: dict[str, Any]) -> None:
    for name, value in document.items():
        if name != "stillwatch":
            known = ECS[name] if isinstance(value, dict) else ECS[""]
            assert (value.keys() if isinstance(value, dict) else {name}) <= known
    assert document["event"]["kind"] == "alert"


def test_a_case_as_a_detection_finding(place: str, tmp_path: Path) -> None:
    with stocked(place, tmp_path / "run", Group("camp-a"), Group("camp-b", 3, role="victim")) as cases:
        cases.assign(2, "Anna", by="Anna")
        first, second = (valid_ocsf(one) for one in cases.export([1, 2], "ocsf"))
        assert [int(first.type_uid), int(second.type_uid)] == [200401, 200402]
        assert [int(first.severity_id), first.finding_info.uid] == [4, "stillwatch:case:1"]
        assert first.evidences is not None
        assert [one.name for one in first.evidences] == ["identity", "network"]
        assert first.resources is None
        assert second.finding_info.types == ["victim", "adversarial"]
        cases.close(1, "not distillation", by="Anna", reason="a class with a private word")
        closed = cases.export([1], "ocsf")[0]
        assert (closed["activity_id"], closed["status_id"], closed["is_alert"]) == (3, 3, False)
        valid_ocsf(closed)
        with pytest.raises(CaseError, match="no case 9"):
            cases.export([9], "ocsf")


@pytest.mark.parametrize("form", ["ocsf", "ecs"])
def test_accounts_only_where_asked_for_and_neither_texts_nor_detectors(tmp_path: Path, form: str) -> None:
    with stocked(str(tmp_path / "CASES.db"), tmp_path / "run", Group("camp-a")) as cases:
        cases.note(1, "a private word", by="Anna")
        cases.move(1, "investigating", by="Anna", reason="a private word")
        ids = Group("camp-a").accounts()
        without, whole = (json.dumps(cases.export([1], form, accounts=one)) for one in (False, True))
        assert [one in without for one in ids] == [False] * 5
        assert [one in whole for one in ids] == [True] * 5
        for secret in ("private word", "dealt_questions", "volume", "address", "payment", "nats", "e_value"):
            assert secret not in whole
        (valid_ocsf if form == "ocsf" else valid_ecs)(json.loads(whole)[0])


FOUND = st.dictionaries(
    st.sampled_from(["verdict", "campaign", "run", "first", "last", "named", "exchanges", "role"]),
    st.one_of(st.text(max_size=30), st.integers(0, 10**12), st.none()),
).map(lambda found: {"verdict": "adversarial", **found, "families": ["network"]})


@settings(max_examples=100, deadline=None)
@given(FOUND, st.text(max_size=50))
def test_whatever_a_run_said_the_forms_hold(found: dict[str, Any], identity: str) -> None:
    case = Case(1, 1, identity, opened=1e9, updated=1e9, accounts=5, found=found)
    document = ocsf_of(Finding(case))
    valid_ocsf(json.loads(json.dumps(document)))
    valid_ecs(json.loads(json.dumps(ecs_of(Finding(case)))))


def test_the_metrics_of_a_store(place: str, tmp_path: Path) -> None:
    groups = (Group("camp-a"), Group("camp-b", role="victim"), Group("camp-c"))
    with stocked(place, tmp_path / "run", *groups) as cases:
        cases.deadline(1, time.time() - 60, by="Anna")
        cases.close(2, "not distillation", by="Anna", reason="so")
        cases.outbox.queue(Message("notice", "n", None, {}))
        lines = cases.metrics(time.time()).splitlines()
    for told in (
        'stillwatch_cases{kind="operator",state="open"} 2.0',
        'stillwatch_cases{kind="victim",state="closed"} 1.0',
        "stillwatch_cases_deadlines_breached 1.0",
        'stillwatch_cases_closed{outcome="not distillation"} 1.0',
        "stillwatch_cases_verdicts_overturned 1.0",
        'stillwatch_case_deliveries{channel="",state="queued"} 4.0',
        "stillwatch_cases_dead_letters 0.0",
    ):
        assert told in lines
    ages = {
        one.split()[0]: float(one.split()[1]) for one in lines if "_age_seconds " in one and one[0] != "#"
    }
    assert 0 <= ages["stillwatch_cases_sync_age_seconds"] < 60
    assert "stillwatch_cases_newest_run_age_seconds" in ages
    assert not any("acct-" in one or "camp-" in one or "Anna" in one for one in lines)


def test_exports_and_metrics_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    stocked("CASES.db", tmp_path / "run").database.close()
    done = CliRunner().invoke(
        program, ["case", "export", "1", "2", "--format", "ecs"], catch_exceptions=False
    )
    assert [json.loads(one)["stillwatch"]["case"] for one in done.output.splitlines()] == [1, 2]
    done = CliRunner().invoke(
        program, ["case", "export", "1", "--format", "ocsf", "--accounts", "--out", "one.jsonl"]
    )
    assert done.output == "one.jsonl: 1 case\n"
    assert len(json.loads(Path("one.jsonl").read_text())["resources"]) == 5
    done = CliRunner().invoke(program, ["case", "metrics"])
    assert 'stillwatch_cases{kind="operator",state="open"} 2.0' in done.output.splitlines()
