"""What comes in is kept once, in whatever order it comes, and a correction replaces what counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from desk_objects import BEGIN, HERON, IBIS, Row, asn, bundle, checked_all, identity, later, thing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from stillwatch.errors import IntelError
from stillwatch.intel.desk.models import ArrivalRow, Base, ObjectRow, RefusedRow
from stillwatch.intel.desk.purging import purge
from stillwatch.intel.desk.receiving import Received, add_source, receive
from stillwatch.intel.desk.reports import reports
from stillwatch.intel.desk.tables import make_tables, opened
from stillwatch.intel.stix.checking import checked
from stillwatch.intel.tlp import Tlp

DAY = 86_400.0
START = BEGIN.timestamp()


def fresh() -> Session:
    """A store in memory."""
    engine = sa.create_engine("sqlite://")
    session = Session(engine)
    make_tables(session)
    return session


@pytest.fixture
def session() -> Iterator[Session]:
    with fresh() as made:
        yield made


def take(
    session: Session, *objects: Row, source: str = "hub", identity: str = "", at: float = START
) -> Received:
    add_source(session, source, identity, at)
    return receive(session, source, bundle(objects), checked_all(objects), at)


def counted(session: Session) -> list[tuple[str, str, bool]]:
    rows = session.scalars(sa.select(ObjectRow).where(ObjectRow.counts.is_(True)))
    return sorted((row.id, row.digest, row.revoked) for row in rows)


def test_the_same_version_twice_is_nothing(session: Session) -> None:
    first = take(session, asn("a", 64500))
    again = take(session, asn("a", 64500), at=START + DAY)
    assert (first.new, first.known) == (1, 0)
    assert (again.new, again.known, again.replaced) == (0, 1, ())
    assert session.scalar(sa.select(sa.func.count()).select_from(ArrivalRow)) == 1
    assert session.scalars(sa.select(ObjectRow.first_arrived)).one() == START


def test_a_correction_replaces_what_counts_and_leaves_the_history(session: Session) -> None:
    old = asn("a", 64500)
    take(session, old)
    found = take(session, later(old, confidence=20), at=START + DAY)
    assert found.replaced == (old["id"],)
    assert [one.confidence for one in reports(session)] == [20]
    assert session.scalar(sa.select(sa.func.count()).select_from(ObjectRow)) == 2


def test_a_revocation_counts_though_an_older_version_comes_after_it(session: Session) -> None:
    old = asn("a", 64500)
    take(session, later(old, hours=1, revoked=True))
    take(session, old, later(old, hours=9, confidence=99))
    assert reports(session) == []


def test_nobody_takes_back_what_another_made(session: Session) -> None:
    theirs = asn("a", 64500)
    take(session, theirs)
    take(session, later({**theirs, "created_by_ref": IBIS}, revoked=True))
    assert [one.maker for one in reports(session)] == [HERON]


def test_a_source_that_speaks_for_itself_speaks_for_nobody_else(session: Session) -> None:
    theirs = asn("a", 64500)
    take(session, theirs)
    found = take(session, later(theirs, revoked=True), asn("b", 64501), source="ibis", identity=IBIS)
    assert found.hearsay == 2
    assert [one.id for one in reports(session)] == [theirs["id"]]
    take(session, asn("b", 64501))
    assert len(reports(session)) == 2, "the hub vouches for it"


def test_a_source_keeps_its_identity(session: Session) -> None:
    add_source(session, "ibis", IBIS, START)
    with pytest.raises(IntelError, match="speaks for another"):
        add_source(session, "ibis", HERON, START)
    with pytest.raises(IntelError, match="no name of a source"):
        add_source(session, "../ibis", "", START)


def test_what_cannot_be_used_is_kept_with_its_reason_once(session: Session) -> None:
    bad = {**asn("a", 64500), "confidence": 130}
    add_source(session, "hub", "", START)
    for _ in range(2):
        found = receive(session, "hub", b"one bundle", checked([bad, asn("b", 64501)]), START)
    assert found.refused == 1
    rows = session.scalars(sa.select(RefusedRow)).all()
    assert [(row.place, "confidence" in row.why) for row in rows] == [(0, True)]


def test_an_unknown_marking_counts_as_red(session: Session) -> None:
    strange = {
        **asn("a", 64500),
        "object_marking_refs": ["marking-definition--" + "0" * 8 + "-0000-4000-8000-" + "0" * 12],
    }
    take(session, strange)
    assert [one.tlp for one in reports(session)] == [Tlp.RED]


VERSIONS = [
    asn("a", 64500),
    later(asn("a", 64500), confidence=50),
    later(asn("a", 64500), hours=48, confidence=10),
    later(asn("a", 64500), hours=30, revoked=True),
    asn("b", 64501, IBIS),
    later(asn("b", 64501, IBIS), hours=24, confidence=70),
    later(asn("b", 64501, IBIS), hours=24, confidence=71),
    thing("opinion", "o", IBIS, opinion="disagree", object_refs=[asn("a", 64500)["id"]]),
    identity(HERON, "heron"),
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, len(VERSIONS) - 1), st.sampled_from(["hub", "other"])), max_size=14))
def test_the_order_of_arrival_does_not_matter(arrivals: list[tuple[int, str]]) -> None:
    found = []
    for order in (arrivals, arrivals[::-1], [*arrivals, *arrivals[:3]]):
        with fresh() as session:
            for place, source in order:
                take(session, VERSIONS[place], source=source)
            found.append((counted(session), [(one.id, one.weight(BEGIN)) for one in reports(session)]))
    assert found[0] == found[1] == found[2]


def test_what_has_run_out_is_taken_out_and_stays_in_the_history(session: Session) -> None:
    short, long = asn("a", 64500, days=10), asn("b", 64501, days=200)
    take(session, short, long, thing("opinion", "o", IBIS, opinion="agree", object_refs=[short["id"]]))
    assert purge(session, 30.0, START + 20 * DAY) == 0
    assert purge(session, 30.0, START + 41 * DAY) == 2, "the report, and the opinion about it"
    assert purge(session, 30.0, START + 41 * DAY) == 0
    left = {row.id: row.content for row in session.scalars(sa.select(ObjectRow))}
    assert len(left) == 3
    assert left[short["id"]] == ""
    assert "64501" in left[long["id"]]
    take(session, short, at=START + 42 * DAY)
    assert [one.id for one in reports(session)] == [long["id"]], "it does not come back"


def test_a_newer_store_is_left_alone(tmp_path: Path) -> None:
    place = str(tmp_path / "desk.db")
    with opened(place, make=True) as database, database.writing() as session:
        session.execute(sa.text("UPDATE intel_schema SET version = 9 WHERE piece = 'desk'"))
    with pytest.raises(IntelError, match="newer Stillwatch"):
        opened(place, make=True)
    with pytest.raises(IntelError, match="nothing was ever received"):
        opened(str(tmp_path / "none.db"), make=False)
    assert all(name.startswith("desk_") for name in Base.metadata.tables)
