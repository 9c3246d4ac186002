"""Times in every form that logs have, and those that are refused."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as some
from ingest_bench import Bench

from stillwatch.ingest import IngestContext
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.times import DMY, MDY, NEVER, TWICE, TimeRules, order_of
from stillwatch.ingest.values import moment
from stillwatch.ingest.vectors import times

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
BERLIN = "Europe/Berlin"


def read(value: object, rules: TimeRules | None = None) -> datetime:
    """The time that a value is."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        microseconds=moment(value, rules=rules or TimeRules())
    )


@pytest.mark.parametrize(
    "value",
    [
        "2026-02-01T12:00:00Z",
        "2026-02-01t12:00:00z",
        "2026-02-01 12:00:00",
        "2026-02-01 04:00:00.000 -0800",
        "2026-02-01 12:00:00+00",
        "2026-02-01 13:00:00 +0100 CET m=+0.25",
        "2026-02-01 12:00:00 +0000 UTC",
        "2026-02-01 12:00:00,000",
        "2026-02-01T13:00:00+01:00[Europe/Berlin]",
        "2026-02-01 13:00:00 Europe/Berlin",
        "2026/02/01 12:00:00",
        "2026-02-01 12:00 PM",
        "20260201T120000Z",
        "20260201120000",
        20260201120000,
        "202602011200",
        "Sun, 01 Feb 2026 12:00:00 GMT",
        "01/Feb/2026:12:00:00 +0000",
        "Feb 1, 2026 @ 12:00:00.000",
        "Feb 01 2026 12:00:00",
        "February 1, 2026 at 12:00 PM",
        "1 Feb 2026 12:00:00",
        "Sun Feb  1 12:00:00 2026",
        "Sun Feb  1 12:00:00 UTC 2026",
        "Sun Feb 01 2026 13:00:00 GMT+0100 (Central European Standard Time)",
        1769947200,
        "1769947200.0",
        1769947200000,
        "1769947200000000000",
    ],
)
def test_a_time_is_read(value: object) -> None:
    assert read(value) == NOON


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("01/02/2026 12:00:00", "ingest.time_format"),
        ("13.02.2026", "ingest.time_format"),
        ("01/02/26", "ingest.time_format"),
        ("2026-02-01 12:00:00 CET", "ingest.time_zone"),
        ("1.76995E+12", "scientific notation"),
        ("46054", "spreadsheets number days"),
        (46054.5, "spreadsheets number days"),
        (True, "neither text nor number"),
        ("2026-02-30 12:00:00", "does not exist"),
        ("2026-02-01 13:00:00 AM", "AM and PM"),
        ("2026-02-01 12:00:00 Mars/Olympus", "not known"),
        ("2026-02-01 12:00:00 +2500", "offset"),
        ("x" * 500, "not ISO 8601"),
        ("  ", "no time"),
    ],
)
def test_what_can_mean_two_things_is_refused_with_the_cure(value: object, why: str) -> None:
    with pytest.raises(BadRow) as caught:
        read(value)
    assert why in caught.value.reason


def test_a_zone_by_setting_explains_local_times_and_short_names() -> None:
    rules = TimeRules(zone=BERLIN)
    assert read("2026-02-01 13:00:00", rules) == NOON
    assert read("2026-02-01 13:00:00 CET", rules) == NOON
    assert read("2026-02-01T12:00:00Z", rules) == NOON, "a time that names its zone keeps it"
    assert read(1769947200, rules) == NOON, "an epoch has no zone"
    with pytest.raises(BadRow, match="time_zone"):
        read("2026-02-01 12:00:00 PST", rules)
    assert not rules.odd


def test_doubtful_local_hours_follow_the_rule_and_are_counted() -> None:
    rules = TimeRules(zone=BERLIN)
    assert read("2026-10-25 02:30:00", rules) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert read("2026-03-29 02:30:00", rules) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert rules.odd == {TWICE: 1, NEVER: 1}
    assert read("2026-10-25 02:30:00 CET", rules) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert rules.odd.total() == 2, "the name of the zone settles it"


def test_a_form_by_setting_goes_first() -> None:
    rules = TimeRules(form="%d.%m.%Y %H:%M", zone=BERLIN)
    assert read("01.02.2026 13:00", rules) == NOON
    assert read("2026-02-01T12:00:00Z", rules) == NOON
    assert read(20260201120000, TimeRules(form="%Y%d%m%H%M%S")) == datetime(2026, 1, 2, 12, tzinfo=UTC)


