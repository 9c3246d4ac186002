"""What people decided reaches the next search: labels written, read, and told beside what is found."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from case_runs import Group, Sealed, sealed
from case_stores import stocked
from village import ALONE, Ran, beside

from stillwatch import report
from stillwatch.campaigns.feedback import Feedback, Likeness, changes
from stillwatch.campaigns.feedback_file import document_of, read_feedback, text_of
from stillwatch.cases import Cases
from stillwatch.cases.deciding import PermitFound
from stillwatch.errors import InputError
from stillwatch.pipeline import Inputs, detect
from stillwatch.pipeline.forget import forget
from stillwatch.run.reading import Run

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def read(path: Path, now: datetime = NOW) -> tuple[Feedback, list[str]]:
    said: list[str] = []
    return read_feedback(path, now, said.append), said


@pytest.mark.parametrize("end", [".toml", ".json"])
def test_what_is_written_is_read(place: str, tmp_path: Path, end: str) -> None:
    groups = [Group("camp-a"), Group("camp-b", 7), Group("camp-c"), Group("camp-d")]
    names = groups[2].accounts()
    soon = time.time() + 3_600
    with stocked(place, tmp_path / "run", *groups) as cases:
        cases.move(2, "investigating", by="Anna", reason="on")
        cases.close(1, "not distillation", by="Anna", reason='a class, "so called"\nno more \x7f')
        cases.close(2, "confirmed", by="Anna", reason="sure")
        cases.close(4, "licensed", by="Anna", reason="a contract", permit=PermitFound("licence-9"))
        cases.decide(3, names[0], "cleared", by="Bela", reason="a student", until=soon)
        cases.decide(3, names[0], "exempted", by="Bela", reason="an evaluator")
        cases.decide(
            3,
            names[1],
            "permit found",
            by="Bela",
            reason="x",
            permit=PermitFound("licence-8", "Acme", ("wren-1",)),
        )
        cases.write_labels(tmp_path / f"labels{end}")
    found, said = read(tmp_path / f"labels{end}")
    assert not said
    assert [(one.identity, one.label) for one in found.campaigns] == [
        ("camp-a", "dismissed"),
        ("camp-b", "confirmed"),
        ("camp-d", "licensed"),
    ]
    first, second, _ = found.campaigns
    assert first.said.reason == 'a class, "so called"\nno more \x7f'
    assert first.accounts == frozenset(groups[0].accounts())
    assert (first.verdict, first.families) == ("adversarial", frozenset({"network", "identity"}))
    assert [key.key for key in second.keys] == [11, 12]
    assert [(one.account, one.label) for one in found.accounts] == [
        (names[0], "exempted"),
        (names[1], "permit found"),
    ]
    assert [(permit.name, permit.organisation, len(permit.accounts)) for permit in found.permits] == [
        ("licence-9", "", 5),
        ("licence-8", "Acme", 0),
    ]
    assert (
        document_of(found, NOW)["campaign"]
        == document_of(read(tmp_path / f"labels{end}")[0], NOW)["campaign"]
    )


def test_what_has_ended_is_left_out_and_told(tmp_path: Path) -> None:
    with stocked(str(tmp_path / "CASES.db"), tmp_path / "run") as cases:
        cases.close(1, "not distillation", by="Anna", reason="a class", until=time.time() + 60)
        cases.write_labels(tmp_path / "labels.json")
        assert cases.labels(now=time.time() + 61)["campaign"] == []
    found, said = read(tmp_path / "labels.json", datetime.now(UTC) + timedelta(days=1))
    assert found.campaigns == ()
    assert said == ["1 of the decisions in the feedback file have ended, and are left out"]


def test_a_case_that_is_open_again_teaches_nothing(tmp_path: Path) -> None:
    with stocked(str(tmp_path / "CASES.db"), tmp_path / "run") as cases:
        cases.close(1, "not distillation", by="Anna", reason="a class")
        assert len(cases.labels()["campaign"]) == 1
        cases.move(1, "open", by="Bela", reason="no such class")
        assert cases.labels()["campaign"] == []


def test_labels_tell_of_what_was_judged_and_not_of_what_came_later(tmp_path: Path) -> None:
    with stocked(str(tmp_path / "CASES.db"), tmp_path / "run", Group("camp-a", 5)) as cases:
        cases.close(1, "not distillation", by="Anna", reason="a class")
        cases.sync(sealed(tmp_path / "r2", Sealed("run-2", [Group("camp-a", 6)], day=1)))
        assert cases.show(1).accounts == 6
        assert len(cases.labels()["campaign"][0]["accounts"]) == 5


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("version = 2", "another form"),
        ("version = 1\n[[group]]\n", "unknown section"),
        ('version = 1\n[[campaign]]\nidentity = "x"\n', "label must be a text"),
        ('version = 1\n[[campaign]]\nidentity = "x"\nlabel = "odd"\n', "there is no label odd"),
        ('version = 1\n[[campaign]]\nidentity = "x"\nlabel = "dismissed"\nby = "A"\n', "at is no time"),
        ('version = 1\n[[campaign]]\nidentity = "x"\nlabel = "dismissed"\nkeys = [[1, 2, 3]]\n', "at|by"),
        ("version = 1\ncampaign = 5\n", "not a list of sections"),
        ('version = 1\n[[account]]\naccount = "x"\nlabel = "cleared"\nwho = "A"\n', "there is no key who"),
        ('version = 1\n[[permit]]\nname = "x"\nexpires = 2030-01-01T00:00:00Z\n', "names nobody"),
    ],
)
def test_a_file_that_is_none_is_told_where(tmp_path: Path, text: str, what: str) -> None:
    file = tmp_path / "labels.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=what) as caught:
        read(file)
    assert str(file) in caught.value.where
    assert caught.value.do


def test_no_json_is_told(tmp_path: Path) -> None:
    for text in ("{", "[1]", "\u00e4"):
        file = tmp_path / "labels.json"
        file.write_text(text, encoding="latin-1")
        with pytest.raises(InputError):
            read(file)


def test_changes_are_those_that_make_it_worse() -> None:
    then = Likeness(10, "coordinated", frozenset({"network"}))
    assert changes(then, Likeness(15, "unlicensed", frozenset()), 0.5) == []
    assert changes(then, Likeness(16, "coordinated", frozenset({"network"})), 0.5) == ["accounts"]
    assert changes(then, Likeness(3, "adversarial", frozenset({"network"})), 0.5) == ["verdict"]
    assert changes(then, Likeness(3, "benign", frozenset({"content"})), 0.5) == ["families"]


def judged(folder: Path, village_run: Ran, outcome: str, edit: Any = None) -> tuple[Path, dict[str, Any]]:
    """A feedback file about the village's campaign, and its row in it."""
    with Cases(folder / "CASES.db", create=True) as cases:
        cases.sync(village_run.folder)
        number = next(case.id for case in cases.all() if case.found["campaign"] == "C001")
        for account in cases.evidence(number).table("members")["account_id"].to_pylist()[:3]:
            cases.decide(number, str(account), "cleared", by="Bela", reason="known to us")
        cases.move(number, "investigating", by="Anna", reason="on")
        cases.close(number, outcome, by="Anna", reason="we asked them")
        document = cases.labels()
    row = document["campaign"][0]
    if edit is not None:
        edit(row)
    file = folder / "labels.json"
    file.write_text(text_of(document, toml=False), encoding="utf-8")
    return file, row


