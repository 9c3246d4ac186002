"""The schema goes up and down with data in it, says what to run, and is copied before it changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from case_stores import sql, stocked
from outbox_receivers import channels_toml

from stillwatch.cases import Cases
from stillwatch.cases import access_models as _access_models  # noqa: F401
from stillwatch.cases.database import Database
from stillwatch.cases.keeping import backup, upgrade
from stillwatch.cases.models import Base
from stillwatch.cases.outbox import rows as _outbox_rows  # noqa: F401
from stillwatch.cases.outbox.channels_file import read_channels
from stillwatch.cases.schema import NEWEST, REVISIONS, SCRIPTS, bring_to, revision_of
from stillwatch.errors import CaseError


def downgraded(place: str, revision: str) -> None:
    with Database(place) as database, database.writing() as session:
        bring_to(session, revision)


def worked(place: str, folder: Path) -> tuple[list[object], list[object], dict[str, object]]:
    with stocked(place, folder) as cases:
        cases.note(1, "first look", by="Anna")
        cases.close(1, "not distillation", by="Anna", reason="a class")
        return contents(cases)


def contents(cases: Cases) -> tuple[list[object], list[object], dict[str, object]]:
    labels = cases.labels()
    return [*cases.all()], [*cases.events()], {name: labels[name] for name in ("campaign", "account")}


def test_the_revisions_are_those_of_the_files() -> None:
    script = ScriptDirectory(str(SCRIPTS))
    found = [revision.revision for revision in script.walk_revisions()]
    assert tuple(reversed(found)) == REVISIONS


def test_the_migrations_make_what_the_models_say(place: str, tmp_path: Path) -> None:
    with stocked(place, tmp_path / "run") as cases, cases.database.reading() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_down_and_up_with_data(place: str, tmp_path: Path) -> None:
    before = worked(place, tmp_path / "run")
    downgraded(place, "0001")
    with Database(place) as database:
        done = upgrade(database, backed_up=True)
    assert (done.before, done.now) == ("0001", NEWEST)
    with Cases(place) as cases:
        assert contents(cases) == before
        assert not cases.verify().faults


def test_down_and_up_with_messages_on_their_way(place: str, tmp_path: Path) -> None:
    row = 'name = "siem"\nform = "slack"\nurl = "https://192.0.2.1/"'
    quick = "[delivery]\ntimeout_s = 0.1\nattempts = 1\n"
    channels = read_channels(channels_toml(tmp_path / "channels.toml", row, delivery=quick))
    with stocked(place, tmp_path / "run") as cases:
        cases.outbox.deliver(channels)
        cases.outbox.drop(1, by="Anna", reason="so")
        before = contents(cases)
    downgraded(place, "0002")
    with Database(place) as database:
        upgrade(database, backed_up=True)
    with Cases(place) as cases:
        assert contents(cases) == before
        assert cases.outbox.deliveries() == []
        assert not cases.verify().faults
        cases.assign(1, "Anna", by="Anna")
        assert [one.topic for one in cases.outbox.deliveries()] == ["case.assigned"]


def test_all_the_way_down_leaves_nothing(place: str, tmp_path: Path) -> None:
    worked(place, tmp_path / "run")
    downgraded(place, "base")
    with Database(place) as database, database.reading() as session:
        assert revision_of(session) is None
    with pytest.raises(CaseError, match="no cases here"):
        Cases(place)
    with stocked(place, tmp_path / "again") as cases:
        assert len(cases.all()) == 2


def test_an_older_store_says_what_to_run_and_is_left_alone(place: str, tmp_path: Path) -> None:
    worked(place, tmp_path / "run")
    downgraded(place, "0001")
    for create in (False, True):
        with pytest.raises(CaseError, match="older version") as caught:
            Cases(place, create=create)
        assert "stillwatch case upgrade" in caught.value.do
    with Database(place) as database, database.reading() as session:
        assert revision_of(session) == "0001"


def test_a_newer_store_is_refused(place: str, tmp_path: Path) -> None:
    worked(place, tmp_path / "run")
    sql(place, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(CaseError, match="newer version"):
        Cases(place)
    with Database(place) as database, pytest.raises(CaseError, match="newer version"):
        upgrade(database, backed_up=True)


def test_no_schema_changes_without_a_copy(place: str, tmp_path: Path) -> None:
    before = worked(place, tmp_path / "run")
    downgraded(place, "0001")
    with Database(place) as database:
        if database.sqlite:
            copy = Path(upgrade(database).backup)
            assert copy.stat().st_mode & 0o777 == 0o600
            with Database(copy) as kept, kept.reading() as session:
                assert revision_of(session) == "0001"
        else:
            with pytest.raises(CaseError, match="must be copied") as caught:
                upgrade(database)
            assert "pg_dump" in caught.value.do
            upgrade(database, backed_up=True)
        assert upgrade(database).backup == ""
    with Cases(place) as cases:
        assert contents(cases) == before


def test_a_migration_that_fails_changes_nothing(place: str, tmp_path: Path) -> None:
    before = worked(place, tmp_path / "run")
    downgraded(place, "0001")
    sql(place, "CREATE TABLE labels (mine INTEGER)")
    with Database(place) as database:
        with pytest.raises(CaseError, match="cannot be used"):
            upgrade(database, backed_up=True)
        with database.reading() as session:
            assert revision_of(session) == "0001"
    sql(place, "DROP TABLE labels")
    with Database(place) as database:
        upgrade(database, backed_up=True)
    with Cases(place) as cases:
        assert contents(cases) == before


def test_a_copy_is_made_while_others_write_and_can_be_opened(tmp_path: Path) -> None:
    place = str(tmp_path / "CASES.db")
    with stocked(place, tmp_path / "run") as cases:
        before = contents(cases)
        with cases.database.writing() as session:
            session.connection().exec_driver_sql("UPDATE cases SET assignee = 'half done'")
            out = backup(cases.database, tmp_path / "copy.db")
            session.rollback()
    with Cases(out) as copy:
        assert contents(copy) == before
        assert not copy.verify().faults
    with Database(place) as database:
        with pytest.raises(CaseError, match="exists already"):
            backup(database, out)
        with pytest.raises(CaseError, match="cannot be made"):
            backup(database, tmp_path / "nowhere" / "copy.db")
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []


@pytest.mark.slow
def test_a_postgresql_has_a_tool_of_its_own(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with Database(request.getfixturevalue("postgresql")()) as database:
        with pytest.raises(CaseError, match="its own tool") as caught:
            backup(database, tmp_path / "copy.db")
        assert "pg_dump" in caught.value.do