def test_columns_follow_the_same_rules() -> None:
    rules = TimeRules(zone=BERLIN)
    want = [moment("2026-02-01 12:00:00Z")]
    for column in (
        pa.array(["2026-02-01 13:00:00"]),
        pa.array(["2026-02-01T12:00:00Z"]),
        pa.array([datetime(2026, 2, 1, 13)], pa.timestamp("ns")),
        pa.array([NOON], pa.timestamp("us", "UTC")),
    ):
        assert times(column, rules=rules).to_pylist() == want
    assert times(pa.array(["01.02.2026"]), rules=TimeRules(form="%d.%m.%Y")).to_pylist() == [
        moment("2026-02-01")
    ]
    assert times(pa.array(["01.02.2026", "2026-02-01"])).to_pylist() == [None, moment("2026-02-01")]


def test_the_order_of_a_column_is_found_only_where_one_fits() -> None:
    assert order_of(["13/02/2026", "01/02/2026"]) == DMY
    assert order_of(["02/13/2026 10:00", "01/02/2026"]) == MDY
    assert order_of(["01/02/2026"]) is None
    assert order_of(["13/02/2026", "02/13/2026"]) is None
    assert order_of(["2026-02-01", "soon"]) == ""


FORMS = (
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%Y-%m-%d %H:%M:%S.%f %z",
    "%a, %d %b %Y %H:%M:%S %z",
    "%d/%b/%Y:%H:%M:%S %z",
    "%b %d, %Y @ %H:%M:%S.%f %z",
    "%Y%m%dT%H%M%S%z",
    "%B %d, %Y, %I:%M:%S %p %z",
)
OFFSETS = some.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
ANY = some.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30), timezones=OFFSETS)


@given(ANY, some.sampled_from(FORMS))
def test_what_is_written_is_read_again(time: datetime, form: str) -> None:
    whole = time if "%f" in form else time.replace(microsecond=0)
    assert read(whole.strftime(form)) == whole


@given(
    some.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)),
    some.sampled_from([BERLIN, "Asia/Kathmandu"]),
)
def test_local_time_and_column_agree_with_the_zone(time: datetime, zone: str) -> None:
    rules = TimeRules(zone=zone)
    assert read(time.isoformat(" "), rules) == time.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert times(pa.array([time], pa.timestamp("us")), rules=rules).to_pylist() == [
        moment(time.isoformat(), rules=rules)
    ]


@given(some.text(max_size=120))
def test_any_text_is_a_time_or_a_bad_row(text: str) -> None:
    try:
        found: int | str = moment(text)
    except BadRow as bad:
        found = bad.reason
    assert isinstance(found, int) or len(text) < 3 or text not in found


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("2/13/2026 1:02:03 PM", "%m/%d/%Y %I:%M:%S %p"),
        ("13/2/2026 1:02", "%d/%m/%Y %H:%M"),
        ("13.2.26 01:02:03", "%d.%m.%y %H:%M:%S"),
        ("2-13-2026", "%m-%d-%Y"),
    ],
)
def test_the_form_that_is_named_reads_the_time(value: str, form: str) -> None:
    with pytest.raises(BadRow) as raised:
        moment(value)
    assert raised.value.reason.endswith(f'set ingest.time_format, as "{form}"')
    assert read(value, TimeRules(form=form)).date() == datetime(2026, 2, 13, tzinfo=UTC).date()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["", "Europe/Berlin"])
def test_times_without_a_zone_in_parquet_hold_where_the_settings_say(
    bench: Bench, unit: Any, zone: str
) -> None:
    """Read by columns (generic) and row by row (openai_jsonl), they are the same."""
    bench.settings = dataclasses.replace(bench.settings, time_zone=zone)
    bench.ingest_context = IngestContext(bench.settings)
    moments = pa.array([datetime(2026, 7, 1, 12, 0, 1)], pa.timestamp(unit))
    columns: dict[str, Any] = {"request_id": ["r0"], "account_id": ["ada"], "time": moments, "prompt": ["hi"]}
    pq.write_table(pa.table(columns), bench.folder / "a.parquet")
    told = {bench.read(bench.folder / "a.parquet", name)[0]["time"] for name in ("generic", "openai_jsonl")}
    assert told == {datetime(2026, 7, 1, 10 if zone else 12, 0, 1, tzinfo=UTC)}
