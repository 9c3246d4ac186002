"""What people look for among cases and events, on both databases."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from case_stores import stocked

from stillwatch.cases import Cases
from stillwatch.cases.account_decisions import counts_of, decided, decided_accounts
from stillwatch.cases.event_list import EventsWanted, actors, first_event, number_of_events, reasons_of
from stillwatch.cases.frozen_run import FrozenRun
from stillwatch.cases.listing import Wanted
from stillwatch.cases.precision import precision_of
from stillwatch.cases.searching import cases_of, found_in_cases
from stillwatch.cases.trend import MONDAY, WEEK, weeks
from stillwatch.errors import CaseConflict, RunError
from stillwatch.run.reading import Run

SMALL, LARGE = 1, 2


@pytest.fixture
def cases(place: str, tmp_path: Path) -> Iterator[Cases]:
    with stocked(place, tmp_path / "run") as made:
        yield made


def test_events_are_found_by_who_what_and_when(cases: Cases) -> None:
    cases.note(SMALL, "a card", by="Anna Weber")
    cases.move(LARGE, "triage", by="Bela", reason="odd")
    cases.move(LARGE, "investigating", by="Bela", reason="five with one card")

    def found(**wanted: object) -> list[int]:
        return [event.seq for event in cases.events_found(EventsWanted(**wanted))]  # type: ignore[arg-type]

    assert found() == [5, 4, 3, 2, 1]
    assert found(case=LARGE) == [5, 4, 2]
    assert found(actor="anna  WEBER") == [3]
    assert found(actions=["moved"], before=5) == [4]
    assert found(since=time.time() + 60) == []
    assert found(until=time.time() + 60) == [5, 4, 3, 2, 1]
    assert [event.seq for event in cases.events_found(EventsWanted(), most=2)] == [5, 4]
    with cases.database.reading() as session:
        assert actors(session) == ["Anna Weber", "Bela", "stillwatch"]
        assert reasons_of(session, "BELA") == ["five with one card", "odd"]
        assert reasons_of(session, "stillwatch") == []
        first = first_event(session, LARGE)
        assert (first.seq if first else 0, number_of_events(session, LARGE)) == (2, 3)
        assert first_event(session, 99) is None


def test_weeks_begin_on_monday(cases: Cases) -> None:
    cases.close(SMALL, "not distillation", by="Anna", reason="a course")
    with cases.database.reading() as session:
        now = weeks(session, time.time(), 3)
        later = weeks(session, time.time() + 2 * WEEK, 3)
        earlier = weeks(session, time.time() - 5 * WEEK, 3)
    assert [(week.opened, week.closed) for week in now] == [(0, 0), (0, 0), (2, 1)]
    assert [(week.opened, week.closed) for week in later] == [(2, 1), (0, 0), (0, 0)]
    assert sum(week.opened for week in earlier) == 0
    assert all((week.start - MONDAY) % WEEK == 0 and time.gmtime(week.start).tm_wday == 0 for week in now)


def test_words_are_found_and_signs_of_patterns_are_words(cases: Cases) -> None:
    cases.note(SMALL, "100% of the prompts_are a benchmark's", by="Anna")
    cases.tag(LARGE, ["bank"], by="Anna")

    def found(word: str) -> list[tuple[str, int, bool]]:
        with cases.database.reading() as session:
            return [(one.what, one.case, one.exact) for one in found_in_cases(session, word, 5)]

    assert found("camp-small") == [("campaign", SMALL, True)]
    assert found("camp-") == [("campaign", LARGE, False), ("campaign", SMALL, False)]
    assert found("BANK") == [("tag", 0, True)]
    assert found("100%") == [("note", SMALL, False)]
    assert found("s_a") == [("note", SMALL, False)]
    assert found("%") == [("note", SMALL, False)]
    assert found("case 2") == [("case", LARGE, True)]
    assert found("99999999999") == []
    with cases.database.reading() as session:
        assert cases_of(session, ["camp-large", "camp-none"]) == {"camp-large": LARGE}


def test_the_last_decision_about_an_account_counts(cases: Cases) -> None:
    one, two, three = map(str, cases.evidence(LARGE).table("members")["account_id"].to_pylist()[:3])
    cases.decide(LARGE, [one, two, one], "confirmed", by="Anna", reason="all named")
    cases.decide(LARGE, two, "cleared", by="Bela", reason="a lab")
    with cases.database.reading() as session:
        assert counts_of(decided_accounts(session, LARGE)) == {"confirmed": 1, "cleared": 1}
        told = decided(session, LARGE, [two, three])
        assert {name: (row.label, row.actor, row.reason) for name, row in told.items()} == {
            two: ("cleared", "Bela", "a lab")
        }
        assert decided(session, SMALL, [one]) == {}
    assert cases.show(LARGE).version == 3
    assert not cases.verify().faults


def test_precision_is_the_same_as_from_all_cases(cases: Cases) -> None:
    cases.close(SMALL, "not distillation", by="Anna", reason="a course")
    assert cases.precision() == precision_of(cases.all())


def test_a_second_review_is_for_another_person(cases: Cases) -> None:
    cases.move(LARGE, "investigating", by="Anna", reason="odd")
    cases.move(LARGE, "awaiting second review", by="Anna", reason="all named")
    assert cases.listed(Wanted(answerable_by="ANNA")).total == 0
    assert [case.id for case in cases.listed(Wanted(answerable_by="Bela")).cases] == [LARGE]
    assert [case.id for case in cases.listed(Wanted(numbers=(SMALL, 99))).cases] == [SMALL]


@pytest.mark.parametrize("change", ["snooze", "deadline", "link", "decide"])
def test_an_older_version_is_refused(cases: Cases, change: str) -> None:
    account = cases.evidence(SMALL).table("members")["account_id"][0].as_py()
    cases.note(SMALL, "meanwhile", by="Bela")
    acts = {
        "snooze": lambda version: cases.snooze(SMALL, time.time() + 99, by="A", reason="x", version=version),
        "deadline": lambda version: cases.deadline(SMALL, time.time(), by="A", version=version),
        "link": lambda version: cases.link(SMALL, "related", LARGE, by="A", version=version),
        "decide": lambda version: cases.decide(
            SMALL, account, "cleared", by="A", reason="x", version=version
        ),
    }
    with pytest.raises(CaseConflict):
        acts[change](1)
    assert acts[change](2).version == 3


def test_frozen_evidence_reads_as_its_run_does(tmp_path: Path) -> None:
    with stocked(str(tmp_path / "CASES.db"), tmp_path / "run") as cases:
        kept, run = FrozenRun(cases.evidence(LARGE)), Run(tmp_path / "run")
        group = kept.rows("campaigns")[0]["group"]
        for name in ("members", "evidence", "scores", "timeline", "campaign_keys", "member_evidence"):
            assert kept.rows(name, group) == run.rows(name, group)
        bare = FrozenRun(cases.evidence(LARGE), without=("members",))
        assert bare.rows("members") == []
        with pytest.raises(RunError, match="no column"):
            list(kept.batches("members", ["nothing"]))
