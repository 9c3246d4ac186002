"""What we gave and should take back, made through the gate, and what we say about what others reported."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from case_runs import Group, Sealed, sealed
from click.testing import CliRunner
from desk_objects import HERON, asn, bundle, checked_all

from stillwatch.case_settings import CaseSettings
from stillwatch.cases import Cases
from stillwatch.cases.models import AppealRow
from stillwatch.cli import program
from stillwatch.errors import IntelError
from stillwatch.intel.desk.answering import level_and_day, sight, take_back
from stillwatch.intel.desk.correcting import Proposed, proposed
from stillwatch.intel.desk.given import acknowledge, given
from stillwatch.intel.desk.models import MatchRow
from stillwatch.intel.desk.receiving import add_source, receive
from stillwatch.intel.desk.tables import opened
from stillwatch.intel.gate.gate import Gate
from stillwatch.intel.gate.passing import Purpose
from stillwatch.intel.gate.source import of_run
from stillwatch.intel.tlp import Tlp
from stillwatch.intel_settings import IntelSettings

NOW = time.time()


class Place:
    """A case, what was given about its campaign, and where it is kept."""

    def __init__(self, folder: Path) -> None:
        run = sealed(folder / "run", Sealed("run-1", (Group("camp-small", 30),)))
        self.db, self.store = str(folder / "SHARING.db"), str(folder / "CASES.db")
        self.cases = Cases(self.store, create=True, settings=CaseSettings(second_person=1_000))
        self.cases.sync(run)
        self.database = opened(self.db, make=True)
        self.gate = Gate(self.database, IntelSettings())
        facts, watched = of_run(run, "C001")
        made = self.gate.propose(
            facts,
            watched,
            by="Anna",
            purpose=Purpose.DETECTION,
            level=Tlp.AMBER,
            clearance=Tlp.AMBER,
            now=NOW,
        )
        self.gate.decide(made.number, by="Bela", sha256=made.sha256, agree=True, now=NOW)
        self.gate.release(made.number, by="Bela", to="hub", now=NOW)
        self.number = made.number

    def due(self) -> list[Proposed]:
        with self.database.reading() as session, self.cases.database.reading() as cases:
            return proposed(session, cases)

    def close(self) -> None:
        for thing in (self.cases, self.database):
            thing.__exit__(None, None, None)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_case_that_was_no_distillation_is_taken_back_everywhere(place: Place) -> None:
    assert place.due() == []
    place.cases.close(1, "not distillation", by="Anna", reason="a university")
    (due,) = place.due()
    assert (due.export.number, due.case, due.revoke) == (place.number, 1, True)
    assert due.why == "Case 1 was closed as not distillation."
    (made,) = take_back(place.gate, due, [], by="Anna", reason="a university", now=NOW + 1e6)
    assert made.stage == "approved", "taking back needs no second person"
    taken = [one for one in made.objects if one.get("revoked")]
    assert {one["type"] for one in taken} >= {"campaign", "indicator"}
    assert len(place.due()) == 1, "it is not out yet"
    place.gate.release(made.number, by="Anna", to="hub", now=NOW + 1e6)
    assert place.due() == []
    with place.database.writing() as session:
        for _ in range(2):
            acknowledge(session, made.number, "heron", NOW + 2e6)
        assert given(session)[0].acknowledged == ("heron",)
    place.close()


def test_an_appeal_that_was_granted_takes_back_what_somebody_names(place: Place) -> None:
    with place.cases.database.writing() as session:
        told = {"answer": "overturn", "answered": NOW + 50}
        session.add(
            AppealRow(
                id="1.a1",
                case_id=1,
                number=1,
                notice_id="1.n1",
                account="somebody",
                state="answered",
                opened=NOW,
                due=NOW,
                restoration="done",
                data=json.dumps(told),
            )
        )
    (due,) = place.due()
    assert due.why == "An appeal about case 1 was granted."
    assert "somebody" not in json.dumps(due.document()), "no account is named"
    with pytest.raises(IntelError, match="may still hold"):
        take_back(place.gate, due, [], by="Anna", reason="appeal", now=NOW + 60)
    with pytest.raises(IntelError, match="no such object"):
        take_back(place.gate, due, ["indicator--x"], by="Anna", reason="appeal", now=NOW + 60)
    one = next(name for name in due.objects if name.startswith("indicator--"))
    (made,) = take_back(place.gate, due, [one], by="Anna", reason="appeal", now=NOW + 60)
    assert [item["id"] for item in made.objects if item.get("revoked")] == [one]
    place.close()


def test_the_command_lists_and_makes_them(place: Place) -> None:
    place.cases.close(1, "not distillation", by="Anna", reason="a university")
    where = ["--db", place.db, "--cases", place.store, "--json"]
    listed = CliRunner().invoke(program, ["intel", "corrections", *where], catch_exceptions=False)
    assert [(one["case"], one["do"]) for one in json.loads(listed.output)] == [(1, "take all of it back")]
    refused = CliRunner().invoke(program, ["intel", "corrections", "--make", "77", *where])
    assert "no correction of that export" in str(refused.exception)
    wanted = ["intel", "corrections", "--make", str(place.number), "--by", "Anna", "--reason", "a class"]
    made = CliRunner().invoke(program, [*wanted, *where], catch_exceptions=False)
    assert [one["purpose"] for one in json.loads(made.output)] == ["correction"]
    place.close()


def test_a_sighting_says_the_day_and_nothing_else(place: Place) -> None:
    theirs = asn("network", 64500, HERON)
    ident = str(theirs["id"])
    with place.database.writing() as session:
        add_source(session, "hub", "", NOW)
        receive(session, "hub", bundle([theirs]), checked_all([theirs]), NOW)
        with pytest.raises(IntelError, match="matched nothing"):
            level_and_day(session, ident)
        session.add(
            MatchRow(
                run="r",
                id=ident,
                reporter="heron",
                digest="",
                kind="asn",
                accounts=7,
                groups="",
                review=0,
                at=NOW,
            )
        )
        session.flush()
        level, day = level_and_day(session, ident)
    assert level is Tlp.AMBER
    for seen in (True, False):
        made = sight(place.gate, ident, level, day, seen=seen, by="Anna", now=NOW + 5 + (not seen))
        assert made.stage == "waiting"
        (told,) = [one for one in made.objects if one["type"] == "sighting"]
        assert told["sighting_of_ref"] == ident
        assert told.get("count") == (None if seen else 0)
        day_told = datetime.fromtimestamp(NOW, UTC).strftime("%Y-%m-%dT00:00:00")
        assert told["first_seen"].startswith(day_told)
    place.close()
