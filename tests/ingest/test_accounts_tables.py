"""Accounts tables of billing and identity systems: names, ids, bans, dates, several rows of an account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingest_bench import Bench

from stillwatch.errors import InputError
from stillwatch.ingest import read_accounts
from stillwatch.ingest.accounts import load_accounts_mapping
from stillwatch.settings import IngestSettings

NEW_YEAR = datetime(2026, 1, 1, 10, tzinfo=UTC)


def read(bench: Bench, path: Any, mapping: str = "") -> list[dict[str, Any]]:
    """The accounts of a file."""
    places = load_accounts_mapping(bench.write("accounts.toml", mapping)) if mapping else None
    return read_accounts(path, bench.ingest_context, bench.quarantine, places).to_pylist()


SYSTEMS: dict[str, dict[str, Any]] = {
    "stripe": {
        "id": "cus_1",
        "Email": "a@x.example",
        "Created (UTC)": "2026-01-01 10:00:00",
        "user_id (metadata)": "k1",
    },
    "litellm_user": {"user_id": "k1", "user_email": "a@x.example", "created_at": "2026-01-01T10:00:00Z"},
    "litellm_key": {"token": "k1", "user_id": "default_user_id", "blocked": False, "created_at": 1767261600},
    "auth0": {"user_id": "k1", "email_verified": True, "created_at": "2026-01-01T10:00:00.000Z"},
    "clerk": {"id": "k1", "primaryEmailAddress": "a@x.example", "createdAt": 1767261600000, "banned": False},
    "firebase": {"localId": "k1", "createdAt": "1767261600000", "disabled": False},
    "openai": {"object": "organization.user", "id": "k1", "added_at": 1767261600, "role": "reader"},
    "caps": {"Account ID": " k1 ", "E-Mail": "a@x.example", "CREATED": "2026-01-01 10:00:00"},
}


@pytest.mark.parametrize(("name", "row"), SYSTEMS.items())
def test_exports_of_other_systems(bench: Bench, name: str, row: dict[str, Any]) -> None:
    (found,) = read(bench, bench.lines(f"{name}.jsonl", [row]))
    assert (found["account_id"], found["created"], found["banned"]) == ("k1", NEW_YEAR, None)
    assert not found["banned_unknown"]


def test_a_ban_without_a_time_is_kept_as_such(bench: Bench) -> None:
    values = ["1", "0", "true", "2026-01-01 10:00:00", "", "Yes", "no"]
    csv = "account_id,banned\n" + "".join(f"k{i},{value}\n" for i, value in enumerate(values))
    found = read(bench, bench.write("banned.csv", csv))
    assert [row["banned"] for row in found] == [None, None, None, NEW_YEAR, None, None, None]
    assert [row["banned_unknown"] for row in found] == [True, False, True, False, None, True, False]
    table = pa.table({"account_id": ["a", "b"], "banned": [True, False]})
    pq.write_table(table, bench.folder / "flags.parquet")
    assert [row["banned_unknown"] for row in read(bench, bench.folder / "flags.parquet")] == [True, False]


def test_several_rows_of_an_account_become_one(bench: Bench) -> None:
    rows = [
        {"account_id": "a", "created": "2026-01-02", "plan": "free", "region": "DE"},
        {"account_id": "b", "plan": "pro"},
        {"account_id": "a", "created": "2026-01-05", "plan": "pro"},
    ]
    first, second = read(bench, bench.lines("accounts.jsonl", rows))
    assert (first["account_id"], first["plan"], first["region"]) == ("a", "pro", "DE")
    assert first["created"] == datetime(2026, 1, 2, tzinfo=UTC)
    assert second["account_id"] == "b"
    assert "1 more row than accounts" in bench.quarantine.uses["accounts.jsonl"].notes[0]


def test_the_last_row_says_whether_an_account_is_banned(bench: Bench) -> None:
    rows = ["a,2026-01-01,pro", "b,,pro", "c,true,pro", "a,,", "b,2026-01-03,", "c,false,"]
    found = read(bench, bench.write("bans.csv", "\n".join(["account_id,banned,plan", *rows])))
    assert [row["banned"] for row in found] == [None, datetime(2026, 1, 3, tzinfo=UTC), None]
    assert not any(row["banned_unknown"] for row in found)
    assert {row["plan"] for row in found} == {"pro"}


@pytest.mark.parametrize(
    "column", ["banned_until", "disabled", "deactivated", "deactivated_at", "is_deactivated"]
)
def test_who_left_is_not_banned_unless_a_mapping_says_so(bench: Bench, column: str) -> None:
    value = "2020-01-01T00:00:00Z" if column in ("banned_until", "deactivated_at") else True
    path = bench.lines("accounts.jsonl", [{"account_id": "a", column: value}])
    (found,) = read(bench, path)
    assert (found["banned"], found["banned_unknown"]) == (None, None)
    (found,) = read(bench, path, f'[columns]\naccount_id = "account_id"\nbanned = "{column}"\n')
    assert found["banned"] or found["banned_unknown"]


@pytest.mark.parametrize("column", [["1.23457E+14", "1.23457E+13"], [1.23457e14, 1.23457e13]])
def test_ids_in_scientific_notation_are_refused(bench: Bench, column: list[Any]) -> None:
    pq.write_table(pa.table({"Account": column}), bench.folder / "sci.parquet")
    with pytest.raises(InputError, match="column Account are in scientific notation"):
        read(bench, bench.folder / "sci.parquet")


def test_ids_that_are_whole_floats_are_read(bench: Bench) -> None:
    pq.write_table(pa.table({"account": [17.0, None, 123456789012.0]}), bench.folder / "f.parquet")
    assert [row["account_id"] for row in read(bench, bench.folder / "f.parquet")] == ["17", "123456789012"]


def test_the_order_of_day_and_month_is_taken_only_where_it_shows(bench: Bench) -> None:
    shows = bench.write("a.csv", "account_id,created\na,01/02/2026\nb,13/02/2026\n")
    assert [row["created"].month for row in read(bench, shows)] == [2, 2]
    assert "the day is written first" in bench.quarantine.uses["a.csv"].notes[0]
    hides = bench.write("b.csv", "account_id;created\na;01.02.2026 10:00\n")
    with pytest.raises(InputError) as caught:
        read(bench, hides)
    assert "column created" in str(caught.value)
    assert "ingest.time_format" in caught.value.do
    (row,) = read(
        bench,
        hides,
        '[columns]\naccount_id = "account_id"\n[time]\nformat = "%d.%m.%Y %H:%M"\nzone = "Europe/Berlin"\n',
    )
    assert row["created"] == datetime(2026, 2, 1, 9, tzinfo=UTC)


def test_dates_that_nobody_can_read_are_counted(bench: Bench) -> None:
    path = bench.write("c.csv", "account_id,created\na,soon\nb,46054\nc,2026-01-01\n")
    assert [row["created"] is None for row in read(bench, path)] == [True, True, False]
    assert bench.quarantine.uses["c.csv"].unread == {"created": (2, 3)}


def test_rows_at_fault_are_told_as_such(bench: Bench) -> None:
    path = bench.write("trail.csv", "account_id,created\na,2026-01-01,\n")
    if found := read(bench, path):
        assert found[0]["account_id"] == "a"
    else:
        assert bench.quarantine.reasons == {("", "row has 3 fields, the header 2"): 1}


def test_settings_refuse_a_form_or_zone_that_is_none() -> None:
    from stillwatch.errors import SettingError
    from stillwatch.settings import from_document

    assert IngestSettings().time_zone == ""
    for key, value in (("time_zone", "Mars/Olympus"), ("time_format", "%H:%M"), ("time_format", "dd.mm")):
        with pytest.raises(SettingError, match=key):
            from_document({"ingest": {key: value}}, where="here")
