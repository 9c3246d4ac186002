"""Runs become cases: what is opened, what is followed, what is kept when the run is gone."""

from __future__ import annotations

import shutil
import sqlite3
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from case_runs import Group, Sealed, Tie, sealed
from case_stores import stocked
from guard_runs import World, made_run

from stillwatch import report
from stillwatch.cases import Cases
from stillwatch.cases.sync import Synced
from stillwatch.errors import EXIT_CHANGED, CaseError, RunError
from stillwatch.guard.people import People, Said
from stillwatch.guard.publish import publish
from stillwatch.run.manifest import verify


def hows(done: list[Synced]) -> list[tuple[int, str]]:
    return [(one.case, one.how) for one in done]


def test_each_listed_campaign_is_a_case_of_its_kind(place: str, tmp_path: Path) -> None:
    groups = [
        Group("camp-a"),
        Group("camp-b", role="victim"),
        Group("camp-c", verdict="coordinated", role="provider"),
        Group("camp-d", verdict="coordinated", role="unknown"),
        Group("camp-e", verdict="unlicensed", role=""),
        Group("camp-f", verdict="authorised", role="", permit="licence-1"),
        Group("camp-g", verdict="benign", role="", listed=False),
    ]
    with stocked(place, tmp_path / "run", *groups) as cases:
        kinds = {case.identity: case.kind for case in cases.all()}
    assert kinds == {
        "camp-a": "operator",
        "camp-b": "victim",
        "camp-c": "coordinated",
        "camp-d": "coordinated",
        "camp-e": "unlicensed",
    }


def test_a_run_may_be_synced_again_and_an_older_one_changes_nothing(place: str, tmp_path: Path) -> None:
    first = sealed(tmp_path / "r1", Sealed("run-1", [Group("camp-a")]))
    second = sealed(tmp_path / "r2", Sealed("run-2", [Group("camp-a", 8)], day=1))
    with Cases(place, create=True) as cases:
        assert hows(cases.sync(second)[0]) == [(1, "opened")]
        before = (cases.all(), cases.events())
        assert hows(cases.sync(second)[0]) == [(1, "unchanged")]
        assert hows(cases.sync(first)[0]) == [(1, "older")]
        assert (cases.all(), cases.events()) == before


def test_a_case_follows_its_campaign_and_says_how(place: str, tmp_path: Path) -> None:
    r1 = sealed(
        tmp_path / "r1", Sealed("run-1", [Group("camp-a", 5), Group("camp-b", 6), Group("camp-c", 7)])
    )
    groups = [
        Group(
            "camp-a",
            9,
            families=("network", "content"),
            ties=[Tie("grew", "camp-a"), Tie("merged", "camp-b")],
        ),
        Group("camp-s", 3, ties=[Tie("split", "camp-c")]),
        Group("camp-t", 4, ties=[Tie("successor", "camp-c")]),
        Group("camp-c2", 7, ties=[Tie("same", "camp-c")], role="victim"),
    ]
    r2 = sealed(tmp_path / "r2", Sealed("run-2", groups, day=1))
    with Cases(place, create=True) as cases:
        cases.sync(r1)
        done, compared = cases.sync(r2)
        assert compared
        assert hows(done) == [(1, "updated"), (4, "opened"), (5, "opened"), (3, "updated")]
        grown, merged, followed, split, successor = cases.all()
        assert (grown.accounts, grown.found["families"]) == (9, ["content", "network"])
        assert merged.links == (("duplicate of", 1),)
        assert set(followed.links) == {("related", 4), ("related", 5)}
        assert split.links == (("related", 3),)
        assert successor.links == (("successor of", 3),)
        assert (followed.identity, followed.identities) == ("camp-c2", ("camp-c", "camp-c2"))
        assert followed.kind == "victim"
        said = {event.case: event.reason for event in cases.events() if event.action == "seen"}
        assert "grew from 5 to 9 accounts" in said[1]
        assert "took in that of case 2" in said[1]
        assert "the kind was operator and is victim" in said[3]
        assert "called camp-c2 now" in said[3]
        assert not cases.verify().faults


def test_a_campaign_that_is_not_listed_any_more_is_said_so(place: str, tmp_path: Path) -> None:
    r2 = Sealed("run-2", [Group("camp-a", listed=False, verdict="benign", role="")], day=1)
    with stocked(place, tmp_path / "r1", Group("camp-a")) as cases:
        cases.sync(sealed(tmp_path / "r2", r2))
        case = cases.show(1)
        assert case.kind == "operator"
        assert case.found["listed"] is False
        assert "not listed any more" in cases.events(1)[-1].reason