def searched(village: Path, out: Path, feedback: Path) -> Run:
    logs = (village / "logs",) if (village / "logs").exists() else (village,)
    inputs = Inputs(logs, feedback=feedback, **beside(village))
    return Run(detect(inputs, out, ALONE, lambda step, done, total: None))


def shown(run: Run) -> str:
    from io import StringIO

    from rich.console import Console

    out = StringIO()
    Console(file=out, width=200).print(report.summary(run.folder))
    return out.getvalue()


def test_a_dismissed_group_is_listed_apart_and_never_hidden(
    village: Path, village_run: Ran, tmp_path: Path
) -> None:
    file, row = judged(tmp_path, village_run, "not distillation")
    run = searched(village, tmp_path / "run", file)
    found = run.rows("reviewed")
    assert [(one["identity"], one["link"], one["holds"]) for one in found] == [
        (row["identity"], "same", True)
    ]
    before = {(one["identity"], one["verdict"], one["listed"]) for one in village_run.rows("campaigns")}
    assert {(one["identity"], one["verdict"], one["listed"]) for one in run.rows("campaigns")} == before
    said = shown(run)
    assert "1 group dismissed by review" in said
    assert "is dismissed by review on" in said
    assert "by Anna: we asked them" in said
    document = report.summary_document(run.folder)
    assert document["counts"]["dismissed"] == 1
    page = report.write(run.folder).read_text(encoding="utf-8")
    assert "Dismissed by review" in page
    assert "we asked them" in page
    assert run.about["given"]["feedback"] is True
    assert run.about.get("previous") is None
    gone = row["accounts"][0]
    forget(run.folder, [gone], lambda step, done, total: None)
    left = Run(run.folder)
    assert [(one["identity"], one["holds"]) for one in left.rows("reviewed")] == [(row["identity"], True)]
    assert gone not in {one["account_id"] for one in left.rows("reviewed_accounts")}
    assert left.rows("reviewed_accounts")


def test_a_dismissed_group_that_changed_comes_back_and_says_how(
    village: Path, village_run: Ran, tmp_path: Path
) -> None:
    def smaller(row: dict[str, Any]) -> None:
        row["accounts"] = row["accounts"][: len(row["accounts"]) // 2]
        row["verdict"] = "coordinated"

    file, row = judged(tmp_path, village_run, "not distillation", smaller)
    run = searched(village, tmp_path / "run", file)
    (told,) = run.rows("reviewed")
    assert (told["link"], told["holds"], told["changed"]) == ("grew", False, ["accounts", "verdict"])
    said = shown(run)
    assert f"accounts went from {len(row['accounts'])} to {told['accounts']}" in said
    assert "its verdict went from coordinated to adversarial" in said
    assert "dismissed by review." not in said.split("Listed:")[1].split("\n")[0]
    assert "1 adversarial campaign" in said
    with Cases(tmp_path / "CASES.db") as cases:
        done, compared = cases.sync(run.folder)
        assert compared
        assert {one.how for one in done} <= {"updated"}


def test_a_confirmed_campaign_seeds_the_search_for_its_successor(
    village: Path, village_run: Ran, tmp_path: Path
) -> None:
    def gone(row: dict[str, Any]) -> None:
        row["accounts"] = ["an account that was closed"]
        row["identity"] = "camp-of-last-year"
        row["first"] = "2025-01-01T00:00:00Z"

    file, row = judged(tmp_path, village_run, "confirmed", gone)
    assert row["keys"], "the campaign has no key of its own, and this test shows nothing"
    run = searched(village, tmp_path / "run", file)
    links = [one for one in run.rows("campaign_links") if one["other_identity"] == "camp-of-last-year"]
    assert [one["link"] for one in links] == ["successor"]
    assert links[0]["earlier_digest"] == row["digest"]
    (told,) = run.rows("reviewed")
    assert (told["label"], told["link"], told["holds"]) == ("confirmed", "successor", False)
    assert "camp-of-last-year" in shown(run)