@pytest.mark.parametrize(
    ("later", "codes"),
    [
        (Group("camp-a", 8), "accounts"),
        (Group("camp-a", families=("network", "identity", "content")), "families"),
        (Group("camp-a", 7, families=("network",)), ""),
    ],
)
def test_a_closed_case_opens_again_only_where_its_campaign_changed(
    tmp_path: Path, later: Group, codes: str
) -> None:
    with stocked(str(tmp_path / "CASES.db"), tmp_path / "r1", Group("camp-a", 5)) as cases:
        cases.close(1, "not distillation", by="Anna", reason="a class")
        done, _ = cases.sync(sealed(tmp_path / "r2", Sealed("run-2", [later], day=1)))
        case = cases.show(1)
        assert hows(done) == [(1, "reopened" if codes else "updated")]
        assert (case.state, case.outcome) == (("open", "") if codes else ("closed", "not distillation"))
        assert done[0].why.endswith(f"changed since it was closed as not distillation: {codes}") == bool(
            codes
        )


def test_the_evidence_can_be_read_when_the_run_is_gone(place: str, tmp_path: Path) -> None:
    run = sealed(
        tmp_path / "run", Sealed("run-1", [Group("camp-a"), Group("camp-b", 7)], bystanders=["acct-1"])
    )
    with Cases(place, create=True) as cases:
        cases.sync(run)
        shutil.rmtree(run)
        kept = cases.evidence(2)
        assert set(kept.table("members")["account_id"].to_pylist()) == set(Group("camp-b", 7).accounts())
        assert kept.table("bystanders").num_rows == 0
        assert cases.evidence(1).table("bystanders")["account_id"].to_pylist() == ["acct-1"]
        assert kept.table("scores").num_rows == 2
        assert kept.table("accounts").num_rows == 7
        out = kept.export(tmp_path / "evidence")
        assert not verify(out).differences
        assert report.summary_document(out)["campaigns"][0]["identity"] == "camp-b"
        assert report.write(out).exists()
        assert kept.about["id"] == "run-1"
        assert kept.sha256 == cases.events(2)[0].new["evidence"]["sha256"]


def test_no_case_rests_on_a_run_that_somebody_changed(tmp_path: Path) -> None:
    run = sealed(tmp_path / "run", Sealed("run-1", [Group("camp-a")]))
    other = sealed(tmp_path / "other", Sealed("run-2", [Group("camp-b", 9)]))
    shutil.copy(other / "members.parquet", run / "members.parquet")
    with Cases(tmp_path / "CASES.db", create=True) as cases:
        with pytest.raises(RunError, match="not what its manifest says") as caught:
            cases.sync(run)
        assert caught.value.exit_code == EXIT_CHANGED
        assert cases.all() == []


def test_what_the_guard_said_is_kept(tmp_path: Path) -> None:
    group = Group("camp-a")
    names = group.accounts()
    run = sealed(tmp_path / "run", Sealed("run-1", [group]))
    state = tmp_path / "state"
    publish(made_run(tmp_path / "published", World([*names, "other-1"])), state)
    with People(state) as people:
        people.hold(names[0], Said("Bela", "wait", time.time() + 3600))
        people.hold("other-1", Said("Bela", "wait", time.time() + 3600))
        people.hold("camp-a", Said("Bela", "wait", time.time() + 3600), force=True)
    with Cases(tmp_path / "CASES.db", create=True) as cases:
        cases.sync(run, state=state)
        assert [entry["subject"].partition(":")[0] for entry in cases.evidence(1).guard] == [
            "account",
            "campaign",
        ]
        assert cases.show(1).found["guard_entries"] == 2


def sync_once(told: tuple[str, str]) -> list[tuple[int, str]]:
    place, run = told
    with Cases(place, create=True) as cases:
        return hows(cases.sync(Path(run))[0])


def test_two_syncs_at_once_open_each_case_once(place: str, tmp_path: Path) -> None:
    runs = [
        sealed(tmp_path / f"r{day}", Sealed(f"run-{day}", [Group(f"camp-{n}") for n in range(12)], day=day))
        for day in (0, 1)
    ]
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        done = list(pool.map(sync_once, [(place, str(run)) for run in runs * 2]))
    with Cases(place) as cases:
        assert len(cases.all()) == 12
        assert {case.found["run"] for case in cases.all()} == {"run-1"}
        opened = [case for told in done for case, how in told if how == "opened"]
        assert sorted(opened) == list(range(1, 13))
        assert not cases.verify().faults


def test_a_place_without_cases_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="there are no cases here"):
        Cases(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "text.db").write_text("no database at all, " * 100, encoding="ascii")
    for create in (False, True):
        with pytest.raises(CaseError, match="cannot be used"):
            Cases(tmp_path / "text.db", create=create)
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE theirs (id INTEGER)")
    other.close()
    with pytest.raises(CaseError, match="another kind"):
        Cases(tmp_path / "other.db", create=True)
    with pytest.raises(CaseError, match="cannot be kept there"):
        Cases("mysql://somewhere/db")
